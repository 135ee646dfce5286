/* `rest` and `outside` of network files, and heads with different patterns: what they say is what
 * is loaded, and what is wrong has a place. */
#include "network.h"
#include "test_support.h"

#include <string.h>

static const char good[] =
    "schema: tilebound/network/1\n"                                                 /* 1 */
    "name: probe\n"                                                                 /* 2 */
    "summary: a network of the tests\n"                                             /* 3 */
    "source: written by hand\n"                                                     /* 4 */
    "layout: {value: [12, 20], source: x}\n"                                        /* 5 */
    "heads: {value: 6, source: x}\n"                                                /* 6 */
    "dim: {value: 96, source: x}\n"                                                 /* 7 */
    "layers: {value: 5, source: x}\n"                                               /* 8 */
    "patterns:\n"                                                                   /* 9 */
    "  whole: {}\n"                                                                 /* 10 */
    "  near: {window: [5, 7]}\n"                                                    /* 11 */
    "  mixed: {heads: {near: 4, whole: 2}}\n"                                       /* 12 */
    "cases:\n"                                                                      /* 13 */
    "- name: some\n"                                                                /* 14 */
    "  layers: {near: [0], mixed: [1, 3], whole: [2, 4]}\n"                         /* 15 */
    "rest:\n"                                                                       /* 16 */
    "  width: {value: 576, source: a paper}\n"                                      /* 17 */
    "  text_tokens: {value: 77, source: a tokenizer}\n"                             /* 18 */
    "  forwards: {value: 72, assumed: a count}\n"                                   /* 19 */
    "  permutation: {value: once, source: a remark}\n"                              /* 20 */
    "  parts:\n"                                                                    /* 21 */
    "  - {name: MLP, on: both, linear: [[576, 2304], [2304, 576]], source: code}\n" /* 22 */
    "  - {name: mod, layers: 3, on: 24, linear: [[576, 1152]], source: code}\n"     /* 23 */
    "  - {name: norms, on: layout, passes: 50.5, assumed: a guess}\n"               /* 24 */
    "  - {name: cross, on: layout, attends_text: true, source: code}\n"             /* 25 */
    "  - {name: keys, on: text, linear: [[1024, 576]], source: code}\n"             /* 26 */
    "outside:\n"                                                                    /* 27 */
    "  what: the VAE\n"                                                             /* 28 */
    "  device: b200\n"                                                              /* 29 */
    "  case: some\n"                                                                /* 30 */
    "  dense_steps: 9\n"                                                            /* 31 */
    "  q_tile: [16, 16]\n"                                                          /* 32 */
    "  kv_tile: [16, 8]\n"                                                          /* 33 */
    "  total_s: {value: 54.5, source: a table}\n"                                   /* 34 */
    "facts: {steps: {value: 9, source: x}}\n";                                      /* 35 */

static tb_network *load(const char *path)
{
    tb_network *network = NULL;
    tb_error err;
    tb_assert_ok(tb_network_load(path, &network, &err), &err);
    return network;
}

static void rest__every_value_is_read(void **state)
{
    (void)state;
    tb_network *n = load(tb_test_variant("probe.yaml", good, "", ""));
    const tb_network_rest *rest = &n->rest;
    assert_true(rest->given);
    assert_int_equal(rest->width, 576);
    assert_int_equal(rest->text_tokens, 77);
    assert_int_equal(rest->forwards, 72);
    assert_true(rest->permutes_once);
    static const char *const names[] = {"width", "text_tokens", "forwards", "permutation"};
    for (size_t i = 0; i < TB_REST_FACT_COUNT; i++) {
        assert_string_equal(rest->facts[i].name, names[i]);
        assert_int_equal(rest->facts[i].is_assumed, i == 2);
    }
    assert_string_equal(rest->facts[1].source, "a tokenizer");
    tb_network_destroy(n);
}

static void rest__parts_are_read_in_order(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        tb_rest_tokens on;
        int64_t layers;
        size_t linear;
    } want[] = {{"MLP", TB_REST_BOTH, 5, 2},
                {"mod", TB_REST_COUNT_GIVEN, 3, 1},
                {"norms", TB_REST_LAYOUT, 5, 0},
                {"cross", TB_REST_LAYOUT, 5, 0},
                {"keys", TB_REST_TEXT, 5, 1}};
    tb_network *n = load(tb_test_variant("probe.yaml", good, "", ""));
    assert_int_equal(n->rest.part_count, sizeof want / sizeof *want);
    for (size_t i = 0; i < n->rest.part_count; i++) {
        const tb_rest_part *part = &n->rest.parts[i];
        assert_string_equal(part->name, want[i].name);
        assert_int_equal(part->on, want[i].on);
        assert_int_equal(part->layers, want[i].layers);
        assert_int_equal(part->linear_count, want[i].linear);
        assert_int_equal(part->is_assumed, i == 2);
        assert_string_equal(part->source, i == 2 ? "a guess" : "code");
        assert_int_equal(part->attends_text, i == 3);
        tb_assert_close(part->passes, i == 2 ? 50.5 : 0, 1e-12);
    }
    assert_int_equal(n->rest.parts[0].linear[1].in, 2304);
    assert_int_equal(n->rest.parts[0].linear[1].out, 576);
    assert_int_equal(n->rest.parts[1].tokens, 24);
    tb_network_destroy(n);
}

