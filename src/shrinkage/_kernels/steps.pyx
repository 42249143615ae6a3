"""Steps of optimizers over many arrays at once: a table of their addresses, cut into chunks that go across arrays.

`at` (tensors, 5) holds the addresses of a parameter, its gradient and up to three arrays of state, each contiguous; a
gradient at 0 leaves its parameter alone. `kinds` (tensors, 3) are its type (DOUBLE, SINGLE, HALF or BFLOAT; state is
double for the first and float for the others), the way of its momentum and of its threshold (see steps.h), `settings`
(tensors, 14) the numbers of `shrinkage_step`. A chunk is (tensor, first number, how many).
"""
from cpython.buffer cimport PyBUF_FORMAT, PyBUF_STRIDES, PyBuffer_IsContiguous, PyBuffer_Release, PyObject_GetBuffer
from cpython.dict cimport PyDict_GetItem
from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.math cimport fabs, pow, sqrt
from libc.stdint cimport uint16_t
from libc.string cimport memset


cdef extern from "steps.h" nogil:
    ctypedef struct shrinkage_step:
        double sign, keep, rate, first, fresh, second, root, shrink, lr, later
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
    Py_ssize_t take(Py_ssize_t* next) noexcept
    unsigned flush_subnormal() noexcept
    void put_back(unsigned before) noexcept

cdef extern from "dlpack.h":
    ctypedef struct dl_version:
        unsigned major
    ctypedef struct dl_table:
        dl_version version
        void* from_object
    int dl_look(const dl_table* table, void* tensor, size_t* place, size_t* form) except -1

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


# One chunk: n numbers from `first` on of the arrays at `a`. Subnormal numbers are flushed; `plain` is how they are not,
# for types whose conversion has them on the way
cdef void step(bint adam, const size_t* a, Py_ssize_t first, Py_ssize_t n, const int* kinds,
               const shrinkage_step* s, unsigned plain) noexcept nogil:
    cdef float* state[3]
    cdef float p[PIECE]
    cdef float g[PIECE]
    cdef double* wide[5]
    cdef float* narrow[2]
    cdef uint16_t* short_p
    cdef Py_ssize_t i, k
    if kinds[0] == DOUBLE:
        for k in range(5):
            wide[k] = (<double*>a[k]) + first if a[k] != 0 else NULL
        if adam:
            adam_d(n, wide[0], wide[1], wide[2], wide[3], wide[4], s, kinds[2])
        else:
            sgd_d(n, wide[0], wide[1], wide[2], s, kinds[1], kinds[2])
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
            put_back(plain)
            widen(kinds[0], k, (<const uint16_t*>a[0]) + i, narrow[0])
            widen(kinds[0], k, (<const uint16_t*>a[1]) + i, narrow[1])
            flush_subnormal()
        if adam:
            adam_s(k, narrow[0], narrow[1], state[0], state[1], state[2], s, kinds[2])
        else:
            sgd_s(k, narrow[0], narrow[1], state[0], s, kinds[1], kinds[2])
        if kinds[0] != SINGLE:
            put_back(plain)
            short_p = (<uint16_t*>a[0]) + i
            if kinds[0] == HALF:
                narrow_half(k, narrow[0], short_p)
            else:
                narrow_bfloat(k, narrow[0], short_p)
            flush_subnormal()
        i += k


cdef inline Py_ssize_t width(int kind) noexcept nogil:
    return 8 if kind == DOUBLE else 4 if kind == SINGLE else 2


cdef enum What:
    SGD
    ADAM
    FINITE

cdef enum:
    MOST_THREADS = 64
    APART = 8  # counters of two threads lie in two lines of cache

# Chunks, shared among threads
cdef struct Work:
    What what
    const size_t* at
    const long long* chunks
    const int* kinds
    const double* settings
    bint clear
    Py_ssize_t count, threads, arrived
    Py_ssize_t next[MOST_THREADS * APART]
    Py_ssize_t bad[MOST_THREADS]

ctypedef void (*Team)(void (*)(void*) noexcept nogil, void*, unsigned, unsigned) noexcept nogil


cdef bint all_finite(int kind, const char* x, Py_ssize_t n) noexcept nogil:
    cdef float wide[PIECE]
    cdef Py_ssize_t i, k
    if kind == DOUBLE:
        return all_finite_d(n, <const double*>x)
    if kind == SINGLE:
        return all_finite_s(n, <const float*>x)
    for i in range(pieces(n)):
        k = min(<Py_ssize_t>PIECE, n - i * PIECE)
        widen(kind, k, (<const uint16_t*>x) + i * PIECE, &wide[0])
        if not all_finite_s(k, &wide[0]):
            return False
    return True


