"""Folds, criteria and rules against refits and formulas written out."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp

from shrinkage import conventions, ridge, ridge_bayes, ridge_cv, ridge_path

sklearn_selection = pytest.importorskip("sklearn.model_selection")
GroupKFold, KFold = sklearn_selection.GroupKFold, sklearn_selection.KFold
RepeatedKFold, ShuffleSplit = sklearn_selection.RepeatedKFold, sklearn_selection.ShuffleSplit
TimeSeriesSplit = sklearn_selection.TimeSeriesSplit

ALPHAS = np.geomspace(10.0, 1e-3, 6)
GROUPS = np.arange(90) // 4 % 7
SPLITTERS = {
    "5": (5, None),
    "shuffled": (KFold(4, shuffle=True, random_state=0), None),
    "groups": (GroupKFold(4), GROUPS),
    "time": (TimeSeriesSplit(4), None),
    "repeated": (RepeatedKFold(n_splits=3, n_repeats=2, random_state=1), None),
    "random": (ShuffleSplit(3, test_size=0.2, random_state=2), None),
    "pairs": ([(np.arange(60), np.arange(60, 90)), (np.arange(90) % 3 > 0, np.arange(90) % 3 == 0)], None),
    "bootstrap": ([(np.random.default_rng(3).integers(0, 90, 90), np.arange(0, 90, 2))], None),
}


def data(p, t=None, layout="C", dtype=np.float64):
    rng = np.random.default_rng(8)
    X = rng.standard_normal((90, p)) + rng.uniform(-3, 3, p)
    Y = X[:, : (t or 1)] + rng.standard_normal((90, t or 1)) + 5.0
    return np.asarray(X, dtype=dtype, order=layout), Y if t else Y[:, 0]


def refits(X, y, alphas, cv, groups=None, sample_weight=None, **options):
    """(folds, K[, t]) by a fit and a prediction for each."""
    if isinstance(cv, int):
        cv = KFold(cv)
    pairs = cv.split(X, y, groups) if hasattr(cv, "split") else cv
    s = np.ones(len(y)) if sample_weight is None else sample_weight
    out = []
    for train, test in pairs:
        row = []
        for alpha in alphas:
            fit = ridge(X[train], y[train], alpha, sample_weight=s[train], **options)
            error = y[test] - fit.predict(X[test])
            row.append(np.tensordot(s[test], error**2, 1) / s[test].sum())
        out.append(row)
    return np.array(out)


@pytest.mark.parametrize("name", SPLITTERS)
@pytest.mark.parametrize("p", [6, 80, 140])
def test_folds_are_refits(name, p):
    cv, groups = SPLITTERS[name]
    X, y = data(p)
    found = ridge_cv(X, y, ALPHAS, cv=cv, groups=groups)
    expected = refits(X, y, ALPHAS, cv, groups)
    np.testing.assert_allclose(found.fold_scores, expected, rtol=1e-9)
    np.testing.assert_allclose(found.scores, expected.mean(axis=0), rtol=1e-9)
    if len(expected) > 1:
        np.testing.assert_allclose(
            found.standard_errors, expected.std(axis=0, ddof=1) / np.sqrt(len(expected)), rtol=1e-9
        )
    else:
        assert np.isnan(found.standard_errors).all()
    assert found.index == found.scores.argmin()
    assert found.method == "cv" and "fold" in repr(found)
    np.testing.assert_allclose(found.fit.coef, ridge(X, y, found.alpha).coef, rtol=1e-8, atol=1e-10)


OPTIONS = {
    "weights": {"sample_weight": np.random.default_rng(0).uniform(0.0, 2.0, 90) * (np.arange(90) % 5 > 0)},
    "factors": {"penalty_factor": "mixed"},
    "standardize": {"standardize": True},
    "no intercept": {"fit_intercept": False},
    "sum": {"convention": "sum"},
    "inverse": {"convention": "inverse"},
    "all": {
        "sample_weight": np.random.default_rng(1).uniform(0.5, 2.0, 90), "penalty_factor": "mixed",
        "standardize": True, "convention": "mean",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("p", [6, 120])
@pytest.mark.parametrize("t", [None, 3])
def test_folds_with_options(name, p, t):
    X, y = data(p, t)
    options = dict(OPTIONS[name])
    if "penalty_factor" in options:
        options["penalty_factor"] = np.where(np.arange(p) == 0, 0.0, np.where(np.arange(p) == 2, np.inf, 1.5))
    alphas = 1.0 / ALPHAS if options.get("convention") == "inverse" else ALPHAS
    for cv in (4, KFold(3, shuffle=True, random_state=0)):
        found = ridge_cv(X, y, alphas, cv=cv, **options)
        expected = refits(X, y, found.alphas, cv, **options)
        np.testing.assert_allclose(found.fold_scores, expected, rtol=1e-8)


@pytest.mark.parametrize("layout", ["C", "F", "csr", "csc"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("p", [6, 120])
def test_folds_of_every_layout(layout, dtype, p):
    X, y = data(p, dtype=dtype)
    X[np.abs(X) < 0.7] = 0.0
    given = getattr(sp, f"{layout}_array")(X) if len(layout) == 3 else np.asarray(X, order=layout)
    expected = refits(X.astype(np.float64), y, ALPHAS, KFold(3, shuffle=True, random_state=0))
    found = ridge_cv(given, y, ALPHAS, cv=KFold(3, shuffle=True, random_state=0))
    np.testing.assert_allclose(found.fold_scores, expected, rtol=1e-9)


def test_folds_far_from_zero_and_nearly_exact():
    """Sums of products would lose these errors: they are taken from residuals."""
    rng = np.random.default_rng(5)
    X = rng.standard_normal((90, 4)) + 1e6
    y = X @ [1.0, -2.0, 3.0, 0.5] + 1e-7 * rng.standard_normal(90)
    found = ridge_cv(X, y, [1e-12], cv=5)
    expected = refits(X, y, [1e-12], 5)
    np.testing.assert_allclose(found.fold_scores, expected, rtol=1e-2)  # predictions round
    assert found.score < 1e-12


def test_folds_are_scikit_learns():
    linear_model = pytest.importorskip("sklearn.linear_model")
    X, y = data(6)
    for cv in (5, KFold(4, shuffle=True, random_state=0)):
        theirs = sklearn_selection.GridSearchCV(
            linear_model.Ridge(), {"alpha": ALPHAS}, cv=cv, scoring="neg_mean_squared_error"
        ).fit(X, y)
        found = ridge_cv(X, y, ALPHAS, cv=cv, convention="sum")
        np.testing.assert_allclose(-theirs.cv_results_["mean_test_score"], found.scores, rtol=1e-9)
        assert theirs.best_params_["alpha"] == found.alpha


@pytest.mark.parametrize("standardize", [False, True])
def test_columns_that_vary_in_one_fold_alone(standardize):
    """A difference would leave rounding where a training set has a constant column."""
    X, y = data(6)
    X[:, 2] = np.arange(90) < 9
    X[:, 4] = np.where(np.arange(90) == 50, 0.1, 0.7)
    found = ridge_cv(X, y, ALPHAS, cv=10, standardize=standardize)
    expected = refits(X, y, ALPHAS, 10, standardize=standardize)
    np.testing.assert_allclose(found.fold_scores, expected, rtol=1e-9)


@pytest.mark.parametrize("outlier", [1e6, 1e9, 1e12])
@pytest.mark.parametrize("name", ["5", "time"])
def test_outliers_outside_of_a_training_set(name, outlier):
    X, y = data(6)
    X[-1, 0] = outlier
    cv, _ = SPLITTERS[name]
    np.testing.assert_allclose(ridge_cv(X, y, ALPHAS, cv=cv).fold_scores, refits(X, y, ALPHAS, cv), rtol=1e-6)


@pytest.mark.parametrize("method", ["loo", "cv"])
def test_equal_targets_are_one(method):
    X, y = data(30)
    one = ridge_cv(X, y, method=method, rule="1se")
    several = ridge_cv(X, np.column_stack([y] * 9), method=method, rule="1se")
    assert several.alpha == pytest.approx(one.alpha)
    assert several.standard_error == pytest.approx(one.standard_error)


def test_memory_of_folds_from_the_data():
    """Residuals of all alphas are never held for all rows."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((100_000, 5))
    y = X @ np.ones(5) + 1e-4 * rng.standard_normal(100_000)
    tracemalloc.start()
    try:
        ridge_cv(X, y, np.geomspace(1.0, 1e-8, 100), cv=2)
        assert tracemalloc.get_traced_memory()[1] < 100_000 * 5 * 8 + (60 << 20) < 100_000 * 100 * 8
    finally:
        tracemalloc.stop()


