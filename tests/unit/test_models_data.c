/* Data files of models/ and profiles/: their names, and that networks and suites make sense. */
#include "data_files.h"
#include "network.h"
#include "predict.h"
#include "suite.h"
#include "test_support.h"
#include "timed_case.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static tb_network *load_network(const char *name)
{
    tb_network *network = NULL;
    tb_error err;
    tb_assert_ok(tb_network_load(name, &network, &err), &err);
    return network;
}

static tb_suite *load_suite(const char *name)
{
    tb_suite *suite = NULL;
    tb_error err;
    tb_assert_ok(tb_suite_load(name, &suite, &err), &err);
    return suite;
}

/* Lower-case letters, digits, dashes and dots, or one of `more`. */
static void assert_name_with(const char *name, const char *more)
{
    assert_true(name[0] != '\0' && strlen(name) < 64);
    for (const char *c = name; *c != '\0'; c++) {
        assert_true(islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '-' ||
                    *c == '.' || strchr(more, *c) != NULL);
    }
}

/* A name that people type. */
static void assert_name(const char *name)
{
    assert_name_with(name, "");
}

static void models_data__names_are_those_of_the_files(void **state)
{
    (void)state;
    tb_test_names n = tb_test_names_of(TB_CATALOGUE_KERNEL);
    for (size_t i = 0; i < n.count; i++) {
        tb_kernel *kernel = tb_test_kernel(n.list[i]);
        assert_string_equal(kernel->name, n.list[i]);
        assert_name(n.list[i]);
        tb_kernel_destroy(kernel);
    }
    tb_arena_destroy(n.arena);
    n = tb_test_names_of(TB_CATALOGUE_NETWORK);
    for (size_t i = 0; i < n.count; i++) {
        tb_network *network = load_network(n.list[i]);
        assert_string_equal(network->name, n.list[i]);
        assert_name(n.list[i]);
        tb_network_destroy(network);
    }
    tb_arena_destroy(n.arena);
    n = tb_test_names_of(TB_CATALOGUE_SUITE);
    for (size_t i = 0; i < n.count; i++) {
        tb_suite *suite = load_suite(n.list[i]);
        assert_string_equal(suite->name, n.list[i]);
        assert_name(n.list[i]);
        tb_suite_destroy(suite);
    }
    tb_arena_destroy(n.arena);
}

static void models_data__the_files_of_the_issue_are_there(void **state)
{
    (void)state;
    static const struct {
        tb_catalogue_kind kind;
        const char *name;
    } wanted[] = {
        {TB_CATALOGUE_KERNEL, "cutlass-hopper-fna"},
        {TB_CATALOGUE_KERNEL, "cutlass-blackwell-fna"},
        {TB_CATALOGUE_KERNEL, "cutlass-fna"},
        {TB_CATALOGUE_KERNEL, "flex-fna"},
        {TB_CATALOGUE_NETWORK, "hunyuanvideo"},
        {TB_CATALOGUE_NETWORK, "cosmos-7b"},
        {TB_CATALOGUE_NETWORK, "flux-1-dev-4k"},
        {TB_CATALOGUE_NETWORK, "cosmos-predict2-2b"},
        {TB_CATALOGUE_SUITE, "gna"},
    };
    for (size_t w = 0; w < sizeof wanted / sizeof *wanted; w++) {
        tb_test_names n = tb_test_names_of(wanted[w].kind);
        bool found = false;
        for (size_t i = 0; i < n.count; i++) {
            found = found || strcmp(n.list[i], wanted[w].name) == 0;
        }
        assert_true(found);
        tb_arena_destroy(n.arena);
    }
}

static void check_network_case(const tb_network *network, const tb_network_case *which)
{
    assert_name(which->name);
    size_t layers = 0;
    for (size_t g = 0; g < which->group_count; g++) {
        const tb_layer_group *group = &which->groups[g];
        layers += group->layer_count;
        assert_true(group->layer_count > 0);
        for (size_t i = 1; i < group->layer_count; i++) { /* "ascending, from 0" */
            assert_true(group->layers[i - 1] < group->layers[i]);
        }
        tb_case item = tb_case_default();
        tb_error err;
        item.problem.layout = network->layout;
        item.pattern = group->pattern;
        tb_case_normalize(&item);
        tb_assert_ok(tb_problem_check(&item.problem, &err), &err);
        tb_assert_ok(tb_pattern_check(&item.pattern, &item.problem.layout, &err), &err);
    }
    assert_int_equal(layers, network->layers);
    for (int64_t layer = 0; layer < network->layers; layer++) {
        assert_non_null(tb_network_layer(which, layer));
    }
}

