"""Passes over a dense X. X has unit stride along one axis (C or F order) and is centred on its way into a product.

Naming: n samples, p features, t targets; mean (p,), s (n,) sample weights; arrays shaped like Y are column major.
"""
from cython cimport floating
from libc.math cimport sqrt

from ._blas cimport AS_IS, TRANSPOSED, gemm, syrk
from .lanes cimport (
    Layout, column_axpys, column_dots, column_moments, layout_of, pack_column, pack_row, packed, row_axpys, row_dots,
    row_moments, widen_add,
)

# samples of a column-major X that are visited together: their residuals stay in the first-level cache
cdef enum:
    STRIP = 512


# addresses of four rows (or columns) from `start` on, the last one repeated past `end`; how many are real
cdef inline Py_ssize_t four(const floating* x, Py_ssize_t ld, Py_ssize_t start, Py_ssize_t end,
                            const floating** at) noexcept nogil:
    cdef Py_ssize_t q
    for q in range(4):
        at[q] = x + min(start + q, end - 1) * ld
    return min(<Py_ssize_t> 4, end - start)


# f[q] = values[q] for q < count, 0 beyond
cdef inline void load(const double* values, Py_ssize_t count, double* f) noexcept nogil:
    cdef Py_ssize_t q
    for q in range(4):
        f[q] = values[q] if q < count else 0


# out <- (X - mean) scaled, all of it, in X's own orientation
cdef inline void pack_all(const floating* x, Layout lay, Py_ssize_t n, Py_ssize_t p, const double* mean,
                          const double* column_scale, const double* row_scale, packed* out) noexcept nogil:
    cdef Py_ssize_t k
    if lay.rowwise:
        for k in range(n):
            pack_row(p, x + k * lay.ld, mean, column_scale, row_scale[k], out + k * p)
    else:
        for k in range(p):
            pack_column(n, x + k * lay.ld, mean[k], column_scale[k], row_scale, out + k * n)


def centre(double[::1, :] Y, const double[::1] s, double total_weight, bint intercept, double[::1] mean,
           double[::1] square):
    """mean <- the columns' weighted means, Y -= mean (both only with an intercept), square <- sum of s Y^2.

    A second pass takes the rounding of the first one out of the mean.
    """
    cdef Py_ssize_t n = Y.shape[0], i, k, _turn
    cdef double v
    with nogil:
        for k in range(Y.shape[1]):
            mean[k] = 0
            for _turn in range(2 if intercept else 0):
                v = 0
                for i in range(n):
                    v += s[i] * Y[i, k]
                v /= total_weight
                mean[k] += v
                for i in range(n):
                    Y[i, k] -= v
            v = 0
            for i in range(n):
                v += s[i] * Y[i, k] * Y[i, k]
            square[k] = v


