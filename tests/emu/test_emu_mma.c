/* mma and ldmatrix of the emulator against the fragments and the rounding of the PTX ISA, computed
 * here by itself. */
#include "number.h"
#include "small_kernel.h"
#include "test_support.h"

#include <fenv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 32 };

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return bits;
}

/* Matrices of one mma, and the registers that hold them. */
typedef struct matrices {
    uint16_t a[16][16], b[16][8];
    float c[16][8];
} matrices;

typedef struct mma_registers {
    uint32_t a[LANES][4], b[LANES][2];
    float c[LANES][4];
} mma_registers;

static float value_of(uint16_t bits, bool is_bf16)
{
    return is_bf16 ? tb_bf16_to_float(bits) : tb_fp16_to_float(bits);
}

/* A finite number of any size that sums of products of it can bear. */
static uint16_t draw_half(gsl_rng *random, bool is_bf16)
{
    float size = ldexpf((float)gsl_rng_uniform(random) - 0.5F,
                        (int)tb_test_between(random, is_bf16 ? -60 : -26, is_bf16 ? 30 : 15));
    return is_bf16 ? tb_float_to_bf16(size) : tb_float_to_fp16(size);
}

static matrices draw_matrices(gsl_rng *random, bool is_bf16)
{
    matrices m;
    for (int i = 0; i < 256; i++) {
        m.a[i / 16][i % 16] = draw_half(random, is_bf16);
    }
    for (int i = 0; i < 128; i++) {
        m.b[i / 8][i % 8] = draw_half(random, is_bf16);
        m.c[i / 8][i % 8] =
            ldexpf((float)gsl_rng_uniform(random) - 0.5F, (int)tb_test_between(random, -30, 20));
    }
    return m;
}

/* PTX ISA, fragments of mma.m16n8k16, by the formulas there: for element i of a lane's eight of A,
 *   row = g for i in {0, 1, 4, 5}, else g + 8; column = 2 t + i % 2 (+ 8 for i >= 4)
 * of its four of B, row = 2 t + i % 2 (+ 8 for i >= 2), column = g; and of C, row = g (+ 8 for
 * i >= 2), column = 2 t + i % 2. */
static mma_registers registers_of(const matrices *m)
{
    mma_registers r;
    memset(&r, 0, sizeof r);
    for (int lane = 0; lane < LANES; lane++) {
        int g = lane / 4, t = lane % 4;
        for (int i = 0; i < 8; i++) {
            int row = i % 4 < 2 ? g : g + 8, column = t * 2 + i % 2 + (i >= 4 ? 8 : 0);
            r.a[lane][i / 2] |= (uint32_t)m->a[row][column] << (16 * (i % 2));
        }
        for (int i = 0; i < 4; i++) {
            r.b[lane][i / 2] |= (uint32_t)m->b[t * 2 + i % 2 + (i >= 2 ? 8 : 0)][g]
                                << (16 * (i % 2));
            r.c[lane][i] = m->c[i >= 2 ? g + 8 : g][t * 2 + i % 2];
        }
    }
    return r;
}

static void run_mma(const tb_small *small, const mma_registers *in, bool is_bf16, bool is_truncated,
                    float out[LANES][4])
{
    struct {
        const void *a, *b;
        void *c;
    } params = {tb_small_buffer(small, "a", sizeof in->a, in->a),
                tb_small_buffer(small, "b", sizeof in->b, in->b),
                tb_small_buffer(small, "c", sizeof in->c, in->c)};
    tb_emu_launch launch =
        tb_small_launch(small, is_bf16 ? "mma_bf16" : "mma_fp16", &params, sizeof params);
    launch.is_mma_truncated = is_truncated;
    tb_emu_counters counters = tb_small_run(small, &launch);
    assert_int_equal(counters.mma, 1);
    tb_small_download(small, params.c, out, sizeof in->c);
    const void *const buffers[] = {params.a, params.b, params.c};
    for (int i = 0; i < 3; i++) {
        void *buffer;
        memcpy(&buffer, &buffers[i], sizeof buffer);
        tb_emu_free(small->memory, buffer);
    }
}

