"""pytest-benchmark entries of the rows of mini-batches with AdamW's updates."""

WORK = "sgd_adamw"


def test_sgd_adamw(entry, benchmark):
    entry.run(benchmark)
