"""Twins of `shrinkage._kernels.dense`. `step` only cuts the work into tiles; scratch is left alone."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def centre(Y: Array, s: Array, total_weight: float, intercept: bool, mean: Array, square: Array) -> None:
    """mean <- the columns' weighted means, Y -= mean (zero without an intercept), square <- sum of s Y^2."""
    mean[:] = 0.0
    for _ in range(2 if intercept else 0):  # the second pass takes the rounding of the first out of the mean
        step = s @ Y / total_weight
        mean += step
        Y -= step
    square[:] = s @ (Y * Y)


def moments(X: Array, shift: Array, s: Array, SY: Array, total: Array, square: Array, cross: Array) -> None:
    """total += V's, square += (V*V)'s, cross += V'SY, where V = X - 1 shift'."""
    V = X.astype(np.float64) - shift
    total += V.T @ s
    square += (V * V).T @ s
    cross += V.T @ SY


def finish_moments(shift: Array, total: Array, square: Array, total_weight: float, intercept: bool) -> bool:
    """total <- the columns' means, square <- their standard deviations about them; whether all sums are finite.

    From sums of x - shift: mean = shift + E(x - shift), variance = E(x - shift)^2 - (E(x - shift))^2. Without an
    intercept the mean is `shift`, which is then zero.
    """
    finite = bool(np.isfinite(total).all() and np.isfinite(square).all())
    offset = total / total_weight if intercept else np.zeros_like(total)
    square[:] = np.sqrt(np.maximum(square / total_weight - offset**2, 0.0))
    total[:] = shift + offset
    return finite


def pack(X: Array, mean: Array, column_scale: Array, row_scale: Array, out: Array) -> None:
    """out <- diag(row_scale) (X - 1 mean') diag(column_scale), row after row or column after column as X is stored."""
    by_column = X.strides[0] == X.itemsize and (X.strides[1] >= X.shape[0] * X.itemsize or X.shape[1] == 1)
    Z = row_scale[:, None] * (X.astype(np.float64) - mean) * column_scale
    out[: Z.size] = Z.ravel(order="F" if by_column else "C")


def rank_update(tile: Array, depth: int, transposed: bool, first: bool, last: bool, out: Array, part: Array) -> None:
    """Lower triangle of out += A A', A (order, depth), or of A'A, A (depth, order); tile is A, column after column.

    float32 tiles are multiplied and summed in their own precision, in `part`, from the `first` of them to the `last`.
    """
    order = len(out)
    A = tile[: order * depth].reshape((depth, order) if transposed else (order, depth), order="F")
    product = np.tril(A.T @ A if transposed else A @ A.T)
    if tile.dtype == np.float32:
        below = np.tril_indices(order)
        part[below] = product[below] if first else part[below] + product[below]
        product = np.tril(part) * last
    out += product


def sweep(X: Array, mean: Array, s: Array, sign: float, W: Array, R: Array, G: Array) -> None:
    """R += sign (X - 1 mean') W, then G += (X - 1 mean')' diag(s) R; an empty W or G leaves its half out."""
    centred = X.astype(np.float64) - mean
    if len(W):
        R += sign * centred @ W
    if len(G):
        G += centred.T @ (s[:, None] * R)


def sweep_many(
    X: Array,
    mean: Array,
    s: Array,
    ones: Array,
    sign: float,
    W: Array,
    R: Array,
    G: Array,
    scratch: Array,
    weighted: Array,
    step: int,
) -> None:
    """The same as `sweep`."""
    sweep(X, mean, s, sign, W, R, G)
