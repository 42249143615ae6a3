"""scikit-learn's own tests of the lasso and the elastic net on sparse data, run against the classes here."""

import runpy
from pathlib import Path

import pytest
import sklearn.linear_model

import shrinkage.sklearn as ours

UPSTREAM = runpy.run_path(str(Path(__file__).with_name("upstream.py")))

if UPSTREAM["VERSION"] < (1, 9):
    pytest.skip("the tables are those of scikit-learn 1.9", allow_module_level=True)

#: Tests that must fail.
EXPECTED_TO_FAIL = {
    "test_sparse_enet_coordinate_descent[*]": "wants no convergence after two iterations: ours takes what it needs",
}

MODULE = UPSTREAM["load"]("linear_model/tests/test_sparse_coordinate_descent.py", sklearn.linear_model)
FOUND = UPSTREAM["tests_of"](MODULE)
globals().update(FOUND)


@pytest.fixture(autouse=True)
def expected_to_fail(request):
    reason = UPSTREAM["reason"](request, EXPECTED_TO_FAIL)
    if reason:
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))


def test_names_are_ours_in_the_copy_and_nowhere_else():
    for name in ("ElasticNet", "ElasticNetCV", "Lasso", "LassoCV"):
        assert getattr(MODULE, name) is getattr(ours, name)
        assert getattr(sklearn.linear_model, name).__module__.startswith("sklearn.")


def test_the_table_names_tests_that_there_are():
    assert {pattern.partition("[")[0] for pattern in EXPECTED_TO_FAIL} <= FOUND.keys()
