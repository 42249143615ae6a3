"""Twins of `shrinkage._kernels.cholesky`."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def equilibrate(A: Array, ridge: Array, scale: Array, out: Array) -> None:
    """Lower triangle of out <- D (A + diag(ridge)) D, D = diag(scale) making its diagonal one."""
    lower = np.tril(A) + np.diag(ridge)
    diagonal = np.diagonal(lower)
    scale[:] = np.where(diagonal > 0, 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1)), 1)
    below = np.tril_indices(len(A))
    out[below] = (np.outer(scale, scale) * lower)[below]


def factor(A: Array) -> tuple[int, float]:
    """A's lower triangle <- L, where LL' = A.

    Returns (info, rcond): 0 and 1 / (|A| |A^-1|) in the 1-norm, which the kernel estimates from above; or the order
    of the first leading block that is not positive definite, and 0.
    """
    B = (np.tril(A) + np.tril(A, -1).T).astype(np.float64)
    for k in range(1, len(B) + 1):
        if np.linalg.eigvalsh(B[:k, :k])[0] <= 0:
            return k, 0.0
    below = np.tril_indices(len(A))
    A[below] = np.linalg.cholesky(B)[below]
    return 0, float(1 / (np.linalg.norm(B, 1) * np.linalg.norm(np.linalg.inv(B), 1)))


def solve(L: Array, scale: Array, B: Array, scratch: Array, top: Array) -> None:
    """B <- D (LL')^-1 D B."""
    L = np.tril(L).astype(np.float64)
    B[:] = scale[:, None] * np.linalg.solve(L @ L.T, scale[:, None] * B)


def inverse_diagonal(L: Array, scale: Array, out: Array) -> None:
    """L's lower triangle <- L^-1; out <- diag(D L^-T L^-1 D)."""
    inverse = np.linalg.inv(np.tril(L).astype(np.float64))
    L[np.tril_indices(len(L))] = inverse[np.tril_indices(len(L))]
    out[:] = scale**2 * (inverse**2).sum(axis=0)
