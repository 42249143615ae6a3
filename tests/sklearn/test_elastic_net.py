"""Lasso, ElasticNet and paths against scikit-learn's own at a tight tolerance, and what ours have besides."""

import pickle
import warnings

import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn import linear_model as theirs
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning

import shrinkage
from shrinkage.sklearn import AdaptiveLasso, ElasticNet, Lasso, LassoLarsIC, enet_path, lasso_path

#: The number of a path's alphas in scikit-learn's words: ours takes both.
COUNT = "alphas" if tuple(int(part) for part in sklearn.__version__.split(".")[:2]) >= (1, 9) else "n_alphas"
TIGHT = {"tol": 1e-13, "max_iter": 100_000}


def objective(model, X, y, s=None):
    """The documented objective, target by target."""
    v = np.ones(X.shape[1]) if model.penalty_factor is None else model.penalty_factor
    W = np.atleast_2d(model.coef_)
    loss = np.average(np.square(np.c_[y] - X @ W.T - model.intercept_), axis=0, weights=s) / 2
    return loss + model.alpha * (v * (model.l1_ratio * np.abs(W) + (1 - model.l1_ratio) * W**2 / 2)).sum(axis=1)


@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
@pytest.mark.parametrize("positive", [False, True])
def test_coefficients_are_scikit_learns(make, shape, targets, fit_intercept, weights, l1_ratio, positive, close):
    X, y = make(*shape, targets)
    options = {"alpha": 0.1, "l1_ratio": l1_ratio, "fit_intercept": fit_intercept, "positive": positive}
    s = weights(len(X))
    found = ElasticNet(**options, tol=1e-12).fit(X, y, sample_weight=s)
    wanted = theirs.ElasticNet(**options, **TIGHT).fit(X, y, sample_weight=s)
    close(found.coef_, wanted.coef_, 1e-6)
    close(found.intercept_, wanted.intercept_, 1e-6)
    assert found.coef_.shape == wanted.coef_.shape
    assert np.shape(found.intercept_) == np.shape(wanted.intercept_)
    assert np.shape(found.dual_gap_) == np.shape(wanted.dual_gap_)
    assert np.shape(found.n_iter_) == np.shape(wanted.n_iter_)
    close(found.predict(X), wanted.predict(X), 1e-6)
    assert (np.abs(found.dual_gap_) <= 1e-12 * np.var(np.c_[y]) * 20).all()


def test_every_form_of_X(make, layout, weights, close):
    X, y = make(40, 7)
    s = weights(40)
    found = Lasso(0.05, tol=1e-12).fit(layout(X), y, sample_weight=s)
    close(found.coef_, theirs.Lasso(0.05, **TIGHT).fit(X, y, sample_weight=s).coef_, 1e-7)
    close(found.predict(layout(X)), found.predict(X), 1e-12)


def test_single_precision(make, close):
    X, y = make(40, 7)
    wanted = Lasso(0.05).fit(X, y)
    found = Lasso(0.05).fit(X.astype(np.float32), y.astype(np.float32))
    assert found.coef_.dtype == np.float32
    assert found.predict(X.astype(np.float32)).dtype == np.float32
    close(found.coef_, wanted.coef_, 1e-5)


def test_lasso_is_an_elastic_net_and_both_are_the_function(make, with_zeros):
    X, y = make(40, 7)
    s = with_zeros(40)
    lasso, net = Lasso(0.05).fit(X, y, s), ElasticNet(0.05, l1_ratio=1.0).fit(X, y, s)
    np.testing.assert_array_equal(lasso.coef_, net.coef_)
    fit = shrinkage.elastic_net(X, y, 0.05, sample_weight=s)
    np.testing.assert_allclose(lasso.coef_, fit.coef, rtol=1e-12, atol=1e-14)
    assert isinstance(lasso, ElasticNet)
    assert "l1_ratio" not in lasso.get_params()


