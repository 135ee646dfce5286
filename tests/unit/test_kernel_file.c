/* Kernel files: what they say is what is loaded, and what is wrong has a place. */
#include "test_support.h"

#include "kernel.h"

#include <stdlib.h>
#include <string.h>

/* Every key that a kernel file may have. */
static const char good[] =
    "schema: tilebound/kernel/1\n"                                           /* 1 */
    "name: probe\n"                                                          /* 2 */
    "summary: a kernel of the tests\n"                                       /* 3 */
    "source: written by hand\n"                                              /* 4 */
    "compute_capabilities: [90, 103]\n"                                      /* 5 */
    "dtypes: [bf16, e4m3]\n"                                                 /* 6 */
    "policy: {tiling: single-dim, kv_tiling: dynamic, mask: partial-only,\n" /* 7 */
    "  permutation: copy, patterns: [local, gna], backward_stationary: kv, "
    "extra_kv: second-launch, gqa: packed}\n"                           /* 8 */
    "schedules: [persistent, 'in launch order']\n"                      /* 9 */
    "notes: [one, two, three]\n"                                        /* 10 */
    "forward:\n"                                                        /* 11 */
    "- gemm: 64x32\n"                                                   /* 12 */
    "  dims: [32, 96]\n"                                                /* 13 */
    "  not_on_compute_capabilities: [86, 89]\n"                         /* 14 */
    "  tiles:\n"                                                        /* 15 */
    "    1: [[[64], [32]], [[72], [36]]]\n"                             /* 16 */
    "    3: [[[2, 4, 8], [4, 4, 2]]]\n"                                 /* 17 */
    "  default:\n"                                                      /* 18 */
    "    1: [[72], [36]]\n"                                             /* 19 */
    "- dims: [128]\n"                                                   /* 20 */
    "  tiles: {1: [[[16], [48]]], 4: [[[1, 2, 3, 4], [4, 3, 2, 1]]]}\n" /* 21 */
    "backward:\n"                                                       /* 22 */
    "- tiles: {2: [[[8, 8], [4, 16]]]}\n";                              /* 23 */

/* `good` with the first `from` replaced by `to`, as a file. */
static const char *file_with(const char *from, const char *to)
{
    return tb_test_variant("probe.yaml", good, from, to);
}

static tb_kernel *load(const char *path)
{
    tb_kernel *kernel = NULL;
    tb_error err;
    tb_assert_ok(tb_kernel_load(path, &kernel, &err), &err);
    return kernel;
}

static void kernel_file__every_key_is_read(void **state)
{
    (void)state;
    tb_kernel *k = load(file_with("", ""));
    assert_string_equal(k->name, "probe");
    assert_string_equal(k->summary, "a kernel of the tests");
    assert_string_equal(k->source, "written by hand");
    assert_int_equal(k->compute_capability_count, 2);
    assert_int_equal(k->compute_capabilities[1], 103);
    assert_int_equal(k->compute_capability_min, 0);
    static const bool dtypes[TB_DTYPE_COUNT] = {[TB_DTYPE_BF16] = true, [TB_DTYPE_E4M3] = true};
    assert_memory_equal(k->dtypes, dtypes, sizeof dtypes);
    static const bool patterns[TB_PATTERN_COUNT] = {
        [TB_PATTERN_GNA] = true, [TB_PATTERN_LOCAL] = true};
    assert_memory_equal(k->patterns, patterns, sizeof patterns);
    assert_int_equal(k->tiling, TB_TILING_SINGLE_DIM);
    assert_int_equal(k->kv_tiling, TB_KV_DYNAMIC);
    assert_int_equal(k->mask, TB_MASK_PARTIAL_ONLY);
    assert_int_equal(k->permutation, TB_PERMUTE_COPY);
    assert_int_equal(k->extra_kv, TB_EXTRA_KV_SECOND_LAUNCH);
    assert_int_equal(k->gqa, TB_GQA_PACKED);
    assert_int_equal(k->schedule_count, 2);
    assert_string_equal(k->schedules[1], "in launch order");
    assert_int_equal(k->note_count, 3);
    assert_string_equal(k->notes[2], "three");
    tb_kernel_destroy(k);
}

