"""pytest-benchmark entries of the ridge rows."""

WORK = "ridge"


def test_ridge(entry, benchmark):
    entry.run(benchmark)
