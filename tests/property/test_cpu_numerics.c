/* Every implementation of the CPU backend, with every instruction set that this machine has, is
 * within the bounds of fp32 arithmetic of the double-precision reference; and what its tiles leave
 * unmasked is what the census counts. */
#include "attention_check.h"
#include "cpu_isa.h"
#include "sim_large.h"
#include "test_support.h"

#include <math.h>
#include <stdlib.h>

typedef tb_sim_case draw_fn(gsl_rng *random);

/* What was drawn, so that none is missing, and how near the bounds it came. */
typedef struct variety {
    int runs, bf16, grouped, batched, dynamic, extra, permuted, huge, implementations[4];
    double worst[2]; /* fp32, and others: rounding a bf16 output may take its whole bound */
} variety;

static void draw_heads(gsl_rng *random, tb_problem *p)
{
    static const int64_t dims[] = {16, 24, 32, 40, 64, 72, 80, 96, 128, 136, 192, 256};
    p->pass = TB_PASS_FORWARD;
    p->batch = tb_test_between(random, 1, 2);
    p->heads_kv = tb_test_between(random, 1, 2);
    p->heads = p->heads_kv * tb_test_between(random, 1, 3);
    p->dim = dims[tb_test_between(random, 0, 11)];
    p->dim_value =
        tb_test_between(random, 0, 2) == 0 ? dims[tb_test_between(random, 0, 11)] : p->dim;
    p->dtype = tb_test_between(random, 0, 2) == 0 ? TB_DTYPE_BF16 : TB_DTYPE_FP32;
}

static void note(const tb_launch *launch, const tb_attention_check *check, variety *seen)
{
    const tb_problem *p = &launch->problem;
    seen->runs++;
    seen->bf16 += p->dtype == TB_DTYPE_BF16;
    seen->grouped += p->heads > p->heads_kv;
    seen->batched += p->batch > 1;
    seen->dynamic += launch->tiling.kv_tiling == TB_KV_DYNAMIC;
    seen->extra += p->extra_kv > 0 && p->extra_q > 0;
    seen->permuted += check->times.permute_us > 0;
    seen->huge += check->logit_size > 100;
    seen->implementations[launch->implementation]++;
    double *worst = &seen->worst[p->dtype != TB_DTYPE_FP32];
    *worst = fmax(*worst, check->worst);
}

static void run_one(const tb_sim_case *c, const tb_launch *launch, tb_attention_check *check,
                    variety *seen)
{
    tb_error err;
    tb_status status = tb_attention_run(tb_backends[0], launch, check, &err);
    if (status != TB_OK || check->worst > 1) {
        tb_sim_case_print(c);
        print_message("%s of %s, dims %lld and %lld, logits %g, seed %llu: %g of its bound\n",
                      tb_implementation_names[launch->implementation],
                      tb_dtype_names[launch->problem.dtype], (long long)launch->problem.dim,
                      (long long)launch->problem.dim_value, check->logit_size,
                      (unsigned long long)check->seed, check->worst);
    }
    tb_assert_ok(status, &err);
    assert_true(check->worst <= 1);
    note(launch, check, seen);
}

/* What ran is what was predicted: tiles, masks and, element by element, what is left unmasked. */
static void check_counters(const tb_sim_case *c, const tb_launch *launch,
                           const tb_attention_check *check)
{
    tb_census census = tb_sim_large_census(c);
    int64_t times = launch->problem.heads * launch->problem.batch;
    const tb_run_counters *counters = &check->counters;
    tb_sim_large_assert(c, counters->q_tiles == census.q_tiles * times, "query tiles that ran");
    tb_sim_large_assert(c, counters->visited == census.visited * times, "tiles that ran");
    tb_sim_large_assert(c, counters->masked == (census.visited - census.full) * times,
                        "tiles that were masked");
    tb_sim_large_assert(c, counters->unmasked == census.visible_pairs * times,
                        "elements left unmasked");
    tb_sim_large_assert(c, check->unmasked_wrong == 0, "elements left unmasked, tile by tile");
}

static void check_case(const tb_sim_case *c, gsl_rng *random, variety *seen)
{
    static const double sizes[] = {0.01, 1, 7, 500};
    tb_tile_list *list;
    tb_error err;
    tb_assert_ok(tb_tile_list_create(&c->problem, &c->pattern, &c->tiling, &list, &err), &err);
    tb_attention_check check = {.logit_size = sizes[tb_test_between(random, 0, 3)],
                                .seed = (uint64_t)tb_test_between(random, 1, 1000000),
                                .rows = 12};
    tb_launch launch = {.problem = c->problem,
                        .pattern = c->pattern,
                        .tiling = c->tiling,
                        .tiles = list,
                        .threads = (int)tb_test_between(random, 1, 3),
                        .workspace_bytes =
                            tb_test_between(random, 0, 1), /* a head at a time, or all */
                        .is_counting = true};
    run_one(c, &launch, &check, seen);
    check_counters(c, &launch, &check);
    launch.is_counting = false;
    launch.tiles = NULL;
    launch.implementation =
        tb_test_between(random, 0, 1) == 0 ? TB_IMPLEMENTATION_NAIVE : TB_IMPLEMENTATION_UNFUSED;
    run_one(c, &launch, &check, seen);
    launch.implementation = TB_IMPLEMENTATION_DECODE;
    launch.problem.extra_q = 0;
    launch.splits = tb_test_between(random, 0, 5);
    run_one(c, &launch, &check, seen);
    tb_tile_list_destroy(list);
}

