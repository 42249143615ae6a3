"""Coordinate descent on columns of X as they are stored, centred without being changed."""
from cython cimport floating
from libc.math cimport fabs
from libc.string cimport memcpy

from ._columns cimport column_axpy, column_dot
from ._extrapolate cimport KEPT, mix, to_steps, weights
from ._index cimport index
from ._penalty cimport least_gap

cdef enum:
    REST = 5  # epochs over what is not zero, after one over all


# The part of v that is a multiple of s, added to it
cdef void settle(bint weighted, const double[::1] s, double* c, double[::1] v) noexcept nogil:
    cdef Py_ssize_t i
    if c[0] != 0:
        for i in range(v.shape[0]):
            v[i] += c[0] * (s[i] if weighted else 1.0)
        c[0] = 0


# |r|^2 / 2 + sum_j l1_j |w_j| + l2_j w_j^2 / 2 at v = S r, and |r|^2
cdef double objective(bint weighted, const double[::1] s, const double* v, Py_ssize_t n, const double* w,
                      Py_ssize_t m, const double[::1] l1, const double[::1] l2, double* square) noexcept nogil:
    cdef double out = 0
    cdef Py_ssize_t i
    for i in range(n):
        if not weighted:
            out += v[i] * v[i]
        elif s[i] > 0:
            out += v[i] * v[i] / s[i]
    square[0] = out
    out *= 0.5
    for i in range(m):
        if w[i] != 0:
            out += l1[i] * fabs(w[i]) + 0.5 * l2[i] * w[i] * w[i]
    return out


# Anderson's mix of the last epochs, whose w and v are the rows of past and past_v, in the place of the last where its
# objective is lower
cdef void extrapolate(bint weighted, const double[::1] s, Py_ssize_t n, double* v, Py_ssize_t m, double* w,
                      const double[::1] l1, const double[::1] l2, const double[::1] lower, const double[::1] upper,
                      double* past, double* past_v) noexcept nogil:
    cdef double z[KEPT]
    cdef double* mixed_w = past + (KEPT + 1) * m
    cdef double* mixed_v = past_v + (KEPT + 1) * n
    cdef double now, mixed, square
    cdef Py_ssize_t k, i
    if not weights(m, past, &z[0]):
        return
    now = objective(weighted, s, v, n, w, m, l1, l2, &square)
    to_steps(n, past_v)
    mix(m, past, &z[0], mixed_w)
    mix(n, past_v, &z[0], mixed_v)
    for k in range(m):
        mixed_w[k] += w[k]
        if not lower[k] <= mixed_w[k] <= upper[k]:
            return
    for i in range(n):
        mixed_v[i] += v[i]
    mixed = objective(weighted, s, mixed_v, n, mixed_w, m, l1, l2, &square)
    if mixed < now:
        memcpy(w, mixed_w, m * sizeof(double))
        memcpy(v, mixed_v, n * sizeof(double))


def subtract(const floating[::1] data, const index[::1] indices, const index[::1] indptr, const int[::1] which,
             const double[::1] mean, const double[::1] s, const double[::1] w, double[::1] v):
    """v -= S (X - mean) w over the columns `which`, X and s as `descend` has them."""
    cdef Py_ssize_t n = v.shape[0], k
    cdef bint dense = indptr.shape[0] == 0, weighted = s.shape[0] > 0
    cdef double c = 0
    cdef const floating* x = &data[0] if data.shape[0] else NULL
    cdef const index* at = &indices[0] if indices.shape[0] else NULL
    cdef const index* ptr = &indptr[0] if indptr.shape[0] else NULL
    cdef const double* weight = &s[0] if weighted else NULL
    if n == 0:
        return
    with nogil:
        for k in range(which.shape[0]):
            if w[k] != 0:
                column_axpy(dense, n, x, at, ptr, which[k], -w[k], weighted, weight, &v[0])
                c += w[k] * mean[k]
        settle(weighted, s, &c, v)


