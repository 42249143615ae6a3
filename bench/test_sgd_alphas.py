"""pytest-benchmark entries of the rows of several alphas trained together."""

WORK = "sgd_alphas"


def test_sgd_alphas(entry, benchmark):
    entry.run(benchmark)
