"""Steps of optimizers over many arrays at once: a table of their addresses, cut into chunks that go across arrays.

`at` (tensors, 5) holds the addresses of a parameter, its gradient and up to three arrays of state, each contiguous; a
gradient at 0 leaves its parameter alone. `kinds` (tensors, 3) are its type (DOUBLE, SINGLE, HALF or BFLOAT; state is
double for the first and float for the others), the way of its momentum and of its threshold (see steps.h), `settings`
(tensors, 11) the numbers of `shrinkage_step`. A chunk is (tensor, first number, how many).
"""
from cpython.buffer cimport PyBUF_FORMAT, PyBUF_STRIDES, PyBuffer_IsContiguous, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport uint16_t
from libc.string cimport memset


cdef extern from "steps.h" nogil:
    ctypedef struct shrinkage_step:
        double sign
    void sgd_s(Py_ssize_t n, float* p, const float* g, float* b, const shrinkage_step* s, int kind, int prox) noexcept
    void sgd_d(Py_ssize_t n, double* p, const double* g, double* b, const shrinkage_step* s, int kind,
               int prox) noexcept
    void adam_s(Py_ssize_t n, float* p, const float* g, float* m, float* v, float* most, const shrinkage_step* s,
                int prox) noexcept
    void adam_d(Py_ssize_t n, double* p, const double* g, double* m, double* v, double* most, const shrinkage_step* s,
                int prox) noexcept
    bint all_finite_s(Py_ssize_t n, const float* x) noexcept
    bint all_finite_d(Py_ssize_t n, const double* x) noexcept
    void widen_bfloat(Py_ssize_t n, const uint16_t* x, float* out) noexcept
    void narrow_bfloat(Py_ssize_t n, const float* x, uint16_t* out) noexcept
    void widen_half(Py_ssize_t n, const uint16_t* x, float* out) noexcept
    void narrow_half(Py_ssize_t n, const float* x, uint16_t* out) noexcept
    void statistics_s(Py_ssize_t n, const float* x, const float* y, double* out) noexcept
    void statistics_d(Py_ssize_t n, const double* x, const double* y, double* out) noexcept
    unsigned flush_subnormal() noexcept
    void put_back(unsigned before) noexcept

cdef enum:
    DOUBLE
    SINGLE
    HALF
    BFLOAT

cdef enum:
    PIECE = 1024  # numbers of two bytes that are widened at a time


cdef inline void widen(int kind, Py_ssize_t n, const uint16_t* x, float* out) noexcept nogil:
    if kind == HALF:
        widen_half(n, x, out)
    else:
        widen_bfloat(n, x, out)


cdef inline Py_ssize_t pieces(Py_ssize_t n) noexcept nogil:
    return (n + PIECE - 1) // PIECE


# One chunk: n numbers from `first` on of the arrays at `a`
cdef void step(bint adam, const size_t* a, Py_ssize_t first, Py_ssize_t n, const int* kinds,
               const shrinkage_step* s) noexcept nogil:
    cdef float* state[3]
    cdef float p[PIECE]
    cdef float g[PIECE]
    cdef double* wide[5]
    cdef float* narrow[2]
    cdef uint16_t* short_p
    cdef Py_ssize_t i, k
    cdef unsigned before
    if kinds[0] == DOUBLE:
        for k in range(5):
            wide[k] = (<double*>a[k]) + first if a[k] != 0 else NULL
        before = flush_subnormal()
        if adam:
            adam_d(n, wide[0], wide[1], wide[2], wide[3], wide[4], s, kinds[2])
        else:
            sgd_d(n, wide[0], wide[1], wide[2], s, kinds[1], kinds[2])
        put_back(before)
        return
    i = first
    while i < first + n:
        for k in range(3):
            state[k] = (<float*>a[2 + k]) + i if a[2 + k] != 0 else NULL
        if kinds[0] == SINGLE:
            k = n
            narrow[0], narrow[1] = (<float*>a[0]) + i, (<float*>a[1]) + i
        else:
            k = min(<Py_ssize_t>PIECE, first + n - i)
            narrow[0], narrow[1] = &p[0], &g[0]
            widen(kinds[0], k, (<const uint16_t*>a[0]) + i, narrow[0])
            widen(kinds[0], k, (<const uint16_t*>a[1]) + i, narrow[1])
        before = flush_subnormal()
        if adam:
            adam_s(k, narrow[0], narrow[1], state[0], state[1], state[2], s, kinds[2])
        else:
            sgd_s(k, narrow[0], narrow[1], state[0], s, kinds[1], kinds[2])
        put_back(before)
        if kinds[0] != SINGLE:
            short_p = (<uint16_t*>a[0]) + i
            if kinds[0] == HALF:
                narrow_half(k, narrow[0], short_p)
            else:
                narrow_bfloat(k, narrow[0], short_p)
        i += k


cdef inline Py_ssize_t width(int kind) noexcept nogil:
    return 8 if kind == DOUBLE else 4 if kind == SINGLE else 2


