"""pytest-benchmark entries of the rows of stochastic gradient descent."""

WORK = "sgd"


def test_sgd(entry, benchmark):
    entry.run(benchmark)
