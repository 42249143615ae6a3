"""Stochastic gradient descent over the rows of X in a given order: one pass.

X is dense and row major (`data` alone) or compressed by rows. K settings train together: `settings` (K, 7) are
the rate, l1, l2, alpha and where the "optimal" schedule starts, and the factors of the weights of rows with y > 0 and
of the others; y is (n, 1), or (n, K) with targets for each. `state` (K, 7) is the intercept, its sum over the iterates
that count, the weighted sum of the losses before every step, scale and threshold, and the intercept's two moments.
`clock` is how many steps there have been, and how many since scales were last one. Iterates count for the mean from
step `average_from` on, 0 being never.

A step of plain SGD scales the coefficients by 1 - rate l2, subtracts rate g and takes the L1 of all steps so far at
once: what was not taken from a coefficient because it was zero stays owed (Tsuruoka, Tsujii and Ananiadou 2009; dual
averaging, Xiao 2010). With D the product of the scales and B the sum of rate l1 / D, that is

    z <- z - rate g / D,      w = D soft(z, B),

so that a coefficient whose gradient is zero is not touched, whatever the penalty.
"""
from cython cimport floating
from libc.math cimport fabs, pow, sqrt
from libc.string cimport memset

from ._blas cimport AS_IS, TRANSPOSED, gemm
from ._index cimport index
from ._rows cimport (
    asked, dense_add, dense_copy, dense_dot, dense_fetch, dense_step, move, soft_add, soft_flat, sparse_add, sparse_dot,
    sparse_fetch, step_all,
)
from ._scalar cimport loss_both, soft


cdef extern from "steps.h" nogil:
    ctypedef struct shrinkage_step:
        double sign, coupled, keep, rate, first, fresh, second, fresh_second, root, eps, threshold
    void sgd_d(Py_ssize_t n, double* p, const double* g, double* b, const shrinkage_step* s, int kind,
               int prox) noexcept
    void adam_d(Py_ssize_t n, double* p, const double* g, double* m, double* v, double* most, const shrinkage_step* s,
                int prox) noexcept
    int NO_PROX, PROX, METRIC

cdef enum:
    RATE
    L1
    L2
    ALPHA
    START
    POSITIVE
    NEGATIVE
    SETTINGS

cdef enum:
    INTERCEPT
    TOTAL
    LOSS
    SCALE
    THRESHOLD
    FIRST
    SECOND
    STATE

cdef enum:
    STEPS
    SINCE

cdef enum:
    CONSTANT
    OPTIMAL
    INVERSE

# ways of a step: 1 and 2 are those of steps.h
cdef enum:
    SGD = 0
    MOMENTUM = 1
    ADAM = 3
    ADAMW = 4

cdef enum:
    AHEAD = 3      # rows that are asked of memory before their turn
    HEED = 64      # rows between two looks at `stop`
    FEW = 3        # settings up to which rows are multiplied as they lie

# Slopes beyond this are cut
cdef double STEEPEST = 1e12
# The scale below which z takes it over: digits that the sums may lose
cdef double LEAST_SCALE = 1e-4


cdef inline double clipped(double slope) noexcept nogil:
    return STEEPEST if slope > STEEPEST else -STEEPEST if slope < -STEEPEST else slope


cdef inline double raised(double t, double power) noexcept nogil:
    return sqrt(sqrt(t)) if power == 0.25 else sqrt(t) if power == 0.5 else 1.0 if power == 0 else pow(t, power)


cdef inline double rate_at(int schedule, const double* own, double power, double t) noexcept nogil:
    if schedule == OPTIMAL:
        return 1.0 / (own[ALPHA] * (own[START] + t - 1.0))
    return own[RATE] / raised(t, power) if schedule == INVERSE else own[RATE]


# The gradient of a weighted loss at a prediction; its value is added to `total`
cdef inline double gradient(int loss, double parameter, double y, double weight, const double* own, double prediction,
                            double* total) noexcept nogil:
    cdef double slope
    weight *= own[POSITIVE] if y > 0 else own[NEGATIVE]
    if weight == 0:
        # of a row that is not there nothing counts, infinity included
        return 0
    total[0] += weight * loss_both(loss, parameter, y, prediction, &slope)
    return weight * clipped(slope)


# Scale and threshold of the next step; z, `apart` from number to number, takes over a scale that is too small
cdef inline void advance(double* now, const double* own, double rate, Py_ssize_t p, double* z,
                         Py_ssize_t apart) noexcept nogil:
    cdef Py_ssize_t j
    now[SCALE] *= max(0.0, 1.0 - rate * own[L2])
    if now[SCALE] < LEAST_SCALE:
        for j in range(p):
            z[j * apart] *= now[SCALE]
        now[THRESHOLD] *= now[SCALE]
        now[SCALE] = 1
    now[THRESHOLD] += rate * own[L1] / now[SCALE]


