"""Twin of `shrinkage._kernels.loo`."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

#: What rounding leaves of 1 - leverage when a sample decides its fit alone.
ALONE = 4e-15


def leave_one_out(
    T: Array,
    left: Array,
    right: Array,
    A: Array,
    Y: Array,
    slack: Array,
    weight: Array,
    dual: bool,
    unit: Array,
    squares: Array,
    filters: Array,
    narrow: Array,
    inverse: Array,
    product: Array,
    alone: Array,
    least: Array,
    sums: Array,
    errors: Array,
) -> None:
    """The errors e of samples when the fit has not seen them: sums += those of e^2, e^4 and weight e^2, e over `unit`.

    The samples' spectral coordinates T and the filters omega = 1 / (eigenvalue + lambda) = left, or left right, give
    fitted values T (omega * A) and leverages h = (T * T) omega.

    primal: residual / (1 - leverage) = (Y - T (omega * A)) / (slack - h)
    dual:   the same quotient with both divided by lambda, T (omega * A) / h, where T is a complete basis and Y zero

    A sample that decides its fit alone, nothing but rounding being left of slack - h (primal), or of slack, its share
    of what T spans (dual), has no error, errors[k, i, c] is NaN there, and the sums leave it out: alone[i] = 1.
    least[0] is lowered to the smallest primal denominator.
    """
    omega = left @ right if right.shape[1] else left
    h = (T * T) @ omega
    e = np.empty((omega.shape[1], *Y.shape))
    for k in range(omega.shape[1]):
        fitted = T @ (omega[:, k, None] * A)
        top, bottom = (fitted, h[:, k]) if dual else (Y - fitted, slack - h[:, k])
        nothing = ALONE**2 * slack * omega[:, k].max()
        decided = (slack <= ALONE**2) | (bottom <= nothing) if dual else bottom <= ALONE
        e[k] = np.where(decided[:, None], np.nan, top / np.where(decided, 1.0, bottom)[:, None])
        if not dual:
            least[0] = min(least[0], bottom.min())
    if len(errors):
        errors[:] = e
    alone[:] = np.isnan(e[:, :, 0]).any(axis=0)
    squared = np.square(e[:, alone == 0] / unit)
    sums[0] += squared.sum(axis=1)
    sums[1] += np.square(squared).sum(axis=1)
    sums[2] += (weight[alone == 0, None] * squared).sum(axis=1)
