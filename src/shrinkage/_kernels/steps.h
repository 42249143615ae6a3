/* One step of an optimizer over n contiguous numbers of one parameter. Decay, gradient and threshold make up one change
   that is added to a parameter and rounded once, so that a float parameter feels a decay below half a unit in its last
   place whenever it moves at all. */
#ifndef SHRINKAGE_STEPS_H
#define SHRINKAGE_STEPS_H
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__) || defined(_M_X64)
#include <xmmintrin.h>
#define SHRINKAGE_MXCSR
#endif

#if defined(SHRINKAGE_MULTIVERSION)
#define CLONES static __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), noinline))
#define INLINE static inline __attribute__((always_inline))
#else
#define CLONES static
#define INLINE static inline
#endif
#if defined(_MSC_VER) && !defined(__clang__)
#define EACH
#define RESTRICT __restrict
#else
#define EACH _Pragma("omp simd")
#define RESTRICT restrict
#endif

/* What a parameter's step is made of, for a gradient g and the parameter p before it. */
typedef struct {
    double sign;       /* of g: -1 where it is followed upwards */
    double coupled;    /* weight decay that is a part of the gradient */
    double keep;       /* factor of p: 1 less the decay that is not */
    double rate;       /* learning rate, over the first moment's bias correction */
    double first;      /* momentum, or beta1 */
    double fresh;      /* weight of the gradient in it */
    double second;     /* beta2 */
    double fresh_second;
    double root;       /* 1 / sqrt of the second moment's bias correction */
    double eps;
    double threshold;  /* of the soft threshold at the end; in Adam's metric over the denominator */
    /* what keep, rate and fresh are made of at every step */
    double shrink;
    double lr;
    double later;
} shrinkage_step;

enum { PLAIN = 0, MOMENTUM = 1, NESTEROV = 2 };
enum { NO_PROX = 0, PROX = 1, METRIC = 2 };

/* One way of a step, compiled by itself so that its loop has no branches */
#define SGD_WAY(name, kind, prox, real, tag)                                                                   \
    CLONES void sgd_##name##_##tag(ptrdiff_t n, real *p, const real *g, real *b, const shrinkage_step *s) {    \
        sgd_body_##tag(n, p, g, b, s, kind, prox);                                                             \
    }
#define ADAM_WAY(name, amsgrad, prox, real, tag)                                                               \
    CLONES void name##_##tag(ptrdiff_t n, real *p, const real *g, real *m, real *v, real *most,                \
                             const shrinkage_step *s) {                                                        \
        adam_body_##tag(n, p, g, m, v, most, s, amsgrad, prox);                                                \
    }

