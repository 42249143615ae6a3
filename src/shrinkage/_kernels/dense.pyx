"""Passes over a dense X. X has unit stride along one axis (C or F order) and is walked in tiles that stay in cache.

Naming: n samples, p features, t targets; mean (p,), s (n,) sample weights; Y-shaped arrays are column major (n, t).
`plain` says that means are small enough against the spread for X to be used as it lies in memory and centred after
the product; otherwise every tile is centred first, into scratch.
"""
from cython cimport floating

from ._blas cimport AS_IS, TRANSPOSED, gemm, syrk
from .lanes cimport (column_moments_d, column_moments_s, pack_column_dd, pack_column_sd, pack_column_ss, pack_row_dd,
                     pack_row_sd, pack_row_ss, row_moments_d, row_moments_s, widen_add)


# X as BLAS sees it: rowwise means each sample is contiguous, and so a column of a (p x n) column-major matrix
cdef struct Layout:
    bint rowwise
    Py_ssize_t ld


# a block of X in double precision: `trans` turns it into samples x features
cdef struct Tile:
    const double* at
    Py_ssize_t ld
    char trans


cdef inline Layout layout_of(Py_ssize_t n, Py_ssize_t p, Py_ssize_t row_stride, Py_ssize_t column_stride) noexcept nogil:
    cdef Layout out
    out.rowwise = not (row_stride == 1 and (column_stride >= n or p == 1))
    out.ld = max(row_stride, p) if out.rowwise else max(column_stride, n)
    return out


cdef inline void row_moments(Py_ssize_t p, const floating* x, const double* shift, double s, double* total,
                             double* square) noexcept nogil:
    if floating is double:
        row_moments_d(p, x, shift, s, total, square)
    else:
        row_moments_s(p, x, shift, s, total, square)


cdef inline void column_moments(Py_ssize_t n, const floating* x, double shift, const double* s, double* total,
                                double* square) noexcept nogil:
    if floating is double:
        column_moments_d(n, x, shift, s, total, square)
    else:
        column_moments_s(n, x, shift, s, total, square)


# scratch <- (X - mean) scaled, rows i..i+m, columns j..j+q, kept in X's own orientation
cdef inline void pack(const floating* x, Layout lay, Py_ssize_t i, Py_ssize_t m, Py_ssize_t j, Py_ssize_t q,
                      const double* mean, const double* column_scale, const double* row_scale,
                      double* scratch) noexcept nogil:
    cdef Py_ssize_t k
    if lay.rowwise:
        for k in range(m):
            if floating is double:
                pack_row_dd(q, x + (i + k) * lay.ld + j, mean + j, column_scale + j, row_scale[i + k], scratch + k * q)
            else:
                pack_row_sd(q, x + (i + k) * lay.ld + j, mean + j, column_scale + j, row_scale[i + k], scratch + k * q)
    else:
        for k in range(q):
            if floating is double:
                pack_column_dd(m, x + (j + k) * lay.ld + i, mean[j + k], column_scale[j + k], row_scale + i,
                               scratch + k * m)
            else:
                pack_column_sd(m, x + (j + k) * lay.ld + i, mean[j + k], column_scale[j + k], row_scale + i,
                               scratch + k * m)


# the same into single precision, for products that are summed in double tile by tile
cdef inline void pack_single(const float* x, Layout lay, Py_ssize_t i, Py_ssize_t m, Py_ssize_t j, Py_ssize_t q,
                             const double* mean, const double* column_scale, const double* row_scale,
                             float* scratch) noexcept nogil:
    cdef Py_ssize_t k
    if lay.rowwise:
        for k in range(m):
            pack_row_ss(q, x + (i + k) * lay.ld + j, mean + j, column_scale + j, row_scale[i + k], scratch + k * q)
    else:
        for k in range(q):
            pack_column_ss(m, x + (j + k) * lay.ld + i, mean[j + k], column_scale[j + k], row_scale + i,
                           scratch + k * m)


# rows i..i+m of X, untouched where X is double and plain, else packed
cdef inline Tile rows_of(const floating* x, Layout lay, Py_ssize_t i, Py_ssize_t m, Py_ssize_t p, const double* mean,
                         const double* ones, bint plain, double* scratch) noexcept nogil:
    cdef Tile out
    out.trans = TRANSPOSED if lay.rowwise else AS_IS
    if floating is double:
        if plain:
            out.at = x + (i * lay.ld if lay.rowwise else i)
            out.ld = lay.ld
            return out
    pack(x, lay, i, m, 0, p, mean, ones, ones, scratch)
    out.at = scratch
    out.ld = p if lay.rowwise else m
    return out


