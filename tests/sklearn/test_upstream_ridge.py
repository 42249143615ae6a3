"""scikit-learn's own tests of ridge regression and kernel ridge regression, run against the classes here.

Its test modules are loaded afresh while `sklearn.linear_model` and `sklearn.kernel_ridge` have our names in the place
of their own. What is left out, and what is expected to fail, stands in two tables with the reason for each.
"""

import runpy
from pathlib import Path

import pytest
import sklearn.kernel_ridge
import sklearn.linear_model

import shrinkage.sklearn as ours

UPSTREAM = runpy.run_path(str(Path(__file__).with_name("upstream.py")))
load, VERSION = UPSTREAM["load"], UPSTREAM["VERSION"]

PRIVATE = "of private functions of scikit-learn's alone: none of our code would run"
ARRAY_API = "of arrays of other libraries, which are not supported"
RENAMED = "of a name that scikit-learn 1.7 took away"

#: Tests that are not run.
LEFT_OUT = {
    "test_primal_dual_relationship": PRIVATE,
    "test_X_CenterStackOp": PRIVATE,
    "test_compute_gram": PRIVATE,
    "test_compute_covariance": PRIVATE,
    "test_check_gcv_mode_choice": PRIVATE,
    "test_lbfgs_solver_consistency": PRIVATE,
    "test_ridge_array_api_compliance": ARRAY_API,
    "test_array_api_error_and_warnings_for_solver_parameter": ARRAY_API,
    "test_array_api_numpy_namespace_no_warning": ARRAY_API,
    "test_ridge_classifier_multilabel_array_api": ARRAY_API,
    "test_ridge_per_target_alpha_array_api": ARRAY_API,
    "test_ridge_store_cv_values_deprecated": RENAMED,
    "test_ridge_cv_values_deprecated": RENAMED,
}

#: Tests that must fail, by name and where need be parameters.
EXPECTED_TO_FAIL = {
    "test_regularization_limits_ridge_gcv[csr_*-svd-*]": "wants a warning that 'svd' is not for sparse X: ours is",
    "test_ridge_fit_intercept_sparse_error[*]": "wants solvers refused for sparse X with an intercept: all of ours can",
    "test_ridge_fit_intercept_sparse_sag[*]": "wants a warning that 'sag' takes many iterations: ours does not",
    "test_ridge_regression_convergence_fail": "wants no convergence with tol=0: ours stops at rounding",
    "test_lbfgs_solver_error": "wants no convergence after one iteration: an active set of two takes no more",
} | {
    f"test_ridge_regression_check_arguments_validity[{solver}-*-True]": "wants return_intercept refused: ours can"
    for solver in ("sparse_cg", "cholesky", "lsqr", "saga", "lbfgs")
}

#: The first and the last version that have a test, where not all do.
VERSIONS = {
    "test_regularization_limits_ridge_gcv": ((1, 9), None),
    "test_ridge_classifier_multilabel_array_api": ((1, 8), None),
    "test_ridge_per_target_alpha_array_api": ((1, 9), None),
    "test_ridge_store_cv_values_deprecated": (None, (1, 6)),
    "test_ridge_cv_values_deprecated": (None, (1, 6)),
}
MODULES = [
    load("linear_model/tests/test_ridge.py", sklearn.linear_model, sklearn.linear_model._ridge),
    load("tests/test_kernel_ridge.py", sklearn.kernel_ridge, sklearn.linear_model),
]
FOUND = {name: test for module in MODULES for name, test in UPSTREAM["tests_of"](module).items()}
globals().update({name: test for name, test in FOUND.items() if name not in LEFT_OUT})
ols_ridge_dataset = MODULES[0].ols_ridge_dataset

# least squares that the data do not determine: scikit-learn is silent about it
pytestmark = pytest.mark.filterwarnings("ignore::shrinkage.IllConditionedWarning")


@pytest.fixture
def global_random_seed():
    return 42


@pytest.fixture(autouse=True)
def expected_to_fail(request):
    reason = UPSTREAM["reason"](request, EXPECTED_TO_FAIL)
    if reason:
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))


def test_names_are_ours_in_the_copies_and_nowhere_else():
    for name in ("Ridge", "RidgeCV", "RidgeClassifier", "RidgeClassifierCV", "ridge_regression"):
        assert getattr(MODULES[0], name) is getattr(ours, name)
        assert getattr(sklearn.linear_model, name).__module__.startswith("sklearn.")
        assert getattr(sklearn.linear_model._ridge, name).__module__.startswith("sklearn.")
    assert MODULES[1].KernelRidge is ours.KernelRidge
    assert sklearn.kernel_ridge.KernelRidge.__module__.startswith("sklearn.")


@pytest.mark.parametrize("pattern", [*LEFT_OUT, *EXPECTED_TO_FAIL])
def test_the_tables_name_tests_that_there_are(pattern):
    name = pattern.partition("[")[0]
    first, last = VERSIONS.get(name, (None, None))
    assert (name in FOUND) == ((first or VERSION) <= VERSION <= (last or VERSION))