cdef inline void one(Work* w, Py_ssize_t me, Py_ssize_t c, unsigned plain) noexcept nogil:
    cdef Py_ssize_t t = w.chunks[3 * c], first = w.chunks[3 * c + 1], n = w.chunks[3 * c + 2]
    cdef const size_t* a = w.at + 5 * t
    cdef const int* kinds = w.kinds + 3 * t
    if a[1] == 0:
        return
    if w.what == FINITE:
        if (w.bad[me] < 0 or t < w.bad[me]) and not all_finite(
                kinds[0], (<const char*>a[1]) + first * width(kinds[0]), n):
            w.bad[me] = t
        return
    step(w.what == ADAM, a, first, n, kinds, (<const shrinkage_step*>w.settings) + t, plain)
    if w.clear:
        memset((<char*>a[1]) + first * width(kinds[0]), 0, n * width(kinds[0]))


# A thread's own block of chunks, the same at every step while threads come in the same order, then what others left
cdef void work(void* data) noexcept nogil:
    cdef Work* w = <Work*>data
    cdef Py_ssize_t me = take(&w.arrived), k, block, first, c
    cdef unsigned plain = flush_subnormal()
    for k in range(w.threads):
        block = (me + k) % w.threads
        first = w.count * block // w.threads
        c = take(&w.next[APART * block])
        while first + c < w.count * (block + 1) // w.threads:
            one(w, me, first + c, plain)
            c = take(&w.next[APART * block])
    put_back(plain)


cdef Py_ssize_t run(What what, const size_t[:, ::1] at, const long long[:, ::1] chunks, const int[:, ::1] kinds,
                    const double[:, ::1] settings, bint clear, size_t team, Py_ssize_t threads) noexcept nogil:
    cdef Work w
    cdef Py_ssize_t k, bad = -1
    if chunks.shape[0] == 0:
        return -1
    w.what, w.clear, w.count, w.arrived = what, clear, chunks.shape[0], 0
    w.at, w.chunks, w.kinds = &at[0, 0], &chunks[0, 0], &kinds[0, 0]
    w.settings = &settings[0, 0] if what != FINITE else NULL
    w.threads = max(1, min(threads, MOST_THREADS, w.count)) if team != 0 else 1
    for k in range(w.threads):
        w.next[APART * k], w.bad[k] = 0, -1
    if w.threads == 1:
        work(&w)
    else:
        (<Team>team)(work, &w, <unsigned>w.threads, 0)
    for k in range(w.threads):
        if w.bad[k] >= 0 and (bad < 0 or w.bad[k] < bad):
            bad = w.bad[k]
    return bad


def sgd(const size_t[:, ::1] at, const long long[:, ::1] chunks, const int[:, ::1] kinds,
        const double[:, ::1] settings, bint clear, size_t team=0, Py_ssize_t threads=1):
    """A step of gradient descent; state is the momentum. `clear`: gradients become zero when they are used. `team` is
    the address of OpenMP's GOMP_parallel, which is called for so many threads, or 0."""
    with nogil:
        run(SGD, at, chunks, kinds, settings, clear, team, threads)


def adam(const size_t[:, ::1] at, const long long[:, ::1] chunks, const int[:, ::1] kinds,
         const double[:, ::1] settings, bint clear, size_t team=0, Py_ssize_t threads=1):
    """A step of Adam; state is both moments, and the largest second one where AMSGrad wants it."""
    with nogil:
        run(ADAM, at, chunks, kinds, settings, clear, team, threads)


def not_finite(const size_t[:, ::1] at, const long long[:, ::1] chunks, const int[:, ::1] kinds, size_t team=0,
               Py_ssize_t threads=1):
    """The first tensor in these chunks with a gradient that is infinite or NaN somewhere, or -1."""
    cdef Py_ssize_t bad
    with nogil:
        bad = run(FINITE, at, chunks, kinds, None, False, team, threads)
    return bad


def advance(bint adam, const int[:, ::1] kinds, double[:, ::1] settings, const double[::1] count,
            const unsigned char[::1] live, const double[::1] felt, double[::1] owed):
    """What changes from step to step: bias corrections (SGD: that the first momentum is the first gradient) of
    each tensor's `count`-th step, and decay below `felt`, by type, which rounding would lose: it is owed until it is
    as much. Whether any is."""
    cdef Py_ssize_t t
    cdef shrinkage_step* s
    cdef double at = 0.0, first = -1.0, second = -1.0, most = 1.0, root = 1.0, number, least, total
    cdef bint any_owed = False
    for t in range(count.shape[0]):
        if not live[t]:
            any_owed = any_owed or owed[t] != 1.0
            continue
        s = <shrinkage_step*>&settings[t, 0]
        number = max(count[t], 1.0)
        if not adam:
            s.fresh = 1.0 if number == 1.0 else s.later
        else:
            if number != at or s.first != first or s.second != second:
                at, first, second = number, s.first, s.second
                most, root = 1.0 - pow(first, at), 1.0 / sqrt(1.0 - pow(second, at))
            s.rate, s.root = s.lr / most, root
        s.keep = s.shrink
        least = felt[kinds[t, 0]]
        if (s.shrink != 1.0 and fabs(1.0 - s.shrink) < least) or owed[t] != 1.0:
            total = owed[t] * s.shrink
            s.keep, owed[t] = (total, 1.0) if fabs(1.0 - total) >= least else (1.0, total)
            any_owed = any_owed or owed[t] != 1.0
    return any_owed


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


