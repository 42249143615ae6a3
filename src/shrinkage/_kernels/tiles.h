/* Products of matrices in two-part bfloat16 on the matrix unit (AMX) of x86-64 servers since 2023, many times faster
   there than single precision. A float v is hi + lo + 2^-17 |v|, both bfloat16, and hi hi' + hi lo' + lo hi' keeps
   about 16 bits of every product, summed in float.

   A tile is 16 features by 32 samples of one part. On the left of a product it holds a row of 32 samples for each
   feature; on the right, where the unit wants it turned, 16 rows of sample pairs. Tiles of both parts lie together.
   Linux and GCC or Clang have the intrinsics; elsewhere, and on other processors, plain C says what they do. */
#ifndef SHRINKAGE_TILES_H
#define SHRINKAGE_TILES_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(SHRINKAGE_TILES)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#define WIDE static __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,amx-tile,amx-bf16")))
#else
#define WIDE static
#endif

/* 16-bit numbers in a part of a tile, in a tile with its two parts, and tiles of depth that are multiplied in a row */
enum { PART = 512, TILE = 1024, RUN = 8 };

static inline uint32_t bits_of(float v) {
    uint32_t u;
    memcpy(&u, &v, sizeof u);
    return u;
}

static inline float float_of(uint32_t u) {
    float v;
    memcpy(&v, &u, sizeof v);
    return v;
}

/* the upper 16 bits round u, a float's bits, to the nearest bfloat16, ties to even */
static inline uint32_t nearest(uint32_t u) { return u + 0x7fffu + ((u >> 16) & 1u); }

static inline void halves(float v, uint32_t *hi, uint32_t *lo) {
    uint32_t h = nearest(bits_of(v)) & 0xffff0000u;
    *hi = h >> 16;
    *lo = nearest(bits_of(v - float_of(h))) >> 16;
}

/* Two samples (lines of 16 features) at a time into a tile's right form; 16 features (lines of 32 samples) into its
   left form; and a part turned from one form into the other, a transposition of pairs. */
#define DEFINE_TILES(SCOPE, tag, TURN)                                                                         \
    SCOPE void right_tile_##tag(const float *restrict x, ptrdiff_t ld, uint32_t *restrict out) {              \
        for (int i = 0; i < 16; i++, x += 2 * ld)                                                              \
            for (int q = 0; q < 16; q++) {                                                                     \
                uint32_t ha, la, hb, lb;                                                                       \
                halves(x[q], &ha, &la), halves(x[ld + q], &hb, &lb);                                           \
                out[16 * i + q] = ha | hb << 16;                                                               \
                out[PART / 2 + 16 * i + q] = la | lb << 16;                                                    \
            }                                                                                                  \
    }                                                                                                          \
    SCOPE void left_tile_##tag(const float *restrict x, ptrdiff_t ld, uint16_t *restrict out) {               \
        for (int i = 0; i < 16; i++, x += ld)                                                                  \
            for (int q = 0; q < 32; q++) {                                                                     \
                uint32_t h, l;                                                                                 \
                halves(x[q], &h, &l);                                                                          \
                out[32 * i + q] = (uint16_t)h;                                                                 \
                out[PART + 32 * i + q] = (uint16_t)l;                                                          \
            }                                                                                                  \
    }                                                                                                          \
    SCOPE void tile_##tag(const float *x, ptrdiff_t ld, int along, uint16_t *left, uint16_t *right) {         \
        uint32_t *l = (uint32_t *)left, *r = (uint32_t *)right;                                                \
        if (along) {                                                                                           \
            left_tile_##tag(x, ld, left);                                                                      \
            TURN(l, r), TURN(l + PART / 2, r + PART / 2);                                                      \
        } else {                                                                                               \
            right_tile_##tag(x, ld, r);                                                                        \
            TURN(r, l), TURN(r + PART / 2, l + PART / 2);                                                      \
        }                                                                                                      \
    }

static inline void turn_plain(const uint32_t *restrict in, uint32_t *restrict out) {
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 16; j++) out[16 * j + i] = in[16 * i + j];
}

static inline float value_of(uint16_t part) { return float_of((uint32_t)part << 16); }

/* sums (4 blocks of 16 x 16: features of the left pair by features of the right) += the products of RUN tiles of two
   pairs of blocks; `own` where they are the same pair: lo lo' is then all of one sign on the diagonal and counts */
