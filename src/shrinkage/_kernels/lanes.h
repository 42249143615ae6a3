/* The innermost loops, in the form a C compiler turns into SIMD. Where the tool chain can (GCC, x86-64 ELF) each is
   compiled for several instruction sets and the loader picks one; elsewhere they are plain C. X is read as it is
   stored, float or double; everything is computed in double, and X is centred before it is multiplied. */
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

/* Four rows (p features, a mean for each) or four column pieces (n samples, a mean each) at a time: enough independent
   sums to hide the latency of one. A caller with fewer repeats a pointer and gives it the coefficient zero. */
#define DEFINE_LANES(real, tag)                                                                                \
    /* out[r] = (x_r - mean).w */                                                                              \
    LANES void row_dots_##tag(ptrdiff_t p, const real *const x[4], const double *restrict mean,                \
                              const double *restrict w, double out[4]) {                                       \
        const real *restrict a = x[0], *restrict b = x[1], *restrict c = x[2], *restrict d = x[3];             \
        double p0 = 0, p1 = 0, p2 = 0, p3 = 0;                                                                 \
        SIMD(omp simd reduction(+ : p0, p1, p2, p3)) for (ptrdiff_t j = 0; j < p; j++) {                       \
            double m = mean[j], v = w[j];                                                                      \
            p0 += ((double)a[j] - m) * v;                                                                      \
            p1 += ((double)b[j] - m) * v;                                                                      \
            p2 += ((double)c[j] - m) * v;                                                                      \
            p3 += ((double)d[j] - m) * v;                                                                      \
        }                                                                                                      \
        out[0] = p0, out[1] = p1, out[2] = p2, out[3] = p3;                                                    \
    }                                                                                                          \
    LANES void column_dots_##tag(ptrdiff_t n, const real *const x[4], const double mean[4],                    \
                                 const double *restrict r, double out[4]) {                                    \
        const real *restrict a = x[0], *restrict b = x[1], *restrict c = x[2], *restrict d = x[3];             \
        double m0 = mean[0], m1 = mean[1], m2 = mean[2], m3 = mean[3], p0 = 0, p1 = 0, p2 = 0, p3 = 0;         \
        SIMD(omp simd reduction(+ : p0, p1, p2, p3)) for (ptrdiff_t i = 0; i < n; i++) {                       \
            double v = r[i];                                                                                   \
            p0 += ((double)a[i] - m0) * v;                                                                     \
            p1 += ((double)b[i] - m1) * v;                                                                     \
            p2 += ((double)c[i] - m2) * v;                                                                     \
            p3 += ((double)d[i] - m3) * v;                                                                     \
        }                                                                                                      \
        out[0] = p0, out[1] = p1, out[2] = p2, out[3] = p3;                                                    \
    }                                                                                                          \
    /* out += sum_r f_r (x_r - mean) */                                                                        \
    LANES void row_axpys_##tag(ptrdiff_t p, const double f[4], const real *const x[4],                         \
                               const double *restrict mean, double *restrict out) {                            \
        const real *restrict a = x[0], *restrict b = x[1], *restrict c = x[2], *restrict d = x[3];             \
        double f0 = f[0], f1 = f[1], f2 = f[2], f3 = f[3];                                                     \
        SIMD(omp simd) for (ptrdiff_t j = 0; j < p; j++) {                                                     \
            double m = mean[j];                                                                                \
            out[j] += (f0 * ((double)a[j] - m) + f1 * ((double)b[j] - m)) +                                    \
                      (f2 * ((double)c[j] - m) + f3 * ((double)d[j] - m));                                     \
        }                                                                                                      \
    }                                                                                                          \
    LANES void column_axpys_##tag(ptrdiff_t n, const double f[4], const real *const x[4], const double mean[4],\
                                  double *restrict out) {                                                      \
        const real *restrict a = x[0], *restrict b = x[1], *restrict c = x[2], *restrict d = x[3];             \
        double f0 = f[0], f1 = f[1], f2 = f[2], f3 = f[3], m0 = mean[0], m1 = mean[1], m2 = mean[2], m3 = mean[3];\
        SIMD(omp simd) for (ptrdiff_t i = 0; i < n; i++) {                                                     \
            out[i] += (f0 * ((double)a[i] - m0) + f1 * ((double)b[i] - m1)) +                                  \
                      (f2 * ((double)c[i] - m2) + f3 * ((double)d[i] - m3));                                   \
        }                                                                                                      \
    }                                                                                                          \
    /* sums of s (x - shift) and s (x - shift)^2: added to a row's, stored for columns */                      \
    LANES void row_moments_##tag(ptrdiff_t p, const double s[4], const real *const x[4],                       \
                                 const double *restrict shift, double *restrict total, double *restrict square) {\
        const real *restrict a = x[0], *restrict b = x[1], *restrict c = x[2], *restrict d = x[3];             \
        double s0 = s[0], s1 = s[1], s2 = s[2], s3 = s[3];                                                     \
        SIMD(omp simd) for (ptrdiff_t j = 0; j < p; j++) {                                                     \
            double m = shift[j], va = (double)a[j] - m, vb = (double)b[j] - m, vc = (double)c[j] - m,          \
                   vd = (double)d[j] - m, ta = s0 * va, tb = s1 * vb, tc = s2 * vc, td = s3 * vd;              \
            total[j] += (ta + tb) + (tc + td);                                                                 \
            square[j] += (ta * va + tb * vb) + (tc * vc + td * vd);                                            \
        }                                                                                                      \
    }                                                                                                          \
    LANES void column_moments_##tag(ptrdiff_t n, const real *const x[4], const double shift[4],                \
                                    const double *restrict s, double total[4], double square[4]) {             \
        const real *restrict a = x[0], *restrict b = x[1], *restrict c = x[2], *restrict d = x[3];             \
        double m0 = shift[0], m1 = shift[1], m2 = shift[2], m3 = shift[3];                                     \
        double t0 = 0, t1 = 0, t2 = 0, t3 = 0, q0 = 0, q1 = 0, q2 = 0, q3 = 0;                                 \
        SIMD(omp simd reduction(+ : t0, t1, t2, t3, q0, q1, q2, q3)) for (ptrdiff_t i = 0; i < n; i++) {       \
            double w = s[i], va = (double)a[i] - m0, vb = (double)b[i] - m1, vc = (double)c[i] - m2,           \
                   vd = (double)d[i] - m3, wa = w * va, wb = w * vb, wc = w * vc, wd = w * vd;                 \
            t0 += wa, t1 += wb, t2 += wc, t3 += wd;                                                            \
            q0 += wa * va, q1 += wb * vb, q2 += wc * vc, q3 += wd * vd;                                        \
        }                                                                                                      \
        total[0] = t0, total[1] = t1, total[2] = t2, total[3] = t3;                                            \
        square[0] = q0, square[1] = q1, square[2] = q2, square[3] = q3;                                        \
    }

