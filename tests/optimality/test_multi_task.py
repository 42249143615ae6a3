"""Joint elastic nets of several targets: optimal by plain formulas, and what they must have in common with others."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp

from shrinkage import alpha_max, cross_validate, elastic_net, elastic_net_path, ridge

KINDS = ("random", "duplicated", "constant", "scaled", "far", "wide", "long")
SETTINGS = ("plain", "no intercept", "weighted", "factors", "standardize", "offset", "everything")


def build(kind):
    rng = np.random.default_rng(KINDS.index(kind))
    n, p = {"wide": (12, 30), "long": (90, 6)}.get(kind, (30, 10))
    X = rng.standard_normal((n, p)) + 0.5
    if kind == "duplicated":
        X[:, 4], X[:, 5] = X[:, 0], -X[:, 0]
    elif kind == "constant":
        X[:, 1] = 3.7
    elif kind == "scaled":
        X *= np.resize([1.0, 1e4, 1e-4], p)
    elif kind == "far":
        X += 1e5 * np.resize([1.0, -1.0, 0.0, 0.3], p)
    standard = (X - X.mean(axis=0)) / np.where(X.std(axis=0) > 0, X.std(axis=0), 1.0)
    B = np.array([[2.0, -1.0, 0.3], [0.1, 0.4, 1.0], [0.0, 1.0, 1.0]])
    return X, standard[:, [0, 2, -1]] @ B + rng.standard_normal((n, 3))


def choose(setting, n, p):
    rng = np.random.default_rng(99)
    weight, factor = rng.uniform(0.2, 3.0, n), np.resize([2.0, 0.5, 0.0, np.inf, 1.5, 1.0], p)
    weight[[1, 4]] = 0.0
    parts = {
        "plain": {},
        "no intercept": {"fit_intercept": False},
        "weighted": {"sample_weight": weight},
        "factors": {"penalty_factor": factor},
        "standardize": {"standardize": True},
        "offset": {"offset": np.linspace(-3.0, 5.0, n)},
    }
    return (
        {name: value for part in parts.values() for name, value in part.items()}
        if setting == "everything"
        else (parts[setting])
    )


def proof(X, Y, alpha, fit, l1_ratio=1.0, sample_weight=None, penalty_factor=None, fit_intercept=True,
          standardize=False, offset=None):  # fmt: skip
    """(objective, optimality conditions over what they are made of) by plain formulas."""
    n, p = X.shape
    s = np.ones(n) if sample_weight is None else sample_weight
    v = np.ones(p) if penalty_factor is None else penalty_factor
    Y = Y if offset is None else Y - offset[:, None]
    mean = s @ X / s.sum() if fit_intercept else np.zeros(p)
    scale = np.sqrt(s @ np.square(X - mean) / s.sum()) if standardize else np.ones(p)
    kept = np.isfinite(v) & (scale > 0)
    W, R = fit.coef.T, Y - fit.predict(X)
    assert not W[~kept].any()
    v, size = np.where(kept, v, 0.0), np.sqrt(np.square(W).sum(axis=1))
    l1, l2 = alpha * l1_ratio * v * scale, alpha * (1 - l1_ratio) * v * scale**2
    objective = 0.5 * float(s @ np.square(R).sum(axis=1)) / s.sum() + l1 @ size + 0.5 * l2 @ size**2
    g = (X - mean).T @ (s[:, None] * R) / s.sum() - l2[:, None] * W
    made_of = np.sqrt(s @ np.square(X - mean) / s.sum() * (s @ np.square(Y).sum(axis=1)) / s.sum()) + l1 + 1e-300
    norm = np.sqrt(np.square(g).sum(axis=1))
    direction = W / np.where(size > 0, size, 1.0)[:, None]
    off = np.sqrt(np.square(g - l1[:, None] * direction).sum(axis=1))
    wrong = np.where(size > 0, off, np.maximum(norm - l1, 0.0)) / made_of
    intercept = np.abs(s @ R) / (s.sum() * np.sqrt(np.square(Y).mean())) if fit_intercept else 0.0
    return objective, max(float(wrong[kept].max()), float(np.max(intercept)))


@pytest.mark.parametrize("kind, setting", itertools.product(KINDS, SETTINGS))
@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
def test_optimal(kind, setting, l1_ratio):
    X, Y = build(kind)
    options = choose(setting, *X.shape) | {"l1_ratio": l1_ratio}
    if kind == "far" and not options.get("fit_intercept", True):
        pytest.skip("nothing removes means of 1e5")
    top = alpha_max(X, Y, multi_task=True, **options)
    for share in (0.5, 0.03):
        fit = elastic_net(X, Y, share * top, multi_task=True, tol=1e-10, **options)
        objective, wrong = proof(X, Y, share * top, fit, **options)
        found = fit.certificate
        assert found.converged and 0 <= found.relative_gap <= 1e-10
        assert found.objective == pytest.approx(objective, rel=1e-10)
        # the gap bounds the square of the distance
        assert wrong <= 3e-5
        used = fit.coef.any(axis=0)
        assert (fit.coef[:, used] != 0).any(axis=0).all()
        assert used.any()


@pytest.mark.parametrize("l1_ratio", [1.0, 0.3])
@pytest.mark.parametrize("setting", SETTINGS)
def test_alpha_max_is_exact(l1_ratio, setting):
    X, Y = build("random")
    options = choose(setting, *X.shape) | {"l1_ratio": l1_ratio}
    top = alpha_max(X, Y, multi_task=True, **options)
    penalized = options.get("penalty_factor", np.ones(X.shape[1])) > 0
    for share, zero in ((1 + 1e-9, True), (1 - 1e-6, False)):
        fit = elastic_net(X, Y, share * top, multi_task=True, tol=1e-15, **options)
        assert (not fit.coef[:, penalized].any()) == zero


@pytest.mark.parametrize("form", ["F", "float32", "csc", "csr"])
def test_layouts_agree(form):
    X, Y = build("random")
    X = X.astype(np.float32).astype(np.float64)
    X[np.abs(X) < 0.3] = 0.0
    other = {"F": np.asfortranarray, "float32": np.float32, "csc": sp.csc_array, "csr": sp.csr_array}[form](X)
    alpha = 0.05 * alpha_max(X, Y, multi_task=True)
    one, two = (elastic_net(A, Y, alpha, multi_task=True, tol=1e-13) for A in (X, other))
    np.testing.assert_allclose(two.coef, one.coef, atol=1e-6)
    np.testing.assert_allclose(two.intercept, one.intercept, atol=1e-6)
    assert two.certificate.converged


def test_weights_are_repeated_rows():
    X, Y = build("random")
    s = np.resize([0, 1, 2, 3], len(X))
    alpha = 0.05 * alpha_max(X, Y, multi_task=True)
    one = elastic_net(X, Y, alpha, sample_weight=s, multi_task=True, tol=1e-13)
    two = elastic_net(np.repeat(X, s, axis=0), np.repeat(Y, s, axis=0), alpha, multi_task=True, tol=1e-13)
    np.testing.assert_allclose(one.coef, two.coef, atol=1e-6)


def test_one_target_is_the_lasso():
    X, Y = build("wide")
    alpha = 0.1 * alpha_max(X, Y[:, 0])
    one = elastic_net(X, Y[:, 0], alpha)
    two = elastic_net(X, Y[:, :1], alpha, multi_task=True)
    assert two.coef.shape == (1, X.shape[1])
    np.testing.assert_array_equal(two.coef[0], one.coef)
    assert alpha_max(X, Y[:, :1], multi_task=True) == alpha_max(X, Y[:, 0])


def test_the_same_target_twice_is_the_lasso_with_more_penalty():
    """|(w, w)| = sqrt(2) |w|, and the loss is twice as large."""
    X, Y = build("random")
    y = Y[:, 0]
    alpha = 0.1 * alpha_max(X, y)
    one = elastic_net(X, y, alpha, tol=1e-13)
    two = elastic_net(X, np.column_stack([y, y]), np.sqrt(2) * alpha, multi_task=True, tol=1e-13)
    np.testing.assert_allclose(two.coef, [one.coef, one.coef], atol=1e-6)


def test_rotating_the_targets_rotates_the_coefficients():
    X, Y = build("random")
    Q = np.linalg.qr(np.random.default_rng(3).standard_normal((3, 3)))[0]
    alpha = 0.05 * alpha_max(X, Y, multi_task=True)
    one = elastic_net(X, Y, alpha, multi_task=True, tol=1e-13)
    two = elastic_net(X, Y @ Q, alpha, multi_task=True, tol=1e-13)
    np.testing.assert_allclose(two.coef, Q.T @ one.coef, atol=1e-6)


def test_ridge_is_ridge():
    X, Y = build("random")
    one, two = elastic_net(X, Y, 0.3, l1_ratio=0.0, multi_task=True), ridge(X, Y, 0.3)
    np.testing.assert_allclose(one.coef, two.coef, rtol=1e-12)


@pytest.mark.parametrize("l1_ratio, factor", [(1.0, None), (0.5, None), (1.0, 0.0), (0.5, 0.0)])
def test_degrees_of_freedom_are_the_divergence_of_the_fit(l1_ratio, factor):
    """sum of d fitted / d y over rows and targets, by central differences."""
    X, Y = build("random")
    v = np.ones(X.shape[1])
    v[0] = 1.0 if factor is None else factor
    options = {"l1_ratio": l1_ratio, "penalty_factor": v, "multi_task": True, "tol": 1e-15}
    alpha = 0.2 * alpha_max(X, Y, l1_ratio=l1_ratio, penalty_factor=v, multi_task=True)
    total, h = 0.0, 1e-5
    for i, t in np.ndindex(Y.shape):
        shift = np.zeros(Y.shape)
        shift[i, t] = h
        up, down = (elastic_net(X, Y + sign * shift, alpha, **options).predict(X)[i, t] for sign in (1, -1))
        total += (up - down) / (2 * h)
    assert elastic_net(X, Y, alpha, **options).effective_dof == pytest.approx(total - Y.shape[1], abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_a_path_is_its_solutions(kind, l1_ratio):
    X, Y = build(kind)
    path = elastic_net_path(X, Y, 12, l1_ratio=l1_ratio, multi_task=True, tol=1e-13)
    assert path.coefs.shape == (X.shape[1], 12 * 3)
    assert path.intercepts.shape == (12, 3)
    assert path.predict(X).shape == (len(X), 12, 3)
    for k in (0, 5, 11):
        fit, one = path[k], elastic_net(X, Y, float(path.alphas[k]), l1_ratio=l1_ratio, multi_task=True, tol=1e-13)
        assert fit.certificate.converged
        assert fit.certificate.objective == pytest.approx(one.certificate.objective, rel=1e-11)
        np.testing.assert_allclose(fit.predict(X), one.predict(X), atol=1e-5)
        np.testing.assert_allclose(path.predict(X)[:, k], fit.predict(X), atol=1e-12)
        np.testing.assert_array_equal(path.active(k), np.flatnonzero(fit.coef.any(axis=0)))
        assert path.n_active[k] == len(path.active(k))
    middle = path.predict(X, float((path.alphas[5] + path.alphas[6]) / 2))
    np.testing.assert_allclose(middle, (path[5].predict(X) + path[6].predict(X)) / 2, atol=1e-12)
    rest = (Y - Y.mean(axis=0)) ** 2
    np.testing.assert_allclose(
        path.deviance_explained[7], 1 - ((Y - path[7].predict(X)) ** 2).sum() / rest.sum(), atol=1e-10
    )
    assert any(path.select().alpha == alpha for alpha in path.alphas)


def test_a_start_changes_nothing_but_rounding():
    X, Y = build("wide")
    alpha = 0.1 * alpha_max(X, Y, multi_task=True)
    one = elastic_net(X, Y, alpha, multi_task=True, tol=1e-13)
    two = elastic_net(X, Y, 0.9 * alpha, multi_task=True, tol=1e-13, start=one)
    three = elastic_net(X, Y, 0.9 * alpha, multi_task=True, tol=1e-13)
    np.testing.assert_allclose(two.coef, three.coef, atol=1e-6)


@pytest.mark.parametrize("kind", ["long", "wide"])
@pytest.mark.parametrize("metric", ["mse", "mae", "function"])
def test_folds_are_fits_of_their_training_rows(kind, metric):
    X, Y = build(kind)
    measure = {
        "mse": lambda y, f, w: w @ np.square(y - f).mean(axis=1) / w.sum(),
        "mae": lambda y, f, w: w @ np.abs(y - f).mean(axis=1) / w.sum(),
        "function": lambda y, f, w: float(np.max(np.abs(y - f))),
    }[metric]
    alphas = np.array([0.5, 0.05]) * alpha_max(X, Y, multi_task=True)
    found = cross_validate(
        X, Y, alphas, folds=3, metric=measure if metric == "function" else metric, multi_task=True, tol=1e-12
    )
    for k, test in enumerate(np.array_split(np.arange(len(X)), 3)):
        train = np.setdiff1d(np.arange(len(X)), test)
        for i, alpha in enumerate(alphas):
            fit = elastic_net(X[train], Y[train], alpha, multi_task=True, tol=1e-12)
            expected = measure(Y[test], fit.predict(X[test]), np.ones(len(test)))
            assert found.fold_scores[k, 0, i] == pytest.approx(expected, rel=1e-5)
    assert found.fit.coef.shape == (3, X.shape[1])


@pytest.mark.parametrize(
    "change, words",
    [
        ({"y": np.ones(30)}, "multi_task needs y of shape"),
        ({"y": np.ones((30, 0))}, "y"),
        ({"lower": 0.0}, "multi_task takes no lower and upper"),
        ({"upper": np.ones(10)}, "multi_task takes no lower and upper"),
        ({"alpha": [0.1, 0.1, 0.1]}, "alpha"),
        ({"multi_task": 1.5}, "multi_task must be"),
        ({"start": np.zeros(10)}, "start must have shape"),
    ],
)
def test_bad_input(change, words):
    X, Y = build("random")
    arguments = {"y": Y, "alpha": 0.1, "multi_task": True} | change
    with pytest.raises((ValueError, TypeError), match=words):
        elastic_net(X, **arguments)


def test_a_gap_that_is_not_reached_is_told():
    X, Y = build("duplicated")
    with pytest.warns(UserWarning, match="relative duality gap"):
        fit = elastic_net(X, Y, 0.01, multi_task=True, tol=1e-300)
    assert not fit.certificate.converged
    assert fit.certificate.relative_gap < 1e-12