/* One element: products exact, sums in fp32 with the processor's present rounding, k upwards. */
static float dot(const matrices *m, int row, int column, bool is_bf16)
{
    volatile float sum = m->c[row][column];
    for (int k = 0; k < 16; k++) {
        volatile float product =
            value_of(m->a[row][k], is_bf16) * value_of(m->b[k][column], is_bf16);
        sum = sum + product;
    }
    return sum;
}

/* And within the rounding of its 16 sums of what it is in double. */
static void check_bound(const matrices *m, int row, int column, bool is_bf16, bool is_truncated,
                        float got)
{
    double exact = (double)m->c[row][column], size = fabs(exact);
    for (int k = 0; k < 16; k++) {
        double product =
            (double)value_of(m->a[row][k], is_bf16) * (double)value_of(m->b[k][column], is_bf16);
        exact += product;
        size += fabs(product);
    }
    double unit = is_truncated ? 0x1p-23 : 0x1p-24;
    if (!(fabs((double)got - exact) <= 16 * unit * size)) {
        fail_msg("C[%d][%d] = %.9g; wanted %.17g", row, column, (double)got, exact);
    }
}

static void check_mma(const tb_small *small, const matrices *m, bool is_bf16, bool is_truncated)
{
    mma_registers in = registers_of(m);
    float out[LANES][4], want[16][8];
    run_mma(small, &in, is_bf16, is_truncated, out);
    assert_int_equal(fesetround(is_truncated ? FE_TOWARDZERO : FE_TONEAREST), 0);
    for (int i = 0; i < 128; i++) {
        want[i / 8][i % 8] = dot(m, i / 8, i % 8, is_bf16);
    }
    assert_int_equal(fesetround(FE_TONEAREST), 0);
    for (int lane = 0; lane < LANES; lane++) {
        for (int i = 0; i < 4; i++) {
            int row = i >= 2 ? lane / 4 + 8 : lane / 4, column = lane % 4 * 2 + i % 2;
            if (bits_of(out[lane][i]) != bits_of(want[row][column])) {
                fail_msg("lane %d, c[%d] = %.9g; wanted %.9g", lane, i, (double)out[lane][i],
                         (double)want[row][column]);
            }
            check_bound(m, row, column, is_bf16, is_truncated, out[lane][i]);
        }
    }
}

static void mma__is_the_sum_of_exact_products_in_the_fragments_of_ptx(void **state)
{
    (void)state;
    tb_small small = tb_small_open("instructions.cu", NULL);
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(200) / 2;
    for (int i = 0; i < cases; i++) {
        bool is_bf16 = i % 2 == 0;
        matrices m = draw_matrices(random, is_bf16);
        check_mma(&small, &m, is_bf16, i % 4 >= 2);
    }
    print_message("%d mma\n", cases);
    gsl_rng_free(random);
    tb_small_close(&small);
}

/* 1 + 2^-24 is a tie, to even: 1. Truncated sums of 1 and -2^-30 go down to the number below. */
static void mma__rounds_each_sum(void **state)
{
    (void)state;
    tb_small small = tb_small_open("instructions.cu", NULL);
    matrices m;
    memset(&m, 0, sizeof m);
    m.c[0][0] = m.c[3][5] = m.c[15][7] = 1;
    m.a[0][0] = tb_float_to_bf16(0x1p-12F); /* row 0: + 2^-24 */
    m.b[0][0] = tb_float_to_bf16(0x1p-12F);
    m.a[3][9] = tb_float_to_bf16(-0x1p-15F); /* row 3: - 2^-30 */
    m.b[9][5] = tb_float_to_bf16(0x1p-15F);
    m.a[15][15] = tb_float_to_bf16(0x1.8p-12F); /* row 15: + 1.5 2^-24 */
    m.b[15][7] = tb_float_to_bf16(0x1p-12F);
    mma_registers in = registers_of(&m);
    float out[LANES][4];
    run_mma(&small, &in, true, false, out);
    assert_int_equal(bits_of(out[0][0]), bits_of(1));
    assert_int_equal(bits_of(out[3 * 4 + 2][1]), bits_of(1));
    assert_int_equal(bits_of(out[31][3]), bits_of(1 + 0x1p-23F));
    run_mma(&small, &in, true, true, out);
    assert_int_equal(bits_of(out[0][0]), bits_of(1));
    assert_int_equal(bits_of(out[3 * 4 + 2][1]), bits_of(1 - 0x1p-24F));
    assert_int_equal(bits_of(out[31][3]), bits_of(1));
    tb_small_close(&small);
}

