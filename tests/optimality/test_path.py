"""A path against single fits, and its spectrum against a singular value decomposition."""

import numpy as np
import pytest

from shrinkage import IllConditionedWarning, ridge, ridge_cv, ridge_path
from shrinkage.reference import ridge as textbook


def penalty_scaled(X, y, sample_weight=None, penalty_factor=None, fit_intercept=True):
    """S^1/2 (X - mean) diag(v)^-1/2 less excluded features, free ones and the intercept projected out."""
    s = np.ones(len(X)) if sample_weight is None else sample_weight
    v = np.ones(X.shape[1]) if penalty_factor is None else penalty_factor
    free = [np.ones((len(X), 1))] * fit_intercept + [X[:, v == 0]]
    N = np.sqrt(s)[:, None] * np.hstack(free)
    Q = np.linalg.qr(N)[0]
    kept = (v > 0) & np.isfinite(v)
    Z = np.sqrt(s)[:, None] * X[:, kept] / np.sqrt(v[kept])
    return Z - Q @ (Q.T @ Z), s.sum()


@pytest.mark.parametrize("kind", ["random", "collinear", "wide", "square"])
def test_path_is_the_single_fits(problem, options):
    X, y = problem
    Y = np.column_stack([y, np.sin(3.0 * y)])
    alphas = [1e-4, 10.0, 0.3]
    path, one = ridge_path(X, Y, alphas, **options), ridge_path(X, y, alphas, **options)
    np.testing.assert_array_equal(path.alphas, [10.0, 0.3, 1e-4])
    assert path.coefs.shape == (3, 2, X.shape[1])
    assert one.coefs.shape == (3, X.shape[1])
    assert len(path) == len(path.certificates) == len(list(path)) == 3
    coefs, intercepts = textbook.path(X, Y, path.alphas, **options)
    for k, alpha in enumerate(path.alphas):
        fit = ridge(X, Y, alpha, **options)
        limit = 1e-9 * np.abs(fit.coef).max()
        np.testing.assert_allclose(path.coefs[k], fit.coef, rtol=0, atol=limit)
        np.testing.assert_allclose(path.coefs[k], coefs[k], rtol=0, atol=limit)
        np.testing.assert_allclose(one.coefs[k], fit.coef[0], rtol=0, atol=limit)
        np.testing.assert_allclose(path.intercepts[k], intercepts[k], rtol=0, atol=10 * limit + 1e-12)
        np.testing.assert_allclose(path.effective_dof[k], fit.effective_dof, rtol=1e-9)
        taken = path[k]
        assert taken.alpha == alpha
        assert taken.certificate == path.certificates[k]
        assert taken.certificate.objective == pytest.approx(fit.certificate.objective, rel=1e-12, abs=1e-15)
        np.testing.assert_array_equal(taken.coef, path.coefs[k])
        np.testing.assert_allclose(taken.intercept, path.intercepts[k], rtol=1e-13, atol=1e-13)
        np.testing.assert_array_equal(path.predict(X, alpha), taken.predict(X))
        np.testing.assert_allclose(path.predict(X)[k], taken.predict(X), rtol=1e-12)
    np.testing.assert_array_equal(path[-1].coef, path[2].coef)
    with pytest.raises(IndexError):
        path[3]


@pytest.mark.parametrize("kind", ["random", "collinear", "constant", "wide", "square"])
def test_shrinkage_factors_are_those_of_the_singular_values(problem, options):
    X, y = problem
    alphas = np.array([3.0, 1e-2])
    path = ridge_path(X, y, alphas, **options)
    Z, W = penalty_scaled(X, y, **options)
    sigma = np.linalg.svd(Z, compute_uv=False)
    r = len(path.singular_values)
    # a Gram matrix knows sigma to eps sigma_max^2 / sigma
    top = sigma[0]
    expected = np.pad(sigma, (0, max(0, r - len(sigma))))
    np.testing.assert_allclose(path.singular_values**2, expected[:r] ** 2, rtol=1e-10, atol=1e-13 * top**2)
    assert (expected[r:] <= 1e-7 * top).all()
    assert (np.diff(path.singular_values) <= 0).all()
    for k, alpha in enumerate(alphas):
        d = path.singular_values**2 / (path.singular_values**2 + W * alpha)
        np.testing.assert_allclose(path.shrinkage_factors[k], d, rtol=1e-12, atol=1e-13)
    free = int((options.get("penalty_factor", np.ones(X.shape[1])) == 0).sum())
    np.testing.assert_allclose(path.effective_dof, path.shrinkage_factors.sum(axis=1) + free, rtol=1e-12)


