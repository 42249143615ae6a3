"""Leave-one-out against explicit refits, GCV and degrees of freedom against their formulas."""

import tracemalloc

import numpy as np
import pytest
from scipy import sparse

from shrinkage import _leave_one_out as leave_one_out
from shrinkage import ridge, ridge_cv, ridge_path
from shrinkage.reference import ridge as textbook

ALPHAS = np.array([1.0, 1e-3, 1e-7, 1e-12])


def refits(X, y, alpha, exactly, sample_weight=None, **options):
    """Leave-one-out errors in rational arithmetic, with lambda = W alpha held fixed."""
    s = np.ones(len(y)) if sample_weight is None else sample_weight
    errors = np.empty(len(y))
    for i in range(len(y)):
        rest = np.arange(len(y)) != i
        far = X[i]  # the prediction at x_i is the intercept of data moved there, which no rounding touches
        larger = alpha * s.sum() / s[rest].sum()
        if options.get("fit_intercept", True):
            _, b = exactly(X[rest] - far, y[rest], larger, sample_weight=s[rest], **options)
            errors[i] = y[i] - float(b)
        else:
            w, _ = exactly(X[rest], y[rest], larger, sample_weight=s[rest], **options)
            errors[i] = y[i] - np.array([float(c) for c in w]) @ X[i]
    return errors


def test_errors_are_those_of_explicit_refits(kind, problem, options, exactly, unconverged):
    X, y = problem
    # the mean of a column 1e8 times its spread is only known to 1e-8 of the spread
    tolerance = 1e-7 if kind == "far" else 1e-8
    found = ridge_cv(X, y, ALPHAS, store_errors=True, **options)
    np.testing.assert_array_equal(found.alphas, ALPHAS)
    for k, alpha in enumerate(ALPHAS):
        if kind == "scaled" or alpha < 1e-3:
            errors = refits(X, y, alpha, exactly, **options)
        else:
            errors = textbook.leave_one_out(X, y, alpha, **options)
        np.testing.assert_allclose(
            found.errors[k], errors, rtol=0, atol=tolerance * np.abs(errors).max(), err_msg=f"alpha = {alpha}"
        )
        s = options.get("sample_weight", np.ones(len(y)))
        assert found.scores[k] == pytest.approx(s @ errors**2 / s.sum(), rel=3 * tolerance)


@pytest.mark.parametrize("kind", ["random", "collinear", "wide", "square"])
def test_errors_are_those_of_refits_with_the_library(problem, options):
    X, y = problem
    s = options.pop("sample_weight", np.ones(len(y)))
    alphas = np.array([0.1, 1e-9])
    found = ridge_cv(X, y, alphas, sample_weight=s, store_errors=True, **options)
    for k, alpha in enumerate(alphas):
        errors = np.empty(len(y))
        for i in range(len(y)):
            rest = np.arange(len(y)) != i
            larger = alpha * s.sum() / s[rest].sum()
            fit = ridge(X[rest], y[rest], larger, sample_weight=s[rest], solver="svd", **options)
            errors[i] = y[i] - fit.predict(X[i : i + 1])[0]
        np.testing.assert_allclose(found.errors[k], errors, rtol=0, atol=1e-8 * np.abs(errors).max())


@pytest.mark.parametrize("kind", ["random", "wide"])
@pytest.mark.parametrize("make_sparse", [sparse.csr_array, sparse.csc_array])
def test_sparse_data_have_the_errors_of_dense(problem, options, make_sparse):
    X = np.where(np.abs(problem.X - problem.X.mean(axis=0)) > 0.3, problem.X, 0.0)
    dense = ridge_cv(X, problem.y, ALPHAS[:3], store_errors=True, **options)
    found = ridge_cv(make_sparse(X), problem.y, ALPHAS[:3], store_errors=True, **options)
    np.testing.assert_allclose(found.errors, dense.errors, rtol=0, atol=1e-9 * np.abs(dense.errors).max())


