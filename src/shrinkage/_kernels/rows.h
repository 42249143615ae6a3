/* One row of X against coefficients, in the form a C compiler turns into SIMD, several instruction sets as in lanes.h.
   X is read as it is stored, float or double; everything is computed in double. A stochastic step and the product of
   the new coefficients with the row that comes next are one loop: they are read and written once. */
#ifndef SHRINKAGE_ROWS_H
#define SHRINKAGE_ROWS_H
#include <math.h>
#include <stddef.h>
#include "lanes.h"

#if defined(__GNUC__)
#define BODY static inline __attribute__((always_inline))
#define FETCH(address) __builtin_prefetch(address)
#else
#define BODY static inline
#define FETCH(address) (void)(address)
#endif

/* What is left of v after a threshold; a NaN stays one */
#define SOFT(v, threshold) (fabs(v) <= (threshold) ? 0.0 : (v) - ((v) > 0 ? (threshold) : -(threshold)))

/* One way of a step, compiled by itself so that its loop has no branches */
#define STEP_WAY(name, prox, average, real, tag)                                                               \
    LANES double name##_##tag(ptrdiff_t p, double *z, double *total, const real *x, const real *next,          \
                              double step, double threshold, double scale) {                                   \
        return step_body_##tag(p, z, total, x, next, step, threshold, scale, prox, average);                   \
    }
#define SAGA_WAY(name, prox, real, tag)                                                                        \
    LANES double name##_##tag(ptrdiff_t p, double *w, double *g, const real *x, const real *next, double rate, \
                              double fresh, double share, double threshold, double shrink) {                   \
        return saga_body_##tag(p, w, g, x, next, rate, fresh, share, threshold, shrink, prox);                 \
    }

