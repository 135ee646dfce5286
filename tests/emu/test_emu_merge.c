/* merge on the emulator, against double precision. */
#include "kernel_run.h"
#include "merge_params.h"
#include "number.h"
#include "test_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct merging {
    tb_dtype dtype;
    int64_t rows, dim;
    void *o[2];
    float *lse[2];
} merging;

static int64_t o_bytes(const merging *m)
{
    return m->rows * m->dim * tb_dtype_bytes(m->dtype);
}

static float random_lse(gsl_rng *random)
{
    switch (gsl_rng_uniform_int(random, 8)) {
    case 0:
        return -HUGE_VALF;
    case 1:
        return (float)gsl_rng_uniform(random) * 7000 - 3500;
    default:
        return (float)gsl_rng_uniform(random) * 20 - 10;
    }
}

/* A row that saw no key is zero. */
static merging random_merging(gsl_rng *random, tb_dtype dtype, int64_t rows, int64_t dim)
{
    merging m = {.dtype = dtype, .rows = rows, .dim = dim};
    for (int i = 0; i < 2; i++) {
        m.o[i] = calloc(1, (size_t)o_bytes(&m));
        m.lse[i] = calloc((size_t)rows, sizeof(float));
        assert_non_null(m.o[i]);
        assert_non_null(m.lse[i]);
        for (int64_t r = 0; r < rows; r++) {
            m.lse[i][r] = random_lse(random);
            if (m.lse[i][r] > -HUGE_VALF) {
                for (int64_t d = 0; d < dim; d++) {
                    tb_number_store(dtype, m.o[i], r * dim + d,
                                    (float)(gsl_rng_uniform(random) * 6 - 3));
                }
            }
        }
    }
    return m;
}

static void free_merging(merging *m)
{
    for (int i = 0; i < 2; i++) {
        free(m->o[i]);
        free(m->lse[i]);
    }
}

/* Rounding of the stored number: half a unit in the last place, and the smallest step of fp16. */
static double stored(tb_dtype dtype, double value)
{
    switch (dtype) {
    case TB_DTYPE_BF16:
        return ldexp(fabs(value), -8);
    case TB_DTYPE_FP16:
        return fmax(ldexp(fabs(value), -11), 0x1p-25);
    default:
        return 0;
    }
}

/* |o - want| <= 2^-24 (32 + 8 A) sum w|o_i| + rounding, as for attention: here A is the distance of
 * the two lse, which is what the exponential multiplies an error with; 4 times that for the
 * approximate exponential. */
static void check_row(const merging *m, int64_t row, const void *o, float lse)
{
    double l1 = (double)m->lse[0][row], l2 = (double)m->lse[1][row], top = fmax(l1, l2);
    bool is_empty = top == -HUGE_VAL;
    double w1 = is_empty ? 0 : exp(l1 - top), w2 = is_empty ? 0 : exp(l2 - top), sum = w1 + w2;
    double apart = l1 == -HUGE_VAL || l2 == -HUGE_VAL ? 0 : fmin(fabs(l1 - l2), 100);
    double rounding = 4 * ldexp(32 + 8 * apart, -24);
    for (int64_t d = 0; d < m->dim; d++) {
        int64_t at = row * m->dim + d;
        double x1 = (double)tb_number_load(m->dtype, m->o[0], at);
        double x2 = (double)tb_number_load(m->dtype, m->o[1], at);
        double want = is_empty ? 0 : (w1 * x1 + w2 * x2) / sum;
        double size = is_empty ? 0 : (w1 * fabs(x1) + w2 * fabs(x2)) / sum;
        double got = (double)tb_number_load(m->dtype, o, at);
        assert_true(fabs(got - want) <= rounding * size + stored(m->dtype, want));
    }
    if (is_empty) {
        assert_true(lse == -HUGE_VALF);
    } else {
        double want = top + log(sum);
        assert_true(fabs((double)lse - want) <= 4 * ldexp(32 + fabs(want), -24));
    }
}

/* Into tensors of their own, or over the first or second input. */
typedef enum tensor_place { APART, OVER_FIRST, OVER_SECOND, PLACES } tensor_place;

