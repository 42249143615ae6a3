"""`shrinkage.sklearn.RidgeCV` beside scikit-learn's, and beside refits without each sample."""

import pickle
import warnings

import numpy as np
import pytest
import sklearn.linear_model as peer
from scipy.sparse import csr_array
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import make_scorer, mean_squared_error
from sklearn.model_selection import GroupKFold, KFold, LeaveOneOut, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import InvalidParameterError

import shrinkage
from shrinkage.sklearn import Ridge, RidgeCV

#: Neither sorted nor free of repetitions.
ALPHAS = [3.0, 0.01, 100.0, 1.0, 3.0, 1e-3]


@pytest.mark.parametrize("scoring", [None, "neg_mean_absolute_error"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_leave_one_out_agrees_with_scikit_learn(
    shape, targets, layout, dtype, weights, fit_intercept, scoring, make, close
):
    X, y = make(*shape, targets)
    X, y = X.astype(dtype), y.astype(dtype)
    s = weights(len(X))
    options = {"fit_intercept": fit_intercept, "scoring": scoring, "store_cv_results": True}
    found = RidgeCV(ALPHAS, **options).fit(layout(X), y, s)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # its predictions divide by the root of a weight
        wanted = peer.RidgeCV(ALPHAS, **options)
        kept = np.ones(len(X), bool) if s is None else s > 0
        wanted.fit(X[kept].astype(np.float64), y[kept].astype(np.float64), None if s is None else s[kept])
    tolerance = 1e-8 if dtype == np.float64 else 2e-5
    assert found.alpha_ == wanted.alpha_
    assert found.coef_.shape == wanted.coef_.shape
    assert found.coef_.dtype == found.cv_results_.dtype == dtype
    close(found.coef_, wanted.coef_, tolerance)
    close(found.intercept_, wanted.intercept_, tolerance)
    assert found.cv_results_.shape == (*y.shape, len(ALPHAS))
    close(found.cv_results_[kept], wanted.cv_results_, tolerance)
    # scikit-learn averages over rows of weight zero as well
    rows = kept.sum() / len(X) if scoring is None else 1.0
    close(found.best_score_, wanted.best_score_ * rows, tolerance)
    assert isinstance(found.best_score_, float)
    assert found.certificate_.converged


def test_rows_of_weight_zero_are_averaged_over_as_in_scikit_learn(make, with_zeros, close):
    X, y = make(40, 7)
    found, wanted = (m.RidgeCV(store_cv_results=True).fit(X, y, with_zeros(40)) for m in (shrinkage.sklearn, peer))
    close(found.best_score_, wanted.best_score_, 1e-10)
    close(found.cv_results_, wanted.cv_results_, 1e-10)
    close(found.best_score_, -found.cv_results_.mean(axis=0).min(), 1e-12)


def test_results_are_those_of_refits(weights, fit_intercept, make, close):
    X, y = make(25, 6)
    s = weights(25)
    model = RidgeCV(ALPHAS, fit_intercept=fit_intercept, store_cv_results=True)
    squares = model.fit(X, y, s).cv_results_
    predictions = model.set_params(scoring="r2").fit(X, y, s).cv_results_
    for train, (i,) in LeaveOneOut().split(X):
        for k, alpha in enumerate(ALPHAS):
            refit = Ridge(alpha=alpha, fit_intercept=fit_intercept)
            refit.fit(X[train], y[train], None if s is None else s[train])
            predicted = refit.predict(X[[i]])[0]
            np.testing.assert_allclose(predictions[i, k], predicted, rtol=1e-9)
            weight = 1.0 if s is None else s[i]
            np.testing.assert_allclose(squares[i, k], weight * (y[i] - predicted) ** 2, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("scoring", [None, "r2", make_scorer(mean_squared_error, greater_is_better=False)])
@pytest.mark.parametrize("count", [None, 1, 3])
def test_alpha_for_each_target(shape, scoring, count, make, close):
    X, y = make(*shape, count)
    if count == 3:
        # a target along the strongest direction of X, and one with nothing to find
        y[:, 0] = X @ np.linalg.svd(X - X.mean(axis=0))[2][0]
        y[:, 1] = np.random.default_rng(3).normal(size=len(y))
    options = {"alpha_per_target": True, "scoring": scoring, "store_cv_results": True}
    if scoring is not None and count is None:
        found = RidgeCV(ALPHAS, **options).fit(X, y)  # scikit-learn's takes no 1-D y here
        assert found.alpha_ == RidgeCV(ALPHAS, scoring=scoring).fit(X, y).alpha_
        return
    found, wanted = (m.RidgeCV(ALPHAS, **options).fit(X, y) for m in (shrinkage.sklearn, peer))
    np.testing.assert_array_equal(found.alpha_, wanted.alpha_)
    assert np.shape(found.alpha_) == np.shape(wanted.alpha_)
    assert np.shape(found.best_score_) == np.shape(wanted.best_score_)
    if count == 3:
        assert len(set(found.alpha_)) > 1
    else:
        assert isinstance(found.alpha_, float)
    close(found.best_score_, wanted.best_score_, 1e-8)
    close(found.coef_, wanted.coef_, 1e-8)
    close(found.intercept_, wanted.intercept_, 1e-8)
    close(found.cv_results_, wanted.cv_results_, 1e-8)


@pytest.mark.parametrize("gcv_mode", [None, "auto", "svd", "eigen"])
def test_gcv_mode_makes_no_difference(gcv_mode, make):
    X, y = make(30, 5)
    model = RidgeCV(gcv_mode=gcv_mode).fit(X, y)
    np.testing.assert_array_equal(model.coef_, RidgeCV().fit(X, y).coef_)


@pytest.mark.parametrize("scoring", [None, "constant"])
def test_the_first_of_equal_alphas_wins(scoring):
    X = np.random.default_rng(0).normal(size=(20, 3))
    y = X[:, 0] if scoring else np.zeros(20)
    if scoring:
        scoring = make_scorer(lambda y, p, **kwargs: 0.5)
    for alphas in ([0.1, 1.0, 10.0], [10.0, 0.1], [1.0, 10.0, 0.1]):
        model = RidgeCV(alphas, scoring=scoring).fit(X, y)
        assert model.alpha_ == alphas[0]
        np.testing.assert_allclose(model.coef_, Ridge(alpha=alphas[0]).fit(X, y).coef_, rtol=1e-10)


def test_scores_that_are_nan_are_passed_over(make):
    X, y = make(20, 3)
    scores = iter([np.nan, 0.25, np.nan])
    model = RidgeCV([0.1, 1.0, 10.0], scoring=make_scorer(lambda y, p: next(scores))).fit(X, y)
    assert model.alpha_ == 1.0
    assert model.best_score_ == 0.25


FOLDS = {
    "3": (3, None),
    "kfold": (KFold(4, shuffle=True, random_state=0), "neg_mean_absolute_error"),
    "loo": (LeaveOneOut(), "neg_mean_squared_error"),
    "pairs": (list(GroupKFold(3).split(np.empty((20, 1)), groups=np.arange(20) % 5)), "r2"),
}


@pytest.mark.parametrize("form", ["C", "csr"])
@pytest.mark.parametrize("cv", FOLDS)
def test_folds_agree_with_scikit_learn(cv, form, weights, targets, fit_intercept, make, close):
    X, y = make(20, 5, targets)
    s = weights(20)
    if s is not None and cv == "loo":
        s += 0.1  # no score of one sample of weight zero
    folds, scoring = FOLDS[cv]
    options = {"cv": folds, "scoring": scoring, "fit_intercept": fit_intercept}
    found = RidgeCV([0.0, 3.0, 0.1], **options).fit(X if form == "C" else csr_array(X), y, s)
    wanted = peer.RidgeCV([0.0, 3.0, 0.1], **options).fit(X, y, s)
    assert found.alpha_ == wanted.alpha_
    close(found.best_score_, wanted.best_score_, 1e-9)
    close(found.coef_, wanted.coef_, 1e-9)
    close(found.intercept_, wanted.intercept_, 1e-9)
    assert found.certificate_.converged
    assert np.shape(found.effective_dof_) == np.shape(y)[1:]


@pytest.mark.parametrize(
    "cv",
    [
        lambda X: 4,
        lambda X: KFold(3, shuffle=True, random_state=0),
        lambda X: ShuffleSplit(4, test_size=0.3, random_state=0),
        lambda X: ((train, test) for train, test in KFold(5).split(X)),
        lambda X: list(GroupKFold(3).split(X, groups=np.arange(len(X)) % 7)),
    ],
    ids=["number", "splitter", "overlapping", "generator", "pairs"],
)
@pytest.mark.parametrize("scoring", [None, "r2", "neg_mean_squared_error"])
def test_folds_share_a_pass_where_the_score_is_made_of_squares(monkeypatch, scoring, cv, targets, make, close):
    X, y = make(60, 5, targets)
    wanted = peer.RidgeCV(ALPHAS, cv=cv(X), scoring=scoring).fit(X, y)
    monkeypatch.setattr("shrinkage.sklearn._ridge.GridSearchCV", None)
    for data in (X, csr_array(X), X[:, ::-1][:, ::-1]):
        model = RidgeCV(ALPHAS, cv=cv(X), scoring=scoring).fit(data, y)
        assert model.alpha_ == wanted.alpha_
        assert model.best_score_ == pytest.approx(wanted.best_score_, rel=1e-9)
        assert type(model.best_score_) is float
        close(model.coef_, wanted.coef_, 1e-9)
        close(model.intercept_, wanted.intercept_, 1e-9)
        assert model.certificate_.converged


def test_folds_without_a_spread_score_as_in_scikit_learn(make):
    X, y = make(30, 4)
    y[:10] = 2.0
    wanted, model = peer.RidgeCV(ALPHAS, cv=3).fit(X, y), RidgeCV(ALPHAS, cv=3).fit(X, y)
    assert (model.alpha_, model.best_score_) == (wanted.alpha_, pytest.approx(wanted.best_score_))
    with pytest.warns(UserWarning, match="R.2 score is not well-defined with less than two samples"):
        RidgeCV(ALPHAS, cv=LeaveOneOut()).fit(X, y)


def test_effective_dof_certificate_and_penalty_factor_are_those_of_the_function(make):
    X, y = make(40, 4, 2)
    factor = [0.0, 1.0, np.inf, 2.0]
    model = RidgeCV(ALPHAS, penalty_factor=factor).fit(X, y)
    found = shrinkage.ridge_cv(X, y, ALPHAS, penalty_factor=factor, convention="sum")
    assert model.alpha_ == found.alpha
    assert model.certificate_ == found.fit.certificate
    np.testing.assert_array_equal(model.effective_dof_, found.fit.effective_dof)
    np.testing.assert_array_equal(model.coef_, found.fit.coef)
    folds = RidgeCV([model.alpha_], penalty_factor=factor, cv=2).fit(X, y)
    np.testing.assert_allclose(folds.coef_, model.coef_, rtol=1e-10)


def test_refitting_without_results_drops_them(make):
    X, y = make(20, 3)
    model = RidgeCV(store_cv_results=True).fit(X, y)
    assert hasattr(model, "cv_results_")
    model.set_params(store_cv_results=False).fit(X, y)
    assert not hasattr(model, "cv_results_")


@pytest.mark.parametrize(
    "alphas", [2.0, np.float64(2), np.array(2.0), [2], (2.0,), np.array([2.0]), [2.0, 2]], ids=repr
)
def test_ways_to_write_alphas(alphas, make):
    X, y = make(20, 3)
    model = RidgeCV(alphas)
    model.fit(X, y)
    assert model.alphas is alphas
    assert model.alpha_ == 2.0
    np.testing.assert_allclose(model.coef_, Ridge(alpha=2.0).fit(X, y).coef_, rtol=1e-12)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"alphas": (1, -1, -100)}, ValueError, r"alphas\[1\] == -1, must be > 0.0"),
        ({"alphas": (0.0, 1.0)}, ValueError, r"alphas\[0\] == 0.0, must be > 0.0"),
        ({"alphas": [0.0]}, ValueError, r"alphas == 0.0, must be > 0.0"),
        ({"alphas": (-1.0, 1.0), "cv": 3}, ValueError, r"alphas\[0\] == -1.0, must be >= 0.0"),
        ({"alphas": (1.0, "1")}, TypeError, r"alphas\[1\] must be an instance of float, not str"),
        ({"alphas": -1.0}, InvalidParameterError, "The 'alphas' parameter of RidgeCV"),
        ({"scoring": "nothing"}, InvalidParameterError, "The 'scoring' parameter of RidgeCV"),
        ({"gcv_mode": "qr"}, InvalidParameterError, "The 'gcv_mode' parameter of RidgeCV"),
        ({"cv": 3, "store_cv_results": True}, ValueError, "cv!=None and store_cv_results=True are incompatible"),
        ({"cv": 3, "alpha_per_target": True}, ValueError, "cv!=None and alpha_per_target=True are incompatible"),
        ({"cv": "five"}, InvalidParameterError, "The 'cv' parameter of RidgeCV"),
    ],
    ids=str,
)
def test_bad_parameters_are_named(parameters, error, message, make):
    X, y = make(20, 3)
    with pytest.raises(error, match=message):
        RidgeCV(**parameters).fit(X, y)


