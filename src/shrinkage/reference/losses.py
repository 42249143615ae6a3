"""Twin of `shrinkage._kernels.losses`: the losses of `scalar` for many predictions."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import scalar

Array = np.ndarray[Any, Any]


def evaluate(kind: int, parameter: float, y: Array, eta: Array, values: Array, slopes: Array) -> None:
    """values <- losses, slopes <- derivatives at the predictions eta; an empty one is left out."""
    if len(values):
        values[...] = scalar.value(kind, parameter, y, eta)
    if len(slopes):
        slopes[...] = scalar.slope(kind, parameter, y, eta)


def conjugate(kind: int, parameter: float, y: Array, u: Array, out: Array) -> None:
    """out <- the conjugates at u."""
    out[...] = scalar.conjugate(kind, parameter, y, u)
