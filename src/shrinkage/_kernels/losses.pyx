"""Losses of many predictions, their derivatives and conjugates, and the pass over X by rows that they come from.

`_scalar.pxd` has the kinds and what they are. y, weights s and predictions have shape (n, K), for K settings, with any
strides: of 0 where a column or a row is repeated.

A sweep takes for every setting k the predictions b_k + x_i.w_k, their losses, the slopes u_ik, and X'S u. With room for
2 K sums of rows it keeps those of u > 0 (the first K) apart from the others: an intercept's dual point scales one side.
"""
from cython cimport floating

from ._index cimport index
from ._scalar cimport SQUARED_INSENSITIVE, loss_both, loss_conjugate, loss_slope, loss_value
from .lanes cimport row_axpys, row_dots

cdef enum:
    #: settings that a dense sweep takes at a time
    MOST = 8
    #: rows whose sums are taken before they are added to those of all: less rounding
    RUN = 256
    #: rows of `sums`
    LOSS = 0
    UP = 1
    DOWN = 2
    UP_PLACE = 3
    DOWN_PLACE = 4
    SUMS = 5


# s u, and what one row adds to the sums of one setting. Its place is the prediction, for losses of numbers from y on:
# conjugates at y = 0 go with that, and a y far from zero takes no digits.
cdef inline double account(int kind, double parameter, double y, double s, double eta, double* u,
                           double* sums) noexcept nogil:
    cdef double weighted, place = eta - y if kind <= SQUARED_INSENSITIVE else eta
    cdef double value = loss_both(kind, parameter, y, eta, u)
    if s == 0:
        return 0
    weighted = s * u[0]
    sums[LOSS] += s * value
    if u[0] > 0:
        sums[UP] += weighted
        sums[UP_PLACE] += weighted * place
    elif weighted != 0:
        sums[DOWN] += weighted
        sums[DOWN_PLACE] += weighted * place
    return weighted


# sums (SUMS, K) += those of a run of rows, (K, SUMS), which start again
cdef inline void close_run(double* run, double[:, ::1] sums) noexcept nogil:
    cdef Py_ssize_t k, c
    for k in range(sums.shape[1]):
        for c in range(SUMS):
            sums[c, k] += run[k * SUMS + c]
            run[k * SUMS + c] = 0


def evaluate(int kind, double parameter, const double[:, :] y, const double[:, :] eta, double[:, :] values,
             double[:, :] slopes):
    """values <- the losses of predictions eta for targets y, slopes <- their derivatives; an empty one is left out."""
    cdef Py_ssize_t i, k
    cdef bint value = values.shape[0] > 0, slope = slopes.shape[0] > 0
    with nogil:
        for i in range(eta.shape[0]):
            for k in range(eta.shape[1]):
                if value:
                    values[i, k] = loss_value(kind, parameter, y[i, k], eta[i, k])
                if slope:
                    slopes[i, k] = loss_slope(kind, parameter, y[i, k], eta[i, k])


def conjugate(int kind, double parameter, const double[:, :] y, const double[:, :] u, double[:, :] out):
    """out <- sup over p of u p - loss(y, p): inf where there is none."""
    cdef Py_ssize_t i, k
    with nogil:
        for i in range(u.shape[0]):
            for k in range(u.shape[1]):
                out[i, k] = loss_conjugate(kind, parameter, y[i, k], u[i, k])


def conjugate_sums(int kind, double parameter, const double[:, :] y, const double[:, :] s, const double[:, :] U,
                   const double[:, ::1] up, const double[:, ::1] down, double[:, ::1] out):
    """out (m, K) += sum_i s_i conjugate(f u_i), f = up (m, K) where u_i > 0 and down elsewhere."""
    cdef Py_ssize_t i = 0, k, c, r, stop
    cdef double u, total
    with nogil:
        while i < U.shape[0]:
            stop = min(U.shape[0], i + <Py_ssize_t> RUN)
            for c in range(out.shape[0]):
                for k in range(U.shape[1]):
                    total = 0
                    for r in range(i, stop):
                        u = U[r, k]
                        u *= up[c, k] if u > 0 else down[c, k]
                        if s[r, k] != 0:
                            total += s[r, k] * loss_conjugate(kind, parameter, y[r, k], u)
                    out[c, k] += total
            i = stop


def account_for(int kind, double parameter, const double[:, :] y, const double[:, :] s, const double[:, :] eta,
                double[:, :] U, double[:, ::1] sums, double[:, :] SU):
    """U <- slopes at predictions eta and sums (5, K) += what `sweep_dense` adds; SU (n, K or 2 K) <- s u, zero on the
    side where it is not.
    """
    cdef Py_ssize_t i = 0, k, r, c, stop, K = eta.shape[1], wide = SU.shape[1]
    cdef double run[SUMS]
    cdef double weighted
    with nogil:
        while i < eta.shape[0]:
            stop = min(eta.shape[0], i + <Py_ssize_t> RUN)
            for k in range(K):
                for c in range(SUMS):
                    run[c] = 0
                for r in range(i, stop):
                    weighted = account(kind, parameter, y[r, k], s[r, k], eta[r, k], &U[r, k], run)
                    SU[r, k] = SU[r, wide - K + k] = 0
                    SU[r, k if U[r, k] > 0 else wide - K + k] = weighted
                for c in range(SUMS):
                    sums[c, k] += run[c]
            i = stop


