"""pytest-benchmark entries of the ridge_estimator rows."""

WORK = "ridge_estimator"


def test_ridge_estimator(entry, benchmark):
    entry.run(benchmark)
