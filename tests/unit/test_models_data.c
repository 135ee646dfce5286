/* Every data file of models/ and profiles/: that it loads, and that it makes sense. */
#include "test_support.h"

#include "arena.h"
#include "attention_case.h"
#include "catalogue.h"
#include "kernel.h"
#include "network.h"
#include "predict.h"
#include "random_case.h"
#include "suite.h"
#include "tile_choice.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The names of a kind, from the source tree. */
typedef struct names {
    tb_arena *arena;
    const char *const *list;
    size_t count;
} names;

static names names_of(tb_catalogue_kind kind)
{
    names n = {.arena = tb_arena_create()};
    tb_error err;
    assert_int_equal(setenv("TILEBOUND_DATA", TB_SOURCE_DIR, 1), 0);
    tb_assert_ok(tb_catalogue_names(kind, n.arena, &n.list, &n.count, &err), &err);
    assert_true(n.count > 0);
    return n;
}

static tb_kernel *load_kernel(const char *name)
{
    tb_kernel *kernel = NULL;
    tb_error err;
    tb_assert_ok(tb_kernel_load(name, &kernel, &err), &err);
    return kernel;
}

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

/* A sentence: there is some text, no line break, no blank at either end. */
static void assert_sentence(const char *text)
{
    assert_non_null(text);
    size_t length = strlen(text);
    assert_true(length > 2);
    assert_false(isspace((unsigned char)text[0]) || isspace((unsigned char)text[length - 1]));
    assert_null(strchr(text, '\n'));
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
    names n = names_of(TB_CATALOGUE_KERNEL);
    for (size_t i = 0; i < n.count; i++) {
        tb_kernel *kernel = load_kernel(n.list[i]);
        assert_string_equal(kernel->name, n.list[i]);
        assert_name(n.list[i]);
        tb_kernel_destroy(kernel);
    }
    tb_arena_destroy(n.arena);
    n = names_of(TB_CATALOGUE_NETWORK);
    for (size_t i = 0; i < n.count; i++) {
        tb_network *network = load_network(n.list[i]);
        assert_string_equal(network->name, n.list[i]);
        assert_name(n.list[i]);
        tb_network_destroy(network);
    }
    tb_arena_destroy(n.arena);
    n = names_of(TB_CATALOGUE_SUITE);
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
        names n = names_of(wanted[w].kind);
        bool found = false;
        for (size_t i = 0; i < n.count; i++) {
            found = found || strcmp(n.list[i], wanted[w].name) == 0;
        }
        assert_true(found);
        tb_arena_destroy(n.arena);
    }
}

static void check_set(const tb_tile_set *set)
{
    for (size_t i = 0; i < set->dim_count; i++) { /* "head dims served, ascending" */
        assert_true(set->dims[i] >= 1 && (i == 0 || set->dims[i - 1] < set->dims[i]));
    }
    for (int rank = 1; rank <= TB_MAX_RANK; rank++) {
        const tb_tile_pair *pairs = set->pairs[rank - 1];
        size_t count = set->pair_count[rank - 1];
        assert_true(count == 0 || set->default_pair[rank - 1] < count);
        for (size_t i = 0; i < count; i++) {
            int64_t q = 1, kv = 1, q_of_first = 1, kv_of_first = 1;
            for (int d = 0; d < rank; d++) {
                assert_true(pairs[i].q_tile[d] >= 1 && pairs[i].kv_tile[d] >= 1);
                q *= pairs[i].q_tile[d];
                kv *= pairs[i].kv_tile[d];
                q_of_first *= pairs[0].q_tile[d];
                kv_of_first *= pairs[0].kv_tile[d];
            }
            assert_true(q >= 1 && q <= 4096 && kv >= 1 && kv <= 4096);
            if (set->gemm != NULL) { /* one GEMM, one size of its operands */
                assert_true(q == q_of_first && kv == kv_of_first);
                char gemm[64];
                (void)snprintf(gemm, sizeof gemm, "%lldx%lld", (long long)q, (long long)kv);
                assert_string_equal(set->gemm, gemm);
            }
            for (size_t j = 0; j < i; j++) {
                assert_memory_not_equal(&pairs[i], &pairs[j], sizeof pairs[i]);
            }
        }
    }
}

