/* Every allocation of a random pattern's census, expectation and loop orders fails once: TB_ENOMEM
 * each time, no crash, and (under ASan) no leak. */
#include "expected_census.h"
#include "failing_alloc.h"
#include "gather_cost.h"
#include "random_case.h"
#include "test_support.h"

static tb_problem problem;
static tb_pattern pattern;
static tb_tiling tiling;

static tb_status expect(tb_error *err)
{
    tb_expected_census expected;
    return tb_census_expect(&problem, &pattern, &tiling, 3, &expected, err);
}

static tb_status draw(tb_error *err)
{
    tb_spans spans = {0};
    tb_status status = tb_pattern_spans(&pattern, &problem.layout, 70, 90, &spans, err);
    tb_spans_free(&spans);
    return status;
}

static tb_status gather(tb_error *err)
{
    tb_gather_cost cost;
    tb_gather_kernel kernel = {.group = 3, .min_rows = 16, .batch_rows = 64};
    return tb_gather_count(&pattern, &problem.layout, &kernel, &cost, err);
}

static void take(tb_pattern_kind kind)
{
    problem = tb_problem_default();
    problem.layout = (tb_layout){.rank = 1, .extent = {720}};
    tiling = (tb_tiling){.q_tile = {24}, .kv_tile = {36}};
    pattern = tb_pattern_default();
    pattern.kind = kind;
    pattern.seed = 7;
}

static void alloc_failures__random_patterns(void **state)
{
    (void)state;
    take(TB_PATTERN_BLOCK_SPARSE);
    tb_random_case_real(&pattern, "density", 0.3);
    tb_random_case_real(&pattern, "decay", 0.9);
    tb_test_fail_each("spans by density", draw);
    tb_test_fail_each("expectation by density", expect);
    take(TB_PATTERN_TOPK);
    tb_random_case_integer(&pattern, "keys", 9);
    tb_random_case_integer(&pattern, "local", 5);
    tb_test_fail_each("spans of topk", draw);
    tb_test_fail_each("expectation of topk", expect);
    tb_test_fail_each("loop orders of topk", gather);
    take(TB_PATTERN_VERTICAL_SLASH);
    tb_random_case_integer(&pattern, "vertical", 72);
    tb_random_case_integer(&pattern, "slash", 300);
    tb_test_fail_each("spans of vertical-slash", draw);
    tb_test_fail_each("expectation of vertical-slash", expect);
    take(TB_PATTERN_CLUSTERED);
    tb_random_case_integer(&pattern, "clusters", 7);
    tb_random_case_integer(&pattern, "neighbours", 1);
    tb_random_case_integer(&pattern, "causal", 1);
    tb_test_fail_each("spans of clusters", draw);
    tb_test_fail_each("expectation of clusters", expect);
    tb_random_case_integer(&pattern, "sorted", 0);
    tb_test_fail_each("spans of unsorted clusters", draw);
    tb_test_fail_each("expectation of unsorted clusters", expect);
}

TB_TESTS(cmocka_unit_test(alloc_failures__random_patterns));
