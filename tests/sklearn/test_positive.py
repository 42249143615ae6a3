"""Ridge(positive=True): the conditions of Karush, Kuhn and Tucker, and another solver."""

import numpy as np
import pytest
from scipy.optimize import nnls
from sklearn.exceptions import ConvergenceWarning

from shrinkage.sklearn import Ridge, ridge_regression


def nnls_reference(X, y, alpha, s, fit_intercept):
    """w >= 0 by scipy.optimize.nnls on the centred, weighted and augmented data."""
    s = np.ones(len(X)) if s is None else s
    if fit_intercept:
        X, y = X - np.average(X, axis=0, weights=s), y - np.average(y, weights=s)
    root, p = np.sqrt(s), X.shape[1]
    A = np.vstack([root[:, None] * X, np.sqrt(alpha) * np.eye(p)])
    return nnls(A, np.concatenate([root * y, np.zeros(p)]), maxiter=100 * p)[0]


@pytest.mark.parametrize("alpha", [1e-3, 1.0, 100.0])
def test_agrees_with_nnls(shape, layout, alpha, fit_intercept, make, weights):
    X, y = make(*shape)
    s = weights(len(X))
    model = Ridge(alpha=alpha, positive=True, fit_intercept=fit_intercept).fit(layout(X), y, s)
    wanted = nnls_reference(X, y, alpha, s, fit_intercept)
    np.testing.assert_allclose(model.coef_, wanted, rtol=1e-8, atol=1e-9 * wanted.max())
    assert (model.coef_ >= 0).all() and not np.signbit(model.coef_).any()
    assert 0 < (model.coef_ > 0).sum() < len(wanted)
    assert model.certificate_.converged
    assert model.certificate_.relative_gap < 1e-14
    assert model.solver_ == "lbfgs"


def test_several_targets_and_alphas(make):
    X, y = make(40, 9, 3)
    model = Ridge(alpha=[0.1, 1.0, 10.0], positive=True, solver="lbfgs").fit(X, y)
    for k, alpha in enumerate([0.1, 1.0, 10.0]):
        single = Ridge(alpha=alpha, positive=True).fit(X, y[:, k])
        np.testing.assert_array_equal(model.coef_[k], single.coef_)
        assert model.intercept_[k] == single.intercept_
        assert model.effective_dof_[k] == single.effective_dof_
    np.testing.assert_array_equal(ridge_regression(X, y[:, 0] - 3.0, 1.0, positive=True).shape, (9,))


def test_the_same_as_without_where_all_are_positive_anyway():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 10))
    y = X @ rng.uniform(1.0, 2.0, size=10) + 0.1 * rng.normal(size=200)
    free, positive = Ridge().fit(X, y), Ridge(positive=True).fit(X, y)
    np.testing.assert_allclose(positive.coef_, free.coef_, rtol=1e-12)
    np.testing.assert_allclose(positive.effective_dof_, free.effective_dof_, rtol=1e-12)


def test_nothing_positive_and_constant_targets():
    X = np.random.default_rng(0).uniform(1.0, 2.0, size=(30, 3))
    model = Ridge(positive=True).fit(X, -X.sum(axis=1))
    np.testing.assert_array_equal(model.coef_, 0.0)
    assert model.certificate_.converged
    np.testing.assert_array_equal(Ridge(positive=True).fit(X, np.full(30, 2.0)).coef_, 0.0)


def test_penalty_factor(make):
    X, y = make(40, 5)
    free = Ridge(positive=True).fit(X, y)
    model = Ridge(positive=True, penalty_factor=[1, 1, 1, 1, np.inf]).fit(X, y)
    assert model.coef_[4] == 0.0
    np.testing.assert_allclose(model.coef_[:4], Ridge(positive=True).fit(X[:, :4], y).coef_, rtol=1e-10)
    np.testing.assert_allclose(Ridge(positive=True, penalty_factor=np.ones(5)).fit(X, y).coef_, free.coef_)


@pytest.mark.parametrize("alpha", [0.0, 1e-10])
def test_dependent_columns(alpha, make):
    X, y = make(40, 5)
    X = np.hstack([X, X[:, :2], np.zeros((40, 1))])
    model = Ridge(alpha=alpha, positive=True).fit(X, y)
    short = nnls_reference(X[:, :5], y, 0.0, None, True)
    assert (model.coef_ >= 0).all()
    np.testing.assert_allclose(model.predict(X), Ridge(alpha=0, positive=True).fit(X[:, :5], y).predict(X[:, :5]))
    np.testing.assert_allclose(model.coef_[:2] + model.coef_[5:7], short[:2], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("solver", ["svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga"])
def test_other_solvers_are_refused(solver, make):
    X, y = make(20, 3)
    with pytest.raises(ValueError, match=f"solver='{solver}' does not support positive"):
        Ridge(positive=True, solver=solver).fit(X, y)
    with pytest.raises(ValueError, match="only 'lbfgs' solver can be used"):
        ridge_regression(X, y, 1.0, positive=True, solver=solver)


def test_lbfgs_is_for_positive(make):
    X, y = make(20, 3)
    with pytest.raises(ValueError, match="solver='lbfgs' is for positive=True"):
        Ridge(solver="lbfgs").fit(X, y)


def test_a_wrong_set_is_found_out(monkeypatch, make):
    X, y = make(40, 5)
    monkeypatch.setattr("shrinkage._positive.bounded_set", lambda A, c, *bounds: (np.full(len(c), -1), 1))
    with pytest.warns(ConvergenceWarning, match="lbfgs did not converge"):
        model = Ridge(positive=True).fit(X, y)
    assert not model.certificate_.converged
    assert model.certificate_.relative_gap > 1e-3