cdef void over(bint adam, const size_t[:, ::1] at, const long long[:, ::1] chunks, const int[:, ::1] kinds,
               const double[:, ::1] settings, bint clear) noexcept nogil:
    cdef Py_ssize_t c, t, first, n
    for c in range(chunks.shape[0]):
        t, first, n = chunks[c, 0], chunks[c, 1], chunks[c, 2]
        if at[t, 1] == 0:
            continue
        step(adam, &at[t, 0], first, n, &kinds[t, 0], <const shrinkage_step*>&settings[t, 0])
        if clear:
            memset((<char*>at[t, 1]) + first * width(kinds[t, 0]), 0, n * width(kinds[t, 0]))


def sgd(const size_t[:, ::1] at, const long long[:, ::1] chunks, const int[:, ::1] kinds,
        const double[:, ::1] settings, bint clear):
    """A step of gradient descent; state is the momentum. `clear`: gradients become zero when they are used."""
    with nogil:
        over(False, at, chunks, kinds, settings, clear)


def adam(const size_t[:, ::1] at, const long long[:, ::1] chunks, const int[:, ::1] kinds,
         const double[:, ::1] settings, bint clear):
    """A step of Adam; state is both moments, and the largest second one where AMSGrad wants it."""
    with nogil:
        over(True, at, chunks, kinds, settings, clear)


def not_finite(const size_t[:, ::1] at, const long long[:, ::1] chunks, const int[:, ::1] kinds):
    """The first tensor in these chunks with a gradient that is infinite or NaN somewhere, or -1."""
    cdef Py_ssize_t c, t, i, k, first, n
    cdef float g[PIECE]
    cdef bint good
    with nogil:
        for c in range(chunks.shape[0]):
            t, first, n = chunks[c, 0], chunks[c, 1], chunks[c, 2]
            good = True
            if at[t, 1] == 0:
                continue
            if kinds[t, 0] == DOUBLE:
                good = all_finite_d(n, (<const double*>at[t, 1]) + first)
            elif kinds[t, 0] == SINGLE:
                good = all_finite_s(n, (<const float*>at[t, 1]) + first)
            else:
                for i in range(pieces(n)):
                    k = min(<Py_ssize_t>PIECE, n - i * PIECE)
                    widen(kinds[t, 0], k, (<const uint16_t*>at[t, 1]) + first + i * PIECE, &g[0])
                    good = good and all_finite_s(k, &g[0])
            if not good:
                break
        else:
            t = -1
    return t


def statistics(const size_t[:, ::1] at, const long long[:, ::1] chunks, const int[:, ::1] kinds, double[:, ::1] out):
    """Of every tensor x, with y in the place of the gradient (or 0): out (tensors, 6) += sums of |x|, x^2, (x - y)^2
    and y^2, the largest |x| so far, and how many are zero."""
    cdef Py_ssize_t c, t, i, k, first, n
    cdef float x[PIECE]
    cdef float y[PIECE]
    with nogil:
        for c in range(chunks.shape[0]):
            t, first, n = chunks[c, 0], chunks[c, 1], chunks[c, 2]
            if kinds[t, 0] == DOUBLE:
                statistics_d(n, (<const double*>at[t, 0]) + first,
                             (<const double*>at[t, 1]) + first if at[t, 1] != 0 else NULL, &out[t, 0])
            elif kinds[t, 0] == SINGLE:
                statistics_s(n, (<const float*>at[t, 0]) + first,
                             (<const float*>at[t, 1]) + first if at[t, 1] != 0 else NULL, &out[t, 0])
            else:
                for i in range(pieces(n)):
                    k = min(<Py_ssize_t>PIECE, n - i * PIECE)
                    widen(kinds[t, 0], k, (<const uint16_t*>at[t, 0]) + first + i * PIECE, &x[0])
                    if at[t, 1] != 0:
                        widen(kinds[t, 0], k, (<const uint16_t*>at[t, 1]) + first + i * PIECE, &y[0])
                    statistics_s(k, &x[0], &y[0] if at[t, 1] != 0 else NULL, &out[t, 0])


def addresses(list arrays, const long long[::1] sizes, const int[:, ::1] kinds, size_t[::1] out):
    """out <- where the arrays' numbers are, 0 for None. The first that is no contiguous array of so many numbers of
    its type, in C's order, or -1."""
    cdef Py_buffer view
    cdef Py_ssize_t t
    cdef char letter
    cdef bint fits
    for t in range(len(arrays)):
        out[t] = 0
        if arrays[t] is None:
            continue
        PyObject_GetBuffer(arrays[t], &view, PyBUF_STRIDES | PyBUF_FORMAT)
        letter = view.format[0] if view.format != NULL else b"B"
        fits = (letter == b"d" and kinds[t, 0] == DOUBLE or letter == b"f" and kinds[t, 0] == SINGLE
                or letter == b"e" and kinds[t, 0] == HALF)
        fits = fits and view.len == sizes[t] * width(kinds[t, 0]) and PyBuffer_IsContiguous(&view, b"C")
        out[t] = <size_t>view.buf
        PyBuffer_Release(&view)
        if not fits:
            return t
    return -1
