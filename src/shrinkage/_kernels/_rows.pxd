"""One row of X against coefficients, X dense and row major or compressed by rows (dense has no indptr)."""
from cython cimport floating

from ._index cimport index


cdef extern from "rows.h" nogil:
    double row_dot_d(Py_ssize_t p, const double* x, const double* w) noexcept
    double row_dot_s(Py_ssize_t p, const float* x, const double* w) noexcept
    void rows_add_d(Py_ssize_t p, const double* f, const double** x, double* out) noexcept
    void rows_add_s(Py_ssize_t p, const double* f, const float** x, double* out) noexcept
    void row_copy_d(Py_ssize_t p, const double* x, double* out) noexcept
    void row_copy_s(Py_ssize_t p, const float* x, double* out) noexcept
    double step_d(Py_ssize_t p, double* z, double* total, const double* x, const double* next, double step,
                  double threshold, double scale) noexcept
    double step_s(Py_ssize_t p, double* z, double* total, const float* x, const float* next, double step,
                  double threshold, double scale) noexcept
    double saga_d(Py_ssize_t p, double* w, double* g, const double* x, const double* next, double rate, double fresh,
                  double share, double threshold, double shrink) noexcept
    double saga_s(Py_ssize_t p, double* w, double* g, const float* x, const float* next, double rate, double fresh,
                  double share, double threshold, double shrink) noexcept
    void row_fetch_d(Py_ssize_t p, const double* x) noexcept
    void row_fetch_s(Py_ssize_t p, const float* x) noexcept
    void soft_add(Py_ssize_t K, const double* z, const double* threshold, double x, double* out) noexcept
    double soft_flat(double v, double threshold) noexcept
    void move(Py_ssize_t K, double* z, double x, const double* step) noexcept
    void step_all(Py_ssize_t p, double* z, const double* g, double step, double threshold, double scale,
                  double* w) noexcept
    bint asked(const int* stop) noexcept
    void fetch(const void* address) noexcept


# x_i.w
cdef inline double dense_dot(Py_ssize_t p, const floating* x, const double* w) noexcept nogil:
    if floating is double:
        return row_dot_d(p, x, w)
    else:
        return row_dot_s(p, x, w)


cdef inline void dense_copy(Py_ssize_t p, const floating* x, double* out) noexcept nogil:
    if floating is double:
        row_copy_d(p, x, out)
    else:
        row_copy_s(p, x, out)


cdef inline void dense_fetch(Py_ssize_t p, const floating* x) noexcept nogil:
    if floating is double:
        row_fetch_d(p, x)
    else:
        row_fetch_s(p, x)


# z <- z - step x; of w = soft(z, threshold): total += scale w where there is one, and the product with the next row
cdef inline double dense_step(Py_ssize_t p, double* z, double* total, const floating* x, const floating* next,
                              double step, double threshold, double scale) noexcept nogil:
    if floating is double:
        return step_d(p, z, total, x, next, step, threshold, scale)
    else:
        return step_s(p, z, total, x, next, step, threshold, scale)


# w <- shrink soft(w - rate (fresh x + g), threshold), g += share x; the product of w with the next row
cdef inline double dense_saga(Py_ssize_t p, double* w, double* g, const floating* x, const floating* next, double rate,
                              double fresh, double share, double threshold, double shrink) noexcept nogil:
    if floating is double:
        return saga_d(p, w, g, x, next, rate, fresh, share, threshold, shrink)
    else:
        return saga_s(p, w, g, x, next, rate, fresh, share, threshold, shrink)


# out (K, p) += f_k x_r for count rows, f (count, K)
cdef inline void dense_add(Py_ssize_t p, Py_ssize_t K, const floating* data, const long long* rows, Py_ssize_t count,
                           const double* f, double* out) noexcept nogil:
    cdef const floating* x[4]
    cdef double part[4]
    cdef Py_ssize_t r, q, k
    for k in range(K):
        r = 0
        while r < count:
            for q in range(4):
                part[q] = f[(r + q) * K + k] if r + q < count else 0.0
                x[q] = data + rows[r + q if r + q < count else r] * p
            if floating is double:
                rows_add_d(p, part, x, out + k * p)
            else:
                rows_add_s(p, part, x, out + k * p)
            r += 4


cdef inline double sparse_dot(const floating* data, const index* indices, Py_ssize_t start, Py_ssize_t stop,
                              const double* w) noexcept nogil:
    cdef double out = 0
    cdef Py_ssize_t q
    for q in range(start, stop):
        out += data[q] * w[indices[q]]
    return out


# w += a x_i
cdef inline void sparse_add(const floating* data, const index* indices, Py_ssize_t start, Py_ssize_t stop, double a,
                            double* w) noexcept nogil:
    cdef Py_ssize_t q
    for q in range(start, stop):
        w[indices[q]] += a * data[q]


# Ask memory for a row that comes soon
cdef inline void sparse_fetch(const floating* data, const index* indices, Py_ssize_t start,
                              Py_ssize_t stop) noexcept nogil:
    cdef Py_ssize_t q = start
    while q < stop and q < start + 256:
        fetch(data + q)
        fetch(indices + q)
        q += 8
