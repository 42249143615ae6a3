"""l1 |w| + l2 |w|^2 / 2 of numbers within bounds, or of rows of several: prox, conjugate, gap of a sum of squares."""
from libc.math cimport INFINITY, fabs, sqrt


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


# Of h = s (g - shift w), a row of t entries `step` apart: its size, signed where it is one number; |w|; h.w
cdef inline void measure_row(Py_ssize_t t, Py_ssize_t step, const double* g, const double* w, double shift, double s,
                             double* size, double* norm, double* along) noexcept nogil:
    cdef double h, ww = 0, hh = 0, hw = 0
    cdef Py_ssize_t c
    if t == 1:
        h = s * (g[0] - shift * w[0])
        size[0], norm[0], along[0] = h, fabs(w[0]), h * w[0]
        return
    for c in range(t):
        h = s * (g[c * step] - shift * w[c * step])
        hh, ww, hw = hh + h * h, ww + w[c * step] * w[c * step], hw + h * w[c * step]
    size[0], norm[0], along[0] = sqrt(hh), sqrt(ww), hw


# u <- the minimizer over w of (h + l2) |w|^2 / 2 - u.w + l1 |w|, t numbers: a block's step, h its curvature or a bound
cdef inline void shrink(Py_ssize_t t, double* u, double h, double l1, double l2) noexcept nogil:
    cdef double size = 0, factor
    cdef Py_ssize_t c
    for c in range(t):
        size += u[c] * u[c]
    size = sqrt(size)
    factor = 0 if size <= l1 or h + l2 <= 0 else (1 - l1 / size) / (h + l2)
    for c in range(t):
        u[c] *= factor


# Gap between |r|^2/2 + sum_j h_j(w_j) and the dual at s r, g = Z'r (where `rows`, the quadratic part of the penalty
# being rows of the data, g is Z'r - l2 w). With the best s the residuals allow it is
#     (1 - s)^2 |r|^2 / 2 + sum_j h_j(w_j) + h_j*(s g_j) - s g_j w_j,
# no term of which is negative. g and w have t columns, `step` apart: h_j is of the norm of their rows, which t > 1
# leaves without bounds. l1 and l2 are for lam = 1. `ceiling` is the objective at w = 0: no solution has l1 |w| above
# it, so that a bound beyond is none. A coordinate without penalty or bound has no dual point but at g = 0: it counts
# 1e6 times what it could gain alone, its sum of squares being diagonal[j * next].
cdef inline double dual_gap(Py_ssize_t p, Py_ssize_t t, Py_ssize_t step, const double* g, const double* w, double lam,
                            const double* l1, const double* l2, const double* lower, const double* upper,
                            const double* diagonal, Py_ssize_t next, double square, double ceiling,
                            bint rows) noexcept nogil:
    cdef double s = 1, gap, a, b, shift, h, size, along, term, cross = 0
    cdef Py_ssize_t j
    for j in range(p):
        a, b = lam * l1[j], lam * l2[j]
        measure_row(t, step, g + j, w + j, b if rows else 0, 1, &h, &size, &along)
        if rows:
            square += b * size * size
        cross += along
        if (rows or b == 0) and a > 0 and fabs(h) > a and a * reach(h, lower[j], upper[j]) >= ceiling:
            s = min(s, a / fabs(h))
    if square > 0:
        s = min(s, max(0.0, (square + cross) / square))
    gap = 0.5 * (1 - s) * (1 - s) * square
    for j in range(p):
        a, b, shift = lam * l1[j], lam * l2[j], 0
        if rows:
            shift, b = b, 0
        measure_row(t, step, g + j, w + j, shift, s, &h, &size, &along)
        if size == 0 and fabs(h) <= a:
            continue
        term = a * size + 0.5 * b * size * size - along
        if a > 0 or b > 0 or reach(h, lower[j], upper[j]) < INFINITY:
            term += conjugate(h, a * (1 + 1e-15), b, lower[j], upper[j])
        else:
            term = INFINITY
        if a == 0 and b == 0 and diagonal[j * next] > 0:
            term = min(term, 1e6 * 0.5 * h * h / (diagonal[j * next] + shift))
        gap += max(term, 0.0)
    return gap


# The smaller gap of the two ways to count the quadratic part, where there is one
cdef inline double least_gap(Py_ssize_t p, Py_ssize_t t, Py_ssize_t step, const double* g, const double* w, double lam,
                             const double* l1, const double* l2, const double* lower, const double* upper,
                             const double* diagonal, Py_ssize_t next, double square, double ceiling,
                             bint quadratic) noexcept nogil:
    cdef double gap = dual_gap(p, t, step, g, w, lam, l1, l2, lower, upper, diagonal, next, square, ceiling, False)
    if quadratic:
        gap = min(gap, dual_gap(p, t, step, g, w, lam, l1, l2, lower, upper, diagonal, next, square, ceiling, True))
    return gap
