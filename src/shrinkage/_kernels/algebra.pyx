"""Dense linear algebra by the BLAS that the other kernels use.

NumPy comes with one of its own, whose threads would fight for the cores with those that have just been at work here.
"""
from ._blas cimport AS_IS, TRANSPOSED, blas_int, gemm, syevd


def eigenvectors(double[::1, :] A, double[::1] values, double[::1] work):
    """A, symmetric, given by its lower triangle <- its eigenvectors, one a column; values <- eigenvalues, ascending.

    Returns whether they were found. Scratch: work (`work_size(n)`,).
    """
    cdef Py_ssize_t n = A.shape[0]
    cdef int info
    with nogil:
        info = syevd(n, &A[0, 0], &values[0], &work[0], <blas_int*> &work[1 + 6 * n + 2 * n * n])
    return info == 0


def work_size(Py_ssize_t n):
    """Numbers of scratch that `eigenvectors` needs for order n, integers included."""
    return 1 + 6 * n + 2 * n * n + 3 + 5 * n


def multiply(const double[::1, :] A, bint transposed, const double[::1, :] B, double[::1, :] out):
    """out <- A B, or A'B. No side is zero."""
    cdef Py_ssize_t m = A.shape[0], k = A.shape[1]
    with nogil:
        if transposed:
            gemm(TRANSPOSED, AS_IS, k, B.shape[1], m, <double> 1, &A[0, 0], m, &B[0, 0], m, <double> 0, &out[0, 0], k)
        else:
            gemm(AS_IS, AS_IS, m, B.shape[1], k, <double> 1, &A[0, 0], m, &B[0, 0], k, <double> 0, &out[0, 0], m)