# G += what waits in a line of up to four rows
cdef inline void flush(const floating* x, Py_ssize_t p, const double* zeros, const Py_ssize_t* rows, double* factors,
                       Py_ssize_t held, double* G) noexcept nogil:
    cdef const floating* at[4]
    cdef Py_ssize_t q
    for q in range(4):
        if q >= held:
            factors[q] = 0
        at[q] = x + rows[q if q < held else 0] * p
    row_axpys(p, factors, at, zeros, G)


def sweep_dense(int kind, double parameter, const floating[:, ::1] X, const double[::1] zeros, const double[:, ::1] W,
                const double[::1] b, const double[:, :] y, const double[:, :] s, double[:, :] U,
                double[:, ::1] sums, double[:, ::1] G):
    """U (n, K) <- slopes at b + X W', W (K, p) with K <= 8; sums (5, K) += the sums of s loss, of s u over u > 0 and
    over the others, and of s u times the place on both sides, which is the prediction, for losses of numbers less y;
    G (K or 2 K, p) += X'S u. zeros (p,) are that.
    """
    cdef Py_ssize_t n = X.shape[0], p = X.shape[1], K = W.shape[0], i, k, m, q, line
    cdef bint sides = G.shape[0] > K
    cdef const floating* x = NULL
    cdef const floating* at[4]
    cdef double dots[4]
    cdef double run[MOST * SUMS]
    cdef Py_ssize_t rows[2 * MOST][4]
    cdef double factors[2 * MOST][4]
    cdef Py_ssize_t held[2 * MOST]
    cdef double weighted
    if p > 0:
        x = &X[0, 0]
    for k in range(MOST * SUMS):
        run[k] = 0
    for line in range(2 * MOST):
        held[line] = 0
    with nogil:
        for i in range(0, n, 4):
            m = min(<Py_ssize_t> 4, n - i)
            for q in range(4):
                at[q] = x + (i + min(q, m - 1)) * p
                dots[q] = 0
            for k in range(K):
                if p > 0:
                    row_dots(p, at, &zeros[0], &W[k, 0], dots)
                for q in range(m):
                    weighted = account(kind, parameter, y[i + q, k], s[i + q, k], b[k] + dots[q], &U[i + q, k],
                                       &run[k * SUMS])
                    if weighted == 0 or p == 0:
                        continue
                    line = k + K if sides and not U[i + q, k] > 0 else k
                    rows[line][held[line]] = i + q
                    factors[line][held[line]] = weighted
                    held[line] += 1
                    if held[line] == 4:
                        flush(x, p, &zeros[0], rows[line], factors[line], 4, &G[line, 0])
                        held[line] = 0
            if i % RUN == 0:
                close_run(run, sums)
        close_run(run, sums)
        for line in range(G.shape[0]):
            if held[line] > 0:
                flush(x, p, &zeros[0], rows[line], factors[line], held[line], &G[line, 0])


def sweep_sparse(int kind, double parameter, const floating[::1] data, const index[::1] indices,
                 const index[::1] indptr, const double[:, ::1] W, const double[::1] b, const double[:, :] y,
                 const double[:, :] s, double[:, :] U, double[:, ::1] sums, double[:, ::1] G, double[::1] scratch):
    """`sweep_dense` of compressed rows, with W (p, K), any K, and G (p, K or 2 K); scratch (8 K,) is memory."""
    cdef Py_ssize_t i, j, k, q, start, stop, K = W.shape[1], wide = G.shape[1]
    cdef double a, weighted
    cdef double* eta = &scratch[0]
    cdef double* factors = &scratch[K]
    cdef double* run = &scratch[3 * K]
    cdef bint moves
    with nogil:
        for k in range(SUMS * K):
            run[k] = 0
        for i in range(indptr.shape[0] - 1):
            start, stop = indptr[i], indptr[i + 1]
            if K == 1:
                # one setting is a number in a register
                a = b[0]
                for q in range(start, stop):
                    a += data[q] * W[indices[q], 0]
                weighted = account(kind, parameter, y[i, 0], s[i, 0], a, &U[i, 0], run)
                k = 0 if U[i, 0] > 0 else wide - 1
                if weighted != 0:
                    for q in range(start, stop):
                        G[indices[q], k] += data[q] * weighted
            else:
                for k in range(K):
                    eta[k] = b[k]
                for q in range(start, stop):
                    a, j = data[q], indices[q]
                    for k in range(K):
                        eta[k] += a * W[j, k]
                moves = False
                for k in range(K):
                    weighted = account(kind, parameter, y[i, k], s[i, k], eta[k], &U[i, k], run + k * SUMS)
                    factors[k] = factors[wide - K + k] = 0
                    factors[k if U[i, k] > 0 else wide - K + k] = weighted
                    moves = moves or weighted != 0
                if moves:
                    for q in range(start, stop):
                        a, j = data[q], indices[q]
                        for k in range(wide):
                            G[j, k] += a * factors[k]
            if i % RUN == 0:
                close_run(run, sums)
        close_run(run, sums)
