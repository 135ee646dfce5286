/* Suite files: what they say is what is asked, and what is wrong has a place. */
#include "test_support.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char good[] =
    "schema: tilebound/suite/1\n"                                                     /* 1 */
    "name: probe\n"                                                                   /* 2 */
    "summary: a suite of the tests\n"                                                 /* 3 */
    "problems:\n"                                                                     /* 4 */
    "- name: first\n"                                                                 /* 5 */
    "  network: a label\n"                                                            /* 6 */
    "  kernel: flex-fna\n"                                                            /* 7 */
    "  problem: {layout: [12, 20], heads: 6, dim: 96}\n"                              /* 8 */
    "  pattern: {window: [5, -1], stride: [2, 3]}\n"                                  /* 9 */
    "  tiling: {q_tile: [4, 4], kv_tile: [3, 5]}\n"                                   /* 10 */
    "  published: {flop_speedup: 2.4, tile_speedup: 1.72, tile_speedup_worst: 1.3,\n" /* 11 */
    "    fully_block_sparse: true, source: a paper}\n"                                /* 12 */
    "- name: second\n"                                                                /* 13 */
    "  problem: {layout: [72]}\n"                                                     /* 14 */
    "  pattern: {window: [-1], causal: [true]}\n"                                     /* 15 */
    "  published: {fully_block_sparse: false, source: another}\n"                     /* 16 */
    "- {name: third, problem: {layout: [96]}}\n";                                     /* 17 */

/* `good` with the first `from` replaced by `to`, as a file. */
static const char *file_with(const char *from, const char *to)
{
    return tb_test_variant("probe.yaml", good, from, to);
}

static tb_suite *load(const char *path)
{
    tb_suite *suite = NULL;
    tb_error err;
    tb_assert_ok(tb_suite_load(path, &suite, &err), &err);
    return suite;
}

static void suite_file__problems_are_read_in_order(void **state)
{
    (void)state;
    tb_suite *s = load(file_with("", ""));
    assert_string_equal(s->name, "probe");
    assert_string_equal(s->summary, "a suite of the tests");
    assert_int_equal(s->count, 3);
    const tb_suite_item *first = &s->items[0];
    assert_string_equal(first->name, "first");
    assert_string_equal(first->network, "a label");
    assert_string_equal(first->kernel, "flex-fna");
    assert_int_equal(first->item.problem.heads, 6);
    assert_int_equal(first->item.problem.heads_kv, 6);
    assert_int_equal(first->item.problem.dim, 96);
    assert_int_equal(first->item.pattern.stride[1], 3);
    assert_int_equal(first->item.tiling.kv_tile[1], 5);
    assert_string_equal(s->items[1].name, "second");
    assert_null(s->items[1].network);
    assert_null(s->items[1].kernel);
    assert_int_equal(s->items[1].item.tiling.q_dims, 0);
    assert_string_equal(s->items[2].name, "third");
    tb_suite_destroy(s);
}

static void suite_file__patterns_are_normalized(void **state)
{
    (void)state;
    tb_suite *s = load(file_with("", ""));
    assert_int_equal(s->items[0].item.pattern.kind, TB_PATTERN_GNA);
    assert_int_equal(s->items[0].item.pattern.window[1], 20); /* -1: the whole axis */
    assert_int_equal(s->items[1].item.pattern.kind, TB_PATTERN_CAUSAL);
    assert_int_equal(s->items[2].item.pattern.kind, TB_PATTERN_DENSE);
    tb_suite_destroy(s);
}

static void suite_file__what_was_published_is_told_from_what_was_not(void **state)
{
    (void)state;
    tb_suite *s = load(file_with("", ""));
    const tb_published *p = &s->items[0].published;
    assert_true(p->has_flop_speedup && p->has_tile_speedup && p->has_tile_speedup_worst &&
                p->has_fully_block_sparse);
    tb_assert_close(p->flop_speedup, 2.4, 0);
    tb_assert_close(p->tile_speedup, 1.72, 0);
    tb_assert_close(p->tile_speedup_worst, 1.3, 0);
    assert_true(p->fully_block_sparse);
    assert_string_equal(p->source, "a paper");
    p = &s->items[1].published;
    assert_false(p->has_flop_speedup || p->has_tile_speedup || p->has_tile_speedup_worst);
    assert_true(p->has_fully_block_sparse);
    assert_false(p->fully_block_sparse);
    p = &s->items[2].published;
    assert_false(p->has_fully_block_sparse);
    assert_null(p->source);
    tb_suite_destroy(s);
}

