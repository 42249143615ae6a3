"""pytest-benchmark entries of the lasso_path_memory rows."""

WORK = "lasso_path_memory"


def test_lasso_path_memory(entry, benchmark):
    entry.run(benchmark)
