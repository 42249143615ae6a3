"""Duality gaps of elastic-net solutions from their gradients: the certificate."""
from libc.math cimport fabs, sqrt

from ._penalty cimport least_gap, measure_row


# |g - shift w - a w / norm| of a row of t entries `step` apart
cdef double off_tangent(Py_ssize_t t, Py_ssize_t step, const double* g, const double* w, double shift, double a,
                        double norm) noexcept nogil:
    cdef double h, total = 0
    cdef Py_ssize_t c
    for c in range(t):
        h = g[c * step] - (shift + a / norm) * w[c * step]
        total += h * h
    return sqrt(total)


def measure(const double[::1, :] g, const double[::1, :] W, const double[::1] lam, const double[::1] l1,
            const double[::1] l2, const double[::1] lower, const double[::1] upper, const double[::1] diagonal,
            const double[::1] square, double ceiling, double[:, ::1] scratch, double[:, ::1] out, double[::1] excess):
    """out (3, K) <- gap, penalty and largest violation of the optimality conditions of every solution in W.

    W (p, K t) holds K solutions with t columns each: the penalty lam_k (l1_j |w| + l2_j |w|^2 / 2) is of the norms of
    their rows, which t > 1 leaves without bounds. g (p, K t) = Z'r, square (K,) the sums of squares of r, diagonal (p,)
    that of Z'Z, ceiling |y|^2 / 2. excess[j] <- the largest |g_j| - lam l1_j over the solutions at which w_j is zero,
    in units of lam; 0 where none is positive. scratch (7, p) is memory.
    """
    cdef Py_ssize_t p = W.shape[0], t = W.shape[1] // max(1, lam.shape[0]), j, k, m
    cdef double penalty, worst, h, b, a, up, down, size, along
    cdef bint quadratic = False
    if p == 0:
        out[:, :] = 0
        return
    with nogil:
        for j in range(p):
            excess[j] = 0
            quadratic = quadratic or l2[j] != 0
        for k in range(lam.shape[0]):
            penalty = worst = 0
            m = 0
            for j in range(p):
                a = lam[k] * l1[j]
                if t == 1:
                    # a number that is zero and need not move, as most do not, counts for nothing
                    if W[j, k] == 0 and fabs(g[j, k]) <= a:
                        continue
                    scratch[0, m], scratch[1, m], scratch[2, m], scratch[3, m] = g[j, k], W[j, k], l1[j], l2[j]
                    scratch[4, m], scratch[5, m], scratch[6, m] = lower[j], upper[j], diagonal[j]
                    m += 1
                b = lam[k] * l2[j]
                measure_row(t, p, &g[j, k * t], &W[j, k * t], b, 1, &h, &size, &along)
                penalty += a * size + 0.5 * b * size * size
                if size == 0:
                    up, down = h - a, -h - a
                elif t > 1:
                    up = down = off_tangent(t, p, &g[j, k * t], &W[j, k * t], b, a, size)
                else:
                    up = h - a if W[j, k] > 0 else h + a
                    down = -up
                if t == 1 and W[j, k] >= upper[j]:
                    up = 0
                if t == 1 and W[j, k] <= lower[j]:
                    down = 0
                up = max(up, down)
                worst = max(worst, up)
                if size == 0 and up > excess[j] * lam[k]:
                    excess[j] = up / lam[k] if lam[k] > 0 else up
            if t == 1:
                out[0, k] = least_gap(m, 1, 0, &scratch[0, 0], &scratch[1, 0], lam[k], &scratch[2, 0], &scratch[3, 0],
                                      &scratch[4, 0], &scratch[5, 0], &scratch[6, 0], 1, square[k], ceiling, quadratic)
            else:
                out[0, k] = least_gap(p, t, p, &g[0, k * t], &W[0, k * t], lam[k], &l1[0], &l2[0], &lower[0],
                                      &upper[0], &diagonal[0], 1, square[k], ceiling, quadratic)
            out[1, k] = penalty
            out[2, k] = worst
