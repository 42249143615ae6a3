"""scikit-learn's own tests of stochastic average gradients, run against `shrinkage.saga` and the `Ridge` here.

As in test_upstream_ridge.py: what is left out, and what is expected to fail, stands in tables with the reason for each.
"""

import runpy
from pathlib import Path

import numpy as np
import pytest
import sklearn.linear_model
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state, compute_sample_weight

import shrinkage
import shrinkage.sklearn as ours
from shrinkage._result import quietly

UPSTREAM = runpy.run_path(str(Path(__file__).with_name("upstream.py")))

if UPSTREAM["VERSION"] < (1, 9):
    pytest.skip("the tables are those of scikit-learn 1.9", allow_module_level=True)


class LogisticRegression(ClassifierMixin, BaseEstimator):
    """Two classes by `shrinkage.saga`, under scikit-learn's names and at the tolerance that its tests need."""

    def __init__(
        self, C=1.0, *, solver="saga", tol=1e-4, max_iter=100, fit_intercept=True, class_weight=None, random_state=None,
        warm_start=False,
    ):  # fmt: skip
        self.C = C
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.random_state = random_state
        self.warm_start = warm_start

    def fit(self, X, y):
        self.classes_, labels = np.unique(y, return_inverse=True)
        weights = compute_sample_weight(self.class_weight, y)
        start = {"coef_init": self.coef_[0], "intercept_init": self.intercept_[0]} if hasattr(self, "coef_") else {}
        seed = check_random_state(self.random_state).randint(1 << 31)
        with quietly():
            # C sums the losses and saga takes their weighted mean; its gap is quadratic in the error of coefficients
            fit = shrinkage.saga(
                X, labels, 1 / (self.C * weights.sum()), variant=self.solver, tol=self.tol**2, epochs=self.max_iter,
                fit_intercept=self.fit_intercept, sample_weight=weights, seed=int(seed),
                **(start if self.warm_start else {}),
            )  # fmt: skip
        self.coef_, self.intercept_, self.certificate_ = fit.coef[None, :], np.array([fit.intercept]), fit.certificate
        return self

    def decision_function(self, X):
        return X @ self.coef_[0] + self.intercept_[0]

    def predict(self, X):
        return self.classes_[(self.decision_function(X) > 0).astype(int)]


SLOWED = (
    "wants the intercept of sparse data a hundred times slower, so that it stops short of the minimum: "
    "test_saga_is_the_same_on_sparse_data"
)

#: Tests that are not run.
LEFT_OUT = {
    "test_get_auto_step_size": "of a private function of scikit-learn's: none of our code would run",
    "test_classifier_single_class": "of what the class above would have to check: SGDClassifier does "
    "(test_labels_that_are_not_classes)",
}

#: Tests that must fail, by name and where need be parameters.
EXPECTED_TO_FAIL = {
    "test_sag_classifier_computed_correctly[*]": SLOWED,
    "test_sag_multiclass_computed_correctly[*]": SLOWED,
    "test_binary_classifier_class_weight[*]": SLOWED,
    "test_step_size_alpha_error": "wants a ZeroDivisionError: ours has the answer (test_saga_takes_data_of_zeros)",
    "test_sag_classifier_raises_error[*]": "wants its own words about a start that is NaN: ours says that it must be "
    "finite (test_starts_that_do_not_fit)",
}

MODULE = UPSTREAM["load"]("linear_model/tests/test_sag.py", sklearn.linear_model)
MODULE.LogisticRegression = LogisticRegression
FOUND = UPSTREAM["tests_of"](MODULE)
globals().update({name: test for name, test in FOUND.items() if name not in LEFT_OUT})


@pytest.fixture(autouse=True)
def expected_to_fail(request):
    reason = UPSTREAM["reason"](request, EXPECTED_TO_FAIL)
    if reason:
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))


def test_names_are_ours_in_the_copy_and_nowhere_else():
    assert MODULE.Ridge is ours.Ridge
    assert MODULE.LogisticRegression is LogisticRegression
    for name in ("Ridge", "LogisticRegression"):
        assert getattr(sklearn.linear_model, name).__module__.startswith("sklearn.")


@pytest.mark.parametrize("pattern", [*LEFT_OUT, *EXPECTED_TO_FAIL])
def test_the_tables_name_tests_that_there_are(pattern):
    assert pattern.partition("[")[0] in FOUND


def test_the_tables_name_tests_of_ours_that_there_are():
    assert UPSTREAM["promised"](Path(__file__).with_name("test_stochastic.py"), LEFT_OUT, EXPECTED_TO_FAIL) == []
