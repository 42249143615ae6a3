"""l1 |w| + l2 w^2 / 2 within bounds, coordinate by coordinate: its conjugate, and the gap of a sum of squares."""
from libc.math cimport INFINITY, fabs


# h*(g) = max over w within the bounds of g w - h(w)
cdef inline double conjugate(double g, double l1, double l2, double lower, double upper) noexcept nogil:
    cdef double over = fabs(g) - l1, w
    if over <= 0:
        return 0
    w = upper if g > 0 else -lower
    if l2 > 0:
        w = min(w, over / l2)
    if w == 0:
        return 0
    return w * over - 0.5 * l2 * w * w


# g's bound: how far a coordinate may go the way it is pushed
cdef inline double reach(double g, double lower, double upper) noexcept nogil:
    return upper if g > 0 else -lower


# Gap between |r|^2/2 + sum_j h_j(w_j) and the dual at s r, g = Z'r (where `rows`, the quadratic part of the penalty
# being rows of the data, g is Z'r - l2 w). With the best s the residuals allow it is
#     (1 - s)^2 |r|^2 / 2 + sum_j h_j(w_j) + h_j*(s g_j) - s g_j w_j,
# no term of which is negative. l1 and l2 are for lam = 1. `ceiling` is the objective at w = 0: no solution has
# l1 |w| above it, so that a bound beyond is none. A coordinate without penalty or bound has no dual point but at
# g = 0: it counts 1e6 times what it could gain alone, its sum of squares being diagonal[j * step].
cdef inline double dual_gap(Py_ssize_t p, const double* g, const double* w, double lam, const double* l1,
                            const double* l2, const double* lower, const double* upper, const double* diagonal,
                            Py_ssize_t step, double square, double ceiling, bint rows) noexcept nogil:
    cdef double s = 1, gap, a, b, h, term, cross = 0
    cdef Py_ssize_t j
    for j in range(p):
        a, h = lam * l1[j], g[j]
        if rows:
            h -= lam * l2[j] * w[j]
            square += lam * l2[j] * w[j] * w[j]
        cross += h * w[j]
        if (rows or l2[j] == 0) and a > 0 and fabs(h) > a and a * reach(h, lower[j], upper[j]) >= ceiling:
            s = min(s, a / fabs(h))
    if square > 0:
        s = min(s, max(0.0, (square + cross) / square))
    gap = 0.5 * (1 - s) * (1 - s) * square
    for j in range(p):
        a, b, h = lam * l1[j], 0 if rows else lam * l2[j], s * g[j]
        if rows:
            h -= s * lam * l2[j] * w[j]
        if w[j] == 0 and fabs(h) <= a:
            continue
        term = a * fabs(w[j]) + 0.5 * b * w[j] * w[j] - h * w[j]
        if a > 0 or b > 0 or reach(h, lower[j], upper[j]) < INFINITY:
            term += conjugate(h, a * (1 + 1e-15), b, lower[j], upper[j])
        else:
            term = INFINITY
        if a == 0 and b == 0 and diagonal[j * step] > 0:
            term = min(term, 1e6 * 0.5 * h * h / (diagonal[j * step] + lam * l2[j]))
        gap += max(term, 0.0)
    return gap


# The smaller gap of the two ways to count the quadratic part, where there is one
cdef inline double least_gap(Py_ssize_t p, const double* g, const double* w, double lam, const double* l1,
                             const double* l2, const double* lower, const double* upper, const double* diagonal,
                             Py_ssize_t step, double square, double ceiling, bint quadratic) noexcept nogil:
    cdef double gap = dual_gap(p, g, w, lam, l1, l2, lower, upper, diagonal, step, square, ceiling, False)
    if quadratic:
        gap = min(gap, dual_gap(p, g, w, lam, l1, l2, lower, upper, diagonal, step, square, ceiling, True))
    return gap