/* out = (x - mean) * scale * factor: scale runs along x, factor across it. */
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

/* out = sum_k data[k] v[indices[k]], rows of v being eight numbers: each a sum of its own, which compilers see as such
   when it is not an array. */
#define DEFINE_GATHER(real, integer, tag)                                                                      \
    LANES void gather_eight_##tag(ptrdiff_t count, const real *restrict data, const integer *restrict indices, \
                                  const double *restrict v, double out[8]) {                                   \
        double s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;                                 \
        for (ptrdiff_t k = 0; k < count; k++) {                                                                \
            const double *row = v + (ptrdiff_t)indices[k] * 8;                                                 \
            double a = (double)data[k];                                                                        \
            s0 += a * row[0], s1 += a * row[1], s2 += a * row[2], s3 += a * row[3];                            \
            s4 += a * row[4], s5 += a * row[5], s6 += a * row[6], s7 += a * row[7];                            \
        }                                                                                                      \
        out[0] = s0, out[1] = s1, out[2] = s2, out[3] = s3;                                                    \
        out[4] = s4, out[5] = s5, out[6] = s6, out[7] = s7;                                                    \
    }

DEFINE_LANES(double, d)
DEFINE_LANES(float, s)
DEFINE_PACK(double, double, dd)
DEFINE_PACK(double, float, ds)
DEFINE_PACK(float, double, sd)
DEFINE_PACK(float, float, ss)
DEFINE_GATHER(double, int, di)
DEFINE_GATHER(double, long long, dl)
DEFINE_GATHER(float, int, si)
DEFINE_GATHER(float, long long, sl)
#endif
