"""Declarations of lanes.h, met by the kernels through fused inline functions."""
from cython cimport floating

cdef extern from "lanes.h" nogil:
    void row_moments_d(Py_ssize_t p, const double* x, const double* shift, double s, double* total,
                       double* square) noexcept
    void row_moments_s(Py_ssize_t p, const float* x, const double* shift, double s, double* total,
                       double* square) noexcept
    void column_moments_d(Py_ssize_t n, const double* x, double shift, const double* s, double* total,
                          double* square) noexcept
    void column_moments_s(Py_ssize_t n, const float* x, double shift, const double* s, double* total,
                          double* square) noexcept
    void pack_row_dd(Py_ssize_t p, const double* x, const double* mean, const double* scale, double factor,
                     double* out) noexcept
    void pack_row_sd(Py_ssize_t p, const float* x, const double* mean, const double* scale, double factor,
                     double* out) noexcept
    void pack_row_ss(Py_ssize_t p, const float* x, const double* mean, const double* scale, double factor,
                     float* out) noexcept
    void pack_column_dd(Py_ssize_t n, const double* x, double mean, double factor, const double* scale,
                        double* out) noexcept
    void pack_column_sd(Py_ssize_t n, const float* x, double mean, double factor, const double* scale,
                        double* out) noexcept
    void pack_column_ss(Py_ssize_t n, const float* x, double mean, double factor, const double* scale,
                        float* out) noexcept
    void widen_add(Py_ssize_t n, const float* part, double* total) noexcept
