"""Twins of `shrinkage._kernels.algebra`."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def eigenvectors(A: Array, values: Array, work: Array) -> bool:
    """A's columns <- eigenvectors of the symmetric matrix in its lower triangle; values <- their eigenvalues."""
    values[:], A[:] = np.linalg.eigh(A, UPLO="L")
    return True


def work_size(n: int) -> int:
    """Numbers of scratch: 1 + 6n + 2n^2 that LAPACK asks for, and 3 + 5n integers."""
    return 2 * n * n + 11 * n + 4


def multiply(A: Array, transposed: bool, B: Array, out: Array) -> None:
    """out <- A B, or A'B."""
    out[:] = (A.T if transposed else A) @ B
