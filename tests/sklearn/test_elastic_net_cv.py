"""LassoCV and ElasticNetCV against scikit-learn's own at a tight tolerance, and what ours have besides."""

import warnings

import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn import linear_model as theirs
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupKFold, KFold, RepeatedKFold, ShuffleSplit, TimeSeriesSplit

import shrinkage
from shrinkage.sklearn import ElasticNet, ElasticNetCV, Lasso, LassoCV

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
TIGHT = {"tol": 1e-12, "max_iter": 100_000}
ALPHAS = np.geomspace(2.0, 0.01, 8)
SPLITTERS = [
    None,
    3,
    KFold(4, shuffle=True, random_state=0),
    TimeSeriesSplit(3),
    RepeatedKFold(n_splits=3, n_repeats=2, random_state=0),
    ShuffleSplit(3, random_state=0),
]


@pytest.mark.parametrize("cv", SPLITTERS, ids=str)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_lasso_is_scikit_learns(make, shape, cv, form, close):
    X, y = make(*shape)
    found = LassoCV(alphas=ALPHAS, cv=cv, tol=1e-10).fit(form(X), y)
    wanted = theirs.LassoCV(alphas=ALPHAS, cv=cv, **TIGHT).fit(X, y)
    close(found.mse_path_, wanted.mse_path_, 1e-5)
    np.testing.assert_array_equal(found.alphas_, wanted.alphas_)
    assert found.alpha_ == wanted.alpha_
    close(found.coef_, wanted.coef_, 1e-5)
    assert found.intercept_ == pytest.approx(wanted.intercept_, rel=1e-5)
    assert np.ndim(found.dual_gap_) == 0 and np.ndim(found.n_iter_) == 0
    assert not hasattr(found, "l1_ratio_")


@pytest.mark.parametrize("positive", [False, True])
def test_several_ratios(make, shape, fit_intercept, weights, positive, close):
    X, y = make(*shape)
    s = weights(len(X))
    options = {"l1_ratio": [0.2, 0.7, 1.0], "cv": 3, "fit_intercept": fit_intercept, "positive": positive}
    for alphas in (ALPHAS, 6):
        if alphas is not ALPHAS and VERSION < (1, 9):
            continue  # grids of their own
        found = ElasticNetCV(**options, alphas=alphas, tol=1e-10).fit(X, y, sample_weight=s)
        wanted = theirs.ElasticNetCV(**options, alphas=alphas, **TIGHT).fit(X, y, sample_weight=s)
        np.testing.assert_allclose(found.alphas_, wanted.alphas_, rtol=1e-10)
        close(found.mse_path_, wanted.mse_path_, 1e-5)
        assert found.mse_path_.shape == (3, len(ALPHAS) if alphas is ALPHAS else 6, 3)
        assert (found.l1_ratio_, found.alpha_) == pytest.approx((wanted.l1_ratio_, wanted.alpha_), rel=1e-10)
        close(found.coef_, wanted.coef_, 1e-5)


def test_the_fit_is_the_estimator_at_the_chosen_alpha(make, with_zeros, close):
    X, y = make(40, 7)
    s = with_zeros(40)
    data = {"penalty_factor": [1, 2, 0, np.inf, 1, 1, 1], "lower": -0.5, "upper": [1.5] * 7}
    net = ElasticNetCV(l1_ratio=[0.3, 0.9], cv=3, **data).fit(X, y, sample_weight=s)
    one = ElasticNet(net.alpha_, l1_ratio=net.l1_ratio_, **data).fit(X, y, sample_weight=s)
    close(net.coef_, one.coef_, 1e-8)
    assert net.certificate_.converged
    assert net.dual_gap_ == net.certificate_.duality_gap
    assert net.effective_dof_ == pytest.approx(one.effective_dof_, rel=1e-6)
    assert net.sparse_coef_.nnz == np.count_nonzero(net.coef_)
    lasso = LassoCV(cv=3, **data).fit(X, y, sample_weight=s)
    close(lasso.coef_, Lasso(lasso.alpha_, **data).fit(X, y, sample_weight=s).coef_, 1e-8)


