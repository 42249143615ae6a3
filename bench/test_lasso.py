"""pytest-benchmark entries of the lasso rows."""

WORK = "lasso"


def test_lasso(entry, benchmark):
    entry.run(benchmark)
