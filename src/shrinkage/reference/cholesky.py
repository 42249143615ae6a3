"""Twins of `shrinkage._kernels.cholesky`."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def factor(A: Array, ridge: Array, scale: Array) -> tuple[int, float]:
    """A's lower triangle <- L, where LL' = D (A + diag(ridge)) D and D = diag(scale) makes its diagonal one.

    Returns (info, rcond): 0 and 1 / (|B| |B^-1|) in the 1-norm, B = LL', which the kernel estimates from
    above; or the order of the first leading block that is not positive definite, and 0.
    """
    lower = np.tril(A) + np.diag(ridge)
    diagonal = np.diagonal(lower)
    scale[:] = np.where(diagonal > 0, 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1)), 1)
    B = np.outer(scale, scale) * (lower + np.tril(lower, -1).T)
    for k in range(1, len(B) + 1):
        if np.linalg.eigvalsh(B[:k, :k])[0] <= 0:
            return k, 0.0
    below = np.tril_indices(len(A))
    A[below] = np.linalg.cholesky(B)[below]
    return 0, float(1 / (np.linalg.norm(B, 1) * np.linalg.norm(np.linalg.inv(B), 1)))


def solve(L: Array, scale: Array, B: Array) -> None:
    """B <- D (LL')^-1 D B, which is (A + diag(ridge))^-1 B from `factor`'s output."""
    L = np.tril(L)
    B[:] = scale[:, None] * np.linalg.solve(L @ L.T, scale[:, None] * B)


def inverse_diagonal(L: Array, scale: Array, out: Array) -> None:
    """L's lower triangle <- L^-1; out <- diag(D L^-T L^-1 D), the diagonal of (A + diag(ridge))^-1."""
    inverse = np.linalg.inv(np.tril(L))
    L[np.tril_indices(len(L))] = inverse[np.tril_indices(len(L))]
    out[:] = scale**2 * (inverse**2).sum(axis=0)