static inline void block_plain(const uint16_t *left, const uint16_t *right, int fresh, int own, float *sums) {
    if (fresh) memset(sums, 0, 4 * 256 * sizeof *sums);
    for (int k = 0; k < RUN; k++)
        for (int quarter = 0; quarter < 4; quarter++) {
            const uint16_t *a = left + (2 * k + quarter / 2) * TILE, *b = right + (2 * k + quarter % 2) * TILE;
            for (int i = 0; i < 16; i++)
                for (int j = 0; j < 16; j++) {
                    float v = 0;
                    for (int s = 0; s < 32; s++) {
                        int x = 32 * i + s, y = 32 * (s / 2) + 2 * j + s % 2;
                        float ah = value_of(a[x]), al = value_of(a[PART + x]);
                        float bh = value_of(b[y]), bl = value_of(b[PART + y]);
                        v += ah * bh + (al * bh + ah * bl) + (own ? al * bl : 0);
                    }
                    sums[256 * quarter + 16 * i + j] += v;
                }
        }
}

DEFINE_TILES(static inline, plain, turn_plain)

#if defined(SHRINKAGE_TILES)
/* A 16 x 16 transposition of 32-bit entries in four rounds of shuffles. */
WIDE inline void turn_wide(const uint32_t *restrict in, uint32_t *restrict out) {
    __m512i r[16], t[16];
    for (int i = 0; i < 16; i++) r[i] = _mm512_loadu_si512(in + 16 * i);
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4)
        for (int h = 0; h < 2; h++) {
            r[i + 2 * h] = _mm512_unpacklo_epi64(t[i + h], t[i + 2 + h]);
            r[i + 2 * h + 1] = _mm512_unpackhi_epi64(t[i + h], t[i + 2 + h]);
        }
    for (int i = 0; i < 16; i++)
        if (i % 8 < 4) {
            t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
            t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
        }
    for (int i = 0; i < 8; i++) {
        _mm512_storeu_si512(out + 16 * i, _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88));
        _mm512_storeu_si512(out + 16 * (i + 8), _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd));
    }
}

DEFINE_TILES(WIDE inline, wide, turn_wide)

/* registers 0-3 hold the sums, 4-5 two tiles of the left, 6-7 two of the right */
#define FOUR(instruction, x, step) \
    instruction(0, x, 64); instruction(1, (x) + (step), 64); instruction(2, (x) + 2 * (step), 64); instruction(3, (x) + 3 * (step), 64)
#define LEFT(x) _tile_loadd(4, x, 64); _tile_loadd(5, (x) + TILE, 64)
#define RIGHT(x) _tile_loadd(6, x, 64); _tile_loadd(7, (x) + TILE, 64)
#define PRODUCTS _tile_dpbf16ps(0, 4, 6); _tile_dpbf16ps(1, 4, 7); _tile_dpbf16ps(2, 5, 6); _tile_dpbf16ps(3, 5, 7)

WIDE inline __attribute__((always_inline)) void block_wide(const uint16_t *left, const uint16_t *right, int fresh,
                                                           int own, float *sums) {
    if (fresh) {
        _tile_zero(0); _tile_zero(1); _tile_zero(2); _tile_zero(3);
    } else {
        FOUR(_tile_loadd, sums, 256);
    }
    for (int k = 0; k < RUN; k++, left += 2 * TILE, right += 2 * TILE) {
        LEFT(left); RIGHT(right); PRODUCTS;
        LEFT(left + PART); PRODUCTS;
        if (own) {
            RIGHT(right + PART); PRODUCTS;
        }
        LEFT(left); RIGHT(right + PART); PRODUCTS;
    }
    FOUR(_tile_stored, sums, 256);
}

WIDE inline void begin_wide(void) {
    struct { uint8_t palette, start_row, reserved[14]; uint16_t bytes[16]; uint8_t rows[16]; } config;
    memset(&config, 0, sizeof config);
    config.palette = 1;
    for (int i = 0; i < 8; i++) config.bytes[i] = 64, config.rows[i] = 16;
    __asm__ volatile("" : : "r"(&config) : "memory"); /* GCC 12's intrinsic reads less of it, as far as GCC knows */
    _tile_loadconfig(&config);
}

WIDE inline void end_wide(void) { _tile_release(); }

