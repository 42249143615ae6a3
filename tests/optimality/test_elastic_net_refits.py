"""Fits that follow another, and fits from a Gram matrix of the caller's, hold against plain formulas on the data."""

import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp

from shrinkage import (
    IllConditionedWarning,
    adaptive_lasso,
    cross_validate,
    elastic_net,
    elastic_net_path,
    relaxed_lasso,
)

SETTINGS = (
    "plain", "no intercept", "weighted", "factors", "positive", "box", "offset", "standardize", "mixed", "sparse",
    "single",
)  # fmt: skip


def build(setting, n=60, p=12):
    """(X, y, options) of a problem with four features that matter."""
    rng = np.random.default_rng(SETTINGS.index(setting))
    X = rng.standard_normal((n, p)) * np.resize([1.0, 3.0, 0.5], p) + 0.7
    y = X[:, :4] @ [1.5, -0.8, 2.0, 0.5] + 0.5 * rng.standard_normal(n)
    weight = rng.uniform(0.2, 3.0, n)
    weight[[1, 4]] = 0.0
    factor = np.resize([1.0, 2.0, 0.5, np.inf, 1.5, 0.0], p)
    options = {
        "no intercept": {"fit_intercept": False},
        "weighted": {"sample_weight": weight},
        "factors": {"penalty_factor": factor, "sample_weight": weight},
        "positive": {"lower": 0.0},
        "box": {"lower": np.resize([-0.3, -np.inf], p), "upper": np.resize([0.9, 0.4, np.inf], p)},
        "offset": {"offset": rng.standard_normal(n)},
        "standardize": {"standardize": True, "sample_weight": weight},
        "mixed": {"l1_ratio": 0.6, "penalty_factor": factor},
    }.get(setting, {})
    if setting == "sparse":
        X = sp.csc_array(np.where(rng.random(X.shape) < 0.4, X, 0.0))
    return (X.astype(np.float32) if setting == "single" else X), y, options


def wide(X):
    return np.asarray(X.toarray() if sp.issparse(X) else X, dtype=np.float64)


def hold(fit, X, y, alpha, *, l1_ratio=1.0, sample_weight=None, penalty_factor=None, lower=None, upper=None,
         offset=None, fit_intercept=True, standardize=False):  # fmt: skip
    """The conditions of optimality of the documented objective, one feature at a time."""
    X, (n, p) = wide(X), X.shape
    s = np.ones(n) if sample_weight is None else sample_weight
    s = s / s.sum()
    v = np.ones(p) if penalty_factor is None else penalty_factor
    low = np.broadcast_to(-np.inf if lower is None else lower, p)
    high = np.broadcast_to(np.inf if upper is None else upper, p)
    mean = s @ X if fit_intercept else np.zeros(p)
    sd = np.sqrt(s @ np.square(X - mean)) if standardize else np.ones(p)
    w = fit.coef
    r = y - (0.0 if offset is None else offset) - fit.intercept - X @ w
    assert abs(s @ r) < 1e-9 if fit_intercept else fit.intercept == 0.0
    for j in range(p):
        tol = 1e-6 * np.sqrt(s @ np.square(X[:, j])) * np.sqrt(s @ np.square(y))
        if np.isinf(v[j]):
            assert w[j] == 0
            continue
        pull, level = (
            X[:, j] @ (s * r) - alpha * v[j] * (1 - l1_ratio) * w[j] * sd[j] ** 2,
            alpha * v[j] * l1_ratio * sd[j],
        )
        least, most = (-level if w[j] <= 0 else level), (level if w[j] >= 0 else -level)
        assert low[j] <= w[j] <= high[j]
        assert pull >= least - tol or w[j] == low[j], (j, pull, least)
        assert pull <= most + tol or w[j] == high[j], (j, pull, most)


# ------------------------------------------------------------------------------------------------- relaxed lasso


