"""The elastic net of columns whose Gram matrix is at hand, at one penalty after the other.

A coordinate rests, at zero or at a bound, or moves within a piece of its penalty that has no kink: [0, upper],
[lower, 0], or all it may where nothing is absolute. With the moving ones known the answer is a linear system, whose
Cholesky factor follows their coming (rows appended in blocks) and going (Givens rotations). Those that come are the
ones whose gradient says so; those that leave their piece on the way rest at its end. Osborne, Presnell and Turlach
(2000); Lee, Battle, Raina and Ng (2007), feature-sign search. Where many come at once, epochs of coordinate descent
find most of the signs first.
"""
from libc.math cimport INFINITY, fabs, hypot, sqrt
from libc.string cimport memmove

from ._penalty cimport least_gap
from ._blas cimport AS_IS, TRANSPOSED, axpy, gemm, potrf, rotate, symv, trmv, trsm, trsv

cdef enum:
    BLOCK = 32         # rows appended together
    FEW = 8            # rows dropped one by one
    LEAST = 20         # coordinates that may always come together
    MOST_ROUNDS = 1000
    MOST_STALLED = 20  # rounds that neither halve the gap nor lower the objective

cdef enum:
    REST = 0
    UP = 1             # [0, upper]
    DOWN = 2           # [lower, 0]
    FREE = 3           # [lower, upper], nothing absolute

cdef double DEPENDENT = 2e-15    # pivot over diagonal below which a column depends on others, times their number
cdef double PROGRESS = 1e-9     # of the objective, in units of |y|^2, that a round must bring
cdef double NOTHING = 1e-12      # of a column's length, which a column that depends on others does not need of another
cdef double NOISE = 1e-12        # gradient beyond the penalty, relative to that, which is none

cdef enum:
    CHECKS
    EPOCHS
    APPENDS
    DROPS
    SOLVES
    SLIDES
    REFACTORED


cdef struct Problem:
    Py_ssize_t m, ld, k, room, ldl
    const double* G
    const double* c
    const double* l1       # at this penalty
    const double* l2
    const double* lower
    const double* upper
    double* w
    double* q              # G w
    double* L              # of G + diag(l2) on the support
    int* support
    int* place             # in the support, or -1
    int* piece
    double* right          # of the system that the support solves
    double* move
    double* before         # w when q was last right
    double* block          # (room x BLOCK)
    double* small          # (BLOCK x BLOCK)
    int* queue
    double* rank           # of those that would come
    long long* counts


cdef inline double sign_of(int piece) noexcept nogil:
    return 1.0 if piece == UP else (-1.0 if piece == DOWN else 0.0)


cdef inline double low_end(const Problem* P, Py_ssize_t j) noexcept nogil:
    return 0.0 if P.piece[j] == UP else P.lower[j]


cdef inline double high_end(const Problem* P, Py_ssize_t j) noexcept nogil:
    return 0.0 if P.piece[j] == DOWN else P.upper[j]


cdef inline double gradient(const Problem* P, Py_ssize_t j) noexcept nogil:
    """Minus that of the smooth part."""
    return P.c[j] - P.q[j] - P.l2[j] * P.w[j]


cdef inline double push(const Problem* P, Py_ssize_t j, int* piece) noexcept nogil:
    """How fast the objective falls where a resting coordinate moves, and into which piece."""
    cdef double g = gradient(P, j), w = P.w[j], up = 0, down = 0
    if w < P.upper[j]:
        up = g + P.l1[j] if w < 0 else g - P.l1[j]
    if w > P.lower[j]:
        down = P.l1[j] - g if w > 0 else -g - P.l1[j]
    if P.l1[j] == 0:
        piece[0] = FREE
    else:
        piece[0] = UP if w > 0 or (w == 0 and up > down) else DOWN
    return max(up, down)


cdef double restricted_gap(Problem* P, double yy, bint quadratic, double* objective) noexcept nogil:
    cdef double square = yy, penalty = 0
    cdef Py_ssize_t j
    for j in range(P.m):
        P.rank[j] = P.c[j] - P.q[j]
        if P.w[j] != 0:
            square += P.w[j] * (P.q[j] - 2 * P.c[j])
            penalty += P.l1[j] * fabs(P.w[j]) + 0.5 * P.l2[j] * P.w[j] * P.w[j]
    square = max(square, 0.0)
    objective[0] = 0.5 * square + penalty
    return least_gap(P.m, 1, 0, P.rank, P.w, 1, P.l1, P.l2, P.lower, P.upper, P.G, P.ld + 1, square, 0.5 * yy,
                     quadratic)


