/* Problem files and cases: what they say is what is asked, and what is wrong has a place. */
#include "test_support.h"

#include "case_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Every key that a gna problem may have. */
static const char good[] =
    "schema: tilebound/problem/1\n"                                                /* 1 */
    "problem:\n"                                                                   /* 2 */
    "  layout: [12, 20]\n"                                                         /* 3 */
    "  batch: 2\n"                                                                 /* 4 */
    "  heads: 6\n"                                                                 /* 5 */
    "  heads_kv: 3\n"                                                              /* 6 */
    "  dim: 96\n"                                                                  /* 7 */
    "  dim_value: 72\n"                                                            /* 8 */
    "  dtype: e5m2\n"                                                              /* 9 */
    "  pass: backward\n"                                                           /* 10 */
    "  extra_kv: 7\n"                                                              /* 11 */
    "  extra_q: 9\n"                                                               /* 12 */
    "pattern: {kind: gna, window: [5, -1], stride: [2, 3], dilation: [2, 1],\n"    /* 13 */
    "  causal: [false, true]}\n"                                                   /* 14 */
    "tiling: {kind: single-dim, kv_tiling: static, order: morton, q_tile: [24],\n" /* 15 */
    "  kv_tile: [3, 5]}\n";                                                        /* 16 */

/* `good` with the first `from` replaced by `to`, as a file. */
static const char *file_with(const char *from, const char *to)
{
    return tb_test_variant("problem.yaml", good, from, to);
}

/* A problem file of `lines` after the schema. */
static const char *file_of(const char *lines)
{
    char text[1024] = "schema: tilebound/problem/1\n";
    assert_true(strlen(lines) < 900);
    strcat(text, lines);
    return tb_test_file("problem.yaml", text, strlen(text));
}

static tb_case read_case(const char *path)
{
    tb_case item = tb_case_default();
    tb_error err;
    tb_assert_ok(tb_case_read_file(path, &item, NULL, &err), &err);
    return item;
}

static void case_file__every_key_of_problem_is_read(void **state)
{
    (void)state;
    tb_case c = read_case(file_with("", ""));
    assert_int_equal(c.problem.layout.rank, 2);
    assert_int_equal(c.problem.layout.extent[0], 12);
    assert_int_equal(c.problem.layout.extent[1], 20);
    assert_int_equal(c.problem.batch, 2);
    assert_int_equal(c.problem.heads, 6);
    assert_int_equal(c.problem.heads_kv, 3);
    assert_int_equal(c.problem.dim, 96);
    assert_int_equal(c.problem.dim_value, 72);
    assert_int_equal(c.problem.dtype, TB_DTYPE_E5M2);
    assert_int_equal(c.problem.pass, TB_PASS_BACKWARD);
    assert_int_equal(c.problem.extra_kv, 7);
    assert_int_equal(c.problem.extra_q, 9);
    tb_case_release(&c);
}

static void case_file__every_key_of_a_gna_pattern_is_read(void **state)
{
    (void)state;
    tb_case c = read_case(file_with("", ""));
    assert_int_equal(c.pattern.kind, TB_PATTERN_GNA);
    assert_int_equal(c.pattern.window[0], 5);
    assert_int_equal(c.pattern.window[1], TB_WHOLE_AXIS);
    assert_int_equal(c.pattern.stride[0], 2);
    assert_int_equal(c.pattern.stride[1], 3);
    assert_int_equal(c.pattern.dilation[0], 2);
    assert_int_equal(c.pattern.dilation[1], 1);
    assert_false(c.pattern.causal[0]);
    assert_true(c.pattern.causal[1]);
    tb_case_release(&c);
}