def test_certificate_and_gap_are_of_the_objective(make, with_zeros):
    X, y = make(40, 7, 3)
    s = with_zeros(40)
    model = ElasticNet(0.1).fit(X, y, sample_weight=s)
    assert model.certificate_.converged
    assert model.certificate_.objective == pytest.approx(objective(model, X, y, s).sum(), rel=1e-12)
    assert model.certificate_.duality_gap == max(model.dual_gap_)
    assert model.certificate_.n_iter == sum(model.n_iter_)
    assert model.effective_dof_.shape == (3,)
    each = [shrinkage.elastic_net(X, target, 0.1, l1_ratio=0.5, sample_weight=s).certificate for target in y.T]
    np.testing.assert_allclose(model.dual_gap_, [one.duality_gap for one in each], rtol=0, atol=1e-12)
    # far from the optimum the gap counts in units of the objective, as scikit-learn's
    crude = theirs.Lasso(0.01, tol=1e-2, max_iter=3, fit_intercept=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        crude.fit(X, y[:, 0])
    exact = Lasso(0.01, fit_intercept=False).fit(X, y[:, 0])
    value = np.mean((y[:, 0] - X @ crude.coef_) ** 2) / 2 + 0.01 * np.abs(crude.coef_).sum()
    assert value - exact.certificate_.objective <= crude.dual_gap_
    assert exact.dual_gap_ < 1e-10 < crude.dual_gap_


def test_every_target_has_a_gap_of_its_own_without_an_L1_term(make, close):
    X, y = make(40, 7, 3)
    y = y * [1.0, 1e3, 1e6]
    model = ElasticNet(0.1, l1_ratio=0.0).fit(X, y)
    fits = [shrinkage.elastic_net(X, target, 0.1, l1_ratio=0.0) for target in y.T]
    np.testing.assert_array_equal(model.dual_gap_, [fit.certificate.duality_gap for fit in fits])
    np.testing.assert_array_equal(model.coef_, [fit.coef for fit in fits])
    np.testing.assert_array_equal(model.intercept_, [fit.intercept for fit in fits])


def test_penalty_factors_are_scaled_columns(make, close):
    X, y = make(40, 7)
    v = np.array([1.0, 2.0, 0.5, 4.0, 1.0, 0.1, 3.0])
    wanted = theirs.Lasso(0.1, **TIGHT).fit(X / v, y).coef_ / v
    close(Lasso(0.1, penalty_factor=v, tol=1e-12).fit(X, y).coef_, wanted, 1e-7)


def test_factors_of_zero_and_infinity(make):
    X, y = make(40, 7)
    model = Lasso(1e3, penalty_factor=[0, 1, 1, np.inf, 0, 1, 1]).fit(X, y)
    assert np.flatnonzero(model.coef_).tolist() == [0, 4]
    ols = theirs.LinearRegression().fit(X[:, [0, 4]], y)
    np.testing.assert_allclose(model.coef_[[0, 4]], ols.coef_, rtol=1e-10)


def test_bounds(make):
    X, y = make(40, 7)
    free = Lasso(0.01).fit(X, y).coef_
    low, high = np.minimum(free, 0.0) / 2, np.maximum(free, 0.0) / 2
    model = Lasso(0.01, lower=low, upper=high).fit(X, y)
    assert (low <= model.coef_).all() and (model.coef_ <= high).all()
    assert model.certificate_.converged
    # nothing that stays within the bounds is better
    rng = np.random.default_rng(0)
    best, other = objective(model, X, y), clone(model)
    for _ in range(50):
        other.coef_ = np.clip(model.coef_ + 0.05 * rng.normal(size=7), low, high)
        other.intercept_ = np.mean(y - X @ other.coef_)
        assert objective(other, X, y) >= best - 1e-12
    np.testing.assert_array_equal(
        Lasso(0.01, lower=0.0).fit(X, y).coef_, Lasso(0.01, positive=True, lower=-1.0).fit(X, y).coef_
    )


def test_warm_start_ends_where_a_cold_one_does(make, targets, close):
    X, y = make(12, 30, targets)
    model = Lasso(0.5, warm_start=True).fit(X, y)
    warm = model.set_params(alpha=0.05).fit(X, y)
    close(warm.coef_, Lasso(0.05).fit(X, y).coef_, 1e-8)


def test_warm_start_refuses_other_targets(make):
    X, y = make(40, 7, 3)
    model = Lasso(0.5, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="coef_ is of 3 targets, and y has 2"):
        model.fit(X, y[:, :2])


def test_warm_start_refuses_other_features(make):
    X, y = make(40, 7)
    model = Lasso(0.1, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="warm_start: coef_ is of 7 features, and X has 5: fit a new estimator"):
        model.fit(X[:, :5], y)


def test_options_without_effect(make):
    X, y = make(40, 7)
    wanted = ElasticNet(0.1).fit(X, y).coef_
    for options in (
        {"selection": "random", "random_state": 0},
        {"max_iter": 1},
        {"copy_X": False},
        {"precompute": True},
    ):
        np.testing.assert_array_equal(ElasticNet(0.1, **options).fit(X, y).coef_, wanted)


def test_nothing_of_the_callers_is_written(make, with_zeros):
    X, y = make(40, 7)
    s = with_zeros(40)
    before = X.copy(), y.copy(), s.copy()
    for array in (X, y, s):
        array.setflags(write=False)
    Lasso(0.1, copy_X=False).fit(X, y, sample_weight=s)
    enet_path(X, y, copy_X=False, alphas=5)
    for array, copy in zip((X, y, s), before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
def test_gram_matrix_is_held_against_the_data(make, with_zeros, dtype, weighted):
    X, y = make(40, 7)
    s = with_zeros(40) if weighted else None
    X = (X - np.average(X, axis=0, weights=s)).astype(dtype)
    w = np.ones(40) if s is None else s * 40 / s.sum()
    gram = X.T @ (w[:, None] * X)
    wanted = Lasso(0.1).fit(X, y, sample_weight=s)
    found = Lasso(0.1, precompute=gram).fit(X, y, sample_weight=s)
    np.testing.assert_array_equal(found.coef_, wanted.coef_)
    with pytest.warns(UserWarning, match="recomputing Gram matrix"):
        Lasso(0.1, precompute=gram).fit(X + 1.0, y, sample_weight=s)
    for i, j in ((0, 0), (2, 5), (6, 6)):
        wrong = gram.copy()
        wrong[i, j] += 0.01 * gram[0, 0]
        with pytest.raises(ValueError, match=f"Gram matrix.*did not pass validation.*row {i}"):
            Lasso(0.1, precompute=wrong).fit(X, y, sample_weight=s)
    with pytest.raises(ValueError, match=r"must have shape \(7, 7\), got \(6, 7\)"):
        Lasso(0.1, precompute=gram[1:]).fit(X, y, sample_weight=s)
    with pytest.raises(ValueError, match=r"did not pass|NaN|infinity"):
        Lasso(0.1, precompute=np.full((7, 7), np.nan)).fit(X, y, sample_weight=s)


def test_sparse_coef(make):
    X, y = make(40, 7, 3)
    model = Lasso(0.3).fit(X, y)
    assert sparse.issparse(model.sparse_coef_)
    assert model.sparse_coef_.nnz == np.count_nonzero(model.coef_)
    np.testing.assert_array_equal(model.sparse_coef_.toarray(), model.coef_)


def test_a_gap_out_of_reach_is_told(make):
    X, y = make(40, 7)
    scales = 10.0 ** np.linspace(-4, 4, 7)
    with pytest.warns(ConvergenceWarning, match="relative duality gap is .* units of the objective"):
        model = Lasso(1e-4, tol=0.0).fit(X * scales, y)
    assert not model.certificate_.converged


@pytest.mark.parametrize("Model", [ElasticNet, Lasso, AdaptiveLasso])
@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"alpha": -1.0}, "alpha"),
        ({"lower": 1.0}, "lower"),
        ({"upper": -1.0}, "upper"),
        ({"penalty_factor": [1.0, -1.0]}, "penalty_factor"),
        ({"tol": -1.0}, "tol"),
    ],
)
def test_bad_options_are_named(Model, option, words):
    X, y = np.eye(3)[:, :2] + 1.0, np.arange(3.0)
    with pytest.raises((ValueError, TypeError), match=words):
        Model(**option).fit(X, y)


