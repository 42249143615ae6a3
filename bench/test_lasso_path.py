"""pytest-benchmark entries of the lasso_path rows."""

WORK = "lasso_path"


def test_lasso_path(entry, benchmark):
    entry.run(benchmark)
