"""What proves a ridge solution, from its residuals and gradient."""
from libc.math cimport fabs, sqrt

cdef enum:
    OBJECTIVE
    GAP
    GRADIENT
    RATIO
    LOOSE


def measure(const double[::1, :] R, const double[::1] s, double total_weight, bint intercept,
            const double[::1, :] W, double[::1, :] g, const double[::1, :] ridge, const unsigned char[::1] frozen,
            const double[::1] scale, const double[::1] y_square, double eps, double[:, ::1] out):
    """g <- X'SR - ridge W, minus the gradient; out (5, c) <- objective, gap, gradient, ratio, loose per column.

    g comes in as (X - mean)' S R; frozen marks features that are held at zero (it may be empty). With A = Z'Z + ridge
    in units of total_weight times the objective, and d_j = sqrt(A_jj) from the columns' spread:

    objective  (sum s (r - mean r)^2 + sum ridge w^2) / (2 total_weight), the mean removed with an intercept
    gap        sum over ridge > 0 of g^2 / (2 ridge total_weight), the duality gap of the penalized features
    gradient   max |g| / total_weight
    ratio      max |g_j| / d_j over eps (sum d_j |w_j| + sqrt(y_square)), what rounding alone may leave
    loose      max |g| over the features without penalty, for which gap says nothing
    """
    cdef Py_ssize_t n = R.shape[0], p = W.shape[0], i, j, k
    cdef bint masked = frozen.shape[0] > 0
    cdef double loss, average, penalty, gap, top, worst, loose, size, d, a
    with nogil:
        for k in range(W.shape[1]):
            loss = average = penalty = gap = top = worst = loose = size = 0
            for i in range(n):
                average += s[i] * R[i, k]
                loss += s[i] * R[i, k] * R[i, k]
            if intercept:
                loss -= average * average / total_weight
            for j in range(p):
                if masked and frozen[j]:
                    g[j, k] = 0
                    continue
                g[j, k] -= ridge[j, k] * W[j, k]
                a = fabs(g[j, k])
                penalty += ridge[j, k] * W[j, k] * W[j, k]
                d = sqrt(total_weight * scale[j] * scale[j] + ridge[j, k])
                size += d * fabs(W[j, k])
                # NaN wins, and stays
                if a > top or a != a:
                    top = a
                if d > 0 and (a > worst * d or a != a):
                    worst = a / d
                if ridge[j, k] > 0:
                    gap += a * a / ridge[j, k]
                elif a > loose or a != a:
                    loose = a
            size = eps * (size + sqrt(y_square[k]))
            out[OBJECTIVE, k] = (loss + penalty) / (2 * total_weight)
            out[GAP, k] = gap / (2 * total_weight)
            out[GRADIENT, k] = top / total_weight
            out[RATIO, k] = worst / size if size > 0 else worst
            out[LOOSE, k] = loose