/* The processor has the unit, and the kernel lets this process use it (its registers are large: it must ask). */
static int tiles_available(void) {
    static int known = -1;
    if (known < 0) {
        unsigned a, b, c, d, low = 0, high;
        int has = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & d >> 24 & 1) && (b >> 16 & b >> 17 & b >> 30 & b >> 31 & 1);
        has = has && __get_cpuid(1, &a, &b, &c, &d) && (c >> 27 & 1);
        if (has) __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        known = has && (low & 0x600e6) == 0x600e6 && syscall(SYS_arch_prctl, 0x1023, 18) == 0;
    }
    return known;
}
#else
static int tiles_available(void) { return 0; }
#endif

/* `unit` below: use it. Only where tiles_available().
   Left and right form of the tile whose float values start at x: 16 lines of 32 samples (along) or 32 of 16 features. */
static void make_tile(const float *x, ptrdiff_t ld, int along, int unit, uint16_t *left, uint16_t *right) {
#if defined(SHRINKAGE_TILES)
    if (unit) {
        tile_wide(x, ld, along, left, right);
        return;
    }
#endif
    tile_plain(x, ld, along, left, right);
}

/* total (column c, rows r..) += a block of sums, within order */
static void add_sums(const float *restrict sums, ptrdiff_t column, ptrdiff_t row, double *restrict total, ptrdiff_t order) {
    for (int quarter = 0; quarter < 4; quarter++, sums += 256) {
        ptrdiff_t c = column + 16 * (quarter / 2), r = row + 16 * (quarter % 2);
        for (ptrdiff_t i = 0; i < 16 && c + i < order; i++)
            for (ptrdiff_t j = 0; j < 16 && r + j < order; j++) total[(c + i) * order + r + j] += (double)sums[16 * i + j];
    }
}

/* The products of `runs` runs of tiles: columns (pairs of blocks) start..stop and as many from the end, the rows below.
   The unit works on a panel of RUN tiles in the first-level cache against `ROWS` panels in the second. */
#define DEFINE_MULTIPLY(SCOPE, tag, BEGIN, END)                                                                \
    SCOPE void multiply_##tag(const uint16_t *left, const uint16_t *right, ptrdiff_t runs, ptrdiff_t pairs,   \
                              ptrdiff_t start, ptrdiff_t stop, int first, int last, float *sums, double *out, \
                              ptrdiff_t order) {                                                               \
        enum { ROWS = 16 };                                                                                    \
        const ptrdiff_t panel = 2 * RUN * TILE;                                                                \
        BEGIN;                                                                                                 \
        for (ptrdiff_t run = 0; run < runs; run++)                                                             \
            for (ptrdiff_t top = 0; top < pairs; top += ROWS)                                                  \
                for (ptrdiff_t turn = 2 * start; turn < 2 * stop; turn++) {                                    \
                    ptrdiff_t c = turn % 2 ? pairs - 1 - turn / 2 : turn / 2;                                  \
                    if (turn % 2 && c == turn / 2) continue;                                                   \
                    const uint16_t *a = left + (run * pairs + c) * panel;                                      \
                    for (ptrdiff_t r = top > c ? top : c; r < top + ROWS && r < pairs; r++) {                  \
                        const uint16_t *b = right + (run * pairs + r) * panel;                                 \
                        float *sum = sums + (c * pairs + r) * 1024;                                            \
                        if (r == c)                                                                            \
                            block_##tag(a, b, first && run == 0, 1, sum);                                      \
                        else                                                                                   \
                            block_##tag(a, b, first && run == 0, 0, sum);                                      \
                        if (last && run == runs - 1) add_sums(sum, 32 * c, 32 * r, out, order);                \
                    }                                                                                          \
                }                                                                                              \
        END;                                                                                                   \
    }

DEFINE_MULTIPLY(static, plain, (void)0, (void)0)
#if defined(SHRINKAGE_TILES)
DEFINE_MULTIPLY(WIDE, wide, begin_wide(), end_wide())
#endif

static void multiply_tiles(const uint16_t *left, const uint16_t *right, ptrdiff_t runs, ptrdiff_t pairs, ptrdiff_t start,
                           ptrdiff_t stop, int first, int last, int unit, float *sums, double *out,
                           ptrdiff_t order) {
#if defined(SHRINKAGE_TILES)
    if (unit) {
        multiply_wide(left, right, runs, pairs, start, stop, first, last, sums, out, order);
        return;
    }
#endif
    multiply_plain(left, right, runs, pairs, start, stop, first, last, sums, out, order);
}
#endif
