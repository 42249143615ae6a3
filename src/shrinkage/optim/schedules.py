"""Learning rates, decays and strengths that follow the number of steps taken: plain functions of it.

Each has an attribute `base`, the value that its others are a share of where decay follows the schedule
(``decay="schedule"``): `value` of `constant`, `step` and `milestones`, the larger end of `linear` and `cosine`, and of
`warm_up` that of the schedule after it. `warm_up` of a function without `base` has none.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterable
from typing import Any

from . import _checks

Schedule = Callable[[int], float]


def constant(value: float) -> Schedule:
    """The same at every step."""
    level = _checks.real(value, "value")
    return _based(lambda step: level, level)


def step(value: float, every: int, factor: float = 0.1) -> Schedule:
    """`value`, times `factor` after every so many steps."""
    first, share, length = _checks.real(value, "value"), _checks.real(factor, "factor"), _whole(every, "every")
    return _based(lambda taken: first * share ** (taken // length), first)


def milestones(value: float, at: Iterable[int], factor: float = 0.1) -> Schedule:
    """`value`, times `factor` from each of the steps `at` on."""
    first, share = _checks.real(value, "value"), _checks.real(factor, "factor")
    if not isinstance(at, Iterable):
        raise TypeError(f"at must be a list of steps, got {at!r:.60}")
    edges = [_whole(edge, "each of at", least=0) for edge in at]
    return _based(lambda taken: first * share ** sum(taken >= edge for edge in edges), first)


def linear(first: float, last: float, steps: int) -> Schedule:
    """From `first` to `last` in so many steps, and `last` from there on."""
    start, end, length = _checks.real(first, "first"), _checks.real(last, "last"), _whole(steps, "steps")
    return _based(lambda taken: start + (end - start) * min(taken, length) / length, max(start, end))


def cosine(first: float, last: float, steps: int) -> Schedule:
    """From `first` to `last` along half a wave in so many steps, and `last` from there on.

    References
    ----------
    Loshchilov and Hutter (2017), ICLR, equation 5 (without restarts).
    """
    start, end, length = _checks.real(first, "first"), _checks.real(last, "last"), _whole(steps, "steps")
    return _based(
        lambda taken: end + 0.5 * (start - end) * (1.0 + math.cos(math.pi * min(taken, length) / length)),
        max(start, end),
    )


def warm_up(schedule: Schedule | float, steps: int) -> Schedule:
    """`schedule` (or a number) after so many steps on which its first value is approached in equal parts."""
    length = _whole(steps, "steps")
    after = schedule if callable(schedule) else constant(schedule)
    return _based(
        lambda taken: after(0) * (taken + 1) / length if taken < length else after(taken - length),
        getattr(after, "base", None),
    )


def _based(schedule: Schedule, base: float | None) -> Schedule:
    if base is not None:
        vars(schedule)["base"] = base
    return schedule


def _whole(value: Any, name: str, *, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r:.60}")
    return int(value)
