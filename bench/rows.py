"""The table: which work on which problem, against whom, and what has to come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OURS = "ours"
REFERENCE = "scikit_learn"
LIMIT = "limit"


@dataclass(frozen=True)
class Target:
    """What our time must (or should) be, relative to another contender's or in seconds.

    `kind` is "faster" (at least that many times faster than `against`), "within" (at most that many times the
    time of `against`) or "seconds" (at most that). `must` is promised, `aim` hoped for; either may be None.
    """

    kind: str
    against: str | None = None
    must: float | None = None
    aim: float | None = None

    def value(self, seconds: Mapping[str, float]) -> float | None:
        """The measured quantity from the contenders' times, None when one of them is missing."""
        ours, other = seconds.get(OURS), seconds.get(self.against or OURS)
        if ours is None or other is None:
            return None
        return {"faster": other / ours, "within": ours / other, "seconds": ours}[self.kind]

    def met(self, value: float, bound: float | None) -> bool | None:
        """Whether `value` keeps to `bound`; None when there is no bound."""
        if bound is None:
            return None
        return value >= bound if self.kind == "faster" else value <= bound


@dataclass(frozen=True)
class Row:
    """One row: `small` names the version that the pytest-benchmark entry points run (default: the same).

    `settings` replaces fields of the problem (alpha, say); `label` tells such rows apart.
    """

    work: str
    problem: str
    targets: tuple[Target, ...] = ()
    contenders: tuple[str, ...] = (OURS, REFERENCE, LIMIT)
    repeats: int = 9
    small: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.work, self.problem, self.label)))


NEAR_LIMIT = Target("within", LIMIT, aim=1.1)


def _ridge_main(dtype: str, order: str, must: float, aim: float) -> Row:
    return Row(
        "ridge",
        f"ar1-20000x1000-{dtype}-{order}",
        (Target("faster", REFERENCE, must=must, aim=aim), NEAR_LIMIT),
        small=f"ar1-2000x100-{dtype}-{order}",
    )


ROWS = (
    _ridge_main("float64", "C", must=1.8, aim=2.5),
    _ridge_main("float64", "F", must=1.8, aim=2.5),
    _ridge_main("float32", "C", must=1.5, aim=2.0),
    _ridge_main("float32", "F", must=1.5, aim=2.0),
    Row("ridge", "ar1-500x20000-float64-C", (NEAR_LIMIT,), small="ar1-100x2000-float64-C"),
    Row("ridge", "gaussian-200000x100-float64-C", (NEAR_LIMIT,), small="gaussian-20000x50-float64-C"),
    Row("ridge", "gaussian-100x10-float64-C", (Target("faster", REFERENCE, must=3.0),), repeats=15),
    Row(
        "ridge_cv",
        "gaussian-6000x300-float64-C",
        (Target("faster", REFERENCE, must=12.0, aim=25.0),),
        contenders=(OURS, REFERENCE),
        repeats=3,
        small="gaussian-600x30-float64-C",
    ),
    Row("import", "package", (Target("seconds", must=0.15),), contenders=(OURS, REFERENCE), repeats=11),
    # A lazy package answers the row above by loading nothing; this one makes it load what a first fit needs.
    Row("import", "function", contenders=(OURS, REFERENCE), repeats=11),
)