@pytest.mark.parametrize("kind", ["random", "scaled", "wide"])
@pytest.mark.parametrize("convention", ["canonical", "sum", "mean"])
def test_default_grid(problem, settings, kind, convention):
    if kind == "scaled":
        problem = (problem.X / np.abs(problem.X).max(axis=0) * [1.0, 10.0, 0.1, 3.0, 1.0], problem.y)
    X, y = problem
    options = settings("weighted", *X.shape)
    path = ridge_path(X, y, n_alphas=7, convention=convention, **options)
    Z, W = penalty_scaled(X, y, **options)
    sigma = np.linalg.svd(Z, compute_uv=False)
    sigma = sigma[sigma**2 > 1e-8 * sigma[0] ** 2]
    unit = {"canonical": 1 / W, "sum": 1.0, "mean": 1 / W / 1.0}[convention]
    if convention == "mean":
        unit = 1 / W  # (X'X + n lambda I): lambda_mean = lambda / n
    np.testing.assert_allclose(path.alphas, unit * np.geomspace(10 * sigma[0] ** 2, sigma[-1] ** 2 / 100, 7), rtol=1e-8)
    assert path.shrinkage_factors[0].max() <= 1 / 11 + 1e-9
    assert path.shrinkage_factors[-1][: len(sigma)].min() >= 0.99 - 1e-6
    np.testing.assert_array_equal(ridge_cv(X, y, n_alphas=7, convention=convention, **options).alphas, path.alphas)


def test_grid_of_a_matrix_of_zeros():
    path = ridge_path(np.zeros((5, 2)), np.arange(5.0), n_alphas=3)
    assert np.isfinite(path.alphas).all()
    assert not path.coefs.any()
    np.testing.assert_allclose(path.intercepts, 2.0)


def test_coefficients_grow_as_alpha_falls(make):
    path = ridge_path(*make("random"), n_alphas=30)
    assert (np.diff(np.linalg.norm(path.coefs, axis=1)) > 0).all()
    assert (np.diff(path.effective_dof) > 0).all()
    assert (np.diff([c.objective for c in path.certificates]) < 0).all()


def test_score_is_the_share_of_variance_explained(make):
    X, y = make("random")
    Y, s = np.column_stack([y, y**2]), np.linspace(0.0, 2.0, len(y))
    fit = ridge(X, Y, 0.1)
    left = s @ (Y - fit.predict(X)) ** 2
    whole = s @ (Y - s @ Y / s.sum()) ** 2
    assert fit.score(X, Y, s) == pytest.approx(np.mean(1 - left / whole), rel=1e-12)
    single = ridge(X, y, 0.1)
    residual = y - single.predict(X)
    assert single.score(X, y) == pytest.approx(1 - residual @ residual / ((y - y.mean()) @ (y - y.mean())))
    assert np.isnan(single.score(X, np.ones(len(y))))


@pytest.mark.parametrize("free", [0, 2])
def test_least_squares_on_wide_data_has_its_gap_too(free):
    rng = np.random.default_rng(3)
    X, y = rng.standard_normal((10, 30)), rng.standard_normal(10)
    v = np.r_[np.zeros(free), np.ones(30 - free)]
    with pytest.warns(IllConditionedWarning):
        path = ridge_path(X, y, alphas=[1.0, 0.0], penalty_factor=v)
    assert all(one.relative_gap < 1e-12 for one in path.certificates)