def test_folds_without_features():
    y = np.arange(10.0)
    found = ridge_cv(np.empty((10, 0)), y, [1.0], cv=2)
    assert found.fold_scores[:, 0] == pytest.approx([27.0, 27.0])


@pytest.mark.parametrize("method", ["loo", "cv"])
def test_one_standard_error(method):
    X, y = data(30)
    plain, careful = (ridge_cv(X, y, method=method, rule=rule) for rule in ("min", "1se"))
    np.testing.assert_array_equal(plain.scores, careful.scores)
    k = plain.index
    bound = plain.scores[k] + plain.standard_errors[k]
    inside = np.flatnonzero(plain.scores <= bound)
    assert careful.index == inside[0] < k
    assert careful.alpha == plain.alphas[inside[0]]
    assert careful.rule == "1se" and "one-standard-error" in repr(careful)
    np.testing.assert_allclose(careful.fit.coef, ridge(X, y, careful.alpha).coef, rtol=1e-9)


def test_one_standard_error_of_several_targets():
    X, Y = data(30, 3)
    Y[:, 1] *= 10.0
    own = ridge_cv(X, Y, cv=5, rule="1se", alpha_per_target=True)
    for c in range(3):
        assert own.index[c] == ridge_cv(X, Y[:, c], own.alphas, cv=5, rule="1se").index
    shared = ridge_cv(X, Y, cv=5, rule="1se")
    mean = shared.scores.mean(axis=1)
    error = shared.fold_scores.mean(axis=2).std(axis=0, ddof=1) / np.sqrt(5)
    k = mean.argmin()
    assert shared.standard_error == pytest.approx(error[shared.index])
    assert shared.index == np.flatnonzero(mean <= mean[k] + error[k])[0]