static void suite_file__masks_lie_beside_the_file(void **state)
{
    (void)state;
    (void)mkdir(tb_test_path("beside"), 0777);
    (void)tb_test_file("beside/mask.pbm", "P1 2 2 1011", 11);
    static const char text[] = "schema: tilebound/suite/1\nname: n\nsummary: s\nproblems:\n"
                               "- {name: a, pattern: {kind: explicit, mask: mask.pbm}}\n"
                               "- {name: b, problem: {layout: [16]}, pattern: {kind: explicit, "
                               "mask: mask.pbm, mask_block: [8, 8]}}\n";
    tb_suite *s = load(tb_test_file("beside/suite.yaml", text, sizeof text - 1));
    assert_int_equal(s->items[0].item.problem.layout.extent[0], 2); /* the mask's */
    assert_int_equal(s->items[1].item.pattern.mask_block_kv, 8);
    tb_suite_destroy(s);
}

static const tb_test_refusal refusals[] = {
    {"suite/1", "problem/1", "schema is 'tilebound/problem/1'; needs tilebound/suite/1", 1, 9},
    {"name: probe\n", "", "needs key 'name'", 1, 1},
    {"name: probe\n", "name: ~\n", "key 'name' is null; needs a value", 2, 7},
    {"summary: a suite of the tests\n", "", "needs key 'summary'", 1, 1},
    {"summary:", "sumary:", "unknown key 'sumary'; did you mean 'summary'?", 3, 1},
    {"problems:", "problem:", "unknown key 'problem'; did you mean 'problems'?", 4, 1},
    {"- name: first\n", "- nam: first\n", "unknown key 'nam'; did you mean 'name'?", 5, 3},
    {"- name: first\n", "- name: [first]\n", "a list; needs text", 5, 9},
    {"network: a label", "network: {a: b}", "a mapping; needs text", 6, 12},
    {"kernel: flex-fna", "kernel: [a]", "a list; needs text", 7, 11},
    {"kernel:", "kernels:", "unknown key 'kernels'; did you mean 'kernel'?", 7, 3},
    {"layout: [12, 20]", "layout: [12, 0]", "'0' is out of range", 8, 26},
    {"layout: [12, 20], ", "", "this needs problem.layout before it", 9, 12},
    {"heads: 6", "head: 6", "unknown key 'head'; did you mean 'heads'?", 8, 31},
    {"[5, -1]", "[5, -1, 7]", "window has 3 entries; one a dimension of the layout: 2", 9, 21},
    {"stride: [2, 3]", "left: 7", "a gna pattern has no left; leave it out", 9, 30},
    {"q_tile: [4, 4]", "q_tile: [4, 0]", "'0' is out of range", 10, 24},
    {"flop_speedup: 2.4", "flop_speedup: much", "'much' is not a finite decimal number", 11, 29},
    {"flop_speedup: 2.4", "flop_speedup: -2.4",
     "'-2.4' is out of range; needs a number from 0 to 1e+30", 11, 29},
    {"flop_speedup: 2.4", "flop_speedup: '2.4'", "'2.4' is quoted; needs a number", 11, 29},
    {"flop_speedup: 2.4", "flops: 2.4", "unknown key 'flops'; the known keys are", 11, 15},
    {"fully_block_sparse: true", "fully_block_sparse: yes", "'yes' is not a boolean", 12, 25},
    {", source: a paper", "", "needs key 'source'", 11, 14},
    {"published: {fully_block_sparse: false, source: another}", "published: [1.3]",
     "a list; needs a mapping; the keys are flop_speedup", 16, 14},
    {"{name: third, problem: {layout: [96]}}", "{name: third}",
     "problem.layout is missing; give the layout's extents", 17, 3},
    {"{name: third, problem: {layout: [96]}}", "third",
     "'third'; needs a mapping; the keys are name", 17, 3},
};

