/* Rows and columns that gathering kernels compute, in both loop orders: counted from instances, and
 * as the papers have it. */
#include "checked.h"
#include "gather_cost.h"
#include "random_case.h"
#include "test_support.h"

#include <math.h>
#include <stdlib.h>

typedef struct size {
    int64_t tokens, block_q, block_kv;
} size;

static size size_of(const tb_sim_case *c)
{
    size s = {.tokens = tb_layout_tokens(&c->problem.layout), .block_kv = 1};
    if (c->pattern.kind == TB_PATTERN_TOPK) {
        s.block_q = tb_pattern_integer(&c->pattern, "group");
    } else {
        s.block_q = tb_pattern_integer(&c->pattern, "block_q");
        s.block_kv = tb_min(tb_pattern_integer(&c->pattern, "block_kv"), s.tokens);
    }
    s.block_q = tb_min(s.block_q, s.tokens);
    return s;
}

static int64_t pad(int64_t rows, int64_t to)
{
    return (rows + to - 1) / to * to;
}

/* Which mask blocks an instance keeps: its rows' last queries see of a column at least the first
 * key. */
static tb_gather_cost count_instance(const tb_sim_case *c, const tb_gather_kernel *kernel)
{
    size s = size_of(c);
    uint8_t *rows = tb_random_case_rows(c);
    tb_gather_cost cost = {0};
    for (int64_t key = 0; key < s.tokens; key += s.block_kv) {
        int64_t gathered = 0;
        for (int64_t q = 0; q < s.tokens; q += s.block_q) {
            int64_t end = tb_min(q + s.block_q, s.tokens);
            if (rows[(end - 1) * s.tokens + key]) {
                int64_t heads = (end - q) * kernel->group;
                gathered += heads;
                cost.useful += (double)(heads * s.block_kv);
                cost.q_outer += (double)(pad(heads, kernel->min_rows) * s.block_kv);
                cost.keys_loaded += (double)s.block_kv;
            }
        }
        cost.kv_outer += (double)(pad(gathered, kernel->batch_rows) * s.block_kv);
        cost.rows_moved += (double)gathered;
    }
    free(rows);
    return cost;
}

/* A sum and a sum of squares of each of the five. */
typedef struct totals {
    double sum[5], square[5];
} totals;

static void add(totals *t, const tb_gather_cost *cost)
{
    double values[5] = {cost->useful, cost->q_outer, cost->kv_outer, cost->keys_loaded,
                        cost->rows_moved};
    for (int i = 0; i < 5; i++) {
        t->sum[i] += values[i];
        t->square[i] += values[i] * values[i];
    }
}

static void check(const tb_sim_case *c, const tb_gather_kernel *kernel, const tb_gather_cost *cost,
                  const totals *t, int instances)
{
    static const char *const names[5] = {"useful", "q_outer", "kv_outer", "keys_loaded",
                                         "rows_moved"};
    double values[5] = {cost->useful, cost->q_outer, cost->kv_outer, cost->keys_loaded,
                        cost->rows_moved};
    for (int i = 0; i < 5; i++) {
        double mean = t->sum[i] / instances;
        double variance = fmax(t->square[i] / instances - mean * mean, 0);
        double slack = 4 * sqrt(variance / instances) + 1e-9 * mean + 1e-9;
        if (!(fabs(values[i] - mean) <= slack)) {
            tb_random_case_print(c);
            fail_msg("%s (group %lld, rows %lld, batch %lld): %.4f expected, %.4f +- %.4f counted",
                     names[i], (long long)kernel->group, (long long)kernel->min_rows,
                     (long long)kernel->batch_rows, values[i], mean, slack / 4);
        }
    }
}

static tb_sim_case small_case(gsl_rng *random, int i)
{
    tb_sim_case c;
    do {
        c = tb_random_case(random, i % 3 == 0 ? TB_PATTERN_TOPK : TB_PATTERN_BLOCK_SPARSE);
        if (c.pattern.kind == TB_PATTERN_BLOCK_SPARSE) { /* an even density, never quite nothing */
            c.pattern.value[tb_pattern_parameter_index(c.pattern.kind, "decay")].given = false;
            tb_random_case_integer(&c.pattern, "local", tb_test_between(random, 1, 3));
        }
    } while (c.problem.layout.extent[0] > 90);
    return c;
}

