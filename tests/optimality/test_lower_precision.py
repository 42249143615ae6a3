"""Large Gram matrices are taken in a lower precision and paid back by refinement: nobody must be able to tell."""

import numpy as np
import pytest

import shrinkage._ridge_system as ridge_system
from shrinkage import ridge
from shrinkage._design import Design


@pytest.fixture(params=["single", "tiles"])
def lower(request, monkeypatch):
    """The precision that is tried before double, whether this machine would take it or not."""
    monkeypatch.setattr(ridge_system, "_lower", lambda: (request.param,))
    return request.param


@pytest.fixture
def grams(monkeypatch):
    """The precisions in which Gram matrices were taken."""
    taken = []
    plain = Design.gram

    def spy(self, axis=0, column_scale=None, *, precision="double"):
        taken.append(precision)
        return plain(self, axis, column_scale, precision=precision)

    monkeypatch.setattr(Design, "gram", spy)
    return taken


def data(n, p, dtype=np.float64, order="C", seed=0):
    rng = np.random.default_rng(seed)
    X = np.asarray(rng.standard_normal((n, p)) + rng.uniform(-3, 3, p), dtype=dtype, order=order)
    return X, X[:, :5].sum(axis=1) + rng.standard_normal(n), rng.uniform(0.1, 2.0, n)


def textbook(X, y, s, v, alpha):
    X = X.astype(np.float64)
    W = s.sum()
    Z, t = X - s @ X / W, y - s @ y / W
    if X.shape[0] >= X.shape[1]:
        return np.linalg.solve(Z.T @ (s[:, None] * Z) + W * alpha * np.diag(v), Z.T @ (s * t))
    root = np.sqrt(s)[:, None]
    K = (root * Z) @ (root * Z / v).T
    return (root * Z / v).T @ np.linalg.solve(K + W * alpha * np.eye(len(y)), root[:, 0] * t)


@pytest.mark.parametrize("n, p", [(1300, 310), (310, 1300)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_answer_is_that_of_double_precision(grams, lower, n, p, dtype, order):
    X, y, s = data(n, p, dtype, order)
    v = np.linspace(0.5, 2.0, p)
    fit = ridge(X, y, 0.3, sample_weight=s, penalty_factor=v)
    assert grams == [lower]
    assert fit.certificate.converged
    w = textbook(X, y, s, v, 0.3)
    np.testing.assert_allclose(fit.coef, w, rtol=0, atol=(1e-12 if dtype == np.float64 else 1e-8) * np.abs(w).max())


@pytest.mark.parametrize("n, p", [(1300, 310), (310, 1300)])
def test_degrees_of_freedom_keep_six_digits(grams, lower, monkeypatch, n, p):
    X, y, _ = data(n, p)
    single = ridge(X, y, 0.01).effective_dof
    monkeypatch.setattr(ridge_system, "_SINGLE_SIDE", 10**9)
    double = ridge(X, y, 0.01).effective_dof
    assert grams == [lower, "double"]
    assert single == pytest.approx(double, rel=1e-6)


def test_what_the_lower_precision_cannot_tell_apart_goes_to_double(grams, lower):
    X, y, s = data(900, 310)
    X[:, 1] = X[:, 0] + 1e-4 * X[:, 1]
    fit = ridge(X, y, 1e-9, sample_weight=s)
    assert grams == [lower, "double"]
    w = textbook(X, y, s, np.ones(310), 1e-9)
    np.testing.assert_allclose(fit.coef, w, rtol=0, atol=1e-6 * np.abs(w).max())
    assert fit.certificate.converged


@pytest.mark.parametrize("size", [1e-25, 1e25])
def test_columns_out_of_single_precision_range_go_to_double(grams, lower, size):
    X, y, s = data(900, 310)
    X[:, 3] *= size
    v = np.ones(310)
    v[3] = size**2
    fit = ridge(X, y, 0.1, sample_weight=s, penalty_factor=v)
    assert grams == ["double"]
    X[:, 3] /= size
    w = textbook(X, y, s, np.ones(310), 0.1)
    w[3] /= size
    np.testing.assert_allclose(fit.coef, w, rtol=1e-9)


def test_precisions_that_the_condition_rules_out_are_not_tried(grams, monkeypatch):
    monkeypatch.setattr(ridge_system, "_lower", lambda: ("tiles", "single"))
    X, y, _ = data(900, 310)
    X[:, 1] = X[:, 0] + 0.003 * X[:, 1]
    fit = ridge(X, y, 1e-9)
    assert grams == ["tiles", "double"]
    assert fit.certificate.converged
    grams.clear()
    X[:, 1] = X[:, 0] + 10 * (X[:, 1] - X[:, 0])
    ridge(X, y, 1e-9)
    assert grams == ["tiles", "single"]
