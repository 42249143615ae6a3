"""Twin of `shrinkage._kernels.coordinate`: cyclic coordinate descent."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def descend(
    Z: Array,
    squares: Array,
    l1: Array,
    l2: Array,
    lower: Array,
    upper: Array,
    active: bool,
    most: int,
    w: Array,
    r: Array,
    stop: Array,
) -> tuple[int, int]:
    """Minimize |r|^2 / 2 + sum_j l1_j |w_j| + l2_j w_j^2 / 2 over one w_j after the other, r = y - Zw kept up to date.

    Along w_j the minimizer is the soft threshold of z_j'r + |z_j|^2 w_j at l1_j, over |z_j|^2 + l2_j, put within the
    bounds. `active` leaves out what is zero. Returns the signs that changed in the last epoch and the epochs: they end
    when none does.
    """
    changed = used = 0
    while used < most:
        changed, used = 0, used + 1
        for j in range(Z.shape[1]):
            if squares[j] <= 0 or (active and w[j] == 0):
                continue
            pull = Z[:, j] @ r + squares[j] * w[j]
            soft = np.sign(pull) * max(0.0, abs(pull) - l1[j]) / (squares[j] + l2[j])
            new = min(max(soft, lower[j]), upper[j])
            changed += bool(np.sign(new) != np.sign(w[j]))
            r -= (new - w[j]) * Z[:, j]
            w[j] = new
        if changed == 0 or stop[0]:
            break
    return changed, used
