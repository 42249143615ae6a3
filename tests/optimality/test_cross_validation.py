"""Every score of a cross-validation is what explicit refits of the training rows give on the test rows."""

import inspect
import re
import warnings

import numpy as np
import pytest
import scipy.sparse as sp

import shrinkage._threads as threads
from shrinkage import (
    ConvergenceWarning,
    Path,
    SparsePath,
    alpha_max,
    cross_validate,
    elastic_net,
    elastic_net_path,
    ridge_cv,
)
from shrinkage import cross_validation as module

SHAPES = {"long": (90, 7), "wide": (40, 250)}


def build(shape, seed=0):
    n, p = SHAPES[shape]
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * rng.uniform(0.5, 2.0, p) + rng.uniform(-2.0, 2.0, p)
    return X, X[:, :5] @ [2.0, -1.0, 0.5, 0.0, 1.0] + rng.standard_normal(n) + 5.0


def splitters():
    selection = pytest.importorskip("sklearn.model_selection")
    return {
        "KFold": (selection.KFold(5, shuffle=True, random_state=0), {}),
        "GroupKFold": (selection.GroupKFold(4), {"groups": True}),
        "TimeSeriesSplit": (selection.TimeSeriesSplit(4), {}),
        "RepeatedKFold": (selection.RepeatedKFold(n_splits=3, n_repeats=2, random_state=0), {}),
    }


def blocks(n, count):
    """Pairs of rows for an integer number of folds."""
    tests = np.array_split(np.arange(n), count)
    return [(np.setdiff1d(np.arange(n), test), test) for test in tests]


def refit(X, y, alphas, pairs, ratio, metric, sample_weight=None, offset=None, **options):
    """(folds, alphas) of `metric` by a fit of `elastic_net` at a time."""
    out = np.empty((len(pairs), len(alphas)))
    s = np.ones(len(y)) if sample_weight is None else sample_weight
    o = np.zeros(len(y)) if offset is None else offset
    rows = X.tocsr() if sp.issparse(X) else X
    for f, (train, test) in enumerate(pairs):
        own = dict(options)
        if sample_weight is not None:
            own["sample_weight"] = s[train]
        if offset is not None:
            own["offset"] = o[train]
        for k, alpha in enumerate(alphas):
            fit = elastic_net(rows[train], y[train], alpha, l1_ratio=ratio, tol=1e-13, **own)
            out[f, k] = metric(y[test], fit.predict(rows[test]) + o[test], s[test])
    return out


def square(y, predicted, s):
    return np.average(np.square(y - predicted), weights=s)


def absolute(y, predicted, s):
    return np.average(np.abs(y - predicted), weights=s)


def hold(found, fold_scores):
    """Scores (folds, l1_ratios, alphas), their mean and its standard error."""
    np.testing.assert_allclose(found.fold_scores, fold_scores, rtol=1e-8)
    np.testing.assert_allclose(found.scores, fold_scores.mean(axis=0), rtol=1e-8)
    error = fold_scores.std(axis=0, ddof=1) / np.sqrt(len(fold_scores))
    np.testing.assert_allclose(found.standard_errors, error, rtol=1e-6, atol=1e-12 * fold_scores.max())


@pytest.mark.parametrize("shape", SHAPES)
def test_a_number_of_folds(shape):
    X, y = build(shape)
    found = cross_validate(X, y, 8, folds=5, tol=1e-13)
    path = elastic_net_path(X, y, 8, tol=1e-13)
    np.testing.assert_allclose(found.alphas, path.alphas, rtol=1e-13)
    np.testing.assert_allclose(found.path.coefs.toarray(), path.coefs.toarray(), rtol=1e-7, atol=1e-9)
    hold(found, refit(X, y, found.alphas, blocks(len(y), 5), 1.0, square)[:, None])
    assert found.index == (0, int(found.scores[0].argmin()))
    assert found.alpha == found.alpha_min == found.alphas[found.index[1]] == found.fit.alpha
    assert found.score == found.scores[found.index] and found.standard_error == found.standard_errors[found.index]
    np.testing.assert_array_equal(found.predict(X), found.fit.predict(X))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["KFold", "GroupKFold", "TimeSeriesSplit", "RepeatedKFold"])
