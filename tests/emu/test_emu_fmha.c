/* Fused attention, every compiled form of it, on hand-built problems: against plain attention in
 * double precision, the same bits under three schedules, and what it does counted: mma as many as
 * the tiles need, no bank conflict anywhere, and, where all tiles are whole, no sector of memory
 * that the bytes do not need. */
#include "fmha_attention.h"
#include "test_support.h"

#include <math.h>
#include <string.h>

/* Of this one each sector is counted. */
#define WHOLE "dense, whole tiles"

static const tb_fmha_shape shapes[] = {
    {.name = "dense, ragged ends, two batch entries",
     .kind = TB_MASK_TOKENS,
     .axes = 1,
     .extent = {203},
     .batch = 2,
     .heads = 1,
     .heads_kv = 1},
    {.name = "causal, a box of one axis, two heads",
     .kind = TB_MASK_BOX,
     .axes = 1,
     .extent = {203},
     .rule = {TB_FMHA_CAUSAL},
     .batch = 1,
     .heads = 2,
     .heads_kv = 2},
    {.name = "neighborhood of two axes, some queries blind",
     .kind = TB_MASK_BOX,
     .axes = 2,
     .extent = {21, 19},
     .rule = {TB_FMHA_NEAR, TB_FMHA_NEAR},
     .reach = 3,
     .batch = 1,
     .heads = 1,
     .heads_kv = 1,
     .blind = 7},
    {.name = "neighborhood of three axes, one causal, extra tokens, narrower heads",
     .kind = TB_MASK_BOX,
     .axes = 3,
     .extent = {3, 5, 11},
     .rule = {TB_FMHA_CAUSAL, TB_FMHA_NEAR, TB_FMHA_NEAR},
     .reach = 2,
     .extra_q = 3,
     .extra_kv = 5,
     .batch = 1,
     .heads = 1,
     .heads_kv = 1,
     .dim_less = 8,
     .dim_value_less = 24},
    {.name = "neighborhood in runs of tokens, extra tokens, grouped heads, narrower heads",
     .kind = TB_MASK_TOKENS,
     .axes = 2,
     .extent = {13, 11},
     .rule = {TB_FMHA_NEAR, TB_FMHA_CAUSAL},
     .reach = 2,
     .extra_q = 9,
     .extra_kv = 29,
     .batch = 1,
     .heads = 4,
     .heads_kv = 2,
     .dim_less = 24,
     .dim_value_less = 16},
    {.name = "stored bits, extra tokens",
     .kind = TB_MASK_BITS,
     .axes = 1,
     .extent = {197},
     .extra_q = 2,
     .extra_kv = 1,
     .batch = 1,
     .heads = 1,
     .heads_kv = 1},
    {.name = "all tiles visited, also masked ones; an idle tile; no log-sum-exp",
     .kind = TB_MASK_BOX,
     .axes = 1,
     .extent = {210},
     .rule = {TB_FMHA_NEAR},
     .reach = 5,
     .batch = 1,
     .heads = 1,
     .heads_kv = 1,
     .blind = 3,
     .is_idle = true,
     .is_visiting_all = true,
     .is_lse_null = true},
    {.name = WHOLE,
     .kind = TB_MASK_TOKENS,
     .axes = 1,
     .extent = {256},
     .batch = 1,
     .heads = 2,
     .heads_kv = 1,
     .is_lse_null = true},
};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

/* Scores that each visit left unmasked, of each slot that holds a query. */
static void check_counts(const tb_fmha_attention *a)
{
    const tb_fmha_problem *p = a->problem;
    for (int t = 0; t < p->q_tiles; t++) {
        const tb_fmha_q_tile *tile = &p->q_tile[t];
        for (int e = tile->first; e < tile->last; e++) {
            const tb_fmha_kv_tile *kv = &p->kv_tile[p->entry[e].kv_tile];
            for (int i = 0; i < tile->rows; i++) {
                int64_t want = 0;
                if (p->q_at[(tile->row + i) * TB_AXES] == -1) {
                    continue; /* no query lies here */
                }
                for (int j = 0; j < kv->rows; j++) {
                    want += tb_fmha_problem_sees(p, tile->row + i, kv->row + j);
                }
                assert_int_equal(a->unmasked[e * p->q_slots + i],
                                 want * p->shape.batch * p->shape.heads);
            }
        }
    }
}

