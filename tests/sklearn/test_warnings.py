"""Estimators put the solvers' warnings into their own words without touching the filters, which all threads share."""

import threading
import warnings

import numpy as np
import pytest

from shrinkage import _result
from shrinkage.sklearn import (
    AdaptiveLasso,
    ElasticNetCV,
    Lasso,
    LassoCV,
    MultiTaskLassoCV,
    RelaxedLasso,
    Ridge,
    enet_path,
)


class Watching:
    """Penalty factors that look at the filters whenever a solver reads them."""

    def __init__(self, count):
        self.values, self.seen = np.ones(count), []
        self.shape = (count,)

    def __len__(self):
        return len(self.values)

    def __array__(self, dtype=None, copy=None):
        self.seen.append(list(warnings.filters))
        return self.values.astype(dtype or float)


def path(X, y, factors):
    enet_path(X, y, penalty_factor=factors)


def estimator(make_model):
    return lambda X, y, factors: make_model(penalty_factor=factors).fit(X, y)


@pytest.mark.parametrize(
    "run",
    [
        estimator(Lasso),
        estimator(AdaptiveLasso),
        estimator(RelaxedLasso),
        estimator(LassoCV),
        estimator(ElasticNetCV),
        estimator(lambda penalty_factor: Ridge(solver="lsqr", penalty_factor=penalty_factor)),
        path,
    ],
    ids=["Lasso", "AdaptiveLasso", "RelaxedLasso", "LassoCV", "ElasticNetCV", "Ridge", "enet_path"],
)
def test_filters_are_let_alone(make, run):
    X, y = make(40, 7)
    factors = Watching(7)
    before = list(warnings.filters)
    run(X, y, factors)
    assert factors.seen
    assert all(seen == before for seen in factors.seen)


def test_filters_are_let_alone_of_several_targets(make):
    X, y = make(40, 7, 3)
    factors = Watching(7)
    before = list(warnings.filters)
    MultiTaskLassoCV(penalty_factor=factors).fit(X, y)
    assert factors.seen
    assert all(seen == before for seen in factors.seen)


def test_quiet_is_one_thread_and_one_category():
    with pytest.warns(UserWarning) as heard, _result.quietly() as told:
        other = threading.Thread(target=_result.warn, args=("of another thread", _result.ConvergenceWarning))
        other.start()
        other.join()
        _result.warn("of another kind", _result.IllConditionedWarning)
        _result.warn("kept", _result.ConvergenceWarning)
    assert told == [("kept", _result.ConvergenceWarning)]
    assert sorted(str(one.message) for one in heard) == ["of another kind", "of another thread"]
