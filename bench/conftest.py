"""One pytest-benchmark entry a row and contender, on the row's small problem."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest

ROOT = str(Path(__file__).resolve().parents[1])
if ROOT not in sys.path:
    sys.path.append(ROOT)

from bench.peers import load  # noqa: E402
from bench.rows import ROWS, Row  # noqa: E402
from bench.works import WORKS  # noqa: E402


@dataclasses.dataclass(frozen=True)
class Entry:
    """A row's small problem with one contender."""

    row: Row
    key: str

    def __str__(self) -> str:
        return "-".join(filter(None, (self.row.small or self.row.problem, self.row.label, self.key)))

    def run(self, benchmark) -> None:
        """Benchmark the contender, then hold its answer (never its time) to the row's tolerance."""
        peer = load(self.key)
        if not peer.available():
            pytest.skip(f"{peer.name}: {peer.reason}")
        work = WORKS[self.row.work]
        problem = work.build(self.row.small or self.row.problem)
        if self.row.settings:
            problem = dataclasses.replace(problem, **self.row.settings)
        call = work.bind(peer, problem)
        if call is None:
            pytest.skip(f"{peer.name} does not do {work.name}")
        benchmark.group = self.row.name
        answer = benchmark(call)
        if work.reading:
            benchmark.extra_info[work.unit] = work.reading(answer)
        elif hasattr(answer, "seconds"):
            benchmark.extra_info["seconds"] = answer.seconds
        achieved = work.achieved(problem, answer)
        if achieved is not None:
            benchmark.extra_info[work.measure] = achieved
            assert peer.loose or achieved <= getattr(problem, "tolerance", 0.0)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Entries for a test that asks for `entry`; its module says which work in WORK."""
    if "entry" in metafunc.fixturenames:
        rows = [row for row in ROWS if row.work == metafunc.module.WORK]
        # rows that share a small problem share its entries
        entries = {str(entry): entry for entry in (Entry(row, key) for row in rows for key in row.contenders)}
        metafunc.parametrize("entry", list(entries.values()), ids=str)
