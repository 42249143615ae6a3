"""Twin of `shrinkage._kernels.loo`."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def leave_one_out(
    T: Array,
    omega: Array,
    A: Array,
    Y: Array,
    slack: Array,
    dual: bool,
    squares: Array,
    leverage: Array,
    product: Array,
    filtered: Array,
    least: Array,
    errors: Array,
) -> None:
    """errors[k, i, c]: the error of sample i at penalty k for target c when the fit has not seen i.

    The samples' spectral coordinates T and the filters omega = 1 / (eigenvalue + lambda) give fitted values
    T (omega * A) and leverages h = (T * T) omega.

    primal: residual / (1 - leverage) = (Y - T (omega * A)) / (slack - h)
    dual:   the same quotient with both divided by lambda, T (omega * A) / h, where T is a complete basis

    NaN where the denominator is not positive; least[0] is lowered to the smallest primal one.
    """
    h = (T * T) @ omega
    for k in range(omega.shape[1]):
        fitted = T @ (omega[:, k, None] * A)
        top, bottom = (fitted, h[:, k]) if dual else (Y - fitted, slack - h[:, k])
        positive = bottom > 0
        errors[k] = np.where(positive[:, None], top / np.where(positive, bottom, 1.0)[:, None], np.nan)
        if not dual:
            least[0] = min(least[0], bottom.min())