static void case_file__every_key_of_tiling_is_read(void **state)
{
    (void)state;
    tb_case c = read_case(file_with("", ""));
    assert_true(c.tiling.has_kind);
    assert_int_equal(c.tiling.kind, TB_TILING_SINGLE_DIM);
    assert_true(c.tiling.has_kv_tiling);
    assert_int_equal(c.tiling.kv_tiling, TB_KV_STATIC);
    assert_int_equal(c.tiling.order, TB_ORDER_MORTON);
    assert_int_equal(c.tiling.q_dims, 1);
    assert_int_equal(c.tiling.q_tile[0], 24);
    assert_int_equal(c.tiling.kv_dims, 2);
    assert_int_equal(c.tiling.kv_tile[1], 5);
    assert_false(c.tiling.wants_best);
    tb_case_release(&c);
}

static void case_file__only_a_layout_is_required(void **state)
{
    (void)state;
    tb_case c = read_case(file_of("problem: {layout: [72]}\n"));
    assert_int_equal(c.problem.layout.rank, 1);
    assert_int_equal(c.problem.layout.extent[0], 72);
    assert_int_equal(c.problem.batch, 1);
    assert_int_equal(c.problem.heads, 1);
    assert_int_equal(c.problem.heads_kv, 1);
    assert_int_equal(c.problem.dim, 128);
    assert_int_equal(c.problem.dim_value, 128);
    assert_int_equal(c.problem.dtype, TB_DTYPE_BF16);
    assert_int_equal(c.problem.pass, TB_PASS_FORWARD);
    assert_int_equal(c.pattern.kind, TB_PATTERN_DENSE);
    assert_false(c.tiling.has_kind);
    assert_false(c.tiling.has_kv_tiling);
    assert_int_equal(c.tiling.q_dims, 0);
    assert_int_equal(c.baseline, TB_BASELINE_SELF);
    tb_case_release(&c);
}

static void case_file__null_objects_are_as_if_left_out(void **state)
{
    (void)state;
    tb_case c = read_case(file_of("problem: {layout: [72], batch: ~}\npattern:\ntiling: null\n"));
    assert_int_equal(c.problem.batch, 1);
    assert_int_equal(c.pattern.kind, TB_PATTERN_DENSE);
    tb_case_release(&c);
}

static void case_file__the_kv_side_follows_its_partner(void **state)
{
    (void)state;
    tb_case c = read_case(file_of("problem: {layout: [72], heads: 24, dim: 96}\n"));
    assert_int_equal(c.problem.heads_kv, 24);
    assert_int_equal(c.problem.dim_value, 96);
    tb_case_release(&c);
    c = read_case(file_of("problem: {heads_kv: 8, dim_value: 72, layout: [72], heads: 24}\n"));
    assert_int_equal(c.problem.heads_kv, 8);
    assert_int_equal(c.problem.dim, 128);
    assert_int_equal(c.problem.dim_value, 72);
    tb_case_release(&c);
}

static void case_file__a_pattern_without_a_kind_is_gna(void **state)
{
    (void)state;
    tb_case c = read_case(file_of("problem: {layout: [72]}\npattern: {window: [18]}\n"));
    assert_int_equal(c.pattern.kind, TB_PATTERN_GNA);
    assert_int_equal(c.pattern.window[0], 18);
    assert_int_equal(c.pattern.stride[0], 1);
    tb_case_release(&c);
}

static void case_file__the_other_patterns_are_read(void **state)
{
    (void)state;
    tb_case c = read_case(file_of("problem: {layout: [72]}\npattern: {kind: causal}\n"));
    assert_int_equal(c.pattern.kind, TB_PATTERN_CAUSAL);
    tb_case_release(&c);
    c = read_case(file_of("pattern: {kind: dense}\nproblem: {layout: [72, 96]}\n")); /* any order */
    assert_int_equal(c.pattern.kind, TB_PATTERN_DENSE);
    tb_case_release(&c);
    c = read_case(file_of("problem: {layout: [72]}\npattern: {kind: local, left: 9, right: -1}\n"));
    assert_int_equal(c.pattern.kind, TB_PATTERN_LOCAL);
    assert_int_equal(c.pattern.left, 9);
    assert_int_equal(c.pattern.right, TB_UNLIMITED);
    tb_case_release(&c);
    c = read_case(file_of("problem: {layout: [72]}\npattern: {kind: local, right: 0}\n"));
    assert_int_equal(c.pattern.left, TB_UNLIMITED);
    assert_int_equal(c.pattern.right, 0);
    tb_case_release(&c);
}

