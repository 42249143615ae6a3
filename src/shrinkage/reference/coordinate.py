"""Twin of `shrinkage._kernels.coordinate`: cyclic coordinate descent on columns of X as they are stored."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from .blocks import KEPT, _mixing_weights
from .gaps import _solution_gap

Array = np.ndarray[Any, Any]

#: Epochs over what is not zero, after one over all.
REST = 5


def _columns(data: Array, indices: Array, indptr: Array, which: Array, n: int) -> Array:
    """Those of X, dense and column major (no indptr) or compressed by columns."""
    if len(indptr):
        return sparse.csc_array((data, indices, indptr), shape=(n, len(indptr) - 1)).toarray()[:, which]
    return data.reshape(n, -1, order="F")[:, which].astype(np.float64)


def subtract(
    data: Array, indices: Array, indptr: Array, which: Array, mean: Array, s: Array, w: Array, v: Array
) -> None:
    """v -= S (X - mean) w, S the identity where s is empty."""
    fitted = (_columns(data, indices, indptr, which, len(v)) - mean) @ w
    v -= s * fitted if len(s) else fitted


def descend(
    data: Array,
    indices: Array,
    indptr: Array,
    which: Array,
    mean: Array,
    s: Array,
    total: float,
    squares: Array,
    l1: Array,
    l2: Array,
    lower: Array,
    upper: Array,
    ceiling: float,
    calm: int,
    sweeps: int,
    tol: float,
    rounds: int,
    w: Array,
    v: Array,
    past: Array,
    past_v: Array,
    g: Array,
    stop: Array,
) -> tuple[int, float, int]:
    """Minimize |r|^2 / 2 + sum_j l1_j |w_j| + l2_j w_j^2 / 2 over one w_j after the other, v = S r kept up to date.

    Along w_j the minimizer is the soft threshold of z_j'r + |z_j|^2 w_j at l1_j, over |z_j|^2 + l2_j, put within the
    bounds. First until few signs change, then with extrapolations until the duality gap is small. Returns the signs
    that changed in the last epoch over all columns, that gap, and the epochs.
    """
    n, m = len(v), len(which)
    if m == 0 or n == 0:
        return 0, 0.0, 0
    X = _columns(data, indices, indptr, which, n)
    S = s if len(s) else np.ones(n)
    Z = X - mean

    def epoch(active: bool) -> int:
        changed = 0
        for k in range(m):
            if squares[k] <= 0 or (active and w[k] == 0):
                continue
            pull = Z[:, k] @ v + squares[k] * w[k]
            soft = np.sign(pull) * max(0.0, abs(pull) - l1[k]) / (squares[k] + l2[k])
            new = min(max(soft, lower[k]), upper[k])
            changed += bool(np.sign(new) != np.sign(w[k]))
            v[:] -= (new - w[k]) * S * Z[:, k]
            w[k] = new
        return changed

    def objective(w: Array, v: Array) -> float:
        square = np.square(v[S > 0]) @ (1.0 / S[S > 0])
        return float(0.5 * square + l1 @ np.abs(w) + 0.5 * l2 @ (w * w))

    def gap_now() -> float:
        square = float(np.square(v[S > 0]) @ (1.0 / S[S > 0]))
        return _solution_gap((X.T @ v)[:, None], w[:, None], l1, l2, lower, upper, squares, square, ceiling)

    changed, gap, before, slow, done = 0, -1.0, 0.0, 0, 0
    epochs, finishing = 0, False
    for turn in range(sweeps + rounds):
        iterates = []
        for e in range(REST + 1):
            own, epochs = epoch(e > 0), epochs + 1
            changed = own if e == 0 else changed
            iterates.append((w.copy(), v.copy()))
            if stop[0] or (e > 0 and own == 0 and not finishing):
                break
        if stop[0]:
            break
        if not finishing:
            finishing = changed <= calm and rounds > 0
            if (changed <= calm and rounds == 0) or (not finishing and turn + 1 >= sweeps):
                break
            if not finishing:
                continue
        else:
            mixing = _mixing_weights([x for x, _ in iterates])
            if mixing is not None:
                # about the last, so that what stays where it is does so to the bit
                mixed_w = w + sum(z * (x - w) for z, (x, _) in zip(mixing, iterates[1:], strict=True))
                mixed_v = v + sum(z * (x - v) for z, (_, x) in zip(mixing, iterates[1:], strict=True))
                inside = ((mixed_w >= lower) & (mixed_w <= upper)).all()
                if inside and objective(mixed_w, mixed_v) < objective(w, v):
                    w[:], v[:] = mixed_w, mixed_v
            done += 1
            if done > 1 and done % 2 and turn + 1 < sweeps + rounds:
                continue
        gap = gap_now()
        if done == 0 and gap > tol:
            continue
        slow = slow + 1 if before > 0 and gap > 0.5 * before else 0
        before = gap
        if gap <= tol or slow > 1:
            break
    assert len(iterates) <= KEPT + 1
    return changed, gap, epochs
