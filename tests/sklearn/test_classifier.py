"""RidgeClassifier and RidgeClassifierCV against scikit-learn's, and against refits where that is wrong."""

import pickle

import numpy as np
import pytest
import sklearn.linear_model as theirs
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.metrics import accuracy_score, get_scorer
from sklearn.model_selection import KFold, LeaveOneOut, cross_val_predict

from shrinkage.sklearn import Ridge, RidgeClassifier, RidgeClassifierCV

KINDS = ("two", "three", "multilabel", "strings")


@pytest.fixture(params=KINDS)
def classes(request, make):
    """X and the labels of some kind."""
    X, Y = make(60, 6, 3)
    if request.param == "two":
        return X, (Y[:, 0] > np.median(Y[:, 0])).astype(int)
    if request.param == "three":
        return X, Y.argmax(axis=1) + 5
    if request.param == "multilabel":
        return X, (np.median(Y, axis=0) < Y).astype(int)
    return X, np.array(["cat", "dog", "eel"])[Y.argmax(axis=1)]


def same(mine, other, X):
    np.testing.assert_allclose(mine.coef_, other.coef_, rtol=1e-7, atol=1e-9)
    assert np.shape(mine.intercept_) == np.shape(other.intercept_)
    np.testing.assert_allclose(mine.intercept_, other.intercept_, rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(mine.classes_, other.classes_)
    np.testing.assert_allclose(mine.decision_function(X), other.decision_function(X), rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(mine.predict(X), other.predict(X))
    assert mine.predict(X).dtype == other.predict(X).dtype
    assert mine.n_features_in_ == other.n_features_in_


@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_agrees_with_scikit_learn(classes, layout, class_weight, fit_intercept, weights):
    X, y = classes
    options = {"alpha": 0.7, "class_weight": class_weight, "fit_intercept": fit_intercept}
    mine = RidgeClassifier(**options).fit(layout(X), y, weights(len(X)))
    same(mine, theirs.RidgeClassifier(**options).fit(X, y, weights(len(X))), X)
    assert mine.certificate_.converged
    assert mine.solver_ == "cholesky"
    assert mine.n_iter_ is None


def test_weights_by_class():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), np.array(["a", "b", "c", "a"] * 10)
    s = rng.uniform(0.5, 2.0, size=40)
    found = RidgeClassifier(class_weight={"a": 3.0, "b": 0.5}).fit(X, y, s)
    factor = np.array([{"a": 3.0, "b": 0.5, "c": 1.0}[k] for k in y])
    labels = np.where(y[:, None] == ["a", "b", "c"], 1.0, -1.0)
    wanted = Ridge().fit(X, labels, s * factor)
    np.testing.assert_allclose(found.coef_, wanted.coef_, rtol=1e-12)
    np.testing.assert_allclose(found.effective_dof_, wanted.effective_dof_)


@pytest.mark.parametrize("solver", ["svd", "lsqr", "sag", "lbfgs"])
def test_solvers_are_those_of_ridge(solver, classes):
    X, y = classes
    options = {"solver": solver, "positive": solver == "lbfgs", "tol": 1e-9}
    found = RidgeClassifier(**options).fit(X, y)
    labels = RidgeClassifier().fit(X, y)._label_binarizer.transform(y)
    np.testing.assert_allclose(found.coef_, Ridge(**options).fit(X, labels).coef_, atol=1e-9)
    assert found.solver_ == solver
    if solver == "lbfgs":
        assert (found.coef_ >= 0).all()
    else:
        assert (found.n_iter_ is None) == (solver == "svd")


@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_leave_one_out_agrees_with_scikit_learn(classes, layout, class_weight, weights):
    X, y = classes
    options = {"alphas": [0.01, 1.0, 30.0], "class_weight": class_weight, "store_cv_results": True}
    mine = RidgeClassifierCV(**options).fit(layout(X), y, weights(len(X)))
    other = theirs.RidgeClassifierCV(**options).fit(X, y, weights(len(X)))
    same(mine, other, X)
    assert mine.alpha_ == other.alpha_
    np.testing.assert_allclose(mine.best_score_, other.best_score_, rtol=1e-8)
    np.testing.assert_allclose(mine.cv_results_, other.cv_results_, rtol=1e-7, atol=1e-10)
    assert mine.certificate_.converged


@pytest.mark.parametrize("scoring", [None, "accuracy", "neg_mean_squared_error"])
def test_folds_agree_with_scikit_learn(make, scoring):
    X, Y = make(60, 6, 3)
    y = Y.argmax(axis=1)
    options = {"alphas": [0.01, 1.0, 30.0], "cv": KFold(4), "scoring": scoring}
    mine, other = RidgeClassifierCV(**options).fit(X, y), theirs.RidgeClassifierCV(**options).fit(X, y)
    same(mine, other, X)
    assert (mine.alpha_, mine.best_score_) == (other.alpha_, other.best_score_)


def test_scores_of_leave_one_out_are_those_of_refits(classes):
    """For two classes and for multilabel targets scikit-learn's are not: its accuracy of two classes is always 1."""
    X, y = classes
    alphas = [1e-2, 10.0, 1e3]
    found = RidgeClassifierCV(alphas, scoring="accuracy").fit(X, y)
    wanted = [accuracy_score(y, cross_val_predict(RidgeClassifier(alpha=a), X, y, cv=LeaveOneOut())) for a in alphas]
    assert found.best_score_ == pytest.approx(max(wanted))
    assert found.alpha_ == alphas[int(np.argmax(wanted))]
    assert 0.3 < max(wanted) < 1.0


def test_scorers_of_decisions(make):
    X, Y = make(60, 6, 1)
    y = np.where(Y[:, 0] > np.median(Y), "yes", "no")
    found = RidgeClassifierCV([10.0], scoring="roc_auc", store_cv_results=True).fit(X, y)
    from sklearn.metrics import roc_auc_score

    assert found.best_score_ == pytest.approx(roc_auc_score(y, found.cv_results_[:, 0, 0]))


def test_metadata_routing(make):
    X, Y = make(60, 6, 3)
    y, s = Y.argmax(axis=1), np.random.default_rng(0).uniform(0.5, 2.0, size=60)
    with config_context(enable_metadata_routing=True):
        scorer = get_scorer("accuracy").set_score_request(sample_weight=True)
        for cv in (None, 3):
            mine = RidgeClassifierCV(scoring=scorer, cv=cv).fit(X, y, sample_weight=s)
            other = theirs.RidgeClassifierCV(scoring=scorer, cv=cv).fit(X, y, sample_weight=s)
            assert (mine.alpha_, mine.best_score_) == (other.alpha_, pytest.approx(other.best_score_))


def test_float32(make):
    X, Y = make(60, 6, 3)
    model = RidgeClassifier().fit(X.astype(np.float32), Y.argmax(axis=1))
    assert model.coef_.dtype == model.decision_function(X.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("model", [RidgeClassifier(alpha=2.0, class_weight="balanced"), RidgeClassifierCV(cv=3)])
def test_clones_pickles_and_tags(model, make):
    X, Y = make(60, 6, 3)
    y = Y.argmax(axis=1)
    again = pickle.loads(pickle.dumps(clone(model).fit(X, y)))
    np.testing.assert_array_equal(again.predict(X), clone(model).fit(X, y).predict(X))
    assert again.score(X, y) > 0.6
    assert is_classifier(model)
    assert model.__sklearn_tags__().classifier_tags.multi_label
    assert model.__sklearn_tags__().input_tags.sparse


def test_names_of_features(make):
    pandas = pytest.importorskip("pandas")
    X, Y = make(60, 3, 3)
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    for model in (RidgeClassifier(), RidgeClassifierCV(), RidgeClassifierCV(cv=3)):
        assert list(model.fit(frame, Y.argmax(axis=1)).feature_names_in_) == ["a", "b", "c"]


def test_what_is_refused(make):
    X, Y = make(20, 3)
    with pytest.raises(ValueError, match="Unknown label type"):
        RidgeClassifier().fit(X, Y)
    with pytest.raises(ValueError, match=r"alphas\[0\] == 0.0, must be > 0.0"):
        RidgeClassifierCV([0.0, 1.0]).fit(X, Y > 0)
    with pytest.raises(ValueError, match="'class_weight' parameter of RidgeClassifier"):
        RidgeClassifier(class_weight="fair").fit(X, Y > 0)
    with pytest.raises(ValueError, match="store_cv_results=True are incompatible"):
        RidgeClassifierCV(cv=3, store_cv_results=True).fit(X, Y > 0)
