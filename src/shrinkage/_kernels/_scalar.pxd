"""The losses of one prediction p for one target y, their derivatives and conjugates, and the soft threshold.

`parameter` is epsilon of the Huber and the insensitive losses and the margin of the hinges; the losses of classes have
y of -1 or 1.
"""
from libc.math cimport INFINITY, exp, fabs, log, log1p

cdef enum:
    SQUARED_ERROR = 0
    HUBER = 1
    INSENSITIVE = 2
    SQUARED_INSENSITIVE = 3
    LOG_LOSS = 4
    HINGE = 5
    SQUARED_HINGE = 6
    MODIFIED_HUBER = 7
    POISSON = 8

# log(1 + exp(-margin)) and its slope, by the exponential that does not overflow: small is exp(-|margin|)
cdef inline double log_loss_value(double margin, double small) noexcept nogil:
    return log1p(small) - (0.0 if margin > 0 else margin)


cdef inline double log_loss_slope(double y, double margin, double small) noexcept nogil:
    return -y * (small if margin > 0 else 1.0) / (1 + small)


cdef inline double loss_value(int kind, double parameter, double y, double p) noexcept nogil:
    cdef double z
    if kind == SQUARED_ERROR:
        return 0.5 * (p - y) * (p - y)
    if kind == LOG_LOSS:
        return log_loss_value(y * p, exp(-fabs(p)))
    if kind == HINGE:
        z = parameter - y * p
        return 0.0 if z < 0 else z
    if kind == SQUARED_HINGE:
        z = parameter - y * p
        return 0.0 if z < 0 else z * z
    if kind == MODIFIED_HUBER:
        z = y * p
        return 0.0 if z >= 1 else -4 * z if z < -1 else (1 - z) * (1 - z)
    if kind == POISSON:
        return exp(p) - y * p
    z = fabs(p - y)
    if kind == HUBER:
        return parameter * (z - 0.5 * parameter) if z > parameter else 0.5 * z * z
    z = 0.0 if z <= parameter else z - parameter
    return z if kind == INSENSITIVE else z * z


# The derivative in p, or a subgradient
cdef inline double loss_slope(int kind, double parameter, double y, double p) noexcept nogil:
    cdef double z
    if kind == SQUARED_ERROR:
        return p - y
    if kind == LOG_LOSS:
        return log_loss_slope(y, y * p, exp(-fabs(p)))
    if kind == HINGE:
        z = y * p
        # what is no number stays none
        return 0.0 if z > parameter else -y if z <= parameter else z
    if kind == SQUARED_HINGE:
        z = parameter - y * p
        return 0.0 if z < 0 else -2 * y * z
    if kind == MODIFIED_HUBER:
        z = y * p
        return 0.0 if z >= 1 else -4 * y if z < -1 else -2 * y * (1 - z)
    if kind == POISSON:
        return exp(p) - y
    z = p - y
    if kind == HUBER:
        return parameter if z > parameter else -parameter if z < -parameter else z
    if fabs(z) <= parameter:
        return 0.0
    if kind == INSENSITIVE:
        return 1.0 if z > 0 else -1.0 if z < 0 else z
    return 2 * (z - parameter if z > 0 else z + parameter)


# The value, and slope <- the derivative, with one exponential for both
cdef inline double loss_both(int kind, double parameter, double y, double p, double* slope) noexcept nogil:
    cdef double e
    if kind == LOG_LOSS:
        e = exp(-fabs(p))
        slope[0] = log_loss_slope(y, y * p, e)
        return log_loss_value(y * p, e)
    if kind == POISSON:
        e = exp(p)
        slope[0] = e - y
        return e - y * p
    slope[0] = loss_slope(kind, parameter, y, p)
    return loss_value(kind, parameter, y, p)


# sup over p of u p - loss(p): +inf outside the domain, which has 0 in it; exact at its ends
cdef inline double loss_conjugate(int kind, double parameter, double y, double u) noexcept nogil:
    cdef double a
    if kind == SQUARED_ERROR:
        return u * (0.5 * u + y)
    if kind == HUBER:
        return INFINITY if fabs(u) > parameter else u * (0.5 * u + y)
    if kind == INSENSITIVE:
        return INFINITY if fabs(u) > 1 else u * y + parameter * fabs(u)
    if kind == SQUARED_INSENSITIVE:
        return u * y + parameter * fabs(u) + 0.25 * u * u
    if kind == POISSON:
        a = u + y
        return INFINITY if a < 0 else 0.0 if a == 0 else a * (log(a) - 1)
    # the losses of classes are functions of the margin y p, with the derivative -a
    a = -u * y
    if a < 0:
        return INFINITY
    if kind == SQUARED_HINGE:
        return a * (0.25 * a - parameter)
    if kind == MODIFIED_HUBER:
        return INFINITY if a > 4 else a * (0.25 * a - 1)
    if a > 1:
        return INFINITY
    if kind == HINGE:
        return -parameter * a
    return (0.0 if a == 0 else a * log(a)) + (0.0 if a == 1 else (1 - a) * log1p(-a))


# What is left of v after a threshold; a NaN stays one
cdef inline double soft(double v, double threshold) noexcept nogil:
    if fabs(v) <= threshold:
        return 0.0
    return v - threshold if v > 0 else v + threshold
