"""Formulas of the literature on L2 regularization, with the library in the place of the algebra."""

import numpy as np
import pytest

from shrinkage import ridge, ridge_cv, ridge_path
from shrinkage.reference import ridge as textbook


@pytest.fixture
def data():
    rng = np.random.default_rng(42)
    X = rng.standard_normal((40, 5))
    X[:, 1] = X[:, 0] + 0.1 * rng.standard_normal(40)
    return X, X @ [1.0, 2.0, -1.0, 0.0, 0.5] + rng.standard_normal(40)


CLOSED_FORMS = {
    # (1/2m) |Xw - y|^2 + lambda |w|^2 : w = (X'X + 2 m lambda I)^-1 X'y
    "half_mean": lambda X, y, lam: np.linalg.solve(X.T @ X + 2 * len(y) * lam * np.eye(X.shape[1]), X.T @ y),
    # (1/n) |y - Xw|^2 + lambda |w|^2 : w = (X'X + n lambda I)^-1 X'y
    "mean": lambda X, y, lam: np.linalg.solve(X.T @ X + len(y) * lam * np.eye(X.shape[1]), X.T @ y),
    # |y - Xw|^2 + lambda |w|^2 : w = (X'X + lambda I)^-1 X'y
    "sum": lambda X, y, lam: np.linalg.solve(X.T @ X + lam * np.eye(X.shape[1]), X.T @ y),
    # (1/m) |y - Xw|^2 + (lambda/2m) |w|^2 : w = (X'X + lambda/2 I)^-1 X'y
    "notebook": lambda X, y, lam: np.linalg.solve(X.T @ X + lam / 2 * np.eye(X.shape[1]), X.T @ y),
}
OBJECTIVES = {
    "half_mean": lambda X, y, lam, w: np.sum((X @ w - y) ** 2) / (2 * len(y)) + lam * w @ w,
    "mean": lambda X, y, lam, w: np.mean((y - X @ w) ** 2) + lam * w @ w,
    "sum": lambda X, y, lam, w: np.sum((y - X @ w) ** 2) + lam * w @ w,
    "notebook": lambda X, y, lam, w: np.mean((y - X @ w) ** 2) + lam / (2 * len(y)) * w @ w,
}


@pytest.mark.parametrize("name", CLOSED_FORMS)
@pytest.mark.parametrize("lam", [0.01, 0.3, 20.0])
def test_closed_form(data, name, lam):
    X, y = data
    fit = ridge(X, y, lam, convention=name, fit_intercept=False)
    np.testing.assert_allclose(fit.coef, CLOSED_FORMS[name](X, y, lam), rtol=1e-11)
    # and it is a minimum of the objective written there
    best = OBJECTIVES[name](X, y, lam, fit.coef)
    for step in np.vstack([np.eye(5), -np.eye(5)]):
        assert OBJECTIVES[name](X, y, lam, fit.coef + 1e-4 * step) > best


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_invertible_with_more_features_than_samples(name):
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((6, 15)), rng.standard_normal(6)
    fit = ridge(X, y, 0.1, convention=name, fit_intercept=False)
    np.testing.assert_allclose(fit.coef, CLOSED_FORMS[name](X, y, 0.1), rtol=1e-10)


@pytest.mark.parametrize(
    "name, lam, decay, slope",
    [
        # w <- (1 - 2 eta lambda) w - eta grad, for half_mean and mean; (1 - eta lambda/m) for notebook
        ("half_mean", 0.4, lambda lam, m: 2 * lam, lambda X, r: X.T @ r / len(r)),
        ("mean", 0.4, lambda lam, m: 2 * lam, lambda X, r: 2 * X.T @ r / len(r)),
        ("notebook", 16.0, lambda lam, m: lam / m, lambda X, r: 2 * X.T @ r / len(r)),
        ("weight_decay", 0.4, lambda lam, m: lam, lambda X, r: X.T @ r / len(r)),
    ],
)
def test_weight_decay_leads_to_the_fit(data, name, lam, decay, slope):
    X, y = data
    eta = 0.05
    w = ridge(X, y, lam, convention=name, fit_intercept=False).coef
    step = w * (1 - eta * decay(lam, len(y))) - eta * slope(X, X @ w - y)
    np.testing.assert_allclose(step, w, rtol=1e-12)
    start = np.zeros(5)
    for _ in range(2000):
        start = start * (1 - eta * decay(lam, len(y))) - eta * slope(X, X @ start - y)
    np.testing.assert_allclose(start, w, rtol=1e-8)


def test_one_dimension(data):
    """(y - theta)^2 / 2 + lambda theta^2 / 2 is least at theta = y / (1 + lambda)."""
    for y in (3.0, -0.7):
        for lam in (0.0, 0.5, 1.0, 9.0):
            fit = ridge([[1.0]], [y], lam, fit_intercept=False)
            assert fit.coef[0] == pytest.approx(y / (1 + lam), rel=1e-14)