static void kernel_file__tile_sets_are_read(void **state)
{
    (void)state;
    tb_kernel *k = load(file_with("", ""));
    assert_int_equal(k->set_count[TB_PASS_FORWARD], 2);
    const tb_tile_set *set = &k->sets[TB_PASS_FORWARD][0];
    assert_string_equal(set->gemm, "64x32");
    assert_int_equal(set->dim_count, 2);
    assert_int_equal(set->dims[1], 96);
    assert_int_equal(set->not_on_count, 2);
    assert_int_equal(set->not_on[0], 86);
    assert_int_equal(set->pair_count[0], 2);
    assert_int_equal(set->pairs[0][1].q_tile[0], 72);
    assert_int_equal(set->pairs[0][1].kv_tile[0], 36);
    assert_int_equal(set->default_pair[0], 1);
    assert_int_equal(set->pair_count[1], 0);
    assert_int_equal(set->pair_count[2], 1);
    static const tb_tile_pair box = {{2, 4, 8, 1}, {4, 4, 2, 1}}; /* 1 past the rank */
    assert_memory_equal(&set->pairs[2][0], &box, sizeof box);
    assert_int_equal(set->default_pair[2], 0); /* not said: the first */
    set = &k->sets[TB_PASS_FORWARD][1];
    assert_null(set->gemm);
    assert_int_equal(set->dim_count, 1);
    assert_int_equal(set->not_on_count, 0);
    assert_int_equal(set->pairs[3][0].kv_tile[3], 1);
    assert_int_equal(k->set_count[TB_PASS_BACKWARD], 1);
    set = &k->sets[TB_PASS_BACKWARD][0];
    assert_int_equal(set->dim_count, 0); /* any */
    assert_int_equal(set->pairs[1][0].kv_tile[1], 16);
    tb_kernel_destroy(k);
}

static void kernel_file__what_may_be_left_out_has_a_meaning(void **state)
{
    (void)state;
    static const char text[] =
        "schema: tilebound/kernel/1\nname: bare\nsummary: s\nsource: x\n"
        "compute_capability_min: 80\ndtypes: ~\n"
        "policy: {tiling: multi-dim, kv_tiling: static, mask: never, permutation: none}\n";
    tb_kernel *k = load(tb_test_file("bare.yaml", text, sizeof text - 1));
    assert_int_equal(k->compute_capability_count, 0);
    assert_int_equal(k->compute_capability_min, 80);
    for (size_t i = 0; i < TB_DTYPE_COUNT; i++) { /* all */
        assert_true(k->dtypes[i]);
    }
    for (size_t i = 0; i < TB_PATTERN_COUNT; i++) {
        assert_true(k->patterns[i]);
    }
    assert_int_equal(k->extra_kv, TB_EXTRA_KV_FUSED);
    assert_int_equal(k->gqa, TB_GQA_NATIVE);
    assert_int_equal(k->schedule_count, 0);
    assert_int_equal(k->note_count, 0);
    assert_int_equal(k->set_count[TB_PASS_FORWARD], 0);
    assert_int_equal(k->set_count[TB_PASS_BACKWARD], 0);
    tb_kernel_destroy(k);
}

/* Tiles may be those of some patterns alone; without the key they are those of all. */
static void kernel_file__tile_sets_may_be_of_patterns(void **state)
{
    (void)state;
    tb_kernel *k = load(file_with("- dims: [128]", "- dims: [128]\n  patterns: [causal, local]"));
    const tb_tile_set *sets = k->sets[TB_PASS_FORWARD];
    for (int p = 0; p < TB_PATTERN_COUNT; p++) {
        assert_true(sets[0].patterns[p]);
        assert_int_equal(sets[1].patterns[p], p == TB_PATTERN_CAUSAL || p == TB_PATTERN_LOCAL);
    }
    tb_kernel_destroy(k);
    k = load(file_with("copy", "kernel"));
    assert_int_equal(k->permutation, TB_PERMUTE_KERNEL);
    tb_kernel_destroy(k);
    k = load(file_with("gqa: packed", "gqa: expanded"));
    assert_int_equal(k->gqa, TB_GQA_EXPANDED);
    tb_kernel_destroy(k);
}