def online(const floating[::1] data, const double[:, ::1] y, const double[::1] s, const long long[::1] order,
           const double[:, ::1] settings, int loss, double parameter, int schedule, double power, bint intercept,
           long long average_from, double[::1] z, double[::1] total, double[:, ::1] state, long long[::1] clock,
           const int[::1] stop):
    """A step for every row of a dense X, with one setting.

    total (p,) <- total + w after every step that counts; empty where none does.
    """
    cdef Py_ssize_t p = z.shape[0], count = order.shape[0], r
    cdef const double* own = &settings[0, 0]
    cdef double* now = &state[0, 0]
    cdef const floating* x
    cdef const floating* next
    cdef double g, rate, dot
    cdef long long t = clock[STEPS]
    cdef bint counts
    if count == 0:
        return
    with nogil:
        x = &data[0] + order[0] * p
        dot = dense_step(p, &z[0], NULL, x, x, 0, now[THRESHOLD], 1)
        for r in range(count):
            if r % HEED == 0 and asked(&stop[0]):
                break
            if r + AHEAD < count:
                dense_fetch(p, &data[0] + order[r + AHEAD] * p)
            t += 1
            rate = rate_at(schedule, own, power, <double> t)
            g = gradient(loss, parameter, y[order[r], 0], s[order[r]], own, now[SCALE] * dot + now[INTERCEPT],
                         now + LOSS)
            advance(now, own, rate, p, &z[0], 1)
            counts = 0 < average_from <= t
            next = &data[0] + order[r + 1] * p if r + 1 < count else x
            dot = dense_step(p, &z[0], &total[0] if counts else NULL, x, next, rate * g / now[SCALE], now[THRESHOLD],
                             now[SCALE])
            x = next
            if intercept:
                now[INTERCEPT] -= rate * g
            if counts:
                now[TOTAL] += now[INTERCEPT]
        clock[STEPS] = t


# ------------------------------------------------------------------------------------------- lazy averages
#
# Of a coefficient that rows leave alone the iterates from step m0 to m1 sum to |z| (S_m1 - S_m0-1) - (Q_m1 - Q_m0-1),
# S and Q being the sums of D and D B, up to where B reaches |z|: `history` (M + 1, K, 3) has B, S, Q, `when` (p,) the
# first step that is not in `total` (p, K) yet.


# What the iterates of one coefficient from step `first` to `last` sum to
cdef inline double idle_sum(double z, const double* history, Py_ssize_t K, long long first,
                            long long last) noexcept nogil:
    cdef double limit = fabs(z), out
    cdef long long low = first - 1, high = last, middle, stride = 1
    if z == 0 or last < first:
        return 0
    if history[last * K * 3] >= limit:
        # most thresholds are reached soon
        while low + stride < high and history[(low + stride) * K * 3] < limit:
            low += stride
            stride *= 2
        high = min(high, low + stride)
        while high - low > 1:
            middle = (low + high) // 2
            if history[middle * K * 3] < limit:
                low = middle
            else:
                high = middle
        high = low
    out = (limit * (history[high * K * 3 + 1] - history[(first - 1) * K * 3 + 1])
           - (history[high * K * 3 + 2] - history[(first - 1) * K * 3 + 2]))
    return out if z > 0 else -out


# The iterates of one coefficient so far are summed: it is about to change
cdef inline void remember(Py_ssize_t K, const double* z, double* total, long long* when, long long since,
                          const double* history) noexcept nogil:
    cdef Py_ssize_t k
    if when[0] <= since:
        for k in range(K):
            total[k] += idle_sum(z[k], history + 3 * k, K, when[0], since)
        when[0] = since + 1


# out (K,) <- x_i.soft(z)
cdef inline void soft_dots(const floating* data, const index* indices, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t K,
                           const double* z, const double* thresholds, double* out) noexcept nogil:
    cdef Py_ssize_t q, k
    cdef double sum = 0, threshold = thresholds[0]
    if K == 1:
        for q in range(start, stop):
            sum += data[q] * soft_flat(z[indices[q]], threshold)
        out[0] = sum
        return
    for k in range(K):
        out[k] = 0
    for q in range(start, stop):
        soft_add(K, z + <Py_ssize_t> indices[q] * K, thresholds, data[q], out)