#define DEFINE_ROWS(real, tag)                                                                                 \
    /* x.w */                                                                                                  \
    LANES double row_dot_##tag(ptrdiff_t p, const real *restrict x, const double *restrict w) {                \
        ptrdiff_t h = p / 2;                                                                                   \
        double a = 0, b = 0;                                                                                   \
        SIMD(omp simd reduction(+ : a, b)) for (ptrdiff_t j = 0; j < h; j++) {                                 \
            a += (double)x[j] * w[j];                                                                          \
            b += (double)x[j + h] * w[j + h];                                                                  \
        }                                                                                                      \
        return p % 2 ? a + b + (double)x[p - 1] * w[p - 1] : a + b;                                            \
    }                                                                                                          \
    /* out += sum_r f_r x_r, four rows; those that are not there have f = 0 */                                 \
    LANES void rows_add_##tag(ptrdiff_t p, const double f[4], const real *const x[4], double *restrict out) {  \
        const real *restrict a = x[0], *restrict b = x[1], *restrict c = x[2], *restrict d = x[3];             \
        double f0 = f[0], f1 = f[1], f2 = f[2], f3 = f[3];                                                     \
        SIMD(omp simd) for (ptrdiff_t j = 0; j < p; j++) {                                                     \
            out[j] += (f0 * (double)a[j] + f1 * (double)b[j]) + (f2 * (double)c[j] + f3 * (double)d[j]);       \
        }                                                                                                      \
    }                                                                                                          \
    LANES void row_copy_##tag(ptrdiff_t p, const real *restrict x, double *restrict out) {                     \
        SIMD(omp simd) for (ptrdiff_t j = 0; j < p; j++) out[j] = (double)x[j];                                \
    }                                                                                                          \
    /* z <- z - step x; of w = soft(z, threshold): total += scale w, and the product with the next row */      \
    BODY double step_body_##tag(ptrdiff_t p, double *restrict z, double *restrict total,                       \
                                const real *restrict x, const real *restrict next, double step,                \
                                double threshold, double scale, const int prox, const int average) {           \
        double out = 0;                                                                                        \
        SIMD(omp simd reduction(+ : out)) for (ptrdiff_t j = 0; j < p; j++) {                                  \
            double v = z[j] - step * (double)x[j];                                                             \
            z[j] = v;                                                                                          \
            if (prox) v = SOFT(v, threshold);                                                                  \
            if (average) total[j] += scale * v;                                                                \
            out += v * (double)next[j];                                                                        \
        }                                                                                                      \
        return out;                                                                                            \
    }                                                                                                          \
    STEP_WAY(step_plain, 0, 0, real, tag)                                                                      \
    STEP_WAY(step_prox, 1, 0, real, tag)                                                                       \
    STEP_WAY(step_mean, 0, 1, real, tag)                                                                       \
    STEP_WAY(step_prox_mean, 1, 1, real, tag)                                                                  \
    BODY double step_##tag(ptrdiff_t p, double *z, double *total, const real *x, const real *next,             \
                           double step, double threshold, double scale) {                                      \
        if (threshold == 0)                                                                                    \
            return (total ? step_mean_##tag : step_plain_##tag)(p, z, total, x, next, step, threshold, scale); \
        return (total ? step_prox_mean_##tag : step_prox_##tag)(p, z, total, x, next, step, threshold, scale); \
    }                                                                                                          \
    /* w <- shrink soft(w - rate (fresh x + g), threshold), g += share x; the product of w with the next row */\
    BODY double saga_body_##tag(ptrdiff_t p, double *restrict w, double *restrict g, const real *restrict x,   \
                                const real *restrict next, double rate, double fresh, double share,            \
                                double threshold, double shrink, const int prox) {                             \
        double out = 0;                                                                                        \
        SIMD(omp simd reduction(+ : out)) for (ptrdiff_t j = 0; j < p; j++) {                                  \
            double v = w[j] - rate * (fresh * (double)x[j] + g[j]);                                            \
            if (prox) v = SOFT(v, threshold);                                                                  \
            v *= shrink;                                                                                       \
            w[j] = v;                                                                                          \
            g[j] += share * (double)x[j];                                                                      \
            out += v * (double)next[j];                                                                        \
        }                                                                                                      \
        return out;                                                                                            \
    }                                                                                                          \
    SAGA_WAY(saga_plain, 0, real, tag)                                                                         \
    SAGA_WAY(saga_prox, 1, real, tag)                                                                          \
    BODY double saga_##tag(ptrdiff_t p, double *w, double *g, const real *x, const real *next, double rate,    \
                           double fresh, double share, double threshold, double shrink) {                      \
        return (threshold == 0 ? saga_plain_##tag : saga_prox_##tag)(p, w, g, x, next, rate, fresh, share,     \
                                                                     threshold, shrink);                       \
    }                                                                                                          \
    /* Ask memory for a row that comes soon; after its first lines the processor goes on by itself */          \
    BODY void row_fetch_##tag(ptrdiff_t p, const real *x) {                                                    \
        ptrdiff_t line = 64 / (ptrdiff_t)sizeof(real), stop = p < 16 * line ? p : 16 * line;                   \
        for (ptrdiff_t j = 0; j < stop; j += line) FETCH(x + j);                                               \
    }

DEFINE_ROWS(float, s)
DEFINE_ROWS(double, d)

/* K settings at once: out += x soft(z, threshold), and z -= x step */
LANES void soft_add(ptrdiff_t K, const double *restrict z, const double *restrict threshold, double x,
                    double *restrict out) {
    SIMD(omp simd) for (ptrdiff_t k = 0; k < K; k++) {
        double t = threshold[k];
        out[k] += x * SOFT(z[k], t);
    }
}
LANES void move(ptrdiff_t K, double *restrict z, double x, const double *restrict step) {
    SIMD(omp simd) for (ptrdiff_t k = 0; k < K; k++) z[k] -= x * step[k];
}
/* z <- z - step g, w <- scale soft(z, threshold) */
LANES void step_all(ptrdiff_t p, double *restrict z, const double *restrict g, double step, double threshold,
                    double scale, double *restrict w) {
    SIMD(omp simd) for (ptrdiff_t j = 0; j < p; j++) {
        double v = z[j] - step * g[j];
        z[j] = v;
        w[j] = scale * SOFT(v, threshold);
    }
}

/* The same without a branch, which nobody could foresee */
BODY double soft_flat(double v, double threshold) {
    double size = fabs(v) - threshold;
    size = 0.0 > size ? 0.0 : size;
    return copysign(size, v);
}
/* What another thread may have written meanwhile */
static inline int asked(const int *stop) { return *(const volatile int *)stop; }
static inline void fetch(const void *address) { FETCH(address); }
#endif
