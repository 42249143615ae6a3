"""scikit-learn's own tests of stochastic gradient descent, run against the classes here.

As in test_upstream_ridge.py: what is left out, and what is expected to fail, stands in tables with the reason for each.
`SGDOneClassSVM` stays scikit-learn's own.
"""

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import joblib
import pytest
import sklearn.linear_model
from sklearn.model_selection import RandomizedSearchCV

import shrinkage.sklearn as ours

UPSTREAM = runpy.run_path(str(Path(__file__).with_name("upstream.py")))

if UPSTREAM["VERSION"] < (1, 9):
    pytest.skip("the tables are those of scikit-learn 1.9", allow_module_level=True)

PRIVATE = "of private attributes and classes of scikit-learn's: test_stochastic.py looks at what they are for"
LOSSES = "of scikit-learn's compiled losses: none of our code would run"
ONE_CLASS = "of SGDOneClassSVM, which stays scikit-learn's own: none of our code would run"
TOSS = "wants the sign of a decision that is 0 at the minimum: test_weights_move_the_answer has one that is not"
SLOWED = (
    "wants the intercept of sparse data a hundred times slower: "
    "test_scikit_learn_slows_the_intercept_on_sparse_data, test_regression_is_the_textbooks"
)

#: Tests that are not run, by name, and with some parameters.
LEFT_OUT = {
    "test_plain_has_no_average_attr": PRIVATE,
    "test_validation_mask_correctly_subsets": f"{PRIVATE} (test_early_stopping_holds_out_scikit_learns_rows)",
    "test_loss_hinge": LOSSES,
    "test_gradient_squared_hinge": LOSSES,
    "test_loss_modified_huber": LOSSES,
    "test_loss_epsilon_insensitive": LOSSES,
    "test_loss_squared_epsilon_insensitive": LOSSES,
    "test_class_weights": TOSS,
    "test_sample_weights": TOSS,
    "test_SGDClassifier_fit_for_all_backends": "of joblib's copies of coefficients that its jobs share: ours trains "
    "all classes in one pass without it (test_jobs_and_verbosity)",
    "test_late_onset_averaging_not_reached[Sparse*]": "wants 16 decimals of coefficients of 12, which have 14",
} | {
    f"test_{name}": ONE_CLASS
    for name in (
        "warm_start_oneclass",
        "clone_oneclass",
        "partial_fit_oneclass",
        "partial_fit_equal_fit_oneclass",
        "late_onset_averaging_reached_oneclass",
        "sgd_averaged_computed_correctly_oneclass",
        "sgd_averaged_partial_fit_oneclass",
        "average_sparse_oneclass",
        "ocsvm_vs_sgdocsvm",
        "sgd_oneclass_convergence",
        "sgd_oneclass_vs_linear_oneclass",
        "sgd_oneclass_vs_linear_oneclass_offsets_match",
        "sgd_one_class_svm_estimator_type",
        "sgd_one_class_svm_formulation_with_scipy_minimize",
    )
}

#: Tests that must fail, by name and where need be parameters.
EXPECTED_TO_FAIL = {
    "test_late_onset_averaging_reached[Sparse*]": SLOWED,
    "test_average_binary_computed_correctly[Sparse*]": SLOWED,
    "test_sgd_multiclass_average[Sparse*]": SLOWED,
    "test_sgd_averaged_computed_correctly[Sparse*]": SLOWED,
    "test_sgd_averaged_partial_fit[Sparse*]": SLOWED,
    "test_average_sparse[Sparse*]": SLOWED,
    "test_sgd_proba[Sparse*]": f"{SLOWED}: another order of the classes for one row",
    "test_underflow_or_overflow": "wants its own words about X of 1e300: ours names the column "
    "(test_too_large_data_are_named)",
}

MODULE = UPSTREAM["load"]("linear_model/tests/test_sgd.py", sklearn.linear_model)
# its tests ask the package for the classes when they run
MODULE.linear_model = SimpleNamespace(
    **vars(sklearn.linear_model) | {name: getattr(ours, name) for name in ours.__all__}
)


class ShortSearch(RandomizedSearchCV):
    """Of two folds, in threads: processes take seconds to start (test_training_goes_on_bit_for_bit_from_a_copy)."""

    def fit(self, X, y):
        self.cv = 2
        with joblib.parallel_config(backend="threading"):
            return super().fit(X, y)


MODULE.RandomizedSearchCV = ShortSearch
FOUND = UPSTREAM["tests_of"](MODULE)


def ours_alone(test):
    """The test without those of its parameters that are of SGDOneClassSVM."""

    def of_one_class(case):
        return getattr(case[0] if isinstance(case, tuple) else case, "__name__", "").endswith("OneClassSVM")

    marks = []
    for mark in getattr(test, "pytestmark", []):
        if mark.name == "parametrize":
            names, cases = mark.args
            mark = pytest.mark.parametrize(names, [case for case in cases if not of_one_class(case)]).mark
        marks.append(mark)
    test.pytestmark = marks
    return test


globals().update({name: ours_alone(test) for name, test in FOUND.items() if name not in LEFT_OUT})


@pytest.fixture
def global_random_seed():
    return 42


@pytest.fixture(autouse=True)
def known_to_pickle(monkeypatch):
    """Its classes are looked up by the name of their module."""
    monkeypatch.setitem(sys.modules, MODULE.__name__, MODULE)


@pytest.fixture(autouse=True)
def expected_to_fail(request):
    left_out = UPSTREAM["reason"](request, LEFT_OUT)
    if left_out:
        pytest.skip(left_out)
    reason = UPSTREAM["reason"](request, EXPECTED_TO_FAIL)
    if reason:
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))


def test_names_are_ours_in_the_copy_and_nowhere_else():
    for name in ("SGDClassifier", "SGDRegressor", "ElasticNet"):
        assert getattr(MODULE.linear_model, name) is getattr(ours, name)
        assert getattr(sklearn.linear_model, name).__module__.startswith("sklearn.")
    assert isinstance(MODULE.SGDClassifier(), ours.SGDClassifier)
    assert isinstance(MODULE.SparseSGDRegressor(), ours.SGDRegressor)


@pytest.mark.parametrize("pattern", [*LEFT_OUT, *EXPECTED_TO_FAIL])
def test_the_tables_name_tests_that_there_are(pattern):
    assert pattern.partition("[")[0] in FOUND


def test_the_tables_name_tests_of_ours_that_there_are():
    assert UPSTREAM["promised"](Path(__file__).with_name("test_stochastic.py"), LEFT_OUT, EXPECTED_TO_FAIL) == []