# ------------------------------------------------------------------------------------------------------- paths


@pytest.mark.parametrize("l1_ratio", [0.4, 1.0])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("form", [np.asarray, sparse.csc_array])
def test_paths_are_scikit_learns(make, shape, l1_ratio, positive, form, close):
    X, y = make(*shape)
    options = {"l1_ratio": l1_ratio, "positive": positive, "return_n_iter": True}
    alphas, coefs, gaps, n_iters = enet_path(form(X), y, alphas=12, eps=0.01, **options, tol=1e-12)
    if not positive or COUNT == "alphas":  # older ones start from the largest alpha of any sign
        wanted = theirs.enet_path(X, y, l1_ratio=l1_ratio, positive=positive, eps=0.01, **{COUNT: 12})[0]
        np.testing.assert_allclose(alphas, wanted, rtol=1e-12)
    _, wanted_coefs, wanted_gaps, wanted_iters = theirs.enet_path(X, y, alphas=alphas, **options, **TIGHT)
    close(coefs, wanted_coefs, 1e-6)
    assert gaps.shape == wanted_gaps.shape and (gaps <= 1e-12 * np.mean(y**2)).all()
    assert len(n_iters) == len(wanted_iters)
    if l1_ratio == 1.0:
        del options["l1_ratio"]
        found = lasso_path(form(X), y, alphas=12, eps=0.01, **options, tol=1e-12)
        np.testing.assert_array_equal(found[1], coefs)


