"""pytest-benchmark entries of the lasso_cv rows."""

WORK = "lasso_cv"


def test_lasso_cv(entry, benchmark):
    entry.run(benchmark)
