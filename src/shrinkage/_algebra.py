"""Products and eigenvectors of dense matrices by the kernels' BLAS, for solvers that work between its calls."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _interrupt
from ._kernels import algebra as _algebra
from ._kernels import dense as _dense

Array = np.ndarray[Any, Any]

#: How much longer a flop takes in a decomposition than in a product of matrices.
SLOW = 6.0
#: Order up to which the work space of eigenvectors is counted in 32 bits.
_MOST = 32_000


def eigh(A: Array) -> tuple[Array, Array]:
    """Eigenvalues (ascending) and vectors of a symmetric matrix given by its lower triangle.

    A column-major A is overwritten: the vectors are where it was.
    """
    if len(A) > _MOST:
        # NumPy's wheels count in 64 bits
        return tuple(_interrupt.run(np.linalg.eigh, A, work=SLOW * 4.0 * len(A) ** 3))
    vectors, values = np.asfortranarray(A, dtype=np.float64), np.zeros(len(A))
    if len(A):
        work = np.empty(_algebra.work_size(len(A)))
        if not _interrupt.run(_algebra.eigenvectors, vectors, values, work, work=SLOW * 4.0 * len(A) ** 3):
            raise np.linalg.LinAlgError(f"eigenvalues of a matrix of order {len(A)} did not converge")
    return values, vectors


def product(A: Array, B: Array, *, transposed: bool = False) -> Array:
    """A B, or A'B, column-major."""
    out = np.zeros((A.shape[1] if transposed else A.shape[0], B.shape[1]), order="F")
    if A.size and B.size:
        args = (np.asfortranarray(A), transposed, np.asfortranarray(B), out)
        _interrupt.run(_algebra.multiply, *args, work=2.0 * A.size * B.shape[1])
    return out


def square(A: Array, *, transposed: bool = True) -> Array:
    """Lower triangle of A'A, or AA', of a column-major A; the rest is zero."""
    depth, order = A.shape if transposed else A.shape[::-1]
    out, none = np.zeros((order, order), order="F"), np.empty((1, 1), np.float32, order="F")
    work = float(order) ** 2 * depth
    _interrupt.run(_dense.rank_update, A.ravel(order="F"), depth, transposed, True, True, out, none, work=work)
    return out


def symmetric(lower: Array) -> Array:
    """A symmetric matrix, column-major, from its lower triangle; above that `lower` is zero."""
    return np.asfortranarray(lower + np.tril(lower, -1).T)
