"""One column of X against a vector, X dense and column major or compressed by columns."""
from cython cimport floating

from ._blas cimport axpy, dot
from ._index cimport index


# x_j'v
cdef inline double column_dot(bint dense, Py_ssize_t n, const floating* data, const index* indices,
                              const index* indptr, Py_ssize_t j, const double* v) noexcept nogil:
    cdef double a = 0, b = 0, c = 0, d = 0
    cdef const floating* x
    cdef Py_ssize_t i, stop
    if dense:
        x = data + j * n
        if floating is double:
            return dot(n, x, v)
        for i in range(0, n - 3, 4):
            a += x[i] * v[i]
            b += x[i + 1] * v[i + 1]
            c += x[i + 2] * v[i + 2]
            d += x[i + 3] * v[i + 3]
        for i in range(n - n % 4, n):
            a += x[i] * v[i]
        return (a + b) + (c + d)
    stop = indptr[j + 1]
    for i in range(indptr[j], stop - 3, 4):
        a += data[i] * v[indices[i]]
        b += data[i + 1] * v[indices[i + 1]]
        c += data[i + 2] * v[indices[i + 2]]
        d += data[i + 3] * v[indices[i + 3]]
    for i in range(stop - (stop - indptr[j]) % 4, stop):
        a += data[i] * v[indices[i]]
    return (a + b) + (c + d)


# v += a S x_j, S diagonal or the identity (no weights)
cdef inline void column_axpy(bint dense, Py_ssize_t n, const floating* data, const index* indices,
                             const index* indptr, Py_ssize_t j, double a, bint weighted, const double* s,
                             double* v) noexcept nogil:
    cdef const floating* x
    cdef Py_ssize_t i
    if not dense:
        for i in range(indptr[j], indptr[j + 1]):
            v[indices[i]] += a * (s[indices[i]] if weighted else 1.0) * data[i]
        return
    x = data + j * n
    if weighted:
        for i in range(n):
            v[i] += a * s[i] * x[i]
    elif floating is double:
        axpy(n, a, x, v)
    else:
        for i in range(n):
            v[i] += a * x[i]