/* Mask blocks of 2 x 3 over 6 tokens: 3 x 2 of them. */
static void case_file__masks_lie_beside_the_file(void **state)
{
    (void)state;
    (void)mkdir(tb_test_path("beside"), 0777);
    (void)tb_test_file("beside/mask.pbm", "P1 2 3 10 11 01", 15);
    static const char text[] = "schema: tilebound/problem/1\nproblem: {layout: [6]}\n"
                               "pattern: {kind: explicit, mask: mask.pbm, mask_block: [2, 3]}\n";
    tb_case c = read_case(tb_test_file("beside/problem.yaml", text, sizeof text - 1));
    assert_int_equal(c.pattern.kind, TB_PATTERN_EXPLICIT);
    assert_int_equal(c.pattern.mask_block_q, 2);
    assert_int_equal(c.pattern.mask_block_kv, 3);
    assert_int_equal(c.pattern.mask->rows, 3);
    assert_int_equal(c.pattern.mask->cols, 2);
    assert_true(tb_bits_get(tb_bit_matrix_row(c.pattern.mask, 1), 1));
    assert_false(tb_bits_get(tb_bit_matrix_row(c.pattern.mask, 2), 0));
    tb_case_release(&c);
    assert_null(c.pattern.mask);
    tb_case_release(&c); /* twice does nothing */
}

static void case_file__masks_may_have_absolute_paths(void **state)
{
    (void)state;
    char lines[600] = "problem: {layout: [2]}\npattern: {kind: explicit, mask: '";
    strcat(strcat(lines, tb_test_file("far.pbm", "P1 2 2 1011", 11)), "'}\n");
    tb_case c = read_case(file_of(lines));
    assert_int_equal(c.pattern.mask_block_q, 1);
    assert_int_equal(c.pattern.mask->rows, 2);
    tb_case_release(&c);
}

