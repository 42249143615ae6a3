"""lanes.h for Cython: a fused inline function for every lane, so that no kernel names a precision; and how X lies."""
from cython cimport floating

from ._index cimport index

ctypedef fused packed:
    float
    double

# X as BLAS sees it: rowwise means that each sample is contiguous, a column of a (p x n) column-major matrix
cdef struct Layout:
    bint rowwise
    Py_ssize_t ld


cdef inline Layout layout_of(Py_ssize_t n, Py_ssize_t p, Py_ssize_t row_stride,
                             Py_ssize_t column_stride) noexcept nogil:
    cdef Layout out
    out.rowwise = not (row_stride == 1 and (column_stride >= n or p == 1))
    out.ld = max(row_stride, p) if out.rowwise else max(column_stride, n)
    return out


cdef extern from "lanes.h" nogil:
    void row_dots_d(Py_ssize_t p, const double** x, const double* mean, const double* w, double* out) noexcept
    void column_dots_d(Py_ssize_t n, const double** x, const double* mean, const double* r, double* out) noexcept
    void row_axpys_d(Py_ssize_t p, const double* f, const double** x, const double* mean, double* out) noexcept
    void column_axpys_d(Py_ssize_t n, const double* f, const double** x, const double* mean, double* out) noexcept
    void row_moments_d(Py_ssize_t p, const double* s, const double** x, const double* shift, double* total,
                       double* square) noexcept
    void column_moments_d(Py_ssize_t n, const double** x, const double* shift, const double* s, double* total,
                          double* square) noexcept
    void row_dots_s(Py_ssize_t p, const float** x, const double* mean, const double* w, double* out) noexcept
    void column_dots_s(Py_ssize_t n, const float** x, const double* mean, const double* r, double* out) noexcept
    void row_axpys_s(Py_ssize_t p, const double* f, const float** x, const double* mean, double* out) noexcept
    void column_axpys_s(Py_ssize_t n, const double* f, const float** x, const double* mean, double* out) noexcept
    void row_moments_s(Py_ssize_t p, const double* s, const float** x, const double* shift, double* total,
                       double* square) noexcept
    void column_moments_s(Py_ssize_t n, const float** x, const double* shift, const double* s, double* total,
                          double* square) noexcept
    void pack_row_dd(Py_ssize_t p, const double* x, const double* mean, const double* scale, double factor,
                     double* out) noexcept
    void pack_column_dd(Py_ssize_t n, const double* x, double mean, double factor, const double* scale,
                        double* out) noexcept
    void pack_row_ds(Py_ssize_t p, const double* x, const double* mean, const double* scale, double factor,
                     float* out) noexcept
    void pack_column_ds(Py_ssize_t n, const double* x, double mean, double factor, const double* scale,
                        float* out) noexcept
    void pack_row_sd(Py_ssize_t p, const float* x, const double* mean, const double* scale, double factor,
                     double* out) noexcept
    void pack_column_sd(Py_ssize_t n, const float* x, double mean, double factor, const double* scale,
                        double* out) noexcept
    void pack_row_ss(Py_ssize_t p, const float* x, const double* mean, const double* scale, double factor,
                     float* out) noexcept
    void pack_column_ss(Py_ssize_t n, const float* x, double mean, double factor, const double* scale,
                        float* out) noexcept
    void gather_eight_di(Py_ssize_t count, const double* data, const int* indices, const double* v,
                         double* out) noexcept
    void gather_eight_dl(Py_ssize_t count, const double* data, const long long* indices, const double* v,
                         double* out) noexcept
    void gather_eight_si(Py_ssize_t count, const float* data, const int* indices, const double* v,
                         double* out) noexcept
    void gather_eight_sl(Py_ssize_t count, const float* data, const long long* indices, const double* v,
                         double* out) noexcept
    void widen_add(Py_ssize_t n, const float* part, double* total) noexcept


cdef inline void row_dots(Py_ssize_t p, const floating** x, const double* mean, const double* w,
                          double* out) noexcept nogil:
    if floating is double:
        row_dots_d(p, x, mean, w, out)
    else:
        row_dots_s(p, x, mean, w, out)


cdef inline void column_dots(Py_ssize_t n, const floating** x, const double* mean, const double* r,
                             double* out) noexcept nogil:
    if floating is double:
        column_dots_d(n, x, mean, r, out)
    else:
        column_dots_s(n, x, mean, r, out)


cdef inline void row_axpys(Py_ssize_t p, const double* f, const floating** x, const double* mean,
                           double* out) noexcept nogil:
    if floating is double:
        row_axpys_d(p, f, x, mean, out)
    else:
        row_axpys_s(p, f, x, mean, out)


cdef inline void column_axpys(Py_ssize_t n, const double* f, const floating** x, const double* mean,
                              double* out) noexcept nogil:
    if floating is double:
        column_axpys_d(n, f, x, mean, out)
    else:
        column_axpys_s(n, f, x, mean, out)


cdef inline void row_moments(Py_ssize_t p, const double* s, const floating** x, const double* shift, double* total,
                             double* square) noexcept nogil:
    if floating is double:
        row_moments_d(p, s, x, shift, total, square)
    else:
        row_moments_s(p, s, x, shift, total, square)


cdef inline void column_moments(Py_ssize_t n, const floating** x, const double* shift, const double* s,
                                double* total, double* square) noexcept nogil:
    if floating is double:
        column_moments_d(n, x, shift, s, total, square)
    else:
        column_moments_s(n, x, shift, s, total, square)


cdef inline void pack_row(Py_ssize_t p, const floating* x, const double* mean, const double* scale, double factor,
                          packed* out) noexcept nogil:
    if floating is double:
        if packed is double:
            pack_row_dd(p, x, mean, scale, factor, out)
        else:
            pack_row_ds(p, x, mean, scale, factor, out)
    else:
        if packed is double:
            pack_row_sd(p, x, mean, scale, factor, out)
        else:
            pack_row_ss(p, x, mean, scale, factor, out)


cdef inline void pack_column(Py_ssize_t n, const floating* x, double mean, double factor, const double* scale,
                             packed* out) noexcept nogil:
    if floating is double:
        if packed is double:
            pack_column_dd(n, x, mean, factor, scale, out)
        else:
            pack_column_ds(n, x, mean, factor, scale, out)
    else:
        if packed is double:
            pack_column_sd(n, x, mean, factor, scale, out)
        else:
            pack_column_ss(n, x, mean, factor, scale, out)


cdef inline void gather_eight(Py_ssize_t count, const floating* data, const index* indices, const double* v,
                              double* out) noexcept nogil:
    if floating is double:
        if index is int:
            gather_eight_di(count, data, indices, v, out)
        else:
            gather_eight_dl(count, data, indices, v, out)
    else:
        if index is int:
            gather_eight_si(count, data, indices, v, out)
        else:
            gather_eight_sl(count, data, indices, v, out)
