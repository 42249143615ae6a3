"""Twin of `shrinkage._kernels.losses`: the losses of `scalar` for many predictions."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from . import scalar

Array = np.ndarray[Any, Any]

LOSS, UP, DOWN, UP_PLACE, DOWN_PLACE = range(5)


def evaluate(kind: int, parameter: float, y: Array, eta: Array, values: Array, slopes: Array) -> None:
    """values <- losses, slopes <- derivatives at the predictions eta; an empty one is left out."""
    if len(values):
        values[...] = scalar.value(kind, parameter, y, eta)
    if len(slopes):
        slopes[...] = scalar.slope(kind, parameter, y, eta)


def conjugate(kind: int, parameter: float, y: Array, u: Array, out: Array) -> None:
    """out <- the conjugates at u."""
    out[...] = scalar.conjugate(kind, parameter, y, u)


def conjugate_sums(
    kind: int, parameter: float, y: Array, s: Array, U: Array, up: Array, down: Array, out: Array
) -> None:
    """out (m, K) += sum_i s_i conjugate(f u_i), f = up (m, K) where u_i > 0 and down elsewhere; weight 0 is no row."""
    for row, above, below in zip(out, up, down, strict=True):
        values = scalar.conjugate(kind, parameter, y, np.where(U > 0, above, below) * U)
        row += np.where(s == 0, 0.0, s * values).sum(axis=0)


def account_for(kind: int, parameter: float, y: Array, s: Array, eta: Array, U: Array, sums: Array, SU: Array) -> None:
    """U <- slopes, SU <- s u, with room for both apart by the sign of u, and what the rows add to `sums`."""
    U[...] = scalar.slope(kind, parameter, y, eta)
    weighted = s * U
    place = eta - y if kind <= scalar.SQUARED_INSENSITIVE else eta
    sums[LOSS] += (s * scalar.value(kind, parameter, y, eta)).sum(axis=0)
    sides = np.where(U > 0, weighted, 0.0), np.where(U > 0, 0.0, weighted)
    for k, side in enumerate(sides):
        sums[UP + k] += side.sum(axis=0)
        sums[UP_PLACE + k] += (side * place).sum(axis=0)
    SU[...] = np.hstack(sides) if SU.shape[1] > U.shape[1] else weighted


def sweep_dense(
    kind: int,
    parameter: float,
    X: Array,
    zeros: Array,
    W: Array,
    b: Array,
    y: Array,
    s: Array,
    U: Array,
    sums: Array,
    G: Array,
) -> None:
    """`account_for` the predictions b + X W', W (K, p), and G += X'S u, (K, p) or (2 K, p)."""
    SU = np.empty((len(X), len(G)))
    account_for(kind, parameter, y, s, b + X.astype(np.float64) @ W.T, U, sums, SU)
    G += SU.T @ X.astype(np.float64)


def sweep_sparse(
    kind: int,
    parameter: float,
    data: Array,
    indices: Array,
    indptr: Array,
    W: Array,
    b: Array,
    y: Array,
    s: Array,
    U: Array,
    sums: Array,
    G: Array,
    scratch: Array,
) -> None:
    """The same of compressed rows, with W (p, K) and G (p, K or 2 K)."""
    X = np.zeros((len(indptr) - 1, len(W)))
    for i, (start, stop) in enumerate(pairwise(indptr)):
        X[i, indices[start:stop]] = data[start:stop]
    sweep_dense(kind, parameter, X, np.zeros(len(W)), W.T, b, y, s, U, sums, G.T)