static void models_data__networks_make_sense(void **state)
{
    (void)state;
    tb_test_names n = tb_test_names_of(TB_CATALOGUE_NETWORK);
    for (size_t i = 0; i < n.count; i++) {
        tb_network *net = load_network(n.list[i]);
        tb_test_sentence(net->summary);
        tb_test_sentence(net->source);
        assert_true(net->case_count > 0);
        for (size_t f = 0; f < net->fact_count; f++) {
            tb_test_sentence(net->facts[f].source);
            assert_true(f == 0 || net->facts[f].value != NULL); /* only the layout is a list */
        }
        for (size_t c = 0; c < net->case_count; c++) {
            check_network_case(net, &net->cases[c]);
            for (size_t b = 0; b < c; b++) {
                assert_string_not_equal(net->cases[b].name, net->cases[c].name);
            }
        }
        tb_network_destroy(net);
    }
    tb_arena_destroy(n.arena);
}

/* What the released model says of its layers: P98 masks 98 % and so on, to the percent. */
static void models_data__stated_sparsities_are_those_of_the_windows(void **state)
{
    (void)state;
    int checked = 0;
    tb_network *net = load_network(TB_SOURCE_DIR "/models/networks/cosmos-predict2-2b.yaml");
    for (size_t g = 0; g < net->cases[0].group_count; g++) {
        const tb_layer_group *group = &net->cases[0].groups[g];
        tb_case item = tb_case_default();
        item.problem.layout = net->layout;
        item.pattern = group->pattern;
        tb_case_normalize(&item);
        tb_prediction p;
        tb_error err;
        memset(&p, 0, sizeof p);
        tb_assert_ok(tb_predict(&item, NULL, &p, &err), &err);
        double stated = strtod(group->pattern_name + 1, NULL);
        assert_true(100 * p.bound.sparsity > stated - 1 && 100 * p.bound.sparsity < stated + 1);
        tb_prediction_release(&p);
        checked++;
    }
    assert_int_equal(checked, 5);
    tb_network_destroy(net);
}

/* a published value, as printed: simulated here, it rounds to the same digits */
static void assert_rounds_to(double simulated, double published)
{
    char want[64], have[64];
    (void)snprintf(want, sizeof want, "%g", published);
    const char *point = strchr(want, '.');
    int digits = point == NULL ? 0 : (int)strlen(point + 1);
    (void)snprintf(have, sizeof have, "%.*f", digits, simulated);
    assert_string_equal(have, want);
}

static int check_published(const tb_suite_item *problem)
{
    tb_kernel *kernel = problem->kernel != NULL ? tb_test_kernel(problem->kernel) : NULL;
    tb_prediction p;
    tb_error err;
    memset(&p, 0, sizeof p);
    tb_assert_ok(tb_predict(&problem->item, kernel, &p, &err), &err);
    const tb_published *published = &problem->published;
    int checked = published->has_flop_speedup + published->has_tile_speedup +
                  published->has_tile_speedup_worst + published->has_fully_block_sparse;
    assert_true((published->source != NULL) == (checked > 0));
    if (published->source != NULL) {
        tb_test_sentence(published->source);
    }
    if (published->has_flop_speedup) {
        assert_rounds_to(p.bound.flop_speedup, published->flop_speedup);
    }
    if (published->has_tile_speedup) {
        assert_rounds_to(p.bound.tile_speedup, published->tile_speedup);
    }
    if (published->has_tile_speedup_worst) {
        assert_rounds_to(p.bound.tile_speedup_worst, published->tile_speedup_worst);
    }
    if (published->has_fully_block_sparse) {
        assert_int_equal(p.bound.fully_block_sparse, published->fully_block_sparse);
    }
    tb_prediction_release(&p);
    tb_kernel_destroy(kernel);
    return checked;
}

