"""pytest-benchmark entries of the optimizer rows."""

WORK = "optimizer"


def test_optimizer(entry, benchmark):
    entry.run(benchmark)
