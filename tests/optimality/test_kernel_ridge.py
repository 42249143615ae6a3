"""Kernel ridge from a kernel matrix: plain formulas, ridge on the features, and what the certificate says."""

import numpy as np
import pytest
from scipy import sparse

from shrinkage import ConvergenceWarning, IllConditionedWarning, conventions, ridge
from shrinkage.kernel_ridge import kernel_ridge


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 4))
    s = rng.uniform(0.2, 3.0, size=30)
    s[::6] = 0.0
    distance = np.square(X[:, None] - X).sum(axis=2)
    return X, np.exp(-0.3 * distance), rng.normal(size=(30, 3)), s


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("alpha", [1e-6, 0.01, [0.1, 5.0, 0.1]])
@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_formula(data, weighted, alpha, order, dtype):
    _, K, Y, s = data
    K = np.asarray(K, dtype=dtype, order=order)
    s = s if weighted else np.ones(30)
    fit = kernel_ridge(K, Y, alpha, sample_weight=s if weighted else None)
    live, wide = s > 0, K.astype(np.float64)
    for k, value in enumerate(np.broadcast_to(alpha, 3)):
        c = np.zeros(30)
        c[live] = np.linalg.solve(wide[np.ix_(live, live)] + s.sum() * value * np.diag(1 / s[live]), Y[live, k])
        np.testing.assert_allclose(fit.dual_coef[:, k], c, rtol=1e-8, atol=1e-10 * np.abs(c).max())
    assert fit.certificate.converged
    assert fit.certificate.residual_ratio < 5
    R, C = Y - wide @ fit.dual_coef, fit.dual_coef
    loss = (s[:, None] * R**2).sum() / s.sum() + (np.asarray(alpha) * (C * (wide @ C)).sum(axis=0)).sum()
    np.testing.assert_allclose(fit.certificate.objective, loss / 2, rtol=1e-10)
    np.testing.assert_allclose(fit.predict(K), wide @ C, rtol=1e-5 if dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("convention", ["canonical", "sum", "mean"])
def test_linear_kernel_is_ridge(data, convention):
    X, _, Y, s = data
    fit = kernel_ridge(X @ X.T, Y[:, 0], 0.3, sample_weight=s, convention=convention)
    wanted = ridge(X, Y[:, 0], 0.3, sample_weight=s, convention=convention, fit_intercept=False)
    np.testing.assert_allclose(X.T @ fit.dual_coef, wanted.coef, rtol=1e-10)
    np.testing.assert_allclose(fit.certificate.objective, wanted.certificate.objective, rtol=1e-10)
    assert fit.alpha == 0.3
    assert fit.convention == convention in conventions.CONVENTIONS


def test_weights_are_repeated_samples(data):
    _, K, Y, _ = data
    times = np.arange(30) % 3
    rows = np.repeat(np.arange(30), times)
    weighted = kernel_ridge(K, Y, 0.1, sample_weight=times)
    repeated = kernel_ridge(K[np.ix_(rows, rows)], Y[rows], 0.1)
    np.testing.assert_allclose(weighted.predict(K), repeated.predict(K[:, rows]), rtol=1e-10)
    assert (weighted.dual_coef[times == 0] == 0).all()


def test_the_gap_is_a_bound(data, monkeypatch):
    """Coefficients that are a little off are found out, and their distance from the minimum is no larger than said."""
    from shrinkage import kernel_ridge as module

    _, K, Y, _ = data
    wanted = kernel_ridge(K, Y[:, 0], 0.1)
    original = module._solve

    def disturbed(system):
        solved = original(system)
        solved.W = solved.W + 0.01
        solved.measures = system.evaluate(solved.W)[2]
        return solved

    monkeypatch.setattr(module, "_solve", disturbed)
    with pytest.warns(ConvergenceWarning):
        found = kernel_ridge(K, Y[:, 0], 0.1)
    distance = found.certificate.objective - wanted.certificate.objective
    assert 0 < distance <= found.certificate.duality_gap
    assert not found.certificate.converged


def test_a_singular_matrix_has_the_answer_of_minimum_norm(data):
    X, _, Y, _ = data
    with pytest.warns(IllConditionedWarning, match="26 are zero to rounding"):
        fit = kernel_ridge(X @ X.T, Y, 0.0)
    np.testing.assert_allclose(fit.dual_coef, np.linalg.pinv(X @ X.T) @ Y, atol=1e-12)
    assert fit.certificate.converged
    assert fit.solver == "eigen"


def test_an_indefinite_matrix_is_named(data):
    _, K, Y, _ = data
    K = K - 0.5 * np.eye(30)
    with pytest.warns(IllConditionedWarning, match=r"eigenvalue -4.*e-01, so that .* minimizes nothing"):
        fit = kernel_ridge(K, Y[:, 0], 0.1, convention="sum")
    np.testing.assert_allclose(fit.dual_coef, np.linalg.solve(K + 0.1 * np.eye(30), Y[:, 0]), rtol=1e-9)
    assert np.isnan(fit.certificate.duality_gap)


def test_hardly_more_than_singular():
    """Smooth kernels are singular to rounding; a penalty just above that is still solved as well as can be."""
    x = np.linspace(0.0, 1.0, 60)
    K = np.exp(-np.square(x[:, None] - x))
    fit = kernel_ridge(K, np.sin(5 * x), 1e-12, convention="sum")
    assert fit.certificate.converged
    assert fit.certificate.rcond < 1e-13
    np.testing.assert_allclose(fit.predict(K), np.sin(5 * x), atol=1e-5)


def test_weights_of_very_different_sizes(data):
    _, K, Y, _ = data
    s = 10.0 ** np.linspace(-8, 8, 30)
    fit = kernel_ridge(K, Y[:, 0], 1.0, sample_weight=s, convention="sum")
    wanted = np.linalg.solve(K + np.diag(1 / s), Y[:, 0])
    np.testing.assert_allclose(fit.dual_coef, wanted, rtol=1e-6)
    assert fit.certificate.converged


def test_nothing_of_the_callers_is_modified(data):
    _, K, Y, s = data
    kept = K.copy(), Y.copy(), s.copy()
    kernel_ridge(K, Y, 0.1, sample_weight=s)
    for now, before in zip((K, Y, s), kept, strict=True):
        np.testing.assert_array_equal(now, before)


def test_what_is_refused(data):
    _, K, Y, _ = data
    broken, lopsided = K.copy(), K.copy()
    broken[3, 4], lopsided[3, 4] = np.nan, 5.0
    for matrix, error, words in [
        (K[:, :20], ValueError, r"K must be square.*\(30, 20\)"),
        (broken, ValueError, "K contains nan at row 3, column 4"),
        (lopsided, ValueError, "K must be symmetric"),
        (sparse.csr_array(K), TypeError, "K is sparse"),
        (K.astype(complex), TypeError, "K has the complex dtype"),
        (K[0], ValueError, "K must be a 2-D array"),
        (1e200 * K, ValueError, "K reaches 1e"),
    ]:
        with pytest.raises(error, match=words):
            kernel_ridge(matrix, Y, 1.0)
    with pytest.raises(ValueError, match="alpha must be finite and zero or more"):
        kernel_ridge(K, Y, -1.0)
    with pytest.raises(ValueError, match="one value per target"):
        kernel_ridge(K, Y, [1.0, 2.0])
    with pytest.raises(ValueError, match="sample_weight is negative at row 0"):
        kernel_ridge(K, Y, 1.0, sample_weight=-np.ones(30))
    fit = kernel_ridge(K, Y, 1.0)
    with pytest.raises(ValueError, match="K has 29 columns, but the model was fitted on 30 samples"):
        fit.predict(K[:, :29])
    assert repr(fit).startswith("KernelFit: 30 samples\n  alpha          1 (canonical convention)")
