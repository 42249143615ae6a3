"""Twin of `shrinkage._kernels.loo`."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

#: What rounding leaves of 1 - leverage when a sample decides its fit alone.
ALONE = 4e-15


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

    NaN for a sample that decides its fit alone: nothing but rounding is left of slack - h (primal), or of slack, its
    share of what T spans (dual). least[0] is lowered to the smallest primal denominator.
    """
    h = (T * T) @ omega
    for k in range(omega.shape[1]):
        fitted = T @ (omega[:, k, None] * A)
        top, bottom = (fitted, h[:, k]) if dual else (Y - fitted, slack - h[:, k])
        nothing = ALONE**2 * slack * omega[:, k].max()
        alone = (slack <= ALONE**2) | (bottom <= nothing) if dual else bottom <= ALONE
        errors[k] = np.where(alone[:, None], np.nan, top / np.where(alone, 1.0, bottom)[:, None])
        if not dual:
            least[0] = min(least[0], bottom.min())
