"""pytest-benchmark entries of the rows of saga."""

WORK = "saga"


def test_saga(entry, benchmark):
    entry.run(benchmark)
