"""What changing the data does to an elastic net, whatever the data."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from shrinkage import alpha_max, elastic_net, elastic_net_path

quick = settings(deadline=None, max_examples=30)
numbers = st.floats(-10, 10).map(lambda v: round(v, 2))
TOL = 1e-9


@st.composite
def problems(draw, bounded=True):
    """(X, y, alpha, options): a few rows and columns, weights with zeros, factors of zero and infinity, bounds."""
    n, p = draw(st.integers(2, 9)), draw(st.integers(1, 7))
    X = draw(hnp.arrays(np.float64, (n, p), elements=numbers))
    y = draw(hnp.arrays(np.float64, n, elements=numbers))
    options = {"fit_intercept": draw(st.booleans()), "l1_ratio": draw(st.sampled_from([0.2, 0.5, 1.0]))}
    if draw(st.booleans()):
        s = draw(hnp.arrays(np.float64, n, elements=st.sampled_from([0.0, 0.5, 1.0, 3.0])))
        if s.any():
            options["sample_weight"] = s
    if draw(st.booleans()):
        elements = st.sampled_from([0.0, 0.3, 1.0, 2.0, np.inf])
        options["penalty_factor"] = draw(hnp.arrays(np.float64, p, elements=elements))
    if bounded and draw(st.booleans()):
        options["lower"] = draw(hnp.arrays(np.float64, p, elements=st.sampled_from([0.0, -0.5, -np.inf])))
        options["upper"] = draw(hnp.arrays(np.float64, p, elements=st.sampled_from([0.5, 2.0, np.inf])))
    return X, y, draw(st.sampled_from([0.01, 0.5, 5.0])), options


def least(X, y, alpha, options, **changes):
    """(objective, how far it may be above the minimum, the objective at zero) of a fit."""
    fit = elastic_net(X, y, alpha, tol=TOL, **options | changes)
    found = fit.certificate
    assert found.converged and found.duality_gap >= 0 and np.isfinite(fit.coef).all()
    return found.objective, found.duality_gap, fit


def assert_same(one, other, factor=1.0):
    """Two objectives that are the same, the second `factor` times as large, to within their gaps and rounding."""
    (a, gap, _), (b, other_gap, _) = one, other
    assert abs(b - factor * a) <= factor * gap + other_gap + 1e-13 * factor * (1 + a)


@quick
@given(problems(bounded=False), st.sampled_from([-300.0, -1.0, 0.01, 3.0, 1e4]))
def test_scaling_y_and_alpha_scales_the_fit(problem, scale):
    """Of the lasso: the objective grows with the square."""
    X, y, alpha, options = problem
    options = options | {"l1_ratio": 1.0}
    before, after = least(X, y, alpha, options), least(X, scale * y, abs(scale) * alpha, options)
    assert_same(before, after, scale**2)
    # the fitted values are unique, the coefficients need not be
    far = np.sqrt(2 * (scale**2 * before[1] + after[1]) * len(y) * 3) + 1e-9 * abs(scale)
    s = options.get("sample_weight", np.ones(len(y)))
    fitted = [np.sqrt(s) * fit.predict(X) for fit in (before[2], after[2])]
    assert np.abs(fitted[1] - scale * fitted[0]).max() <= 2 * far + 1e-7 * abs(scale)


@quick
@given(problems(), st.randoms(use_true_random=False))
def test_order_of_rows_and_columns_does_not_matter(problem, random):
    X, y, alpha, options = problem
    rows, columns = list(range(X.shape[0])), list(range(X.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    changes = {"sample_weight": options["sample_weight"][rows]} if "sample_weight" in options else {}
    changes |= {name: options[name][columns] for name in ("penalty_factor", "lower", "upper") if name in options}
    before, after = least(X, y, alpha, options), least(X[rows][:, columns], y[rows], alpha, options, **changes)
    assert_same(before, after)
    top = alpha_max(X, y, **options)
    assert abs(alpha_max(X[rows][:, columns], y[rows], **options | changes) - top) <= 1e-10 * (top + 1)


@quick
@given(problems())
def test_from_the_largest_alpha_on_every_penalized_coefficient_is_zero(problem):
    X, y, _, options = problem
    top = alpha_max(X, y, **options)
    penalized = options.get("penalty_factor", np.ones(X.shape[1])) > 0
    for factor in (1.0, 1.5, 1e3):
        fit = least(X, y, max(top * factor, 1e-12), options)[2]
        assert not fit.coef[penalized].any()
    assume(top > 1e-6)
    path = elastic_net_path(X, y, 3, **options)
    # with unpenalized features the two come from sums in another order
    assert abs(path.alphas[0] - top) <= 1e-12 * top and not path[0].coef[penalized].any()


@quick
@given(problems(bounded=False), st.data())
def test_duplicating_a_column_leaves_the_lasso_as_it_is(problem, data):
    """A twin takes over a part of the coefficient, at the same price; of a ridge part it would make less."""
    X, y, alpha, options = problem
    options = options | {"l1_ratio": 1.0}
    j = data.draw(st.integers(0, X.shape[1] - 1))
    changes = {}
    if "penalty_factor" in options:
        changes["penalty_factor"] = np.append(options["penalty_factor"], options["penalty_factor"][j])
    before = least(X, y, alpha, options)
    assert_same(before, least(np.c_[X, X[:, j]], y, alpha, options, **changes))
    assert_same(before, least(np.c_[X, -X[:, j]], y, alpha, options, **changes))


@quick
@given(problems())
def test_more_penalty_is_a_larger_objective_and_a_smaller_norm(problem):
    X, y, alpha, options = problem
    weaker, stronger = least(X, y, alpha, options), least(X, y, 2 * alpha, options)
    assert stronger[0] >= weaker[0] - weaker[1] - 1e-12
    v = options.get("penalty_factor", np.ones(X.shape[1]))
    v, rho = np.where(np.isinf(v), 0.0, v), options["l1_ratio"]
    size = [v @ (rho * np.abs(fit.coef) + (1 - rho) * fit.coef**2 / 2) for *_, fit in (weaker, stronger)]
    assert alpha * (size[1] - size[0]) <= weaker[1] + stronger[1] + 1e-10 * (1 + weaker[0])


@quick
@given(problems(), st.data())
def test_doubling_a_row_is_doubling_its_weight(problem, data):
    X, y, alpha, options = problem
    s = options.get("sample_weight", np.ones(len(y)))
    i = data.draw(st.integers(0, len(y) - 1))
    heavier = s.copy()
    heavier[i] *= 2
    one = least(X, y, alpha, options, sample_weight=heavier)
    two = least(np.vstack([X, X[i]]), np.append(y, y[i]), alpha, options, sample_weight=np.append(s, s[i]))
    assert_same(one, two)


@quick
@given(problems(), st.sampled_from([1e-3, 0.3, 7.0, 1e6]))
def test_scaling_all_weights_changes_nothing(problem, scale):
    X, y, alpha, options = problem
    s = options.get("sample_weight", np.ones(len(y)))
    assert_same(*(least(X, y, alpha, options, sample_weight=k * s) for k in (1.0, scale)))


@quick
@given(problems(), st.floats(-1e3, 1e3), st.lists(st.floats(-100, 100), min_size=7, max_size=7))
def test_constants_go_into_the_intercept(problem, constant, shift):
    X, y, alpha, options = problem
    options = options | {"fit_intercept": True}
    before = least(X, y, alpha, options)
    for after in (
        least(X, y + constant, alpha, options),
        least(X + shift[: X.shape[1]], y, alpha, options),
        least(X, y + constant, alpha, options, offset=np.full(len(y), constant)),
    ):
        (a, gap, _), (b, other_gap, _) = before, after
        assert abs(a - b) <= gap + other_gap + 1e-9 * (1 + abs(a))


@quick
@given(problems(bounded=False), st.lists(st.sampled_from([-40.0, 0.01, 0.5, 8.0]), min_size=7, max_size=7))
def test_units_of_the_columns_do_not_matter_to_standardized_coefficients(problem, units):
    X, y, alpha, options = problem
    s = options.get("sample_weight", np.ones(len(y)))
    live = X[s > 0]
    spread = np.ptp(live, axis=0) if options["fit_intercept"] else np.abs(live).max(axis=0)
    assume(((spread == 0) | (spread > 1e-3)).all())
    units = np.array(units[: X.shape[1]])
    before = least(X, y, alpha, options, standardize=True)
    after = least(X * units, y, alpha, options, standardize=True)
    constant = spread == 0
    assert not after[2].coef[constant].any() and not before[2].coef[constant].any()
    assert_same(before, after)