static void models_data__kernels_make_sense(void **state)
{
    (void)state;
    names n = names_of(TB_CATALOGUE_KERNEL);
    for (size_t i = 0; i < n.count; i++) {
        tb_kernel *k = load_kernel(n.list[i]);
        assert_sentence(k->summary);
        assert_sentence(k->source);
        for (size_t s = 0; s < k->schedule_count; s++) {
            assert_sentence(k->schedules[s]);
        }
        for (size_t s = 0; s < k->note_count; s++) {
            assert_sentence(k->notes[s]);
        }
        /* either a list of devices, or a least one, or none of both */
        assert_true(k->compute_capability_count == 0 || k->compute_capability_min == 0);
        assert_true(k->set_count[TB_PASS_FORWARD] > 0);
        bool any_dtype = false, any_pattern = false;
        for (size_t d = 0; d < TB_DTYPE_COUNT; d++) {
            any_dtype = any_dtype || k->dtypes[d];
        }
        for (size_t p = 0; p < TB_PATTERN_COUNT; p++) {
            any_pattern = any_pattern || k->patterns[p];
        }
        assert_true(any_dtype && any_pattern);
        for (int pass = 0; pass < TB_PASS_COUNT; pass++) {
            for (size_t s = 0; s < k->set_count[pass]; s++) {
                check_set(&k->sets[pass][s]);
            }
        }
        tb_kernel_destroy(k);
    }
    tb_arena_destroy(n.arena);
}

/* A problem of a rank that a kernel has tiles for, in a dtype that it runs. */
static tb_case case_for(const tb_kernel *kernel, tb_pass pass, int rank, int64_t dim)
{
    tb_case item = tb_case_default();
    item.problem.layout.rank = rank;
    for (int d = 0; d < rank; d++) {
        item.problem.layout.extent[d] = rank == 1 ? 7200 : 72 + 24 * d;
    }
    item.problem.pass = pass;
    item.problem.dim = item.problem.dim_value = dim;
    while (!kernel->dtypes[item.problem.dtype]) {
        item.problem.dtype = (tb_dtype)((item.problem.dtype + 1) % TB_DTYPE_COUNT);
    }
    if (!kernel->patterns[TB_PATTERN_GNA]) { /* a kernel of flat sequences */
        item.pattern.kind = TB_PATTERN_LOCAL;
        item.pattern.left = item.pattern.right = 1200;
        return item;
    }
    item.pattern.kind = TB_PATTERN_GNA;
    for (int d = 0; d < rank; d++) {
        item.pattern.window[d] = item.problem.layout.extent[d] / 3;
    }
    return item;
}

/* Until the kernel runs it and the set is for it: the next kind, or kept mask blocks. */
static void choose_pattern(const tb_kernel *kernel, const tb_tile_set *set, tb_case *item)
{
    for (int tries = 0; !set->patterns[item->pattern.kind] || !kernel->patterns[item->pattern.kind];
         tries++) {
        item->pattern.kind = (tb_pattern_kind)((item->pattern.kind + 1) % TB_PATTERN_FIELD_KINDS);
        if (tries == TB_PATTERN_FIELD_KINDS) { /* it runs none whose parameters are fields */
            item->pattern = tb_pattern_default();
            item->pattern.kind = TB_PATTERN_BLOCK_SPARSE;
            tb_random_case_integer(&item->pattern, "topk", 5);
            assert_true(kernel->patterns[item->pattern.kind]);
        }
    }
}

/* The default tiles of a set can be counted, and are the kernel's own. */
static void check_default(const tb_kernel *kernel, tb_pass pass, const tb_tile_set *set, int rank)
{
    tb_case item = case_for(kernel, pass, rank, set->dim_count > 0 ? set->dims[0] : 128);
    choose_pattern(kernel, set, &item);
    bool is_dense = item.pattern.kind == TB_PATTERN_DENSE;
    tb_prediction p;
    tb_error err;
    memset(&p, 0, sizeof p);
    tb_assert_ok(tb_predict(&item, kernel, &p, &err), &err);
    /* the layout is none that all tiles divide */
    assert_int_equal(p.warnings.count, tb_prediction_lacks_a_mask(&p, kernel) ? 1 : 0);
    assert_true(tb_kernel_has_tiles(kernel, &item.problem, &p.tiling));
    assert_true(is_dense ? p.bound.flop_speedup == 1 : p.bound.flop_speedup > 1);
    if (set->dim_count > 0) { /* its own, or those of an earlier set for the same dim and pattern */
        const tb_tile_set *first = set;
        for (const tb_tile_set *s = kernel->sets[pass]; s < set; s++) {
            bool serves = tb_tile_set_serves(s, set->dims[0]) && s->pair_count[rank - 1] > 0 &&
                          s->patterns[item.pattern.kind];
            first = serves && first == set ? s : first;
        }
        const tb_tile_pair *pair = &first->pairs[rank - 1][first->default_pair[rank - 1]];
        assert_int_equal(p.tiling.q_tile[0], pair->q_tile[0]);
        assert_int_equal(p.tiling.kv_tile[0], pair->kv_tile[0]);
    }
    tb_prediction_release(&p);
}