static void kernel_file__json_is_read_too(void **state)
{
    (void)state;
    static const char text[] =
        "{\"schema\": \"tilebound/kernel/1\", \"name\": \"j\", \"summary\": \"s\", \"source\": "
        "\"x\", \"policy\": {\"tiling\": \"multi-dim\", \"kv_tiling\": \"static\", \"mask\": "
        "\"natten\", \"permutation\": \"none\"}, \"forward\": [{\"tiles\": {\"1\": [[[7], "
        "[9]]]}}]}";
    tb_kernel *k = load(tb_test_file("j.yaml", text, sizeof text - 1));
    assert_int_equal(k->sets[TB_PASS_FORWARD][0].pairs[0][0].kv_tile[0], 9);
    tb_kernel_destroy(k);
}

static const tb_test_refusal refusals[] = {
    {"kernel/1", "device/1", "schema is 'tilebound/device/1'; needs tilebound/kernel/1", 1, 9},
    {"schema: tilebound/kernel/1\n", "", "needs key 'schema', as schema: tilebound/kernel/1", 1, 1},
    {"name: probe\n", "", "needs key 'name'", 1, 1},
    {"name: probe\n", "name: [a]\n", "a list; needs text", 2, 7},
    {"name: probe\n", "name:\n", "key 'name' is null; needs a value", 2, 6},
    {"summary: a kernel of the tests\n", "", "needs key 'summary'", 1, 1},
    {"source: written by hand\n", "", "needs key 'source'", 1, 1},
    {"notes:", "note:", "unknown key 'note'; did you mean 'notes'?", 10, 1},
    {"[90, 103]", "90", "'90'; needs a list of integers, such as [30, 48, 80]", 5, 23},
    {"[90, 103]", "[90, 9.0]", "'9.0' is not a plain decimal integer", 5, 28},
    {"[90, 103]", "[90, 0]", "'0' is out of range; needs an integer of at least 1", 5, 28},
    {"compute_capabilities: [90, 103]", "compute_capability_min: 0",
     "'0' is out of range; needs an integer from 1 to 999", 5, 25},
    {"e4m3", "e4m4", "'e4m4' is not known here; did you mean 'e4m3'?", 6, 16},
    {"[bf16, e4m3]", "bf16", "a list of names is needed here", 6, 9},
    {"tiling: single-dim, ", "", "needs key 'tiling'", 7, 9},
    {"single-dim", "single", "'single' is not known here; did you mean 'single-dim'?", 7, 18},
    {"kv_tiling: dynamic, ", "", "needs key 'kv_tiling'", 7, 9},
    {"dynamic", "dynamik", "'dynamik' is not known here; did you mean 'dynamic'?", 7, 41},
    {"mask: partial-only,", "", "needs key 'mask'", 7, 9},
    {"partial-only", "half",
     "'half' is not known here; needs one of partial-only, always, never, natten", 7, 56},
    {"permutation: copy, ", "", "needs key 'permutation'", 7, 9},
    {"copy", "move", "'move' is not known here; needs one of none, copy, kernel", 8, 16},
    {"second-launch", "third-launch",
     "'third-launch' is not known here; needs one of fused, second-launch", 8, 81},
    {"gqa: packed", "gqa: [packed]", "a list is not known here; needs one of native", 8, 101},
    {"gqa: packed", "gqa: wide", "'wide' is not known here; needs one of native, packed, expanded",
     8, 101},
    {"gqa: packed", "gpa: packed", "unknown key 'gpa'; did you mean 'gqa'?", 8, 96},
    {"- dims: [128]", "- dims: [128]\n  patterns: [causl]", "did you mean 'causal'?", 21, 14},
    {"- dims: [128]", "- dims: [128]\n  patterns: causal", "a list of names is needed here", 21,
     13},
    {"gna]", "gma]", "'gma' is not known here; did you mean 'gna'?", 8, 40},
    {"[local, gna]", "gna", "a list of names is needed here", 8, 32},
    {"backward_stationary: kv, ", "", "needs key 'backward_stationary'", 7, 9},
    {"stationary: kv", "stationary: qv", "'qv' is not known here; did you mean 'kv'?", 8, 67},
    {"patterns:", "pattern:", "unknown key 'pattern'; did you mean 'patterns'?", 8, 22},
    {"[one, two, three]", "one", "a list of texts is needed here", 10, 8},
    {"[one, two, three]", "[one, {a: 7}]", "a mapping; needs text", 10, 14},
    {"[persistent, 'in", "[~, 'in", "null; needs text", 9, 13},
    {"- tiles: {2", "  tiles: {2", "a list of tile sets is needed here", 23, 3},
    {"gemm: 64x32", "gem: 64x32", "unknown key 'gem'; did you mean 'gemm'?", 12, 3},
    {"64x32", "[64, 32]", "a list; needs text", 12, 9},
    {"[32, 96]", "[32, '96']", "'96' is quoted; needs an integer of at least 1 without quotes", 13,
     14},
    {"[86, 89]", "86", "'86'; needs a list of integers", 14, 32},
    {"    1: [[[64]", "    0: [[[64]", "unknown key '0'; the known keys are 1, 2, 3, 4", 16, 5},
    {"[[64], [32]]", "[[64]]", "a pair [[query tile], [KV tile]] is needed here", 16, 9},
    {"[[64], [32]]", "[[64], [32], [7]]", "a pair [[query tile], [KV tile]] is needed here", 16, 9},
    {"[[64], [32]]", "64", "a pair [[query tile], [KV tile]] is needed here", 16, 9},
    {"[[64], [32]]", "[64, 32]", "'64'; needs a list of integers", 16, 10},
    {"[32]]", "[32, 7]]", "a tile of 2 dimensions for rank 1; it needs 1", 16, 16},
    {"[32]]", "[]]", "a tile of 0 dimensions for rank 1; it needs 1", 16, 16},
    {"[2, 4, 8]", "[2, 4, 8, 7, 7]", "a list of 5; needs at most 4 integers", 17, 10},
    {"[2, 4, 8]", "[2, -4, 8]", "'-4' is out of range; needs an integer from 1 to 2147483648", 17,
     14},
    {"[2, 4, 8]", "[2, 2147483649, 8]", "'2147483649' is out of range", 17, 14},
    {"[[[2, 4, 8], [4, 4, 2]]]", "[]", "a list of pairs [[query tile], [KV tile]] is needed here",
     17, 8},
    {"[[[2, 4, 8], [4, 4, 2]]]", "~", "a list of pairs [[query tile], [KV tile]] is needed here",
     17, 8},
    {"1: [[72], [36]]", "1: [[72], [32]]", "the default is not among the tiles of rank 1", 19, 8},
    {"1: [[72], [36]]", "2: [[8, 8], [8, 8]]", "the default is not among the tiles of rank 2", 19,
     8},
    {"1: [[72], [36]]", "1: [[72, 7], [36]]", "a tile of 2 dimensions for rank 1; it needs 1", 19,
     9},
    {"1: [[72], [36]]", "5: [[72], [36]]", "unknown key '5'", 19, 5},
    {"tiles: {1: [[[16]", "tile: {1: [[[16]", "unknown key 'tile'; did you mean 'tiles'?", 21, 3},
    {"- tiles: {2: [[[8, 8], [4, 16]]]}", "- gemm: a", "needs key 'tiles'", 23, 3},
    {"- tiles: {2: [[[8, 8], [4, 16]]]}", "- [7]", "a list; needs a mapping; the keys are gemm", 23,
     3},
};