def test_bad_data_are_refused_in_scikit_learns_words(make):
    X, y = make(20, 3)
    X[4, 1] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        RidgeCV().fit(X, y)
    with pytest.raises(ValueError, match="minimum of 2 is required"):
        RidgeCV().fit(X[:1], y[:1])
    with pytest.raises(ValueError, match="two samples of positive weight"):
        RidgeCV().fit(X[:3], y[:3], [1.0, 0.0, 0.0])
    for cv in (None, 3):
        with pytest.raises(ValueError, match="requires y to be passed"):
            RidgeCV(cv=cv).fit(X, None)


@pytest.mark.parametrize("scoring", [None, "neg_mean_squared_error"])
@pytest.mark.parametrize("cv", [None, 3])
def test_weights_are_routed(scoring, cv, make, with_zeros, close):
    X, y = make(40, 4)
    s = with_zeros(40) + 0.1
    with config_context(enable_metadata_routing=True):
        models = []
        for module in (shrinkage.sklearn, peer):
            scorer = make_scorer(mean_squared_error, greater_is_better=False) if scoring else None
            if scorer is not None:
                scorer.set_score_request(sample_weight=True)
            model = module.RidgeCV(ALPHAS, scoring=scorer, cv=cv).set_fit_request(sample_weight=True)
            models.append(model.fit(X, y, sample_weight=s))
        found, wanted = models
        assert found.alpha_ == wanted.alpha_
        close(found.best_score_, wanted.best_score_, 1e-9)
        close(found.coef_, wanted.coef_, 1e-9)
        router = found.get_metadata_routing()
        assert set(router._route_mappings) == {"scorer", "splitter"}


