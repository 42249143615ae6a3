"""The optimizers as the façades for NumPy and for torch both know them: checks, state, and the settings of a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from .._kernels import steps as _steps
from . import _checks
from ._stepper import (
    COUPLED,
    EPS,
    FIRST,
    FRESH,
    FRESH_SECOND,
    LATER,
    LR,
    METRIC,
    MOMENTUM,
    NESTEROV,
    NO_PROX,
    PLAIN,
    PROX,
    RATE,
    SECOND,
    SHRINK,
    SIGN,
    THRESHOLD,
)

Array = np.ndarray[Any, Any]


class Rule(NamedTuple):
    """An optimizer: its kernel, and what a group of parameters means to that."""

    #: Whether it is Adam, for what changes from step to step.
    adam: bool
    kernel: Callable[..., None]
    #: Names of a parameter's state, in the order of the kernel, and those that one of this group has.
    slots: tuple[str, ...]
    wanted: Callable[[Mapping[str, Any]], tuple[str, ...]]
    #: Raises where a setting is wrong.
    check: Callable[[Mapping[str, Any]], None]
    #: Writes `settings` and `kinds` of a group, one row a parameter.
    settle: Callable[[Mapping[str, Any], Array, Array], None]


def base_rate(group: Mapping[str, Any]) -> float:
    """The learning rate that a schedule's factor is a share of: torch's schedulers write it into the group.

    The one that goes up and down begins far below it, and writes what it goes up to.
    """
    first, top = group.get("initial_lr"), group.get("max_lr")
    return max(float(group["lr"] if first is None else first), float(top or 0.0))


def shrinking(group: Mapping[str, Any]) -> float:
    """What weight_decay and l1 are multiplied with: the learning rate, its share of the first one, or nothing.

    Loshchilov and Hutter (2019), Algorithm 2, have the second: decay follows the schedule, not the rate.
    """
    lr, decay = float(group["lr"]), group["decay"]
    if decay == "constant":
        return 1.0
    if decay == "lr" or lr == 0:
        return lr
    base = base_rate(group)
    if base == 0:
        raise ValueError(
            f"decay='schedule' needs the learning rate that the schedule is a share of, but initial_lr is 0 and lr "
            f"{lr:g}: set initial_lr of the group to the rate at full height"
        )
    return lr / base


def _common(group: Mapping[str, Any], out: Array, kinds: Array) -> None:
    factor, wd, l1 = shrinking(group), float(group["weight_decay"]), float(group["l1"])
    decoupled = group["decoupled_weight_decay"]
    if decoupled and factor * wd > 1:
        raise ValueError(
            f"weight_decay={wd:g} takes {factor * wd:g} times a parameter away at a step ({factor:g} times "
            f"weight_decay, by decay={group['decay']!r}), which would change its sign: lower weight_decay, or lr"
        )
    out[:, SIGN] = -1.0 if group["maximize"] else 1.0
    out[:, COUPLED] = 0.0 if decoupled else wd
    out[:, SHRINK] = 1.0 - factor * wd if decoupled else 1.0
    out[:, LR] = out[:, RATE] = float(group["lr"])
    out[:, THRESHOLD] = factor * l1
    kinds[:, 2] = PROX if l1 > 0 else NO_PROX


def _sgd(group: Mapping[str, Any], out: Array, kinds: Array) -> None:
    _common(group, out, kinds)
    momentum = float(group["momentum"])
    out[:, FIRST], out[:, LATER] = momentum, 1.0 - float(group["dampening"])
    kinds[:, 1] = PLAIN if momentum == 0 else NESTEROV if group["nesterov"] else MOMENTUM


def _adam(group: Mapping[str, Any], out: Array, kinds: Array) -> None:
    _common(group, out, kinds)
    beta1, beta2 = (float(beta) for beta in group["betas"])
    out[:, FIRST], out[:, FRESH] = beta1, 1.0 - beta1
    out[:, SECOND], out[:, FRESH_SECOND] = beta2, 1.0 - beta2
    out[:, EPS] = float(group["eps"])
    if group["l1"] > 0 and group["proximal"] == "metric":
        kinds[:, 2] = METRIC


_MOMENTUM = ("momentum_buffer",)
_MOMENTS = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
SGD = Rule(False, _steps.sgd, _MOMENTUM, lambda group: _MOMENTUM if group["momentum"] != 0 else (), _checks.sgd, _sgd)
ADAM = Rule(
    True, _steps.adam, _MOMENTS, lambda group: _MOMENTS if group["amsgrad"] else _MOMENTS[:2], _checks.adam, _adam
)
