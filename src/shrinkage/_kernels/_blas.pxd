"""BLAS and LAPACK in both precisions. The only place that branches on float or double."""
from blas_int cimport blas_int
from cython cimport floating
from scipy.linalg.cython_blas cimport (
    daxpy, ddot, dgemm, dgemv, drot, dsymv, dsyrk, dtrmv, dtrsm, dtrsv, sgemm, sgemv, ssyrk,
)
from scipy.linalg.cython_lapack cimport (
    dpocon, dpotrf, dpotrs, dsyevd, dtrtri, spocon, spotrf, spotrs, ssyevd, strtri,
)

cdef enum:
    AS_IS = 78         # 'N'
    TRANSPOSED = 84    # 'T'


# out (n x n, lower, column major) += A^T A (TRANSPOSED, A is k x n) or A A^T (AS_IS, A is n x k)
cdef inline void syrk(char trans, Py_ssize_t n, Py_ssize_t k, const floating* a, Py_ssize_t lda, floating beta,
                      floating* out, Py_ssize_t ldo) noexcept nogil:
    cdef blas_int n_ = <blas_int> n, k_ = <blas_int> k, lda_ = <blas_int> lda, ldo_ = <blas_int> ldo
    cdef char uplo = b'L'
    cdef floating one = 1
    if floating is double:
        dsyrk(&uplo, &trans, &n_, &k_, &one, <double*> a, &lda_, &beta, out, &ldo_)
    else:
        ssyrk(&uplo, &trans, &n_, &k_, &one, <float*> a, &lda_, &beta, out, &ldo_)


# out (m x n) = alpha op(A) op(B) + beta out, all column major; one right-hand side goes to gemv
cdef inline void gemm(char ta, char tb, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, floating alpha, const floating* a,
                      Py_ssize_t lda, const floating* b, Py_ssize_t ldb, floating beta, floating* out,
                      Py_ssize_t ldo) noexcept nogil:
    cdef blas_int m_ = <blas_int> m, n_ = <blas_int> n, k_ = <blas_int> k
    cdef blas_int lda_ = <blas_int> lda, ldb_ = <blas_int> ldb, ldo_ = <blas_int> ldo, one = 1
    if n == 1 and tb == AS_IS:
        if ta == TRANSPOSED:
            m_, k_ = k_, m_
        if floating is double:
            dgemv(&ta, &m_, &k_, &alpha, <double*> a, &lda_, <double*> b, &one, &beta, out, &one)
        else:
            sgemv(&ta, &m_, &k_, &alpha, <float*> a, &lda_, <float*> b, &one, &beta, out, &one)
    elif floating is double:
        dgemm(&ta, &tb, &m_, &n_, &k_, &alpha, <double*> a, &lda_, <double*> b, &ldb_, &beta, out, &ldo_)
    else:
        sgemm(&ta, &tb, &m_, &n_, &k_, &alpha, <float*> a, &lda_, <float*> b, &ldb_, &beta, out, &ldo_)


# A = L L^T in place, lower, column major; 0 or the order of the minor that is not positive
cdef inline int potrf(Py_ssize_t n, floating* a, Py_ssize_t lda) noexcept nogil:
    cdef blas_int n_ = <blas_int> n, lda_ = <blas_int> lda, info = 0
    cdef char uplo = b'L'
    if floating is double:
        dpotrf(&uplo, &n_, a, &lda_, &info)
    else:
        spotrf(&uplo, &n_, a, &lda_, &info)
    return <int> info


# B <- A^-1 B from the factor
cdef inline void potrs(Py_ssize_t n, Py_ssize_t k, const floating* factor, floating* b) noexcept nogil:
    cdef blas_int n_ = <blas_int> n, k_ = <blas_int> k, info = 0
    cdef char uplo = b'L'
    if floating is double:
        dpotrs(&uplo, &n_, &k_, <double*> factor, &n_, b, &n_, &info)
    else:
        spotrs(&uplo, &n_, &k_, <float*> factor, &n_, b, &n_, &info)


# reciprocal condition number in the 1-norm from the factor and the norm; work: 3n, iwork: n
cdef inline double pocon(Py_ssize_t n, const floating* factor, double norm, floating* work,
                         blas_int* iwork) noexcept nogil:
    cdef blas_int n_ = <blas_int> n, info = 0
    cdef char uplo = b'L'
    cdef floating norm_ = <floating> norm, rcond = 0
    if floating is double:
        dpocon(&uplo, &n_, <double*> factor, &n_, &norm_, &rcond, work, iwork, &info)
    else:
        spocon(&uplo, &n_, <float*> factor, &n_, &norm_, &rcond, work, iwork, &info)
    return rcond


