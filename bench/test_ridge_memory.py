"""pytest-benchmark entries of the ridge_memory rows."""

WORK = "ridge_memory"


def test_ridge_memory(entry, benchmark):
    entry.run(benchmark)