def addresses(list arrays, const long long[::1] sizes, const int[:, ::1] kinds, bytes orders, size_t[::1] out):
    """out <- where the arrays' numbers are, 0 for None. Those that are no contiguous array of so many numbers of their
    type, in their order ("C" or "F")."""
    cdef Py_buffer view
    cdef Py_ssize_t t
    cdef char letter
    cdef const char* order = orders
    cdef list others = []
    for t in range(len(arrays)):
        out[t] = 0
        if arrays[t] is None:
            continue
        PyObject_GetBuffer(arrays[t], &view, PyBUF_STRIDES | PyBUF_FORMAT)
        letter = view.format[0] if view.format != NULL else b"B"
        if (view.len == sizes[t] * width(kinds[t, 0]) and PyBuffer_IsContiguous(&view, order[t])
                and (letter == b"d" and kinds[t, 0] == DOUBLE or letter == b"f" and kinds[t, 0] == SINGLE
                     or letter == b"e" and kinds[t, 0] == HALF)):
            out[t] = <size_t>view.buf
        else:
            others.append(t)
        PyBuffer_Release(&view)
    return others


cdef const dl_table* table_of(capsule) except? NULL:
    """DLPack's functions, `__dlpack_c_exchange_api__` of a type; NULL where there are none, or of another version."""
    cdef const dl_table* table
    if capsule is None:
        return NULL
    table = <const dl_table*>PyCapsule_GetPointer(capsule, "dlpack_exchange_api")
    return table if table.version.major == 1 and table.from_object != NULL else NULL


cdef int where(const dl_table* table, object tensor, size_t* place, size_t* form) except -1:
    """The address of a tensor, and a number of its shape, strides and type."""
    if table != NULL:
        return dl_look(table, <void*>tensor, place, form)
    place[0] = tensor.data_ptr()
    form[0] = <size_t>hash((tensor.shape, tensor.stride(), tensor.dtype))
    return 0


def look(capsule, list groups, list tensors, size_t[::1] places, size_t[::1] forms, const unsigned char[::1] gaps,
         size_t[::1] grads, size_t[::1] grad_places, size_t[:, ::1] at, list held):
    """What has become of torch's `tensors` and their gradients since the last time: whether another tensor is in the
    lists `groups`, or one has moved or changed its form; whether a gradient is new or has moved; and whether one of
    those is not as its tensor lies (or nowhere, or its tensor has `gaps`): the addresses of the others go into `at`.
    `grads` are addresses of objects, which only the caller's list `held` keeps alive. `capsule` has DLPack's functions
    for tensors; without it they are asked in Python."""
    cdef const dl_table* table = table_of(capsule)
    cdef Py_ssize_t t = 0, count = len(tensors)
    cdef size_t place = 0, form = 0, own = 0
    cdef bint new = False, odd = False
    for group in groups:
        for tensor in <list?>group:
            if t == count or tensor is not tensors[t]:
                return True, new, odd
            where(table, tensor, &place, &own)
            if place != places[t] or own != forms[t]:
                return True, new, odd
            grad = tensor.grad
            if grad is None:
                if grads[t] != 0:
                    new, grads[t], grad_places[t], at[t, 1] = True, 0, 0, 0
            else:
                held.append(grad)
                try:
                    where(table, grad, &place, &form)
                except Exception:  # what is sparse is nowhere
                    place = 0
                if place == 0 or form != own or grads[t] != <size_t><void*>grad or place != grad_places[t]:
                    new, grads[t], grad_places[t] = True, <size_t><void*>grad, place
                    if place == 0 or form != own or gaps[t] or grad.is_neg():
                        odd, place = True, 0
                    at[t, 1] = place
            t += 1
    return t != count, new, odd


def placed(capsule, list tensors, size_t[::1] places, size_t[::1] forms):
    """places, forms <- those of torch's tensors, as `look` and `kept` compare them; 0 for None."""
    cdef const dl_table* table = table_of(capsule)
    cdef Py_ssize_t t
    for t in range(len(tensors)):
        places[t] = forms[t] = 0
        if tensors[t] is not None:
            where(table, tensors[t], &places[t], &forms[t])


def kept(capsule, list states, list names, list values, const size_t[::1] places, const size_t[::1] forms):
    """Whether these dicts still have the objects `values` under `names`, one each, and those that are tensors with a
    place are still there and of that form."""
    cdef const dl_table* table = table_of(capsule)
    cdef Py_ssize_t i
    cdef size_t place = 0, form = 0
    cdef PyObject* found
    for i in range(len(values)):
        found = PyDict_GetItem(states[i], names[i])
        if found != <PyObject*>values[i]:
            return False
        if places[i] != 0:
            where(table, <object>found, &place, &form)
            if place != places[i] or form != forms[i]:
                return False
    return True