@pytest.mark.parametrize("kind", ["random", "wide"])
def test_several_targets(problem, options):
    X, y = problem
    Y = np.column_stack([y, 5.0 - 2.0 * np.cos(4.0 * y), y**2])
    alphas = np.geomspace(10.0, 1e-3, 6)
    found = ridge_cv(X, Y, alphas, store_errors=True, alpha_per_target=True, **options)
    shared = ridge_cv(X, Y, alphas, **options)
    assert found.errors.shape == (6, len(y), 3)
    assert found.scores.shape == found.standard_errors.shape == (6, 3)
    for c in range(3):
        single = ridge_cv(X, Y[:, c], alphas, store_errors=True, **options)
        np.testing.assert_allclose(found.errors[:, :, c], single.errors, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.scores[:, c], single.scores, rtol=1e-10)
        np.testing.assert_allclose(found.standard_errors[:, c], single.standard_errors, rtol=1e-10)
        assert found.index[c] == single.index
        assert found.alpha[c] == single.alpha == alphas[single.index]
        assert found.score[c] == pytest.approx(single.score)
        np.testing.assert_allclose(found.fit.coef[c], single.fit.coef, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(shared.scores, found.scores, rtol=1e-12)
    assert shared.index == found.scores.mean(axis=1).argmin()
    assert shared.score == pytest.approx(found.scores.mean(axis=1).min())
    assert shared.errors is None


def test_choice_and_standard_error(make):
    X, y = make("random")
    alphas = np.array([1e-3, 3.0, 0.1, 30.0])
    found = ridge_cv(X, y, alphas, store_errors=True)
    np.testing.assert_array_equal(found.alphas, [30.0, 3.0, 0.1, 1e-3])
    squares = found.errors**2
    np.testing.assert_allclose(found.scores, squares.mean(axis=1), rtol=1e-13)
    np.testing.assert_allclose(found.standard_errors, squares.std(axis=1, ddof=1) / np.sqrt(len(y)), rtol=1e-10)
    assert found.index == found.scores.argmin()
    assert found.alpha == found.fit.alpha == found.alphas[found.index]
    assert found.score == found.scores[found.index]
    assert found.standard_error == found.standard_errors[found.index]
    np.testing.assert_allclose(found.fit.coef, ridge(X, y, found.alpha).coef, rtol=1e-12)
    assert ridge_cv(X, y, [found.alpha, 1e6]).at_edge
    assert not ridge_cv(X, y, [1e6, found.alpha, 1e-9]).at_edge


def test_a_tie_goes_to_the_larger_alpha(make):
    X, _ = make("random")
    found = ridge_cv(X, np.full(len(X), 3.0), [1.0, 4.0, 2.0])
    assert found.alpha == 4.0
    assert found.score == pytest.approx(0.0, abs=1e-25)


def test_standard_error_does_not_depend_on_the_scale_of_the_weights(make):
    X, y = make("random")
    s = np.random.default_rng(3).uniform(0.5, 2.0, len(y))
    found, scaled = ridge_cv(X, y, [0.1], sample_weight=s), ridge_cv(X, y, [0.1], sample_weight=7.0 * s)
    plain, equal = ridge_cv(X, y, [0.1]), ridge_cv(X, y, [0.1], sample_weight=np.full(len(y), 0.3))
    assert scaled.standard_error == pytest.approx(found.standard_error, rel=1e-10)
    assert equal.standard_error == pytest.approx(plain.standard_error, rel=1e-10)


def test_a_sample_that_alone_decides_its_fit_has_no_error(make):
    """A free feature that is zero for all samples but one leaves nothing to predict that one from."""
    X, y = make("random")
    X[:, 2] = 0.0
    X[7, 2] = 1.0
    found = ridge_cv(X, y, [1.0, 0.1], penalty_factor=[1, 1, 0, 1, 1], store_errors=True)
    assert np.isnan(found.errors[:, 7]).all()
    rest = np.arange(len(y)) != 7
    others = ridge_cv(X[rest][:, [0, 1, 3, 4]], y[rest], np.array([1.0, 0.1]) * 13 / 12, store_errors=True)
    np.testing.assert_allclose(found.errors[:, rest], others.errors, rtol=1e-9)


def trace_of_hat(fractions, X, alpha, sample_weight=None, penalty_factor=None, fit_intercept=True):
    """trace (Z'Z + lambda V)^-1 Z'Z in rational arithmetic."""
    v = np.ones(X.shape[1]) if penalty_factor is None else penalty_factor
    kept = np.isfinite(v)
    s, Z = fractions(np.ones(len(X)) if sample_weight is None else sample_weight), fractions(X[:, kept])
    if fit_intercept:
        Z = Z - s @ Z / s.sum()
    G = Z.T @ (s[:, None] * Z)
    p = len(G)
    rows = np.hstack([G + np.diag(s.sum() * fractions(alpha) * fractions(v[kept])), G])
    for j in range(p):
        rows[j] = rows[j] / rows[j, j]
        for i in range(p):
            if i != j:
                rows[i] = rows[i] - rows[i, j] * rows[j]
    return float(sum(rows[j, p + j] for j in range(p)))


def test_effective_degrees_of_freedom_are_a_trace(problem, options, fractions, unconverged):
    X, y = problem
    alphas = [10.0, 0.1]
    path, chosen = ridge_path(X, y, alphas, **options), ridge_cv(X, y, alphas, **options)
    for k, alpha in enumerate(alphas):
        expected = pytest.approx(trace_of_hat(fractions, X, alpha, **options), rel=1e-8, abs=1e-10)
        assert path.effective_dof[k] == expected
        assert chosen.effective_dof[k] == expected
        for solver in ("auto", "cholesky", "dual", "svd"):
            assert ridge(X, y, alpha, solver=solver, **options).effective_dof == expected, solver


@pytest.mark.parametrize("kind", ["random", "collinear", "wide"])
def test_effective_degrees_of_freedom_are_those_of_the_textbook(problem, options):
    for alpha in (3.0, 1e-2):
        expected = textbook.effective_dof(problem.X, alpha, **options)
        assert ridge(*problem, alpha, **options).effective_dof == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("kind", ["random", "collinear", "constant", "wide", "square"])
def test_generalized_cross_validation_is_its_formula(problem, options):
    X, y = problem
    Y = np.column_stack([y, np.cos(4.0 * y)])
    alphas = [10.0, 1.0, 1e-2]
    found = ridge_cv(X, Y, alphas, method="gcv", **options)
    for k, alpha in enumerate(alphas):
        np.testing.assert_allclose(found.scores[k], textbook.gcv(X, Y, alpha, **options), rtol=1e-8)
    assert np.isnan(found.standard_errors).all()
    assert found.index == found.scores.mean(axis=1).argmin()
    single = ridge_cv(X, y, alphas, method="gcv", **options)
    np.testing.assert_allclose(single.scores, found.scores[:, 0], rtol=1e-12)


@pytest.mark.parametrize("n, p", [(60, 7), (25, 40)])
def test_callback_sees_all_of_the_samples(n, p):
    rng = np.random.default_rng(0)
    seen = []
    ridge_cv(rng.standard_normal((n, p)), rng.standard_normal(n), callback=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_rounding_along_the_intercept_is_not_a_direction():
    """Low-rank data far from zero: what centring leaves of the mean must not enter the scores."""
    rng = np.random.default_rng(0)
    low = rng.standard_normal((30, 10)) * 10.0 ** -np.linspace(0, 3.5, 10) @ rng.standard_normal((10, 50))
    y = low[:, 0] + 0.3 * rng.standard_normal(30)
    alphas = np.geomspace(1e-1, 1e-4, 7)
    near, far = ridge_cv(low, y, alphas), ridge_cv(low + 1e6, y, alphas)
    np.testing.assert_allclose(far.scores, near.scores, rtol=1e-4)


@pytest.mark.parametrize("n", [12, 60])
def test_a_sample_that_nearly_decides_its_fit_is_exact(n):
    rng = np.random.default_rng(3)
    X = rng.standard_normal((n, 5))
    X[:, 4] = 0.0
    X[7, 4] = 1.0
    y = X[:, :4] @ np.ones(4) + rng.standard_normal(n) + 5.0
    alphas = [1e-6, 1e-9, 1e-12]
    found = ridge_cv(X, y, alphas, store_errors=True)
    rest = np.arange(n) != 7
    for k, alpha in enumerate(alphas):
        # without sample 7 nothing is known about feature 4, whose coefficient is then zero
        left = ridge(X[rest][:, :4], y[rest], alpha * n / (n - 1), solver="svd")
        assert found.errors[k, 7] == pytest.approx(y[7] - left.predict(X[7:8, :4])[0], rel=1e-5)


def test_scores_compare_the_same_samples_at_every_alpha():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 5))
    X[:, 4] = 0.0
    X[7, 4] = 1.0
    y = X[:, :4] @ np.ones(4) + 0.1 * rng.standard_normal(60) + 5.0
    y[7] += 100.0
    found = ridge_cv(X, y, [1.0, 1e-6, 0.0], store_errors=True)
    rest = np.arange(60) != 7
    np.testing.assert_allclose(found.scores, np.square(found.errors[:, rest]).mean(axis=1), rtol=1e-10)


