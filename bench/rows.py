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
    """What our time or memory must (or should) be, relative to another contender's or in itself.

    `kind` is "faster" (at least that many times faster than `against`), "within" (at most that many times the
    time of `against`), "seconds" or "bytes" (at most that). `must` is promised, `aim` hoped for; either may be None.
    """

    kind: str
    against: str | None = None
    must: float | None = None
    aim: float | None = None

    def value(self, medians: Mapping[str, float]) -> float | None:
        """The measured quantity from the contenders' medians, None when one of them is missing."""
        ours, other = medians.get(OURS), medians.get(self.against or OURS)
        if ours is None or other is None:
            return None
        return {"faster": other / ours, "within": ours / other}.get(self.kind, ours)

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


# Peers for a tall X and one target.
RIDGE_PEERS = ("sklearnex", "glum")

NEAR_LIMIT = Target("within", LIMIT, must=1.4, aim=1.1)
HOPED_NEAR_LIMIT = Target("within", LIMIT, aim=1.1)


def _ridge_main(dtype: str, order: str, *targets: Target) -> Row:
    return Row(
        "ridge",
        f"ar1-20000x1000-{dtype}-{order}",
        targets,
        contenders=(OURS, REFERENCE, LIMIT, *RIDGE_PEERS),
        small=f"ar1-2000x100-{dtype}-{order}",
    )


def _leave_one_out(problem: str, must: float, aim: float, small: str) -> Row:
    return Row(
        "ridge_cv",
        problem,
        (Target("faster", REFERENCE, must=must, aim=aim),),
        contenders=(OURS, REFERENCE),
        repeats=3,
        small=small,
    )


def _memory(n: int, p: int, small: str) -> Row:
    """Three Gram matrices and 32 MB are enough; what is traced does not vary from call to call."""
    return Row(
        "ridge_memory",
        f"ar1-{n}x{p}-float64-C",
        (Target("bytes", must=3 * 8 * p**2 + 32e6),),
        contenders=(OURS, REFERENCE),
        repeats=1,
        small=small,
    )


ROWS = (
    _ridge_main("float64", "C", Target("faster", REFERENCE, must=1.8, aim=2.5), NEAR_LIMIT),
    _ridge_main("float64", "F", Target("faster", REFERENCE, must=1.8, aim=2.5), NEAR_LIMIT),
    _ridge_main("float32", "C", Target("faster", REFERENCE, must=1.5, aim=2.0), HOPED_NEAR_LIMIT),
    _ridge_main("float32", "F", Target("faster", REFERENCE, must=1.5, aim=2.0), HOPED_NEAR_LIMIT),
    Row(
        "ridge",
        "ar1-500x20000-float64-C",
        (NEAR_LIMIT,),
        small="ar1-100x2000-float64-C",
    ),
    Row(
        "ridge",
        "gaussian-200000x100-float64-C",
        (HOPED_NEAR_LIMIT,),
        contenders=(OURS, REFERENCE, LIMIT, *RIDGE_PEERS),
        small="gaussian-20000x50-float64-C",
    ),
    Row(
        "ridge",
        "gaussian-5000x1000x50-float64-C",
        contenders=(OURS, REFERENCE, LIMIT, "sklearnex", "himalaya"),
        small="gaussian-500x100x5-float64-C",
    ),
    # alpha: the penalty is scikit-learn's default, 1 beside the sum of squares
    Row(
        "ridge",
        "sparse-100000x50000-0.0012-float64-CSR",
        (Target("faster", REFERENCE, must=1.0, aim=2.0),),
        contenders=(OURS, REFERENCE),
        repeats=5,
        small="sparse-2000x1000-0.01-float64-CSR",
        settings={"alpha": 1e-5},
    ),
    Row(
        "ridge",
        "gaussian-100x10-float64-C",
        (Target("faster", REFERENCE, must=3.0), Target("seconds", aim=60e-6)),
        repeats=15,
    ),
    Row(
        "ridge_estimator",
        "gaussian-100x10-float64-C",
        (Target("faster", REFERENCE, must=2.0),),
        contenders=(OURS, REFERENCE),
        repeats=15,
    ),
    _leave_one_out("ar1-20000x1000-float64-C", must=15.0, aim=35.0, small="ar1-2000x100-float64-C"),
    _leave_one_out("gaussian-5000x1000x50-float64-C", must=10.0, aim=25.0, small="gaussian-500x100x5-float64-C"),
    _leave_one_out("gaussian-6000x300-float64-C", must=12.0, aim=25.0, small="gaussian-600x30-float64-C"),
    _leave_one_out("ar1-500x20000-float64-C", must=5.0, aim=15.0, small="ar1-100x2000-float64-C"),
    Row(
        "ridge_kfold",
        "gaussian-100000x200-float64-C",
        (Target("faster", REFERENCE, must=20.0, aim=60.0),),
        contenders=(OURS, REFERENCE),
        repeats=1,
        small="gaussian-1000x20-float64-C",
    ),
    _memory(200_000, 100, small="ar1-20000x50-float64-C"),
    _memory(20_000, 1_000, small="ar1-2000x100-float64-C"),
    Row("import", "package", (Target("seconds", must=0.15),), contenders=(OURS, REFERENCE), repeats=11),
    # A lazy package answers the row above by loading nothing; this one makes it load what a first fit needs.
    Row("import", "function", contenders=(OURS, REFERENCE), repeats=11),
)
