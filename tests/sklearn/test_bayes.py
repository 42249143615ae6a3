"""`shrinkage.sklearn.BayesianRidge` beside scikit-learn's, and in scikit-learn's own tests of it."""

import importlib.util
import pickle
from unittest import mock

import numpy as np
import pandas as pd
import pytest
import sklearn
import sklearn.linear_model as peer
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.fixes import parse_version

from shrinkage import ridge_bayes
from shrinkage.sklearn import BayesianRidge

# --- scikit-learn's own tests -------------------------------------------------------------------------------

#: Tests of scikit-learn that are not run with our class, and why.
EXCLUDED = {
    "test_update_of_sigma_in_ard": "of ARDRegression alone",
    "test_toy_ard_object": "of ARDRegression alone",
    "test_ard_accuracy_on_easy_problem": "of ARDRegression alone",
    "test_update_sigma": "of ARDRegression alone",
}


def without(mark, unwanted):
    """A parametrization without one of its values."""
    names, values = mark.args
    return pytest.mark.parametrize(names, [value for value in values if value is not unwanted]).mark


def upstream():
    """scikit-learn's tests of BayesianRidge, from a copy of their module that finds our class under its name."""
    spec = importlib.util.find_spec("sklearn.linear_model.tests.test_bayes")
    if spec is None:  # some distributions leave the tests out
        return {}
    module = importlib.util.module_from_spec(spec)
    with mock.patch.object(peer, "BayesianRidge", BayesianRidge):
        spec.loader.exec_module(module)
    assert module.BayesianRidge is BayesianRidge
    tests = {name: test for name, test in vars(module).items() if name.startswith("test_") and name not in EXCLUDED}
    for test in tests.values():
        test.pytestmark = [without(mark, module.ARDRegression) for mark in getattr(test, "pytestmark", [])]
    return tests


UPSTREAM = upstream()
globals().update(UPSTREAM)


@pytest.fixture(params=[0, 42])
def global_random_seed(request):
    """The fixture of scikit-learn's tests."""
    return request.param


@pytest.mark.skipif(not UPSTREAM, reason="scikit-learn is installed without its tests")
def test_the_tests_of_scikit_learn_are_here():
    names = {"test_bayesian_ridge_score_values", "test_bayesian_sample_weights", "test_return_std", "test_dtype_match"}
    assert names <= set(UPSTREAM) <= set(globals())
    assert not set(EXCLUDED) & set(globals())


@parametrize_with_checks([BayesianRidge(), BayesianRidge(compute_score=True, fit_intercept=False)])
def test_scikit_learn_check(estimator, check):
    check(estimator)


# --- beside scikit-learn ------------------------------------------------------------------------------------


def likelihood(X, y, s, alpha, lam, fit_intercept):
    """scikit-learn's log marginal likelihood: weights count samples, the intercept is known."""
    s = np.ones(len(y)) if s is None else s
    if fit_intercept:
        X, y = X - np.average(X, axis=0, weights=s), y - np.average(y, weights=s)
    A = lam * np.eye(X.shape[1]) + alpha * X.T @ (s[:, None] * X)
    w = alpha * np.linalg.solve(A, X.T @ (s * y))
    energy = alpha * (s * (y - X @ w) ** 2).sum() + lam * w @ w
    total = X.shape[1] * np.log(lam) + s.sum() * np.log(alpha / (2.0 * np.pi)) - np.linalg.slogdet(A)[1]
    return 0.5 * (total - energy)


