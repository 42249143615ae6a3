"""What changing the data does to the fit, whatever the data."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from shrinkage import ridge, ridge_cv, ridge_path

quick = settings(deadline=None, max_examples=50)
SOLVERS = ("auto", "cholesky", "dual", "svd", "cg")
solvers = st.sampled_from(SOLVERS)
numbers = st.floats(-10, 10).map(lambda v: round(v, 3))
scales = st.sampled_from([-300.0, -1.0, 0.01, 3.0, 1e4])


@st.composite
def problems(draw, least_features=1):
    """(X, y, alpha, options): a few rows and columns, weights with zeros, factors with infinities."""
    n, p = draw(st.integers(2, 8)), draw(st.integers(least_features, 6))
    X = draw(hnp.arrays(np.float64, (n, p), elements=numbers))
    y = draw(hnp.arrays(np.float64, n, elements=numbers))
    options = {"fit_intercept": draw(st.booleans()), "solver": draw(solvers)}
    if draw(st.booleans()):
        s = draw(hnp.arrays(np.float64, n, elements=st.sampled_from([0.0, 0.5, 1.0, 3.0])))
        if s.any():
            options["sample_weight"] = s
    if draw(st.booleans()):
        options["penalty_factor"] = draw(hnp.arrays(np.float64, p, elements=st.sampled_from([0.3, 1.0, 2.0, np.inf])))
    return X, y, draw(st.sampled_from([0.01, 0.5, 20.0])), options


def assert_close(found, expected, size, rtol=1e-8):
    np.testing.assert_allclose(found, expected, rtol=0, atol=rtol * max(size, 1e-300))


def fit(X, y, alpha, options, **changes):
    options = options | changes
    # all the way, where the answer would otherwise be as good as was asked for
    tolerance = {"tol": 0.0} if options["solver"] == "cg" else {}
    return ridge(X, y, alpha, **options, **tolerance)


def size_of(result):
    return max(np.abs(result.coef).max(initial=0.0), 1e-3)


@quick
@given(problems(), scales)
def test_scaling_y_scales_the_fit(problem, scale):
    X, y, alpha, options = problem
    before, after = fit(X, y, alpha, options), fit(X, scale * y, alpha, options)
    assert_close(after.coef, scale * before.coef, abs(scale) * size_of(before))
    assert_close(after.intercept, scale * before.intercept, abs(scale) * 100)
    assert_close(
        after.certificate.objective,
        scale**2 * before.certificate.objective,
        scale**2 * (np.abs(y).max() + 1) ** 2,
    )
    assert_close(after.effective_dof, before.effective_dof, 1.0)


@quick
@given(problems(), st.randoms(use_true_random=False))
def test_order_of_rows_and_columns_does_not_matter(problem, random):
    X, y, alpha, options = problem
    rows, columns = list(range(X.shape[0])), list(range(X.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    changes = {}
    if "sample_weight" in options:
        changes["sample_weight"] = options["sample_weight"][rows]
    if "penalty_factor" in options:
        changes["penalty_factor"] = options["penalty_factor"][columns]
    before, after = fit(X, y, alpha, options), fit(X[rows][:, columns], y[rows], alpha, options, **changes)
    assert_close(after.coef, before.coef[columns], size_of(before))
    assert_close(after.intercept, before.intercept, 100)
    assert_close(after.feature_scale, before.feature_scale[columns], 10)
    assert_close(after.effective_dof, before.effective_dof, 1.0)


@quick
@given(problems(), st.floats(-1e3, 1e3))
def test_adding_a_constant_to_y_moves_the_intercept_alone(problem, constant):
    X, y, alpha, options = problem
    before = fit(X, y, alpha, options, fit_intercept=True)
    after = fit(X, y + constant, alpha, options, fit_intercept=True)
    assert_close(after.coef, before.coef, size_of(before))
    assert_close(after.intercept, before.intercept + constant, 100 + abs(constant))


@quick
@given(problems(), st.lists(st.floats(-100, 100), min_size=6, max_size=6))
def test_moving_the_columns_moves_the_intercept_alone(problem, shift):
    X, y, alpha, options = problem
    shift = np.array(shift[: X.shape[1]])
    before = fit(X, y, alpha, options, fit_intercept=True)
    after = fit(X + shift, y, alpha, options, fit_intercept=True)
    assert_close(after.coef, before.coef, size_of(before))
    assert_close(after.intercept, before.intercept - shift @ before.coef, 1e4 * size_of(before))


@quick
@given(problems(), st.lists(st.sampled_from([-40.0, 0.01, 0.5, 8.0]), min_size=6, max_size=6))
def test_units_of_the_columns_do_not_matter_to_standardized_coefficients(problem, units):
    X, y, alpha, options = problem
    units = np.array(units[: X.shape[1]])
    before = fit(X, y, alpha, options, standardize=True)
    after = fit(X * units, y, alpha, options, standardize=True)
    # columns without spread are left out, and rounding of the mean must not bring them back
    spread = before.feature_scale > 1e-9
    assert_close((after.coef * units)[spread], before.coef[spread], size_of(before), rtol=1e-7)


@quick
@given(problems(), st.sampled_from([1e-3, 0.3, 7.0, 1e6]))
def test_scaling_all_weights_changes_nothing(problem, scale):
    X, y, alpha, options = problem
    s = options.get("sample_weight", np.ones(len(y)))
    before, after = (fit(X, y, alpha, options, sample_weight=k * s) for k in (1.0, scale))
    assert_close(after.coef, before.coef, size_of(before))
    assert_close(after.intercept, before.intercept, 100)
    assert_close(after.certificate.objective, before.certificate.objective, (np.abs(y).max() + 1) ** 2)


@quick
@given(problems())
def test_a_huge_penalty_leaves_the_mean(problem):
    X, y, alpha, options = problem
    limit = fit(X, y, 1e15, options)
    assert np.abs(limit.coef).max() < 1e-10
    s = options.get("sample_weight", np.ones(len(y)))
    assert_close(limit.intercept, s @ y / s.sum() if options["fit_intercept"] else 0.0, 10)
    weaker, stronger = fit(X, y, alpha, options), fit(X, y, 2 * alpha, options)
    assert stronger.certificate.objective >= weaker.certificate.objective * (1 - 1e-9)
    factor = np.where(np.isinf(options.get("penalty_factor", np.ones(X.shape[1]))), 0, 1)
    v = np.where(factor, options.get("penalty_factor", np.ones(X.shape[1])), 0)
    assert v @ stronger.coef**2 <= v @ weaker.coef**2 * (1 + 1e-9) + 1e-18


@quick
@given(problems())
def test_every_solver_agrees(problem):
    X, y, alpha, options = problem
    fits = [fit(X, y, alpha, options, solver=solver) for solver in SOLVERS]
    options = {k: v for k, v in options.items() if k != "solver"}
    path = ridge_path(X, y, [alpha], **options)
    for other in fits[1:]:
        assert_close(other.coef, fits[0].coef, size_of(fits[0]))
        assert_close(other.certificate.objective, fits[0].certificate.objective, (np.abs(y).max() + 1) ** 2)
    assert_close(path.coefs[0], fits[0].coef, size_of(fits[0]))
    assert all(other.certificate.converged for other in fits)
    assert all(other.certificate.duality_gap >= 0 for other in fits)


@quick
@given(problems(), st.data())
def test_doubling_a_row_is_doubling_its_weight(problem, data):
    X, y, alpha, options = problem
    s = options.get("sample_weight", np.ones(len(y)))
    i = data.draw(st.integers(0, len(y) - 1))
    heavier = s.copy()
    heavier[i] *= 2
    one = fit(X, y, alpha, options, sample_weight=heavier)
    X, y, s = np.vstack([X, X[i]]), np.append(y, y[i]), np.append(s, s[i])
    two = fit(X, y, alpha, options, sample_weight=s)
    assert_close(two.coef, one.coef, size_of(one))
    assert_close(two.intercept, one.intercept, 100)


@quick
@given(problems())
def test_leave_one_out_errors_are_no_smaller_than_residuals(problem):
    X, y, alpha, options = problem
    options = {k: v for k, v in options.items() if k != "solver"}
    if (options.get("sample_weight", np.ones(len(y))) > 0).sum() < 2:
        return
    found = ridge_cv(X, y, [alpha], store_errors=True, **options)
    residuals = y - found.predict(X)
    kept = np.isfinite(found.errors[0])
    assert (np.abs(found.errors[0]) >= np.abs(residuals) * (1 - 1e-7) - 1e-7)[kept].all()
    assert (found.errors[0] * residuals >= -1e-6)[kept].all()
