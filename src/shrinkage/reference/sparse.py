"""Twins of `shrinkage._kernels.sparse`: A is compressed along its major axis, indptr cuts it into majors."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def _dense(data: Array, indices: Array, indptr: Array, minors: int, square: bool = False) -> Array:
    """A (or A∘A) with its zeros."""
    A = np.zeros((len(indptr) - 1, minors))
    for i in range(len(A)):
        stored = slice(indptr[i], indptr[i + 1])
        A[i, indices[stored]] = data[stored]
    return A * A if square else A


def gather(data: Array, indices: Array, indptr: Array, square: bool, sign: float, V: Array, out: Array) -> None:
    """out += sign A V, with A∘A in the place of A where `square`."""
    out += sign * _dense(data, indices, indptr, len(V), square) @ V


def scatter(data: Array, indices: Array, indptr: Array, square: bool, sign: float, U: Array, out: Array) -> None:
    """out += sign A' U, with A∘A in the place of A where `square`."""
    out += sign * _dense(data, indices, indptr, len(out), square).T @ U


def gram(
    data: Array,
    indices: Array,
    indptr: Array,
    major_scale: Array,
    minor_scale: Array,
    out: Array,
    stop: Array,
) -> None:
    """Lower triangle of out += Z'Z, Z = diag(major_scale) A diag(minor_scale), unless stop[0] is set."""
    Z = major_scale[:, None] * _dense(data, indices, indptr, len(out)) * minor_scale
    if stop[0] == 0:
        out += np.tril(Z.T @ Z)


def centre(G: Array, a: Array, b: Array) -> None:
    """Lower triangle of G -= a b' + b a'."""
    G -= np.tril(np.outer(a, b) + np.outer(b, a))