static void outside__every_value_is_read(void **state)
{
    (void)state;
    tb_network *n = load(tb_test_variant("probe.yaml", good, "", ""));
    const tb_outside_run *run = &n->rest.outside;
    assert_true(run->given);
    assert_string_equal(run->what, "the VAE");
    assert_string_equal(run->device, "b200");
    assert_string_equal(run->case_name, "some");
    assert_int_equal(run->dense_steps, 9);
    assert_int_equal(run->q_dims, 2);
    assert_int_equal(run->q_tile[1], 16);
    assert_int_equal(run->kv_tile[1], 8);
    tb_assert_close(run->total_s, 54.5, 1e-12);
    assert_string_equal(run->total.source, "a table");
    tb_network_destroy(n);
}

static void rest__is_assumed_when_one_of_its_values_is(void **state)
{
    (void)state;
    tb_network *n = load(tb_test_variant("probe.yaml", good, "72, assumed", "72, source"));
    assert_true(tb_network_rest_is_assumed(&n->rest)); /* the norms are */
    tb_network_destroy(n);
    n = load(tb_test_variant("probe.yaml", good, "50.5, assumed", "50.5, source"));
    assert_true(tb_network_rest_is_assumed(&n->rest)); /* the forwards are */
    tb_network_destroy(n);
    n = load("cosmos-predict2-2b");
    assert_false(tb_network_rest_is_assumed(&n->rest));
    tb_network_destroy(n);
}

/* Layers 1 and 3: four heads near, two whole. */
static void heads__of_a_layer_may_differ(void **state)
{
    (void)state;
    tb_network *n = load(tb_test_variant("probe.yaml", good, "", ""));
    const tb_network_case *some = &n->cases[0];
    static const struct {
        const char *pattern;
        int64_t heads;
        size_t layers;
        bool is_first;
    } want[] = {
        {"near", 6, 1, true}, {"near", 4, 2, true}, {"whole", 2, 2, false}, {"whole", 6, 2, true}};
    assert_int_equal(some->group_count, sizeof want / sizeof *want);
    for (size_t g = 0; g < some->group_count; g++) {
        assert_string_equal(some->groups[g].pattern_name, want[g].pattern);
        assert_int_equal(some->groups[g].heads, want[g].heads);
        assert_int_equal(some->groups[g].layer_count, want[g].layers);
        assert_int_equal(some->groups[g].is_first, want[g].is_first);
    }
    assert_int_equal(some->groups[2].layers[1], 3);
    assert_int_equal(some->groups[1].pattern.window[1], 7);
    assert_int_equal(some->groups[2].pattern.window[1], TB_WHOLE_AXIS);
    assert_ptr_equal(tb_network_layer(some, 3), &some->groups[1]);
    tb_network_destroy(n);
}

static void cases__are_found_by_name(void **state)
{
    (void)state;
    tb_network *n = load(tb_test_variant("probe.yaml", good, "", ""));
    assert_ptr_equal(tb_network_find_case(n, "some"), &n->cases[0]);
    assert_null(tb_network_find_case(n, "dense"));
    tb_network_destroy(n);
}

