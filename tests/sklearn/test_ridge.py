"""`shrinkage.sklearn.Ridge` and `ridge_regression` beside those of scikit-learn."""

import inspect
import pickle
import subprocess
import sys

import numpy as np
import pytest
import sklearn.kernel_ridge
import sklearn.linear_model as peer
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import InvalidParameterError

import shrinkage
from shrinkage.sklearn import Ridge, RidgeCV, ridge_regression

SOLVERS = ["auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga"]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_agrees_with_scikit_learn(shape, targets, layout, dtype, fit_intercept, make, close, weights):
    X, y = make(*shape, targets)
    X = X.astype(dtype)
    s = weights(len(X))
    given = layout(X)
    before = given.copy()
    found = Ridge(alpha=0.7, fit_intercept=fit_intercept).fit(given, y.astype(dtype), s)
    wanted = peer.Ridge(alpha=0.7, fit_intercept=fit_intercept, solver="svd").fit(
        X.astype(np.float64), y.astype(dtype).astype(np.float64), s
    )
    tolerance = 1e-10 if dtype == np.float64 else 2e-6
    assert found.coef_.shape == wanted.coef_.shape
    assert np.shape(found.intercept_) == np.shape(wanted.intercept_)
    assert type(found.intercept_) is float or found.intercept_.dtype == dtype
    assert found.coef_.dtype == dtype
    close(found.coef_, wanted.coef_, tolerance)
    close(found.intercept_, wanted.intercept_, tolerance)
    predicted = found.predict(given)
    assert predicted.dtype == dtype
    assert predicted.shape == wanted.predict(X).shape
    close(predicted, wanted.predict(X.astype(np.float64)), 5 * tolerance)
    assert found.certificate_.converged
    assert (given != before).sum() == 0


def test_intercept_is_a_numpy_scalar_and_zero_without(make):
    X, y = make(30, 4)
    assert type(Ridge().fit(X, y).intercept_) is np.float64
    assert Ridge(fit_intercept=False).fit(X, y).intercept_ == 0.0


