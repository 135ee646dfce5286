/* Patterns with parameters by table: what is printed is what is read, in files and in the short
 * form of the command line. */
#include "pattern_file.h"
#include "sim_case.h"
#include "test_support.h"

#include <string.h>

static bool is_same(const tb_pattern *a, const tb_pattern *b, int rank)
{
    bool same = tb_pattern_same_values(a, b);
    if (same && a->kind == TB_PATTERN_GNA) {
        size_t bytes = (size_t)rank * sizeof *a->window;
        same = memcmp(a->window, b->window, bytes) == 0 &&
               memcmp(a->stride, b->stride, bytes) == 0 &&
               memcmp(a->dilation, b->dilation, bytes) == 0 &&
               memcmp(a->causal, b->causal, (size_t)rank * sizeof *a->causal) == 0;
    }
    same = same && (a->kind != TB_PATTERN_LOCAL || (a->left == b->left && a->right == b->right));
    for (int p = 0; same && p < a->parts; p++) {
        same = is_same(a->part[p], b->part[p], rank);
    }
    return same;
}

static void check_text(const tb_sim_case *c, const char *text)
{
    tb_case item = tb_case_default();
    tb_error err;
    item.problem.layout = c->problem.layout;
    tb_status status = tb_pattern_read_text(text, &item, &err);
    if (status != TB_OK || !is_same(&c->pattern, &item.pattern, c->problem.layout.rank)) {
        tb_sim_case_print(c);
        fail_msg("'%s' is read as another pattern: %s", text, status != TB_OK ? err.message : "");
    }
    tb_case_release(&item);
    assert_int_equal(item.pattern.parts, 0); /* nothing is left that was freed */
}

static void what_is_printed__is_read(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(4000), kinds[TB_PATTERN_COUNT] = {0}, mappings = 0;
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = {.problem = tb_problem_default()};
        tb_buffer text = {0}, yaml = {0};
        int rank = (int)tb_test_between(random, 1, 3);
        c.problem.layout = tb_sim_case_layout(random, rank, 240);
        tb_sim_case_any_kind(random, &c);
        if (c.pattern.parts > 0 && tb_test_between(random, 0, 3) == 0) {
            c.pattern.seed = (uint64_t)tb_test_between(random, 1, 1000);
        }
        tb_pattern_print_text(&c.pattern, rank, &text);
        tb_pattern_print_yaml(&c.pattern, rank, &yaml);
        check_text(&c, text.data);
        check_text(&c, yaml.data);
        kinds[c.pattern.kind]++;
        mappings += text.data[0] == '{';
        tb_buffer_free(&text);
        tb_buffer_free(&yaml);
        tb_sim_case_free(&c);
    }
    print_message("%d patterns, %d of which have no short form\n", cases, mappings);
    assert_true(mappings > 0);
    for (int kind = TB_PATTERN_FIELD_KINDS; kind < TB_PATTERN_COUNT; kind++) {
        assert_true(kinds[kind] > 0 || tb_pattern_types[kind]->is_random);
    }
    gsl_rng_free(random);
}

/* Spaces do not matter; x and : join lists; a flag alone is true, 0 is false. */
static void short_form__is_lenient_where_it_can_be(void **state)
{
    (void)state;
    static const char *const same[][2] = {
        {"strided,window=4,stride=8,causal", " strided , window = 4 , stride=8,causal=1 "},
        {"strided,window=4,stride=8,causal=0",
         "{kind: strided, window: 4, stride: 8, causal: false}"},
        {"document,cu_seqlens=0x10x64", "document,cu_seqlens=0:10:64"},
        {"axial,axes=2", "{kind: axial, axes: [2]}"},
        {"gna,window=4x8,causal=1x0", "{kind: gna, window: [4, 8], causal: [true, false]}"},
        {"prefix,prefix=4+causal",
         "{kind: union, parts: [{kind: prefix, prefix: 4}, {kind: causal}]}"},
        {"prefix,prefix=4 & local,left=3,right=0",
         "{kind: intersection, parts: [{kind: prefix, prefix: 4}, {kind: local, left: 3, right: "
         "0}]}"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        tb_case item[2];
        tb_error err;
        for (int k = 0; k < 2; k++) {
            item[k] = tb_case_default();
            item[k].problem.layout = (tb_layout){.rank = 2, .extent = {8, 8}};
            tb_assert_ok(tb_pattern_read_text(same[i][k], &item[k], &err), &err);
        }
        assert_true(is_same(&item[0].pattern, &item[1].pattern, 2));
        tb_case_release(&item[0]);
        tb_case_release(&item[1]);
    }
}

static void short_form__is_refused_with_what_would_be_right(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"", "'' is not known here"},
        {"sink-local", "a sink-local pattern needs sink"},
        {"sink-local,sink=4,local=", "needs local"},
        {"sink-local,sink=four,local=8", "four"},
        {"sink-local,sink=4,local=8,local=9", "local"},
        {"sink-local,sink=4;local=8", "has a ';'"},
        {"causal+dense&causal", "write one of both as a mapping"},
        {"causal+", "'' is not known here"},
        {"causal+dense+causal+dense+causal", "2 to 4 patterns"},
        {"{kind: union}", "parts"},
        {"{kind: [", "pattern"},
        {"explicit,mask=a.pbm+causal", "as a part of a pattern"},
        {"block-sparse,density=1.5", "1.5"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        tb_case item = tb_case_default();
        tb_error err;
        item.problem.layout = (tb_layout){.rank = 1, .extent = {64}};
        tb_assert_fails(tb_pattern_read_text(wrong[i][0], &item, &err), &err, TB_EINVAL,
                        wrong[i][1]);
        tb_case_release(&item);
    }
}

TB_TESTS(cmocka_unit_test(what_is_printed__is_read),
         cmocka_unit_test(short_form__is_lenient_where_it_can_be),
         cmocka_unit_test(short_form__is_refused_with_what_would_be_right));