@pytest.mark.parametrize("method, each", [("aic", 2.0), ("bic", np.log(90))])
@pytest.mark.parametrize("p", [6, 140])
def test_information_criteria(method, each, p):
    X, y = data(p)
    path = ridge_path(X, y, ALPHAS)
    square = np.array([np.mean((y - fit.predict(X)) ** 2) for fit in path])
    found = ridge_cv(X, y, ALPHAS, method=method)
    np.testing.assert_allclose(found.scores, 90 * np.log(square) + each * (path.effective_dof + 1), rtol=1e-9)
    assert found.index == found.scores.argmin()
    assert np.isnan(found.standard_error)
    s = np.where(np.arange(90) < 10, 0.0, 2.0)  # rows without weight do not count, and a common factor neither
    weighted, rest = (
        ridge_cv(X, y, ALPHAS, method=method, sample_weight=s), ridge_cv(X[10:], y[10:], ALPHAS, method=method)
    )  # fmt: skip
    np.testing.assert_allclose(weighted.scores, rest.scores, rtol=1e-9)


@pytest.mark.parametrize("p", [6, 140])
def test_evidence(p):
    """Its best alpha is next to where `ridge_bayes` finds the maximum; targets are scored one by one."""
    X, Y = data(p, 2)
    single = [ridge_bayes(X, Y[:, c]) for c in range(2)]
    alphas = np.geomspace(100.0, 1e-4, 200)
    found = ridge_cv(X, Y, alphas, method="evidence", alpha_per_target=True)
    for c in range(2):
        assert abs(np.log(found.alpha[c] / single[c].alpha)) <= np.log(alphas[0] / alphas[1])
        at = ridge_bayes(X, Y[:, c], alpha=found.alpha[c])
        assert found.score[c] == pytest.approx(-at.log_evidence, rel=1e-10)
        own = ridge_cv(X, Y[:, c], alphas, method="evidence")
        np.testing.assert_allclose(own.scores, found.scores[:, c], rtol=1e-10)
    assert "log evidence" in repr(found)


