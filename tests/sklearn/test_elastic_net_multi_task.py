"""The MultiTask classes and paths of several targets against scikit-learn's at a tight tolerance, and what is ours."""

import inspect
import pickle
import warnings

import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn import linear_model as theirs
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupKFold, KFold, TimeSeriesSplit

import shrinkage
from shrinkage import sklearn as ours
from shrinkage.sklearn import (
    ElasticNet,
    Lasso,
    MultiTaskElasticNet,
    MultiTaskElasticNetCV,
    MultiTaskLasso,
    MultiTaskLassoCV,
    Ridge,
    enet_path,
    lasso_path,
)

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
TIGHT = {"tol": 1e-14, "max_iter": 500_000}
ALPHAS = np.geomspace(4.0, 0.02, 8)
NAMES = ["MultiTaskElasticNet", "MultiTaskLasso", "MultiTaskElasticNetCV", "MultiTaskLassoCV"]
FACTORS = [1.0, 2.0, 0.0, np.inf, 1.0, 0.5, 1.0]


def scaled(X, y, s, fit_intercept):
    """Data whose unweighted problem without an intercept is that of weights and an intercept, for any scikit-learn."""
    s = np.ones(len(X)) if s is None else s
    if fit_intercept:
        X, y = X - np.average(X, axis=0, weights=s), y - np.average(y, axis=0, weights=s)
    root = np.sqrt(s * len(s) / s.sum())[:, None]
    return root * X, root * y


def reference(X, y, s=None, fit_intercept=True, **options):
    """scikit-learn's coefficients."""
    return (
        theirs.MultiTaskElasticNet(fit_intercept=False, **options, **TIGHT).fit(*scaled(X, y, s, fit_intercept)).coef_
    )


def objective(model, X, y, s=None):
    """The documented objective."""
    v = np.ones(X.shape[1]) if model.penalty_factor is None else np.asarray(model.penalty_factor, dtype=float)
    size = np.sqrt(np.square(model.coef_).sum(axis=0))
    v = np.where(size > 0, v, 0.0)
    loss = np.average(np.square(y - X @ model.coef_.T - model.intercept_).sum(axis=1), weights=s) / 2
    return loss + model.alpha * (v * (model.l1_ratio * size + (1 - model.l1_ratio) * size**2 / 2)).sum()


# ------------------------------------------------------------------------------------------------------- one alpha


@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
def test_coefficients_are_scikit_learns(make, shape, fit_intercept, weights, l1_ratio, close):
    X, y = make(*shape, 3)
    s = weights(len(X))
    alpha = 0.8 / l1_ratio
    model = MultiTaskElasticNet(alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=1e-12)
    model.fit(X, y, sample_weight=s)
    wanted = reference(X, y, s, fit_intercept, alpha=alpha, l1_ratio=l1_ratio)
    assert (wanted == 0).any() and wanted.any()
    close(model.coef_, wanted, 1e-5)
    assert ((model.coef_ == 0).all(axis=0) == (model.coef_ == 0).any(axis=0)).all()
    if fit_intercept:
        close(model.intercept_, np.average(y - X @ wanted.T, axis=0, weights=s), 1e-5)
    else:
        assert model.intercept_ == 0.0
    assert model.certificate_.objective == pytest.approx(objective(model, X, y, s), rel=1e-12)


@pytest.mark.parametrize("Model", [MultiTaskElasticNet, MultiTaskLasso])
def test_attributes_are_scikit_learns(make, Model, fit_intercept, targets):
    X, y = make(40, 7, targets or 2)
    found = Model(0.1, fit_intercept=fit_intercept).fit(X, y)
    wanted = getattr(theirs, Model.__name__)(0.1, fit_intercept=fit_intercept).fit(X, y)
    for name, value in vars(wanted).items():
        if name.endswith("_") and not name.startswith("_"):
            assert np.shape(getattr(found, name)) == np.shape(value), name
    assert found.eps_ == pytest.approx(wanted.eps_, rel=1e-12)
    assert isinstance(found.dual_gap_, float) and isinstance(found.n_iter_, int)
    assert isinstance(found.effective_dof_, float)
    assert found.dual_gap_ == found.certificate_.duality_gap
    assert found.predict(X).shape == y.shape
    assert sparse.issparse(found.sparse_coef_)
    np.testing.assert_array_equal(found.sparse_coef_.toarray(), found.coef_)


