"""Gram matrices on the processor's matrix unit, in two-part bfloat16. tiles.h says what a tile is.

Z is the (order, depth) matrix of the product ZZ', cut into pairs of blocks of 16 along its order and tiles of 32 along
its depth; eight tiles of depth are a run. Both forms of all tiles: (runs, pairs, 8, 2048), zero beyond Z's edges.
"""
from cython cimport floating
from libc.stdint cimport uint16_t
from libc.string cimport memset

from .lanes cimport Layout, layout_of, pack_column, pack_row

cdef extern from "tiles.h" nogil:
    enum:
        TILE
        RUN
    bint tiles_available() noexcept
    void make_tile(const float* x, Py_ssize_t ld, bint along, bint unit, uint16_t* left,
                   uint16_t* right) noexcept
    void multiply_tiles(const uint16_t* left, const uint16_t* right, Py_ssize_t runs, Py_ssize_t pairs,
                        Py_ssize_t start, Py_ssize_t stop, bint first, bint last, bint unit, float* sums,
                        double* out, Py_ssize_t order) noexcept


def available():
    """Whether this machine has the unit. Without it (`unit` False) `split` and `multiply` do the same in plain C."""
    return tiles_available()


def split(const floating[:, :] X, const double[::1] mean, const double[::1] column_scale, const double[::1] row_scale,
          bint along, Py_ssize_t start, Py_ssize_t stop, bint unit, float[:, ::1] scratch,
          uint16_t[:, :, :, ::1] left, uint16_t[:, :, :, ::1] right):
    """Tiles of diag(row_scale) (X - 1 mean') diag(column_scale).

    X's contiguous lines run along Z's depth, or across it; groups start..stop of 16 such lines (along) or 32 (across)
    are cut. scratch has a group's lines for rows, zero beyond X's.
    """
    cdef Layout lay = layout_of(X.shape[0], X.shape[1], X.strides[0] // <Py_ssize_t> sizeof(floating),
                                X.strides[1] // <Py_ssize_t> sizeof(floating))
    cdef Py_ssize_t lines = X.shape[0] if lay.rowwise else X.shape[1]
    cdef Py_ssize_t length = X.shape[1] if lay.rowwise else X.shape[0]
    cdef Py_ssize_t pairs = left.shape[1], ld = scratch.shape[1], group = 16 if along else 32
    cdef Py_ssize_t others = RUN * left.shape[0] if along else 2 * pairs, g, q, k, j, block
    cdef const floating* x = &X[0, 0]
    with nogil:
        for g in range(start, stop):
            for q in range(group):
                k = g * group + q
                if k >= lines:
                    memset(&scratch[q, 0], 0, length * sizeof(float))
                elif lay.rowwise:
                    pack_row(length, x + k * lay.ld, &mean[0], &column_scale[0], row_scale[k], &scratch[q, 0])
                else:
                    pack_column(length, x + k * lay.ld, mean[k], column_scale[k], &row_scale[0], &scratch[q, 0])
            for q in range(others):
                k, block = (q, g) if along else (g, q)
                j = block % 2 * TILE
                make_tile(&scratch[0, (32 if along else 16) * q], ld, along, unit,
                          &left[k // RUN, block // 2, k % RUN, j], &right[k // RUN, block // 2, k % RUN, j])


def multiply(const uint16_t[:, :, :, ::1] left, const uint16_t[:, :, :, ::1] right, Py_ssize_t start, Py_ssize_t stop,
             bint first, bint last, bint unit, float[:, :, ::1] sums, double[::1, :] out):
    """Lower triangle of out += ZZ', in columns (pairs of blocks) start..stop and as many from the end.

    Products are summed in sums, (pairs, pairs, 1024): the first call starts it, the last adds it to out.
    """
    with nogil:
        multiply_tiles(&left[0, 0, 0, 0], &right[0, 0, 0, 0], left.shape[0], left.shape[1], start, stop, first, last,
                       unit, &sums[0, 0, 0], &out[0, 0], out.shape[0])