cdef void refresh(Problem* P, bint anew) noexcept nogil:
    """q = G w, all of it or what has changed since."""
    cdef Py_ssize_t j, changed = 0
    for j in range(P.m):
        if anew:
            P.q[j] = 0
            P.before[j] = 0
        P.move[j] = P.w[j] - P.before[j]
        if P.move[j] != 0:
            changed += 1
        P.before[j] = P.w[j]
    if 3 * changed > P.m:
        symv(P.m, P.G, P.ld, P.move, P.q)
        return
    for j in range(P.m):
        if P.move[j] != 0:
            axpy(P.m, P.move[j], P.G + j * P.ld, P.q)


# -- the factor ------------------------------------------------------------------------------------------------

cdef void forget(Problem* P) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(P.k):
        P.place[P.support[i]] = -1
    P.k = 0


cdef bint factor_anew(Problem* P, Py_ssize_t first) noexcept nogil:
    """The factor's rows from `first` on, whose parts before that column are right; whether it exists."""
    cdef Py_ssize_t a, b, size = P.k - first
    cdef const double* column
    cdef int info
    if size <= 0:
        return True
    P.counts[REFACTORED] += 1
    for a in range(first, P.k):
        column = P.G + P.support[a] * P.ld
        for b in range(a, P.k):
            P.L[b + a * P.ldl] = column[P.support[b]]
        P.L[a + a * P.ldl] += P.l2[P.support[a]]
    if first > 0:
        gemm(AS_IS, TRANSPOSED, size, size, first, <double> -1, P.L + first, P.ldl, P.L + first, P.ldl, <double> 1,
             P.L + first + first * P.ldl, P.ldl)
    info = potrf(size, P.L + first + first * P.ldl, P.ldl)
    if info == 0:
        for a in range(first, P.k):
            if P.L[a + a * P.ldl] ** 2 <= DEPENDENT * (a + 10) * (P.G[P.support[a] * (P.ld + 1)] + P.l2[P.support[a]]):
                return False
    return info == 0


cdef void leave(Problem* P, Py_ssize_t i) noexcept nogil:
    """Take position i out of the support and of its factor."""
    cdef Py_ssize_t r, last = P.k - 1, ld = P.ldl
    cdef double a, b, h
    P.counts[DROPS] += 1
    P.place[P.support[i]] = -1
    P.piece[P.support[i]] = REST
    for r in range(i, last):
        P.support[r] = P.support[r + 1]
        P.place[P.support[r]] = <int> r
    for r in range(last):
        memmove(P.L + i + r * ld, P.L + i + 1 + r * ld, (last - i) * sizeof(double))
    memmove(P.L + i + last * ld, P.L + i + 1 + last * ld, (last - i) * sizeof(double))
    P.k = last
    for r in range(i, last):
        a, b = P.L[r + r * ld], P.L[r + (r + 1) * ld]
        h = hypot(a, b)
        if h == 0:
            continue
        rotate(last - r, P.L + r + r * ld, P.L + r + (r + 1) * ld, a / h, b / h)