static void loop_orders__cost_what_instances_cost(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(150), instances = 300;
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = small_case(random, i);
        tb_gather_kernel kernel = {.group = tb_test_between(random, 1, 9),
                                   .min_rows = tb_test_between(random, 1, 16)};
        kernel.batch_rows = kernel.min_rows * tb_test_between(random, 1, 4);
        tb_gather_cost cost;
        tb_error err;
        tb_assert_ok(tb_gather_count(&c.pattern, &c.problem.layout, &kernel, &cost, &err), &err);
        totals t = {{0}, {0}};
        for (int k = 0; k < instances; k++) {
            tb_sim_case one = c;
            one.pattern.seed += 7919 + (uint64_t)k;
            tb_gather_cost counted = count_instance(&one, &kernel);
            add(&t, &counted);
        }
        check(&c, &kernel, &cost, &t, instances);
        assert_true(cost.useful <= cost.q_outer * (1 + 1e-12));
    }
    print_message("%d patterns and kernels, %d instances each\n", cases, instances);
    gsl_rng_free(random);
}

/* NSA: 8192 tokens, 16 mask blocks of 64 keys a query, the first and two local ones among them. */
static tb_sim_case nsa(void)
{
    tb_sim_case c = {.problem = tb_problem_default(), .pattern = tb_pattern_default()};
    c.problem.layout = (tb_layout){.rank = 1, .extent = {8192}};
    c.pattern.kind = TB_PATTERN_BLOCK_SPARSE;
    tb_random_case_integer(&c.pattern, "block_q", 1);
    tb_random_case_integer(&c.pattern, "block_kv", 64);
    tb_random_case_integer(&c.pattern, "topk", 16);
    tb_random_case_integer(&c.pattern, "sink", 1);
    tb_random_case_integer(&c.pattern, "local", 2);
    tb_random_case_integer(&c.pattern, "causal", 1);
    return c;
}

/* A group of 16 heads fills 16 rows; one of 4 leaves 12 of 16 empty, which the KV-outer order does
 * not: what Flash Sparse Attention is about. */
static void small_groups__are_padded_by_the_query_outer_order_only(void **state)
{
    (void)state;
    tb_sim_case c = nsa();
    /* queries 0 to 1023 have 1 to 16 mask blocks, the others 16 */
    double keys = 64.0 * (64 * (1 + 16) * 16 / 2 + (8192 - 1024) * 16);
    for (int64_t group = 1; group <= 16; group *= 2) {
        tb_gather_kernel kernel = {.group = group, .min_rows = 16, .batch_rows = 64};
        tb_gather_cost cost;
        tb_error err;
        tb_assert_ok(tb_gather_count(&c.pattern, &c.problem.layout, &kernel, &cost, &err), &err);
        print_message("group %lld: query-outer computes %.2f times what is asked for, KV-outer "
                      "%.3f times\n",
                      (long long)group, cost.q_outer / cost.useful, cost.kv_outer / cost.useful);
        tb_assert_close(cost.useful, (double)group * keys, 1e-12);
        tb_assert_close(cost.q_outer, 16 * keys, 1e-12);
        tb_assert_close(cost.keys_loaded, keys, 1e-12);
        tb_assert_close(cost.rows_moved, (double)group * keys / 64, 1e-9);
        /* 128 mask blocks, of whose last batches on average not quite half is padding */
        assert_true(cost.kv_outer > cost.useful);
        assert_true(cost.kv_outer < cost.useful + 128 * 64 * 64);
    }
}

static void what_makes_no_sense__is_refused(void **state)
{
    (void)state;
    tb_sim_case c = nsa();
    tb_gather_cost cost;
    tb_error err;
    tb_gather_kernel good = {.group = 4, .min_rows = 16, .batch_rows = 64}, bad = good;
    bad.batch_rows = 40;
    tb_assert_fails(tb_gather_count(&c.pattern, &c.problem.layout, &bad, &cost, &err), &err,
                    TB_EINVAL, "a multiple of the 16 rows");
    bad = good;
    bad.group = 0;
    tb_assert_fails(tb_gather_count(&c.pattern, &c.problem.layout, &bad, &cost, &err), &err,
                    TB_EINVAL, "a group of 0 heads");
    c.pattern.value[tb_pattern_parameter_index(c.pattern.kind, "topk")].given = false;
    tb_random_case_real(&c.pattern, "density", 0.5);
    tb_random_case_real(&c.pattern, "decay", 0.5);
    tb_assert_fails(tb_gather_count(&c.pattern, &c.problem.layout, &good, &cost, &err), &err,
                    TB_EINVAL, "use an even one");
    c.pattern.kind = TB_PATTERN_CAUSAL;
    tb_assert_fails(tb_gather_count(&c.pattern, &c.problem.layout, &good, &cost, &err), &err,
                    TB_EINVAL, "loop orders of a causal pattern");
}

TB_TESTS(cmocka_unit_test(loop_orders__cost_what_instances_cost),
         cmocka_unit_test(small_groups__are_padded_by_the_query_outer_order_only),
         cmocka_unit_test(what_makes_no_sense__is_refused));
