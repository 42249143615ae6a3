"""Duality gaps of elastic-net solutions from their gradients: the certificate."""
from libc.math cimport fabs

from ._penalty cimport least_gap


def measure(const double[::1, :] g, const double[::1, :] W, const double[::1] lam, const double[::1] l1,
            const double[::1] l2, const double[::1] lower, const double[::1] upper, const double[::1] diagonal,
            const double[::1] square, double ceiling, double[:, ::1] out, double[::1] excess):
    """out (3, K) <- gap, penalty and largest violation of the optimality conditions of every column of W (p, K).

    g (p, K) = Z'r, square the sums of squares of r, the penalty lam_k (l1_j |w| + l2_j w^2 / 2), diagonal (p,) that of
    Z'Z, ceiling |y|^2 / 2. excess[j] <- the largest |g_j| - lam l1_j over the columns at which w_j is zero, in units of
    lam; -1 where there is none.
    """
    cdef Py_ssize_t p = W.shape[0], j, k
    cdef double penalty, worst, h, w, a, up, down
    cdef bint quadratic = False
    with nogil:
        for j in range(p):
            excess[j] = -1
            quadratic = quadratic or l2[j] != 0
        for k in range(W.shape[1]):
            penalty = worst = 0
            for j in range(p):
                w, h, a = W[j, k], g[j, k], lam[k] * l1[j]
                if w == 0:
                    up, down = h - a, -h - a
                else:
                    h -= lam[k] * l2[j] * w
                    penalty += a * fabs(w) + 0.5 * lam[k] * l2[j] * w * w
                    up = h - a if w > 0 else h + a
                    down = -up
                if w >= upper[j]:
                    up = 0
                if w <= lower[j]:
                    down = 0
                up = max(up, down)
                worst = max(worst, up)
                if w == 0 and up > excess[j] * lam[k]:
                    excess[j] = up / lam[k] if lam[k] > 0 else up
            out[0, k] = least_gap(p, &g[0, k], &W[0, k], lam[k], &l1[0], &l2[0], &lower[0], &upper[0], &diagonal[0], 1,
                                  square[k], ceiling, quadratic)
            out[1, k] = penalty
            out[2, k] = worst