cdef Py_ssize_t join(Problem* P, Py_ssize_t count) noexcept nogil:
    """Append the `count` columns of the queue; those that depend on others stay in it. Returns how many do."""
    cdef Py_ssize_t start = 0, n, a, b, i, j, k, left = 0, taken
    cdef double v, d
    cdef double* B = P.block
    cdef double* C = P.small
    cdef int order[BLOCK]
    while start < count:
        n = min(<Py_ssize_t> BLOCK, count - start)
        k = P.k
        for a in range(n):
            j = P.queue[start + a]
            for i in range(k):
                B[i + a * P.room] = P.G[P.support[i] + j * P.ld]
            for b in range(a, n):
                C[b + a * BLOCK] = P.G[P.queue[start + b] + j * P.ld]
            C[a + a * BLOCK] += P.l2[j]
        if k > 0:
            trsm(k, n, P.L, P.ldl, B, P.room)
            gemm(TRANSPOSED, AS_IS, n, n, k, <double> -1, B, P.room, B, P.room, <double> 1, C, BLOCK)
        taken = 0
        for a in range(n):
            j = P.queue[start + a]
            d = C[a + a * BLOCK]
            for b in range(taken):
                v = C[a + order[b] * BLOCK]
                for i in range(b):
                    v -= P.L[k + b + (k + i) * P.ldl] * P.L[k + taken + (k + i) * P.ldl]
                v /= P.L[(k + b) * (P.ldl + 1)]
                P.L[k + taken + (k + b) * P.ldl] = v
                d -= v * v
            if P.k >= P.room or d <= DEPENDENT * (P.k + 10) * (P.G[j * (P.ld + 1)] + P.l2[j]) or d <= 0:
                P.queue[left] = <int> j
                left += 1
                continue
            for i in range(k):
                P.L[k + taken + i * P.ldl] = B[i + a * P.room]
            P.L[(k + taken) * (P.ldl + 1)] = sqrt(d)
            order[taken] = <int> a
            P.support[P.k] = <int> j
            P.place[j] = <int> P.k
            P.k += 1
            P.counts[APPENDS] += 1
            taken += 1
        start += n
    return left


cdef bint slide(Problem* P, Py_ssize_t j) noexcept nogil:
    """Move along the direction that changes no fitted value, column j depending on the support, downhill, until a
    coordinate reaches the end of its piece and rests. Whether one of the support does."""
    cdef Py_ssize_t i, s, best = -1
    cdef double slope, away, step, least, end, total, sign = sign_of(P.piece[j])
    P.counts[SLIDES] += 1
    for i in range(P.k):
        P.right[i] = P.G[P.support[i] + j * P.ld]
    trsv(AS_IS, P.k, P.L, P.ldl, P.right)
    trsv(TRANSPOSED, P.k, P.L, P.ldl, P.right)
    slope = P.l1[j] * sign
    total = P.l1[j]
    for i in range(P.k):
        s = P.support[i]
        if P.right[i] ** 2 * P.G[s * (P.ld + 1)] <= NOTHING ** 2 * P.G[j * (P.ld + 1)]:
            P.right[i] = 0  # rounding is no direction
        slope -= P.right[i] * P.l1[s] * sign_of(P.piece[s])
        total += fabs(P.right[i]) * P.l1[s]
    if fabs(slope) <= NOTHING * total:
        slope = 0
    if slope == 0 and P.w[j] == 0:
        return False
    away = -1.0 if slope > 0 or (slope == 0 and P.w[j] > 0) else 1.0          # of coordinate j
    # where nothing is gained either way j goes to zero
    end = 0 if slope == 0 else high_end(P, j) if away > 0 else low_end(P, j)
    least = fabs(end - P.w[j])
    for i in range(P.k):
        s = P.support[i]
        step = -away * P.right[i]
        if step > 0:
            step = (high_end(P, s) - P.w[s]) / step
        elif step < 0:
            step = (low_end(P, s) - P.w[s]) / step
        else:
            continue
        if step < least:
            least, best = step, i
    if least == INFINITY:
        return False
    for i in range(P.k):
        P.w[P.support[i]] -= away * least * P.right[i]
    P.w[j] += away * least
    if best < 0:
        P.w[j] = end
        return False
    s = P.support[best]
    P.w[s] = high_end(P, s) if -away * P.right[best] > 0 else low_end(P, s)
    leave(P, best)
    return True


cdef void enter(Problem* P, Py_ssize_t count) noexcept nogil:
    """The queue's columns, whose pieces are set, join the support, or rest where the others can do without."""
    cdef Py_ssize_t i, j, left, known = P.k
    if count > known and known + count <= P.room:
        for i in range(count):
            P.support[known + i] = P.queue[i]
            P.place[P.queue[i]] = <int> (known + i)
        P.k += count
        if factor_anew(P, 0):
            return
        for i in range(P.k):
            P.queue[i] = P.support[i]
        count = P.k
        forget(P)
    left = join(P, count)
    for i in range(left):
        j = P.queue[i]
        P.queue[0] = <int> j
        while slide(P, j):
            P.queue[0] = <int> j
            if join(P, 1) == 0:
                break
        if P.place[j] < 0:
            P.piece[j] = REST