# All scales are one
cdef void take_over(Py_ssize_t p, Py_ssize_t K, double* z, double* state, double* thresholds, double* total,
                    long long* when, long long* clock, double* history) noexcept nogil:
    cdef Py_ssize_t j, k
    for j in range(p):
        if total != NULL:
            remember(K, z + j * K, total + j * K, when + j, clock[SINCE], history)
            when[j] = 1
        for k in range(K):
            z[j * K + k] *= state[k * STATE + SCALE]
    for k in range(K):
        thresholds[k] *= state[k * STATE + SCALE]
        state[k * STATE + THRESHOLD] = thresholds[k]
        state[k * STATE + SCALE] = 1
    clock[SINCE] = 0


cdef inline void lazy_pass(const floating* data, const index* indices, const index* indptr, Py_ssize_t p,
                           Py_ssize_t K, const double* y, Py_ssize_t targets, const double* s, const long long* order,
                           Py_ssize_t count, Py_ssize_t batch, const double* settings, int loss, double parameter,
                           int schedule, double power, bint intercept, long long average_from, double* z,
                           double* total, long long* when, double* history, Py_ssize_t room, double* state,
                           long long* clock, double* g, double* rates, double* thresholds,
                           const int* stop) noexcept nogil:
    cdef Py_ssize_t start, size, r, q, k, i, j
    cdef double* now
    cdef double part
    cdef const double* own
    cdef bint full, counts
    start = 0
    for k in range(K):
        thresholds[k] = state[k * STATE + THRESHOLD]
    while start < count and not asked(stop):
        size = min(batch, count - start)
        for r in range(size):
            i = order[start + r]
            if start + r + AHEAD < count:
                sparse_fetch(data, indices, indptr[order[start + r + AHEAD]], indptr[order[start + r + AHEAD] + 1])
            soft_dots(data, indices, indptr[i], indptr[i + 1], K, z, thresholds, g + r * K)
            for k in range(K):
                now = state + k * STATE
                g[r * K + k] = gradient(
                    loss, parameter, y[i * targets + (k if targets > 1 else 0)], s[i], settings + k * SETTINGS,
                    now[SCALE] * g[r * K + k] + now[INTERCEPT], now + LOSS) / size
        clock[STEPS] += 1
        full = clock[SINCE] == room
        for k in range(K):
            own, now = settings + k * SETTINGS, state + k * STATE
            rates[k] = rate_at(schedule, own, power, <double> clock[STEPS])
            full = full or max(0.0, 1.0 - rates[k] * own[L2]) * now[SCALE] < LEAST_SCALE
        if full:
            take_over(p, K, z, state, thresholds, total, when, clock, history)
        counts = 0 < average_from <= clock[STEPS]
        if total != NULL:
            for r in range(size):
                i = order[start + r]
                for q in range(indptr[i], indptr[i + 1]):
                    j = indices[q]
                    remember(K, z + j * K, total + j * K, when + j, clock[SINCE], history)
        clock[SINCE] += 1
        for k in range(K):
            own, now = settings + k * SETTINGS, state + k * STATE
            advance(now, own, rates[k], p, z + k, K)
            thresholds[k] = now[THRESHOLD]
            if total != NULL:
                q = clock[SINCE] * K + k
                history[3 * q] = thresholds[k]
                history[3 * q + 1] = history[3 * (q - K) + 1] + counts * now[SCALE]
                history[3 * q + 2] = history[3 * (q - K) + 2] + counts * now[SCALE] * thresholds[k]
            rates[k] /= now[SCALE]
        for r in range(size):
            i = order[start + r]
            for k in range(K):
                g[r * K + k] *= rates[k]
            if K == 1:
                part = g[r]
                for q in range(indptr[i], indptr[i + 1]):
                    z[indices[q]] -= part * data[q]
            else:
                for q in range(indptr[i], indptr[i + 1]):
                    move(K, z + <Py_ssize_t> indices[q] * K, data[q], g + r * K)
        for k in range(K):
            now = state + k * STATE
            if intercept:
                part = 0
                for r in range(size):
                    part += g[r * K + k]
                now[INTERCEPT] -= now[SCALE] * part
            if counts:
                now[TOTAL] += now[INTERCEPT]
        start += size


