"""The optimizers as the façades for NumPy and for torch both know them: checks, state, and the settings of a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .._kernels import steps as _steps
from . import _checks

#: Ways of a momentum, and of a soft threshold.
PLAIN, MOMENTUM, NESTEROV = range(3)
NO_PROX, PROX, METRIC = range(3)


class Settings(NamedTuple):
    """What a step of a group is for the kernel: `shrinkage_step` in steps.h, which see."""

    sign: float
    coupled: float
    shrink: float
    lr: float
    threshold: float
    first: float = 0.0
    fresh: float = 0.0
    second: float = 0.0
    fresh_second: float = 0.0
    eps: float = 0.0
    later: float = 0.0
    #: Ways of the momentum and of the threshold, and how many arrays of state there are.
    way: int = PLAIN
    prox: int = NO_PROX
    slots: int = 0

    def row(self) -> tuple[float, ...]:
        """In the kernel's order; what changes from step to step is 0."""
        return (
            self.sign, self.coupled, 0.0, self.lr, self.first, self.fresh, self.second, self.fresh_second, 0.0,
            self.eps, self.threshold, self.shrink, self.lr, self.later,
        )  # fmt: skip


class Rule(NamedTuple):
    """An optimizer: its kernel, and what a group of parameters means to that."""

    #: Whether it is Adam, for what changes from step to step.
    adam: bool
    kernel: Callable[..., None]
    #: Names of a parameter's state, in the order of the kernel.
    slots: tuple[str, ...]
    #: Raises where a setting is wrong.
    check: Callable[[Mapping[str, Any]], None]
    settings: Callable[[Mapping[str, Any]], Settings]


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


def _common(group: Mapping[str, Any]) -> dict[str, Any]:
    factor, wd, l1 = shrinking(group), float(group["weight_decay"]), float(group["l1"])
    decoupled = group["decoupled_weight_decay"]
    if decoupled and factor * wd > 1:
        raise ValueError(
            f"weight_decay={wd:g} takes {factor * wd:g} times a parameter away at a step ({factor:g} times "
            f"weight_decay, by decay={group['decay']!r}), which would change its sign: lower weight_decay, or lr"
        )
    return {
        "sign": -1.0 if group["maximize"] else 1.0, "coupled": 0.0 if decoupled else wd,
        "shrink": 1.0 - factor * wd if decoupled else 1.0, "lr": float(group["lr"]), "threshold": factor * l1,
        "prox": PROX if l1 > 0 else NO_PROX,
    }  # fmt: skip


def _sgd(group: Mapping[str, Any]) -> Settings:
    momentum = float(group["momentum"])
    return Settings(
        **_common(group), first=momentum, later=1.0 - float(group["dampening"]),
        way=PLAIN if momentum == 0 else NESTEROV if group["nesterov"] else MOMENTUM, slots=int(momentum != 0),
    )  # fmt: skip


def _adam(group: Mapping[str, Any]) -> Settings:
    common, (beta1, beta2) = _common(group), map(float, group["betas"])
    if group["l1"] > 0 and group["proximal"] == "metric":
        common["prox"] = METRIC
    return Settings(
        **common, first=beta1, fresh=1.0 - beta1, second=beta2, fresh_second=1.0 - beta2, eps=float(group["eps"]),
        slots=3 if group["amsgrad"] else 2,
    )  # fmt: skip


SGD = Rule(False, _steps.sgd, ("momentum_buffer",), _checks.sgd, _sgd)
ADAM = Rule(True, _steps.adam, ("exp_avg", "exp_avg_sq", "max_exp_avg_sq"), _checks.adam, _adam)
