"""Passes over a compressed sparse matrix, read along its major axis: rows of a CSR are columns of a CSC.

A (majors x minors) is (data, indices, indptr). The two products below serve X and X' alike: what is a gather for one
storage is a scatter for the other. Dense operands are row major, one row an entry of the axis, unless said.
"""
from cython cimport floating

from ._index cimport index
from .lanes cimport gather_eight


def gather(const floating[::1] data, const index[::1] indices, const index[::1] indptr, bint square, double sign,
           const double[:, ::1] V, double[:, :] out):
    """out += sign A V (or A∘A V): out is (majors, t) in any order, V (minors, t)."""
    cdef Py_ssize_t i, k, c, start, stop, t = V.shape[1]
    cdef double a, total
    cdef double sums[8]
    with nogil:
        for i in range(indptr.shape[0] - 1):
            start, stop = indptr[i], indptr[i + 1]
            if t == 8 and not square and start < stop:
                gather_eight(stop - start, &data[start], &indices[start], &V[0, 0], &sums[0])
                for c in range(8):
                    out[i, c] += sign * sums[c]
                continue
            for c in range(t):
                total = 0
                for k in range(start, stop):
                    a = data[k]
                    total += (a * a if square else a) * V[indices[k], c]
                out[i, c] += sign * total


def scatter(const floating[::1] data, const index[::1] indices, const index[::1] indptr, bint square, double sign,
            const double[:, ::1] U, double[:, ::1] out):
    """out += sign A' U (or (A∘A)' U): out is (minors, t), U (majors, t)."""
    cdef Py_ssize_t i, k, c, t = U.shape[1]
    cdef double a, u
    with nogil:
        for i in range(indptr.shape[0] - 1):
            if t == 1:
                u = sign * U[i, 0]
                for k in range(indptr[i], indptr[i + 1]):
                    a = data[k]
                    out[indices[k], 0] += (a * a if square else a) * u
            else:
                for k in range(indptr[i], indptr[i + 1]):
                    a = data[k]
                    a = sign * (a * a if square else a)
                    for c in range(t):
                        out[indices[k], c] += a * U[i, c]


def gram(const floating[::1] data, const index[::1] indices, const index[::1] indptr, const double[::1] major_scale,
         const double[::1] minor_scale, double[::1, :] out, const int[::1] stop):
    """out += Z'Z, lower triangle, Z = diag(major_scale) A diag(minor_scale). Indices are sorted within a major."""
    cdef Py_ssize_t i, k, l, c
    cdef double a
    with nogil:
        for i in range(indptr.shape[0] - 1):
            if stop[0] != 0:
                break
            for k in range(indptr[i], indptr[i + 1]):
                c = indices[k]
                a = data[k] * major_scale[i] * major_scale[i] * minor_scale[c]
                for l in range(k, indptr[i + 1]):
                    out[indices[l], c] += a * data[l] * minor_scale[indices[l]]


def centre(double[::1, :] G, const double[::1] a, const double[::1] b):
    """Lower triangle of G -= a b' + b a'."""
    cdef Py_ssize_t i, j, n = G.shape[0]
    with nogil:
        for j in range(n):
            for i in range(j, n):
                G[i, j] -= a[i] * b[j] + b[i] * a[j]