#define DEFINE_STEPS(real, root_of, size_of, tag)                                                              \
    /* p - less after a soft threshold t: what is within it is zero, a NaN stays one */                        \
    INLINE real soft_##tag(real p, real less, real t) {                                                        \
        real x = p - less, within = x < -t ? -t : x;                                                           \
        real out = p - (less + (within > t ? t : within));                                                     \
        return size_of(x) <= t ? 0 : out;                                                                      \
    }                                                                                                          \
    INLINE void sgd_body_##tag(ptrdiff_t n, real *RESTRICT p, const real *RESTRICT g, real *RESTRICT b,        \
                               const shrinkage_step *s, const int kind, const int prox) {                      \
        const real sign = (real)s->sign, coupled = (real)s->coupled, first = (real)s->first,                   \
                   fresh = (real)s->fresh, decay = (real)(1.0 - s->keep), rate = (real)s->rate,                \
                   threshold = (real)s->threshold;                                                             \
        EACH for (ptrdiff_t i = 0; i < n; i++) {                                                               \
            real d = sign * g[i] + coupled * p[i];                                                             \
            if (kind != PLAIN) {                                                                               \
                real m = first * b[i] + fresh * d;                                                             \
                b[i] = m;                                                                                      \
                d = kind == NESTEROV ? d + first * m : m;                                                      \
            }                                                                                                  \
            real less = rate * d + decay * p[i];                                                               \
            p[i] = prox == NO_PROX ? p[i] - less : soft_##tag(p[i], less, threshold);                          \
        }                                                                                                      \
    }                                                                                                          \
    SGD_WAY(plain, PLAIN, NO_PROX, real, tag)                                                                  \
    SGD_WAY(momentum, MOMENTUM, NO_PROX, real, tag)                                                            \
    SGD_WAY(nesterov, NESTEROV, NO_PROX, real, tag)                                                            \
    SGD_WAY(plain_prox, PLAIN, PROX, real, tag)                                                                \
    SGD_WAY(momentum_prox, MOMENTUM, PROX, real, tag)                                                          \
    SGD_WAY(nesterov_prox, NESTEROV, PROX, real, tag)                                                          \
    INLINE void sgd_##tag(ptrdiff_t n, real *p, const real *g, real *b, const shrinkage_step *s, int kind,     \
                          int prox) {                                                                          \
        if (prox == NO_PROX) {                                                                                 \
            if (kind == PLAIN) sgd_plain_##tag(n, p, g, b, s);                                                 \
            else if (kind == MOMENTUM) sgd_momentum_##tag(n, p, g, b, s);                                      \
            else sgd_nesterov_##tag(n, p, g, b, s);                                                            \
        } else {                                                                                               \
            if (kind == PLAIN) sgd_plain_prox_##tag(n, p, g, b, s);                                            \
            else if (kind == MOMENTUM) sgd_momentum_prox_##tag(n, p, g, b, s);                                 \
            else sgd_nesterov_prox_##tag(n, p, g, b, s);                                                       \
        }                                                                                                      \
    }                                                                                                          \
    INLINE void adam_body_##tag(ptrdiff_t n, real *RESTRICT p, const real *RESTRICT g, real *RESTRICT m,       \
                                real *RESTRICT v, real *RESTRICT most, const shrinkage_step *s,                \
                                const int amsgrad, const int prox) {                                           \
        const real sign = (real)s->sign, coupled = (real)s->coupled, first = (real)s->first,                   \
                   fresh = (real)s->fresh, second = (real)s->second, more = (real)s->fresh_second,             \
                   root = (real)s->root, eps = (real)s->eps, decay = (real)(1.0 - s->keep),                    \
                   rate = (real)s->rate, threshold = (real)s->threshold;                                       \
        EACH for (ptrdiff_t i = 0; i < n; i++) {                                                               \
            real d = sign * g[i] + coupled * p[i];                                                             \
            real a = first * m[i] + fresh * d;                                                                 \
            real u = second * v[i] + more * (d * d);                                                           \
            m[i] = a;                                                                                          \
            v[i] = u;                                                                                          \
            if (amsgrad) {                                                                                     \
                u = most[i] > u ? most[i] : u;                                                                 \
                most[i] = u;                                                                                   \
            }                                                                                                  \
            real scale = root_of(u) * root + eps;                                                              \
            real less = rate * (a / scale) + decay * p[i];                                                     \
            real t = prox == METRIC ? threshold / scale : threshold;                                           \
            p[i] = prox == NO_PROX ? p[i] - less : soft_##tag(p[i], less, t);                                  \
        }                                                                                                      \
    }                                                                                                          \
    ADAM_WAY(adam_plain, 0, NO_PROX, real, tag)                                                                \
    ADAM_WAY(adam_prox, 0, PROX, real, tag)                                                                    \
    ADAM_WAY(adam_metric, 0, METRIC, real, tag)                                                                \
    ADAM_WAY(amsgrad_plain, 1, NO_PROX, real, tag)                                                             \
    ADAM_WAY(amsgrad_prox, 1, PROX, real, tag)                                                                 \
    ADAM_WAY(amsgrad_metric, 1, METRIC, real, tag)                                                             \
    INLINE void adam_##tag(ptrdiff_t n, real *p, const real *g, real *m, real *v, real *most,                  \
                           const shrinkage_step *s, int prox) {                                                \
        if (most == NULL) {                                                                                    \
            if (prox == NO_PROX) adam_plain_##tag(n, p, g, m, v, most, s);                                     \
            else if (prox == PROX) adam_prox_##tag(n, p, g, m, v, most, s);                                    \
            else adam_metric_##tag(n, p, g, m, v, most, s);                                                    \
        } else {                                                                                               \
            if (prox == NO_PROX) amsgrad_plain_##tag(n, p, g, m, v, most, s);                                  \
            else if (prox == PROX) amsgrad_prox_##tag(n, p, g, m, v, most, s);                                 \
            else amsgrad_metric_##tag(n, p, g, m, v, most, s);                                                 \
        }                                                                                                      \
    }

DEFINE_STEPS(float, sqrtf, fabsf, s)
DEFINE_STEPS(double, sqrt, fabs, d)

/* The next of a row of numbers, for whichever thread asks */
static inline ptrdiff_t take(ptrdiff_t *next) {
#if defined(__GNUC__)
    return __atomic_fetch_add(next, 1, __ATOMIC_RELAXED);
#else
    return (*next)++;  /* where there is no team of threads */
#endif
}

/* Whether no number is infinite or NaN: their exponents are all ones */
#define DEFINE_FINITE(real, bits, all, exponent, tag)                                                          \
    CLONES int all_finite_##tag(ptrdiff_t n, const real *x) {                                                  \
        bits most = 0;                                                                                         \
        for (ptrdiff_t i = 0; i < n; i++) {                                                                    \
            bits one;                                                                                          \
            memcpy(&one, x + i, sizeof one);                                                                   \
            one &= all;                                                                                        \
            most = one > most ? one : most;                                                                    \
        }                                                                                                      \
        return most < exponent;                                                                                \
    }
DEFINE_FINITE(float, uint32_t, 0x7fffffffu, 0x7f800000u, s)
DEFINE_FINITE(double, uint64_t, 0x7fffffffffffffffull, 0x7ff0000000000000ull, d)