static const tb_test_refusal refusals[] = {
    {"problem/1", "suite/1", "schema is 'tilebound/suite/1'; needs tilebound/problem/1", 1, 9},
    {"schema: tilebound/problem/1\n", "schema: 1\n", "schema is '1'; needs tilebound/problem/1", 1,
     9},
    {"problem:\n", "problm:\n", "unknown key 'problm'; did you mean 'problem'?", 2, 1},
    {"  layout: [12, 20]\n", "", "this needs problem.layout before it", 12, 10},
    {"layout:", "lay_out:", "unknown key 'lay_out'; did you mean 'layout'?", 3, 3},
    {"[12, 20]", "12", "'12'; needs a list of integers, such as [30, 48, 80]", 3, 11},
    {"[12, 20]", "[]", "an empty layout; it needs 1 to 4 extents", 3, 11},
    {"[12, 20]", "[12, -20]", "'-20' is out of range; needs an integer of at least 1", 3, 16},
    {"[12, 20]", "[1, 2, 3, 4, 5]", "a list of 5; needs at most 4 integers", 3, 11},
    {"[12, 20]", "[12, 20, 7]", "window has 2 entries; one a dimension of the layout: 3", 13, 30},
    {"batch: 2", "batch: 0", "'0' is out of range; needs an integer of at least 1", 4, 10},
    {"batch: 2", "batch: two", "'two' is not a plain decimal integer", 4, 10},
    {"heads: 6", "heads: '6'", "'6' is quoted; needs an integer of at least 1 without quotes", 5,
     10},
    {"heads_kv: 3", "heads_kv: 0", "'0' is out of range; needs an integer of at least 1", 6, 13},
    {"dim: 96", "dim: 96.0", "'96.0' is not a plain decimal integer", 7, 8},
    {"dim_value: 72", "dim_value: [72]", "a list is not a plain decimal integer", 8, 14},
    {"e5m2", "e5m22", "'e5m22' is not known here; did you mean 'e5m2'?", 9, 10},
    {"backward", "backwards", "'backwards' is not known here; did you mean 'backward'?", 10, 9},
    {"extra_kv: 7", "extra_kv: -7", "'-7' is out of range; needs an integer of at least 0", 11, 13},
    {"extra_q: 9", "extra_q: 0x9", "'0x9' is not a plain decimal integer", 12, 12},
    {"kind: gna", "kind: gn", "'gn' is not known here; did you mean 'gna'?", 13, 17},
    {"kind: gna", "kind: [gna]", "a list is not known here; needs one of dense, causal", 13, 17},
    {"kind: gna", "kind: dense", "a dense pattern has no window; leave it out", 13, 24},
    {"kind: gna", "kind: causal", "a causal pattern has no window; leave it out", 13, 25},
    {"kind: gna", "kind: local", "a local pattern has no window; leave it out", 13, 24},
    {"kind: gna", "kind: explicit", "a explicit pattern has no window; leave it out", 13, 27},
    {"kind: gna", "right: 7", "a gna pattern has no right; leave it out", 13, 11},
    {"window:", "windows:", "unknown key 'windows'; did you mean 'window'?", 13, 22},
    {"[5, -1]", "[5]", "one a dimension of the layout: 2", 13, 30},
    {"[5, -1]", "[5, -2]", "'-2' is out of range; needs an integer of at least -1", 13, 34},
    {"[2, 3]", "[0, 3]", "'0' is out of range; needs an integer of at least 1", 13, 48},
    {"[2, 1]", "2", "'2'; needs a list of integers", 13, 65},
    {"[false, true]", "[false]", "one a dimension of the layout: 2", 14, 11},
    {"[false, true]", "[no, yes]", "'no' is not a boolean; needs true or false", 14, 12},
    {"[false, true]", "true", "'true'; needs a list of booleans, such as [true, false]", 14, 11},
    {"kind: single-dim", "kind: single", "'single' is not known here; did you mean 'single-dim'?",
     15, 16},
    {"kv_tiling: static", "kv_tiling: fixed",
     "'fixed' is not known here; needs one of static, dynamic", 15, 39},
    {"order: morton", "order: zorder",
     "'zorder' is not known here; needs one of row-major, morton, hilbert", 15, 54},
    {"q_tile: [24]", "q_tile: []", "an empty tile; it needs 1 to 4 extents", 15, 70},
    {"q_tile: [24]", "q_tile: 24", "'24'; needs a list of integers", 15, 70},
    {"kv_tile: [3, 5]", "kv_tile: [3, 0]", "'0' is out of range", 16, 16},
    {"kv_tile: [3, 5]", "kv_tiles: [3, 5]", "unknown key 'kv_tiles'; did you mean 'kv_tile'?", 16,
     3},
    {"tiling: {kind", "tilings: {kind", "unknown key 'tilings'; did you mean 'tiling'?", 15, 1},
};

static tb_status refuse(const char *path, tb_error *err)
{
    tb_case item = tb_case_default();
    tb_status status = tb_case_read_file(path, &item, NULL, err);
    tb_case_release(&item);
    return status;
}

static void assert_refused(const char *path, const char *message, int line, int column)
{
    tb_error err;
    tb_assert_fails(refuse(path, &err), &err, TB_EFILE, message);
    tb_assert_position(&err, line, column);
    assert_string_equal(err.file, path);
}

static void case_file__what_is_wrong_has_a_place(void **state)
{
    (void)state;
    tb_test_refusals("problem.yaml", good, refusals, sizeof refusals / sizeof *refusals, refuse);
}

static void case_file__objects_that_are_none_are_refused(void **state)
{
    (void)state;
    assert_refused(file_of(""), "problem.layout is missing; give the layout's extents", 1, 1);
    assert_refused(file_of("problem: {dim: 72}\n"), "problem.layout is missing", 1, 1);
    assert_refused(file_of("pattern: {kind: dense}\n"), "problem.layout is missing", 1, 1);
    assert_refused(file_of("pattern: {window: [7]}\n"), "this needs problem.layout before it", 2,
                   10);
    assert_refused(file_of("problem: [72]\n"), "a list; needs a mapping; the keys are layout", 2,
                   10);
    assert_refused(file_of("problem: {layout: [72]}\npattern: dense\n"),
                   "'dense'; needs a mapping; the keys are kind", 3, 10);
    assert_refused(file_of("problem: {layout: [72]}\ntiling: [8, 8]\n"),
                   "a list; needs a mapping; the keys are kind", 3, 9);
}

