/* Network files: what they say is what is loaded, and what is wrong has a place. */
#include "test_support.h"

#include "network.h"

#include <stdlib.h>
#include <string.h>

/* Every key that a network file may have. */
static const char good[] =
    "schema: tilebound/network/1\n"                                                        /* 1 */
    "name: probe\n"                                                                        /* 2 */
    "summary: a network of the tests\n"                                                    /* 3 */
    "source: written by hand\n"                                                            /* 4 */
    "layout: {value: [12, 20], source: a drawing}\n"                                       /* 5 */
    "heads: {value: 6, source: a table}\n"                                                 /* 6 */
    "dim: {value: 96, assumed: nobody says}\n"                                             /* 7 */
    "layers: {value: 5, source: a list}\n"                                                 /* 8 */
    "facts:\n"                                                                             /* 9 */
    "  steps: {value: 7, source: a guess}\n"                                               /* 10 */
    "  share: {value: 0.72, assumed: a feeling}\n"                                         /* 11 */
    "patterns:\n"                                                                          /* 12 */
    "  whole: {}\n"                                                                        /* 13 */
    "  near: {window: [5, -1], stride: [2, 3], dilation: [2, 1], causal: [true, false]}\n" /* 14 */
    "cases:\n"                                                                             /* 15 */
    "- name: mixed\n"                                                                      /* 16 */
    "  layers: {near: [0, 3, 4], whole: [1, 2]}\n"                                         /* 17 */
    "- name: same\n"                                                                       /* 18 */
    "  layers: {near: all}\n";                                                             /* 19 */

/* all of them */
#define FACTS                                                                                      \
    "facts:\n  steps: {value: 7, source: a guess}\n  share: {value: 0.72, assumed: a feeling}\n"

/* `good` with the first `from` replaced by `to`, as a file. */
static const char *file_with(const char *from, const char *to)
{
    return tb_test_variant("probe.yaml", good, from, to);
}

static tb_network *load(const char *path)
{
    tb_network *network = NULL;
    tb_error err;
    tb_assert_ok(tb_network_load(path, &network, &err), &err);
    return network;
}

static void network_file__every_value_is_read(void **state)
{
    (void)state;
    tb_network *n = load(file_with("", ""));
    assert_string_equal(n->name, "probe");
    assert_string_equal(n->summary, "a network of the tests");
    assert_string_equal(n->source, "written by hand");
    assert_int_equal(n->layout.rank, 2);
    assert_int_equal(n->layout.extent[0], 12);
    assert_int_equal(n->layout.extent[1], 20);
    assert_int_equal(n->heads, 6);
    assert_int_equal(n->dim, 96);
    assert_int_equal(n->layers, 5);
    tb_network_destroy(n);
}

static void network_file__facts_keep_their_source_or_why_they_are_assumed(void **state)
{
    (void)state;
    static const tb_fact want[] = {
        {"layout", NULL, "a drawing", false}, {"heads", "6", "a table", false},
        {"dim", "96", "nobody says", true},   {"layers", "5", "a list", false},
        {"steps", "7", "a guess", false},     {"share", "0.72", "a feeling", true},
    };
    tb_network *n = load(file_with("", ""));
    assert_int_equal(n->fact_count, sizeof want / sizeof *want);
    for (size_t i = 0; i < n->fact_count; i++) {
        assert_string_equal(n->facts[i].name, want[i].name);
        if (want[i].value != NULL) {
            assert_string_equal(n->facts[i].value, want[i].value);
        }
        assert_string_equal(n->facts[i].source, want[i].source);
        assert_int_equal(n->facts[i].is_assumed, want[i].is_assumed);
    }
    tb_network_destroy(n);
}

static void network_file__layers_have_the_pattern_of_their_group(void **state)
{
    (void)state;
    tb_network *n = load(file_with("", ""));
    assert_int_equal(n->case_count, 2);
    const tb_network_case *mixed = &n->cases[0];
    assert_string_equal(mixed->name, "mixed");
    assert_int_equal(mixed->group_count, 2);
    assert_string_equal(mixed->groups[0].pattern_name, "near");
    assert_int_equal(mixed->groups[0].layer_count, 3);
    assert_int_equal(mixed->groups[0].layers[2], 4);
    static const char *const by_layer[] = {"near", "whole", "whole", "near", "near"};
    for (int64_t layer = 0; layer < 5; layer++) {
        assert_string_equal(tb_network_layer(mixed, layer)->pattern_name, by_layer[layer]);
        assert_string_equal(tb_network_layer(&n->cases[1], layer)->pattern_name, "near");
    }
    assert_null(tb_network_layer(mixed, 5));
    assert_null(tb_network_layer(mixed, -1));
    tb_network_destroy(n);
}

