"""Symmetric positive definite systems: equilibrate, factor, estimate the condition number, solve."""
from libc.math cimport fabs, sqrt
from libc.stdlib cimport free, malloc

from ._blas cimport blas_int, pocon, potrf, potrs, trtri


def factor(double[::1, :] A, const double[::1] ridge, double[::1] scale):
    """Lower Cholesky factor of D (A + diag(ridge)) D in place of A's lower triangle, D = diag(scale) its unit diagonal.

    Returns (info, rcond): info > 0 where the matrix is not positive definite (rcond is then 0).
    """
    cdef Py_ssize_t n = A.shape[0], i, j
    cdef int info = 0
    cdef double norm = 0, v, rcond = 0
    cdef double* work = <double*> malloc(3 * n * sizeof(double))
    cdef blas_int* iwork = <blas_int*> malloc(n * sizeof(blas_int))
    if work == NULL or iwork == NULL:
        free(work)
        free(iwork)
        raise MemoryError
    with nogil:
        for j in range(n):
            v = A[j, j] + ridge[j]
            scale[j] = 1 / sqrt(v) if v > 0 else 1
            A[j, j] = v
            work[j] = 0
        for j in range(n):
            for i in range(j, n):
                A[i, j] *= scale[i] * scale[j]
                v = fabs(A[i, j])
                work[j] += v
                if i != j:
                    work[i] += v
        for j in range(n):
            norm = max(norm, work[j])
        info = potrf(n, &A[0, 0])
        if info == 0:
            rcond = pocon(n, &A[0, 0], norm, work, iwork)
    free(work)
    free(iwork)
    return info, rcond


def solve(const double[::1, :] L, const double[::1] scale, double[::1, :] B):
    """B <- (A + diag(ridge))^-1 B from `factor`'s output."""
    cdef Py_ssize_t n = B.shape[0], k = B.shape[1], i, j
    with nogil:
        for j in range(k):
            for i in range(n):
                B[i, j] *= scale[i]
        potrs(n, k, &L[0, 0], &B[0, 0])
        for j in range(k):
            for i in range(n):
                B[i, j] *= scale[i]


def inverse_diagonal(double[::1, :] L, const double[::1] scale, double[::1] out):
    """Diagonal of (A + diag(ridge))^-1 from `factor`'s output, which is overwritten."""
    cdef Py_ssize_t n = L.shape[0], i, j
    cdef double v
    with nogil:
        trtri(n, &L[0, 0])
        for j in range(n):
            v = 0
            for i in range(j, n):
                v += L[i, j] * L[i, j]
            out[j] = v * scale[j] * scale[j]