/* Zeros, subnormals, infinities and NaN, in both types. */
static void mma__takes_numbers_that_are_not_ordinary(void **state)
{
    (void)state;
    tb_small small = tb_small_open("instructions.cu", NULL);
    for (int is_bf16 = 0; is_bf16 < 2; is_bf16++) {
        matrices m;
        memset(&m, 0, sizeof m);
        uint16_t one = is_bf16 ? 0x3f80 : 0x3c00, infinity = is_bf16 ? 0x7f80 : 0x7c00;
        for (int k = 0; k < 16; k++) {
            m.b[k][0] = one;
        }
        m.a[0][0] = 1;                        /* the smallest subnormal */
        m.a[1][1] = (uint16_t)(infinity | 1); /* NaN */
        m.a[2][2] = infinity;
        m.a[4][3] = infinity;
        m.a[4][4] = (uint16_t)(infinity | 0x8000);
        mma_registers in = registers_of(&m);
        float out[LANES][4];
        run_mma(&small, &in, is_bf16 != 0, false, out);
        assert_true(out[0][0] == (is_bf16 ? 0x1p-133F : 0x1p-24F));
        assert_true(isnan(out[4][0]));
        assert_true(isinf(out[8][0]) && out[8][0] > 0);
        assert_true(out[12][0] == 0);
        assert_true(isnan(out[16][0])); /* inf - inf */
        assert_true(isnan(out[8][1]));  /* inf times 0 */
    }
    tb_small_close(&small);
}

/* Lane 4 g + t has elements 2 t and 2 t + 1 of row g of each matrix; transposed, of column g. */
static void ldmatrix__gives_each_lane_a_pair_of_its_row_or_column(void **state)
{
    (void)state;
    tb_small small = tb_small_open("instructions.cu", NULL);
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(40) / 2 + 1;
    for (int c = 0; c < cases; c++) {
        uint16_t memory[1024];
        uint32_t where[LANES], out[LANES][4];
        for (int i = 0; i < 1024; i++) {
            memory[i] = (uint16_t)tb_test_between(random, 0, 65535);
        }
        for (int i = 0; i < LANES; i++) {
            where[i] = (uint32_t)tb_test_between(random, 0, 127) * 16;
        }
        struct {
            const void *in, *where;
            void *out;
            int32_t is_transposed;
        } params = {tb_small_buffer(&small, "in", sizeof memory, memory),
                    tb_small_buffer(&small, "where", sizeof where, where),
                    tb_small_buffer(&small, "out", sizeof out, NULL), c % 2};
        tb_emu_launch launch = tb_small_launch(&small, "ldmatrix", &params, sizeof params);
        assert_int_equal(tb_small_run(&small, &launch).ldmatrix, 1);
        tb_small_download(&small, params.out, out, sizeof out);
        for (int i = 0; i < LANES * 4; i++) {
            int lane = i / 4, matrix = i % 4, g = lane / 4, t = lane % 4;
            uint32_t pair = 0;
            for (int half = 0; half < 2; half++) {
                int row = c % 2 ? 2 * t + half : g, column = c % 2 ? g : 2 * t + half;
                pair |= (uint32_t)memory[where[matrix * 8 + row] / 2 + (unsigned)column]
                        << 16 * half;
            }
            assert_int_equal(out[lane][matrix], pair);
        }
    }
    gsl_rng_free(random);
    tb_small_close(&small);
}

TB_TESTS(cmocka_unit_test(mma__is_the_sum_of_exact_products_in_the_fragments_of_ptx),
         cmocka_unit_test(mma__rounds_each_sum),
         cmocka_unit_test(mma__takes_numbers_that_are_not_ordinary),
         cmocka_unit_test(ldmatrix__gives_each_lane_a_pair_of_its_row_or_column));