def test_orthonormal_columns_shrink_alike(data):
    X, y = data
    Q = np.linalg.qr(X)[0]
    least_squares = Q.T @ y
    for lam in (0.1, 1.0, 10.0):
        fit = ridge(Q, y, lam, convention="sum", fit_intercept=False)
        np.testing.assert_allclose(fit.coef, least_squares / (1 + lam), rtol=1e-12)


def test_singular_value_form(data):
    """w = V diag(d) Sigma^-1 U'y with d = sigma^2 / (sigma^2 + lambda)."""
    X, y = data
    lams = np.array([50.0, 1.0, 0.02])
    path = ridge_path(X, y, lams, convention="sum", fit_intercept=False)
    for k, lam in enumerate(lams):
        w, d, sigma = textbook.svd(X, y, lam)
        np.testing.assert_allclose(path.coefs[k], w[:, 0], rtol=1e-11)
        np.testing.assert_allclose(path.shrinkage_factors[k], d, rtol=1e-11)
        np.testing.assert_allclose(path.singular_values, sigma, rtol=1e-11)
        # d is what is left of least squares along each direction
        V = np.linalg.svd(X)[2]
        free = V @ np.linalg.lstsq(X, y, rcond=None)[0]
        np.testing.assert_allclose(V @ path.coefs[k], d * free, rtol=1e-9)
    assert (np.diff(path.shrinkage_factors, axis=1) < 0).all()  # small directions are shrunk more


def test_effective_degrees_of_freedom(data):
    """sum sigma^2 / (sigma^2 + lambda) = trace(X (X'X + lambda I)^-1 X'), from p at 0 down to 0."""
    X, y = data
    sigma = np.linalg.svd(X, compute_uv=False)
    for lam in (1e-9, 0.5, 10.0, 1e9):
        trace = np.trace(X @ np.linalg.solve(X.T @ X + lam * np.eye(5), X.T))
        fit = ridge(X, y, lam, convention="sum", fit_intercept=False)
        assert fit.effective_dof == pytest.approx(trace, rel=1e-9)
        assert fit.effective_dof == pytest.approx((sigma**2 / (sigma**2 + lam)).sum(), rel=1e-10)
    assert ridge(X, y, 0.0).effective_dof == pytest.approx(5)
    assert ridge(X, y, 1e-9, convention="sum").effective_dof == pytest.approx(5)
    assert ridge(X, y, 1e12).effective_dof == pytest.approx(0, abs=1e-9)


def test_a_larger_penalty_is_a_smaller_ball(data):
    """min L(w) subject to |w|^2 <= t: of all w no longer than the fit, none has a smaller loss."""
    X, y = data
    lengths = []
    rng = np.random.default_rng(7)
    for alpha in (0.01, 0.1, 1.0, 10.0):
        w = ridge(X, y, alpha, fit_intercept=False).coef
        lengths.append(np.linalg.norm(w))
        loss = np.sum((y - X @ w) ** 2)
        for _ in range(200):
            other = w + 0.1 * lengths[-1] * rng.standard_normal(5)
            other *= min(1.0, lengths[-1] / np.linalg.norm(other))
            assert np.sum((y - X @ other) ** 2) > loss
        assert (w != 0).all()  # shrunk, but never to zero
    assert (np.diff(lengths) < 0).all()


def test_maximum_a_posteriori(data):
    """Prior N(0, tau^2 I) and noise N(0, sigma^2): the mode is ridge with lambda = sigma^2 / tau^2."""
    X, y = data
    noise, prior = 0.7, 0.3
    fit = ridge(X, y, noise**2 / prior**2, convention="sum", fit_intercept=False)

    def slope(w):
        return X.T @ (y - X @ w) / noise**2 - w / prior**2

    assert np.abs(slope(fit.coef)).max() < 1e-10 * np.abs(slope(np.zeros(5))).max()


def test_correlated_features_share_the_weight(data):
    X, y = data
    X[:, 1] = X[:, 0]
    fit = ridge(X, y, 0.1)
    assert fit.coef[0] == pytest.approx(fit.coef[1], rel=1e-12)
    single = ridge(X[:, [0, 2, 3, 4]], y, 0.1, penalty_factor=[0.5, 1, 1, 1])
    assert fit.coef[0] + fit.coef[1] == pytest.approx(single.coef[0], rel=1e-12)


def test_the_intercept_is_not_shrunk(data):
    X, y = data
    X = X - X.mean(axis=0)
    assert ridge(X, y + 100.0, 1e9).intercept == pytest.approx(y.mean() + 100.0, rel=1e-14)


def test_leave_one_out_is_the_press_residual(data):
    """e_i = (y_i - yhat_i) / (1 - h_ii) with h the diagonal of the hat matrix."""
    X, y = data
    H = textbook.hat(X, 0.2)
    found = ridge_cv(X, y, [0.2], store_errors=True)
    np.testing.assert_allclose(found.errors[0], (y - H @ y) / (1 - np.diagonal(H)), rtol=1e-11)
    gcv = ridge_cv(X, y, [0.2], method="gcv")
    assert gcv.score == pytest.approx(np.mean((y - H @ y) ** 2) / (1 - np.trace(H) / 40) ** 2, rel=1e-11)