static tb_status refuse(const char *path, tb_error *err)
{
    tb_kernel *kernel = NULL;
    tb_status status = tb_kernel_load(path, &kernel, err);
    assert_null(kernel);
    return status;
}

static void kernel_file__what_is_wrong_has_a_place(void **state)
{
    (void)state;
    tb_test_refusals("probe.yaml", good, refusals, sizeof refusals / sizeof *refusals, refuse);
}

static void kernel_file__names_and_paths(void **state)
{
    (void)state;
    tb_kernel *kernel = NULL;
    tb_error err;
    assert_int_equal(unsetenv("TILEBOUND_DATA"), 0);
    tb_kernel_destroy(load("flex-fna"));
    tb_assert_fails(tb_kernel_load("flex-fan", &kernel, &err), &err, TB_EINVAL,
                    "unknown kernel 'flex-fan'; did you mean 'flex-fna'?");
    tb_assert_fails(tb_kernel_load(tb_test_path("absent.yaml"), &kernel, &err), &err, TB_EFILE,
                    "cannot read");
    tb_assert_fails(tb_kernel_load(tb_test_path(""), &kernel, &err), &err, TB_EFILE,
                    "is a directory");
    assert_null(kernel);
    tb_kernel_destroy(NULL);
}

static int64_t padded(const tb_kernel *kernel, tb_pass pass, int64_t dim, int64_t dim_value)
{
    tb_problem problem = tb_problem_default();
    problem.pass = pass;
    problem.dim = dim;
    problem.dim_value = dim_value;
    return tb_kernel_padded_dim(kernel, &problem);
}

