"""Adam with coupled L2, and AdamW with decoupled decay; both with L1 by a soft threshold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import _rules
from ._base import Nonfinite, Optimizer

Number = float | Callable[[int], float]


class Adam(Optimizer):
    """Adam, its weight decay a part of the gradient (L2).

    For a parameter p with gradient g, at its own t-th step::

        g <- -g                                       if maximize
        g <- g + weight_decay p                       (AdamW: p <- p - d weight_decay p, d of `decay`, see below)
        m <- beta1 m + (1 - beta1) g
        v <- beta2 v + (1 - beta2) g^2
        u <- v                                        amsgrad: u <- max(u, v)
        s <- sqrt(u) / sqrt(1 - beta2^t) + eps
        p <- p - lr / (1 - beta1^t) m / s
        p <- sign(p) max(|p| - d l1, 0)               proximal="metric": max(|p| - d l1 / s, 0)

    which is the order of torch's, with the last line added. The two forms of the last line are the proximal operators
    of d l1 |p| in the Euclidean norm, whose thresholds are the same for all numbers, and in Adam's own, sum_j s_j p_j^2
    / 2, in which the step before is a gradient step: its fixed points are those of the loss plus l1 |p|, up to the
    bias of the moments, while the first weighs l1 by s. Both give exact zeros, which stay zero while the step is
    smaller than the threshold.

    Parameters
    ----------
    params : list of ndarray, dict of ndarray by name, list of (name, ndarray), or list of groups
        Arrays that are changed in place: float64, float32 or float16, of any strides. A group is a dict with "params"
        in any of the first three forms, and settings of its own.
    lr : float or function, default 1e-3
        Learning rate. A function gets the number of steps taken before this one, see `shrinkage.optim.schedules`; so
        it is with `weight_decay` and `l1`.
    betas : tuple of 2 floats, default (0.9, 0.999)
    eps : float, default 1e-8
    weight_decay : float or function, default 0 (AdamW: 1e-2)
        Added to the gradient, times the parameter: the penalty (weight_decay / 2) |p|^2 before Adam scales it.
    amsgrad : bool, default False
    maximize : bool, default False
    l1 : float or function, default 0
        Strength of the penalty l1 |p|; together with `weight_decay` an elastic net.
    proximal : {"decoupled", "metric"}, default "decoupled"
        The form of the threshold.
    decay : {"lr", "schedule", "constant"}, default "lr"
        d, which decoupled decay and `l1` are multiplied with: the learning rate (as torch does), its share of the rate
        at full height (as the paper does: decay follows the schedule and not the rate), or 1. The rate at full height
        is that of the first step, with a function of `schedules` its largest, and else ``initial_lr`` of the group.
    nonfinite : {"propagate", "raise", "skip"}, default "propagate"
        What to do about gradients with NaN or infinity: use them, raise, or leave everything as it is. All gradients
        are looked at before anything is changed.

    Raises
    ------
    TypeError, ValueError
        If a parameter is no writeable array of a floating type, two share memory, or a setting is out of its range;
        by `step`, if d times decoupled decay is more than 1.

    Notes
    -----
    Moments are kept in the parameter's precision, in float32 for float16. Gradient, decoupled decay and threshold make
    up one change of a parameter, which is added and rounded once. Decoupled decay by less than 2^-22 a step (of a
    float16 parameter 2^-9), which rounding would lose where nothing else moves a parameter, is put together until it is
    as much. `l1`, coupled decay and gradients are not: what all of a step comes to is lost below half a unit in the
    parameter's last place. Subnormal numbers become zero on the way.

    References
    ----------
    Kingma and Ba (2015), ICLR, Algorithm 1. Loshchilov and Hutter (2019), ICLR, Algorithm 2 (decoupled decay). Reddi,
    Kale and Kumar (2018), ICLR, Algorithm 2 (AMSGrad). Parikh and Boyd (2014), Foundations and Trends in Optimization
    1(3), section 6.5.2 (soft threshold).

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.optim import Adam
    >>> w = np.array([1.0, -1.0])
    >>> Adam([w], lr=0.1).step([np.array([2.0, -3.0])])
    True
    >>> w
    array([ 0.9, -0.9])
    """

    _rule = _rules.ADAM
    _decoupled = False

    def __init__(
        self,
        params: Any,
        lr: Number = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: Number = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        l1: Number = 0.0,
        proximal: str = "decoupled",
        decay: str = "lr",
        nonfinite: Nonfinite = "propagate",
    ) -> None:
        settings = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "decoupled_weight_decay": self._decoupled, "l1": l1, "proximal": proximal,
            "decay": decay,
        }  # fmt: skip
        super().__init__(params, settings, nonfinite)


class AdamW(Adam):
    __doc__ = Adam.__doc__ and Adam.__doc__.replace(
        "Adam, its weight decay a part of the gradient (L2).",
        "Adam with decoupled weight decay: a factor of the parameter, which Adam does not scale.",
    ).replace(
        "g <- g + weight_decay p                       (AdamW: p <- p - d weight_decay p, d of `decay`, see below)",
        "p <- p - d weight_decay p                     d of `decay`, see below",
    ).replace("default 0 (AdamW: 1e-2)", "default 1e-2").replace(
        "Added to the gradient, times the parameter: the penalty (weight_decay / 2) |p|^2 before Adam scales it.",
        "Share of the parameter that a step takes away, times d.",
    ).replace("import Adam\n", "import AdamW\n").replace(
        ">>> Adam([w], lr=0.1)", ">>> AdamW([w], lr=0.1, weight_decay=0.0)"
    )

    _decoupled = True

    def __init__(
        self,
        params: Any,
        lr: Number = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: Number = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        l1: Number = 0.0,
        proximal: str = "decoupled",
        decay: str = "lr",
        nonfinite: Nonfinite = "propagate",
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, l1=l1, proximal=proximal, decay=decay,
            nonfinite=nonfinite,
        )  # fmt: skip