static tb_status refuse(const char *path, tb_error *err)
{
    tb_suite *suite = NULL;
    tb_status status = tb_suite_load(path, &suite, err);
    assert_null(suite);
    return status;
}

static void suite_file__what_is_wrong_has_a_place(void **state)
{
    (void)state;
    tb_test_refusals("probe.yaml", good, refusals, sizeof refusals / sizeof *refusals, refuse);
}

static void suite_file__there_must_be_problems(void **state)
{
    (void)state;
    static const char *const endings[] = {"problems: []\n", "problems: 7\n", "problems: {}\n"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char text[128] = "schema: tilebound/suite/1\nname: n\nsummary: s\n";
        strcat(text, endings[i]);
        tb_suite *suite = NULL;
        tb_error err;
        const char *path = tb_test_file("none.yaml", text, strlen(text));
        tb_assert_fails(tb_suite_load(path, &suite, &err), &err, TB_EFILE,
                        "a list of problems is needed here");
        tb_assert_position(&err, 4, 11);
    }
}

static void suite_file__names_and_paths(void **state)
{
    (void)state;
    tb_suite *suite = NULL;
    tb_error err;
    assert_int_equal(unsetenv("TILEBOUND_DATA"), 0);
    tb_suite_destroy(load("gna"));
    tb_assert_fails(tb_suite_load("gan", &suite, &err), &err, TB_EINVAL,
                    "unknown suite 'gan'; did you mean 'gna'?");
    tb_assert_fails(tb_suite_load(tb_test_path("absent.yaml"), &suite, &err), &err, TB_EFILE,
                    "cannot read");
    assert_null(suite);
    tb_suite_destroy(NULL);
}

static const char axes[] =
    "schema: tilebound/suite/1\n"                                                        /* 1 */
    "name: probe\n"                                                                      /* 2 */
    "summary: axes\n"                                                                    /* 3 */
    "problems:\n"                                                                        /* 4 */
    "- name: 1d\n"                                                                       /* 5 */
    "  problem: {layout: [96], dtype: fp32}\n"                                           /* 6 */
    "  pattern: {window: [12]}\n"                                                        /* 7 */
    "  zip:\n"                                                                           /* 8 */
    "    problem.heads: [2, 6]\n"                                                        /* 9 */
    "    problem.dim: [64, 72]\n"                                                        /* 10 */
    "  cross:\n"                                                                         /* 11 */
    "    pattern.window: [[7], [40]]\n"                                                  /* 12 */
    "    pattern.causal: [[true], [false]]\n"                                            /* 13 */
    "- name: alone\n"                                                                    /* 14 */
    "  problem: {layout: [72]}\n"                                                        /* 15 */
    "- name: 2d\n"                                                                       /* 16 */
    "  zip: {problem.layout: [[12, 20], [72, 7]], pattern.window: [[5, 5], [12, 3]]}\n"; /* 17 */

static const char *axes_with(const char *from, const char *to)
{
    return tb_test_variant("axes.yaml", axes, from, to);
}

static void axes__cross_and_zip_make_problems(void **state)
{
    (void)state;
    tb_suite *s = load(axes_with("", ""));
    assert_int_equal(s->count, 2 * 2 * 2 + 1 + 2);
    assert_string_equal(s->items[0].name, "1d/heads=2/dim=64/window=7/causal=true");
    assert_string_equal(s->items[1].name, "1d/heads=2/dim=64/window=7/causal=false");
    assert_string_equal(s->items[6].name, "1d/heads=6/dim=72/window=40/causal=true");
    const tb_case *item = &s->items[6].item;
    assert_int_equal(item->problem.heads, 6);
    assert_int_equal(item->problem.heads_kv, 6);
    assert_int_equal(item->problem.dim, 72);
    assert_int_equal(item->problem.dtype, TB_DTYPE_FP32); /* the entry's own */
    assert_int_equal(item->pattern.window[0], 40);
    assert_true(item->pattern.causal[0]);
    assert_string_equal(s->items[8].name, "alone");
    assert_string_equal(s->items[10].name, "2d/layout=72x7/window=12x3");
    assert_int_equal(s->items[10].item.problem.layout.extent[1], 7); /* keys that were not there */
    assert_int_equal(s->items[10].item.pattern.window[1], 3);
    tb_suite_destroy(s);
}

