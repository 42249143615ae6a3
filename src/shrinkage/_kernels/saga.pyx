"""Stochastic average gradients (SAG, SAGA) over the rows of X in a given order: one epoch with a constant rate.

The gradient of row i that was last seen is u_i x_i, u its weighted slope, and g (p,) is the mean of all of them. A step
with u the new slope is

    w <- shrink soft(w - rate (fresh (u - u_i) x_i + g), threshold),   then   g <- g + (u - u_i) x_i / n,   u_i <- u,

fresh being 1 (SAGA) or 1/n (SAG), threshold rate l1 and shrink 1 / (1 + rate l2): the proximal step of the penalty.
`state` (2,) is the intercept and its mean slope.
"""
from cython cimport floating
from libc.math cimport copysign, fabs

from ._index cimport index
from ._rows cimport asked, dense_dot, dense_fetch, dense_saga, sparse_fetch
from ._scalar cimport loss_slope, soft

cdef enum:
    INTERCEPT
    MEAN_SLOPE

cdef enum:
    AHEAD = 3      # rows that are asked of memory before their turn
    HEED = 64      # rows between two looks at `stop`

# Scale below which coefficients are worked out
cdef double LEAST = 1e-2


# The change of a row's slope, which is kept
cdef inline double changed(int loss, double parameter, double y, double s, double prediction, double* u) noexcept nogil:
    cdef double before = u[0]
    u[0] = s * loss_slope(loss, parameter, y, prediction) if s != 0 else 0.0
    return u[0] - before


cdef inline void move_intercept(double* state, double change, double rate, double fresh, double share) noexcept nogil:
    state[INTERCEPT] -= rate * (fresh * change + state[MEAN_SLOPE])
    state[MEAN_SLOPE] += share * change


def dense(const floating[::1] data, const double[::1] y, const double[::1] s, const long long[::1] order, int loss,
          double parameter, double rate, double fresh, double threshold, double shrink, bint intercept,
          double[::1] w, double[::1] g, double[::1] u, double[::1] state, const int[::1] stop):
    """An epoch of a dense X, row major."""
    cdef Py_ssize_t p = w.shape[0], n = u.shape[0], count = order.shape[0], r, i
    cdef double share = 1.0 / n, dot, change
    cdef const floating* x
    cdef const floating* next
    if count == 0:
        return
    with nogil:
        x = &data[0] + order[0] * p
        dot = dense_dot(p, x, &w[0])
        for r in range(count):
            if r % HEED == 0 and asked(&stop[0]):
                break
            if r + AHEAD < count:
                dense_fetch(p, &data[0] + order[r + AHEAD] * p)
            i = order[r]
            change = changed(loss, parameter, y[i], s[i], dot + state[INTERCEPT], &u[i])
            next = &data[0] + order[r + 1] * p if r + 1 < count else x
            dot = dense_saga(p, &w[0], &g[0], x, next, rate, fresh * change, share * change, threshold, shrink)
            x = next
            if intercept:
                move_intercept(&state[0], change, rate, fresh, share)


# w after k steps of w <- shrink soft(w - c, threshold) in which it keeps its sign, a being c and the threshold that is
# towards zero: powers[k] w - a sums[k]
cdef inline double along(double w, double a, double shrink, const double* powers, const double* sums,
                         Py_ssize_t k) noexcept nogil:
    return w - a * k if shrink == 1 else powers[k] * w - a * sums[k]


# What w becomes in k such steps. It changes its sign once at most, after which step is found by halving.
cdef double idle(double w, double c, double threshold, double shrink, const double* powers, const double* sums,
                 Py_ssize_t k) noexcept nogil:
    cdef double sign, a, v
    cdef Py_ssize_t low, high, middle, stride
    while k > 0:
        if w == 0:
            if fabs(c) <= threshold:
                return 0
            # away from zero, and never back
            return along(0, c - threshold if c > 0 else c + threshold, shrink, powers, sums, k)
        sign = 1.0 if w > 0 else -1.0
        w, a = fabs(w), sign * c + threshold
        v = along(w, a, shrink, powers, sums, k)
        if v > 0 or a <= 0:
            return sign * v
        low, high, stride = 0, k, 1
        # most come to zero soon
        while low + stride < high and along(w, a, shrink, powers, sums, low + stride) > 0:
            low += stride
            stride *= 2
        high = min(high, low + stride)
        while high - low > 1:
            middle = (low + high) // 2
            if along(w, a, shrink, powers, sums, middle) > 0:
                low = middle
            else:
                high = middle
        w = shrink * soft(sign * along(w, a, shrink, powers, sums, low) - c, threshold)
        k -= low + 1
    return w