def test_errors_are_those_of_fits_to_the_training_rows(make, with_zeros):
    X, y = make(40, 7)
    s = with_zeros(40)
    data = {"penalty_factor": [1, 2, 0, np.inf, 1, 1, 1], "lower": -0.5}
    model = LassoCV(alphas=ALPHAS, cv=3, **data).fit(X, y, sample_weight=s)
    for k, (train, test) in enumerate(KFold(3).split(X)):
        for alpha, mse in zip(model.alphas_, model.mse_path_[:, k], strict=True):
            one = Lasso(alpha, **data).fit(X[train], y[train], sample_weight=s[train])
            wanted = np.average((y[test] - one.predict(X[test])) ** 2, weights=s[test])
            assert mse == pytest.approx(wanted, rel=1e-6)


def test_one_standard_error(make):
    X, y = make(40, 7)
    model = LassoCV(cv=5).fit(X, y)
    mean = model.mse_path_.mean(axis=1)
    error = model.mse_path_.std(axis=1, ddof=1) / np.sqrt(5)
    best = mean.argmin()
    assert model.alpha_ == model.alphas_[best]
    assert model.alpha_1se_ == model.alphas_[mean <= mean[best] + error[best]].max() > model.alpha_
    assert np.isnan(LassoCV(cv=[(np.arange(30), np.arange(30, 40))]).fit(X, y).alpha_1se_)


def test_groups_by_routing(make):
    X, y = make(40, 7)
    groups = np.arange(40) % 4
    with sklearn.config_context(enable_metadata_routing=True):
        found = LassoCV(alphas=ALPHAS, cv=GroupKFold(4)).fit(X, y, groups=groups)
    wanted = LassoCV(alphas=ALPHAS, cv=list(GroupKFold(4).split(X, y, groups))).fit(X, y)
    np.testing.assert_array_equal(found.mse_path_, wanted.mse_path_)
    with pytest.raises(ValueError, match="enable_metadata_routing"):
        LassoCV(cv=GroupKFold(4)).fit(X, y, groups=groups)


def test_a_generator_of_rows_is_read_once(make):
    X, y = make(40, 7)
    wanted = LassoCV(cv=KFold(4)).fit(X, y)
    with sklearn.config_context(enable_metadata_routing=True):
        found = LassoCV(cv=KFold(4).split(X))
        found.get_metadata_routing()
        found.fit(X, y)
    np.testing.assert_array_equal(found.mse_path_, wanted.mse_path_)


def test_options_without_effect(make):
    X, y = make(40, 7)
    wanted = LassoCV(cv=3, alphas=10).fit(X, y)
    for options in (
        {"selection": "random", "random_state": 0}, {"max_iter": 1}, {"copy_X": False}, {"precompute": True},
        {"n_jobs": 2}, {"verbose": 1},
    ):  # fmt: skip
        found = clone(wanted).set_params(**options).fit(X, y)
        np.testing.assert_array_equal(found.mse_path_, wanted.mse_path_)
        np.testing.assert_array_equal(found.coef_, wanted.coef_)
    assert len(LassoCV(alphas=None, cv=3).fit(X, y).alphas_) == 100


def test_gram_matrix_is_held_against_the_data(make):
    X, y = make(40, 7)
    X = X - X.mean(axis=0)
    gram = X.T @ X
    wanted = LassoCV(cv=3, alphas=10).fit(X, y)
    np.testing.assert_array_equal(LassoCV(cv=3, alphas=10, precompute=gram).fit(X, y).coef_, wanted.coef_)
    with pytest.raises(ValueError, match="did not pass validation"):
        LassoCV(cv=3, alphas=10, precompute=gram + np.eye(7)).fit(X, y)