# L <- L^-1 in place
cdef inline void trtri(Py_ssize_t n, floating* a) noexcept nogil:
    cdef blas_int n_ = <blas_int> n, info = 0
    cdef char uplo = b'L', diag = b'N'
    if floating is double:
        dtrtri(&uplo, &diag, &n_, a, &n_, &info)
    else:
        strtri(&uplo, &diag, &n_, a, &n_, &info)


# eigenvalues, ascending, and in place of A (its lower triangle) the vectors; 0 where that succeeded
# work: 1 + 6n + 2n^2, iwork: 3 + 5n
cdef inline int syevd(Py_ssize_t n, floating* a, floating* values, floating* work, blas_int* iwork) noexcept nogil:
    cdef blas_int n_ = <blas_int> n, info = 0, liwork = <blas_int> (3 + 5 * n)
    cdef blas_int lwork = <blas_int> min(1 + 6 * n + 2 * n * n, 2147483647)
    cdef char uplo = b'L', job = b'V'
    if floating is double:
        dsyevd(&job, &uplo, &n_, a, &n_, values, work, &lwork, iwork, &liwork, &info)
    else:
        ssyevd(&job, &uplo, &n_, a, &n_, values, work, &lwork, iwork, &liwork, &info)
    return <int> info


# What the active-set kernel needs, in double precision alone; L is lower triangular, column major.

cdef enum:
    ALONE = 8192       # entries of a vector that BLAS does not share with other threads, for which they are too few


# y += a x
cdef inline void axpy(Py_ssize_t n, double a, const double* x, double* y) noexcept nogil:
    cdef blas_int m, one = 1
    cdef Py_ssize_t i = 0
    while i < n:
        m = <blas_int> min(<Py_ssize_t> ALONE, n - i)
        daxpy(&m, &a, <double*> x + i, &one, y + i, &one)
        i += m


cdef inline double dot(Py_ssize_t n, const double* x, const double* y) noexcept nogil:
    cdef blas_int m, one = 1
    cdef Py_ssize_t i = 0
    cdef double out = 0
    while i < n:
        m = <blas_int> min(<Py_ssize_t> ALONE, n - i)
        out += ddot(&m, <double*> x + i, &one, <double*> y + i, &one)
        i += m
    return out


# (x, y) <- (c x + s y, c y - s x)
cdef inline void rotate(Py_ssize_t n, double* x, double* y, double c, double s) noexcept nogil:
    cdef blas_int n_ = <blas_int> n, one = 1
    drot(&n_, x, &one, y, &one, &c, &s)


# y += A x, A symmetric
cdef inline void symv(Py_ssize_t n, const double* A, Py_ssize_t lda, const double* x, double* y) noexcept nogil:
    cdef blas_int n_ = <blas_int> n, lda_ = <blas_int> lda, one = 1
    cdef char uplo = b'L'
    cdef double alpha = 1
    dsymv(&uplo, &n_, &alpha, <double*> A, &lda_, <double*> x, &one, &alpha, y, &one)


# x <- L^-1 x, or L'^-1 x
cdef inline void trsv(char trans, Py_ssize_t n, const double* L, Py_ssize_t ldl, double* x) noexcept nogil:
    cdef blas_int n_ = <blas_int> n, ldl_ = <blas_int> ldl, one = 1
    cdef char uplo = b'L', diag = b'N'
    dtrsv(&uplo, &trans, &diag, &n_, <double*> L, &ldl_, x, &one)


# x <- L x, or L'x
cdef inline void trmv(char trans, Py_ssize_t n, const double* L, Py_ssize_t ldl, double* x) noexcept nogil:
    cdef blas_int n_ = <blas_int> n, ldl_ = <blas_int> ldl, one = 1
    cdef char uplo = b'L', diag = b'N'
    dtrmv(&uplo, &trans, &diag, &n_, <double*> L, &ldl_, x, &one)


# B (n x k) <- L^-1 B
cdef inline void trsm(Py_ssize_t n, Py_ssize_t k, const double* L, Py_ssize_t ldl, double* B,
                      Py_ssize_t ldb) noexcept nogil:
    cdef blas_int n_ = <blas_int> n, k_ = <blas_int> k, ldl_ = <blas_int> ldl, ldb_ = <blas_int> ldb
    cdef char side = b'L', uplo = b'L', trans = b'N', diag = b'N'
    cdef double one = 1
    dtrsm(&side, &uplo, &trans, &diag, &n_, &k_, &one, <double*> L, &ldl_, B, &ldb_)