@pytest.mark.parametrize("name", NAMES)
def test_signatures_are_scikit_learns_with_factors(name):
    found, wanted = (dict(inspect.signature(getattr(module, name)).parameters) for module in (ours, theirs))
    assert found.pop("penalty_factor").default is None
    wanted.pop("n_alphas", None)  # of older ones
    assert found.keys() == wanted.keys()
    for key in found:
        assert found[key].kind == wanted[key].kind
        if key != "alphas":
            assert found[key].default == wanted[key].default


def test_the_gap_is_in_scikit_learns_units(make):
    X, y = make(40, 7, 3)
    # few steps leave a gap that says something
    crude = theirs.MultiTaskLasso(0.01, tol=1e-2, max_iter=3, fit_intercept=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        crude.fit(X, y)
    exact = MultiTaskLasso(0.01, fit_intercept=False, tol=1e-10).fit(X, y)
    value = np.square(y - X @ crude.coef_.T).sum() / 80 + 0.01 * np.sqrt(np.square(crude.coef_).sum(axis=0)).sum()
    assert 1e-4 < value - exact.certificate_.objective <= crude.dual_gap_
    assert exact.dual_gap_ < 1e-10 * value


def test_eps_with_weights(make, with_zeros):
    X, y = make(40, 7, 3)
    s = with_zeros(40)
    centred = y - np.average(y, axis=0, weights=s)
    wanted = 1e-3 * 40 / s.sum() * (s[:, None] * centred**2).sum()
    assert MultiTaskLasso(tol=1e-3).fit(X, y, sample_weight=s).eps_ == pytest.approx(wanted, rel=1e-12)


def test_every_form_of_X(make, layout, weights, close):
    X, y = make(40, 7, 3)
    s = weights(40)
    model = MultiTaskLasso(0.3, tol=1e-12).fit(layout(X), y, sample_weight=s)
    close(model.coef_, reference(X, y, s, alpha=0.3, l1_ratio=1.0), 1e-6)
    close(model.predict(layout(X)), model.predict(X), 1e-12)


def test_targets_in_either_order_and_integers(make):
    X, y = make(40, 7, 3)
    wanted = MultiTaskLasso(0.3).fit(X, y)
    found = MultiTaskLasso(0.3).fit(X, np.asfortranarray(y))
    np.testing.assert_allclose(found.coef_, wanted.coef_, rtol=1e-10, atol=1e-12)
    whole = np.round(y).astype(int)
    np.testing.assert_array_equal(
        MultiTaskLasso(0.3).fit(X, whole).coef_, MultiTaskLasso(0.3).fit(X, whole.astype(float)).coef_
    )


def test_single_precision(make, close):
    X, y = make(40, 7, 3)
    wanted = MultiTaskElasticNet(0.1).fit(X, y)
    found = MultiTaskElasticNet(0.1).fit(X.astype(np.float32), y.astype(np.float32))
    assert found.coef_.dtype == found.intercept_.dtype == np.float32
    assert found.predict(X.astype(np.float32)).dtype == np.float32
    close(found.coef_, wanted.coef_, 1e-5)


@pytest.mark.parametrize("form", [np.asarray, sparse.csc_array])
def test_weights_are_repeated_rows(make, form, close):
    X, y = make(40, 7, 3)
    counts = np.arange(40) % 4
    repeated = MultiTaskElasticNet(0.1).fit(form(np.repeat(X, counts, axis=0)), np.repeat(y, counts, axis=0))
    weighted = MultiTaskElasticNet(0.1).fit(form(X), y, sample_weight=counts)
    close(weighted.coef_, repeated.coef_, 1e-8)
    close(weighted.intercept_, repeated.intercept_, 1e-8)
    assert weighted.dual_gap_ == pytest.approx(repeated.dual_gap_, abs=1e-10)
    np.testing.assert_array_equal(MultiTaskElasticNet(0.1).fit(form(X), y, sample_weight=3.0).predict(X).shape, (40, 3))


def test_one_target_is_the_lasso(make, close):
    X, y = make(40, 7)
    found, wanted = MultiTaskElasticNet(0.1).fit(X, y[:, None]), ElasticNet(0.1).fit(X, y)
    close(found.coef_, wanted.coef_[None], 1e-8)
    close(found.intercept_, [wanted.intercept_], 1e-8)
    assert found.predict(X).shape == (40, 1)


def test_without_an_L1_term_it_is_ridge(make, close):
    X, y = make(40, 7, 3)
    found = MultiTaskElasticNet(0.1, l1_ratio=0.0).fit(X, y)
    wanted = Ridge(0.1 * 40).fit(X, y)
    close(found.coef_, wanted.coef_, 1e-10)
    assert found.coef_.shape == (3, 7) and isinstance(found.dual_gap_, float)


def test_classes_are_the_function(make, with_zeros):
    X, y = make(40, 7, 3)
    s = with_zeros(40)
    lasso = MultiTaskLasso(0.1, penalty_factor=FACTORS).fit(X, y, s)
    net = MultiTaskElasticNet(0.1, l1_ratio=1.0, penalty_factor=FACTORS).fit(X, y, s)
    np.testing.assert_array_equal(lasso.coef_, net.coef_)
    fit = shrinkage.elastic_net(X, y, 0.1, sample_weight=s, penalty_factor=FACTORS, multi_task=True)
    np.testing.assert_allclose(lasso.coef_, fit.coef, rtol=1e-7, atol=1e-9)
    assert isinstance(lasso, MultiTaskElasticNet) and isinstance(lasso, ElasticNet)
    assert "l1_ratio" not in lasso.get_params()


def test_penalty_factors_are_scaled_columns(make, close):
    X, y = make(40, 7, 3)
    v = np.array([1.0, 2.0, 0.5, 4.0, 1.0, 0.1, 3.0])
    wanted = reference(X / v, y, alpha=0.3, l1_ratio=1.0) / v
    close(MultiTaskLasso(0.3, penalty_factor=v, tol=1e-12).fit(X, y).coef_, wanted, 1e-6)


def test_factors_of_zero_and_infinity(make, capfd):
    X, y = make(40, 7, 3)
    model = MultiTaskLasso(1e3, penalty_factor=[0, 1, 1, np.inf, 0, 1, 1]).fit(X, y)
    assert model.effective_dof_ == pytest.approx(6.0)
    assert capfd.readouterr() == ("", "")  # LAPACK prints what it refuses
    assert np.flatnonzero(model.coef_.any(axis=0)).tolist() == [0, 4]
    ols = theirs.LinearRegression().fit(X[:, [0, 4]], y)
    np.testing.assert_allclose(model.coef_[:, [0, 4]], ols.coef_, rtol=1e-8)


def test_warm_start_ends_where_a_cold_one_does(make, close):
    X, y = make(12, 30, 3)
    model = MultiTaskLasso(1.0, warm_start=True).fit(X, y)
    warm = model.set_params(alpha=0.1).fit(X, y)
    cold = MultiTaskLasso(0.1).fit(X, y)
    close(warm.coef_, cold.coef_, 1e-6)
    # from the solution there is nothing left to do
    assert clone(model).fit(X, y).n_iter_ >= model.fit(X, y).n_iter_


def test_warm_start_refuses_other_targets(make):
    X, y = make(40, 7, 3)
    model = MultiTaskLasso(0.5, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="coef_ is of 3 targets, and y has 2"):
        model.fit(X, y[:, :2])
    with pytest.raises(ValueError, match="coef_ is of 7 features, and X has 6"):
        model.fit(X[:, :6], y)


def test_options_without_effect(make):
    X, y = make(40, 7, 3)
    wanted = MultiTaskElasticNet(0.1).fit(X, y).coef_
    for options in ({"selection": "random", "random_state": 0}, {"max_iter": 1}, {"copy_X": False}):
        np.testing.assert_array_equal(MultiTaskElasticNet(0.1, **options).fit(X, y).coef_, wanted)


def test_nothing_of_the_callers_is_written(make, with_zeros):
    X, y = make(40, 7, 3)
    arrays = X, y, with_zeros(40)
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.setflags(write=False)
    MultiTaskLasso(0.1, copy_X=False).fit(*arrays)
    MultiTaskLassoCV(cv=3, alphas=5, copy_X=False).fit(*arrays)
    enet_path(X, y, copy_X=False, alphas=5)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_a_gap_out_of_reach_is_told(make):
    X, y = make(40, 7, 3)
    with pytest.warns(ConvergenceWarning, match="relative duality gap is .* units of the objective"):
        model = MultiTaskLasso(1e-9, tol=0.0).fit(X * 10.0 ** np.linspace(-8, 8, 7), y)
    assert not model.certificate_.converged


@pytest.mark.parametrize("name", NAMES)
def test_one_dimensional_targets_are_refused(make, name):
    X, y = make(40, 7)
    single = name.removeprefix("MultiTask")
    with pytest.raises(ValueError, match=f"^For mono-task outputs, use {single}$"):
        getattr(ours, name)().fit(X, y)
    with pytest.raises(ValueError, match=r"^For mono-task outputs, use"):
        getattr(theirs, name)().fit(X, y)


@pytest.mark.parametrize("Model", [MultiTaskElasticNet, MultiTaskLasso])
@pytest.mark.parametrize(
    ("option", "words"),
    [({"alpha": -1.0}, "alpha"), ({"tol": -1.0}, "tol"), ({"penalty_factor": [1.0, -1.0]}, "penalty_factor")],
)
def test_bad_options_are_named(Model, option, words):
    X, y = np.eye(3)[:, :2] + 1.0, np.arange(6.0).reshape(3, 2)
    with pytest.raises((ValueError, TypeError), match=words):
        Model(**option).fit(X, y)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_data_that_are_not_finite_are_refused(make, name, value):
    X, y = make(40, 7, 2)
    for k in (0, 1):
        data = [X.copy(), y.copy()]
        data[k][3, 1] = value
        with pytest.raises(ValueError, match=r"NaN|infinity"):
            getattr(ours, name)().fit(*data)


# ----------------------------------------------------------------------------------------------------------- paths


@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
@pytest.mark.parametrize("form", [np.asarray, sparse.csc_array])
def test_paths_are_scikit_learns(make, shape, l1_ratio, form, close):
    X, y = make(*shape, 3)
    options = {"l1_ratio": l1_ratio, "return_n_iter": True}
    alphas, coefs, gaps, n_iters = enet_path(form(X), y, alphas=12, eps=0.01, **options, tol=1e-12)
    count = {"alphas" if VERSION >= (1, 9) else "n_alphas": 12}
    np.testing.assert_allclose(alphas, theirs.enet_path(X, y, l1_ratio=l1_ratio, eps=0.01, **count)[0], rtol=1e-12)
    _, wanted, wanted_gaps, wanted_iters = theirs.enet_path(X, y, alphas=alphas, **options, **TIGHT)
    assert coefs.shape == wanted.shape == (3, shape[1], 12)
    close(coefs, wanted, 1e-5)
    assert gaps.shape == wanted_gaps.shape and (gaps <= 1e-12 * np.mean(np.square(y).sum(axis=1))).all()
    assert len(n_iters) == len(wanted_iters)
    if l1_ratio == 1.0:
        del options["l1_ratio"]
        found = lasso_path(form(X), y, alphas=12, eps=0.01, **options, tol=1e-12)
        np.testing.assert_array_equal(found[1], coefs)


def test_paths_with_weights_and_factors(make, with_zeros, close):
    X, y = make(40, 7, 3)
    s = with_zeros(40)
    alphas, coefs, _ = lasso_path(X, y, alphas=[0.1, 1.0], sample_weight=s, penalty_factor=FACTORS)
    assert alphas.tolist() == [1.0, 0.1]
    for alpha, coef in zip(alphas, np.moveaxis(coefs, 2, 0), strict=True):
        model = MultiTaskLasso(alpha, penalty_factor=FACTORS, fit_intercept=False).fit(X, y, s)
        close(coef, model.coef_, 1e-6)


def test_paths_have_the_dtype_of_X(make):
    X, y = make(40, 7, 3)
    assert enet_path(X.astype(np.float32), y, alphas=3)[1].dtype == np.float32


def test_paths_refuse_bounds(make):
    X, y = make(40, 7, 3)
    with pytest.raises(ValueError, match="positive=True is not allowed for multi-output"):
        lasso_path(X, y, positive=True)
    for bound in ("lower", "upper"):
        with pytest.raises(ValueError, match="lower"):
            lasso_path(X, y, **{bound: 0.0})


def test_products_are_held_against_the_data(make):
    X, y = make(40, 7, 3)
    wanted = enet_path(X, y, alphas=5)[1]
    np.testing.assert_array_equal(enet_path(X, y, alphas=5, precompute=X.T @ X, Xy=X.T @ y)[1], wanted)
    for wrong in (X.T @ y + 1.0, y.T @ X, (X.T @ y)[:, :2], (X.T @ y)[:, 0]):
        with pytest.raises(ValueError, match="Xy is not X'y"):
            enet_path(X, y, precompute=X.T @ X, Xy=wrong)


# ----------------------------------------------------------------------------------------------------------- folds


@pytest.mark.parametrize("cv", [None, KFold(4, shuffle=True, random_state=0), TimeSeriesSplit(3)], ids=str)
def test_lasso_on_folds_is_scikit_learns(make, shape, fit_intercept, cv, close):
    X, y = make(*shape, 3)
    options = {"alphas": ALPHAS, "cv": cv, "fit_intercept": fit_intercept}
    found = MultiTaskLassoCV(**options, tol=1e-10).fit(X, y)
    wanted = theirs.MultiTaskLassoCV(**options, **TIGHT).fit(X, y)
    close(found.mse_path_, wanted.mse_path_, 1e-5)
    np.testing.assert_array_equal(found.alphas_, wanted.alphas_)
    assert found.alpha_ == wanted.alpha_
    close(found.coef_, wanted.coef_, 1e-5)
    close(found.intercept_, wanted.intercept_, 1e-5)
    for name, value in vars(wanted).items():
        if name.endswith("_") and not name.startswith("_"):
            assert np.shape(getattr(found, name)) == np.shape(value), name
    assert not hasattr(found, "l1_ratio_")
    np.testing.assert_array_equal(MultiTaskLassoCV(**options, tol=1e-10).fit(X, y).mse_path_, found.mse_path_)


def test_several_ratios(make, shape, weights, close):
    X, y = make(*shape, 3)
    s = weights(len(X))
    if s is not None and VERSION < (1, 9):
        pytest.skip("scikit-learn's takes no weights before 1.9")
    data = (X, y) if s is None else (X, y, s)
    for alphas in (ALPHAS, 6):
        if alphas is not ALPHAS and VERSION < (1, 9):
            continue  # grids of their own
        options = {"l1_ratio": [0.2, 0.7, 1.0], "cv": 3, "alphas": alphas}
        found = MultiTaskElasticNetCV(**options, tol=1e-10).fit(*data)
        wanted = theirs.MultiTaskElasticNetCV(**options, **TIGHT).fit(*data)
        np.testing.assert_allclose(found.alphas_, wanted.alphas_, rtol=1e-10)
        close(found.mse_path_, wanted.mse_path_, 1e-5)
        assert found.mse_path_.shape == (3, len(ALPHAS) if alphas is ALPHAS else 6, 3)
        assert (found.l1_ratio_, found.alpha_) == pytest.approx((wanted.l1_ratio_, wanted.alpha_), rel=1e-10)
        close(found.coef_, wanted.coef_, 1e-5)


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_matrix])
def test_folds_of_sparse_data(make, form, close):
    X, y = make(40, 7, 3)
    found, wanted = (MultiTaskLassoCV(alphas=ALPHAS, cv=3).fit(Z, y) for Z in (form(X), X))
    close(found.mse_path_, wanted.mse_path_, 1e-7)
    close(found.coef_, wanted.coef_, 1e-6)