static const tb_test_refusal refusals[] = {
    {"heads: {near", "head: {near", "unknown key 'head'", 12, 11},
    {"{heads: {near: 4", "{window: [5, 7], heads: {near: 4", "unknown key 'window'", 12, 11},
    {"{near: 4, whole: 2}", "[near]", "a mapping from pattern names to heads is needed here", 12,
     18},
    {"{near: 4, whole: 2}", "{}", "a mapping from pattern names to heads is needed here", 12, 18},
    {"near: 4, whole", "nea: 4, whole", "no pattern is named 'nea'", 12, 19},
    {"near: 4", "mixed: 4", "unknown key 'heads'; the known keys are window", 12, 11},
    {"near: 4", "near: 0", "'0' is out of range; needs an integer from 1 to 6", 12, 25},
    {"near: 4", "near: 3", "5 heads have a pattern; the network has 6", 12, 18},
    {"mixed: [1, 3]", "mixed: [1, 2]", "layer 2 has two patterns in case 'some'", 15, 11},
    {"  width: {value: 576, source: a paper}\n", "", "needs key 'width'", 17, 3},
    {"value: 576", "value: 0", "'0' is out of range; needs an integer from 1 to", 17, 18},
    {"text_tokens", "text_token", "unknown key 'text_token'; did you mean 'text_tokens'?", 18, 3},
    {"value: 77", "value: -1", "'-1' is out of range", 18, 24},
    {"value: 72, assumed: a count", "value: 72", "a value needs either a source", 19, 13},
    {"value: once", "value: twice", "'twice'", 20, 24},
    {"{name: MLP, ", "{", "needs key 'name'", 22, 5},
    {"on: both, ", "", "needs key 'on'", 22, 5},
    {"on: both", "on: boht", "tokens are layout, text, both, or a number of at least 1", 22, 21},
    {"on: 24", "on: 0", "tokens are layout, text, both", 23, 32},
    {"layers: 3", "layers: 6", "'6' is out of range; needs an integer from 1 to 5", 23, 25},
    {"[[576, 1152]]", "[]", "needs a list of 1 to 16 pairs [in, out] of features", 23, 44},
    {"[[576, 1152]]", "[[576]]", "needs a pair [in, out] of features", 23, 45},
    {"[[576, 1152]]", "[576, 1152]", "needs a list of integers", 23, 45},
    {"[[576, 1152]]", "[[576, 0]]", "'0' is out of range", 23, 51},
    {", source: code}\n  - {name: norms", "}\n  - {name: norms",
     "a part needs either a source or why it is assumed", 23, 5},
    {"passes: 50.5, ", "", "a part is one of linear, passes and attends_text", 24, 5},
    {"passes: 50.5", "passes: -1", "'-1'", 24, 39},
    {"passes: 50.5", "passes: 50.5, attends_text: true",
     "a part is one of linear, passes and attends_text", 24, 5},
    {"attends_text: true", "attends_text: 1", "'1' is not a boolean", 25, 45},
    {"what: the VAE", "wat: the VAE", "unknown key 'wat'; did you mean 'what'?", 28, 3},
    {"  device: b200\n", "", "needs key 'device'", 28, 3},
    {"case: some", "case: none", "no case is named 'none'; name one of `cases`, or 'dense'", 30, 9},
    {"dense_steps: 9", "dense_steps: 10", "10 dense steps; the fact `steps` of the network says 9",
     31, 16},
    {"[16, 16]", "[16]", "q_tile has 1 entries; one a dimension of the layout: 2", 32, 11},
    {"[16, 8]", "[16, 0]", "'0' is out of range", 33, 17},
    {"value: 54.5", "value: 0", "'0'", 34, 20},
    {"{value: 54.5, source: a table}", "54.5", "'54.5'; needs a mapping; the keys are value", 34,
     12},
};

static tb_status refuse(const char *path, tb_error *err)
{
    tb_network *network = NULL;
    tb_status status = tb_network_load(path, &network, err);
    assert_null(network);
    return status;
}

static void rest__what_is_wrong_has_a_place(void **state)
{
    (void)state;
    tb_test_refusals("probe.yaml", good, refusals, sizeof refusals / sizeof *refusals, refuse);
}

static void outside__needs_the_rest(void **state)
{
    (void)state;
    char text[sizeof good];
    size_t head = (size_t)(strstr(good, "rest:\n") - good);
    const char *outside = strstr(good, "outside:\n");
    memcpy(text, good, head);
    strcpy(text + head, outside);
    tb_network *network = NULL;
    tb_error err;
    const char *path = tb_test_file("cut.yaml", text, strlen(text));
    tb_assert_fails(tb_network_load(path, &network, &err), &err, TB_EFILE,
                    "what runs outside the layers is worked out beside `rest`; give it");
    tb_assert_position(&err, 17, 3);
    path = tb_test_file("cut.yaml", good, head);
    network = load(path);
    assert_false(network->rest.given);
    assert_false(network->rest.outside.given);
    tb_network_destroy(network);
}

TB_TESTS(cmocka_unit_test(rest__every_value_is_read),
         cmocka_unit_test(rest__parts_are_read_in_order),
         cmocka_unit_test(outside__every_value_is_read),
         cmocka_unit_test(rest__is_assumed_when_one_of_its_values_is),
         cmocka_unit_test(heads__of_a_layer_may_differ), cmocka_unit_test(cases__are_found_by_name),
         cmocka_unit_test(rest__what_is_wrong_has_a_place),
         cmocka_unit_test(outside__needs_the_rest));