@pytest.mark.parametrize("sparse_X", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_gives_the_same(solver, sparse_X, shape, fit_intercept, make, close, weights):
    X, y = make(*shape, 2)
    s = weights(len(X))
    wanted = peer.Ridge(alpha=np.array([0.5, 3.0]), fit_intercept=fit_intercept, solver="svd").fit(X, y, s)
    found = Ridge(alpha=[0.5, 3.0], fit_intercept=fit_intercept, solver=solver, tol=1e-10)
    found.fit(sparse.csr_array(X) if sparse_X else X, y, s)
    close(found.coef_, wanted.coef_, 1e-8)
    close(found.intercept_, wanted.intercept_, 1e-8)
    assert found.solver_ == ("cholesky" if solver == "auto" else solver)
    if solver in ("lsqr", "sag", "saga"):
        assert found.n_iter_.shape == (2,)
        assert found.n_iter_.min() >= 1
    else:
        assert found.n_iter_ is None


def test_solver_tells_when_cholesky_was_not_enough(make, close):
    X, y = make(30, 5)
    X[:, 1] = X[:, 0]
    model = Ridge(alpha=1e-14, solver="cholesky").fit(X, y)
    assert model.solver_ == "svd"
    close(model.coef_[0], model.coef_[1], 1e-6)


def test_iterative_solvers_obey_max_iter_and_warn_in_scikit_learns_words(make):
    X, y = make(60, 20)
    X *= np.geomspace(1, 1e3, 20)
    with pytest.warns(ConvergenceWarning, match="lsqr did not converge after 2 iterations"):
        model = Ridge(solver="lsqr", max_iter=2, tol=1e-12, alpha=1e-3).fit(X, y)
    assert (model.n_iter_ == 2).all()
    assert not model.certificate_.converged


def test_warnings_point_at_the_caller(make):
    X, y = make(60, 20)
    slow = {"solver": "lsqr", "max_iter": 2, "tol": 1e-12}
    X *= np.geomspace(1, 1e3, 20)
    twice = np.hstack([X, X])
    for call in (
        lambda: Ridge(1e-3, **slow).fit(X, y),
        lambda: make_pipeline(StandardScaler(), Ridge(1e-3, **slow)).fit(X, y),
        lambda: ridge_regression(X, y, 1e-3, **slow),
        lambda: Ridge(0.0).fit(twice, y),
    ):
        with pytest.warns(UserWarning) as caught:
            call()
        assert [item.filename for item in caught] == [__file__]


def test_tol_is_about_the_coefficients(make):
    X, y = make(300, 40)
    exact = Ridge(alpha=1.0).fit(X, y).coef_
    for tol in (1e-2, 1e-4, 1e-8):
        coef = Ridge(alpha=1.0, solver="sparse_cg", tol=tol).fit(X, y).coef_
        assert np.linalg.norm(coef - exact) <= 10 * tol * np.linalg.norm(exact)


@pytest.mark.parametrize("alpha", [0.5, np.float32(0.5), [0.5], np.array([[0.5]]), (0.5, 0.5, 0.5), 0])
def test_ways_to_write_alpha(alpha, make, close):
    X, y = make(30, 4, 3)
    close(Ridge(alpha=alpha).fit(X, y).coef_, peer.Ridge(alpha=np.max(alpha)).fit(X, y).coef_, 1e-9)


def test_alpha_for_each_target(make, close):
    X, y = make(30, 4, 3)
    model = Ridge(alpha=[0.1, 1.0, 10.0]).fit(X, y)
    for k, alpha in enumerate([0.1, 1.0, 10.0]):
        single = Ridge(alpha=alpha).fit(X, y[:, k])
        close(model.coef_[k], single.coef_, 1e-10)
        close(model.effective_dof_[k], single.effective_dof_, 1e-10)
    with pytest.raises(ValueError, match="penalties do not correspond: 2 != 3"):
        Ridge(alpha=[0.1, 1.0]).fit(X, y)


def test_certificate_and_degrees_of_freedom_are_those_of_the_function(make, with_zeros):
    X, y = make(50, 6)
    s = with_zeros(50)
    factor = [0.0, 1.0, 2.0, np.inf, 1.0, 1.0]
    model = Ridge(alpha=2.0, penalty_factor=factor).fit(X, y, s)
    fit = shrinkage.ridge(X, y, 2.0, sample_weight=s, penalty_factor=factor, convention="sum")
    assert model.certificate_ == fit.certificate
    assert model.effective_dof_ == fit.effective_dof
    np.testing.assert_array_equal(model.coef_, fit.coef)
    assert model.intercept_ == fit.intercept
    assert model.coef_[3] == 0.0


def test_penalty_factor_survives_clone_and_pickle(make):
    X, y = make(50, 3)
    model = clone(Ridge(penalty_factor=np.array([1.0, 0.0, 2.0]))).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.certificate_ == model.certificate_
    np.testing.assert_array_equal(again.get_params()["penalty_factor"], [1.0, 0.0, 2.0])
    with pytest.raises(ValueError, match=r"penalty_factor must have shape \(3,\)"):
        Ridge(penalty_factor=[1.0]).fit(X, y)


@pytest.mark.parametrize(
    "name", ["KernelRidge", "Ridge", "RidgeCV", "RidgeClassifier", "RidgeClassifierCV", "ridge_regression"]
)
def test_signature_is_scikit_learns_with_ours_at_the_end(name):
    ours = inspect.signature(getattr(shrinkage.sklearn, name)).parameters
    holder = sklearn.kernel_ridge if name == "KernelRidge" else peer
    theirs = inspect.signature(getattr(holder, name)).parameters
    known = [p for p in theirs if p != "store_cv_values"]  # deprecated in 1.6 and gone since
    assert list(ours)[: len(known)] == known
    assert list(ours)[len(known) :] == ([] if name in ("KernelRidge", "ridge_regression") else ["penalty_factor"])
    for key in known:
        assert ours[key].kind == theirs[key].kind
        default = False if key == "store_cv_results" else theirs[key].default
        assert ours[key].default == default


@pytest.mark.parametrize(
    "parameters",
    [
        {"alpha": -1.0}, {"alpha": "1"}, {"alpha": None}, {"fit_intercept": 1}, {"max_iter": 0}, {"tol": -1e-3},
        {"solver": "qr"}, {"positive": "yes"}, {"random_state": "a"}, {"penalty_factor": 2.0},
    ],
    ids=str,
)  # fmt: skip
def test_bad_parameters_are_named(parameters, make):
    X, y = make(20, 3)
    (name,) = parameters
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter of Ridge must be"):
        Ridge(**parameters).fit(X, y)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("weighted", [False, True])
def test_bad_data_are_refused_in_scikit_learns_words(bad, weighted, make):
    X, y = make(20, 3)
    s = np.ones(20) if weighted else None
    Z = X.copy()
    Z[4, 1] = bad
    with pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)") as caught:
        Ridge().fit(Z, y, s)
    # where it is, from our own check
    assert "column 1, row 4" in str(caught.value.__context__)
    z = y.copy()
    z[2] = bad
    with pytest.raises(ValueError, match=r"Input y contains (NaN|infinity)"):
        Ridge().fit(X, z, s)
    with pytest.raises(ValueError, match="sample_weight is not finite at row 3"):
        Ridge().fit(X, y, np.where(np.arange(20) == 3, bad, 1.0))
    with pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)"):
        Ridge().fit(X, y).predict(Z)


