"""Twin of `shrinkage._kernels.saga`: an epoch of stochastic average gradients (Defazio et al. 2014, equations 7 and 8).

Every step goes through all coefficients, as the method is written.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .scalar import slope
from .stochastic import _rows, _soft

Array = np.ndarray[Any, Any]

INTERCEPT, MEAN_SLOPE = range(2)


def _epoch(
    X: Array,
    y: Array,
    s: Array,
    order: Array,
    loss: int,
    parameter: float,
    rate: float,
    fresh: float,
    threshold: float,
    shrink: float,
    intercept: bool,
    w: Array,
    g: Array,
    u: Array,
    state: Array,
) -> None:
    n = len(u)
    for i in order:
        new = s[i] * float(slope(loss, parameter, y[i], X[i] @ w + state[INTERCEPT]))
        change, u[i] = new - u[i], new
        w[:] = shrink * _soft(w - rate * (fresh * change * X[i] + g), threshold)
        g += change * X[i] / n
        if intercept:
            state[INTERCEPT] -= rate * (fresh * change + state[MEAN_SLOPE])
            state[MEAN_SLOPE] += change / n


def dense(
    data: Array,
    y: Array,
    s: Array,
    order: Array,
    loss: int,
    parameter: float,
    rate: float,
    fresh: float,
    threshold: float,
    shrink: float,
    intercept: bool,
    w: Array,
    g: Array,
    u: Array,
    state: Array,
    stop: Array,
) -> None:
    """An epoch of a dense X."""
    X = data.reshape(-1, len(w)).astype(np.float64)
    _epoch(X, y, s, order, loss, parameter, rate, fresh, threshold, shrink, intercept, w, g, u, state)


def sparse(
    data: Array,
    indices: Array,
    indptr: Array,
    y: Array,
    s: Array,
    order: Array,
    loss: int,
    parameter: float,
    rate: float,
    fresh: float,
    threshold: float,
    shrink: float,
    intercept: bool,
    powers: Array,
    sums: Array,
    cells: Array,
    u: Array,
    state: Array,
    stop: Array,
) -> None:
    """An epoch of a sparse X, as if it were dense."""
    X = _rows(data, indices, indptr, np.arange(len(indptr) - 1), len(cells))
    w, g = cells[:, 0].copy(), cells[:, 1].copy()
    _epoch(X, y, s, order, loss, parameter, rate, fresh, threshold, shrink, intercept, w, g, u, state)
    cells[:, 0], cells[:, 1], cells[:, 2] = w, g, len(order)
