"""Symmetric positive definite systems: equilibrate, factor, estimate the condition number, solve.

A factor in single precision serves a solver that refines its answer.
"""
from cython cimport floating
from libc.math cimport fabs, sqrt
from libc.stdlib cimport free, malloc

from ._blas cimport blas_int, pocon, potrf, potrs, trtri


def equilibrate(const double[::1, :] A, const double[::1] ridge, double[::1] scale, floating[::1, :] out):
    """out <- D (A + diag(ridge)) D, lower triangle, D = diag(scale) its unit diagonal. out may be A."""
    cdef Py_ssize_t n = A.shape[0], i, j
    cdef double v
    with nogil:
        for j in range(n):
            v = A[j, j] + ridge[j]
            scale[j] = 1 / sqrt(v) if v > 0 else 1
        for j in range(n):
            out[j, j] = <floating> ((A[j, j] + ridge[j]) * scale[j] * scale[j])
            for i in range(j + 1, n):
                out[i, j] = <floating> (A[i, j] * (scale[i] * scale[j]))


def factor(floating[::1, :] A):
    """Lower Cholesky factor in place of A's lower triangle.

    Returns (info, rcond): info > 0 where A is not positive definite (rcond is then 0).
    """
    cdef Py_ssize_t n = A.shape[0], i, j
    cdef int info = 0
    cdef double norm = 0, v, rcond = 0
    cdef double* sums = <double*> malloc(n * sizeof(double))
    cdef floating* work = <floating*> malloc(3 * n * sizeof(floating))
    cdef blas_int* iwork = <blas_int*> malloc(n * sizeof(blas_int))
    if sums == NULL or work == NULL or iwork == NULL:
        free(sums)
        free(work)
        free(iwork)
        raise MemoryError
    with nogil:
        for j in range(n):
            sums[j] = 0
        for j in range(n):
            sums[j] += fabs(A[j, j])
            for i in range(j + 1, n):
                v = fabs(A[i, j])
                sums[j] += v
                sums[i] += v
        for j in range(n):
            norm = max(norm, sums[j])
        info = potrf(n, &A[0, 0], n)
        if info == 0:
            rcond = pocon(n, &A[0, 0], norm, work, iwork)
    free(sums)
    free(work)
    free(iwork)
    return info, rcond


def solve(const floating[::1, :] L, const double[::1] scale, double[::1, :] B, floating[::1, :] scratch,
          double[::1] top):
    """B <- D (LL')^-1 D B, D = diag(scale). scratch is shaped like B, top has an entry for every column.

    Columns go through with their largest entry near one, so that single precision has room for them.
    """
    cdef Py_ssize_t n = B.shape[0], k = B.shape[1], i, j
    with nogil:
        for j in range(k):
            top[j] = 0
            for i in range(n):
                B[i, j] *= scale[i]
                top[j] = max(top[j], fabs(B[i, j]))
            if top[j] == 0:
                top[j] = 1
            for i in range(n):
                scratch[i, j] = <floating> (B[i, j] / top[j])
        potrs(n, k, &L[0, 0], &scratch[0, 0])
        for j in range(k):
            for i in range(n):
                B[i, j] = scratch[i, j] * top[j] * scale[i]


def inverse_diagonal(floating[::1, :] L, const double[::1] scale, double[::1] out):
    """Diagonal of D (LL')^-1 D; L is overwritten."""
    cdef Py_ssize_t n = L.shape[0], i, j
    cdef double v
    with nogil:
        trtri(n, &L[0, 0])
        for j in range(n):
            v = 0
            for i in range(j, n):
                v += <double> L[i, j] * L[i, j]
            out[j] = v * scale[j] * scale[j]