def test_other_refusals(make):
    X, y = make(20, 3)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        Ridge().fit(X, y[:-1])
    with pytest.raises(ValueError, match="minimum of 1 is required"):
        Ridge().fit(X[:0], y[:0])
    with pytest.raises(ValueError, match="requires y to be passed"):
        Ridge().fit(X, None)
    with pytest.raises(ValueError, match=r"sample_weight\.shape =="):
        Ridge().fit(X, y, np.ones(19))
    with pytest.raises(ValueError, match="1D array or scalar"):
        Ridge().fit(X, y, np.ones((20, 1)))
    with pytest.raises(ValueError, match="sample_weight is negative at row 0"):
        Ridge().fit(X, y, -np.ones(20))
    with pytest.raises(ValueError, match="4 features, but Ridge is expecting 3"):
        Ridge().fit(X, y).predict(np.ones((2, 4)))


@pytest.mark.parametrize("weight", [2.0, np.int64(2), [2] * 20, np.full(20, 2, np.float32)], ids=repr)
def test_ways_to_write_weights(weight, make):
    X, y = make(20, 3)
    np.testing.assert_allclose(Ridge().fit(X, y, weight).coef_, Ridge(alpha=0.5).fit(X, y).coef_, rtol=1e-12)


@pytest.mark.parametrize(
    "convert",
    [
        lambda X: X.tolist(), lambda X: X.astype(int), lambda X: X > 0, lambda X: X.astype(object),
        lambda X: X.astype(">f8"), lambda X: X.astype(np.float16), lambda X: X.astype(np.longdouble),
    ],
    ids=["list", "int", "bool", "object", "swapped", "half", "long"],
)  # fmt: skip
def test_other_arrays_become_float64(convert, make, close):
    X, y = make(40, 4)
    given = convert(X)
    model = Ridge().fit(given, convert(y))
    assert model.coef_.dtype == np.float64
    wanted = peer.Ridge().fit(np.asarray(given, np.float64), np.asarray(convert(y), np.float64))
    close(model.coef_, wanted.coef_, 1e-10)
    close(model.predict(given), wanted.predict(np.asarray(given, np.float64)), 1e-10)


def test_feature_names_are_kept_checked_and_forgotten(make):
    pandas = pytest.importorskip("pandas")
    X, y = make(30, 3)
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    model = Ridge().fit(frame, pandas.Series(y))
    assert list(model.feature_names_in_) == ["a", "b", "c"]
    np.testing.assert_allclose(model.coef_, Ridge().fit(X, y).coef_, rtol=1e-12)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame.rename(columns={"a": "z"}))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)
    model.fit(X, y)
    assert not hasattr(model, "feature_names_in_")
    assert model.n_features_in_ == 3


def test_polars(make):
    polars = pytest.importorskip("polars")
    X, y = make(30, 3)
    frame = polars.DataFrame(X, schema=["a", "b", "c"])
    for estimator in (Ridge(), RidgeCV()):
        model = estimator.fit(frame, polars.Series(y))
        # scikit-learn before 1.7 finds no names in polars of today
        known = hasattr(peer.Ridge().fit(frame, y), "feature_names_in_")
        assert list(getattr(model, "feature_names_in_", [])) == ["a", "b", "c"] * known
        np.testing.assert_allclose(model.predict(frame), clone(estimator).fit(X, y).predict(X), rtol=1e-12)


def test_read_only_memory_map(tmp_path, make):
    X, y = make(30, 3)
    X.tofile(tmp_path / "X")
    mapped = np.memmap(tmp_path / "X", mode="r", dtype=np.float64, shape=X.shape)
    np.testing.assert_array_equal(Ridge().fit(mapped, y).coef_, Ridge().fit(X, y).coef_)


