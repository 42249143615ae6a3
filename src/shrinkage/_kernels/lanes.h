/* The innermost loops, in the form a C compiler turns into SIMD. Where the tool chain can (GCC, x86-64 ELF) each is
   compiled for several instruction sets and the loader picks one; elsewhere they are plain C. Float input is always
   accumulated in double. */
#ifndef SHRINKAGE_LANES_H
#define SHRINKAGE_LANES_H
#include <stddef.h>

#if defined(SHRINKAGE_MULTIVERSION)
#define LANES static __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), noinline))
#else
#define LANES static
#endif
#if defined(_MSC_VER) && !defined(__clang__)
#define SIMD(clauses)
#else
#define SIMD(clauses) _Pragma(#clauses)
#endif

/* Weighted sum and sum of squares of x - shift, of one row (p features) or one column piece (n samples): shifted by
   any value near the data, neither mean nor variance cancels. */
#define DEFINE_MOMENTS(real, tag)                                                                              \
    LANES void row_moments_##tag(ptrdiff_t p, const real *restrict x, const double *restrict shift, double s,  \
                                 double *restrict total, double *restrict square) {                            \
        SIMD(omp simd) for (ptrdiff_t j = 0; j < p; j++) {                                                     \
            double v = (double)x[j] - shift[j];                                                                \
            total[j] += s * v;                                                                                 \
            square[j] += s * v * v;                                                                            \
        }                                                                                                      \
    }                                                                                                          \
    LANES void column_moments_##tag(ptrdiff_t n, const real *restrict x, double shift,                         \
                                    const double *restrict s, double *restrict total,                          \
                                    double *restrict square) {                                                 \
        double t = 0, q = 0;                                                                                   \
        SIMD(omp simd reduction(+ : t, q)) for (ptrdiff_t i = 0; i < n; i++) {                                 \
            double v = (double)x[i] - shift, sv = s[i] * v;                                                            \
            t += sv;                                                                                           \
            q += sv * v;                                                                                       \
        }                                                                                                      \
        *total += t;                                                                                           \
        *square += q;                                                                                          \
    }

/* out = (x - mean) * scale: a row has a mean and a scale per feature, a column piece has one of each, and the
   samples' scale runs the other way. The difference is taken in double: float input loses nothing to centring. */
#define DEFINE_PACK(real, result, tag)                                                                         \
    LANES void pack_row_##tag(ptrdiff_t p, const real *restrict x, const double *restrict mean,                \
                              const double *restrict scale, double factor, result *restrict out) {             \
        SIMD(omp simd) for (ptrdiff_t j = 0; j < p; j++) out[j] =                                              \
            (result)(((double)x[j] - mean[j]) * (scale[j] * factor));                                          \
    }                                                                                                          \
    LANES void pack_column_##tag(ptrdiff_t n, const real *restrict x, double mean, double factor,              \
                                 const double *restrict scale, result *restrict out) {                         \
        SIMD(omp simd) for (ptrdiff_t i = 0; i < n; i++) out[i] =                                              \
            (result)(((double)x[i] - mean) * (scale[i] * factor));                                             \
    }

/* total += part, for summing float products in double. */
LANES void widen_add(ptrdiff_t n, const float *restrict part, double *restrict total) {
    SIMD(omp simd) for (ptrdiff_t i = 0; i < n; i++) total[i] += (double)part[i];
}

DEFINE_MOMENTS(double, d)
DEFINE_MOMENTS(float, s)
DEFINE_PACK(double, double, dd)
DEFINE_PACK(float, double, sd)
DEFINE_PACK(float, float, ss)
#endif
