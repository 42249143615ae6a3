"""Block coordinate descent on a Gram matrix: rows of several coefficients that are zero together."""
from ._blas cimport axpy
from ._extrapolate cimport KEPT, mix, weights
from ._penalty cimport least_gap, shrink

cdef enum:
    PATIENCE = 40  # rounds that may pass until the gap is half of what it was, and more of small problems
    LITTLE = 2000000000  # multiplications for which they may


# One row after the other: W[j] <- its minimizer, Q = C - G W kept up to date. Whether anything moved.
cdef bint epoch(Py_ssize_t m, Py_ssize_t t, Py_ssize_t ld, const double* G, const double* l1, const double* l2,
                double lam, bint active, double* W, double* Q, double* u) noexcept nogil:
    cdef Py_ssize_t j, c
    cdef double h, old, size
    cdef bint moved = False
    for j in range(m):
        h = G[j + j * ld]
        size = 0
        for c in range(t):
            old = W[j + c * ld]
            size += old * old
            u[c] = Q[j + c * ld] + h * old
        if active and size == 0:
            continue
        shrink(t, u, h, lam * l1[j], lam * l2[j])
        for c in range(t):
            old = W[j + c * ld]
            if u[c] != old:
                W[j + c * ld] = u[c]
                axpy(m, old - u[c], G + j * ld, Q + c * ld)
                moved = True
    return moved


cdef void residual(Py_ssize_t m, Py_ssize_t t, Py_ssize_t ld, const double* G, const double* C, const double* W,
                   double* Q) noexcept nogil:
    cdef Py_ssize_t j, c
    for c in range(t):
        for j in range(m):
            Q[j + c * ld] = C[j + c * ld]
        for j in range(m):
            if W[j + c * ld] != 0:
                axpy(m, -W[j + c * ld], G + j * ld, Q + c * ld)


# |R|^2 - |Y|^2, and the same for twice the objective
cdef void values(Py_ssize_t m, Py_ssize_t t, Py_ssize_t ld, const double* C, const double* W, const double* Q,
                 const double* l1, const double* l2, double lam, double* fit, double* objective) noexcept nogil:
    cdef Py_ssize_t j, c
    cdef double size, w
    fit[0] = objective[0] = 0
    for j in range(m):
        size = 0
        for c in range(t):
            w = W[j + c * ld]
            if w != 0:
                fit[0] -= w * (C[j + c * ld] + Q[j + c * ld])
                size += w * w
        if size > 0:
            objective[0] += 2 * lam * l1[j] * size ** 0.5 + lam * l2[j] * size
    objective[0] += fit[0]


def solve(const double[::1, :] G, Py_ssize_t m, const double[::1, :] C, double yy, const double[::1] l1,
          const double[::1] l2, const double[::1] lower, const double[::1] upper, double lam, double tol,
          Py_ssize_t most, double[::1, :] W, double[::1, :] Q, double[::1] past, double[::1] scratch,
          long long[::1] counts, const int[::1] stop):
    """Minimize |Y - ZW|^2 / 2 + lam sum_j l1_j |W_j| + l2_j |W_j|^2 / 2 over the first m rows of W, G = Z'Z, C = Z'Y.

    Arrays are as long as the working set may become; W, from where it starts, and Q, where C - GW goes, are (., t). yy
    is |Y|^2, past ((KEPT + 2) m t,) and scratch (t,) are memory. lower and upper must be infinite. Rounds of an epoch
    over all rows, some over those that are not zero, and an extrapolation go on until the duality gap is tol or less,
    `most` are done, or it no longer falls. counts (2,) += rounds, epochs. Returns the gap.
    """
    cdef Py_ssize_t t = C.shape[1], ld = C.shape[0], rounds, since = 0, i, j, c, patience
    cdef double gap = 0, best = 0, fit, now, mixed
    cdef double z[KEPT]
    cdef bint quadratic = False, moved
    if m == 0 or t == 0:
        return 0.0
    with nogil:
        patience = max(PATIENCE, min(50 * PATIENCE, LITTLE // (12 * m * m * t)))
        for j in range(m):
            quadratic = quadratic or l2[j] != 0
        residual(m, t, ld, &G[0, 0], &C[0, 0], &W[0, 0], &Q[0, 0])
        for rounds in range(most):
            moved = epoch(m, t, ld, &G[0, 0], &l1[0], &l2[0], lam, False, &W[0, 0], &Q[0, 0], &scratch[0])
            values(m, t, ld, &C[0, 0], &W[0, 0], &Q[0, 0], &l1[0], &l2[0], lam, &fit, &now)
            gap = least_gap(m, t, ld, &Q[0, 0], &W[0, 0], lam, &l1[0], &l2[0], &lower[0], &upper[0], &G[0, 0], ld + 1,
                            max(0.0, yy + fit), 0.5 * yy, quadratic)
            counts[0] += 1
            counts[1] += 1
            if rounds == 0 or gap < 0.5 * best:
                best, since = gap, rounds
            if gap <= tol or stop[0] != 0 or not moved or rounds - since > patience:
                break
            for i in range(KEPT + 1):
                if i > 0:
                    epoch(m, t, ld, &G[0, 0], &l1[0], &l2[0], lam, True, &W[0, 0], &Q[0, 0], &scratch[0])
                    counts[1] += 1
                for c in range(t):
                    for j in range(m):
                        past[i * m * t + c * m + j] = W[j, c]
            if not weights(m * t, &past[0], &z[0]):
                continue
            values(m, t, ld, &C[0, 0], &W[0, 0], &Q[0, 0], &l1[0], &l2[0], lam, &fit, &now)
            mix(m * t, &past[0], &z[0], &past[(KEPT + 1) * m * t])
            for c in range(t):
                for j in range(m):
                    W[j, c] += past[(KEPT + 1) * m * t + c * m + j]
            residual(m, t, ld, &G[0, 0], &C[0, 0], &W[0, 0], &Q[0, 0])
            values(m, t, ld, &C[0, 0], &W[0, 0], &Q[0, 0], &l1[0], &l2[0], lam, &fit, &mixed)
            if not mixed < now:
                for c in range(t):
                    for j in range(m):
                        W[j, c] = past[KEPT * m * t + c * m + j]
                residual(m, t, ld, &G[0, 0], &C[0, 0], &W[0, 0], &Q[0, 0])
    return gap