def test_splitters(name, shape):
    X, y = build(shape)
    splitter, options = splitters()[name]
    groups = np.random.default_rng(1).integers(0, 9, len(y)) if options else None
    found = cross_validate(X, y, [0.3, 0.1, 0.03], folds=splitter, groups=groups, l1_ratio=0.7, tol=1e-13)
    hold(found, refit(X, y, found.alphas, list(splitter.split(X, y, groups)), 0.7, square)[:, None])


SETTINGS = {
    "weighted": {"sample_weight": True},
    "offset": {"offset": True},
    "no intercept": {"fit_intercept": False},
    "standardize": {"standardize": True},
    "standardize weighted": {"standardize": True, "sample_weight": True, "offset": True},
    "positive": {"lower": 0.0},
    "factors": {"penalty_factor": [0.0, 1.0, np.inf, 2.0, 0.5, 1.0, 0.0]},
    "free and bounded": {"penalty_factor": [0.0, 1.0, 0.0, 2.0, 0.5, 1.0, 1.0], "lower": -0.5, "upper": 1.0},
    "inverse": {"convention": "inverse"},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("metric", ["mse", "mae"])
@pytest.mark.parametrize("setting", SETTINGS)
def test_settings(setting, metric, shape):
    X, y = build(shape)
    n, p = X.shape
    rng = np.random.default_rng(2)
    options = dict(SETTINGS[setting])
    if "sample_weight" in options:
        options["sample_weight"] = rng.uniform(0.2, 3.0, n) * (rng.uniform(size=n) > 0.2)
    if "offset" in options:
        options["offset"] = rng.standard_normal(n) + 3.0
    if "penalty_factor" in options:
        options["penalty_factor"] = np.concatenate([options["penalty_factor"], np.ones(p - 7)])
    alphas = [3.0, 8.0, 20.0] if setting == "inverse" else [0.3, 0.1, 0.05]
    found = cross_validate(X, y, alphas, folds=4, metric=metric, l1_ratio=0.9, tol=1e-13, **options)
    plain = {"mse": square, "mae": absolute}[metric]
    hold(found, refit(X, y, found.alphas, blocks(n, 4), 0.9, plain, **options)[:, None])
    assert found.convention == options.get("convention", "canonical")


@pytest.mark.parametrize("make", [sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("shape", SHAPES)
def test_sparse_data(shape, make):
    X, y = build(shape)
    X[np.random.default_rng(3).uniform(size=X.shape) < 0.7] = 0.0
    found = cross_validate(make(X), y, 6, folds=5, tol=1e-13)
    hold(found, refit(X, y, found.alphas, blocks(len(y), 5), 1.0, square)[:, None])


def test_single_precision():
    X, y = build("long")
    X = X.astype(np.float32)
    found = cross_validate(X, y, 6, folds=5, tol=1e-13)
    hold(found, refit(X.astype(np.float64), y, found.alphas, blocks(len(y), 5), 1.0, square)[:, None])


def test_the_metric_is_given_what_was_observed_and_predicted():
    """Rows without weight are not shown to it."""
    X, y = build("long")
    s = np.where(np.arange(len(y)) % 4 == 0, 0.0, 1.5)
    seen = []

    def metric(truth, predicted, weights):
        seen.append((truth, weights))
        return np.quantile(np.abs(truth - predicted), 0.9)

    found = cross_validate(X, y, [0.3, 0.1], folds=3, metric=metric, sample_weight=s, offset=np.sin(y), tol=1e-13)
    assert found.metric == "metric" and len(seen) == 6
    assert all((weights == 1.5).all() and np.isin(truth, y).all() for truth, weights in seen)
    expected = refit(
        X, y, found.alphas, blocks(len(y), 3), 1.0, lambda t, q, w: np.quantile(np.abs(t - q)[w > 0], 0.9),
        sample_weight=s, offset=np.sin(y),
    )  # fmt: skip
    hold(found, expected[:, None])


@pytest.mark.parametrize("given", [False, True])
def test_several_l1_ratios(given):
    X, y = build("long")
    ratios = [1.0, 0.5, 0.1]
    alphas = np.geomspace(1.0, 0.01, 7) if given else 7
    found = cross_validate(X, y, alphas, l1_ratio=ratios, folds=5, tol=1e-13)
    grids = np.array([found.alphas] * 3) if given else found.alphas
    assert grids.shape == found.scores.shape == (3, 7) and found.fold_scores.shape == (5, 3, 7)
    pairs = blocks(len(y), 5)
    for ratio, grid in zip(ratios, grids, strict=True):
        if not given:
            assert grid[0] == pytest.approx(alpha_max(X, y, l1_ratio=ratio), rel=1e-12)
    hold(found, np.stack([refit(X, y, g, pairs, r, square) for g, r in zip(grids, ratios, strict=True)], axis=1))
    r, k = np.unravel_index(found.scores.argmin(), found.scores.shape)
    assert found.index == (r, k) and found.l1_ratio == ratios[r] == found.path.l1_ratio == found.fit.l1_ratio
    assert found.alpha == grids[r, k]
    fit = elastic_net(X, y, found.alpha, l1_ratio=found.l1_ratio, tol=1e-13)
    np.testing.assert_allclose(found.fit.coef, fit.coef, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("metric", ["mse", "mae"])
@pytest.mark.parametrize("shape", SHAPES)
def test_ridge_among_the_l1_ratios(shape, metric):
    X, y = build(shape)
    s = np.random.default_rng(5).uniform(0.5, 2.0, len(y))
    options = {"sample_weight": s, "offset": np.cos(y), "standardize": True}
    found = cross_validate(X, y, [1.0, 0.1, 0.01], l1_ratio=[0.0, 0.5], folds=4, metric=metric, **options)
    plain = {"mse": square, "mae": absolute}[metric]
    expected = [refit(X, y, found.alphas, blocks(len(y), 4), r, plain, **options) for r in (0.0, 0.5)]
    np.testing.assert_allclose(found.fold_scores, np.stack(expected, axis=1), rtol=1e-5)


def test_ridge_alone_is_ridge_cv():
    X, y = build("long")
    found = cross_validate(X, y, [1.0, 0.1, 0.01], l1_ratio=0.0, folds=4, rule="1se")
    same = ridge_cv(X, y, [1.0, 0.1, 0.01], cv=4, rule="1se")
    assert isinstance(found.path, Path) and found.l1_ratio == 0.0
    np.testing.assert_allclose(found.fold_scores[:, 0], same.fold_scores, rtol=1e-10)
    assert found.alpha == same.alpha == found.fit.alpha
    np.testing.assert_allclose(found.fit.coef, same.fit.coef, rtol=1e-9)


def test_one_standard_error_by_hand():
    X, y = build("wide", seed=3)
    found = cross_validate(X, y, 30, folds=5, rule="1se")
    low = int(found.scores[0].argmin())
    within = found.scores[0] <= found.scores[0, low] + found.standard_errors[0, low]
    k = int(np.flatnonzero(within)[0])
    assert 0 < k < low, "the rules must differ for this to say anything"
    assert found.index == (0, k) and found.alpha == found.alpha_1se == found.alphas[k]
    assert found.alpha_min == found.alphas[low] == cross_validate(X, y, 30, folds=5).alpha
    assert found.fit.alpha == found.alpha


@pytest.mark.parametrize("options", [{}, {"sample_weight": True, "standardize": True}, {"fit_intercept": False}])
def test_one_pass_is_fold_by_fold(options, monkeypatch):
    rng = np.random.default_rng(4)
    X = rng.standard_normal((1500, 12)) + 3.0
    y = X[:, 0] - X[:, 5] + rng.standard_normal(1500)
    X[:, 3] = 2.7  # constant, up to the rounding of its mean
    if "sample_weight" in options:
        options = options | {"sample_weight": rng.integers(0, 3, 1500).astype(float)}
    copies = []
    subset = module.Design.subset
    monkeypatch.setattr(module.Design, "subset", lambda self, rows: copies.append(rows) or subset(self, rows))
    short = cross_validate(X, y, 20, **options)
    assert copies == []
    monkeypatch.setattr(module, "takes_gram", lambda design: False)
    long = cross_validate(X, y, 20, **options)
    assert len(copies) == 10
    np.testing.assert_allclose(short.fold_scores, long.fold_scores, rtol=1e-7)


@pytest.mark.parametrize("kind", ["outlier", "only here", "exact"])
def test_one_pass_is_left_where_it_would_lose_digits(kind):
    """A row that is larger than all others, a column that varies in one fold alone, a fit without residual."""
    rng = np.random.default_rng(6)
    X, y = rng.standard_normal((60, 4)), rng.standard_normal(60)
    if kind == "outlier":
        X[7, 2] = 1e4
    elif kind == "only here":
        X[:, 2] = np.where(np.arange(60) < 10, X[:, 2], 0.3)
    else:
        y = X @ [1.0, 2.0, 0.0, 0.0]
    found = cross_validate(X, y, [1e-2, 1e-4, 1e-6], folds=6, tol=1e-11)
    expected = refit(X, y, found.alphas, blocks(60, 6), 1.0, square)
    np.testing.assert_allclose(found.fold_scores[:, 0], expected, rtol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_number_of_threads_changes_nothing(shape, monkeypatch):
    X, y = build(shape)
    results = []
    for count in (1, 4):
        monkeypatch.setattr(threads, "thread_count", lambda count=count: count)
        monkeypatch.setattr(threads, "_pool", None)
        results.append(cross_validate(X, y, 15, folds=7, l1_ratio=0.8))
    one, four = results
    np.testing.assert_array_equal(one.fold_scores, four.fold_scores)
    np.testing.assert_array_equal(one.path.coefs.toarray(), four.path.coefs.toarray())


@pytest.mark.parametrize("form", [sp.csc_array, sp.csr_array])
@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_nor_does_it_with_a_sparse_matrix_that_all_of_them_turn(form, l1_ratio, monkeypatch):
    rng = np.random.default_rng(4)
    X = form(sp.random_array((300, 900), density=0.03, rng=rng, format="csc"))
    y, s = X[:, :9] @ np.ones(9) + 0.1 * rng.standard_normal(300), np.resize([1.0, 0.5, 2.0, 0.0], 300)
    results = []
    for count in (1, 4):
        monkeypatch.setattr(threads, "thread_count", lambda count=count: count)
        monkeypatch.setattr(threads, "_pool", None)
        results.append(cross_validate(X, y, 15, folds=3, l1_ratio=l1_ratio, sample_weight=s))
    one, four = results
    np.testing.assert_array_equal(one.fold_scores, four.fold_scores)
    np.testing.assert_array_equal(one.path.coefs.toarray(), four.path.coefs.toarray())
    assert one.path.certificates == four.path.certificates


@pytest.mark.parametrize("shape", SHAPES)
def test_against_scikit_learn(shape):
    linear = pytest.importorskip("sklearn.linear_model")
    X, y = build(shape)
    eps = 1e-2
    # scikit-learn renamed n_alphas
    name = "n_alphas" if "n_alphas" in inspect.signature(linear.LassoCV).parameters else "alphas"
    count = {name: 12}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = linear.LassoCV(eps=eps, cv=5, tol=1e-10, max_iter=100_000, **count).fit(X, y)
        several = linear.ElasticNetCV(
            eps=eps, cv=5, l1_ratio=[0.3, 0.9], tol=1e-10, max_iter=100_000, **count
        ).fit(X, y)  # fmt: skip
    ours = cross_validate(X, y, 12, alpha_min_ratio=eps, folds=5, tol=1e-12)
    np.testing.assert_allclose(ours.alphas, theirs.alphas_, rtol=1e-10)
    np.testing.assert_allclose(ours.fold_scores[:, 0].T, theirs.mse_path_, rtol=1e-4)
    assert ours.alpha == pytest.approx(theirs.alpha_)
    ours = cross_validate(X, y, 12, alpha_min_ratio=eps, folds=5, l1_ratio=[0.3, 0.9], tol=1e-12)
    np.testing.assert_allclose(ours.alphas, several.alphas_, rtol=1e-10)
    np.testing.assert_allclose(ours.fold_scores.transpose(1, 2, 0), several.mse_path_, rtol=1e-4)
    assert (ours.alpha, ours.l1_ratio) == (pytest.approx(several.alpha_), several.l1_ratio_)
    np.testing.assert_allclose(ours.fit.coef, several.coef_, rtol=1e-3, atol=1e-5)


def test_every_fit_is_proved():
    X, y = build("wide")
    found = cross_validate(X, y, 20, folds=4, tol=1e-10)
    assert isinstance(found.path, SparsePath)
    assert all(one.converged and one.relative_gap <= 1e-10 for one in found.path.certificates)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_gap_that_no_fold_can_reach_is_said(shape):
    X, y = build(shape)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        found = cross_validate(X, y, 5, folds=3, tol=1e-300)
    assert np.isfinite(found.scores).all()
    words = "|".join(str(one.message) for one in caught)
    assert re.search(r"cross_validate: fold \d at l1_ratio = 1 stopped at a relative duality gap of", words)
    assert all(one.filename == __file__ for one in caught)