static void case_file__explicit_patterns_need_a_mask(void **state)
{
    (void)state;
    assert_refused(file_of("problem: {layout: [72]}\npattern: {kind: explicit}\n"),
                   "needs key 'mask'", 3, 10);
    assert_refused(file_of("problem: {layout: [72]}\npattern: {kind: explicit, mask: [a]}\n"),
                   "a list; needs text", 3, 33);
    assert_refused(
        file_of("problem: {layout: [72]}\npattern: {kind: explicit, mask: a, mask_block: [8]}\n"),
        "it needs two", 3, 48);
    assert_refused(file_of("problem: {layout: [72]}\n"
                           "pattern: {kind: explicit, mask: a, mask_block: [8, 0]}\n"),
                   "'0' is out of range; needs an integer of at least 1", 3, 52);
    tb_case item = tb_case_default();
    tb_error err;
    const char *path = file_of("problem: {layout: [72]}\npattern: {kind: explicit, mask: no}\n");
    tb_assert_fails(tb_case_read_file(path, &item, NULL, &err), &err, TB_EFILE, "cannot read");
    assert_string_equal(err.file, tb_test_path("no")); /* the mask's place is the mask's file */
    tb_case_release(&item);
}

static void case_file__later_objects_replace_a_mask(void **state)
{
    (void)state;
    tb_case item = tb_case_default();
    tb_error err;
    (void)tb_test_file("mask.pbm", "P1 2 2 1011", 11);
    const char *path =
        file_of("problem: {layout: [2]}\npattern: {kind: explicit, mask: mask.pbm}\n");
    tb_assert_ok(tb_case_read_file(path, &item, NULL, &err), &err);
    tb_assert_ok(tb_case_read_file(path, &item, NULL, &err), &err); /* frees the first one */
    path = file_of("problem: {layout: [2]}\npattern: {kind: dense}\n");
    tb_assert_ok(tb_case_read_file(path, &item, NULL, &err), &err);
    assert_int_equal(item.pattern.kind, TB_PATTERN_DENSE);
    assert_null(item.pattern.mask);
    tb_case_release(&item);
}

static void case__masks_make_the_layout_where_there_is_none(void **state)
{
    (void)state;
    tb_case item = tb_case_default();
    tb_error err;
    const char *square = tb_test_file("square.pbm", "P1 3 3 100110011", 16);
    const char *wide = tb_test_file("wide.pbm", "P1 4 2 10010011", 15);
    tb_assert_ok(tb_case_set_mask(&item, square, 8, 8, &err), &err);
    assert_int_equal(item.problem.layout.rank, 1);
    assert_int_equal(item.problem.layout.extent[0], 24);
    /* the layout is there now, and stays */
    tb_assert_ok(tb_case_set_mask(&item, wide, 4, 2, &err), &err);
    assert_int_equal(item.problem.layout.extent[0], 24);
    tb_case_release(&item);
    item = tb_case_default();
    tb_assert_ok(tb_case_set_mask(&item, wide, 4, 2, &err), &err); /* 2 * 4 = 4 * 2 */
    assert_int_equal(item.problem.layout.extent[0], 8);
    tb_case_release(&item);
    item = tb_case_default();
    tb_assert_fails(tb_case_set_mask(&item, wide, 1, 1, &err), &err, TB_EFILE,
                    "2 queries x 4 keys; it must be square");
    assert_string_equal(err.file, wide);
    tb_case_release(&item);
    item = tb_case_default();
    tb_assert_fails(tb_case_set_mask(&item, square, INT64_MAX, 1, &err), &err, TB_EOVERFLOW,
                    "the mask's tokens pass 2^63 - 1; use smaller mask blocks");
    tb_case_release(&item);
    item = tb_case_default();
    tb_assert_fails(tb_case_set_mask(&item, square, 0, 1, &err), &err, TB_EINVAL,
                    "a mask block of 0 x 1; both must be at least 1");
    tb_case_release(&item);
}