static void check(gsl_rng *random, const tb_kernel *kernel, const merging *m, tensor_place place,
                  bool is_inexact)
{
    tb_emu_memory *memory = NULL;
    tb_error err;
    tb_assert_ok(tb_emu_memory_create(&memory, &err), &err);
    int64_t lse_bytes = m->rows * (int64_t)sizeof(float);
    void *o1 = tb_kernel_buffer(memory, "o1", o_bytes(m), m->o[0]);
    void *o2 = tb_kernel_buffer(memory, "o2", o_bytes(m), m->o[1]);
    float *lse1 = tb_kernel_buffer(memory, "lse1", lse_bytes, m->lse[0]);
    float *lse2 = tb_kernel_buffer(memory, "lse2", lse_bytes, m->lse[1]);
    tb_merge_params params = {
        .o1 = o1,
        .o2 = o2,
        .lse1 = lse1,
        .lse2 = lse2,
        .o = place == OVER_FIRST    ? o1
             : place == OVER_SECOND ? o2
                                    : tb_kernel_buffer(memory, "o", o_bytes(m), NULL),
        .lse = place == OVER_FIRST    ? lse1
               : place == OVER_SECOND ? lse2
                                      : tb_kernel_buffer(memory, "lse", lse_bytes, NULL),
        .rows = m->rows,
        .dim = (tb_i32)m->dim};
    void *o = malloc((size_t)o_bytes(m));
    float *lse = malloc((size_t)lse_bytes);
    int64_t ctas = TB_MERGE_CTAS(m->rows, m->dim, tb_dtype_bytes(m->dtype));
    if (gsl_rng_uniform_int(random, 2) != 0) {
        ctas = (ctas + 2) / 3; /* each takes several parts */
    }
    tb_kernel_run run = {.memory = memory,
                         .steps = 1,
                         .step = {{.kernel = kernel,
                                   .grid = {(int)ctas, 1, 1},
                                   .params = &params,
                                   .params_bytes = sizeof params}},
                         .outputs = 2,
                         .output = {{.buffer = params.o,
                                     .before = place == APART ? NULL : m->o[place == OVER_SECOND],
                                     .host = o,
                                     .bytes = o_bytes(m)},
                                    {.buffer = params.lse,
                                     .before = place == APART ? NULL : m->lse[place == OVER_SECOND],
                                     .host = lse,
                                     .bytes = lse_bytes}},
                         .is_inexact = is_inexact};
    tb_kernel_run_all(&run);
    for (int64_t r = 0; r < m->rows; r++) {
        check_row(m, r, o, lse[r]);
    }
    if (o_bytes(m) % 512 == 0) {
        /* Words of o, and each row's lse by a store of its own. */
        assert_true(run.counters[0].store_sectors >= o_bytes(m) / 32);
        assert_true(run.counters[0].store_sectors <= o_bytes(m) / 32 + m->rows);
    }
    free(o);
    free(lse);
    tb_emu_memory_destroy(memory);
}

static const struct {
    const char *variant;
    tb_dtype dtype;
} dtypes[] = {
    {"merge_bf16", TB_DTYPE_BF16}, {"merge_fp16", TB_DTYPE_FP16}, {"merge_fp32", TB_DTYPE_FP32}};

static void merges__agree_with_double_precision(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(48);
    for (size_t t = 0; t < sizeof dtypes / sizeof dtypes[0]; t++) {
        tb_kernel kernel = tb_kernel_open(dtypes[t].variant);
        for (int n = 0; n < cases; n++) {
            static const int64_t dims[] = {8, 64, 96, 128, 24, 256, 192, 32};
            merging m = random_merging(random, dtypes[t].dtype, tb_test_between(random, 1, 600),
                                       dims[n % 8]);
            check(random, &kernel, &m, (tensor_place)(n % PLACES), n % 2 != 0);
            free_merging(&m);
        }
        tb_kernel_close(&kernel);
    }
    print_message("%d merges of each dtype\n", cases);
    gsl_rng_free(random);
}

/* exp(0) = 1 and exp(ln 3) = 3: weights 1/4 and 3/4 of 8 and 4 give 5; lse = ln 4. */
static void merge__weighs_by_the_log_sum_exps(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    tb_kernel kernel = tb_kernel_open("merge_fp32");
    float o1[8] = {8, 8, 8, 8, 8, 8, 8, 8}, o2[8] = {4, 4, 4, 4, 4, 4, 4, 4};
    float lse1 = 0, lse2 = logf(3);
    merging m = {.dtype = TB_DTYPE_FP32, .rows = 1, .dim = 8, .o = {o1, o2}, .lse = {&lse1, &lse2}};
    check(random, &kernel, &m, APART, false); /* against the same rule in double ... */
    tb_emu_memory *memory = NULL;
    tb_error err;
    tb_assert_ok(tb_emu_memory_create(&memory, &err), &err);
    float o[8], lse;
    tb_merge_params params = {.o1 = tb_kernel_buffer(memory, "o1", 32, o1),
                              .o2 = tb_kernel_buffer(memory, "o2", 32, o2),
                              .lse1 = tb_kernel_buffer(memory, "lse1", 4, &lse1),
                              .lse2 = tb_kernel_buffer(memory, "lse2", 4, &lse2),
                              .o = tb_kernel_buffer(memory, "o", 32, NULL),
                              .lse = tb_kernel_buffer(memory, "lse", 4, NULL),
                              .rows = 1,
                              .dim = 8};
    tb_kernel_run run = {.memory = memory,
                         .steps = 1,
                         .step = {{.kernel = &kernel,
                                   .grid = {1, 1, 1},
                                   .params = &params,
                                   .params_bytes = sizeof params}},
                         .outputs = 2,
                         .output = {{.buffer = params.o, .host = o, .bytes = 32},
                                    {.buffer = params.lse, .host = &lse, .bytes = 4}}};
    tb_kernel_run_all(&run);
    for (int d = 0; d < 8; d++) {
        tb_assert_close((double)o[d], 5, 1e-6); /* ... and by hand */
    }
    tb_assert_close((double)lse, log(4), 1e-6);
    tb_emu_memory_destroy(memory);
    tb_kernel_close(&kernel);
    gsl_rng_free(random);
}

TB_TESTS(cmocka_unit_test(merge__weighs_by_the_log_sum_exps),
         cmocka_unit_test(merges__agree_with_double_precision));