def test_the_standard_error_counts_the_samples_that_are_left():
    rng = np.random.default_rng(0)
    X = np.c_[np.eye(12)[:, :6], rng.standard_normal(12)]
    found = ridge_cv(X, 10 + rng.standard_normal(12), [1.0], penalty_factor=[0] * 6 + [1], store_errors=True)
    squares = np.square(found.errors[0][np.isfinite(found.errors[0])])
    assert len(squares) == 6
    assert found.standard_error == pytest.approx(squares.std(ddof=1) / np.sqrt(6), rel=1e-9)


def test_filters_of_many_alphas_are_products_of_few_columns():
    values, lam = np.geomspace(1.0, 1e4, 200), np.geomspace(1e-3, 1e3, 80)
    D = values[:, None] / (values[:, None] + lam)
    left, right = leave_one_out.factored(D)
    assert left.shape[1] < 40
    np.testing.assert_allclose(left @ right, D, rtol=0, atol=4e-15)
    assert leave_one_out.factored(D[:, :3]) is None
    assert leave_one_out.factored(np.eye(4)) is None


@pytest.mark.parametrize("p, rows", [(8, 60), (40, 50)])  # in the second some samples nearly decide their fit
@pytest.mark.parametrize("t", [1, 30])
def test_few_columns_for_all_alphas_change_no_digit(p, rows, t, monkeypatch):
    rng = np.random.default_rng(5)
    X = rng.standard_normal((rows, p))
    X[3] *= 1e4
    Y = X[:, :1] + rng.standard_normal((rows, t))
    options = {
        "alphas": np.geomspace(1e-6, 1e2, 60),
        "sample_weight": np.r_[0.0, np.linspace(0.5, 2.0, rows - 1)],
        "penalty_factor": np.r_[0.0, np.ones(p - 1)],
        "store_errors": True,
    }
    plain = ridge_cv(X, Y, **options)
    monkeypatch.setattr(leave_one_out, "_WORTH_FEWER", 0.0)
    monkeypatch.setattr(leave_one_out, "_BLOCK_ENTRIES", 600)
    calls, original = [], leave_one_out.factored
    monkeypatch.setattr(leave_one_out, "factored", lambda D: calls.append(original(D)) or calls[-1])
    few = ridge_cv(X, Y, **options)
    assert calls
    assert calls[0] is not None
    np.testing.assert_allclose(few.errors, plain.errors, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(few.scores, plain.scores, rtol=1e-11)
    np.testing.assert_allclose(few.standard_errors, plain.standard_errors, rtol=1e-9)


@pytest.mark.parametrize("X, options", [
    (np.empty((10, 0)), {}),
    (np.ones((10, 1)), {}),
    (np.arange(10.0)[:, None], {"penalty_factor": [np.inf]}),
])  # fmt: skip
@pytest.mark.parametrize("heavy", [1.0, 1e6])
def test_nothing_but_an_intercept(X, options, heavy):
    """The error is that of the weighted mean of the others, also where one sample has most of the weight."""
    y, s = np.random.default_rng(0).standard_normal(10), np.r_[heavy, np.ones(9)]
    found = ridge_cv(X, y, [1.0, 0.1], sample_weight=s, store_errors=True, **options)
    rest = np.array([y[i] - np.average(np.delete(y, i), weights=np.delete(s, i)) for i in range(10)])
    np.testing.assert_allclose(found.errors, np.tile(rest, (2, 1)), rtol=1e-9)
    np.testing.assert_allclose(found.scores, np.average(rest**2, weights=s), rtol=1e-9)


def test_memory_does_not_grow_with_samples_times_targets(monkeypatch):
    """One sample that nearly decides its fit included."""
    rng = np.random.default_rng(1)
    X, Y = rng.standard_normal((3000, 20)), rng.standard_normal((3000, 100))
    X[3] *= 1e6
    alphas = np.geomspace(1e-3, 1e3, 50)
    tracemalloc.start()
    try:
        ridge_cv(X, Y, alphas)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.7 * 8 * len(alphas) * Y.size


def test_alphas_that_leave_nothing_do_not_warn():
    X = np.random.default_rng(2).standard_normal((300, 5))
    assert leave_one_out.factored(np.zeros((5, 20))) is None
    ridge_cv(X, X[:, 0], np.geomspace(1e200, 1e250, 20))