def test_the_fit_is_the_estimator_at_the_chosen_alpha(make, with_zeros, close):
    X, y = make(40, 7, 3)
    s = with_zeros(40)
    net = MultiTaskElasticNetCV(l1_ratio=[0.3, 0.9], cv=3, penalty_factor=FACTORS).fit(X, y, sample_weight=s)
    one = MultiTaskElasticNet(net.alpha_, l1_ratio=net.l1_ratio_, penalty_factor=FACTORS).fit(X, y, sample_weight=s)
    close(net.coef_, one.coef_, 1e-6)
    assert net.certificate_.converged
    assert net.dual_gap_ == net.certificate_.duality_gap
    assert net.effective_dof_ == pytest.approx(one.effective_dof_, rel=1e-5)
    assert net.sparse_coef_.nnz == np.count_nonzero(net.coef_)


def test_errors_are_those_of_fits_to_the_training_rows(make, with_zeros):
    X, y = make(40, 7, 3)
    s = with_zeros(40)
    model = MultiTaskLassoCV(alphas=ALPHAS, cv=3, penalty_factor=FACTORS).fit(X, y, sample_weight=s)
    for k, (train, test) in enumerate(KFold(3).split(X)):
        for alpha, mse in zip(model.alphas_, model.mse_path_[:, k], strict=True):
            one = MultiTaskLasso(alpha, penalty_factor=FACTORS).fit(X[train], y[train], sample_weight=s[train])
            wanted = np.average(np.square(y[test] - one.predict(X[test])).mean(axis=1), weights=s[test])
            assert mse == pytest.approx(wanted, rel=1e-6)


