"""Data and penalties that square badly: the certificate holds all the same, and says what it should."""

import numpy as np
import pytest

import shrinkage._ridge_system as ridge_system
from shrinkage import ConvergenceWarning, ridge, ridge_cv, ridge_path
from shrinkage._spectrum import Spectrum


def graded(n, p, span, seed):
    """Columns whose sizes differ by up to 10^(2 span)."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * 10.0 ** rng.uniform(-span, span, p)
    return X, X[:, 0] / np.abs(X[:, 0]).max() + rng.standard_normal(n)


@pytest.mark.parametrize("n, p", [(30, 100), (50, 60), (60, 50), (20, 300)])
@pytest.mark.parametrize("span", [4, 8, 10])
@pytest.mark.parametrize("alpha", [1e-12, 1e-3, 1.0])
def test_columns_of_very_different_sizes(n, p, span, alpha):
    for seed in range(3):
        X, y = graded(n, p, span, seed)
        assert ridge(X, y, alpha).certificate.converged
        assert ridge(X, np.column_stack([y, y]), [alpha, 2 * alpha]).certificate.converged
        assert all(found.converged for found in ridge_path(X, y, [alpha]).certificates)
        assert ridge_cv(X, y, [alpha]).fit.certificate.converged


def test_a_path_that_fails_is_taken_again_from_the_data(monkeypatch):
    """The eigenvectors pass their own test, the certificate does not."""
    monkeypatch.setattr(Spectrum, "accurate", lambda self, lam: True)
    X, y = graded(40, 12, 6, 0)
    path = ridge_path(X, y, [1.0, 1e-9])
    assert path.solver == "svd"
    assert all(found.converged for found in path.certificates)
    fit = ridge(X, np.column_stack([y, y]), [1.0, 1e-9])
    assert fit.solver == "svd"
    assert fit.certificate.converged


@pytest.mark.parametrize("n, p, free", [(40, 100, 3), (60, 300, 5), (30, 400, 1)])
@pytest.mark.parametrize("alpha", [1e-6, 1e-3, 1.0, 100.0])
def test_dual_with_features_that_are_not_penalized(n, p, free, alpha):
    for seed in range(5):
        X, y = graded(n, p, 2, seed)
        v = np.ones(p)
        v[:free] = 0.0
        fit = ridge(X, y, alpha, penalty_factor=v, solver="dual", sample_weight=np.linspace(0.5, 2.0, n))
        assert fit.certificate.residual_ratio < 10.0


@pytest.mark.parametrize("alpha", [1e-30, 1e-300])
def test_gap_of_a_penalty_that_is_hardly_there(alpha):
    rng = np.random.default_rng(3)
    X = rng.standard_normal((50, 4))
    y = X[:, 0] + rng.standard_normal(50)
    for fit in (ridge(X, y, alpha), ridge(X, y, alpha, solver="svd"), ridge_path(X, y, [alpha])[0]):
        assert 0 <= fit.certificate.relative_gap < 1e-25
    w = np.linalg.lstsq(X - X.mean(0), y - y.mean(), rcond=None)[0]
    np.testing.assert_allclose(ridge(X, y, alpha).coef, w, rtol=1e-12)


def test_tolerance_is_for_conjugate_gradients_alone(monkeypatch):
    """A direct solver has converged when its residual is rounding, whatever the caller would put up with."""
    monkeypatch.setitem(ridge_system.LEAST_RCOND, "double", 0.0)  # so that it goes on where it should not
    X, y = graded(30, 20, 1, 1)
    X[:, 1] = X[:, 0] * (1 + 1e-9 * X[:, 2])
    with pytest.warns(ConvergenceWarning) as caught:
        found = ridge(X, y, 1e-12, solver="dual", tol=100.0).certificate
    assert found.residual_ratio > 30 and found.relative_gap < 100
    assert not found.converged
    assert "max_iter" not in str(caught[0].message) and "asked" not in str(caught[0].message)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 30))
    assert ridge(X, X[:, 0], 1e-3, solver="cg", tol=1e-2).certificate.converged


def test_conjugate_gradients_on_float32_go_as_far_as_asked():
    rng = np.random.default_rng(4)
    X = (rng.standard_normal((300, 40)) * np.geomspace(1, 30, 40)).astype(np.float32)
    y = X @ np.ones(40) + rng.standard_normal(300)
    Z = X.astype(np.float64) - X.mean(axis=0, dtype=np.float64)
    w = np.linalg.solve(Z.T @ Z + 300 * 1e-3 * np.eye(40), Z.T @ (y - y.mean()))
    fit = ridge(X, y, 1e-3, solver="cg", tol=1e-24)
    assert fit.certificate.relative_gap <= 1e-24
    np.testing.assert_allclose(fit.coef, w, rtol=1e-10)


def test_excluded_features_are_plain_zeros():
    rng = np.random.default_rng(5)
    for n, p in ((20, 50), (50, 20)):
        X, y = rng.standard_normal((n, p)), rng.standard_normal(n)
        v = np.where(np.arange(p) % 2, np.inf, 1.0)
        for coef in (ridge(X, y, penalty_factor=v).coef, ridge_path(X, y, [1.0], penalty_factor=v).coefs[0]):
            assert not np.signbit(coef[1::2]).any()


def test_first_row_without_weight_may_lie_anywhere():
    rng = np.random.default_rng(6)
    X = rng.standard_normal((50, 3)) * 1e-3
    y, s = X[:, 0] + 1e-3 * rng.standard_normal(50), np.ones(50)
    X[0], s[0] = 1e9, 0.0
    for order in "CF":
        fit = ridge(np.asarray(X, order=order), y, 1e-8, sample_weight=s)
        np.testing.assert_allclose(fit.coef, ridge(X[1:], y[1:], 1e-8).coef, rtol=1e-9)
        np.testing.assert_allclose(fit.feature_scale, X[1:].std(axis=0), rtol=1e-12)


@pytest.mark.parametrize("n, p", [(200, 4), (200, 2), (30, 60)])
@pytest.mark.parametrize("apart", [1e-6, 1e-7, 1e-8, 1e-9])
def test_penalized_features_that_nearly_repeat_a_free_one(n, p, apart):
    """What projecting the free column out leaves is small against what it was taken from."""
    rng = np.random.default_rng(7)
    a = rng.standard_normal(n)
    X = np.column_stack([a, a[:, None] + apart * rng.standard_normal((n, p - 1))])
    y = a + (X[:, 1:] - a[:, None]) @ rng.standard_normal(p - 1) / apart + 0.1 * rng.standard_normal(n)
    v = np.ones(p)
    v[0] = 0.0
    alpha = 0.01 * apart**2
    expected = ridge(X, y, alpha, penalty_factor=v, solver="svd").certificate.objective
    path = ridge_path(X, y, [alpha], penalty_factor=v)[0]
    choice = ridge_cv(X, y, [alpha], penalty_factor=v).fit
    for fit in (path, choice, ridge(X, y, alpha, penalty_factor=v)):
        assert fit.certificate.converged
        assert fit.certificate.objective == pytest.approx(expected, rel=1e-7)


def test_free_features_that_nearly_repeat_each_other():
    rng = np.random.default_rng(8)
    a = rng.standard_normal(100)
    X = np.column_stack([a, a + 1e-6 * rng.standard_normal(100), rng.standard_normal((100, 3))])
    y, v = X @ np.ones(5) + rng.standard_normal(100), np.r_[0.0, 0.0, np.ones(3)]
    found, expected = ridge_path(X, y, [0.1], penalty_factor=v), ridge(X, y, 0.1, penalty_factor=v, solver="svd")
    assert found.solver == "svd"
    np.testing.assert_allclose(found.coefs[0], expected.coef, rtol=1e-8)


@pytest.mark.parametrize("small", [1e-6, 1e-9, 1e-12])
@pytest.mark.parametrize("n", [40, 3])
def test_a_small_column_beside_dependent_large_ones(n, small):
    rng = np.random.default_rng(9)
    for _ in range(10):
        a, b, c = rng.standard_normal((3, n))
        X = np.column_stack([a, 2 * a, b, small * c])
        y = a + b + c
        fit = ridge(X, y, 1e-4 * small**2)
        assert fit.certificate.converged
        Z = np.column_stack([a, b, c]) - np.mean([a, b, c], axis=1)
        best = Z @ np.linalg.lstsq(Z, y - y.mean(), rcond=None)[0] + y.mean()
        np.testing.assert_allclose(fit.predict(X), best, atol=1e-2 * np.abs(best).max())


def test_small_residuals_of_a_large_gap_prove_nothing():
    """Coefficients that cancel each other make any residual look like rounding."""
    measures = np.array([[1.0], [2.0], [1e-9], [0.5], [0.0]])
    found = ridge_system.certificate(measures, np.array([2.0]), 1.0, n_iter=1, rcond=1.0)
    assert found.relative_gap == 2.0 and not found.converged
    measures[1] = 1e-9
    assert ridge_system.certificate(measures, np.array([2.0]), 1.0, n_iter=1, rcond=1.0).converged
    measures[1], measures[3] = 0.0, 1e4  # and no gap at all is no proof either
    assert not ridge_system.certificate(measures, np.array([2.0]), 1.0, n_iter=1, rcond=1.0).converged


@pytest.mark.parametrize("weighted", [False, True])
def test_degrees_of_freedom_of_the_dual_system(weighted):
    """The direction that centring removes is put back for the factorization, and not counted."""
    rng = np.random.default_rng(10)
    X, y = rng.standard_normal((30, 80)) + 5.0, rng.standard_normal(30)
    s = np.r_[0.0, rng.uniform(0.5, 2.0, 29)] if weighted else np.ones(30)
    for alpha in (1e-3, 1.0, 100.0):
        fit = ridge(X, y, alpha, sample_weight=s if weighted else None, solver="dual")
        sigma = np.linalg.svd(np.sqrt(s)[:, None] * (X - s @ X / s.sum()), compute_uv=False)
        assert fit.effective_dof == pytest.approx((sigma**2 / (sigma**2 + alpha * s.sum())).sum(), rel=1e-9)