def descend(const floating[::1] data, const index[::1] indices, const index[::1] indptr, const int[::1] which,
            const double[::1] mean, const double[::1] s, double total, const double[::1] squares,
            const double[::1] l1, const double[::1] l2, const double[::1] lower, const double[::1] upper,
            double ceiling, Py_ssize_t calm, int sweeps, double tol, int rounds, double[::1] w, double[::1] v,
            double[::1] past, double[::1] past_v, double[::1] g, const int[::1] stop):
    """Lower |r|^2 / 2 + sum_j l1_j |w_j| + l2_j w_j^2 / 2 over the columns `which` of Z = S^1/2 (X - mean).

    data holds X, dense and column major (no indptr) or compressed by columns; squares (m,) are those of Z's columns,
    those without any are left out. v (n,) = S r, its sum zero where means are not; s (n,) may be empty, `total` is its
    sum. At most `sweeps` times one epoch goes over all columns and some over those that are not zero, until no more
    than `calm` signs change. Then at most `rounds` of the same with an extrapolation follow, until the duality gap
    among the columns is tol or less or no longer falls. past ((KEPT + 2) m,), past_v ((KEPT + 2) n,) and
    g (m,) are memory. Returns (signs that changed in the last epoch over all, that gap, -1 before it was looked for,
    epochs).
    """
    cdef Py_ssize_t n = v.shape[0], m = which.shape[0], k, changed = 0, own
    cdef bint dense = indptr.shape[0] == 0, weighted = s.shape[0] > 0, quadratic = False, finishing = False
    cdef bint active
    cdef int turn, e, slow = 0, epochs = 0, done = 0
    cdef double c = 0, old, new, h, over, gap = -1, before = 0, square
    cdef const floating* x = &data[0] if data.shape[0] else NULL
    cdef const index* at = &indices[0] if indices.shape[0] else NULL
    cdef const index* ptr = &indptr[0] if indptr.shape[0] else NULL
    cdef const double* weight = &s[0] if weighted else NULL
    if m == 0 or n == 0:
        return 0, 0.0, 0
    with nogil:
        for k in range(m):
            quadratic = quadratic or l2[k] != 0
        for turn in range(sweeps + rounds):
            for e in range(REST + 1):
                active = e > 0
                own = 0
                epochs += 1
                for k in range(m):
                    old = w[k]
                    if squares[k] <= 0 or (active and old == 0):
                        continue
                    h = column_dot(dense, n, x, at, ptr, which[k], &v[0]) + c * total * mean[k] + squares[k] * old
                    over = fabs(h) - l1[k]
                    new = 0 if over <= 0 else (over if h > 0 else -over) / (squares[k] + l2[k])
                    new = min(max(new, lower[k]), upper[k])
                    if new != old:
                        own += (new > 0) != (old > 0) or (new < 0) != (old < 0)
                        column_axpy(dense, n, x, at, ptr, which[k], old - new, weighted, weight, &v[0])
                        c += (new - old) * mean[k]
                        w[k] = new
                settle(weighted, s, &c, v)
                if not active:
                    changed = own
                if finishing:
                    memcpy(&past[e * m], &w[0], m * sizeof(double))
                    memcpy(&past_v[e * n], &v[0], n * sizeof(double))
                elif active and own == 0:
                    break
                if stop[0] != 0:
                    break
            if stop[0] != 0:
                break
            if finishing:
                extrapolate(weighted, s, n, &v[0], m, &w[0], l1, l2, lower, upper, &past[0], &past_v[0])
                done += 1
                if done > 1 and done % 2 != 0 and turn + 1 < sweeps + rounds:
                    continue
            else:
                finishing = changed <= calm and rounds > 0
                if changed <= calm and rounds == 0 or not finishing and turn + 1 >= sweeps:
                    break
                if not finishing:
                    continue
            objective(weighted, s, &v[0], n, &w[0], m, l1, l2, &square)
            for k in range(m):
                g[k] = column_dot(dense, n, x, at, ptr, which[k], &v[0])
            gap = least_gap(m, 1, 0, &g[0], &w[0], 1, &l1[0], &l2[0], &lower[0], &upper[0], &squares[0], 1, square,
                            ceiling, quadratic)
            if done == 0 and gap > tol:
                continue
            slow = slow + 1 if before > 0 and gap > 0.5 * before else 0
            before = gap
            if gap <= tol or slow > 1:
                break
    return changed, gap, epochs
