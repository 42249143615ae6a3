"""pytest-benchmark entries of the ridge_kfold rows."""

WORK = "ridge_kfold"


def test_ridge_kfold(entry, benchmark):
    entry.run(benchmark)