cdef inline bint at_end(const Problem* P, Py_ssize_t i) noexcept nogil:
    """Whether position i of the support is at an end of its piece and would not move inward."""
    cdef Py_ssize_t s = P.support[i]
    return (P.w[s] <= low_end(P, s) and P.move[i] <= 0) or (P.w[s] >= high_end(P, s) and P.move[i] >= 0)


cdef void drop_resting(Problem* P) noexcept nogil:
    """Take out what is at an end of its piece, `right` and `move` with it."""
    cdef Py_ssize_t i, j, s, kept, gone = 0, first = 0
    for i in range(P.k - 1, -1, -1):
        if at_end(P, i):
            gone, first = gone + 1, i
    if gone == 0:
        return
    if gone <= FEW:
        for i in range(P.k - 1, -1, -1):
            if at_end(P, i):
                memmove(P.right + i, P.right + i + 1, (P.k - 1 - i) * sizeof(double))
                memmove(P.move + i, P.move + i + 1, (P.k - 1 - i) * sizeof(double))
                leave(P, i)
        return
    kept = first
    for i in range(first, P.k):
        s = P.support[i]
        if at_end(P, i):
            P.place[s] = -1
            P.piece[s] = REST
            P.counts[DROPS] += 1
            continue
        P.support[kept] = <int> s
        P.place[s] = <int> kept
        P.right[kept] = P.right[i]
        P.move[kept] = P.move[i]
        for j in range(first):
            P.L[kept + j * P.ldl] = P.L[i + j * P.ldl]
        kept += 1
    P.k = kept
    if not factor_anew(P, first):
        refactor(P)


cdef void refactor(Problem* P) noexcept nogil:
    """The factor of the support anew."""
    cdef Py_ssize_t i, count = P.k
    if factor_anew(P, 0):
        return
    for i in range(count):
        P.queue[i] = P.support[i]
    forget(P)
    enter(P, count)


# -- steps -----------------------------------------------------------------------------------------------------

cdef void epochs(Problem* P, Py_ssize_t count, Py_ssize_t most) noexcept nogil:
    """Coordinate descent over the support and the first `count` of the queue, until no sign changes."""
    cdef Py_ssize_t a, j, changed, _
    cdef double g, new, old, curvature, over
    for _ in range(most):
        P.counts[EPOCHS] += 1
        changed = 0
        for a in range(P.k + count):
            j = P.support[a] if a < P.k else P.queue[a - P.k]
            curvature = P.G[j * (P.ld + 1)] + P.l2[j]
            if curvature <= 0:
                continue
            old = P.w[j]
            g = P.c[j] - P.q[j] + P.G[j * (P.ld + 1)] * old
            over = fabs(g) - P.l1[j]
            new = 0 if over <= 0 else (over if g > 0 else -over) / curvature
            new = min(max(new, P.lower[j]), P.upper[j])
            if new != old:
                changed += (new > 0) != (old > 0) or (new < 0) != (old < 0)
                axpy(P.m, new - old, P.G + j * P.ld, P.q)
                P.w[j] = new
        if changed == 0:
            break
    for j in range(P.m):
        P.before[j] = P.w[j]


cdef bint piece_of(Problem* P, Py_ssize_t j) noexcept nogil:
    """Set the piece of a coordinate by where it is; whether it is inside of one."""
    cdef double w = P.w[j]
    if w <= P.lower[j] or w >= P.upper[j] or (w == 0 and P.l1[j] > 0):
        P.piece[j] = REST
        return False
    P.piece[j] = FREE if P.l1[j] == 0 else (UP if w > 0 else DOWN)
    return True