def test_one_standard_error(make):
    X, y = make(40, 7, 3)
    model = MultiTaskLassoCV(cv=5).fit(X, y)
    mean = model.mse_path_.mean(axis=1)
    error = model.mse_path_.std(axis=1, ddof=1) / np.sqrt(5)
    best = mean.argmin()
    assert model.alpha_ == model.alphas_[best]
    assert model.alpha_1se_ == model.alphas_[mean <= mean[best] + error[best]].max() > model.alpha_


def test_groups_by_routing(make):
    X, y = make(40, 7, 3)
    groups = np.arange(40) % 4
    with sklearn.config_context(enable_metadata_routing=True):
        found = MultiTaskLassoCV(alphas=ALPHAS, cv=GroupKFold(4)).fit(X, y, groups=groups)
    wanted = MultiTaskLassoCV(alphas=ALPHAS, cv=list(GroupKFold(4).split(X, y, groups))).fit(X, y)
    np.testing.assert_array_equal(found.mse_path_, wanted.mse_path_)
    with pytest.raises(ValueError, match="enable_metadata_routing"):
        MultiTaskLassoCV(cv=GroupKFold(4)).fit(X, y, groups=groups)


def test_ridge_among_the_ratios(make, close):
    X, y = make(40, 7, 3)
    found = MultiTaskElasticNetCV(l1_ratio=[0.0, 1.0], alphas=ALPHAS, cv=3, tol=1e-10).fit(X, y)
    wanted = theirs.MultiTaskElasticNetCV(l1_ratio=[0.0, 1.0], alphas=ALPHAS, cv=3, **TIGHT).fit(X, y)
    close(found.mse_path_, wanted.mse_path_, 1e-5)
    close(found.coef_, wanted.coef_, 1e-5)


