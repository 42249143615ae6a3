"""Twin of `shrinkage._kernels.active_set`: the same answers by coordinate descent on the Gram matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from .gaps import _solution_gap

Array = np.ndarray[Any, Any]


def solve(
    G: Array,
    m: int,
    c: Array,
    yy: float,
    l1: Array,
    l2: Array,
    lower: Array,
    upper: Array,
    lam: Array,
    tol: float,
    w: Array,
    q: Array,
    L: Array,
    indices: Array,
    state: Array,
    scratch: Array,
    block: Array,
    out: Array,
    gaps: Array,
    counts: Array,
    stop: Array,
) -> int:
    """Minimize |y - Zw|^2 / 2 + lam sum_j l1_j |w_j| + l2_j w_j^2 / 2 within bounds, for every lam; how many were.

    G = Z'Z, c = Z'y, yy = y'y. out[:, i] <- w, gaps[i] <- the duality gap at lam[i]; the first that is not brought to
    tol ends the call. The factor, the indices, the counts and the scratch of the kernel are not touched.
    """
    A, b = G[:m, :m], c[:m]
    low, high, x = lower[:m], upper[:m], w[:m]
    diagonal = np.diagonal(A)
    for i, strength in enumerate(lam):
        first, second = strength * l1[:m], strength * l2[:m]
        for _ in range(100_000):
            g = b - A @ x
            square = max(0.0, yy - x @ (b + g))
            gaps[i] = _solution_gap(g[:, None], x[:, None], first, second, low, high, diagonal, square, 0.5 * yy)
            if gaps[i] <= tol:
                break
            for j in np.flatnonzero(diagonal + second > 0):
                pull = b[j] - A[j] @ x + diagonal[j] * x[j]
                size = max(0.0, abs(pull) - first[j]) / (diagonal[j] + second[j])
                x[j] = min(max(np.copysign(size, pull), low[j]), high[j])
        out[:, i] = x
        if gaps[i] > tol:
            return i
    q[:m] = A @ x
    return len(lam)