@pytest.mark.parametrize("size", [1e-100, 1e-6, 1e60])
def test_dual_form_of_data_of_any_size(size):
    """The direction of the intercept must not drown small data."""
    X, y = data(140)
    plain, scaled = ridge_cv(X, y, ALPHAS), ridge_cv(X * size, y, ALPHAS * size**2)
    np.testing.assert_allclose(scaled.scores, plain.scores, rtol=1e-9)
    np.testing.assert_allclose(scaled.effective_dof, plain.effective_dof, rtol=1e-10)


def test_alphas_keep_their_convention():
    """A training set has less weight: with alpha in canonical units its lambda is smaller, in sum units it is not."""
    X, y = data(6)
    canonical = ridge_cv(X, y, ALPHAS, cv=3)
    total = ridge_cv(X, y, conventions.from_canonical(ALPHAS, "sum", sum_weights=60.0), cv=3, convention="sum")
    np.testing.assert_allclose(canonical.fold_scores, total.fold_scores, rtol=1e-10)


def test_progress_of_folds():
    done = []
    X, y = data(6)
    ridge_cv(X, y, ALPHAS, cv=4, callback=done.append)
    assert done == [0.25, 0.5, 0.75, 1.0]


REFUSED = {
    "method": (
        {"method": "press"},
        ValueError,
        "method must be one of 'loo', 'gcv', .*, got 'press'",
    ),
    "rule": ({"rule": "2se"}, ValueError, "rule must be 'min' or '1se', got '2se'"),
    "rule without errors": ({"method": "gcv", "rule": "1se"}, ValueError, "rule='1se' needs a score with a standard"),
    "cv and method": ({"cv": 5, "method": "loo"}, ValueError, "cv and groups are for method='cv', got method='loo'"),
    "one fold": ({"cv": 1}, ValueError, r"cv must be at least 2 and at most the number of rows \(90\), got 1"),
    "many folds": ({"cv": 91}, ValueError, "cv must be at least 2 and at most the number of rows"),
    "True": ({"cv": True}, TypeError, "cv must be a number of folds, a splitter or pairs of row numbers, got True"),
    "text": ({"cv": "kfold"}, TypeError, "cv must be a number of folds, a splitter or pairs of row numbers, got 'kf"),
    "float": ({"cv": 5.0}, TypeError, "cv must be a number of folds, a splitter or pairs of row numbers, got 5.0"),
    "no folds": ({"cv": []}, ValueError, "cv has no folds"),
    "triple": ({"cv": [(1, 2, 3)]}, TypeError, r"cv: fold 0 is not a pair"),
    "outside": ({"cv": [([0, 1], [90])]}, ValueError, "cv: the test rows of fold 0 reach 90, and X has 90 rows"),
    "fractions": ({"cv": [([0.5], [1])]}, TypeError, "cv: the training rows of fold 0 must be row numbers or a mask"),
    "empty test": ({"cv": [([0, 1], [])]}, (TypeError, ValueError), "fold 0"),
    "class": ({"cv": KFold}, TypeError, "cv must be a number of folds, a splitter or pairs of row numbers, got <class"),
    "below": ({"cv": [([0, 1], [-200, 5])]}, ValueError, "cv: the test rows of fold 0 reach -200, and X has 90 rows"),
    "groups": ({"cv": 5, "groups": GROUPS}, ValueError, "groups needs a splitter that takes them as cv"),
    "errors": ({"cv": 5, "store_errors": True}, ValueError, "store_errors=True needs method='loo', got 'cv'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    options, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        ridge_cv(*data(6), ALPHAS, **options)


def test_fold_without_weight():
    X, y = data(6)
    s = np.where(np.arange(90) < 30, 0.0, 1.0)
    with pytest.raises(ValueError, match="cv: fold 0 has no test row of positive weight"):
        ridge_cv(X, y, ALPHAS, cv=3, sample_weight=s)
