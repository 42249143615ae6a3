"""Coefficients against rational arithmetic, for every kind of data, every setting and every solver."""

import numpy as np
import pytest

from shrinkage import ConvergenceWarning, ridge, ridge_cv, ridge_path
from shrinkage.reference import ridge as textbook

ALPHAS = (10.0, 1e-3, 1e-8)


@pytest.mark.parametrize("solver", ["auto", "cholesky", "svd", "cg"])
def test_coefficients_are_those_of_rational_arithmetic(problem, options, solver, truth):
    for alpha in ALPHAS:
        system = truth(*problem, alpha, **options)
        fit = ridge(*problem, alpha, solver=solver, tol=0.0, **options)
        allowed = (100 if solver == "cg" else 20) * system.sharpness
        if solver == "cholesky" and problem.X.shape[1] > len(problem.y):  # not its case: it meets the square
            allowed += np.finfo(float).eps * system.condition**2
        assert system.error(fit.coef) <= allowed, alpha
        assert_intercept(fit.intercept, system, *problem)


def assert_intercept(intercept, system, X, y):
    # b = mean(y) - mean(x).w loses what its terms lose
    size = np.abs(y).max() + np.abs(X).max(axis=0) @ np.abs(system.w)
    spread = np.abs(system.w) @ np.where(system.norm > 0, np.abs(X).max(axis=0), 0.0)
    assert abs(intercept - system.b) <= 1e-14 * size + 100 * system.sharpness * (spread + np.abs(y).max())


def test_dual_coefficients(problem, options, truth, unconverged):
    """The n x n system has the condition number of its own matrix: large for n > p and a small alpha."""
    for alpha in ALPHAS:
        system = truth(*problem, alpha, **options)
        fit = ridge(*problem, alpha, solver="dual", **options)
        allowed = 20 * system.sharpness + 20 * np.finfo(float).eps * system.leverage
        assert system.error(fit.coef) <= allowed, alpha
        assert fit.certificate.converged or allowed > 1e-9


@pytest.mark.parametrize("function", [ridge_path, ridge_cv])
def test_coefficients_along_a_grid(problem, options, function, truth):
    for alpha in ALPHAS:
        grid = [alpha] if function is ridge_cv else ALPHAS
        result = function(*problem, grid, **options)
        fit = result.fit if function is ridge_cv else result[ALPHAS.index(alpha)]
        system = truth(*problem, alpha, **options)
        assert system.error(fit.coef) <= 20 * system.sharpness, alpha
        assert_intercept(fit.intercept, system, *problem)


@pytest.mark.parametrize("solver", ["auto", "cholesky", "dual", "svd", "cg"])
@pytest.mark.parametrize("kind", ["random", "wide"])
def test_several_targets_at_one_alpha_are_the_targets_one_by_one(problem, options, solver):
    X, y = problem
    Y = np.column_stack([y, -3.0 * y + 1.0, np.cos(5.0 * y), np.zeros(len(y))])
    fit = ridge(X, Y, 0.3, solver=solver, tol=0.0, **options)
    assert fit.coef.shape == (4, X.shape[1])
    for c in range(4):
        w, b = textbook.ridge(X, Y[:, c], 0.3, **options)
        np.testing.assert_allclose(fit.coef[c], w, rtol=0, atol=1e-12 * np.abs(w).max(initial=1.0))
        assert fit.intercept[c] == pytest.approx(b, abs=1e-12 * np.abs(Y[:, c]).max(initial=1.0))
    np.testing.assert_allclose(fit.predict(X), X @ fit.coef.T + fit.intercept, rtol=1e-13)


@pytest.mark.parametrize("solver", ["auto", "svd", "cg"])
@pytest.mark.parametrize("kind", ["random", "wide", "far"])
def test_an_alpha_for_every_target(problem, options, solver, truth):
    X, y = problem
    Y = np.column_stack([y, -3.0 * y + 1.0, np.cos(5.0 * y)])
    alphas = np.array([3.0, 1e-4, 0.2])
    fit = ridge(X, Y, alphas, solver=solver, tol=0.0, **options)
    np.testing.assert_array_equal(fit.alpha, alphas)
    for c, alpha in enumerate(alphas):
        system = truth(X, Y[:, c], alpha, **options)
        assert system.error(fit.coef[c]) <= 200 * system.sharpness
        assert_intercept(fit.intercept[c], system, X, Y[:, c])


@pytest.mark.parametrize("solver", ["auto", "cholesky", "dual", "svd", "cg"])
def test_a_factor_of_infinity_is_a_column_left_out(make, solver):
    X, y = make("random")
    factor = np.array([1.0, np.inf, 2.0, np.inf, 0.5])
    fit = ridge(X, y, 0.1, penalty_factor=factor, solver=solver, tol=0.0)
    left = ridge(X[:, [0, 2, 4]], y, 0.1, penalty_factor=factor[[0, 2, 4]])
    assert fit.coef[1] == fit.coef[3] == 0.0
    np.testing.assert_allclose(fit.coef[[0, 2, 4]], left.coef, rtol=1e-12)
    assert solver == "cg" or fit.effective_dof == pytest.approx(left.effective_dof, rel=1e-12)


@pytest.mark.parametrize("solver", ["auto", "cholesky", "dual", "svd", "cg"])
def test_nothing_to_fit(make, solver):
    X, y = make("random")
    for features, factor in ((0, None), (5, np.full(5, np.inf))):
        fit = ridge(X[:, :features], y, 0.1, penalty_factor=factor, solver=solver)
        assert fit.intercept == pytest.approx(y.mean())
        assert not fit.coef.any()
        assert fit.certificate.objective == pytest.approx(y.var() / 2)
        assert fit.certificate.converged
        assert fit.effective_dof == 0


@pytest.mark.parametrize("solver", ["auto", "cholesky", "svd", "cg"])
@pytest.mark.parametrize("kind", ["random", "wide"])
def test_an_infinite_penalty_is_approached(problem, solver):
    X, y = problem
    fit = ridge(X, y, 1e20, solver=solver, tol=0.0)
    # to first order in 1/lambda, w = X'y / lambda
    first = (X - X.mean(axis=0)).T @ (y - y.mean()) / (1e20 * len(y))
    np.testing.assert_allclose(fit.coef, first, rtol=1e-6)


@pytest.mark.parametrize("n, p", [(1, 1), (1, 4), (4, 1), (2, 2)])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("solver", ["auto", "cholesky", "dual", "svd", "cg"])
def test_very_small_data(n, p, fit_intercept, solver, truth):
    rng = np.random.default_rng(n + 10 * p)
    X, y = rng.standard_normal((n, p)), rng.standard_normal(n)
    system = truth(X, y, 0.7, fit_intercept=fit_intercept)
    fit = ridge(X, y, 0.7, fit_intercept=fit_intercept, solver=solver, tol=0.0)
    np.testing.assert_allclose(fit.coef, system.w, rtol=1e-12, atol=1e-15)
    assert fit.intercept == pytest.approx(system.b, abs=1e-14)


def test_least_squares_solver_refuses_a_penalty(make):
    X, y = make("random")
    with pytest.raises(ValueError, match="alpha"):
        ridge(X, y, 0.1, solver="qr")


def test_too_few_iterations_are_reported(make):
    X, y = make("collinear")
    with pytest.warns(ConvergenceWarning, match="cg"):
        fit = ridge(X, y, 1e-6, solver="cg", max_iter=2)
    assert not fit.certificate.converged
    assert fit.certificate.n_iter == 2
