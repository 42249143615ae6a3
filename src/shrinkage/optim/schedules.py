"""Learning rates, decays and strengths that follow the number of steps taken: plain functions of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

Schedule = Callable[[int], float]


def constant(value: float) -> Schedule:
    """The same at every step."""
    return lambda step: value


def step(value: float, every: int, factor: float = 0.1) -> Schedule:
    """`value`, times `factor` after every so many steps."""
    _check(every, "every")
    return lambda taken: value * factor ** (taken // every)


def milestones(value: float, at: Sequence[int], factor: float = 0.1) -> Schedule:
    """`value`, times `factor` from each of the steps `at` on."""
    edges = sorted(at)
    return lambda taken: value * factor ** sum(taken >= edge for edge in edges)


def linear(first: float, last: float, steps: int) -> Schedule:
    """From `first` to `last` in so many steps, and `last` from there on."""
    _check(steps, "steps")
    return lambda taken: first + (last - first) * min(taken, steps) / steps


def cosine(first: float, last: float, steps: int) -> Schedule:
    """From `first` to `last` along half a wave in so many steps, and `last` from there on.

    References
    ----------
    Loshchilov and Hutter (2017), ICLR, equation 5 (without restarts).
    """
    _check(steps, "steps")
    return lambda taken: last + 0.5 * (first - last) * (1.0 + math.cos(math.pi * min(taken, steps) / steps))


def warm_up(schedule: Schedule | float, steps: int) -> Schedule:
    """`schedule` (or a number) after so many steps on which its first value is approached in equal parts."""
    _check(steps, "steps")
    after = schedule if callable(schedule) else constant(schedule)
    return lambda taken: after(0) * (taken + 1) / steps if taken < steps else after(taken - steps)


def _check(value: int, name: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be a positive whole number, got {value!r}")