def moments(const floating[:, :] X, const double[::1] shift, const double[::1] s, const double[:, :] SY,
            double[::1] total, double[::1] square, double[::1, :] cross):
    """total += V's, square += (V*V)'s and cross += V'SY in one read of X, V = X - 1 shift'.

    With any shift near the data neither mean nor variance cancels. SY may have no columns.
    """
    cdef Py_ssize_t n = X.shape[0], p = X.shape[1], t = SY.shape[1], i = 0, j, k, m, q, r
    cdef Layout lay = layout_of(n, p, X.strides[0] // <Py_ssize_t> sizeof(floating),
                                X.strides[1] // <Py_ssize_t> sizeof(floating))
    cdef const floating* x = &X[0, 0]
    cdef const floating* at[4]
    cdef double f[4]
    cdef double shifts[4]
    cdef double dots[4]
    with nogil:
        while lay.rowwise and i < n:
            m = four(x, lay.ld, i, n, at)
            load(&s[i], m, f)
            row_moments(p, f, at, &shift[0], &total[0], &square[0])
            for k in range(t):
                load(&SY[i, k], m, f)
                row_axpys(p, f, at, &shift[0], &cross[0, k])
            i += m
        while i < n:
            m = min(<Py_ssize_t> STRIP, n - i)
            for j in range(0, p, 4):
                q = four(x + i, lay.ld, j, p, at)
                load(&shift[j], q, shifts)
                column_moments(m, at, shifts, &s[i], f, dots)
                for r in range(q):
                    total[j + r] += f[r]
                    square[j + r] += dots[r]
                for k in range(t):
                    column_dots(m, at, shifts, &SY[i, k], dots)
                    for r in range(q):
                        cross[j + r, k] += dots[r]
            i += m


def finish_moments(const double[::1] shift, double[::1] total, double[::1] square, double total_weight, bint intercept):
    """total <- the columns' means (zero without an intercept), square <- their standard deviations about them.

    Returns whether everything is finite.
    """
    cdef Py_ssize_t j
    cdef double v, finite = 0
    with nogil:
        for j in range(total.shape[0]):
            finite += (total[j] - total[j]) + (square[j] - square[j])    # NaN as soon as one is not finite
            v = total[j] / total_weight if intercept else 0
            square[j] = sqrt(max(square[j] / total_weight - v * v, 0))
            total[j] = shift[j] + v
    return finite == 0


def pack(const floating[:, :] X, const double[::1] mean, const double[::1] column_scale,
         const double[::1] row_scale, packed[::1] out):
    """out <- diag(row_scale) (X - 1 mean') diag(column_scale), sample after sample or feature after feature as in X."""
    cdef Layout lay = layout_of(X.shape[0], X.shape[1], X.strides[0] // <Py_ssize_t> sizeof(floating),
                                X.strides[1] // <Py_ssize_t> sizeof(floating))
    with nogil:
        pack_all(&X[0, 0], lay, X.shape[0], X.shape[1], &mean[0], &column_scale[0], &row_scale[0], &out[0])


def rank_update(const packed[::1] tile, Py_ssize_t depth, bint transposed, bint first, bint last,
                double[::1, :] out, float[::1, :] part):
    """out += A A' (A is (order, depth)) or A'A (transposed: A is (depth, order)), lower triangle; A column major.

    A float tile is multiplied in single precision into `part`, shaped like out and not used otherwise: the first of a
    run of tiles starts it, the last adds it to out.
    """
    cdef Py_ssize_t order = out.shape[0], c
    cdef char trans = TRANSPOSED if transposed else AS_IS
    cdef Py_ssize_t ld = depth if transposed else order
    with nogil:
        if packed is double:
            syrk(trans, order, depth, &tile[0], ld, <double> 1, &out[0, 0], order)
        else:
            syrk(trans, order, depth, &tile[0], ld, <float> (0 if first else 1), &part[0, 0], order)
            if last:
                for c in range(order):
                    widen_add(order - c, &part[c, c], &out[c, c])


def sweep(const floating[:, :] X, const double[::1] mean, const double[::1] s, double sign,
          const double[::1, :] W, double[:, :] R, double[::1, :] G):
    """R += sign (X - 1 mean') W, then G += (X - 1 mean')' diag(s) R, both in one read of X, for a few targets.

    An empty W or G leaves that half out. R has unit stride down its columns.
    """
    cdef Py_ssize_t n = X.shape[0], p = X.shape[1], t = R.shape[1], i = 0, j, k, m, q, r
    cdef bint product = W.shape[0] > 0, adjoint = G.shape[0] > 0
    cdef Layout lay = layout_of(n, p, X.strides[0] // <Py_ssize_t> sizeof(floating),
                                X.strides[1] // <Py_ssize_t> sizeof(floating))
    cdef const floating* x = &X[0, 0]
    cdef const floating* at[4]
    cdef double f[4]
    cdef double means[4]
    cdef double dots[4]
    cdef double weighted[STRIP]
    with nogil:
        while lay.rowwise and i < n:
            m = four(x, lay.ld, i, n, at)
            for k in range(t):
                if product:
                    row_dots(p, at, &mean[0], &W[0, k], dots)
                    for r in range(m):
                        R[i + r, k] += sign * dots[r]
                if adjoint:
                    for r in range(4):
                        f[r] = s[i + r] * R[i + r, k] if r < m else 0
                    row_axpys(p, f, at, &mean[0], &G[0, k])
            i += m
        while i < n:
            m = min(<Py_ssize_t> STRIP, n - i)
            if product:
                for j in range(0, p, 4):
                    q = four(x + i, lay.ld, j, p, at)
                    load(&mean[j], q, means)
                    for k in range(t):
                        for r in range(4):
                            f[r] = sign * W[j + r, k] if r < q else 0
                        column_axpys(m, f, at, means, &R[i, k])
            if adjoint:
                for k in range(t):
                    for r in range(m):
                        weighted[r] = s[i + r] * R[i + r, k]
                    for j in range(0, p, 4):
                        q = four(x + i, lay.ld, j, p, at)
                        load(&mean[j], q, means)
                        column_dots(m, at, means, weighted, dots)
                        for r in range(q):
                            G[j + r, k] += dots[r]
            i += m


def sweep_many(const floating[:, :] X, const double[::1] mean, const double[::1] s, const double[::1] ones,
               double sign, const double[::1, :] W, double[::1, :] R, double[::1, :] G, double[::1] scratch,
               double[::1, :] weighted, Py_ssize_t step):
    """`sweep` for many targets: tiles of `step` samples are packed and multiplied by BLAS.

    scratch has step * p entries, weighted (step, t), ones max(n, p).
    """
    cdef Py_ssize_t n = X.shape[0], p = X.shape[1], t = R.shape[1], i = 0, k, r, m, ld
    cdef bint product = W.shape[0] > 0, adjoint = G.shape[0] > 0
    cdef Layout lay = layout_of(n, p, X.strides[0] // <Py_ssize_t> sizeof(floating),
                                X.strides[1] // <Py_ssize_t> sizeof(floating))
    cdef const floating* x = &X[0, 0]
    cdef char along = TRANSPOSED if lay.rowwise else AS_IS, across = AS_IS if lay.rowwise else TRANSPOSED
    with nogil:
        while i < n:
            m = min(step, n - i)
            ld = p if lay.rowwise else m
            pack_all(x + i * (lay.ld if lay.rowwise else 1), lay, m, p, &mean[0], &ones[0], &ones[0], &scratch[0])
            if product:
                gemm(along, AS_IS, m, t, p, sign, &scratch[0], ld, &W[0, 0], p, <double> 1, &R[i, 0], n)
            if adjoint:
                for k in range(t):
                    for r in range(m):
                        weighted[r, k] = s[i + r] * R[i + r, k]
                gemm(across, AS_IS, p, t, m, <double> 1, &scratch[0], ld, &weighted[0, 0], weighted.shape[0],
                     <double> 1, &G[0, 0], p)
            i += m
