/* The kernels of one instruction set. Included once by each cpu_<isa>.c, which defines ISA (the
 * table), ISA_NAME, ISA_NEEDS and isa_is_here(), and is compiled for that set.
 *
 * The register tile holds ROWS x 2 vectors of a product, so that a loaded vector is used ROWS times
 * and a broadcast element 2 LANES times: 12 x 32 with AVX-512 (24 accumulators, 2 vectors and a
 * broadcast, of 32 registers), 6 x 16 with AVX2. What is packed is read in order. A panel of K or V
 * (32 keys x 128 dims = 16 KiB) stays in L1 while the query tile's panels pass by, and the next one
 * is fetched meanwhile: worth 5 to 8 % where K and V come from L3.
 */
#include "cpu_isa.h"
#include "cpu_vector.h"

#define WIDTH  (2 * LANES)
#define ALWAYS static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

static const int register_rows[3] = {ROWS0, ROWS1, ROWS2};

/* c[rows][vectors] (+)= a b over `steps`: a(p, r) = a[p a_step + r a_row], b(p) = b + p b_step. */
ALWAYS void product(int rows, int vectors, bool is_adding, const float *a, int64_t a_step,
                    int64_t a_row, const float *b, int64_t b_step, int64_t steps, float *c,
                    int64_t c_row)
{
    vf sum[ROWS0][2];
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            sum[r][v] = is_adding ? vf_load(c + r * c_row + v * LANES) : vf_zero();
        }
    }
    const float *from[3] = {a, a + ROWS2 * a_row, a + 2 * ROWS2 * a_row};
    for (int64_t p = 0; p < steps; p++, b += b_step) {
        vf column[2];
        UNROLL
        for (int v = 0; v < vectors; v++) {
            column[v] = vf_load(b + v * LANES);
            __builtin_prefetch(b + steps * b_step + v * LANES); /* the next panel */
        }
        UNROLL
        for (int r = 0; r < rows; r++) {
            vf element = vf_all(from[r / ROWS2][r % ROWS2 * a_row]);
            UNROLL
            for (int v = 0; v < vectors; v++) {
                sum[r][v] = vf_fma(element, column[v], sum[r][v]);
            }
        }
        UNROLL
        for (int g = 0; g < rows / ROWS2; g++) {
            from[g] += a_step;
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            vf_store(c + r * c_row + v * LANES, sum[r][v]);
        }
    }
}

/* A panel of scores: packed queries [dim][rows] times packed keys [dim][vectors LANES]. */
ALWAYS void scores_panel(int rows, int vectors, const float *q, const float *k, int64_t dim,
                         float *s, int64_t s_stride)
{
    product(rows, vectors, false, q, rows, 1, k, vectors * LANES, dim, s, s_stride);
}

ALWAYS void scores_column(int vectors, const float *q, int64_t rows, const float *k, int64_t dim,
                          float *s, int64_t s_stride)
{
    while (rows > 0) {
        int panel = tb_cpu_rows_of(register_rows, rows);
        if (panel == ROWS0) {
            scores_panel(ROWS0, vectors, q, k, dim, s, s_stride);
        } else if (panel == ROWS1) {
            scores_panel(ROWS1, vectors, q, k, dim, s, s_stride);
        } else {
            scores_panel(ROWS2, vectors, q, k, dim, s, s_stride);
        }
        rows -= panel;
        q += panel * dim;
        s += panel * s_stride;
    }
}

static void scores(const float *q, int64_t rows, const float *k, int64_t keys, int64_t dim,
                   float *s, int64_t s_stride)
{
    for (; keys >= WIDTH; keys -= WIDTH, k += WIDTH * dim, s += WIDTH) {
        scores_column(2, q, rows, k, dim, s, s_stride);
    }
    if (keys > 0) {
        scores_column(1, q, rows, k, dim, s, s_stride);
    }
}

/* A panel of outputs: weights as softmax() left them, row-major, times packed values. */
ALWAYS void values_panel(int rows, int vectors, const float *p, int64_t p_stride, const float *v,
                         int64_t keys, float *o, int64_t o_stride)
{
    product(rows, vectors, true, p, 1, p_stride, v, vectors * LANES, keys, o, o_stride);
}