cdef void settle(Problem* P) noexcept nogil:
    """Solve for the support; what leaves its piece on the way rests at the end of it. q is right before, not after."""
    cdef Py_ssize_t i, s, out, _
    cdef double t, first, target, full, gain, low, high
    for i in range(P.k):
        s = P.support[i]
        P.right[i] = gradient(P, s) - sign_of(P.piece[s]) * P.l1[s]
    for _ in range(2 * P.m + 10):
        if P.k == 0:
            return
        P.counts[SOLVES] += 1
        for i in range(P.k):
            P.move[i] = P.right[i]
        trsv(AS_IS, P.k, P.L, P.ldl, P.move)
        trsv(TRANSPOSED, P.k, P.L, P.ldl, P.move)
        out, first, full = 0, 1, 0
        for i in range(P.k):
            s = P.support[i]
            full += P.right[i] * P.move[i]
            target, low, high = P.w[s] + P.move[i], low_end(P, s), high_end(P, s)
            if target < low or target > high:
                out += 1
                t = ((low if target < low else high) - P.w[s]) / P.move[i]
                first = min(first, t)
        if out == 0:
            for i in range(P.k):
                P.w[P.support[i]] += P.move[i]
            return
        # all of them to the ends of their pieces at once, where that gains as much as stopping at the first
        if out > 1:
            gain = 0
            for i in range(P.k):
                s = P.support[i]
                P.block[i] = min(max(P.w[s] + P.move[i], low_end(P, s)), high_end(P, s)) - P.w[s]
                gain += P.right[i] * P.block[i]
            trmv(TRANSPOSED, P.k, P.L, P.ldl, P.block)
            for i in range(P.k):
                gain -= 0.5 * P.block[i] * P.block[i]
            if gain >= (first - 0.5 * first * first) * full:
                trmv(AS_IS, P.k, P.L, P.ldl, P.block)
                for i in range(P.k):
                    P.right[i] -= P.block[i]
                first = -1
        for i in range(P.k):
            s = P.support[i]
            target, low, high = P.w[s] + P.move[i], low_end(P, s), high_end(P, s)
            if first < 0:
                P.w[s] = min(max(target, low), high)
            elif (target < low or target > high) and ((low if target < low else high) - P.w[s]) / P.move[i] <= first:
                P.w[s] = low if target < low else high
            else:
                P.w[s] += first * P.move[i]
            if first >= 0:
                P.right[i] *= 1 - first
        drop_resting(P)