static void axes__a_sample_is_some_of_all_and_always_the_same(void **state)
{
    (void)state;
    static const char *const sampled[] = {"  cross:\n", "  sample: 3\n  seed: 7\n  cross:\n"};
    tb_suite *all = load(axes_with("", ""));
    tb_suite *some = load(axes_with(sampled[0], sampled[1]));
    tb_suite *again = load(axes_with(sampled[0], sampled[1]));
    assert_int_equal(some->count, 3 + 1 + 2);
    size_t at = 0;
    for (size_t i = 0; i < 3; i++) { /* in the order of all */
        assert_string_equal(some->items[i].name, again->items[i].name);
        while (at < 8 && strcmp(all->items[at].name, some->items[i].name) != 0) {
            at++;
        }
        assert_true(at < 8);
    }
    tb_suite_destroy(all);
    tb_suite_destroy(some);
    tb_suite_destroy(again);
}

static const tb_test_refusal axis_refusals[] = {
    {"pattern.window: [[7]", "patern.window: [[7]", "'patern.window' is no axis", 12, 5},
    {"pattern.window: [[7], [40]]", "pattern.window: 7", "a list of the values that pattern.window",
     12, 21},
    {"pattern.window: [[7], [40]]", "pattern.window: []", "a list of the values", 12, 21},
    {"pattern.window: [[7], [40]]", "pattern.window:", "a list of the values", 12, 5},
    {"pattern.window: [[7], [40]]", "pattern.window: [[7], [0.5]]", "'0.5' is not a plain", 12, 28},
    {"pattern.window: [[7], [40]]", "pattern.windw: [[7], [40]]", "unknown key 'windw'", 12, 5},
    {"pattern.window: [[7], [40]]", "pattern.window: [{a: 7}]", "a mapping; needs text", 12, 22},
    {"pattern.window: [[7], [40]]", "pattern.window.x: [7]", "is no entry of a list of 1", 12, 5},
    {"pattern.window: [[7], [40]]", "pattern.: [7]", "is no path of keys", 12, 5},
    {"pattern.window: [[7], [40]]", "problem.heads: [7, 8]", "a second axis problem.heads", 12, 5},
    {"problem.dim: [64, 72]", "problem.dim: [64]", "1 values, and 2 of the first axis", 10, 18},
    {"  cross:\n", "  seed: 7\n  cross:\n", "seed without sample", 11, 9},
    {"  cross:\n", "  sample: 0\n  cross:\n", "'0' is out of range", 11, 11},
    {"- name: alone\n", "- name: alone\n  sample: 2\n", "sample without axes", 15, 11},
    {"- name: 2d\n", "- name: 2d\n  published: {source: a}\n",
     "published values are of one problem", 17, 14},
    {"  cross:\n", "  cross: 7\n  zap:\n", "unknown key 'zap'", 12, 3},
};

static void axes__what_is_wrong_has_a_place(void **state)
{
    (void)state;
    tb_test_refusals("axes.yaml", axes, axis_refusals, sizeof axis_refusals / sizeof *axis_refusals,
                     refuse);
}

TB_TESTS(cmocka_unit_test(suite_file__problems_are_read_in_order),
         cmocka_unit_test(suite_file__patterns_are_normalized),
         cmocka_unit_test(suite_file__what_was_published_is_told_from_what_was_not),
         cmocka_unit_test(suite_file__masks_lie_beside_the_file),
         cmocka_unit_test(suite_file__what_is_wrong_has_a_place),
         cmocka_unit_test(suite_file__there_must_be_problems),
         cmocka_unit_test(suite_file__names_and_paths),
         cmocka_unit_test(axes__cross_and_zip_make_problems),
         cmocka_unit_test(axes__a_sample_is_some_of_all_and_always_the_same),
         cmocka_unit_test(axes__what_is_wrong_has_a_place));
