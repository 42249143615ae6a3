"""Leave-one-out errors from a spectral form of the fit: all alphas and targets, a block of samples at a time."""
from libc.math cimport NAN

from ._blas cimport AS_IS, gemm

cdef double ALONE = 4e-15    # what rounding leaves of 1 - leverage when a sample decides its fit alone


def leave_one_out(const double[::1, :] T, const double[::1, :] omega, const double[::1, :] A,
                  const double[::1, :] Y, const double[::1] slack, bint dual, double[::1, :] squares,
                  double[::1, :] leverage, double[::1, :] product, double[::1, :] filtered, double[::1] least,
                  double[:, :, :] errors):
    """errors[k, i, c] = leave-one-out error of sample i at alpha k for target c, in units of sqrt(weight) times y.

    T (m, r) are the samples' spectral coordinates, omega (r, K) the filter 1/(eigenvalue + lambda), A (r, t) the
    targets' coordinates. primal: (Y - T (omega*A)) / (slack - (T*T) omega), slack = 1 - the leverage of what is not
    penalized. dual: T (omega*A) / ((T*T) omega), slack = the sample's share of what T spans; Y is not used. A sample
    that alone decides its fit, nothing but rounding being left of its denominator or of slack, has no error: NaN.
    least[0] is lowered to the smallest denominator of the primal form. Scratch: squares (m, r), leverage (m, K),
    product (m, g K), filtered (r, g K) for g targets at a time, the first three with m rows or more.
    """
    cdef Py_ssize_t m = T.shape[0], r = T.shape[1], K = omega.shape[1], t = A.shape[1], i, j, k, c, start, stop, at
    cdef Py_ssize_t group = filtered.shape[1] // K
    cdef double numerator, denominator, top
    cdef bint decided
    with nogil:
        for j in range(r):
            for i in range(m):
                squares[i, j] = T[i, j] * T[i, j]
        gemm(AS_IS, AS_IS, m, K, r, <double> 1, &squares[0, 0], squares.shape[0], &omega[0, 0], r, <double> 0,
             &leverage[0, 0], leverage.shape[0])
        start = 0
        while start < t:
            stop = min(start + group, t)
            for c in range(start, stop):
                for k in range(K):
                    for j in range(r):
                        filtered[j, (c - start) * K + k] = omega[j, k] * A[j, c]
            gemm(AS_IS, AS_IS, m, (stop - start) * K, r, <double> 1, &T[0, 0], m, &filtered[0, 0], r, <double> 0,
                 &product[0, 0], product.shape[0])
            for c in range(start, stop):
                for k in range(K):
                    at, top = (c - start) * K + k, 0
                    for j in range(r):
                        top = max(top, omega[j, k])
                    for i in range(m):
                        if dual:
                            numerator, denominator = product[i, at], leverage[i, k]
                            decided = slack[i] <= ALONE * ALONE or denominator <= ALONE * ALONE * slack[i] * top
                        else:
                            numerator, denominator = Y[i, c] - product[i, at], slack[i] - leverage[i, k]
                            least[0] = min(least[0], denominator)
                            decided = denominator <= ALONE
                        errors[k, i, c] = NAN if decided else numerator / denominator
            start = stop
