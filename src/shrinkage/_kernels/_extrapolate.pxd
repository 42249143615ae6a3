"""Anderson's extrapolation of a sequence that converges linearly (Anderson 1965; Bertrand and Massias 2021)."""
from ._blas cimport dot, potrf, potrs

cdef enum:
    KEPT = 5  # steps that an extrapolation combines


# The first KEPT rows of `past` (KEPT + 1, d) <- its steps, past[i + 1] - past[i]
cdef inline void to_steps(Py_ssize_t d, double* past) noexcept nogil:
    cdef Py_ssize_t i, a
    for i in range(KEPT):
        for a in range(d):
            past[i * d + a] = past[(i + 1) * d + a] - past[i * d + a]


# Weights z of sum one with which the steps past[i + 1] - past[i], d numbers each, sum to least; whether there are any.
# `past` is (KEPT + 1, d); its first KEPT rows become the steps.
cdef inline bint weights(Py_ssize_t d, double* past, double* z) noexcept nogil:
    cdef double A[KEPT * KEPT]
    cdef double trace = 0, total = 0
    cdef Py_ssize_t i, k
    to_steps(d, past)
    for i in range(KEPT):
        for k in range(i + 1):
            A[i + k * KEPT] = dot(d, past + i * d, past + k * d)
        trace += A[i + i * KEPT]
        z[i] = 1
    if not trace > 0:
        return False
    for i in range(KEPT):
        A[i + i * KEPT] += 1e-14 * trace
    if potrf(KEPT, &A[0], KEPT) != 0:
        return False
    potrs(KEPT, 1, &A[0], z)
    for i in range(KEPT):
        total += z[i]
    if not total > 0:
        return False
    for i in range(KEPT):
        z[i] /= total
    return True


# How far the mix of past[1], past[2], ... is from the last of them: out <- sum_i z_i (past[i + 1] - past[KEPT]), where
# the first KEPT rows hold the steps
cdef inline void mix(Py_ssize_t d, const double* past, const double* z, double* out) noexcept nogil:
    cdef double rest = 0
    cdef Py_ssize_t i, a
    for a in range(d):
        out[a] = 0
    # past[i + 1] - past[KEPT] = -(step i + 1 + ... + step KEPT - 1)
    for i in range(1, KEPT):
        rest += z[i - 1]
        for a in range(d):
            out[a] -= rest * past[i * d + a]