def test_in_a_pipeline_with_set_output(make, close):
    pandas = pytest.importorskip("pandas")
    X, y = make(30, 3)
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    pipe = make_pipeline(StandardScaler(), Ridge()).set_output(transform="pandas").fit(frame, y)
    wanted = make_pipeline(StandardScaler(), peer.Ridge()).fit(X, y)
    close(pipe.predict(frame), wanted.predict(X), 1e-10)
    assert list(pipe[-1].feature_names_in_) == ["a", "b", "c"]


def test_grid_search_and_scores_are_scikit_learns(make, close):
    X, y = make(60, 5)
    grid = {"alpha": [0.01, 1.0, 100.0], "fit_intercept": [True, False]}
    found, wanted = (GridSearchCV(model, grid, cv=4).fit(X, y) for model in (Ridge(), peer.Ridge()))
    assert found.best_params_ == wanted.best_params_
    close(found.cv_results_["mean_test_score"], wanted.cv_results_["mean_test_score"], 1e-10)
    close(cross_val_score(Ridge(), X, y), cross_val_score(peer.Ridge(), X, y), 1e-10)


def test_weights_are_routed(make, with_zeros, close):
    X, y = make(40, 3)
    s = with_zeros(40)
    searches = []
    with config_context(enable_metadata_routing=True):
        for model in (Ridge(), peer.Ridge()):
            model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
            search = GridSearchCV(model, {"alpha": [0.1, 10.0]}, cv=3)
            searches.append(search.fit(X, y, sample_weight=s))
    ours, theirs = searches
    close(ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"], 1e-10)


def test_tags():
    tags = Ridge().__sklearn_tags__()
    assert tags.estimator_type == "regressor"
    assert tags.input_tags.sparse
    assert tags.target_tags.multi_output
    assert not tags.array_api_support


# --------------------------------------------------------------------------------------------------- ridge_regression


def test_function_agrees_with_scikit_learn(shape, targets, layout, make, close, weights):
    X, y = make(*shape, targets)
    s = weights(len(X))
    found = ridge_regression(layout(X), y, 0.7, sample_weight=s)
    wanted = peer.ridge_regression(X, y, 0.7, sample_weight=s, solver="svd")
    assert found.shape == wanted.shape
    close(found, wanted, 1e-10)


@pytest.mark.parametrize("solver", SOLVERS)
def test_function_returns_what_is_asked_for(solver, make, close):
    X, y = make(40, 5, 2)
    coef, n_iter, intercept = ridge_regression(
        X, y, [0.5, 1.0], solver=solver, tol=1e-10, return_n_iter=True, return_intercept=True
    )
    wanted = Ridge(alpha=[0.5, 1.0]).fit(X, y)
    close(coef, wanted.coef_, 1e-8)
    close(intercept, wanted.intercept_, 1e-8)
    assert (n_iter is None) == (solver not in ("lsqr", "sag", "saga"))
    coef, intercept = ridge_regression(X, y, 1.0, return_intercept=True)
    assert coef.shape == (2, 5)
    assert intercept.shape == (2,)
    coef, n_iter = ridge_regression(X, y, 1.0, return_n_iter=True)
    assert coef.shape == (2, 5)
    assert n_iter is None


def test_function_keeps_float32_and_checks(make):
    X, y = make(40, 5)
    X = X.astype(np.float32)
    assert ridge_regression(X, y.astype(np.float32), 1.0).dtype == np.float32
    unchecked = ridge_regression(X, y.astype(np.float32), 1.0, check_input=False)
    np.testing.assert_array_equal(unchecked, ridge_regression(X, y.astype(np.float32), 1.0))
    with pytest.raises(ValueError, match="contains NaN"):
        ridge_regression(np.full((40, 5), np.nan), y, 1.0)
    with pytest.raises(InvalidParameterError, match="The 'alpha' parameter"):
        ridge_regression(X, y, -1.0)


# ------------------------------------------------------------------------------------------------------------- import


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_import_without_scikit_learn_says_what_to_install():
    done = run("import sys; sys.modules['sklearn'] = None; import shrinkage; import shrinkage.sklearn")
    assert 'sklearn is needed for this and is not installed: pip install "shrinkage[sklearn]"' in done.stderr


def test_import_with_an_old_scikit_learn_says_so():
    done = run("import sklearn.utils.validation as v; del v.validate_data; import shrinkage.sklearn")
    assert "ImportError: shrinkage.sklearn needs scikit-learn 1.6 or later" in done.stderr


def test_shrinkage_alone_imports_no_scikit_learn():
    assert run("import sys, shrinkage; assert 'sklearn' not in sys.modules").returncode == 0
    assert run("import shrinkage; shrinkage.sklearn.Ridge").returncode == 0