static void models_data__default_tiles_are_legal(void **state)
{
    (void)state;
    int checked = 0;
    names n = names_of(TB_CATALOGUE_KERNEL);
    for (size_t i = 0; i < n.count; i++) {
        tb_kernel *k = load_kernel(n.list[i]);
        for (int pass = 0; pass < TB_PASS_COUNT; pass++) {
            for (size_t s = 0; s < k->set_count[pass]; s++) {
                const tb_tile_set *set = &k->sets[pass][s];
                for (int rank = 1; rank <= TB_MAX_RANK; rank++) {
                    if (set->pair_count[rank - 1] > 0) {
                        check_default(k, (tb_pass)pass, set, rank);
                        checked++;
                    }
                }
            }
        }
        tb_kernel_destroy(k);
    }
    print_message("%d defaults\n", checked);
    assert_true(checked > 0);
    tb_arena_destroy(n.arena);
}

/* Has the kernel tiles of this rank for a case? Single-dim tiles are of rank 1, whatever the
 * layout's. */
static bool has_rank(const tb_kernel *kernel, const tb_case *item, int rank)
{
    int64_t padded = tb_kernel_padded_dim(kernel, &item->problem);
    for (size_t s = 0; s < kernel->set_count[item->problem.pass]; s++) {
        const tb_tile_set *set = &kernel->sets[item->problem.pass][s];
        if (tb_tile_set_serves(set, padded) && set->pair_count[rank - 1] > 0) {
            return true;
        }
    }
    return false;
}

/* Every shape of every kernel can be counted, not only the defaults; what it has none for is
 * refused. */
static void models_data__all_tiles_are_legal(void **state)
{
    (void)state;
    size_t shapes = 0;
    names n = names_of(TB_CATALOGUE_KERNEL);
    for (size_t i = 0; i < n.count; i++) {
        tb_kernel *k = load_kernel(n.list[i]);
        for (int pass = 0; pass < TB_PASS_COUNT && k->set_count[pass] > 0; pass++) {
            for (int rank = 1; rank <= (k->tiling == TB_TILING_SINGLE_DIM ? 1 : 3); rank++) {
                const tb_tile_set *first = &k->sets[pass][0];
                tb_case item =
                    case_for(k, (tb_pass)pass, rank, first->dim_count > 0 ? first->dims[0] : 128);
                tb_ranked_tiles *ranked = NULL;
                size_t count = 0;
                tb_error err;
                tb_status status = tb_tile_rank(&item, k, &ranked, &count, &err);
                if (has_rank(k, &item, rank)) {
                    tb_assert_ok(status, &err);
                } else {
                    tb_assert_fails(status, &err, TB_EINVAL, "tiles for a layout of");
                }
                shapes += count;
                free(ranked);
            }
        }
        tb_kernel_destroy(k);
    }
    print_message("%zu shapes\n", shapes);
    tb_arena_destroy(n.arena);
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
    names n = names_of(TB_CATALOGUE_NETWORK);
    for (size_t i = 0; i < n.count; i++) {
        tb_network *net = load_network(n.list[i]);
        assert_sentence(net->summary);
        assert_sentence(net->source);
        assert_true(net->case_count > 0);
        for (size_t f = 0; f < net->fact_count; f++) {
            assert_sentence(net->facts[f].source);
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
    tb_kernel *kernel = problem->kernel != NULL ? load_kernel(problem->kernel) : NULL;
    tb_prediction p;
    tb_error err;
    memset(&p, 0, sizeof p);
    tb_assert_ok(tb_predict(&problem->item, kernel, &p, &err), &err);
    const tb_published *published = &problem->published;
    int checked = published->has_flop_speedup + published->has_tile_speedup +
                  published->has_tile_speedup_worst + published->has_fully_block_sparse;
    assert_true((published->source != NULL) == (checked > 0));
    if (published->source != NULL) {
        assert_sentence(published->source);
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
    names n = names_of(TB_CATALOGUE_SUITE);
    for (size_t i = 0; i < n.count; i++) {
        tb_suite *suite = load_suite(n.list[i]);
        assert_sentence(suite->summary);
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
    names known = names_of(TB_CATALOGUE_NETWORK);
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
         cmocka_unit_test(models_data__kernels_make_sense),
         cmocka_unit_test(models_data__default_tiles_are_legal),
         cmocka_unit_test(models_data__all_tiles_are_legal),
         cmocka_unit_test(models_data__networks_make_sense),
         cmocka_unit_test(models_data__stated_sparsities_are_those_of_the_windows),
         cmocka_unit_test(models_data__suites_make_sense),
         cmocka_unit_test(models_data__suites_for_processors_run_there),
         cmocka_unit_test(models_data__scaled_problems_are_like_their_originals),
         cmocka_unit_test(models_data__suites_agree_with_the_networks));
