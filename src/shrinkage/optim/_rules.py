"""What a step of a group of parameters is made of: settings for the kernels, one row a parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ._stepper import (
    COUPLED,
    EPS,
    FIRST,
    FRESH,
    FRESH_SECOND,
    KEEP,
    METRIC,
    MOMENTUM,
    NESTEROV,
    NO_PROX,
    PLAIN,
    PROX,
    RATE,
    ROOT,
    SECOND,
    SIGN,
    THRESHOLD,
)

Array = np.ndarray[Any, Any]

DECAYS = ("lr", "schedule", "constant")
PROXIMALS = ("decoupled", "metric")


def shrinking(group: Mapping[str, Any], base: float) -> float:
    """What weight_decay and l1 are multiplied with: the learning rate, its share of the first one, or nothing.

    Loshchilov and Hutter (2019), Algorithm 2, have the second: decay follows the schedule, not the rate.
    """
    lr, decay = float(group["lr"]), group["decay"]
    if decay == "constant":
        return 1.0
    if decay == "schedule":
        return lr / base if base else 0.0
    return lr


def _common(group: Mapping[str, Any], base: float, out: Array, kinds: Array) -> None:
    factor, wd, l1 = shrinking(group, base), float(group["weight_decay"]), float(group["l1"])
    decoupled = group["decoupled_weight_decay"]
    out[:, SIGN] = -1.0 if group["maximize"] else 1.0
    out[:, COUPLED] = 0.0 if decoupled else wd
    out[:, KEEP] = 1.0 - factor * wd if decoupled else 1.0
    out[:, THRESHOLD] = factor * l1
    kinds[:, 2] = PROX if l1 > 0 else NO_PROX


def sgd(group: Mapping[str, Any], base: float, count: Array, out: Array, kinds: Array) -> None:
    """Settings of the `count`-th step (each parameter's own, from 1) of gradient descent."""
    _common(group, base, out, kinds)
    momentum = float(group["momentum"])
    out[:, RATE] = float(group["lr"])
    # the first gradient is the first momentum, without dampening
    out[:, FIRST] = momentum
    out[:, FRESH] = np.where(count == 1, 1.0, 1.0 - float(group["dampening"]))
    kinds[:, 1] = PLAIN if momentum == 0 else NESTEROV if group["nesterov"] else MOMENTUM


def adam(group: Mapping[str, Any], base: float, count: Array, out: Array, kinds: Array) -> None:
    """Settings of the `count`-th step (each parameter's own, from 1) of Adam."""
    _common(group, base, out, kinds)
    beta1, beta2 = (float(beta) for beta in group["betas"])
    out[:, RATE] = float(group["lr"]) / (1.0 - beta1**count)
    out[:, FIRST], out[:, FRESH] = beta1, 1.0 - beta1
    out[:, SECOND], out[:, FRESH_SECOND] = beta2, 1.0 - beta2
    out[:, ROOT] = 1.0 / np.sqrt(1.0 - beta2**count)
    out[:, EPS] = float(group["eps"])
    if group["l1"] > 0 and group["proximal"] == "metric":
        kinds[:, 2] = METRIC
