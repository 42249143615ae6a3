"""Ridge between bounds: the conditions of Karush, Kuhn and Tucker, SciPy's solver, and bounds that do not bind."""

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import lsq_linear

from shrinkage import ConvergenceWarning, IllConditionedWarning, ridge, ridge_bounded
from shrinkage._positive import _downhill, bounded_set


def problem(n, p, t, seed):
    """X, Y, lower, upper, weights: some bounds infinite, some zero, a few coefficients fixed."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + rng.normal(size=p)
    X[rng.random(size=X.shape) > 0.8] = 0.0
    Y = X @ rng.normal(size=(p, t)) + 3.0 + rng.normal(size=(n, t))
    lower = np.where(rng.random(p) < 0.3, -np.inf, -rng.random(p) * rng.integers(0, 2, p))
    upper = np.where(rng.random(p) < 0.3, np.inf, rng.random(p) * rng.integers(0, 2, p))
    s = rng.uniform(0.2, 3.0, size=n)
    s[::7] = 0.0
    return X, Y, lower, upper, s


def centred(X, Y, s, fit_intercept):
    if not fit_intercept:
        return X, Y
    return X - np.average(X, axis=0, weights=s), Y - np.average(Y, axis=0, weights=s)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("form", [np.ascontiguousarray, np.asfortranarray, sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize(("n", "p", "alpha"), [(40, 7, 1e-3), (40, 30, 1.0), (12, 30, 0.1), (50, 12, 100.0)])
def test_first_order_conditions(n, p, alpha, form, fit_intercept):
    X, Y, lower, upper, s = problem(n, p, 3, seed=n + p)
    v = np.random.default_rng(1).uniform(0.5, 2.0, size=p)
    fit = ridge_bounded(
        form(X), Y, alpha, lower=lower, upper=upper, sample_weight=s, penalty_factor=v, fit_intercept=fit_intercept
    )
    X, Y = centred(X, Y, s, fit_intercept)
    W = fit.coef.T
    assert (lower[:, None] <= W).all() and (upper[:, None] >= W).all()
    assert not np.signbit(W[W == 0]).any()
    g = X.T @ (s[:, None] * (Y - X @ W)) / s.sum() - alpha * v[:, None] * W
    # a gradient may only push against a bound
    g = np.where(lower[:, None] == W, np.maximum(g, 0.0), g)
    g = np.where(upper[:, None] == W, np.minimum(g, 0.0), g)
    g[lower == upper] = 0.0
    scale = np.abs(X.T @ (s[:, None] * Y)).max() / s.sum()
    assert np.abs(g).max() < 1e-13 * scale
    assert fit.certificate.kkt_violation < 1e-13 * scale
    assert fit.certificate.converged
    assert fit.certificate.relative_gap < 1e-20
    loss = (s[:, None] * (Y - X @ W) ** 2).sum() / s.sum() + alpha * (v[:, None] * W**2).sum()
    np.testing.assert_allclose(fit.certificate.objective, loss / 2.0, rtol=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_agrees_with_scipy(seed):
    X, Y, lower, upper, s = problem(40, 15, 1, seed)
    upper = np.where(lower == upper, 0.5, upper)
    fit = ridge_bounded(X, Y[:, 0], 0.5, lower=lower, upper=upper, sample_weight=s, convention="sum")
    Z, y = centred(X, Y[:, 0], s, True)
    A = np.vstack([np.sqrt(s)[:, None] * Z, np.sqrt(0.5) * np.eye(15)])
    wanted = lsq_linear(A, np.r_[np.sqrt(s) * y, np.zeros(15)], (lower, upper), method="bvls", tol=1e-15).x
    np.testing.assert_allclose(fit.coef, wanted, atol=1e-10)
    np.testing.assert_allclose(fit.intercept, np.average(Y[:, 0] - X @ wanted, weights=s))


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("bounds", [{}, {"lower": -50.0, "upper": 50.0}, {"lower": -np.inf}])
def test_bounds_that_do_not_bind(bounds, standardize):
    X, Y, _, _, s = problem(40, 10, 2, seed=3)
    alpha = np.array([0.1, 2.0])
    found = ridge_bounded(X, Y, alpha, sample_weight=s, standardize=standardize, **bounds)
    wanted = ridge(X, Y, alpha, sample_weight=s, standardize=standardize)
    np.testing.assert_allclose(found.coef, wanted.coef, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(found.intercept, wanted.intercept, rtol=1e-11)
    np.testing.assert_allclose(found.effective_dof, wanted.effective_dof, rtol=1e-10)
    np.testing.assert_array_equal(found.alpha, wanted.alpha)
    assert found.certificate.converged


def test_targets_on_their_own():
    X, Y, lower, upper, s = problem(40, 10, 3, seed=4)
    together = ridge_bounded(X, Y, [0.1, 1.0, 10.0], lower=lower, upper=upper, sample_weight=s)
    for k, alpha in enumerate([0.1, 1.0, 10.0]):
        alone = ridge_bounded(X, Y[:, k], alpha, lower=lower, upper=upper, sample_weight=s)
        np.testing.assert_allclose(together.coef[k], alone.coef, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(together.effective_dof[k], alone.effective_dof)


def test_badly_scaled_columns():
    X, Y, _, _, _ = problem(60, 8, 1, seed=5)
    scale = 10.0 ** np.array([-8, 8, 0, -6, 6, 0, 3, -3])
    lower, upper = np.full(8, -0.4), np.full(8, 0.7)
    plain = ridge_bounded(X, Y, 0.1, lower=lower, upper=upper)
    scaled = ridge_bounded(X * scale, Y, 0.1, lower=lower / scale, upper=upper / scale, penalty_factor=scale**2)
    np.testing.assert_allclose(scaled.coef * scale, plain.coef, rtol=1e-8)
    assert scaled.certificate.converged


def test_excluded_and_unpenalized_features():
    X, Y, _, _, _ = problem(40, 5, 1, seed=6)
    fit = ridge_bounded(X, Y[:, 0], 1.0, upper=0.3, penalty_factor=[0, 1, np.inf, 1, 0])
    assert fit.coef[2] == 0.0
    kept = [0, 1, 3, 4]
    again = ridge_bounded(X[:, kept], Y[:, 0], 1.0, upper=0.3, penalty_factor=[0, 1, 1, 0])
    np.testing.assert_allclose(fit.coef[kept], again.coef, rtol=1e-12)
    assert fit.certificate.converged


def test_least_squares_with_dependent_columns():
    """Many coefficients do: the fitted values are those of the data without the copies."""
    X, Y, _, _, _ = problem(40, 5, 1, seed=7)
    twice = np.hstack([X, X, np.ones((40, 1))])
    single = ridge_bounded(X, Y, 0.0, lower=-0.4, upper=0.6)
    with pytest.warns(IllConditionedWarning):
        double = ridge_bounded(twice, Y, 0.0, lower=-0.2, upper=0.3)
    np.testing.assert_allclose(double.predict(twice), single.predict(X), atol=1e-9)
    assert (double.coef >= -0.2).all() and (double.coef <= 0.3).all()
    assert double.coef[0, -1] == 0.0


def quadratic(rng, p):
    B = rng.normal(size=(p, p))
    lower, upper = -rng.random(p) * rng.integers(0, 2, p), rng.random(p)
    upper[rng.random(p) < 0.3] = np.inf
    return B @ B.T + 1e-6 * np.eye(p), rng.normal(size=p), lower, upper


def check_set(A, c, lower, upper, where):
    w = np.select([where == -1, where == 1], [lower, upper], 0.0)
    free = where == 0
    w[free] = np.linalg.solve(A[np.ix_(free, free)], (c - A @ w)[free])
    assert (w >= lower - 1e-9).all() and (w <= upper + 1e-9).all()
    g = c - A @ w
    assert (g[where == -1] <= 1e-7).all()
    assert (g[where == 1] >= -1e-7).all()


def test_pivoting_leaves_a_cycle():
    """Exchanges of every wrong coefficient that come back to where they were end in the active-set method."""
    rng = np.random.default_rng(3)
    for _ in range(300):
        A, c, lower, upper = quadratic(rng, 6)
        check_set(A, c, lower, upper, bounded_set(A, c, lower, upper)[0])


def test_the_active_set_method_alone():
    rng = np.random.default_rng(4)
    for _ in range(100):
        A, c, lower, upper = quadratic(rng, 8)
        where, used = _downhill(A, c, lower, upper, np.zeros(8), np.zeros(8), 1e-12, 0)
        check_set(A, c, lower, upper, where)
        assert 0 < used < 50


def test_a_wrong_set_is_found_out(monkeypatch):
    X, Y, _, _, _ = problem(40, 5, 1, seed=8)
    wanted = ridge_bounded(X, Y, 0.1, lower=-0.5, upper=0.5)
    monkeypatch.setattr("shrinkage._positive.bounded_set", lambda A, c, *bounds: (np.ones(len(c), np.intp), 1))
    with pytest.warns(ConvergenceWarning):
        fit = ridge_bounded(X, Y, 0.1, lower=-0.5, upper=0.5)
    np.testing.assert_array_equal(fit.coef, 0.5)
    assert not fit.certificate.converged
    # the gap bounds how far the objective is above its minimum
    assert fit.certificate.duality_gap >= fit.certificate.objective - wanted.certificate.objective > 0


@pytest.mark.parametrize(
    ("bounds", "error", "words"),
    [
        ({"lower": 0.5}, ValueError, "lower must be at most 0"),
        ({"upper": -0.5}, ValueError, "upper must be at least 0"),
        ({"lower": [0.0, 0.0]}, ValueError, r"lower must be a number or have shape \(5,\)"),
        ({"upper": np.nan}, ValueError, "upper.* is NaN"),
        ({"upper": "many"}, TypeError, "upper must be a number"),
        ({"alpha": -1.0}, ValueError, "alpha must be finite and zero or more"),
        ({"convention": "french"}, ValueError, "convention"),
    ],
)
def test_what_is_refused(bounds, error, words):
    X, Y, _, _, _ = problem(40, 5, 1, seed=9)
    with pytest.raises(error, match=words):
        ridge_bounded(X, Y, **bounds)
