"""Leave-one-out errors from a spectral form of the fit: all alphas and targets, a block of samples at a time."""
from libc.math cimport NAN

from ._blas cimport AS_IS, gemm

cdef double ALONE = 4e-15    # what rounding leaves of 1 - leverage when a sample decides its fit alone


# out (m x count K) = T filters, q columns a target in `filters` (r x count q); where q < K, `right` (q x K) makes K
cdef inline void apply_filters(Py_ssize_t m, Py_ssize_t r, const double* T, Py_ssize_t ld, Py_ssize_t count,
                               Py_ssize_t q, const double* filters, const double[::1, :] right, double* narrow,
                               double* out) noexcept nogil:
    cdef Py_ssize_t K = right.shape[1], c
    if K == 0:
        gemm(AS_IS, AS_IS, m, count * q, r, <double> 1, T, ld, filters, r, <double> 0, out, m)
        return
    gemm(AS_IS, AS_IS, m, count * q, r, <double> 1, T, ld, filters, r, <double> 0, narrow, m)
    for c in range(count):
        gemm(AS_IS, AS_IS, m, K, q, <double> 1, narrow + c * q * m, m, &right[0, 0], q, <double> 0, out + c * K * m, m)


def leave_one_out(const double[::1, :] T, const double[::1, :] left, const double[::1, :] right,
                  const double[::1, :] A, const double[::1, :] Y, const double[::1] slack, const double[::1] weight,
                  bint dual, const double[::1] unit, double[::1] squares, double[::1, :] filters, double[::1] narrow,
                  double[::1] inverse, double[::1] product, double[::1] alone, double[::1] least,
                  double[:, :, ::1] sums, double[:, :, :] errors):
    """sums (3, K, t) += those over samples of e^2, e^4 and weight e^2, e the errors over unit (t,).

    T (m, r) are the samples' spectral coordinates, A (r, t) the targets', omega (r, K) the filters: `left`, or where
    `right` has columns, left (r, q) right (q, K). The errors, in units of sqrt(weight) times y, are
    primal: (Y - T (omega*A)) / (slack - (T*T) omega), slack = 1 - the leverage of what is not penalized;
    dual: T (omega*A) / ((T*T) omega), slack = the sample's share of what T spans; Y is zero.
    A sample that alone decides its fit, nothing but rounding being left of its denominator or of slack, has no error:
    alone[i] = 1, and the sums leave it out at every alpha. errors[k, i, c], where not empty, is the error, or NaN
    where there is none. least[0] is lowered to the smallest denominator of the primal form.
    Scratch, or more of it: squares (m r,), filters (r, g q) for g targets at a time, narrow (g q m,), inverse (K m,),
    product (g K m,).
    """
    cdef Py_ssize_t m = T.shape[0], r = T.shape[1], q = left.shape[1], t = A.shape[1]
    cdef Py_ssize_t K = right.shape[1] if right.shape[1] > 0 else q, group = filters.shape[1] // q
    cdef Py_ssize_t i, j, k, c, start, count
    cdef double denominator, top, e, scale, first, second, third
    cdef const double* fitted
    cdef bint decided, keep = errors.shape[0] > 0
    with nogil:
        for j in range(r):
            for i in range(m):
                squares[i + j * m] = T[i, j] * T[i, j]
        apply_filters(m, r, &squares[0], m, 1, q, &left[0, 0], right, &narrow[0], &inverse[0])
        for i in range(m):
            alone[i] = 0
        for k in range(K):
            top = 0
            if dual:
                for j in range(r):
                    top = max(top, left[j, k])
            for i in range(m):
                if dual:
                    denominator = inverse[i + k * m]
                    decided = slack[i] <= ALONE * ALONE or denominator <= ALONE * ALONE * slack[i] * top
                    denominator = -denominator
                else:
                    denominator = slack[i] - inverse[i + k * m]
                    least[0] = min(least[0], denominator)
                    decided = denominator <= ALONE
                inverse[i + k * m] = 0 if decided else 1 / denominator
                if decided:
                    alone[i] = 1
        start = 0
        while start < t:
            count = min(group, t - start)
            for c in range(count):
                for k in range(q):
                    for j in range(r):
                        filters[j, c * q + k] = left[j, k] * A[j, start + c]
            apply_filters(m, r, &T[0, 0], m, count, q, &filters[0, 0], right, &narrow[0], &product[0])
            for c in range(count):
                scale = 1 / unit[start + c]
                for k in range(K):
                    fitted = &product[(c * K + k) * m]
                    first = second = third = 0
                    for i in range(m):
                        e = (Y[i, start + c] - fitted[i]) * inverse[i + k * m] * scale
                        e = 0 if alone[i] != 0 else e * e
                        first += e
                        second += e * e
                        third += weight[i] * e
                    sums[0, k, start + c] += first
                    sums[1, k, start + c] += second
                    sums[2, k, start + c] += third
                    if keep:
                        for i in range(m):
                            e = (Y[i, start + c] - fitted[i]) * inverse[i + k * m]
                            errors[k, i, start + c] = NAN if inverse[i + k * m] == 0 else e
            start += count
