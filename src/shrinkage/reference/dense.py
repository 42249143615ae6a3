"""Twins of `shrinkage._kernels.dense`. `step` only cuts the work into tiles; scratch is left alone."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def moments(
    X: Array,
    shift: Array,
    s: Array,
    SY: Array,
    zeros: Array,
    ones: Array,
    total: Array,
    square: Array,
    cross: Array,
    scratch: Array,
    step: int,
) -> None:
    """total += V's, square += (V*V)'s, cross += X'(SY), where V = X - 1 shift'."""
    X = X.astype(np.float64)
    V = X - shift
    total += V.T @ s
    square += (V * V).T @ s
    cross += X.T @ SY


def gram(
    X: Array,
    mean: Array,
    column_scale: Array,
    row_scale: Array,
    axis: int,
    plain: bool,
    out: Array,
    part: Array,
    scratch: Array,
    step: int,
    stop: Array,
) -> None:
    """Lower triangle of out += Z'Z (axis 0) or ZZ' (axis 1).

    Z = diag(row_scale) (X - 1 mean') diag(column_scale), or X itself where `plain`. A non-zero stop[0] leaves
    `out` as it is.
    """
    Z = X.astype(np.float64)
    if not plain:
        n, p = X.shape
        Z = row_scale[:n, None] * (Z - mean) * column_scale[:p]
    if stop[0] == 0:
        out += np.tril(Z.T @ Z if axis == 0 else Z @ Z.T)


def sweep(
    X: Array,
    mean: Array,
    s: Array,
    ones: Array,
    plain: bool,
    sign: float,
    W: Array,
    R: Array,
    G: Array,
    scratch: Array,
    weighted: Array,
    step: int,
) -> None:
    """R += sign (X - 1 mean') W, then G += (X - 1 mean')' diag(s) R; an empty W or G leaves its half out.

    plain changes the order of rounding (centre after the product), not the answer.
    """
    centred = X.astype(np.float64) - mean
    if len(W):
        R += sign * centred @ W
    if len(G):
        G += centred.T @ (s[:, None] * R)