# Without a threshold every step is linear: w = D (v - S g), of which steps that leave a coefficient alone change but
# D and S. So no coefficient has to catch up; v is in the place of w, and all are worked out where digits might go.
cdef void smooth(const floating* data, const index* indices, const index* indptr, const double* y, const double* s,
                 const long long* order, Py_ssize_t count, Py_ssize_t n, Py_ssize_t p, int loss, double parameter,
                 double rate, double fresh, double shrink, bint intercept, double* cells, double* u, double* state,
                 const int* stop) noexcept nogil:
    cdef double share = 1.0 / n, D = 1, S = 0, total, mean, change, step, x
    cdef Py_ssize_t r, i, q, j
    cdef double* cell
    for r in range(count):
        if r % HEED == 0 and asked(stop):
            return
        if r + AHEAD < count:
            sparse_fetch(data, indices, indptr[order[r + AHEAD]], indptr[order[r + AHEAD] + 1])
        i = order[r]
        total = mean = 0
        for q in range(indptr[i], indptr[i + 1]):
            cell = cells + 3 * <Py_ssize_t> indices[q]
            total += data[q] * cell[0]
            mean += data[q] * cell[1]
        change = changed(loss, parameter, y[i], s[i], D * (total - S * mean) + state[INTERCEPT], u + i)
        S += rate / D
        step = change * (S * share - rate / D * fresh)
        for q in range(indptr[i], indptr[i + 1]):
            cell = cells + 3 * <Py_ssize_t> indices[q]
            x = data[q]
            cell[0] += step * x
            cell[1] += share * change * x
        D *= shrink
        if intercept:
            move_intercept(state, change, rate, fresh, share)
        if D < LEAST or r + 1 == count:
            for j in range(p):
                cells[3 * j] = D * (cells[3 * j] - S * cells[3 * j + 1])
            D, S = 1, 0
    for j in range(p):
        cells[3 * j + 2] = count


def sparse(const floating[::1] data, const index[::1] indices, const index[::1] indptr, const double[::1] y,
           const double[::1] s, const long long[::1] order, int loss, double parameter, double rate, double fresh,
           double threshold, double shrink, bint intercept, const double[::1] powers,
           const double[::1] sums, double[:, ::1] cells, double[::1] u, double[::1] state, const int[::1] stop):
    """An epoch of X compressed by rows, each of which costs what it has entries.

    cells (p, 3) are w, g and up to which step w has come; coefficients that rows leave alone catch up when they are
    needed, all of them at the end. powers[k] and sums[k], k up to the number of rows, are shrink^k and the sum of
    shrink to shrink^k.
    """
    cdef Py_ssize_t p = cells.shape[0], n = u.shape[0], count = order.shape[0], r, i, q, j, k
    cdef double share = 1.0 / n, prediction, change, w, c, v
    cdef double* cell
    if threshold == 0:
        with nogil:
            smooth(&data[0], &indices[0], &indptr[0], &y[0], &s[0], &order[0], count, n, p, loss, parameter, rate,
                   fresh, shrink, intercept, &cells[0, 0], &u[0], &state[0], &stop[0])
        return
    with nogil:
        for j in range(p):
            cells[j, 2] = 0
        for r in range(count):
            if r % HEED == 0 and asked(&stop[0]):
                break
            if r + AHEAD < count:
                sparse_fetch(&data[0], &indices[0], indptr[order[r + AHEAD]], indptr[order[r + AHEAD] + 1])
            i = order[r]
            prediction = state[INTERCEPT]
            for q in range(indptr[i], indptr[i + 1]):
                cell = &cells[indices[q], 0]
                k = r - <Py_ssize_t> cell[2]
                if k > 0:
                    w = cell[0]
                    c = rate * cell[1]
                    v = along(fabs(w), copysign(1.0, w) * c + threshold, shrink, &powers[0], &sums[0], k)
                    if fabs(c) <= threshold:
                        # towards zero, and there it stays
                        cell[0] = copysign(0.0 if v < 0 else v, w)
                    elif v > 0 and w != 0:
                        cell[0] = copysign(v, w)
                    else:
                        cell[0] = idle(w, c, threshold, shrink, &powers[0], &sums[0], k)
                prediction += data[q] * cell[0]
            change = changed(loss, parameter, y[i], s[i], prediction, &u[i])
            for q in range(indptr[i], indptr[i + 1]):
                cell = &cells[indices[q], 0]
                # the soft threshold without a branch, which nobody could foresee
                w = cell[0] - rate * (fresh * change * data[q] + cell[1])
                v = fabs(w) - threshold
                cell[0] = shrink * copysign(0.0 if v < 0 else v, w)
                cell[1] += share * change * data[q]
                cell[2] = r + 1
            if intercept:
                move_intercept(&state[0], change, rate, fresh, share)
        for j in range(p):
            k = count - <Py_ssize_t> cells[j, 2]
            if k > 0:
                cells[j, 0] = idle(cells[j, 0], rate * cells[j, 1], threshold, shrink, &powers[0], &sums[0], k)
                cells[j, 2] = count
