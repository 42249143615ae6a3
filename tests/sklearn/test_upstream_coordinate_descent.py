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
COUNT = "wants no iteration from the solution: ours counts the checks of optimality, of which there is one"
MAX_ITER = "wants no convergence after one or two iterations: ours takes the checks that it needs"

#: Tests that are not run.
LEFT_OUT = {
    "test_set_order_dense": PRIVATE,
    "test_set_order_sparse": PRIVATE,
    "test_cython_solver_equivalence": PRIVATE,
    "test_lassoCV_does_not_set_precompute": PRIVATE,
    "test_multi_task_lasso_readonly_data": "wants a gap above zero, and ours is rounding, which may be zero: "
    "test_elastic_net_multi_task.py has data that are read-only",
}

#: Tests that must fail, by name and where need be parameters.
EXPECTED_TO_FAIL = {
    "test_enet_nonfinite_params": "wants a ValueError in the words of coordinate descent: ours names the column",
    "test_lasso_dual_gap": "wants seven digits of the gap of one dual point: ours is rounding",
    "test_lasso_alpha_warning": "wants a warning that alpha=0 converges badly: ours does not",
    "test_warm_start_convergence[*]": COUNT,
    "test_check_input_false": "wants X in C order refused without checks: ours reads it",
    "test_enet_copy_X_False_check_input_False": "wants X overwritten: ours never writes to it",
    "test_enet_coordinate_descent_raises_convergence[*]": MAX_ITER,
    "test_multi_task_lasso_and_enet": MAX_ITER,
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
def expected_to_fail(request):
    reason = UPSTREAM["reason"](request, EXPECTED_TO_FAIL)
    if reason:
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))


def test_names_are_ours_in_the_copy_and_nowhere_else():
    for single in ("ElasticNet", "ElasticNetCV", "Lasso", "LassoCV"):
        for name in (single, f"MultiTask{single}"):
            assert getattr(MODULE, name) is getattr(ours, name)
            assert getattr(sklearn.linear_model, name).__module__.startswith("sklearn.")
    for name in ("enet_path", "lasso_path"):
        assert getattr(MODULE, name) is getattr(ours, name)
        assert getattr(sklearn.linear_model, name).__module__.startswith("sklearn.")


@pytest.mark.parametrize("pattern", [*LEFT_OUT, *EXPECTED_TO_FAIL])
def test_the_tables_name_tests_that_there_are(pattern):
    assert pattern.partition("[")[0] in FOUND