def test_a_column_of_y_has_paths_with_an_axis_of_targets(make):
    X, y = make(40, 7, 1)
    alphas, coefs, _ = lasso_path(X, y, alphas=4)
    assert coefs.shape == (1, 7, 4)
    np.testing.assert_array_equal(coefs[0], lasso_path(X, y[:, 0], alphas=alphas)[1])


def test_paths_with_weights_factors_and_bounds(make, with_zeros, close):
    X, y = make(40, 7)
    s, v = with_zeros(40), np.array([1.0, 2.0, 0.0, np.inf, 1.0, 1.0, 1.0])
    alphas, coefs, _ = lasso_path(X, y, alphas=[0.1, 1.0], sample_weight=s, penalty_factor=v, lower=-0.5, upper=1.5)
    assert alphas.tolist() == [1.0, 0.1]
    for alpha, coef in zip(alphas, coefs.T, strict=True):
        model = Lasso(alpha, penalty_factor=v, lower=-0.5, upper=1.5, fit_intercept=False).fit(X, y, s)
        close(coef, model.coef_, 1e-8)


def test_grid_where_X_has_nothing_to_do_with_y():
    X, y = np.eye(6)[:, :3], np.r_[np.zeros(3), 1.0, 2.0, 3.0]
    alphas, coefs, _ = lasso_path(X, y, alphas=3)
    assert alphas.tolist() == [np.finfo(float).resolution] * 3
    assert not coefs.any()


def test_one_alpha_and_an_older_name_of_the_number(make):
    X, y = make(40, 7)
    top = shrinkage.alpha_max(X, y, fit_intercept=False)
    for options in ({"alphas": 1}, {"n_alphas": 1}, {"alphas": 1, "eps": 1.0}):
        assert lasso_path(X, y, **options)[0] == pytest.approx([top])
    assert len(lasso_path(X, y, alphas=None)[0]) == 100


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"precompute": np.eye(7)}, "Gram matrix"),
        ({"selection": "all"}, "selection"),
        ({"shrink": 1}, "Unexpected parameters in params: shrink"),
        ({"l1_ratio": 0.0}, "not supported for l1_ratio=0"),
        ({"alphas": [-1.0]}, "alphas"),
    ],
)
def test_paths_name_what_is_wrong(make, options, words):
    X, y = make(40, 7)
    with pytest.raises(ValueError, match=words):
        enet_path(X, y, **options)


def test_products_are_held_against_the_data(make):
    X, y = make(40, 7)
    wanted = enet_path(X, y, alphas=5)[1]
    np.testing.assert_array_equal(enet_path(X, y, alphas=5, precompute=X.T @ X, Xy=X.T @ y)[1], wanted)
    for wrong in (X.T @ y + 1.0, np.ones(6)):
        with pytest.raises(ValueError, match="Xy is not X'y"):
            enet_path(X, y, precompute=X.T @ X, Xy=wrong)


# --------------------------------------------------------------------------------------- criteria, adaptive lasso


