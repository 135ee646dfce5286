/* The numbers of docs/random-patterns.md: what per-query top-k visits, and what small groups of
 * heads compute. */
#include "expected_census.h"
#include "gather_cost.h"
#include "random_case.h"
#include "test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The docs' text; a line of it must be as the numbers come out. */
static void assert_line(const char *docs, const char *line)
{
    if (strstr(docs, line) == NULL) {
        fail_msg("docs/random-patterns.md lacks \"%s\"", line);
    }
}

static char *read_docs(void)
{
    size_t length;
    return tb_test_read(TB_SOURCE_DIR "/docs/random-patterns.md", &length);
}

/* 16,384 tokens in tiles of 128 x 128; each query keeps 1 / 32. */
static double visited(bool by_blocks, int64_t group)
{
    tb_problem problem = tb_problem_default();
    problem.layout = (tb_layout){.rank = 1, .extent = {16384}};
    tb_tiling tiling = {.q_tile = {128}, .kv_tile = {128}};
    tb_pattern pattern = tb_pattern_default();
    pattern.kind = by_blocks ? TB_PATTERN_BLOCK_SPARSE : TB_PATTERN_TOPK;
    tb_random_case_integer(&pattern, by_blocks ? "topk" : "keys", by_blocks ? 8 : 512);
    tb_random_case_integer(&pattern, by_blocks ? "block_q" : "group", group);
    tb_expected_census expected;
    tb_error err;
    tb_assert_ok(tb_census_expect(&problem, &pattern, &tiling, 2, &expected, &err), &err);
    tb_assert_close(expected.visible_pairs.mean, 16384.0 * 512, 1e-12);
    return expected.visited.mean;
}

/* "16384.0" -> "16,384.0" */
static void with_comma(double value, char *out, size_t size)
{
    long thousands = (long)(value / 1000);
    snprintf(out, size, "%ld,%05.1f", thousands, value - 1000.0 * (double)thousands);
}

static void top_k_of_each_query__saves_nothing_without_grouping(void **state)
{
    (void)state;
    static const int64_t groups[] = {1, 8, 16, 32, 64, 128};
    char *docs = read_docs();
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        double keys = visited(false, groups[i]), blocks = visited(true, groups[i]);
        char keys_text[32], blocks_text[32], line[160];
        with_comma(keys, keys_text, sizeof keys_text);
        with_comma(blocks, blocks_text, sizeof blocks_text);
        snprintf(line, sizeof line, "| %lld | %s | %.2f | %s | %.2f |", (long long)groups[i],
                 keys_text, 16384 / keys, blocks_text, 16384 / blocks);
        assert_line(docs, line);
    }
    assert_true(visited(false, 1) > 0.999 * 16384); /* FLOPs promise 32 */
    assert_true(visited(true, 1) > 0.999 * 16384);
    assert_true(visited(true, 128) < 16384 / 16.0);
    free(docs);
}

static void small_groups__are_padded_as_the_docs_say(void **state)
{
    (void)state;
    tb_layout layout = {.rank = 1, .extent = {8192}};
    tb_pattern pattern = tb_pattern_default();
    pattern.kind = TB_PATTERN_BLOCK_SPARSE;
    tb_random_case_integer(&pattern, "block_q", 1);
    tb_random_case_integer(&pattern, "topk", 16);
    tb_random_case_integer(&pattern, "sink", 1);
    tb_random_case_integer(&pattern, "local", 2);
    tb_random_case_integer(&pattern, "causal", 1);
    char *docs = read_docs();
    for (int64_t group = 1; group <= 16; group *= 2) {
        tb_gather_kernel kernel = {.group = group, .min_rows = 16, .batch_rows = 64};
        tb_gather_cost cost;
        tb_error err;
        char line[160];
        tb_assert_ok(tb_gather_count(&pattern, &layout, &kernel, &cost, &err), &err);
        snprintf(line, sizeof line, "| %lld | %.2f × %s| %.3f × |", (long long)group,
                 cost.q_outer / cost.useful, group == 1 ? "what is asked for " : "",
                 cost.kv_outer / cost.useful);
        assert_line(docs, line);
    }
    free(docs);
}

TB_TESTS(cmocka_unit_test(top_k_of_each_query__saves_nothing_without_grouping),
         cmocka_unit_test(small_groups__are_padded_as_the_docs_say));