def lazy(const floating[::1] data, const index[::1] indices, const index[::1] indptr, const double[:, ::1] y,
         const double[::1] s, const long long[::1] order, Py_ssize_t batch, const double[:, ::1] settings, int loss,
         double parameter, int schedule, double power, bint intercept, long long average_from,
         double[:, ::1] z, double[:, ::1] total, long long[::1] when, double[:, :, ::1] history,
         double[:, ::1] state, long long[::1] clock, double[:, ::1] g, double[:, ::1] scratch, const int[::1] stop):
    """The steps of `online` for a sparse X, for K settings, z (p, K), and the mean gradient of `batch` rows at a time.

    A row costs what it has entries, whatever the penalty. total, when and history are empty where no iterate counts;
    g (batch, K) and scratch (2, K) are memory.
    """
    cdef Py_ssize_t K = settings.shape[0], p = z.shape[0], targets = y.shape[1], count = order.shape[0], room = -1
    cdef double* sums = NULL
    if total.shape[0]:
        sums, room = &total[0, 0], history.shape[0] - 1
    with nogil:
        # the compiler makes loops of their own for one setting
        if K == 1 and sums == NULL:
            lazy_pass(&data[0], &indices[0], &indptr[0], p, 1, &y[0, 0], targets, &s[0], &order[0], count, batch,
                      &settings[0, 0], loss, parameter, schedule, power, intercept, average_from, &z[0, 0], NULL, NULL,
                      NULL, -1, &state[0, 0], &clock[0], &g[0, 0], &scratch[0, 0], &scratch[1, 0], &stop[0])
        elif K == 1:
            lazy_pass(&data[0], &indices[0], &indptr[0], p, 1, &y[0, 0], targets, &s[0], &order[0], count, batch,
                      &settings[0, 0], loss, parameter, schedule, power, intercept, average_from, &z[0, 0], sums,
                      &when[0], &history[0, 0, 0], room, &state[0, 0], &clock[0], &g[0, 0], &scratch[0, 0],
                      &scratch[1, 0], &stop[0])
        else:
            lazy_pass(&data[0], &indices[0], &indptr[0], p, K, &y[0, 0], targets, &s[0], &order[0], count, batch,
                      &settings[0, 0], loss, parameter, schedule, power, intercept, average_from, &z[0, 0], sums,
                      &when[0], &history[0, 0, 0], room, &state[0, 0], &clock[0], &g[0, 0], &scratch[0, 0],
                      &scratch[1, 0], &stop[0])


def settled(const double[:, ::1] z, const double[:, ::1] total, const long long[::1] when,
            const double[:, :, ::1] history, const double[:, ::1] state, const long long[::1] clock,
            double[:, ::1] w, double[:, ::1] sums):
    """w (K, p) <- D soft(z, B) for z (p, K), sums (K, p) <- the sums of the iterates that count."""
    cdef Py_ssize_t K = z.shape[1], p = z.shape[0], j, k
    cdef bint average = total.shape[0] > 0
    with nogil:
        for j in range(p):
            for k in range(K):
                w[k, j] = state[k, SCALE] * soft(z[j, k], state[k, THRESHOLD])
                if average:
                    sums[k, j] = total[j, k] + idle_sum(z[j, k], &history[0, k, 0], K, when[j], clock[SINCE])


# ------------------------------------------------------------------------------------------------ whole batches


# What a step of setting k is, for its coefficients or, penalized by nothing, its intercept
cdef inline shrinkage_step step_of(int way, const double* own, const double* numbers, double rate, double t,
                                   bint penalized) noexcept nogil:
    cdef shrinkage_step out
    cdef double l1 = own[L1] if penalized else 0.0, l2 = own[L2] if penalized else 0.0
    memset(&out, 0, sizeof(out))
    out.sign, out.keep, out.rate, out.threshold = 1, 1, rate, rate * l1
    if way >= ADAM:
        out.first, out.second, out.eps = numbers[1], numbers[2], numbers[3]
        out.fresh, out.fresh_second = 1 - out.first, 1 - out.second
        out.rate = rate / (1 - pow(out.first, t))
        out.root = 1 / sqrt(1 - pow(out.second, t))
    elif way >= MOMENTUM:
        # at rest the momentum is the gradient over this, and so must the threshold be
        out.first, out.fresh, out.threshold = numbers[0], 1, out.threshold / (1 - numbers[0])
    if way == ADAMW:
        out.keep = max(0.0, 1 - rate * l2)
    else:
        out.coupled = l2
    return out


cdef inline void take_step(int way, Py_ssize_t n, double* w, const double* g, double* first, double* second,
                           const shrinkage_step* s) noexcept nogil:
    cdef bint prox = s.threshold > 0
    if way >= ADAM:
        adam_d(n, w, g, first, second, NULL, s, METRIC if prox else NO_PROX)
    else:
        sgd_d(n, w, g, first, s, way, PROX if prox else NO_PROX)


