"""scikit-learn's own tests of the lasso and the elastic net on dense data, run against the classes here.

As in test_upstream_ridge.py: what is left out, and what is expected to fail, stands in tables with the reason for each.
"""

import runpy
from pathlib import Path

import pytest
import sklearn.linear_model

import shrinkage.sklearn as ours

UPSTREAM = runpy.run_path(str(Path(__file__).with_name("upstream.py")))

if UPSTREAM["VERSION"] < (1, 9):
    pytest.skip("the tables are those of scikit-learn 1.9", allow_module_level=True)

PRIVATE = "of private functions of scikit-learn's alone: none of our code would run"
MULTI_TASK = "of the MultiTask classes, which are not offered yet"
COUNT = "wants no iteration from the solution: ours counts the checks of optimality, of which there is one"
MAX_ITER = "wants no convergence after one or two iterations: ours takes the checks that it needs"
CRUDE = "wants seven digits of scikit-learn's multi-task class at tol=1e-4, which has three"

#: Tests that are not run.
LEFT_OUT = {
    "test_set_order_dense": PRIVATE,
    "test_set_order_sparse": PRIVATE,
    "test_cython_solver_equivalence": PRIVATE,
    "test_lassoCV_does_not_set_precompute": PRIVATE,
    "test_multi_task_lasso_vs_skglm": MULTI_TASK,
    "test_multi_task_lasso_and_enet": MULTI_TASK,
    "test_multi_task_lasso_readonly_data": MULTI_TASK,
    "test_multitask_enet_and_lasso_cv": MULTI_TASK,
    "test_warm_start_multitask_lasso": MULTI_TASK,
    "test_convergence_warnings": MULTI_TASK,
    "test_multi_task_lasso_cv_dtype": MULTI_TASK,
}

#: Parameters with which tests are not run.
SKIPPED = {
    "test_*[*MultiTask*]": MULTI_TASK,
    "test_enet_ridge_consistency[*-3-*]": MULTI_TASK,
}

#: Tests that must fail, by name and where need be parameters.
EXPECTED_TO_FAIL = {
    "test_enet_nonfinite_params": "wants a ValueError in the words of coordinate descent: ours names the column",
    "test_lasso_dual_gap": "wants seven digits of the gap of one dual point: ours is rounding",
    "test_lasso_alpha_warning": "wants a warning that alpha=0 converges badly: ours does not",
    "test_warm_start_convergence[*]": COUNT,
    "test_sparse_dense_descent_paths[*-2-*]": "wants paths of two targets, multi-task ones: not offered yet",
    "test_check_input_false": "wants X in C order refused without checks: ours reads it",
    "test_enet_copy_X_False_check_input_False": "wants X overwritten: ours never writes to it",
    "test_enet_coordinate_descent_raises_convergence[*]": MAX_ITER,
    "test_1d_multioutput_enet_and_multitask_enet_cv": CRUDE,
    "test_1d_multioutput_lasso_and_multitask_lasso_cv": CRUDE,
    "test_sparse_input_convergence_warning[*]": "wants no convergence with tol=0: ours stops at rounding",
    "test_path_function_deprecated_n_alphas[*]": "wants warnings about old names of the grid: ours takes them",
}

MODULE = UPSTREAM["load"](
    "linear_model/tests/test_coordinate_descent.py", sklearn.linear_model, sklearn.linear_model._coordinate_descent
)
FOUND = UPSTREAM["tests_of"](MODULE)
globals().update({name: test for name, test in FOUND.items() if name not in LEFT_OUT})


@pytest.fixture
def global_random_seed():
    return 42


@pytest.fixture(autouse=True)
def skipped_or_expected_to_fail(request):
    skip, fail = (UPSTREAM["reason"](request, table) for table in (SKIPPED, EXPECTED_TO_FAIL))
    if skip:
        pytest.skip(skip)
    if fail:
        request.applymarker(pytest.mark.xfail(reason=fail, strict=True))


def test_names_are_ours_in_the_copy_and_nowhere_else():
    for name in ("ElasticNet", "ElasticNetCV", "Lasso", "LassoCV", "enet_path", "lasso_path"):
        assert getattr(MODULE, name) is getattr(ours, name)
        assert getattr(sklearn.linear_model, name).__module__.startswith("sklearn.")


@pytest.mark.parametrize("pattern", [*LEFT_OUT, *EXPECTED_TO_FAIL, "test_enet_ridge_consistency"])
def test_the_tables_name_tests_that_there_are(pattern):
    assert pattern.partition("[")[0] in FOUND