static void models_data__suites_make_sense(void **state)
{
    (void)state;
    int published = 0;
    tb_test_names n = tb_test_names_of(TB_CATALOGUE_SUITE);
    for (size_t i = 0; i < n.count; i++) {
        tb_suite *suite = load_suite(n.list[i]);
        tb_test_sentence(suite->summary);
        assert_true(suite->count > 0);
        for (size_t p = 0; p < suite->count; p++) {
            assert_name_with(suite->items[p].name, "/=_"); /* of axes: 1d/heads_kv=2 */
            published += check_published(&suite->items[p]);
            for (size_t q = 0; q < p; q++) {
                assert_string_not_equal(suite->items[q].name, suite->items[p].name);
            }
        }
        tb_suite_destroy(suite);
    }
    print_message("%d published values\n", published);
    assert_true(published >= 24);
    tb_arena_destroy(n.arena);
}

/* Suites that measure takes: every problem has a census under the CPU kernel, and of some there are
 * as many as promised. */
static void models_data__suites_for_processors_run_there(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t least; /* problems that are not dense */
    } suites[] = {{"quick", 12}, {"gna-small", 10}, {"full", 80}};
    tb_kernel *cpu = NULL;
    tb_error err;
    tb_assert_ok(tb_kernel_load("cpu", &cpu, &err), &err);
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
        tb_suite *suite = load_suite(suites[i].name);
        size_t sparse = 0;
        for (size_t p = 0; p < suite->count; p++) {
            tb_prediction prediction;
            tb_assert_ok(tb_predict(&suite->items[p].item, cpu, &prediction, &err), &err);
            if (prediction.warnings.count > 0) {
                fail_msg("%s: %s", suite->items[p].name, prediction.warnings.text[0]);
            }
            sparse += prediction.pattern.kind != TB_PATTERN_DENSE;
            tb_prediction_release(&prediction);
        }
        assert_true(sparse >= suites[i].least);
        tb_suite_destroy(suite);
    }
    tb_kernel_destroy(cpu);
}

/* The scaled-down problems keep which of them are fully block-sparse, and about their sparsity. */
static void models_data__scaled_problems_are_like_their_originals(void **state)
{
    (void)state;
    tb_suite *small = load_suite("gna-small"), *gna = load_suite("gna");
    assert_int_equal(small->count, gna->count); /* in the same order */
    for (size_t p = 0; p < small->count; p++) {
        tb_prediction scaled, original;
        tb_error err;
        tb_assert_ok(tb_predict(&small->items[p].item, NULL, &scaled, &err), &err);
        tb_assert_ok(tb_predict(&gna->items[p].item, NULL, &original, &err), &err);
        assert_int_equal(scaled.bound.fully_block_sparse, original.bound.fully_block_sparse);
        tb_assert_close(scaled.bound.flop_speedup, original.bound.flop_speedup, 0.1);
        tb_prediction_release(&scaled);
        tb_prediction_release(&original);
    }
    tb_suite_destroy(small);
    tb_suite_destroy(gna);
}

/* A suite's label is a network that is known, with the same layout and heads, or no network. */
static void models_data__suites_agree_with_the_networks(void **state)
{
    (void)state;
    int checked = 0;
    tb_test_names known = tb_test_names_of(TB_CATALOGUE_NETWORK);
    tb_suite *suite = load_suite("gna");
    for (size_t i = 0; i < suite->count; i++) {
        const tb_suite_item *item = &suite->items[i];
        for (size_t k = 0; item->network != NULL && k < known.count; k++) {
            if (strcmp(known.list[k], item->network) == 0) {
                tb_network *net = load_network(known.list[k]);
                const tb_problem *problem = &item->item.problem;
                assert_int_equal(problem->layout.rank, net->layout.rank);
                assert_memory_equal(problem->layout.extent, net->layout.extent,
                                    sizeof net->layout.extent);
                assert_int_equal(problem->heads, net->heads);
                assert_int_equal(problem->dim, net->dim);
                tb_network_destroy(net);
                checked++;
            }
        }
    }
    assert_int_equal(checked, 6);
    tb_suite_destroy(suite);
    tb_arena_destroy(known.arena);
}

TB_TESTS(cmocka_unit_test(models_data__names_are_those_of_the_files),
         cmocka_unit_test(models_data__the_files_of_the_issue_are_there),
         cmocka_unit_test(models_data__networks_make_sense),
         cmocka_unit_test(models_data__stated_sparsities_are_those_of_the_windows),
         cmocka_unit_test(models_data__suites_make_sense),
         cmocka_unit_test(models_data__suites_for_processors_run_there),
         cmocka_unit_test(models_data__scaled_problems_are_like_their_originals),
         cmocka_unit_test(models_data__suites_agree_with_the_networks));