ALWAYS void values_column(int vectors, const float *p, int64_t p_stride, int64_t rows,
                          const float *v, int64_t keys, float *o, int64_t o_stride)
{
    while (rows > 0) {
        int panel = tb_cpu_rows_of(register_rows, rows);
        if (panel == ROWS0) {
            values_panel(ROWS0, vectors, p, p_stride, v, keys, o, o_stride);
        } else if (panel == ROWS1) {
            values_panel(ROWS1, vectors, p, p_stride, v, keys, o, o_stride);
        } else {
            values_panel(ROWS2, vectors, p, p_stride, v, keys, o, o_stride);
        }
        rows -= panel;
        p += panel * p_stride;
        o += panel * o_stride;
    }
}

static void add_values(const float *p, int64_t p_stride, int64_t rows, const float *v, int64_t keys,
                       int64_t columns, float *o, int64_t o_stride)
{
    for (; columns >= WIDTH; columns -= WIDTH, v += WIDTH * keys, o += WIDTH) {
        values_column(2, p, p_stride, rows, v, keys, o, o_stride);
    }
    if (columns > 0) {
        values_column(1, p, p_stride, rows, v, keys, o, o_stride);
    }
}

static void mask(float *s, int64_t s_stride, const uint64_t *bits, int64_t words, int64_t rows,
                 int64_t keys)
{
    for (int64_t r = 0; r < rows; r++, s += s_stride, bits += words) {
        for (int64_t j = 0; j < keys; j += LANES) {
            vf_hide(s + j, bits[j / 64] >> (j % 64));
        }
    }
}

/* 2^x = 2^n p(x - n), n = the nearest integer. The polynomial is the minimax of relative error on
 * [-1/2, 1/2] among those of degree 6 with p(0) = 1: 2.6e-9. What remains is rounding: 0.999 ulp at
 * most over every 61st float of [-126, 0], 1.286 where multiply-adds round twice. */
ALWAYS vf exp2_of(vf x)
{
    vf n = vf_round(x), f = vf_sub(x, n);
    vf p = vf_all(0x1.470b4ap-13F);
    p = vf_fma(p, f, vf_all(0x1.5f7276p-10F));
    p = vf_fma(p, f, vf_all(0x1.3b270ep-7F));
    p = vf_fma(p, f, vf_all(0x1.c6ae72p-5F));
    p = vf_fma(p, f, vf_all(0x1.ebfbe2p-3F));
    p = vf_fma(p, f, vf_all(0x1.62e432p-1F));
    p = vf_fma(p, f, vf_all(1));
    return vf_exp2_join(p, n, x);
}

static void exp2_all(const float *x, float *y, int64_t count)
{
    float in[LANES], out[LANES];
    for (; count >= LANES; count -= LANES, x += LANES, y += LANES) {
        vf_store(y, exp2_of(vf_load(x)));
    }
    if (count > 0) {
        memset(in, 0, sizeof in);
        memcpy(in, x, (size_t)count * sizeof *x);
        vf_store(out, exp2_of(vf_load(in)));
        memcpy(y, out, (size_t)count * sizeof *y);
    }
}

ALWAYS float greatest_of(const float *s, int64_t keys)
{
    vf even = vf_load(s), odd = even;
    for (int64_t j = LANES; j + LANES < keys; j += 2 * LANES) {
        even = vf_max(even, vf_load(s + j));
        odd = vf_max(odd, vf_load(s + j + LANES));
    }
    return vf_greatest(vf_max(vf_max(even, odd), vf_load(s + keys - LANES)));
}

/* s = exp2(s - m); returns their sum. */
ALWAYS float weigh(float *s, int64_t keys, float m)
{
    vf even = vf_zero(), odd = even, shift = vf_all(m);
    int64_t j = 0;
    for (; j + LANES < keys; j += 2 * LANES) {
        vf x = exp2_of(vf_sub(vf_load(s + j), shift));
        vf y = exp2_of(vf_sub(vf_load(s + j + LANES), shift));
        even = vf_add(even, x);
        odd = vf_add(odd, y);
        vf_store(s + j, x);
        vf_store(s + j + LANES, y);
    }
    if (j < keys) {
        vf x = exp2_of(vf_sub(vf_load(s + j), shift));
        even = vf_add(even, x);
        vf_store(s + j, x);
    }
    return vf_total(vf_add(even, odd));
}

ALWAYS void scale_row(float *o, int64_t columns, vf factor)
{
    for (int64_t c = 0; c < columns; c += LANES) {
        vf_store(o + c, vf_mul(vf_load(o + c), factor));
    }
}