@pytest.mark.parametrize("priors", [{}, {"alpha_1": 2.0, "alpha_2": 0.3, "lambda_1": 0.7, "lambda_2": 1.1}])
@pytest.mark.parametrize("start", [{}, {"alpha_init": 0.3, "lambda_init": 20.0}])
def test_every_step_is_that_of_scikit_learn(shape, weights, fit_intercept, priors, start, make, close):
    X, y = make(*shape)
    s = weights(len(X))
    if s is not None and parse_version(sklearn.__version__) < parse_version("1.7"):
        pytest.skip("this scikit-learn counts samples, not their weights")
    options = {"fit_intercept": fit_intercept, "compute_score": True, **priors, **start}
    found, wanted = (kind(**options).fit(X, y, s) for kind in (BayesianRidge, peer.BayesianRidge))
    assert found.n_iter_ == wanted.n_iter_
    for name in ("coef_", "intercept_", "alpha_", "lambda_", "X_offset_", "X_scale_"):
        close(getattr(found, name), getattr(wanted, name), 1e-7)
    # scikit-learn's last score is of the coefficients before it
    close(found.scores_[:-1], wanted.scores_[:-1], 1e-9)
    alpha, lam = found.alpha_, found.lambda_
    hyper = found.alpha_1 * np.log(alpha) - found.alpha_2 * alpha
    hyper += found.lambda_1 * np.log(lam) - found.lambda_2 * lam
    assert found.scores_[-1] == pytest.approx(likelihood(X, y, s, alpha, lam, fit_intercept) + hyper, rel=1e-9)
    new = X[:5] * 1.7 - 1.0
    mean, std = found.predict(new, return_std=True)
    close(mean, wanted.predict(new), 1e-7)
    np.testing.assert_array_equal(found.predict(new), mean)
    # scikit-learn's own covariance and deviations are other ones before 1.7 and 1.9
    Z, new = X - found.X_offset_, new - found.X_offset_
    _, singular, Vt = np.linalg.svd(Z if s is None else np.sqrt(s)[:, None] * Z)
    values = np.zeros(X.shape[1])
    values[: len(singular)] = singular**2
    sigma = (Vt.T / (lam + alpha * values)) @ Vt
    close(found.sigma_, sigma, 1e-9)
    close(std, np.sqrt(1.0 / alpha + np.einsum("ij,jk,ik->i", new, sigma, new)), 1e-9)
    assert found.certificate_.converged


