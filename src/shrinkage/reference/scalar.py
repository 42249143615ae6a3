"""What `_kernels/_scalar.pxd` has for the kernels: losses, their derivatives and their conjugates, by their formulas.

Losses of numbers are functions of the residual r = p - y, those of classes (y of -1 or 1) of the margin z = y p.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

(
    SQUARED_ERROR,
    HUBER,
    INSENSITIVE,
    SQUARED_INSENSITIVE,
    LOG_LOSS,
    HINGE,
    SQUARED_HINGE,
    MODIFIED_HUBER,
    POISSON,
) = range(9)


def value(kind: int, parameter: float, y: Array, p: Array) -> Array:
    """The loss of the prediction p."""
    r, z = p - y, y * p
    beyond = np.maximum(np.abs(r) - parameter, 0.0)
    short = np.maximum(parameter - z, 0.0)
    if kind == SQUARED_ERROR:
        return r**2 / 2
    if kind == HUBER:
        return np.where(np.abs(r) <= parameter, r**2 / 2, parameter * (np.abs(r) - parameter / 2))
    if kind == INSENSITIVE:
        return beyond
    if kind == SQUARED_INSENSITIVE:
        return beyond**2
    if kind == LOG_LOSS:
        return np.logaddexp(0.0, -z)
    if kind == HINGE:
        return short
    if kind == SQUARED_HINGE:
        return short**2
    if kind == MODIFIED_HUBER:
        return np.where(z >= -1, np.maximum(1 - z, 0.0) ** 2, -4 * z)
    return np.exp(p) - y * p


def slope(kind: int, parameter: float, y: Array, p: Array) -> Array:
    """Its derivative in p. At a kink a hinge has that of its slope, an insensitive loss 0."""
    r, z = p - y, y * p
    beyond = np.maximum(np.abs(r) - parameter, 0.0)
    short = np.maximum(parameter - z, 0.0)
    if kind == SQUARED_ERROR:
        return r
    if kind == HUBER:
        return np.clip(r, -parameter, parameter)
    if kind == INSENSITIVE:
        return np.sign(r) * np.sign(beyond)
    if kind == SQUARED_INSENSITIVE:
        return 2 * np.sign(r) * beyond
    if kind == LOG_LOSS:
        return -y * np.exp(-np.logaddexp(0.0, z))
    if kind == HINGE:
        return np.where(z > parameter, 0.0, -y + 0 * z)
    if kind == SQUARED_HINGE:
        return -2 * y * short
    if kind == MODIFIED_HUBER:
        return -y * np.clip(2 * (1 - z), 0.0, 4.0)
    return np.exp(p) - y


def _entropy(v: Array) -> Array:
    return np.where(v == 0, 0.0, v * np.log(np.where(v > 0, v, 1.0)))


def conjugate(kind: int, parameter: float, y: Array, u: Array) -> Array:
    """sup over p of u p - loss(p), inf where that has no end."""
    a = -u * y
    if kind == SQUARED_ERROR:
        return u**2 / 2 + u * y
    if kind == HUBER:
        return np.where(np.abs(u) <= parameter, u**2 / 2 + u * y, np.inf)
    if kind == INSENSITIVE:
        return np.where(np.abs(u) <= 1, u * y + parameter * np.abs(u), np.inf)
    if kind == SQUARED_INSENSITIVE:
        return u * y + parameter * np.abs(u) + u**2 / 4
    if kind == LOG_LOSS:
        inside = np.clip(a, 0.0, 1.0)
        return np.where(inside == a, _entropy(inside) + _entropy(1 - inside), np.inf)
    if kind == HINGE:
        return np.where((a >= 0) & (a <= 1), -parameter * a, np.inf)
    if kind == SQUARED_HINGE:
        return np.where(a >= 0, a**2 / 4 - parameter * a, np.inf)
    if kind == MODIFIED_HUBER:
        return np.where((a >= 0) & (a <= 4), a**2 / 4 - a, np.inf)
    v = u + y
    return np.where(v >= 0, _entropy(v) - v, np.inf)