static void check_counters(const tb_fmha_attention *a, const tb_emu_counters *counters)
{
    const tb_fmha_problem *p = a->problem;
    const tb_cuda_variant *variant = a->kernel->variant;
    int64_t visits = (int64_t)p->entries * p->shape.batch * p->shape.heads;
    int64_t dims = variant->dim + variant->dim_value;
    bool is_fp32 = variant->dtype == TB_DTYPE_FP32;
    assert_int_equal(counters->mma,
                     is_fp32 ? 0 : visits * 2 * p->q_slots * p->kv_slots * dims / 4096);
    assert_int_equal(counters->ldmatrix_conflicts, 0);
    assert_int_equal(counters->cp_async_conflicts, 0);
    assert_true(counters->shared_conflicts == 0 || is_fp32);
    if (strcmp(p->shape.name, WHOLE) == 0) {
        assert_int_equal(counters->load_sectors, counters->load_sectors_ideal);
        assert_int_equal(counters->store_sectors, counters->store_sectors_ideal);
    }
}

/* The largest error in units of its bound. */
static double try_shape(const tb_kernel *kernel, const tb_fmha_shape *shape, bool is_inexact)
{
    const tb_cuda_variant *variant = kernel->variant;
    tb_fmha_attention a = tb_fmha_attention_create(kernel, shape);
    tb_emu_counters counters = tb_fmha_attention_run(&a, is_inexact);
    check_counters(&a, &counters);
    if (!is_inexact) {
        check_counts(&a);
    }
    double worst = tb_fmha_attention_worst(&a);
    if (!(worst <= 1)) {
        fail_msg("%s, %s: %g times the bound", variant->name, shape->name, worst);
    }
    tb_fmha_attention_free(&a);
    return worst;
}

/* A form of fp16 follows that of bf16 that differs from it by two instructions: it runs every third
 * shape, and the other those that are left; under sanitizers each runs the third. */
static bool runs_shape(int form, tb_dtype dtype, int shape)
{
    bool is_third = (form / 2 + shape) % 3 == 0;
    return TB_TEST_CASES_DIVISOR > 1 ? is_third
           : dtype == TB_DTYPE_FP32  ? true
           : dtype == TB_DTYPE_FP16  ? is_third
                                     : !is_third;
}

/* Each fourth form runs one shape more, in turn, with sums and powers as inexact as a GPU's may be.
 */
static void all_forms_agree_with_double_precision(void **state)
{
    (void)state;
    double worst = 0;
    int forms = 0, problems = 0;
    for (int i = 0; i < tb_cuda_variant_count; i++) {
        const tb_cuda_variant *variant = &tb_cuda_variants[i];
        if (strncmp(variant->kernel, "fmha_fwd", 8) != 0 || forms++ % TB_TEST_CASES_DIVISOR != 0) {
            continue;
        }
        tb_kernel kernel = tb_kernel_open(variant->name);
        for (int s = 0; s < SHAPES; s++) {
            if (runs_shape(i, variant->dtype, s)) {
                worst = fmax(worst, try_shape(&kernel, &shapes[s], false));
                problems++;
            }
        }
        if (i % 4 == 0) {
            worst = fmax(worst, try_shape(&kernel, &shapes[i / 4 % SHAPES], true));
            problems++;
        }
        tb_kernel_close(&kernel);
    }
    print_message("%d forms, %d problems under 3 schedules: at most %.3f of the bound\n", forms,
                  problems, worst);
    assert_true(forms > 2);
}

TB_TESTS(cmocka_unit_test(all_forms_agree_with_double_precision));