def batches(const floating[::1] data, const index[::1] indices, const index[::1] indptr, const double[:, ::1] y,
            const double[::1] s, const long long[::1] order, Py_ssize_t batch, const double[:, ::1] settings, int loss,
            double parameter, int schedule, double power, int way, const double[::1] numbers, bint intercept,
            long long average_from, double[:, ::1] W, double[:, ::1] first, double[:, ::1] second,
            double[:, ::1] total, double[:, ::1] state, long long[::1] clock, double[:, ::1] block, double[:, ::1] P,
            double[:, ::1] G, const int[::1] stop):
    """A step for every `batch` rows with their mean gradient, for all K settings by one product with the rows.

    way: 0 SGD, 1 momentum, 2 Nesterov, 3 Adam, 4 AdamW; numbers: momentum, the two betas, eps. W (K, p) and, where
    the way has them, first and second (K, p) its moments; first is z of SGD. All but SGD end with a soft threshold
    of the step's own L1, in the metric of the step. total (K, p) are sums of the iterates that count, or empty.
    block (batch, p), P (batch, K) and G (K, p) are memory.
    """
    cdef Py_ssize_t K = W.shape[0], p = W.shape[1], count = order.shape[0], start = 0, size, r, k, j, i
    cdef Py_ssize_t targets = y.shape[1]
    cdef bint dense = indptr.shape[0] == 0, counts
    cdef const double* own
    cdef double* now
    cdef double* v
    cdef double rate, part
    cdef shrinkage_step step
    with nogil:
        while start < count and not asked(&stop[0]):
            size = min(batch, count - start)
            if not dense:
                for r in range(size):
                    i = order[start + r]
                    for k in range(K):
                        P[r, k] = sparse_dot(&data[0], &indices[0], indptr[i], indptr[i + 1], &W[k, 0])
            elif K <= FEW:
                for r in range(size):
                    if start + r + AHEAD < count:
                        dense_fetch(p, &data[0] + order[start + r + AHEAD] * p)
                    for k in range(K):
                        P[r, k] = dense_dot(p, &data[0] + order[start + r] * p, &W[k, 0])
            else:
                for r in range(size):
                    if start + r + AHEAD < count:
                        dense_fetch(p, &data[0] + order[start + r + AHEAD] * p)
                    dense_copy(p, &data[0] + order[start + r] * p, &block[r, 0])
                gemm(TRANSPOSED, AS_IS, K, size, p, 1.0, &W[0, 0], p, &block[0, 0], p, 0.0, &P[0, 0], K)
            for r in range(size):
                i = order[start + r]
                for k in range(K):
                    now = &state[k, 0]
                    P[r, k] = gradient(loss, parameter, y[i, k if targets > 1 else 0], s[i], &settings[k, 0],
                                       P[r, k] + now[INTERCEPT], now + LOSS) / size
            if dense and K > FEW:
                gemm(AS_IS, TRANSPOSED, p, K, size, 1.0, &block[0, 0], p, &P[0, 0], K, 0.0, &G[0, 0], p)
            else:
                memset(&G[0, 0], 0, K * p * sizeof(double))
                if dense:
                    dense_add(p, K, &data[0], &order[start], size, &P[0, 0], &G[0, 0])
                else:
                    for r in range(size):
                        i = order[start + r]
                        for k in range(K):
                            sparse_add(&data[0], &indices[0], indptr[i], indptr[i + 1], P[r, k], &G[k, 0])
            clock[STEPS] += 1
            counts = 0 < average_from <= clock[STEPS]
            for k in range(K):
                now = &state[k, 0]
                own = &settings[k, 0]
                rate = rate_at(schedule, own, power, <double> clock[STEPS])
                v = &second[k, 0] if way >= ADAM else NULL
                if way == SGD:
                    advance(now, own, rate, p, &first[k, 0], 1)
                    step_all(p, &first[k, 0], &G[k, 0], rate / now[SCALE], now[THRESHOLD], now[SCALE], &W[k, 0])
                else:
                    step = step_of(way, own, &numbers[0], rate, <double> clock[STEPS], True)
                    take_step(way, p, &W[k, 0], &G[k, 0], &first[k, 0], v, &step)
                if intercept:
                    part = 0
                    for r in range(size):
                        part += P[r, k]
                    step = step_of(way, own, &numbers[0], rate, <double> clock[STEPS], False)
                    take_step(way, 1, now + INTERCEPT, &part, now + FIRST, now + SECOND, &step)
                if counts:
                    now[TOTAL] += now[INTERCEPT]
                    for j in range(p):
                        total[k, j] += W[k, j]
            start += size