@pytest.mark.parametrize("criterion", ["aic", "bic"])
@pytest.mark.parametrize("positive", [False, True])
def test_criteria_choose_as_scikit_learns(criterion, positive):
    X, y = load_diabetes(return_X_y=True)
    found = LassoLarsIC(criterion, positive=positive).fit(X, y)
    wanted = theirs.LassoLarsIC(criterion, positive=positive).fit(X, y)
    assert found.noise_variance_ == pytest.approx(wanted.noise_variance_, rel=1e-9)
    if positive and criterion == "aic":
        # scikit-learn's path ends before its best alpha
        assert found.criterion_.min() < wanted.criterion_.min() - 0.5
        return
    # a grid is no better than the corners of the path, and hardly worse
    assert wanted.criterion_.min() - 1e-9 <= found.criterion_.min() < wanted.criterion_.min() + 0.1
    np.testing.assert_array_equal(found.coef_ != 0, wanted.coef_ != 0)
    np.testing.assert_allclose(found.coef_, wanted.coef_, atol=0.02 * np.abs(wanted.coef_).max())
    lasso = Lasso(found.alpha_, positive=positive).fit(X, y)
    np.testing.assert_allclose(found.coef_, lasso.coef_, rtol=1e-6, atol=1e-9)
    assert found.criterion_.shape == found.alphas_.shape == (500,)
    assert found.certificate_.converged
    assert found.n_iter_ == 500


def test_criteria_with_a_known_variance_where_samples_are_few(make):
    X, y = make(12, 30)
    with pytest.raises(ValueError, match="Provide an estimate of the noise variance"):
        LassoLarsIC().fit(X, y)
    model = LassoLarsIC("bic", noise_variance=0.25, fit_intercept=False).fit(X, y)
    k = int(np.argmin(model.criterion_))
    square = np.square(y - model.predict(X)).sum()
    value = 12 * np.log(2 * np.pi * 0.25) + square / 0.25 + np.log(12) * np.count_nonzero(model.coef_)
    assert model.criterion_[k] == pytest.approx(value, rel=1e-10)
    assert model.alpha_ == model.alphas_[k]


def test_few_steps_leave_out_no_alpha(make):
    X, y = make(40, 7)
    wanted = LassoLarsIC().fit(X, y)
    for max_iter in (0, 1, 20):
        found = LassoLarsIC(max_iter=max_iter).fit(X, y)
        np.testing.assert_array_equal(found.alphas_, wanted.alphas_)
        np.testing.assert_array_equal(found.coef_, wanted.coef_)
    assert len(LassoLarsIC(max_iter=600).fit(X, y).alphas_) == 600


@pytest.mark.parametrize("initial_l1_ratio", [0.0, 1.0])
def test_adaptive_lasso_is_two_fits(make, with_zeros, initial_l1_ratio, close):
    X, y = make(40, 7)
    s = with_zeros(40)
    v = np.array([1.0, 2.0, 0.0, np.inf, 1.0, 1.0, 1.0])
    model = AdaptiveLasso(
        0.1, gamma=2.0, initial_alpha=0.3, initial_l1_ratio=initial_l1_ratio, penalty_factor=v, tol=1e-6
    ).fit(X, y, sample_weight=s)
    first = shrinkage.elastic_net(X, y, 0.3, l1_ratio=initial_l1_ratio, sample_weight=s, penalty_factor=v)
    close(model.initial_coef_, first.coef, 1e-8)
    with np.errstate(divide="ignore"):
        factors = np.where(v == 0, 0.0, v / first.coef**2)
    assert factors[2] == 0 and np.isinf(factors[3])
    second = shrinkage.elastic_net(X, y, 0.1, sample_weight=s, penalty_factor=factors)
    close(model.coef_, second.coef, 1e-7)
    assert model.coef_[3] == 0 and model.certificate_.converged


def test_adaptive_lasso_shrinks_large_coefficients_less():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 10))
    w = np.r_[5.0, -3.0, np.zeros(8)]
    y = X @ w + 0.1 * rng.normal(size=200)
    adaptive = AdaptiveLasso(0.2, initial_alpha=0.0).fit(X, y)
    assert np.flatnonzero(adaptive.coef_).tolist() == [0, 1]
    lasso = Lasso(0.2).fit(X, y)
    assert np.abs(adaptive.coef_ - w).max() < np.abs(lasso.coef_ - w).max() / 2


def test_adaptive_lasso_of_nothing(make):
    X, y = make(40, 7)
    model = AdaptiveLasso(1.0, initial_alpha=1e6, initial_l1_ratio=1.0).fit(X, y)
    assert not model.coef_.any()
    assert model.intercept_ == pytest.approx(y.mean())


@pytest.mark.parametrize("model", [Lasso(0.1), ElasticNet(0.1), LassoLarsIC(), AdaptiveLasso(0.1)])
def test_pickles(make, model):
    X, y = make(40, 7)
    model = clone(model).fit(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
