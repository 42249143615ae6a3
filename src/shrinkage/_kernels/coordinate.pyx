"""Cyclic coordinate descent on columns as they are, without a Gram matrix: signs for the active set to start from."""
from libc.math cimport fabs

from ._blas cimport axpy, dot


def descend(const double[::1, :] Z, const double[::1] squares, const double[::1] l1, const double[::1] l2,
            const double[::1] lower, const double[::1] upper, bint active, int most, double[::1] w, double[::1] r,
            const int[::1] stop):
    """Epochs over the columns of Z for |r|^2 / 2 + sum_j l1_j |w_j| + l2_j w_j^2 / 2, r = y - Zw, until signs stay.

    `active` leaves out what is zero. squares (m,) are the columns' sums of squares; those without any are left out.
    Returns (signs that changed in the last epoch, epochs).
    """
    cdef Py_ssize_t n = Z.shape[0], m = Z.shape[1], j, changed = 0
    cdef int used = 0, _
    cdef double old, new, g, over
    with nogil:
        for _ in range(most):
            changed = 0
            used += 1
            for j in range(m):
                old = w[j]
                if squares[j] <= 0 or (active and old == 0):
                    continue
                g = dot(n, &Z[0, j], &r[0]) + squares[j] * old
                over = fabs(g) - l1[j]
                new = 0 if over <= 0 else (over if g > 0 else -over) / (squares[j] + l2[j])
                new = min(max(new, lower[j]), upper[j])
                if new != old:
                    changed += (new > 0) != (old > 0) or (new < 0) != (old < 0)
                    axpy(n, old - new, &Z[0, j], &r[0])
                    w[j] = new
            if changed == 0 or stop[0] != 0:
                break
    return changed, used
