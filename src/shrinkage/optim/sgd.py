"""Gradient descent with momentum, weight decay and L1 by a soft threshold."""

from __future__ import annotations

from typing import Any

from . import _rules
from ._base import Nonfinite, Optimizer
from .adam import Number


class SGD(Optimizer):
    """Gradient descent, with momentum or without.

    For a parameter p with gradient g::

        g <- -g                                       if maximize
        g <- g + weight_decay p                       decoupled_weight_decay: p <- p - d weight_decay p instead
        b <- momentum b + (1 - dampening) g           at first b <- g; without momentum g goes on
        g <- b                                        nesterov: g <- g + momentum b
        p <- p - lr g
        p <- sign(p) max(|p| - d l1, 0)

    which is the order of torch's, with the last line added: the proximal gradient method for the loss plus
    l1 |p| + (weight_decay / 2) |p|^2, whose zeros are exact.

    Parameters
    ----------
    params : list of ndarray, dict of ndarray by name, list of (name, ndarray), or list of groups
        As in `Adam`.
    lr : float or function, default 1e-3
        Learning rate; a function gets the number of steps taken before this one, as with `weight_decay` and `l1`.
    momentum, dampening : float, default 0
    weight_decay : float or function, default 0
        Of the penalty (weight_decay / 2) |p|^2.
    nesterov : bool, default False
        Needs momentum, and no dampening.
    maximize : bool, default False
    l1 : float or function, default 0
        Of the penalty l1 |p|.
    decoupled_weight_decay : bool, default False
        Decay outside of the momentum (SGDW of Loshchilov and Hutter 2019, Algorithm 1).
    decay : {"lr", "schedule", "constant"}, default "lr"
        d, as in `Adam`.
    nonfinite : {"propagate", "raise", "skip"}, default "propagate"
        As in `Adam`.

    Raises
    ------
    TypeError, ValueError
        As `Adam`.

    References
    ----------
    Sutskever, Martens, Dahl and Hinton (2013), ICML (momentum). Beck and Teboulle (2009), SIAM Journal on Imaging
    Sciences 2(1), equation 1.4 (proximal gradient).

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.optim import SGD
    >>> w = np.array([1.0, 0.01])
    >>> SGD([w], lr=0.1, weight_decay=1.0, l1=0.5).step([np.array([2.0, 0.0])])
    True
    >>> w
    array([0.65, 0.  ])
    """

    _rule = _rules.SGD

    def __init__(
        self,
        params: Any,
        lr: Number = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: Number = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        l1: Number = 0.0,
        decoupled_weight_decay: bool = False,
        decay: str = "lr",
        nonfinite: Nonfinite = "propagate",
    ) -> None:
        settings = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize, "l1": l1, "decoupled_weight_decay": decoupled_weight_decay,
            "decay": decay,
        }  # fmt: skip
        super().__init__(params, settings, nonfinite)
