"""Twin of `shrinkage._kernels.steps`: the steps of `optimizers` over a table of arrays."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from .optimizers import DOUBLE, HALF, SINGLE, adam_step, narrowed, sgd_step, widened

Array = np.ndarray[Any, Any]


def _at(address: int, count: int, kind: int) -> Array:
    """The memory there, as an array of numbers; those of two bytes as integers."""
    dtype = np.dtype(("f8", "f4", "u2", "u2")[kind])
    memory = (ctypes.c_char * (count * dtype.itemsize)).from_address(int(address))
    out: Array = np.frombuffer(memory, dtype)  # type: ignore[call-overload]
    return out


def _over(adam: bool, at: Array, chunks: Array, kinds: Array, settings: Array, clear: bool) -> None:
    for t, first, n in chunks:
        kind, way, prox = (int(k) for k in kinds[t])
        if at[t, 1] == 0:
            continue
        state = DOUBLE if kind == DOUBLE else SINGLE
        p, g = (_at(address, first + n, kind)[first:] for address in at[t, :2])
        moments = [_at(address, first + n, state)[first:] if address else None for address in at[t, 2:]]
        x, d = widened(p, kind), widened(g, kind)
        if adam:
            new, *after = adam_step(x, d, *moments, settings[t], prox)  # type: ignore[arg-type,call-arg]
        else:
            new, *after = sgd_step(x, d, moments[0], settings[t], way, prox)
        p[:] = narrowed(new, kind)
        for mine, value in zip(moments, after, strict=False):
            if mine is not None:
                mine[:] = value
        if clear:
            g[:] = 0


def sgd(at: Array, chunks: Array, kinds: Array, settings: Array, clear: bool, team: int = 0, threads: int = 1) -> None:
    """A step of gradient descent; state is the momentum."""
    _over(False, at, chunks, kinds, settings, clear)


def adam(at: Array, chunks: Array, kinds: Array, settings: Array, clear: bool, team: int = 0, threads: int = 1) -> None:
    """A step of Adam; state is both moments, and the largest second one where AMSGrad wants it."""
    _over(True, at, chunks, kinds, settings, clear)


def not_finite(at: Array, chunks: Array, kinds: Array, team: int = 0, threads: int = 1) -> int:
    """The first tensor in these chunks with a gradient that is infinite or NaN somewhere, or -1."""
    for t, first, n in chunks:
        if at[t, 1] and not np.isfinite(widened(_at(at[t, 1], first + n, kinds[t, 0])[first:], kinds[t, 0])).all():
            return int(t)
    return -1


def statistics(at: Array, chunks: Array, kinds: Array, out: Array) -> None:
    """out (tensors, 6) += sums of |x|, x^2, (x - y)^2 and y^2, the largest |x| so far, and how many are zero."""
    for t, first, n in chunks:
        kind = int(kinds[t, 0])
        x = widened(_at(at[t, 0], first + n, kind)[first:], kind).astype(np.float64)
        out[t, [0, 1, 5]] += np.abs(x).sum(), (x * x).sum(), (x == 0).sum()
        out[t, 4] = max(out[t, 4], np.abs(x).max())
        if at[t, 1]:
            y = widened(_at(at[t, 1], first + n, kind)[first:], kind).astype(np.float64)
            out[t, 2:4] += np.square(x - y).sum(), (y * y).sum()


def addresses(arrays: list[Any], sizes: Array, kinds: Array, out: Array) -> int:
    """out <- where the arrays' numbers are, 0 for None; the first that is not as `sizes` and `kinds` have it, or -1."""
    letters = "dfe"
    for t, array in enumerate(arrays):
        out[t] = 0
        if array is None:
            continue
        out[t] = array.ctypes.data
        kind = int(kinds[t, 0])
        swapped = not array.dtype.isnative
        if (
            swapped
            or kind > HALF
            or array.dtype.char != letters[kind]
            or array.size != sizes[t]
            or not array.flags.c_contiguous
        ):
            return t
    return -1
