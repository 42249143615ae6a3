"""Twin of `shrinkage._kernels.certificate`."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def measure(
    R: Array,
    s: Array,
    total_weight: float,
    intercept: bool,
    W: Array,
    g: Array,
    ridge: Array,
    frozen: Array,
    scale: Array,
    y_square: Array,
    eps: float,
    out: Array,
) -> None:
    """g <- g - ridge W, minus the gradient; rows of out <- objective, gap, gradient, ratio, loose, per column.

    Frozen features are held at zero and have no gradient. d_j^2 = total_weight scale_j^2 + ridge_j is the diagonal of
    the normal equations.
    """
    live = frozen == 0 if len(frozen) else np.ones(len(W), dtype=bool)
    g -= ridge * W
    g[~live] = 0.0
    w, penalty, slope = W[live], ridge[live], np.abs(g[live])
    r = R - s @ R / total_weight if intercept else R
    d = np.sqrt(total_weight * scale[live, None] ** 2 + penalty)
    size = eps * ((d * np.abs(w)).sum(axis=0) + np.sqrt(y_square))
    scaled = np.divide(slope, d, out=np.zeros_like(slope), where=d > 0).max(axis=0, initial=0.0)
    bound = np.divide(slope**2, penalty, out=np.zeros_like(slope), where=penalty > 0)

    out[0] = (s @ (r * r) + (penalty * w * w).sum(axis=0)) / (2 * total_weight)
    out[1] = bound.sum(axis=0) / (2 * total_weight)
    out[2] = slope.max(axis=0, initial=0.0) / total_weight
    out[3] = scaled / np.where(size > 0, size, 1.0)
    out[4] = np.where(penalty > 0, 0.0, slope).max(axis=0, initial=0.0)