def test_groups_are_routed_to_the_splitter_or_refused(make):
    X, y = make(30, 4)
    groups = np.arange(30) % 5
    with pytest.raises(ValueError, match="enable_metadata_routing=True"):
        RidgeCV(cv=GroupKFold(3)).fit(X, y, groups=groups)
    with config_context(enable_metadata_routing=True):
        found, wanted = (
            m.RidgeCV(ALPHAS, cv=GroupKFold(3)).fit(X, y, groups=groups) for m in (shrinkage.sklearn, peer)
        )
    assert found.alpha_ == wanted.alpha_
    assert found.best_score_ == pytest.approx(wanted.best_score_)


def test_names_pickling_cloning_and_pipelines(make, close):
    pandas = pytest.importorskip("pandas")
    X, y = make(30, 3)
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    for cv in (None, 3):
        model = RidgeCV(cv=cv).fit(frame, y)
        assert list(model.feature_names_in_) == ["a", "b", "c"]
        assert model.n_features_in_ == 3
        again = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(again.predict(frame), model.predict(frame))
        np.testing.assert_allclose(clone(model).fit(X, y).coef_, model.coef_, rtol=1e-12)
        assert model.fit(X, y) is model
        assert not hasattr(model, "feature_names_in_") or cv is not None
    pipe = make_pipeline(StandardScaler(), RidgeCV()).set_output(transform="pandas").fit(frame, y)
    close(pipe.predict(frame), make_pipeline(StandardScaler(), peer.RidgeCV()).fit(X, y).predict(X), 1e-10)