def test_ridge_among_the_ratios(make, close):
    X, y = make(40, 7)
    options = {"l1_ratio": [0.0, 1.0], "alphas": ALPHAS, "cv": 3}
    found, wanted = ElasticNetCV(**options).fit(X, y), theirs.ElasticNetCV(**options, **TIGHT).fit(X, y)
    close(found.mse_path_, wanted.mse_path_, 1e-5)
    close(found.coef_, wanted.coef_, 1e-5)


def test_a_target_that_X_does_not_explain():
    X = np.random.default_rng(0).normal(size=(12, 3))
    for alphas in (1, 4):
        model = LassoCV(alphas=alphas).fit(X, np.full(12, 5.0))
        assert model.alphas_.tolist() == [np.finfo(float).resolution] * alphas
        assert model.alpha_ == model.alpha_1se_ == np.finfo(float).resolution
        assert not model.coef_.any() and model.intercept_ == 5.0


def test_one_alpha_is_the_largest(make):
    X, y = make(40, 7)
    for eps in (0.1, 1.0):
        assert LassoCV(alphas=1, eps=eps).fit(X, y).alpha_ == pytest.approx(shrinkage.alpha_max(X, y))


@pytest.mark.parametrize("eps", [1.0, 2.0])
def test_grids_that_do_not_fall(make, eps):
    X, y = make(40, 7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = LassoCV(alphas=3, eps=eps, cv=3).fit(X, y)
    top = shrinkage.alpha_max(X, y)
    np.testing.assert_allclose(found.alphas_, np.geomspace(eps * top, top, 3))
    assert found.mse_path_.shape == (3, 3)


def test_a_gap_out_of_reach_is_told_once(make):
    X, y = make(40, 7)
    model = LassoCV(alphas=[1.0, 1e-11], tol=0.0, cv=3)
    with pytest.warns(ConvergenceWarning, match=r"did not converge.* units of the objective"):
        model.fit(X * 10.0 ** np.linspace(-8, 8, 7), y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clone(model).set_params(tol=1e-4).fit(X, y)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"alphas": [1.0, -1.0]}, r"alphas\[1\] == -1"),
        ({"alphas": 0}, "alphas"),
        ({"eps": 0.0}, "eps"),
        ({"eps": 2.0, "l1_ratio": [0.5, 1.0]}, "eps must be below 1 where there are several l1_ratio"),
        ({"l1_ratio": [0.0, 0.5], "alphas": [1.0], "positive": True}, "positive.*leave 0 out of l1_ratio"),
        ({"cv": 1}, "cv|n_splits"),
        ({"l1_ratio": [0.5, 2.0]}, "l1_ratio"),
        ({"l1_ratio": 0.0}, "not supported for l1_ratio=0"),
        ({"lower": 1.0}, "lower"),
        ({"penalty_factor": [1.0]}, "penalty_factor"),
        ({"cv": []}, "^cv has no folds"),
    ],
)
def test_bad_options_are_named(make, option, words):
    X, y = make(40, 7)
    with pytest.raises(ValueError, match=words):
        ElasticNetCV(**option).fit(X, y)


def test_folds_without_weight_are_named(make):
    X, y = make(40, 7)
    s = np.repeat([1.0, 0.0], 20)
    with pytest.raises(ValueError, match=r"^cv: fold 0 has no training row of positive weight"):
        LassoCV(cv=2).fit(X, y, sample_weight=s)
    with pytest.raises(TypeError, match=r"^cv: the test rows of fold 0 must be row numbers"):
        LassoCV(cv=[([0, 1], [2.5])]).fit(X, y)


def test_several_targets_are_refused(make):
    X, y = make(40, 7, 3)
    for model in (LassoCV(), ElasticNetCV()):
        with pytest.raises(ValueError, match=f"^For multi-task outputs, use MultiTask{type(model).__name__}$"):
            model.fit(X, y)