def test_targets_that_X_does_not_explain():
    X = np.random.default_rng(0).normal(size=(12, 3))
    model = MultiTaskLassoCV(alphas=4).fit(X, np.tile([5.0, 10.0], (12, 1)))
    assert model.alphas_.tolist() == [np.finfo(float).resolution] * 4
    assert not model.coef_.any() and model.intercept_.tolist() == [5.0, 10.0]


def test_automatic_grids_need_an_L1_term(make):
    X, y = make(40, 7, 3)
    with pytest.raises(ValueError, match="not supported for l1_ratio=0"):
        MultiTaskElasticNetCV(l1_ratio=0.0).fit(X, y)


# ------------------------------------------------------------------------------------------------------ conveniences


@pytest.mark.parametrize("name", NAMES)
def test_pickles(make, name):
    X, y = make(40, 7, 2)
    model = getattr(ours, name)().fit(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


@pytest.mark.parametrize("name", NAMES)
def test_frames(make, name):
    pandas = pytest.importorskip("pandas")
    X, y = make(40, 3, 2)
    model = getattr(ours, name)().fit(pandas.DataFrame(X, columns=list("abc")), pandas.DataFrame(y))
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    np.testing.assert_allclose(model.coef_, getattr(ours, name)().fit(X, y).coef_, rtol=1e-9, atol=1e-12)


def test_features_are_chosen_together():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 12))
    W = np.zeros((3, 12))
    W[:, :3] = rng.normal(size=(3, 3))
    y = X @ W.T + 0.5 * rng.normal(size=(100, 3))
    joint, alone = MultiTaskLasso(0.3).fit(X, y), Lasso(0.3).fit(X, y)
    assert np.flatnonzero(joint.coef_.any(axis=0)).tolist() == [0, 1, 2]
    assert (joint.coef_[:, :3] != 0).all() and not (alone.coef_[:, :3] != 0).all()
