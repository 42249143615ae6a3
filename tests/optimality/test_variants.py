"""Norm budgets and general penalties against their optimality conditions, other optimizers and formulas written out."""

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse as sp

from shrinkage import IllConditionedWarning, conventions, ridge, ridge_constrained, ridge_tikhonov

OPTIONS = {
    "plain": {},
    "weights": {"sample_weight": np.r_[np.zeros(5), np.linspace(0.5, 2.0, 35)]},
    "no intercept": {"fit_intercept": False},
    "factors": {"penalty_factor": "mixed"},
    "standardize": {"standardize": True},
}


def data(p, t=None, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((40, p)) * np.linspace(0.5, 2.0, p) + 1.0
    Y = X[:, : (t or 1)] * 3.0 + rng.standard_normal((40, t or 1)) + 2.0
    return X.astype(dtype), Y if t else Y[:, 0]


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("p", [7, 60])
@pytest.mark.parametrize("radius", [1e-6, 1e-3, 0.05])
def test_budget_that_binds(name, p, radius):
    """The norm is the radius, and the answer is ridge's at the alpha that came back."""
    X, y = data(p)
    options, v = dict(OPTIONS[name]), np.ones(p)
    if name == "factors":
        options["penalty_factor"] = v = np.where(np.arange(p) == 0, 0.0, np.where(np.arange(p) == 3, np.inf, 1.5))
    fit = ridge_constrained(X, y, radius, **options)
    if name == "standardize":
        v = np.square(fit.feature_scale)
    used = fit.coef[np.isfinite(v)]
    assert fit.alpha > 0
    assert v[np.isfinite(v)] @ used**2 == pytest.approx(radius, rel=1e-9)
    np.testing.assert_allclose(fit.coef, ridge(X, y, fit.alpha, **options).coef, rtol=1e-9, atol=1e-12)
    assert fit.certificate.converged


def test_budget_against_a_general_optimizer():
    X, y = data(4)
    fit = ridge_constrained(X, y, 2.0)

    def loss(z):
        return 0.5 * np.mean((y - z[0] - X @ z[1:]) ** 2)

    found = scipy.optimize.minimize(
        loss, np.zeros(5), method="SLSQP", options={"ftol": 1e-15, "maxiter": 500},
        constraints={"type": "ineq", "fun": lambda z: 2.0 - z[1:] @ z[1:]},
    )  # fmt: skip
    assert loss(np.r_[fit.intercept, fit.coef]) <= found.fun + 1e-10
    np.testing.assert_allclose(fit.coef, found.x[1:], atol=1e-5)


def test_budget_that_does_not_bind():
    X, y = data(5)
    free = ridge(X, y, 0.0)
    fit = ridge_constrained(X, y, 1.01 * free.coef @ free.coef)
    assert fit.alpha == 0
    np.testing.assert_allclose(fit.coef, free.coef, rtol=1e-10)
    almost = ridge_constrained(X, y, 0.999999 * free.coef @ free.coef)
    assert 0 < almost.alpha < 1e-3
    wide, target = data(60)
    with pytest.warns(IllConditionedWarning):
        least = ridge_constrained(wide, target, 1e6)
    np.testing.assert_allclose(wide @ least.coef + least.intercept, target, atol=1e-9)


@pytest.mark.parametrize("convention", sorted(conventions.CONVENTIONS))
def test_budgets_of_several_targets_in_every_convention(convention):
    X, Y = data(7, 3)
    Y[:, 2] *= 1e-4  # keeps within the budget
    fit = ridge_constrained(X, Y, 1.0, convention=convention, sample_weight=np.linspace(1.0, 3.0, 40))
    for c in range(3):
        own = ridge_constrained(X, Y[:, c], 1.0, sample_weight=np.linspace(1.0, 3.0, 40))
        np.testing.assert_allclose(fit.coef[c], own.coef, rtol=1e-9)
        alpha = conventions.ridge_alpha(fit.alpha[c], convention, sum_weights=80.0)
        assert alpha == pytest.approx(own.alpha, rel=1e-9)


def test_budget_of_float32_sparse_and_no_features():
    X, y = data(7, dtype=np.float32)
    expected = ridge_constrained(X.astype(float), y, 1.0)
    for given in (X, np.asfortranarray(X), sp.csr_array(X)):
        np.testing.assert_allclose(ridge_constrained(given, y, 1.0).coef, expected.coef, rtol=1e-7)
    assert ridge_constrained(np.empty((40, 0)), y, 1.0).alpha == 0


@pytest.mark.parametrize("size", [1e-120, 1e-60, 1e52, 1e60])
@pytest.mark.parametrize("p", [7, 60])
def test_budget_of_data_of_any_size(size, p):
    X, y = data(p)
    plain, scaled = ridge_constrained(X, y, 0.05), ridge_constrained(X * size, y, 0.05 / size**2)
    assert scaled.alpha == pytest.approx(plain.alpha * size**2, rel=1e-9)
    np.testing.assert_allclose(scaled.coef * size, plain.coef, rtol=1e-8, atol=1e-12)
    with pytest.raises(ValueError, match="radius is 1e-300, so little that its alpha overflows"):
        ridge_constrained(X * 1e60, y, 1e-300)


@pytest.mark.parametrize("radius", [0, -1.0, np.inf, np.nan, True, None, "1", [1.0]])
def test_refused_radius(radius):
    with pytest.raises((TypeError, ValueError), match="radius must be"):
        ridge_constrained(*data(4), radius)


# ---------------------------------------------------------------------------------------------- general penalties


def matrices(p):
    rng = np.random.default_rng(1)
    root = rng.standard_normal((p, p))
    first, second = np.diff(np.eye(p), axis=0), np.diff(np.eye(p), n=2, axis=0)
    return {
        "definite": (root @ root.T, root @ root.T),
        "identity": (np.eye(p), np.eye(p)),
        "operator": (first, first.T @ first),
        "sparse operator": (sp.csr_array(second), second.T @ second),
        "order 0": (0, np.eye(p)),
        "order 2": (2, second.T @ second),
        "rank one": (np.ones((p, p)), np.ones((p, p))),
    }


@pytest.mark.parametrize("name", list(matrices(6)))
@pytest.mark.parametrize("p", [6, 50])
@pytest.mark.parametrize("weighted", [False, True])
def test_tikhonov_is_its_normal_equations(name, p, weighted):
    penalty, P = matrices(p)[name]
    X, y = data(p)
    s = np.linspace(0.5, 2.0, 40) if weighted else np.ones(40)
    alpha = 0.3
    if name == "rank one" and p > 40:
        return  # not determined
    fit = ridge_tikhonov(X, y, alpha, penalty, sample_weight=s if weighted else None)
    Z, t = X - s @ X / s.sum(), y - s @ y / s.sum()
    A = Z.T @ (s[:, None] * Z) / s.sum() + alpha * P
    np.testing.assert_allclose(A @ fit.coef, Z.T @ (s * t) / s.sum(), atol=1e-11 * np.abs(A).max())
    np.testing.assert_allclose(fit.intercept, s @ (y - X @ fit.coef) / s.sum(), rtol=1e-10)
    assert fit.certificate.converged
    residual = y - fit.predict(X)
    objective = s @ residual**2 / s.sum() / 2 + alpha * fit.coef @ P @ fit.coef / 2
    assert fit.certificate.objective == pytest.approx(objective, rel=1e-10)
    if name in ("identity", "order 0"):
        plain = ridge(X, y, alpha, sample_weight=s)
        np.testing.assert_allclose(fit.coef, plain.coef, rtol=1e-9, atol=1e-12)
        assert fit.effective_dof == pytest.approx(plain.effective_dof, rel=1e-9)


def test_differences_leave_lines_alone():
    """Second differences of any strength end in the best straight line."""
    X, y = data(8)
    fit = ridge_tikhonov(X, y, 1e9, 2)
    position = np.column_stack([np.ones(8), np.arange(8.0)])
    line = ridge(X @ position, y, 0.0)
    np.testing.assert_allclose(fit.coef, position @ line.coef, atol=1e-7)


def test_tikhonov_of_several_targets_and_layouts():
    X, Y = data(7, 3)
    fit = ridge_tikhonov(X, Y, [0.1, 1.0, 10.0], 1, convention="sum")
    for c, alpha in enumerate([0.1, 1.0, 10.0]):
        own = ridge_tikhonov(sp.csc_array(X), Y[:, c], alpha, 1, convention="sum")
        np.testing.assert_allclose(fit.coef[c], own.coef, rtol=1e-9)
    single = ridge_tikhonov(X.astype(np.float32), Y[:, 0], 0.1, 1)
    np.testing.assert_allclose(single.coef, ridge_tikhonov(X.astype(np.float32).astype(float), Y[:, 0], 0.1, 1).coef)


REFUSED = {
    "columns": (np.eye(5), r"penalty has shape \(5, 5\): X has 4 features, so it must have 4 columns"),
    "lopsided": (np.triu(np.ones((4, 4))), "penalty is not symmetric .*: pass L.T @ L for an operator L"),
    "indefinite": (np.diag([1.0, 1.0, 1.0, -1.0]), "penalty has the eigenvalue -1: it must be positive semidefinite"),
    "negative": (-np.eye(4), "penalty has the eigenvalue -1"),
    "nan": (np.diag([1.0, np.nan, 1.0, 1.0]), "penalty contains NaN or infinity"),
    "order": (4, "penalty, an order of differences, must be from 0 to 3, got 4"),
    "True": (True, "penalty must be a matrix or an order of differences, got True"),
    "vector": (np.ones(4), "penalty must be an integer, an order of differences, or a matrix with 4 columns"),
    "float": (1.0, "penalty must be an integer, .*, got 1.0"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_penalties(name):
    penalty, message = REFUSED[name]
    with pytest.raises((TypeError, ValueError), match=message):
        ridge_tikhonov(*data(4), 1.0, penalty)


@pytest.mark.parametrize("sparse", [False, True])
def test_tikhonov_does_not_mind_columns_of_different_sizes(sparse):
    """Scaling a column and the penalty with it scales its coefficient, to the last digits."""
    X, Y = data(7, 2)
    P = matrices(7)["definite"][0]
    scale = 10.0 ** np.array([0, -9, 9, 3, -12, 0, 6])
    plain = ridge_tikhonov(X, Y, [0.3, 0.02], P)
    scaled = ridge_tikhonov(
        sp.csc_array(X * scale) if sparse else X * scale, Y, [0.3, 0.02], P * np.outer(scale, scale)
    )
    np.testing.assert_allclose(scaled.coef * scale, plain.coef, rtol=1e-11)
    np.testing.assert_allclose(scaled.effective_dof, plain.effective_dof, rtol=1e-11)
    for c, alpha in enumerate([0.3, 0.02]):
        alone = ridge_tikhonov(X, Y[:, c], alpha, P)
        np.testing.assert_allclose(plain.coef[c], alone.coef, rtol=1e-12)
    assert plain.certificate.converged
    assert scaled.certificate.converged
    assert scaled.certificate.objective == pytest.approx(plain.certificate.objective, rel=1e-12)


def test_a_strong_penalty_leaves_what_it_does_not_penalize_its_digits():
    """Second differences: as alpha grows the coefficients go to a straight line, of least squares, like 1/alpha."""
    rng = np.random.default_rng(4)
    X, y = rng.standard_normal((25, 10)), rng.standard_normal(25)
    line = np.column_stack([np.ones(10), np.arange(10.0)])
    Z, t = X - X.mean(axis=0), y - y.mean()
    limit = line @ np.linalg.lstsq(Z @ line, t, rcond=None)[0]
    fits = {alpha: ridge_tikhonov(X, y, alpha, 2) for alpha in (1e5, 1e7, 1e8)}
    away = {alpha: alpha * (fit.coef - limit) for alpha, fit in fits.items()}
    np.testing.assert_allclose(away[1e7], away[1e5], rtol=1e-2, atol=1e-4)
    np.testing.assert_allclose(away[1e8], away[1e7], rtol=1e-2, atol=1e-4)
    assert all(fit.certificate.converged for fit in fits.values())
