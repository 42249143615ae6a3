"""`RelaxedLasso` is `relaxed_lasso`, in scikit-learn's words."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import shrinkage
from shrinkage.sklearn import Lasso, RelaxedLasso


@pytest.mark.parametrize("phi", [0.0, 0.3, 1.0])
def test_relaxed_lasso_is_two_fits(make, with_zeros, phi, close):
    X, y = make(40, 7)
    s = with_zeros(40)
    v = np.array([1.0, 2.0, 0.0, np.inf, 1.0, 1.0, 1.0])
    model = RelaxedLasso(0.3, phi=phi, penalty_factor=v, tol=1e-6).fit(X, y, sample_weight=s)
    first = shrinkage.elastic_net(X, y, 0.3, sample_weight=s, penalty_factor=v)
    factors = np.where((first.coef != 0) | (v == 0), v, np.inf)
    np.testing.assert_array_equal(model.penalty_factor_, factors)
    second = shrinkage.elastic_net(X, y, phi * 0.3, sample_weight=s, penalty_factor=factors)
    close(model.coef_, second.coef, 1e-7)
    assert model.coef_[3] == 0 and model.certificate_.converged
    assert model.dual_gap_ == model.certificate_.duality_gap


def test_relaxed_lasso_takes_the_shrinkage_back():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 10))
    w = np.r_[5.0, -3.0, np.zeros(8)]
    y = X @ w + 0.1 * rng.normal(size=200)
    model = RelaxedLasso(0.5).fit(X, y)
    assert np.flatnonzero(model.coef_).tolist() == [0, 1]
    assert np.abs(model.coef_ - w).max() < 0.05 < np.abs(Lasso(0.5).fit(X, y).coef_ - w).max()
    np.testing.assert_allclose(RelaxedLasso(0.5, phi=1.0).fit(X, y).coef_, Lasso(0.5).fit(X, y).coef_, atol=1e-6)
    assert RelaxedLasso(0.5, positive=True).fit(X, y).coef_.min() >= 0


def test_relaxed_lasso_among_other_estimators(make):
    X, y = make(40, 7)
    search = GridSearchCV(RelaxedLasso(), {"alpha": [0.01, 0.1], "phi": [0.0, 0.5]}, cv=3).fit(X, y)
    model = clone(search.best_estimator_).fit(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
    for wrong in ({"phi": 1.5}, {"phi": -0.1}, {"phi": "all"}, {"alpha": -1.0}):
        with pytest.raises(ValueError, match=f"The '{next(iter(wrong))}' parameter of RelaxedLasso must be"):
            RelaxedLasso(**wrong).fit(X, y)