@pytest.mark.parametrize("phi", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("setting", SETTINGS)
def test_relaxed_lasso_is_optimal_on_what_was_chosen(setting, phi):
    X, y, options = build(setting)
    alpha = 0.3
    first = elastic_net(X, y, alpha, **options)
    fit = relaxed_lasso(X, y, alpha, phi, **options)
    v = options.get("penalty_factor", np.ones(X.shape[1]))
    chosen = (first.coef != 0) | (v == 0)
    assert 2 <= chosen.sum() < X.shape[1]
    assert (fit.penalty_factor == np.where(chosen, v, np.inf)).all()
    hold(fit, X, y, phi * alpha, **options | {"penalty_factor": fit.penalty_factor})
    assert fit.certificate.converged and fit.certificate.relative_gap <= 1e-8
    assert (fit.alpha, fit.l1_ratio) == (phi * alpha, options.get("l1_ratio", 1.0))
    assert (fit.n_samples, fit.n_features) == X.shape
    np.testing.assert_allclose(fit.predict(X), wide(X) @ fit.coef + fit.intercept, atol=1e-12)
    if phi == 1.0:
        np.testing.assert_allclose(fit.coef, first.coef, atol=1e-6)


def test_relaxed_to_nothing_is_least_squares():
    X, y, _ = build("plain")
    fit = relaxed_lasso(X, y, 0.5)
    kept = np.flatnonzero(fit.coef)
    A = np.column_stack([np.ones(len(y)), X[:, kept]])
    wanted = np.linalg.lstsq(A, y, rcond=None)[0]
    np.testing.assert_allclose(np.r_[fit.intercept, fit.coef[kept]], wanted, atol=1e-12)
    assert fit.effective_dof == len(kept)


def test_dependent_columns_that_were_chosen_are_said():
    X, y, _ = build("plain")
    X[:, 5] = X[:, 0]
    with pytest.warns(IllConditionedWarning, match="rank"):
        fit = relaxed_lasso(X, y, 0.2, l1_ratio=0.5)
    kept = np.flatnonzero(np.isfinite(fit.penalty_factor))
    assert {0, 5} <= set(kept)
    C = X[:, kept] - X[:, kept].mean(axis=0)
    np.testing.assert_allclose(fit.coef[kept], np.linalg.pinv(C, rcond=1e-10) @ y, atol=1e-9)
    assert fit.certificate.converged


def test_nothing_is_chosen_at_a_large_alpha():
    X, y, _ = build("plain")
    for phi in (0.0, 0.5):
        fit = relaxed_lasso(X, y, 1e3, phi)
        assert not fit.coef.any() and fit.intercept == pytest.approx(y.mean()) and fit.effective_dof == 0


@pytest.mark.parametrize("phi", [0.0, 0.25])
def test_conventions_of_refits(phi):
    X, y, _ = build("plain")
    alpha, n = 0.3, len(y)
    plain = relaxed_lasso(X, y, alpha, phi, l1_ratio=0.8)
    inverse = relaxed_lasso(X, y, 1 / (alpha * n), phi, l1_ratio=0.8, convention="inverse")
    pair = relaxed_lasso(X, y, (0.8 * alpha, 0.1 * alpha), phi, convention="two_lambda")
    for fit in (inverse, pair):
        np.testing.assert_allclose(fit.coef, plain.coef, atol=1e-12)
        assert fit.l1_ratio == pytest.approx(0.8)
    assert inverse.alpha == (pytest.approx(1 / (phi * alpha * n)) if phi else np.inf)
    assert pair.alpha == pytest.approx((phi * 0.8 * alpha, phi * 0.1 * alpha))
    assert (plain.convention, inverse.convention, pair.convention) == ("canonical", "inverse", "two_lambda")
    plain = adaptive_lasso(X, y, alpha, l1_ratio=0.8)
    for strength, convention in ((1 / (alpha * n), "inverse"), ((0.8 * alpha, 0.1 * alpha), "two_lambda")):
        ratio = {} if convention == "two_lambda" else {"l1_ratio": 0.8}
        fit = adaptive_lasso(X, y, strength, convention=convention, **ratio)
        np.testing.assert_allclose(fit.coef, plain.coef, atol=1e-9)
        assert (fit.alpha, fit.convention) == (strength, convention)


# ------------------------------------------------------------------------------------------------ adaptive lasso


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("setting", SETTINGS)
def test_adaptive_lasso_is_optimal_with_the_pilots_factors(setting, gamma):
    X, y, options = build(setting)
    u = np.random.default_rng(5).uniform(-2.0, 2.0, X.shape[1])
    u[7:9] = 0.0
    alpha, p = 0.1, X.shape[1]
    v = options.get("penalty_factor", np.ones(p))
    sd = np.ones(p)
    if options.get("standardize"):
        s = options["sample_weight"] / options["sample_weight"].sum()
        sd = np.sqrt(s @ np.square(X - s @ X))
    size = np.abs(u) * sd
    factors = np.array([0.0 if v[j] == 0 else np.inf if size[j] == 0 else v[j] * size[j] ** -gamma for j in range(p)])
    fit = adaptive_lasso(X, y, alpha, gamma, u, **options)
    np.testing.assert_allclose(fit.penalty_factor, factors, rtol=1e-12)
    hold(fit, X, y, alpha, **options | {"penalty_factor": factors})
    assert fit.certificate.converged and fit.coef.any() and not fit.coef.all()


def test_adaptive_lasso_is_the_lasso_of_rescaled_columns():
    """Zou (2006), section 3.5."""
    X, y, _ = build("plain")
    u = elastic_net(X, y, 0.0, l1_ratio=0.0)
    scaled = elastic_net(X * np.abs(u.coef), y, 0.2)
    for pilot in (u, u.coef, u.coef.tolist()):
        fit = adaptive_lasso(X, y, 0.2, pilot=pilot)
        np.testing.assert_allclose(fit.coef, scaled.coef * np.abs(u.coef), atol=1e-10)
    assert 0 < np.count_nonzero(fit.coef) < len(fit.coef)


def test_the_default_pilot_is_ridge_at_the_same_alpha():
    X, y, options = build("weighted")
    u = elastic_net(X, y, 0.2, l1_ratio=0.0, **options)
    assert (adaptive_lasso(X, y, 0.2, **options).coef == adaptive_lasso(X, y, 0.2, pilot=u, **options).coef).all()


def test_standardizing_comes_before_the_pilot():
    X, y, _ = build("plain")
    sd = X.std(axis=0)
    ours = adaptive_lasso(X, y, 0.2, 0.5, standardize=True)
    by_hand = adaptive_lasso((X - X.mean(axis=0)) / sd, y, 0.2, 0.5)
    np.testing.assert_allclose(ours.coef * sd, by_hand.coef, atol=1e-7)


def test_the_estimator_agrees():
    model = pytest.importorskip("shrinkage.sklearn").AdaptiveLasso
    X, y, options = build("factors")
    weight = options.pop("sample_weight")
    found = model(alpha=0.2, gamma=1.5, tol=1e-10, **options).fit(X, y, weight)
    ours = adaptive_lasso(X, y, 0.2, 1.5, tol=1e-12, sample_weight=weight, **options)
    np.testing.assert_allclose(found.coef_, ours.coef, atol=1e-8)
    np.testing.assert_allclose(found.penalty_factor_, ours.penalty_factor, rtol=1e-8)


def test_extreme_pilots():
    """Their powers leave the range of doubles: what would be inf is excluded, what would be 0 is not penalized."""
    X, y, _ = build("plain")
    u = np.ones(X.shape[1])
    u[2], u[3] = 1e-300, 1e300
    fit = adaptive_lasso(X, y, 0.2, 2.0, u)
    assert fit.penalty_factor[2] == np.inf and fit.penalty_factor[3] == 0.0 and fit.certificate.converged
    hold(fit, X, y, 0.2, penalty_factor=fit.penalty_factor)
    nothing = adaptive_lasso(X, y, 0.2, pilot=np.zeros(X.shape[1]))
    assert not nothing.coef.any() and nothing.intercept == pytest.approx(y.mean())


# ---------------------------------------------------------------------------------------------------- multi-task


def joint(n=80, p=12, t=3):
    rng = np.random.default_rng(17)
    X = rng.standard_normal((n, p)) + 0.5
    return X, X[:, :3] @ rng.uniform(0.5, 2.0, (3, t)) + rng.standard_normal((n, t)), rng.uniform(0.5, 2.0, n)


def hold_jointly(fit, X, Y, s, alpha, v):
    """The gradient over each feature's row of coefficients, of (1/W) sum_i s_i |y_i - b - W x_i|^2 / 2."""
    s = s / s.sum()
    R = Y - fit.intercept - X @ fit.coef.T
    np.testing.assert_allclose(s @ R, 0.0, atol=1e-9)
    for g, w, factor in zip(X.T @ (s[:, None] * R), fit.coef.T, v, strict=True):
        size = np.linalg.norm(w)
        if np.isinf(factor):
            assert size == 0
        elif size > 0:
            np.testing.assert_allclose(g, alpha * factor * w / size, atol=1e-5)
        else:
            assert np.linalg.norm(g) <= alpha * factor + 1e-5


@pytest.mark.parametrize("phi", [0.0, 0.3])
def test_relaxed_multi_task_lasso(phi):
    X, Y, s = joint()
    first = elastic_net(X, Y, 0.3, sample_weight=s, multi_task=True)
    fit = relaxed_lasso(X, Y, 0.3, phi, sample_weight=s, multi_task=True, tol=1e-12)
    chosen = first.coef.any(axis=0)
    assert 3 <= chosen.sum() < X.shape[1]
    v = np.where(chosen, 1.0, np.inf)
    assert (fit.penalty_factor == v).all()
    hold_jointly(fit, X, Y, s, phi * 0.3, v)
    assert fit.certificate.converged and isinstance(fit.effective_dof, float)
    if phi == 0:
        assert fit.effective_dof == 3 * chosen.sum()


def test_adaptive_multi_task_lasso():
    X, Y, s = joint()
    u = elastic_net(X, Y, 0.1, l1_ratio=0.0, sample_weight=s)
    v = np.linalg.norm(u.coef, axis=0) ** -2.0
    for pilot in (None, u, u.coef):
        fit = adaptive_lasso(X, Y, 0.1, 2.0, pilot, sample_weight=s, multi_task=True, tol=1e-12)
        np.testing.assert_allclose(fit.penalty_factor, v, rtol=1e-10)
        hold_jointly(fit, X, Y, s, 0.1, v)
    assert 0 < fit.coef.any(axis=0).sum() < X.shape[1]


def test_multi_task_paths_and_gram_matrices():
    X, Y, s = joint()
    G = gram_of(X, s)
    path = elastic_net_path(X, Y, 8, sample_weight=s, multi_task=True, tol=1e-12)
    given = elastic_net_path(X, Y, 8, sample_weight=s, multi_task=True, tol=1e-12, gram=G)
    assert given.solver_reason == "the Gram matrix that was given"
    np.testing.assert_allclose(given.coefs.toarray(), path.coefs.toarray(), atol=1e-6)
    for alpha in (0.2, 0.3 * float(path.alphas[-1])):
        fit = elastic_net(X, Y, alpha, sample_weight=s, multi_task=True, tol=1e-12, gram=G)
        hold_jointly(fit, X, Y, s, alpha, np.ones(X.shape[1]))
        np.testing.assert_allclose(path.predict(X, alpha, data=(X, Y, s)), fit.predict(X), atol=1e-6)
    found = cross_validate(X, Y, path.alphas, folds=5, sample_weight=s, multi_task=True, tol=1e-12)
    fit = path.select("cv", data=(X, Y, s), folds=5)
    assert fit.alpha == found.alpha and (fit.coef == path[found.index[1]].coef).all()


# ------------------------------------------------------------------------------------------- a path solved again


@pytest.mark.parametrize("setting", [name for name in SETTINGS if name != "offset"])
def test_predictions_of_a_path_that_is_solved_again(setting):
    X, y, options = build(setting)
    path = elastic_net_path(X, y, 6, **options)
    weight = options.get("sample_weight")
    data = (X, y) if weight is None else (X, y, weight)
    inside = float(np.sqrt(path.alphas[2] * path.alphas[3]))
    for alpha in (inside, float(path.alphas[4]), 0.3 * float(path.alphas[-1]), 2.0 * float(path.alphas[0])):
        exact = elastic_net(X, y, alpha, **options)
        hold(exact, X, y, alpha, **options)
        np.testing.assert_allclose(path.predict(X, alpha, data=data), exact.predict(X), atol=1e-6)
    between = [float(np.sqrt(a * b)) for a, b in zip(path.alphas[1:], path.alphas, strict=False)]
    assert max(np.abs(path.predict(X, a) - path.predict(X, a, data=data)).max() for a in between) > 1e-4


def test_a_path_with_an_offset_takes_what_is_left_of_y():
    X, y, options = build("offset")
    path = elastic_net_path(X, y, 6, **options)
    exact = elastic_net(X, y, 0.05, **options)
    np.testing.assert_allclose(path.predict(X, 0.05, data=(X, y - options["offset"])), exact.predict(X), atol=1e-7)
    with pytest.raises(ValueError, match="less the offset"):
        path.predict(X, 0.05, data=(X, y))


def test_a_path_in_another_convention():
    """Its alphas grow while the penalty falls."""
    X, y, _ = build("plain")
    canonical = elastic_net_path(X, y, 6, tol=1e-12)
    path = pickle.loads(pickle.dumps(elastic_net_path(X, y, 6, tol=1e-12, convention="inverse")))
    assert (np.diff(path.alphas) > 0).all()
    for k, alpha in ((None, 0.2), (3, canonical.alphas[3])):
        own = float(path.alphas[k]) if k is not None else 1 / (alpha * len(y))
        np.testing.assert_allclose(path.predict(X, own), canonical.predict(X, float(alpha)), atol=1e-9)
        np.testing.assert_allclose(path.predict(X, own, data=(X, y)), elastic_net(X, y, alpha).predict(X), atol=1e-6)
    with pytest.raises(ValueError, match="alpha must be on the path"):
        path.predict(X, float(path.alphas[0]) / 2)


@pytest.mark.parametrize("rule", ["min", "1se"])
@pytest.mark.parametrize("setting", ["plain", "factors", "positive", "standardize", "mixed", "no intercept"])
def test_selection_by_folds(setting, rule):
    X, y, options = build(setting)
    path = elastic_net_path(X, y, 15, **options)
    data = (X, y, options["sample_weight"]) if "sample_weight" in options else (X, y)
    folds = [(np.flatnonzero(np.arange(60) % 4 != k), np.arange(k, 60, 4)) for k in range(4)]
    for choice in (4, folds):
        found = cross_validate(X, y, path.alphas, folds=choice, rule=rule, **options)
        fit = path.select("cv", data=data, folds=choice, rule=rule)
        assert fit.alpha == found.alpha
        assert (fit.coef == path[found.index[1]].coef).all()
    assert path.alphas[-1] < path.select("cv", data=data, rule="1se").alpha < path.alphas[0]


def test_the_path_of_folds_is_solved_again():
    X, y, _ = build("plain")
    found = cross_validate(X, y, 10, l1_ratio=[0.3, 0.9], folds=4)
    alpha = 0.7 * float(found.path.alphas[3])
    exact = elastic_net(X, y, alpha, l1_ratio=found.l1_ratio)
    np.testing.assert_allclose(found.path.predict(X, alpha, data=(X, y)), exact.predict(X), atol=1e-7)


def test_groups_reach_the_splitter():
    splitter = pytest.importorskip("sklearn.model_selection").GroupKFold(3)
    X, y, _ = build("plain")
    groups = np.arange(60) // 7
    path = elastic_net_path(X, y, 10)
    found = cross_validate(X, y, path.alphas, folds=splitter, groups=groups)
    assert path.select("cv", data=(X, y), folds=splitter, groups=groups).alpha == found.alpha


# ----------------------------------------------------------------------------------------------------- gram=


def gram_of(X, sample_weight=None, fit_intercept=True, **_):
    X = wide(X)
    s = np.ones(len(X)) if sample_weight is None else sample_weight
    Z = X - np.average(X, axis=0, weights=s) if fit_intercept else X
    return Z.T @ (s[:, None] * Z)


@pytest.mark.parametrize("shape", [(60, 12), (900, 12), (20, 40)])
@pytest.mark.parametrize("setting", SETTINGS)
def test_fits_from_a_given_gram_matrix(setting, shape):
    X, y, options = build(setting, *shape)
    G = gram_of(X, **options)
    before = G.copy()
    G.flags.writeable = False
    for order in ("C", "F"):
        fit = elastic_net(X, y, 0.1, gram=np.asarray(G, order=order), tol=1e-10, **options)
        hold(fit, X, y, 0.1, **options)
        assert fit.certificate.converged and fit.solver_reason == "the Gram matrix that was given"
    path, own = (elastic_net_path(X, y, 8, tol=1e-10, gram=gram, **options) for gram in (G, None))
    assert path.solver_reason == "the Gram matrix that was given"
    for k, one in enumerate(path):
        hold(one, X, y, one.alpha, **options)
        assert one.certificate.converged and one.alpha == pytest.approx(own.alphas[k], rel=1e-9)
    assert (before == G).all()


def test_every_target_is_fitted_from_the_same_gram_matrix():
    X, y, _ = build("plain")
    Y = np.column_stack([y, X[:, 5] - y, np.cos(y)])
    fit = elastic_net(X, Y, [0.1, 0.2, 0.01], gram=gram_of(X))
    for k, alpha in enumerate([0.1, 0.2, 0.01]):
        np.testing.assert_allclose(fit.coef[k], elastic_net(X, Y[:, k], alpha).coef, atol=1e-9)


@pytest.mark.parametrize("change", ["float32", "noise"])
def test_a_gram_matrix_with_few_digits_costs_time_and_not_accuracy(change):
    X, y, _ = build("plain", 900)
    G = gram_of(X)
    if change == "noise":  # within what is accepted
        d = np.sqrt(np.diagonal(G))
        E = np.random.default_rng(1).standard_normal(G.shape)
        G = G + 1e-9 * np.multiply.outer(d, d) * (E + E.T)
    else:
        G = G.astype(np.float32)
    for tol in (1e-8, 1e-13):
        path = elastic_net_path(X, y, 20, gram=G, tol=tol)
        fit = elastic_net(X, y, 0.01, gram=G, tol=tol)
        for one in (*path, fit):
            hold(one, X, y, one.alpha)
            assert one.certificate.converged
            r = y - one.predict(X)
            q, w = X.T @ r / len(y), one.coef
            shrink = min(1.0, one.alpha / np.abs(q).max())
            # the certificate is that of the data: the gap of the residuals, shrunk until they are feasible
            gap = (1 - shrink) ** 2 * (r @ r) / len(y) / 2 + (one.alpha * np.abs(w) - shrink * w * q).sum()
            assert gap <= 1.01 * max(one.certificate.duality_gap, tol * y.var() / 2) + 1e-14


def test_constant_columns_of_a_given_gram_matrix():
    """Sums of products that are centred afterwards leave rounding where there is nothing."""
    X, y, _ = build("plain")
    X[:, 3], X[:, 6] = 1e3, 0.0
    G = X.T @ X - len(y) * np.multiply.outer(X.mean(axis=0), X.mean(axis=0))
    assert G[3, 3] != 0 or G[3].any()
    v = np.ones(X.shape[1])
    v[[3, 6]] = 0.0
    fit = elastic_net(X, y, 0.1, gram=G, penalty_factor=v)
    assert fit.coef[3] == fit.coef[6] == 0
    hold(fit, X, y, 0.1)


def test_relaxed_and_adaptive_lasso_take_a_gram_matrix():
    X, y, options = build("weighted")
    G = gram_of(X, **options)
    for call in (
        lambda gram: relaxed_lasso(X, y, 0.2, 0.3, gram=gram, **options),
        lambda gram: relaxed_lasso(X, y, 0.2, gram=gram, **options),
        lambda gram: adaptive_lasso(X, y, 0.2, gram=gram, **options),
    ):
        np.testing.assert_allclose(call(G).coef, call(None).coef, atol=1e-10)


def test_ridge_with_a_gram_matrix_is_ridge():
    X, y, _ = build("plain")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = elastic_net(X, y, 0.1, l1_ratio=0.0, gram=gram_of(X))
    assert (fit.coef == elastic_net(X, y, 0.1, l1_ratio=0.0).coef).all()