static void network_file__patterns_are_gna_with_defaults(void **state)
{
    (void)state;
    tb_network *n = load(file_with("", ""));
    const tb_pattern *near = &n->cases[0].groups[0].pattern,
                     *whole = &n->cases[0].groups[1].pattern;
    assert_int_equal(near->kind, TB_PATTERN_GNA);
    assert_int_equal(near->window[0], 5);
    assert_int_equal(near->window[1], TB_WHOLE_AXIS);
    assert_int_equal(near->stride[1], 3);
    assert_int_equal(near->dilation[0], 2);
    assert_true(near->causal[0]);
    assert_false(near->causal[1]);
    assert_int_equal(whole->kind, TB_PATTERN_GNA);
    assert_int_equal(whole->window[0], TB_WHOLE_AXIS);
    assert_int_equal(whole->stride[0], 1);
    assert_int_equal(whole->dilation[1], 1);
    assert_false(whole->causal[0]);
    tb_network_destroy(n);
}

static void network_file__facts_may_be_left_out(void **state)
{
    (void)state;
    tb_network *n = load(file_with(FACTS, ""));
    assert_int_equal(n->fact_count, 4);
    tb_network_destroy(n);
}

static const tb_test_refusal refusals[] = {
    {"network/1", "network/2", "schema is 'tilebound/network/2'; needs tilebound/network/1", 1, 9},
    {"name: probe\n", "", "needs key 'name'", 1, 1},
    {"summary: ", "sumary: ", "unknown key 'sumary'; did you mean 'summary'?", 3, 1},
    {"source: written by hand\n", "", "needs key 'source'", 1, 1},
    {"layout: {value: [12, 20], source: a drawing}\n", "", "needs key 'layout'", 1, 1},
    {"{value: [12, 20], source: a drawing}", "[12, 20]",
     "a list; needs a mapping; the keys are value, source, assumed", 5, 9},
    {"[12, 20]", "12x20", "'12x20'; needs a list of integers, such as [30, 48, 80]", 5, 17},
    {"[12, 20]", "[]", "an empty layout; it needs 1 to 4 extents", 5, 17},
    {"[12, 20]", "[12, 0]", "'0' is out of range; needs an integer of at least 1", 5, 22},
    {"[12, 20]", "[1, 2, 3, 4, 5]", "a list of 5; needs at most 4 integers", 5, 17},
    {"value: 6, source: a table", "value: 6", "a value needs either a source or why it is assumed",
     6, 8},
    {"source: a table", "source: a, assumed: b",
     "a value needs either a source or why it is assumed", 6, 8},
    {"value: 6, ", "", "needs key 'value'", 6, 8},
    {"value: 6", "value: ~", "key 'value' is null; needs a value", 6, 16},
    {"value: 6", "value: [6]", "a list is not a plain decimal integer", 6, 16},
    {"value: 6", "value: 0", "'0' is out of range; needs an integer of at least 1", 6, 16},
    {"source: a table", "sourc: a table", "unknown key 'sourc'; did you mean 'source'?", 6, 19},
    {"source: a table", "source: [a]", "a list; needs text", 6, 27},
    {"value: 96", "value: wide", "'wide' is not a plain decimal integer", 7, 14},
    {"value: 5", "value: 100001", "'100001' is out of range; needs an integer from 1 to 100000", 8,
     17},
    {FACTS, "facts: [steps]\n", "a mapping of values with their sources is needed here", 9, 8},
    {"{value: 7, source: a guess}", "7", "'7'; needs a mapping; the keys are value", 10, 10},
    {"patterns:\n", "patern:\n", "unknown key 'patern'; did you mean 'patterns'?", 12, 1},
    {"near: {window", "far: {window", "no pattern is named 'near'; name one of `patterns`", 17, 12},
    {"stride:", "strid:", "unknown key 'strid'; did you mean 'stride'?", 14, 27},
    {"window: [5, -1]", "kind: gna",
     "unknown key 'kind'; the known keys are window, stride, dilation, causal", 14, 10},
    {"[5, -1]", "[5]", "one a dimension of the layout: 2", 14, 18},
    {"[5, -1]", "[5, -2]", "'-2' is out of range; needs an integer of at least -1", 14, 22},
    {"[5, -1]", "5", "'5'; needs a list of integers", 14, 18},
    {"[2, 3]", "[2, 0]", "'0' is out of range; needs an integer of at least 1", 14, 39},
    {"[2, 1]", "[2, 1, 1]", "dilation has 3 entries; one a dimension of the layout: 2", 14, 53},
    {"[true, false]", "[true]", "one a dimension of the layout: 2", 14, 69},
    {"[true, false]", "[1, 0]", "'1' is not a boolean; needs true or false", 14, 70},
    {"- name: mixed\n", "- nam: mixed\n", "unknown key 'nam'; did you mean 'name'?", 16, 3},
    {"layers: {near: [0, 3, 4], whole: [1, 2]}", "layers: [near]",
     "a mapping from pattern names to layers is needed here", 17, 11},
    {"[1, 2]", "[1]", "layer 2 has no pattern in case 'mixed'", 17, 11},
    {"[1, 2]", "[1, 2, 3]", "layer 3 has two patterns in case 'mixed'", 17, 11},
    {"[1, 2]", "[1, 1, 2]", "layer 1 has two patterns in case 'mixed'", 17, 11},
    {"[1, 2]", "[1, 5]", "'5' is out of range; needs an integer from 0 to 4", 17, 40},
    {"[1, 2]", "[1, -1]", "'-1' is out of range; needs an integer from 0 to 4", 17, 40},
    {"[1, 2]", "all", "layer 0 has two patterns in case 'mixed'", 17, 11},
    {"[1, 2]", "rest", "layers are 'all' or a list of their numbers from 0", 17, 36},
    {"[1, 2]", "{a: 1}", "a mapping; needs a list of integers", 17, 36},
    {"whole: [1, 2]", "hole: [1, 2]", "no pattern is named 'hole'; name one of `patterns`", 17, 29},
    {"  layers: {near: all}\n", "", "needs key 'layers'", 18, 3},
    {"{near: all}", "{}", "layer 0 has no pattern in case 'same'", 19, 11},
};

