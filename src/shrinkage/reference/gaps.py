"""Twin of `shrinkage._kernels.gaps`: duality gaps of elastic-net solutions from their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

#: How many times its own possible gain a coordinate without penalty counts: others may gain with it.
LOOSE = 1e6


def _conjugate(g: Array, l1: Array, l2: Array, lower: Array, upper: Array) -> Array:
    """h*(g) = max over lower <= w <= upper of g w - l1 |w| - l2 w^2 / 2; inf where that has no end."""
    over = np.maximum(np.abs(g) - l1, 0.0)
    end = np.where(g > 0, upper, -lower)
    with np.errstate(divide="ignore", invalid="ignore"):
        w = np.where(l2 > 0, np.minimum(end, over / np.where(l2 > 0, l2, 1.0)), end)
        return np.where((over > 0) & (w > 0), w * over - 0.5 * l2 * w * w, 0.0)


def _dual_gap(
    g: Array,
    w: Array,
    l1: Array,
    l2: Array,
    lower: Array,
    upper: Array,
    diagonal: Array,
    square: float,
    ceiling: float,
    rows: bool,
) -> float:
    """P(w) - D(s r), g = Z'r, |r|^2 = square, with the best s that the residuals r allow; g and w are (p, t).

    With `rows` the quadratic part of the penalty is rows of the data, so that residuals and gradient have it in them.
    No solution has l1 |w| above `ceiling`, the objective at w = 0: a bound beyond that is none. A coordinate without
    penalty, for which no gradient but zero may be feasible, counts at most LOOSE times g^2 over twice its curvature.
    """
    curvature, free = diagonal + l2, (l1 == 0) & (l2 == 0)
    norm = np.sqrt(np.square(w).sum(axis=1))
    if rows:
        g, square, l2 = g - l2[:, None] * w, square + float(l2 @ norm**2), np.zeros_like(l2)
    # signed where there are bounds, which rows of several do not have
    size = g[:, 0] if g.shape[1] == 1 else np.sqrt(np.square(g).sum(axis=1))
    along = (g * w).sum(axis=1)
    with np.errstate(invalid="ignore"):
        tied = (l2 == 0) & (l1 > 0) & (np.abs(size) > l1) & (l1 * np.where(size > 0, upper, -lower) >= ceiling)
    s = float((l1[tied] / np.abs(size[tied])).min(initial=1.0))
    if square > 0:
        s = min(s, max(0.0, 1.0 + float(along.sum()) / square))
    size, along = s * size, s * along
    with np.errstate(invalid="ignore"):
        terms = l1 * norm + 0.5 * l2 * norm**2 - along + _conjugate(size, l1 * (1 + 1e-15), l2, lower, upper)
    alone = LOOSE * 0.5 * size * size / np.where(curvature > 0, curvature, 1.0)
    free &= (l1 == 0) & (l2 == 0) & (diagonal > 0)
    terms = np.where(free, np.fmin(terms, alone), terms)
    resting = (norm == 0) & (np.abs(size) <= l1)
    return 0.5 * (1 - s) ** 2 * square + float(np.where(resting, 0.0, np.maximum(terms, 0.0)).sum())


def _solution_gap(
    g: Array, w: Array, l1: Array, l2: Array, lower: Array, upper: Array, diagonal: Array, square: float, ceiling: float
) -> float:
    """The smaller of the two ways to count the quadratic part."""
    return min(_dual_gap(g, w, l1, l2, lower, upper, diagonal, square, ceiling, rows) for rows in (False, True))


def measure(
    g: Array,
    W: Array,
    lam: Array,
    l1: Array,
    l2: Array,
    lower: Array,
    upper: Array,
    diagonal: Array,
    square: Array,
    ceiling: float,
    scratch: Array,
    out: Array,
    excess: Array,
) -> None:
    """out <- gap, penalty and largest violation of the optimality conditions of every solution in W, t columns each;
    excess (p,) <- how far rows at zero are pushed beyond their l1, at most over the solutions, in units of lam; 0
    where none is."""
    excess[:] = 0.0
    t = W.shape[1] // max(1, len(lam))
    for k, strength in enumerate(lam):
        part = slice(k * t, (k + 1) * t)
        w, a, b = W[:, part], strength * l1, strength * l2
        out[0, k] = _solution_gap(g[:, part], w, a, b, lower, upper, diagonal, square[k], ceiling)
        norm = np.sqrt(np.square(w).sum(axis=1))
        out[1, k] = a @ norm + 0.5 * b @ norm**2
        h = g[:, part] - b[:, None] * w
        rest = norm == 0
        if t == 1:
            h, w = h[:, 0], w[:, 0]
            up = np.where(w < 0, h + a, h - a)
            down = np.where(w > 0, a - h, -h - a)
            push = np.maximum(np.where(w < upper, up, 0.0), np.where(w > lower, down, 0.0))
        else:
            direction = w / np.where(rest, 1.0, norm)[:, None]
            off = np.sqrt(np.square(h - a[:, None] * direction).sum(axis=1))
            push = np.where(rest, np.sqrt(np.square(h).sum(axis=1)) - a, off)
        out[2, k] = max(0.0, float(push.max(initial=0.0)))
        excess[rest] = np.maximum(excess[rest], push[rest] / (strength if strength > 0 else 1.0))