static void check_many(draw_fn *draw, int cases, variety *seen)
{
    gsl_rng *random = tb_test_random();
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = draw(random);
        tb_error err;
        draw_heads(random, &c.problem);
        if (tb_pattern_check(&c.pattern, &c.problem.layout, &err) == TB_OK) {
            check_case(&c, random, seen);
        }
        tb_sim_case_free(&c);
    }
    gsl_rng_free(random);
}

static void check_isa(const char *name, int cases)
{
    const tb_cpu_isa *isa;
    tb_error err;
    tb_status status = tb_cpu_isa_choose(name, &isa, &err);
    if (status != TB_OK) {
        print_message("%s\n", err.message);
        skip();
    }
    assert_int_equal(setenv("TILEBOUND_CPU_ISA", name, 1), 0);
    variety seen = {0};
    check_many(tb_sim_case_product, tb_test_cases(cases), &seen);
    check_many(tb_sim_case_rows, tb_test_cases(cases / 2), &seen);
    check_many(tb_sim_case_aligned, tb_test_cases(cases / 4), &seen);
    assert_int_equal(unsetenv("TILEBOUND_CPU_ISA"), 0);
    print_message(
        "%s: %d runs (%d fused, %d naive, %d unfused, %d decode): %d bf16, %d grouped, %d "
        "batched, %d dynamic, %d with extra tokens, %d permuted, %d with huge logits; "
        "worst %.2f of its bound, %.2f in bf16\n",
        name, seen.runs, seen.implementations[0], seen.implementations[1], seen.implementations[2],
        seen.implementations[3], seen.bf16, seen.grouped, seen.batched, seen.dynamic, seen.extra,
        seen.permuted, seen.huge, seen.worst[0], seen.worst[1]);
    assert_true(seen.bf16 > 0 && seen.grouped > 0 && seen.batched > 0 && seen.dynamic > 0);
    assert_true(seen.extra > 0 && seen.permuted > 0 && seen.huge > 0);
}

/* Long sums: 2,500 keys a row, and 30,000 keys of one query. */
static void check_long(const char *name, const tb_sim_case *c, int from, int to)
{
    tb_tile_list *list;
    tb_error err;
    tb_assert_ok(tb_tile_list_create(&c->problem, &c->pattern, &c->tiling, &list, &err), &err);
    for (int i = from; i <= to; i++) {
        variety seen = {0};
        tb_attention_check check = {.logit_size = 4, .seed = 5, .rows = 12};
        tb_launch launch = {.problem = c->problem,
                            .pattern = c->pattern,
                            .tiling = c->tiling,
                            .tiles = list,
                            .implementation = (tb_implementation)i};
        run_one(c, &launch, &check, &seen);
        print_message("%s, %s: %.2f of its bound\n", name, tb_implementation_names[i], check.worst);
    }
    tb_tile_list_destroy(list);
}

static void long_rows__are_within_their_bounds(void **state)
{
    (void)state;
    tb_sim_case c = {.problem = tb_problem_default(), .pattern = tb_pattern_default()};
    c.problem.dtype = TB_DTYPE_FP32;
    c.tiling = (tb_tiling){.q_tile = {128}, .kv_tile = {128}};
    c.problem.layout = (tb_layout){.rank = 1, .extent = {2500}};
    check_long("2500 keys", &c, TB_IMPLEMENTATION_FUSED, TB_IMPLEMENTATION_DECODE);
    c.problem.layout.extent[0] = 30000;
    c.problem.heads = 4;
    check_long("30000 keys", &c, TB_IMPLEMENTATION_DECODE, TB_IMPLEMENTATION_DECODE);
}

static void avx512__is_within_its_bounds(void **state)
{
    (void)state;
    check_isa("avx512", 300);
}

static void avx2__is_within_its_bounds(void **state)
{
    (void)state;
    check_isa("avx2", 300);
}

static void neon__is_within_its_bounds(void **state)
{
    (void)state;
    check_isa("neon", 300);
}

static void portable__is_within_its_bounds(void **state)
{
    (void)state;
    check_isa("portable", 120);
}

TB_TESTS(cmocka_unit_test(avx512__is_within_its_bounds),
         cmocka_unit_test(avx2__is_within_its_bounds), cmocka_unit_test(neon__is_within_its_bounds),
         cmocka_unit_test(portable__is_within_its_bounds),
         cmocka_unit_test(long_rows__are_within_their_bounds));
