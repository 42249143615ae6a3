"""Twin of `shrinkage._kernels.blocks`: block coordinate descent on a Gram matrix, with extrapolation."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from .gaps import _solution_gap

Array = np.ndarray[Any, Any]

#: Steps that an extrapolation combines, and rounds that may pass until the gap is half of what it was.
KEPT, PATIENCE = 5, 40


def _shrink(u: Array, h: float, l1: float, l2: float) -> Array:
    """The minimizer over w of (h + l2) |w|^2 / 2 - u.w + l1 |w|."""
    size = float(np.sqrt(u @ u))
    return np.zeros_like(u) if size <= l1 or h + l2 <= 0 else (1 - l1 / size) / (h + l2) * u


def _epoch(G: Array, C: Array, l1: Array, l2: Array, W: Array, active: bool) -> bool:
    before = W.copy()
    for j in range(len(W)):
        if not active or W[j].any():
            W[j] = _shrink(C[j] - G[j] @ W + G[j, j] * W[j], G[j, j], l1[j], l2[j])
    return not np.array_equal(W, before)


def _objective(G: Array, C: Array, l1: Array, l2: Array, W: Array) -> float:
    """Less |Y|^2 / 2."""
    size = np.sqrt(np.square(W).sum(axis=1))
    return float(0.5 * np.vdot(W, G @ W) - np.vdot(W, C) + l1 @ size + 0.5 * l2 @ size**2)


def _mixing_weights(past: list[Array]) -> Array | None:
    """z, of sum one, with which the steps x_(i+1) - x_i sum to least: sum_i z_i x_(i+1) is nearer (Anderson 1965)."""
    steps = np.array([(after - before).ravel() for before, after in pairwise(past)])
    A = steps @ steps.T
    if not np.trace(A) > 0:
        return None
    z = np.linalg.solve(A + 1e-14 * np.trace(A) * np.eye(KEPT), np.ones(KEPT))
    return None if not z.sum() > 0 else np.asarray(z / z.sum())


def solve(
    G: Array,
    m: int,
    C: Array,
    yy: float,
    l1: Array,
    l2: Array,
    lower: Array,
    upper: Array,
    lam: float,
    tol: float,
    most: int,
    W: Array,
    Q: Array,
    past: Array,
    scratch: Array,
    counts: Array,
    stop: Array,
) -> float:
    """Minimize |Y - ZW|^2 / 2 + lam sum_j l1_j |W_j| + l2_j |W_j|^2 / 2 over the first m rows of W; Q <- C - G W.

    Rounds of one pass over all rows, KEPT over those that are not zero, and an extrapolation of these where it is
    better. Returns the duality gap.
    """
    if m == 0 or C.shape[1] == 0:
        return 0.0
    K, B, V = G[:m, :m], C[:m], W[:m]
    a, b = lam * l1[:m], lam * l2[:m]
    gap = best = np.inf
    since = 0
    for rounds in range(most):
        moved = _epoch(K, B, a, b, V, False)
        Q[:m] = B - K @ V
        square = max(0.0, yy - np.vdot(V, B + Q[:m]))
        gap = _solution_gap(Q[:m], V, a, b, lower[:m], upper[:m], np.diagonal(K), square, 0.5 * yy)
        counts[:2] += 1
        if gap < 0.5 * best:
            best, since = gap, rounds
        if gap <= tol or stop[0] or not moved or rounds - since > PATIENCE:
            break
        iterates = [V.copy()]
        for _ in range(KEPT):
            _epoch(K, B, a, b, V, True)
            iterates.append(V.copy())
            counts[1] += 1
        z = _mixing_weights(iterates)
        mixed = V if z is None else np.tensordot(z, np.array(iterates[1:]), axes=1)
        if _objective(K, B, a, b, mixed) < _objective(K, B, a, b, V):
            V[:] = mixed
    Q[:m] = B - K @ V
    return float(gap)