static void softmax(const tb_cpu_softmax *tile)
{
    for (int64_t r = 0; r < tile->rows; r++) {
        float *s = tile->s + r * tile->s_stride;
        float greatest = greatest_of(s, tile->keys);
        if (greatest > tile->m[r]) {
            vf by = exp2_of(vf_all(tile->m[r] - greatest)); /* 0 for the first, whose m is -inf */
            tile->m[r] = greatest;
            tile->l[r] *= vf_greatest(by);
            scale_row(tile->o + r * tile->o_stride, tile->columns, by);
        }
        if (tile->m[r] == -HUGE_VALF) { /* nothing seen yet: -inf - -inf would be NaN */
            memset(s, 0, (size_t)tile->keys * sizeof *s);
            continue;
        }
        tile->l[r] += weigh(s, tile->keys, tile->m[r]);
    }
}

static void add_scaled(float a, const float *x, float *y, int64_t count)
{
    vf factor = vf_all(a);
    for (; count >= LANES; count -= LANES, x += LANES, y += LANES) {
        vf_store(y, vf_fma(factor, vf_load(x), vf_load(y)));
    }
    for (int64_t i = 0; i < count; i++) {
        y[i] += a * x[i];
    }
}

static float dot(const float *x, const float *y, int64_t count)
{
    vf even = vf_zero(), odd = even;
    for (; count >= 2 * LANES; count -= 2 * LANES, x += 2 * LANES, y += 2 * LANES) {
        even = vf_fma(vf_load(x), vf_load(y), even);
        odd = vf_fma(vf_load(x + LANES), vf_load(y + LANES), odd);
    }
    float rest = 0;
    for (int64_t i = 0; i < count; i++) {
        rest += x[i] * y[i];
    }
    return vf_total(vf_add(even, odd)) + rest;
}

static void widen(const uint16_t *x, float *y, int64_t count)
{
    for (; count >= LANES; count -= LANES, x += LANES, y += LANES) {
        vf_store(y, vf_load_bf16(x));
    }
    for (int64_t i = 0; i < count; i++) {
        uint32_t word = (uint32_t)x[i] << 16;
        memcpy(&y[i], &word, sizeof word);
    }
}

/* `chains` chains side by side in registers. Each has a starting value of its own from memory: a
 * compiler merges chains that it can tell to be equal, and a merged benchmark reports a rate that
 * no machine has. */
ALWAYS void chains_of(int chains, int64_t steps, float a, float b, float *x)
{
    vf value[16], factor = vf_all(a), shift = vf_all(b);
    UNROLL
    for (int c = 0; c < chains; c++) {
        value[c] = vf_load(x + c * LANES);
    }
    for (int64_t i = 0; i < steps; i++) {
        UNROLL
        for (int c = 0; c < chains; c++) {
            value[c] = vf_fma(value[c], factor, shift);
        }
    }
    UNROLL
    for (int c = 0; c < chains; c++) {
        vf_store(x + c * LANES, value[c]);
    }
}

static void fma_chains(int chains, int64_t steps, float a, float b, float *x)
{
    switch (chains) {
    case 8:
        chains_of(8, steps, a, b, x);
        break;
    case 10:
        chains_of(10, steps, a, b, x);
        break;
    default:
        chains_of(12, steps, a, b, x);
        break;
    }
}

static float sum(const float *x, int64_t count)
{
    vf part[4] = {vf_zero(), vf_zero(), vf_zero(), vf_zero()};
    for (; count >= 4 * LANES; count -= 4 * LANES, x += 4 * LANES) {
        UNROLL
        for (int i = 0; i < 4; i++) {
            part[i] = vf_add(part[i], vf_load(x + i * LANES));
        }
    }
    float rest = 0;
    for (int64_t i = 0; i < count; i++) {
        rest += x[i];
    }
    return vf_total(vf_add(vf_add(part[0], part[1]), vf_add(part[2], part[3]))) + rest;
}

const tb_cpu_isa ISA = {
    .name = ISA_NAME,
    .needs = ISA_NEEDS,
    .lanes = LANES,
    .width = WIDTH,
    .rows = {ROWS0, ROWS1, ROWS2},
    .exp2_ulp = EXP2_ULP,
    .is_here = isa_is_here,
    .scores = scores,
    .add_values = add_values,
    .mask = mask,
    .softmax = softmax,
    .exp2 = exp2_all,
    .add_scaled = add_scaled,
    .dot = dot,
    .widen = widen,
    .fma = fma_chains,
    .sum = sum,
};
