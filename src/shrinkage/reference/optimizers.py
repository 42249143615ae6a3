"""Steps of optimizers as they are written in books: gradient descent and Adam, with decay and a soft threshold.

The arithmetic is that of torch's optimizers, but that decay, gradient and threshold make up one change, which is added
to a parameter and rounded once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

DOUBLE, SINGLE, HALF, BFLOAT = range(4)
PLAIN, MOMENTUM, NESTEROV = range(3)
NO_PROX, PROX, METRIC = range(3)
#: Columns of `settings`.
SIGN, COUPLED, KEEP, RATE, FIRST, FRESH, SECOND, FRESH_SECOND, ROOT, EPS, THRESHOLD, SHRINK, LR, LATER = range(14)


def widened(x: Array, kind: int) -> Array:
    """A copy in the precision of the arithmetic."""
    if kind == BFLOAT:
        return (x.astype(np.uint32) << 16).view(np.float32)
    return x.view(np.float16).astype(np.float32) if kind == HALF else x.copy()


def narrowed(x: Array, kind: int) -> Array:
    """Back to the parameter's type, rounded to the nearest, ties to even."""
    if kind == HALF:
        with np.errstate(over="ignore"):
            return x.astype(np.float16).view(np.uint16)
    if kind == BFLOAT:
        bits = x.view(np.uint32)
        rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
        return np.where(np.isnan(x), (bits >> 16) | 0x40, rounded).astype(np.uint16)
    return x


def changed(p: Array, change: Array, threshold: Any) -> Array:
    """The soft threshold of p + change, which is zero within it, rounded once."""
    x = p + change
    return np.where(np.abs(x) <= threshold, p.dtype.type(0), p + (change - np.clip(x, -threshold, threshold)))


def sgd_step(p: Array, g: Array, b: Array | None, s: Array, kind: int, prox: int) -> tuple[Array, Array | None]:
    """The parameter and its momentum after a step."""
    real = p.dtype.type
    d = real(s[SIGN]) * g + real(s[COUPLED]) * p
    if b is not None and kind != PLAIN:
        b = real(s[FIRST]) * b + real(s[FRESH]) * d
        d = d + real(s[FIRST]) * b if kind == NESTEROV else b
    change = -(real(s[RATE]) * d + real(1.0 - s[KEEP]) * p)
    return changed(p, change, real(s[THRESHOLD])) if prox else p + change, b


def adam_step(
    p: Array, g: Array, m: Array, v: Array, most: Array | None, s: Array, prox: int
) -> tuple[Array, Array, Array, Array | None]:
    """The parameter, its moments and the largest second one after a step (Kingma and Ba 2015, Algorithm 1; Loshchilov
    and Hutter 2019, Algorithm 2; Reddi, Kale and Kumar 2018, Algorithm 2)."""
    real = p.dtype.type
    d = real(s[SIGN]) * g + real(s[COUPLED]) * p
    m = real(s[FIRST]) * m + real(s[FRESH]) * d
    v = real(s[SECOND]) * v + real(s[FRESH_SECOND]) * (d * d)
    if most is not None:
        most = np.maximum(most, v)
    scale = np.sqrt(v if most is None else most) * real(s[ROOT]) + real(s[EPS])
    change = -(real(s[RATE]) * (m / scale) + real(1.0 - s[KEEP]) * p)
    threshold = real(s[THRESHOLD])
    if prox == METRIC:
        threshold = threshold / scale
    return changed(p, change, threshold) if prox else p + change, m, v, most