def moments(const floating[:, :] X, const double[::1] shift, const double[::1] s, const double[::1, :] SY,
            const double[::1] zeros, const double[::1] ones, double[::1] total, double[::1] square,
            double[::1, :] cross, double[::1] scratch, Py_ssize_t step):
    """total += V's and square += (V*V)'s for V = X - 1 shift', cross += X'(SY), in one read of X.

    zeros has p entries, ones max(n, p).
    """
    cdef Py_ssize_t n = X.shape[0], p = X.shape[1], t = SY.shape[1], i = 0, j, k, m
    cdef Layout lay = layout_of(n, p, X.strides[0] // <Py_ssize_t> sizeof(floating),
                                X.strides[1] // <Py_ssize_t> sizeof(floating))
    cdef const floating* x = &X[0, 0]
    cdef const double* sy = &SY[0, 0]
    cdef char across = AS_IS if lay.rowwise else TRANSPOSED
    cdef Tile tile
    with nogil:
        while i < n:
            m = min(step, n - i)
            if lay.rowwise:
                for k in range(i, i + m):
                    row_moments(p, x + k * lay.ld, &shift[0], s[k], &total[0], &square[0])
            else:
                for j in range(p):
                    column_moments(m, x + j * lay.ld + i, shift[j], &s[i], &total[j], &square[j])
            tile = rows_of(x, lay, i, m, p, &zeros[0], &ones[0], True, &scratch[0])
            gemm(across, AS_IS, p, t, m, <double> 1, tile.at, tile.ld, sy + i, n, <double> 1,
                 &cross[0, 0], p)
            i += m


def gram(const floating[:, :] X, const double[::1] mean, const double[::1] column_scale,
         const double[::1] row_scale, int axis, bint plain, double[::1, :] out, floating[::1, :] part,
         floating[::1] scratch, Py_ssize_t step, const int[::1] stop):
    """out += Z'Z (axis 0) or ZZ' (axis 1), lower triangle, Z = diag(row_scale) (X - 1 mean') diag(column_scale).

    plain (double only): means and scales are ignored, X is multiplied as it lies. Float tiles are multiplied in single
    precision into `part` (same shape as out; unused for double) and summed in double. A non-zero stop[0] ends it.
    """
    cdef Py_ssize_t n = X.shape[0], p = X.shape[1], order = out.shape[0], depth = n if axis == 0 else p
    cdef Py_ssize_t k = 0, m, c, ld
    cdef Layout lay = layout_of(n, p, X.strides[0] // <Py_ssize_t> sizeof(floating),
                                X.strides[1] // <Py_ssize_t> sizeof(floating))
    cdef const floating* x = &X[0, 0]
    cdef const floating* at
    # a tile is stored in X's orientation, so the operation that sums over `axis` depends on both
    cdef char trans = AS_IS if lay.rowwise == (axis == 0) else TRANSPOSED
    cdef Py_ssize_t stride = lay.ld if lay.rowwise == (axis == 0) else 1
    with nogil:
        while k < depth and stop[0] == 0:
            m = min(step, depth - k)
            if plain:
                at, ld = x + k * stride, lay.ld
            else:
                if floating is double:
                    if axis == 0:
                        pack(x, lay, k, m, 0, p, &mean[0], &column_scale[0], &row_scale[0], &scratch[0])
                    else:
                        pack(x, lay, 0, n, k, m, &mean[0], &column_scale[0], &row_scale[0], &scratch[0])
                else:
                    if axis == 0:
                        pack_single(x, lay, k, m, 0, p, &mean[0], &column_scale[0], &row_scale[0], &scratch[0])
                    else:
                        pack_single(x, lay, 0, n, k, m, &mean[0], &column_scale[0], &row_scale[0], &scratch[0])
                at, ld = &scratch[0], order if trans == AS_IS else m
            if floating is double:
                syrk(trans, order, m, at, ld, <double> 1, &out[0, 0], order)
            else:
                syrk(trans, order, m, at, ld, <float> 0, &part[0, 0], order)
                for c in range(order):
                    widen_add(order - c, &part[c, c], &out[c, c])
            k += m


def sweep(const floating[:, :] X, const double[::1] mean, const double[::1] s, const double[::1] ones, bint plain,
          double sign, const double[::1, :] W, double[::1, :] R, double[::1, :] G, double[::1] scratch,
          double[::1, :] weighted, Py_ssize_t step):
    """R += sign (X - 1 mean') W, then G += (X - 1 mean')' diag(s) R, both in one read of X.

    An empty W or G leaves that half out. weighted: (step, t) scratch. Where X is float or not plain, scratch holds
    step * p values.
    """
    cdef Py_ssize_t n = X.shape[0], p = X.shape[1], t = R.shape[1], i = 0, j, k, r, m
    cdef bint product = W.shape[0] > 0, adjoint = G.shape[0] > 0
    cdef Layout lay = layout_of(n, p, X.strides[0] // <Py_ssize_t> sizeof(floating),
                                X.strides[1] // <Py_ssize_t> sizeof(floating))
    cdef const floating* x = &X[0, 0]
    cdef bint late = plain and floating is double    # centre after the product
    cdef char across = AS_IS if lay.rowwise else TRANSPOSED
    cdef double shift
    cdef Tile tile
    with nogil:
        if late and product:
            for k in range(t):
                shift = 0
                for j in range(p):
                    shift += mean[j] * W[j, k]
                for r in range(n):
                    R[r, k] -= sign * shift
        while i < n:
            m = min(step, n - i)
            tile = rows_of(x, lay, i, m, p, &mean[0], &ones[0], plain, &scratch[0])
            if product:
                gemm(tile.trans, AS_IS, m, t, p, sign, tile.at, tile.ld, &W[0, 0], p, <double> 1, &R[i, 0], n)
            if adjoint:
                for k in range(t):
                    for r in range(m):
                        weighted[r, k] = s[i + r] * R[i + r, k]
                gemm(across, AS_IS, p, t, m, <double> 1, tile.at, tile.ld, &weighted[0, 0],
                     weighted.shape[0], <double> 1, &G[0, 0], p)
            i += m
        if late and adjoint:
            for k in range(t):
                shift = 0
                for r in range(n):
                    shift += s[r] * R[r, k]
                for j in range(p):
                    G[j, k] -= mean[j] * shift