/* bfloat16 and float16, by their bits, to float and back (to the nearest, ties to even) */
CLONES void widen_bfloat(ptrdiff_t n, const uint16_t *RESTRICT x, float *RESTRICT out) {
    for (ptrdiff_t i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)x[i] << 16;
        memcpy(out + i, &bits, 4);
    }
}
CLONES void narrow_bfloat(ptrdiff_t n, const float *RESTRICT x, uint16_t *RESTRICT out) {
    for (ptrdiff_t i = 0; i < n; i++) {
        uint32_t bits, nan;
        memcpy(&bits, x + i, 4);
        nan = (bits & 0x7fffffffu) > 0x7f800000u;
        bits = nan ? bits | 0x400000u : bits + 0x7fffu + ((bits >> 16) & 1u);
        out[i] = (uint16_t)(bits >> 16);
    }
}
CLONES void widen_half(ptrdiff_t n, const uint16_t *RESTRICT x, float *RESTRICT out) {
    for (ptrdiff_t i = 0; i < n; i++) {
        uint32_t sign = (uint32_t)(x[i] & 0x8000u) << 16, rest = (uint32_t)(x[i] & 0x7fffu) << 13;
        uint32_t scale = 0x77800000u, top = rest >= 0x0f800000u ? 0x7f800000u : 0u, bits;
        float value, by;
        memcpy(&value, &rest, 4);
        memcpy(&by, &scale, 4);  /* 2^112 moves the exponent's bias, and makes subnormal numbers normal ones */
        value *= by;
        memcpy(&bits, &value, 4);
        bits |= sign | top;
        memcpy(out + i, &bits, 4);
    }
}
CLONES void narrow_half(ptrdiff_t n, const float *RESTRICT x, uint16_t *RESTRICT out) {
    for (ptrdiff_t i = 0; i < n; i++) {
        uint32_t bits, sign, size, result, tiny;
        float shifted, magic = 0.5f;  /* its last place is that of the smallest float16 */
        memcpy(&bits, x + i, 4);
        sign = (bits >> 16) & 0x8000u;
        size = bits & 0x7fffffffu;
        memcpy(&shifted, &size, 4);
        shifted += magic;
        memcpy(&tiny, &shifted, 4);
        tiny -= 0x3f000000u;
        result = size - 0x38000000u + 0xfffu + ((size >> 13) & 1u);
        result >>= 13;
        result = size < 0x38800000u ? tiny : result;
        result = size >= 0x477ff000u ? 0x7c00u : result;  /* rounds to infinity */
        result = size > 0x7f800000u ? 0x7e00u : result;
        out[i] = (uint16_t)(sign | result);
    }
}

/* Sums of |x|, x^2, (x - y)^2 and y^2, the largest |x|, and how many are zero: out[0..5] is added to (the largest
   kept), y may be NULL */
#define DEFINE_STATISTICS(real, tag)                                                                           \
    CLONES void statistics_##tag(ptrdiff_t n, const real *RESTRICT x, const real *RESTRICT y, double *RESTRICT out) {\
        double total = 0, square = 0, moved = 0, before = 0, most = 0, zeros = 0;                              \
        SIMD_SUMS for (ptrdiff_t i = 0; i < n; i++) {                                                          \
            double a = fabs((double)x[i]);                                                                     \
            total += a;                                                                                        \
            square += a * a;                                                                                   \
            most = a > most ? a : most;                                                                        \
            zeros += a == 0 ? 1 : 0;                                                                           \
        }                                                                                                      \
        if (y != NULL)                                                                                         \
            SIMD_MOVES for (ptrdiff_t i = 0; i < n; i++) {                                                     \
                double b = (double)y[i], c = (double)x[i] - b;                                                 \
                moved += c * c;                                                                                \
                before += b * b;                                                                               \
            }                                                                                                  \
        out[0] += total, out[1] += square, out[2] += moved, out[3] += before, out[5] += zeros;                 \
        out[4] = most > out[4] ? most : out[4];                                                                \
    }
#if defined(_MSC_VER) && !defined(__clang__)
#define SIMD_SUMS
#define SIMD_MOVES
#else
#define SIMD_SUMS _Pragma("omp simd reduction(+ : total, square, zeros) reduction(max : most)")
#define SIMD_MOVES _Pragma("omp simd reduction(+ : moved, before)")
#endif
DEFINE_STATISTICS(float, s)
DEFINE_STATISTICS(double, d)

/* Subnormal numbers, which moments decay to, are a hundred times as slow as others: zero in their place, in this thread
   and until it is put back. */
static inline unsigned flush_subnormal(void) {
#if defined(SHRINKAGE_MXCSR)
    unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040u);
    return before;
#else
    return 0;
#endif
}
static inline void put_back(unsigned before) {
#if defined(SHRINKAGE_MXCSR)
    _mm_setcsr(before);
#else
    (void)before;
#endif
}
#endif