cdef Py_ssize_t call_up(Problem* P, bint worst) noexcept nogil:
    """Queue the resting coordinates that the gradient pushes hardest, or the one; how many, their pieces set."""
    cdef Py_ssize_t j, count = 0, kept = 0, limit = max(<Py_ssize_t> LEAST, P.k // 8), top = -1
    cdef double v, most = 0, level
    cdef int piece
    for j in range(P.m):
        P.rank[j] = 0
        if P.place[j] >= 0 or P.G[j * (P.ld + 1)] + P.l2[j] <= 0:
            continue
        v = push(P, j, &piece)
        if v > NOISE * max(P.l1[j], 1e-2 * fabs(P.c[j])):
            # what the objective gains by it, so that units do not matter
            v /= sqrt(P.G[j * (P.ld + 1)] + P.l2[j])
            P.rank[j] = v
            count += 1
            if v > most:
                most, top = v, j
    if count == 0:
        return 0
    limit = max(limit, count // 3)
    level = most if worst else 0
    if not worst and count > limit:
        level = most * (1 - (<double> limit) / count) * 0.7
    for j in range(P.m):
        if P.rank[j] > 0 and (P.rank[j] >= level) and (not worst or j == top):
            push(P, j, &piece)
            P.piece[j] = piece
            P.queue[kept] = <int> j
            kept += 1
    return kept


cdef Py_ssize_t sort_out(Problem* P, Py_ssize_t count) noexcept nogil:
    """After epochs of coordinate descent: pieces by where coordinates are. Those of the queue that move; how many."""
    cdef Py_ssize_t i, j, kept = 0
    for i in range(P.k):
        j = P.support[i]
        P.move[i] = 0
        if P.w[j] > P.lower[j] and P.w[j] < P.upper[j] and P.w[j] != 0:
            piece_of(P, j)
    for i in range(count):
        j = P.queue[i]
        if piece_of(P, j):
            P.queue[kept] = <int> j
            kept += 1
    drop_resting(P)
    return kept


def solve(const double[::1, :] G, Py_ssize_t m, const double[::1] c, double yy, const double[::1] l1,
          const double[::1] l2, const double[::1] lower, const double[::1] upper, const double[::1] lam, double tol,
          double[::1] w, double[::1] q, double[::1, :] L, int[:, ::1] indices, int[::1] state, double[:, ::1] scratch,
          double[::1] block, double[::1, :] out, double[::1] gaps, long long[::1] counts, const int[::1] stop):
    """Minimize |y - Zw|^2 / 2 + lam sum_j l1_j |w_j| + l2_j w_j^2 / 2 within bounds, for every lam; how many were.

    G (size, size) and the vectors are at least m long; G = Z'Z, c = Z'y, yy = y'y. A lam counts as solved when the
    duality gap is tol or less; the first that cannot be ends the call, with what there is. w, q, L, indices and state
    are carried from one call to the next: coefficients, G w, the factor, rows support, place (-1 outside), piece and
    queue, and state[0] the size of the support, state[1] whether q and L are those of w (0: all is to be made anew) and
    of another lam (1) or of the first one now (2). out[:, i] <- w, gaps[i] <- the gap at lam[i]. counts (7,) += checks,
    epochs, appends, drops, solves, slides, factorizations. Scratch: scratch (6, size), block (32 (size + 32),).
    """
    cdef Problem P
    cdef Py_ssize_t i, j, count, solved = 0, round_, stalled
    cdef double gap, best, objective, lowest
    cdef long long slides
    cdef bint warm, quadratic = False
    P.m, P.ld, P.k, P.room, P.ldl = m, G.shape[0], state[0], L.shape[0], L.shape[0]
    P.G, P.c, P.lower, P.upper = &G[0, 0], &c[0], &lower[0], &upper[0]
    P.w, P.q, P.L = &w[0], &q[0], &L[0, 0]
    P.support, P.place, P.piece, P.queue = &indices[0, 0], &indices[1, 0], &indices[2, 0], &indices[3, 0]
    P.right, P.move, P.before, P.rank = &scratch[0, 0], &scratch[1, 0], &scratch[2, 0], &scratch[3, 0]
    P.l1, P.l2 = &scratch[4, 0], &scratch[5, 0]
    P.block, P.small = &block[BLOCK * BLOCK], &block[0]
    P.counts = &counts[0]
    with nogil:
        for j in range(m):
            quadratic = quadratic or l2[j] != 0
        for i in range(lam.shape[0]):
            count = 0
            for j in range(m):
                scratch[4, j] = lam[i] * l1[j]
                if lam[i] * l2[j] != scratch[5, j] or (i == 0 and l2[j] != 0):
                    count += 1
                scratch[5, j] = lam[i] * l2[j]
            if i == 0:
                if state[1] == 0:
                    P.k = 0
                    for j in range(m):
                        indices[1, j] = -1
                        if piece_of(&P, j):
                            P.queue[P.k] = <int> j
                            P.k += 1
                    count, P.k = P.k, 0
                    enter(&P, count)
                    count = 0
                refresh(&P, True)
            if count > 0 and P.k > 0:
                refactor(&P)
                refresh(&P, False)
            best, lowest, stalled, warm = INFINITY, INFINITY, 0, i > 0 or state[1] == 1
            for round_ in range(MOST_ROUNDS):
                P.counts[CHECKS] += 1
                gap = restricted_gap(&P, yy, quadratic, &objective)
                gaps[i] = gap
                if gap <= tol or stop[0] != 0:
                    break
                if gap < 0.5 * best or objective < lowest - PROGRESS * yy:
                    best, lowest, stalled = min(best, gap), min(lowest, objective), 0
                else:
                    stalled += 1
                    if stalled > MOST_STALLED:
                        break
                # from one penalty to the next first those move that do already
                count = 0
                if round_ > 0 or P.k == 0 or not warm:
                    count = call_up(&P, stalled > 3)
                if count > max(<Py_ssize_t> LEAST, P.k // 2) and stalled <= 3:
                    epochs(&P, count, 3)
                    count = sort_out(&P, count)
                slides = P.counts[SLIDES]
                enter(&P, count)
                if P.counts[SLIDES] != slides:
                    refresh(&P, False)
                settle(&P)
                refresh(&P, False)
            for j in range(m):
                out[j, i] = P.w[j]
            if gap > tol:
                break
            solved += 1
    state[0] = <int> P.k
    state[1] = 1
    return solved