def test_where_the_steps_lead_is_the_maximum_of_the_evidence(shape, make):
    """With one prior on either precision, and what scikit-learn counts as observations, both are one problem."""
    X, y = make(*shape)
    priors = {"alpha_1": 2.0, "alpha_2": 0.3, "lambda_1": 0.7, "lambda_2": 1.1}
    found = BayesianRidge(fit_intercept=False, tol=1e-13, max_iter=10_000, **priors).fit(X, y)
    wanted = ridge_bayes(X, y, fit_intercept=False, noise_prior=(2.0, 0.3), weight_prior=(0.7, 1.1))
    assert found.alpha_ == pytest.approx(1.0 / wanted.noise, rel=1e-8)
    assert found.lambda_ == pytest.approx(wanted.prior_precision, rel=1e-8)
    np.testing.assert_allclose(found.coef_, wanted.coef, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(found.sigma_, wanted.covariance(), rtol=1e-7, atol=1e-12)


def test_weights_are_repetitions(shape, make, close):
    X, y = make(*shape)
    counts = np.random.default_rng(2).integers(0, 4, len(X))
    weighted = BayesianRidge(compute_score=True).fit(X, y, counts)
    repeated = BayesianRidge(compute_score=True).fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    for name in ("coef_", "intercept_", "alpha_", "lambda_", "sigma_", "scores_"):
        close(getattr(weighted, name), getattr(repeated, name), 1e-7)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_every_form_of_the_data(shape, layout, dtype, make, close):
    X, y = make(*shape)
    X, y = X.astype(dtype), y.astype(dtype)
    plain, found = BayesianRidge().fit(X.astype(np.float64), y), BayesianRidge().fit(layout(X), y)
    tolerance = 1e-8 if dtype == np.float64 else 1e-5
    close(found.coef_, plain.coef_, tolerance)
    close(found.sigma_, plain.sigma_, tolerance)
    (mean, spread), wanted = found.predict(layout(X), True), plain.predict(X.astype(np.float64), True)
    assert mean.dtype == spread.dtype == dtype
    close(mean, wanted[0], tolerance)
    # with more features than samples, what the data leave of the prior's variance is a difference
    close(spread, wanted[1], max(tolerance, 1e-6))
    for name in ("coef_", "sigma_", "X_offset_", "X_scale_"):
        assert getattr(found, name).dtype == dtype


def test_frames_keep_their_names(make):
    X, y = make(40, 7)
    frame = pd.DataFrame(X, columns=list("abcdefg"))
    model = BayesianRidge().fit(frame, pd.Series(y))
    assert list(model.feature_names_in_) == list("abcdefg")
    wanted = BayesianRidge().fit(X, y).predict(X, return_std=True)
    np.testing.assert_allclose(model.predict(frame, return_std=True), wanted, rtol=1e-12)


def test_steps_end_where_they_must(make):
    X, y = make(40, 7)
    with mock.patch("builtins.print") as said:
        model = BayesianRidge(max_iter=2, tol=1e-12, verbose=True, compute_score=True).fit(X, y)
        assert (model.n_iter_, len(model.scores_), said.called) == (2, 3, False)
        model = BayesianRidge(verbose=True).fit(X, y)
    assert said.call_count == 1
    assert f"after {model.n_iter_ - 1} iterations" in said.call_args[0][0]
    assert len(model.scores_) == 0


@pytest.mark.parametrize("case", ["constant y", "zero X", "no prior"])
def test_data_that_say_nothing_of_a_precision(case, make):
    X, y = make(12, 3)
    options = {"alpha_1": 0.0, "alpha_2": 0.0, "lambda_1": 0.0, "lambda_2": 0.0} if case == "no prior" else {}
    y = np.full(12, 2.5) if case != "zero X" else y
    X = np.zeros((12, 3)) if case == "zero X" else X
    model = BayesianRidge(compute_score=True, **options).fit(X, y)
    mean, std = model.predict(X, return_std=True)
    np.testing.assert_allclose(mean, y.mean(), rtol=1e-9)
    assert np.isfinite(std).all()
    assert 0.0 < model.alpha_ < np.inf
    assert 0.0 < model.lambda_ < np.inf
    assert np.isfinite(model.scores_).all()


@pytest.mark.parametrize("start", [{"alpha_init": 0.0}, {"lambda_init": 0.0}])
def test_a_start_at_zero(start, make, close):
    X, y = make(40, 7)
    model = BayesianRidge(tol=1e-12, compute_score=True, **start).fit(X, y)
    assert model.scores_[0] == -np.inf
    close(model.coef_, BayesianRidge(tol=1e-12).fit(X, y).coef_, 1e-9)


def test_many_features_take_no_square_matrix_until_asked(make):
    X, y = make(20, 400)
    model = BayesianRidge().fit(X, y)
    model.predict(X, return_std=True)
    assert max(value.size for value in vars(model).values() if isinstance(value, np.ndarray)) == 400
    assert model.sigma_.shape == (400, 400)
    assert model.sigma_ is model.sigma_
    old = model.sigma_
    assert model.fit(X, -2.0 * y).sigma_ is not old


def test_copies(make):
    X, y = make(40, 7)
    model = BayesianRidge(lambda_1=0.5).fit(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X, True), model.predict(X, True))
    assert not hasattr(clone(model), "sigma_")


@pytest.mark.parametrize(
    "bad",
    [{"max_iter": 0}, {"tol": 0.0}, {"tol": -1.0}, {"alpha_1": -1.0}, {"alpha_2": "1"}, {"lambda_1": -1e-9},
     {"lambda_2": None}, {"alpha_init": -1.0}, {"lambda_init": "a"}, {"compute_score": "yes"}, {"fit_intercept": 1.5},
     {"copy_X": None}, {"verbose": -1}],
    ids=str,
)  # fmt: skip
def test_bad_parameters(bad, make):
    X, y = make(12, 3)
    for kind in (BayesianRidge, peer.BayesianRidge):
        with pytest.raises(InvalidParameterError):
            kind(**bad).fit(X, y)


def test_bad_data(make):
    X, y = make(12, 3)
    with pytest.raises(NotFittedError):
        BayesianRidge().predict(X, return_std=True)
    with pytest.raises(ValueError, match="1d array"):
        BayesianRidge().fit(X, np.column_stack([y, y]))
    with pytest.warns(DataConversionWarning):
        BayesianRidge().fit(X, y[:, None])
    with pytest.raises(ValueError, match="NaN"):
        BayesianRidge().fit(np.where(X > 1, np.nan, X), y)
    with pytest.raises(ValueError, match="3 features"):
        BayesianRidge().fit(X, y).predict(sparse.csr_array(X[:, :2]), return_std=True)
