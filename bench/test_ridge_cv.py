"""pytest-benchmark entries of the ridge_cv rows."""

WORK = "ridge_cv"


def test_ridge_cv(entry, benchmark):
    entry.run(benchmark)