static tb_pattern normalized(tb_layout layout, tb_pattern pattern)
{
    tb_case item = tb_case_default();
    item.problem.layout = layout;
    item.pattern = pattern;
    tb_case_normalize(&item);
    return item.pattern;
}

static void case__whole_windows_are_dense_or_causal(void **state)
{
    (void)state;
    const tb_layout line = {.rank = 1, .extent = {72}}, plane = {.rank = 2, .extent = {12, 20}};
    tb_pattern gna = tb_pattern_default();
    gna.kind = TB_PATTERN_GNA; /* every window the whole axis */
    assert_int_equal(normalized(line, gna).kind, TB_PATTERN_DENSE);
    assert_int_equal(normalized(plane, gna).kind, TB_PATTERN_DENSE);
    gna.window[0] = 12;
    assert_int_equal(normalized(plane, gna).kind, TB_PATTERN_DENSE);
    gna.window[0] = 11;
    tb_pattern out = normalized(plane, gna);
    assert_int_equal(out.kind, TB_PATTERN_GNA);
    assert_int_equal(out.window[0], 11);
    assert_int_equal(out.window[1], 20); /* -1 became the axis */
    gna.window[0] = TB_WHOLE_AXIS;
    gna.causal[0] = true;
    assert_int_equal(normalized(line, gna).kind, TB_PATTERN_CAUSAL);
    out = normalized(plane, gna); /* causal in one of two dimensions is not causal */
    assert_int_equal(out.kind, TB_PATTERN_GNA);
    assert_int_equal(out.window[0], 12);
    gna.causal[0] = false;
    gna.causal[1] = true; /* beyond the rank of a line */
    assert_int_equal(normalized(line, gna).kind, TB_PATTERN_DENSE);
}

static void case__strides_and_dilation_stay_gna(void **state)
{
    (void)state;
    const tb_layout line = {.rank = 1, .extent = {72}};
    tb_pattern gna = tb_pattern_default();
    gna.kind = TB_PATTERN_GNA;
    gna.stride[0] = 2;
    assert_int_equal(normalized(line, gna).kind, TB_PATTERN_GNA);
    assert_int_equal(normalized(line, gna).window[0], 72);
    gna.stride[0] = 1;
    gna.dilation[0] = 5;
    tb_pattern out = normalized(line, gna);
    assert_int_equal(out.kind, TB_PATTERN_GNA);
    assert_int_equal(out.window[0], 14); /* floor(72 / 5): what the shortest group holds */
}

TB_TESTS(cmocka_unit_test(case_file__every_key_of_problem_is_read),
         cmocka_unit_test(case_file__every_key_of_a_gna_pattern_is_read),
         cmocka_unit_test(case_file__every_key_of_tiling_is_read),
         cmocka_unit_test(case_file__only_a_layout_is_required),
         cmocka_unit_test(case_file__null_objects_are_as_if_left_out),
         cmocka_unit_test(case_file__the_kv_side_follows_its_partner),
         cmocka_unit_test(case_file__a_pattern_without_a_kind_is_gna),
         cmocka_unit_test(case_file__the_other_patterns_are_read),
         cmocka_unit_test(case_file__masks_lie_beside_the_file),
         cmocka_unit_test(case_file__masks_may_have_absolute_paths),
         cmocka_unit_test(case_file__what_is_wrong_has_a_place),
         cmocka_unit_test(case_file__objects_that_are_none_are_refused),
         cmocka_unit_test(case_file__explicit_patterns_need_a_mask),
         cmocka_unit_test(case_file__later_objects_replace_a_mask),
         cmocka_unit_test(case__masks_make_the_layout_where_there_is_none),
         cmocka_unit_test(case__whole_windows_are_dense_or_causal),
         cmocka_unit_test(case__strides_and_dilation_stay_gna));