/* Head dims 32 and 96 of one set and 128 of another; the backward serves any. */
static void kernel_file__head_dims_are_padded_to_the_next(void **state)
{
    (void)state;
    tb_kernel *k = load(file_with("", ""));
    assert_int_equal(padded(k, TB_PASS_FORWARD, 1, 1), 32);
    assert_int_equal(padded(k, TB_PASS_FORWARD, 32, 32), 32);
    assert_int_equal(padded(k, TB_PASS_FORWARD, 33, 32), 96);
    assert_int_equal(padded(k, TB_PASS_FORWARD, 32, 97), 128); /* the larger one decides */
    assert_int_equal(padded(k, TB_PASS_FORWARD, 128, 7), 128);
    assert_int_equal(padded(k, TB_PASS_FORWARD, 129, 7), 0);
    assert_int_equal(padded(k, TB_PASS_BACKWARD, 129, 7), 129);
    const tb_tile_set *sets = k->sets[TB_PASS_FORWARD];
    assert_true(tb_tile_set_serves(&sets[0], 96));
    assert_false(tb_tile_set_serves(&sets[0], 128));
    assert_false(tb_tile_set_serves(&sets[0], 64)); /* between two: not one of them */
    assert_true(tb_tile_set_serves(&sets[1], 128));
    assert_true(tb_tile_set_serves(&k->sets[TB_PASS_BACKWARD][0], 7));
    tb_kernel_destroy(k);
}

/* A smaller head dim in a later set counts, too. */
static void kernel_file__head_dims_need_no_order(void **state)
{
    (void)state;
    tb_kernel *k = load(file_with("- dims: [128]", "- dims: [80, 64]"));
    assert_int_equal(padded(k, TB_PASS_FORWARD, 60, 60), 64);
    assert_int_equal(padded(k, TB_PASS_FORWARD, 65, 60), 80);
    assert_int_equal(padded(k, TB_PASS_FORWARD, 81, 60), 96);
    tb_kernel_destroy(k);
}

TB_TESTS(cmocka_unit_test(kernel_file__every_key_is_read),
         cmocka_unit_test(kernel_file__tile_sets_are_read),
         cmocka_unit_test(kernel_file__what_may_be_left_out_has_a_meaning),
         cmocka_unit_test(kernel_file__tile_sets_may_be_of_patterns),
         cmocka_unit_test(kernel_file__json_is_read_too),
         cmocka_unit_test(kernel_file__what_is_wrong_has_a_place),
         cmocka_unit_test(kernel_file__names_and_paths),
         cmocka_unit_test(kernel_file__head_dims_are_padded_to_the_next),
         cmocka_unit_test(kernel_file__head_dims_need_no_order));
