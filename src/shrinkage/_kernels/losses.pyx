"""Losses of many predictions, their derivatives and their conjugates: `_scalar.pxd` has the kinds and what they are.

y, predictions and what comes out have shape (n, K), with any strides; where a column or a row is repeated, of 0.
"""
from ._scalar cimport loss_conjugate, loss_slope, loss_value


def evaluate(int kind, double parameter, const double[:, :] y, const double[:, :] eta, double[:, :] values,
             double[:, :] slopes):
    """values <- the losses of predictions eta for targets y, slopes <- their derivatives; an empty one is left out."""
    cdef Py_ssize_t i, k
    cdef bint value = values.shape[0] > 0, slope = slopes.shape[0] > 0
    with nogil:
        for i in range(eta.shape[0]):
            for k in range(eta.shape[1]):
                if value:
                    values[i, k] = loss_value(kind, parameter, y[i, k], eta[i, k])
                if slope:
                    slopes[i, k] = loss_slope(kind, parameter, y[i, k], eta[i, k])


def conjugate(int kind, double parameter, const double[:, :] y, const double[:, :] u, double[:, :] out):
    """out <- sup over p of u p - loss(y, p): inf where there is none."""
    cdef Py_ssize_t i, k
    with nogil:
        for i in range(u.shape[0]):
            for k in range(u.shape[1]):
                out[i, k] = loss_conjugate(kind, parameter, y[i, k], u[i, k])
