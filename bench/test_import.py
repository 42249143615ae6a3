"""pytest-benchmark entries of the import rows."""

WORK = "import"


def test_import(entry, benchmark):
    entry.run(benchmark)