static tb_status refuse(const char *path, tb_error *err)
{
    tb_network *network = NULL;
    tb_status status = tb_network_load(path, &network, err);
    assert_null(network);
    return status;
}

static void network_file__what_is_wrong_has_a_place(void **state)
{
    (void)state;
    tb_test_refusals("probe.yaml", good, refusals, sizeof refusals / sizeof *refusals, refuse);
}

static void network_file__there_must_be_cases(void **state)
{
    (void)state;
    char text[sizeof good];
    tb_network *network = NULL;
    tb_error err;
    size_t length = (size_t)(strstr(good, "cases:\n") - good);
    memcpy(text, good, length);
    const char *path = tb_test_file("cut.yaml", text, length);
    tb_assert_fails(tb_network_load(path, &network, &err), &err, TB_EFILE, "needs key 'cases'");
    tb_assert_position(&err, 1, 1);
    strcpy(text + length, "cases: []\n");
    path = tb_test_file("cut.yaml", text, strlen(text));
    tb_assert_fails(tb_network_load(path, &network, &err), &err, TB_EFILE,
                    "a list of cases is needed here");
    tb_assert_position(&err, 15, 8);
    length = (size_t)(strstr(good, "patterns:\n") - good);
    path = tb_test_file("cut.yaml", good, length);
    tb_assert_fails(tb_network_load(path, &network, &err), &err, TB_EFILE, "needs key 'patterns'");
    assert_null(network);
}

static void network_file__many_layers_are_read(void **state)
{
    (void)state;
    static const char text[] = "schema: tilebound/network/1\nname: n\nsummary: s\nsource: x\n"
                               "layout: {value: [7], source: x}\nheads: {value: 1, source: x}\n"
                               "dim: {value: 1, source: x}\nlayers: {value: 100000, source: x}\n"
                               "patterns: {a: {}}\ncases: [{name: c, layers: {a: all}}]\n";
    tb_network *n = load(tb_test_file("many.yaml", text, sizeof text - 1));
    assert_int_equal(n->cases[0].groups[0].layer_count, 100000);
    assert_int_equal(n->cases[0].groups[0].layers[99999], 99999);
    tb_network_destroy(n);
}

static void network_file__names_and_paths(void **state)
{
    (void)state;
    tb_network *network = NULL;
    tb_error err;
    assert_int_equal(unsetenv("TILEBOUND_DATA"), 0);
    tb_network_destroy(load("hunyuanvideo"));
    tb_assert_fails(tb_network_load("hunyanvideo", &network, &err), &err, TB_EINVAL,
                    "unknown network 'hunyanvideo'; did you mean 'hunyuanvideo'?");
    tb_assert_fails(tb_network_load(tb_test_path("absent.yaml"), &network, &err), &err, TB_EFILE,
                    "cannot read");
    assert_null(network);
    tb_network_destroy(NULL);
}

TB_TESTS(cmocka_unit_test(network_file__every_value_is_read),
         cmocka_unit_test(network_file__facts_keep_their_source_or_why_they_are_assumed),
         cmocka_unit_test(network_file__layers_have_the_pattern_of_their_group),
         cmocka_unit_test(network_file__patterns_are_gna_with_defaults),
         cmocka_unit_test(network_file__facts_may_be_left_out),
         cmocka_unit_test(network_file__what_is_wrong_has_a_place),
         cmocka_unit_test(network_file__there_must_be_cases),
         cmocka_unit_test(network_file__many_layers_are_read),
         cmocka_unit_test(network_file__names_and_paths));
