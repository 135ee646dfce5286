/* Runs of whole networks: what profiles say of them, and their predictions beside them. */
#include "compare.h"
#include "network_time.h"
#include "test_support.h"
#include "timed_case.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define HEAD                                                                                       \
    "schema: tilebound/profile/1\nname: probe\nsummary: of the tests\nruns:\n"                     \
    "  - id: whole\n    device: b200\n    kernel: cutlass-blackwell-fna\n    kind: end-to-end\n"   \
    "    problem: {layout: [30, 48, 80]}\n"                                                        \
    "    pattern: {kind: gna, window: [18, 24, 24], stride: [16, 8, 8]}\n"                         \
    "    includes: end-to-end\n"

static const char good[] =
    HEAD "    tiling: {q_tile: [4, 8, 8], kv_tile: [2, 8, 8]}\n"                      /* 12 */
         "    time_us: {median: 277000000, n: 1}\n"                                   /* 13 */
         "    speedup: 2.23\n"                                                        /* 14 */
         "    network: {name: hunyuanvideo, dense_steps: 10, dense_us: 628000000}\n"; /* 15 */

static tb_profile *load(const char *from, const char *to)
{
    tb_profile *profile = NULL;
    tb_error err;
    const char *path = tb_test_variant("profile.yaml", good, from, to);
    tb_assert_ok(tb_profile_load(path, &profile, &err), &err);
    return profile;
}

static tb_comparison *compare(const tb_profile *profile)
{
    tb_comparison *comparison = NULL;
    tb_error err;
    tb_compare_options options = {0};
    tb_assert_ok(tb_compare(&profile, 1, &options, &comparison, &err), &err);
    return comparison;
}

static void run__names_its_network(void **state)
{
    (void)state;
    tb_profile *profile = load("", "");
    const tb_run_network *network = &profile->runs[0].network;
    assert_string_equal(network->name, "hunyuanvideo");
    assert_null(network->case_name);
    assert_int_equal(network->dense_steps, 10);
    assert_true(network->dense_us.given);
    tb_assert_close(network->dense_us.value, 628e6, 1e-12);
    assert_null(network->dense_kernel);
    tb_profile_destroy(profile);
    profile = load("dense_steps: 10, dense_us: 628000000", "case: gna, dense_kernel: fa3");
    assert_string_equal(profile->runs[0].network.case_name, "gna");
    assert_string_equal(profile->runs[0].network.dense_kernel, "fa3");
    assert_int_equal(profile->runs[0].network.dense_steps, 0);
    assert_false(profile->runs[0].network.dense_us.given);
    tb_profile_destroy(profile);
    profile = load("    network: {name: hunyuanvideo, dense_steps: 10, dense_us: 628000000}\n", "");
    assert_null(profile->runs[0].network.name);
    tb_profile_destroy(profile);
}

/* The same numbers as tb_network_time_of() and Amdahl give for that case with those tiles. */
static void whole_network__is_predicted_both_ways(void **state)
{
    (void)state;
    tb_error err;
    tb_profile *profile = load("", "");
    tb_comparison *comparison = compare(profile);
    assert_int_equal(comparison->network_count, 1);
    assert_int_equal(comparison->compared, 0);
    const tb_compared_network *item = &comparison->networks[0];
    assert_null(item->why_not);
    tb_network *network = NULL;
    tb_device *device = tb_test_device("b200");
    tb_kernel *kernel = tb_test_kernel("cutlass-blackwell-fna"), *dense = tb_test_kernel("cudnn");
    tb_assert_ok(tb_network_load("hunyuanvideo", &network, &err), &err);
    tb_problem problem = tb_problem_default();
    problem.layout = network->layout;
    problem.heads = problem.heads_kv = 24;
    tb_network_setup setup = {
        .problem = &problem, .kernel = kernel, .device = device, .dense_kernel = dense};
    setup.tiling = profile->runs[0].item.tiling;
    tb_forward_time forward = {0};
    tb_outside_time outside;
    tb_end_to_end share;
    tb_assert_ok(
        tb_network_attention_time(tb_network_find_case(network, "gna"), &setup, &forward, &err),
        &err);
    tb_assert_ok(tb_network_rest_time(network, &setup, &forward, &err), &err);
    tb_assert_ok(tb_network_outside_time(network, &setup, &outside, &err), &err);
    tb_network_time time = tb_network_time_of(&network->rest, &forward, &outside, 10, 50);
    assert_true(tb_network_time_by_share(network, &forward, false, 10, &share));
    tb_assert_close(item->measured_speedup, 628.0 / 277, 1e-12);
    assert_true(item->has_layers && item->has_share && item->is_told);
    tb_assert_close(item->speedup, time.speedup, 1e-12);
    tb_assert_close(item->predicted_us, time.sparse_us, 1e-12);
    tb_assert_close(item->dense_us, time.dense_us, 1e-12);
    tb_assert_close(item->error_percent, 100 * (time.speedup * 277 / 628 - 1), 1e-9);
    tb_assert_close(item->share_speedup, share.speedup, 1e-12);
    tb_network_destroy(network);
    tb_device_destroy(device);
    tb_kernel_destroy(kernel);
    tb_kernel_destroy(dense);
    tb_comparison_destroy(comparison);
    tb_profile_destroy(profile);
}

static void whole_network__takes_the_printed_speedup_without_times(void **state)
{
    (void)state;
    tb_profile *profile = load(", dense_us: 628000000", "");
    tb_comparison *comparison = compare(profile);
    tb_assert_close(comparison->networks[0].measured_speedup, 2.23, 1e-12);
    tb_comparison_destroy(comparison);
    tb_profile_destroy(profile);
}

/* A network that states a share and no layers. */
/* Dense attention by the kernel that the run names; the B200's own is cudnn. */
static void whole_network__is_over_the_dense_kernel_of_its_run(void **state)
{
    (void)state;
    tb_profile *own = load("", ""),
               *named = load("dense_steps: 10", "dense_steps: 10, dense_kernel: cudnn");
    tb_comparison *a = compare(own), *b = compare(named);
    tb_assert_close(b->networks[0].dense_us, a->networks[0].dense_us, 1e-12);
    tb_comparison_destroy(b);
    tb_profile_destroy(named);
    named = load("dense_steps: 10", "dense_steps: 10, dense_kernel: fa3");
    b = compare(named);
    assert_true(fabs(b->networks[0].dense_us / a->networks[0].dense_us - 1) > 0.01);
    tb_comparison_destroy(a);
    tb_comparison_destroy(b);
    tb_profile_destroy(own);
    tb_profile_destroy(named);
}

static void whole_network__may_have_a_share_alone(void **state)
{
    (void)state;
    tb_profile *profile = load("name: hunyuanvideo, dense_steps: 10", "name: cosmos-7b");
    tb_comparison *comparison = compare(profile);
    const tb_compared_network *item = &comparison->networks[0];
    assert_null(item->why_not);
    assert_true(item->has_share);
    assert_false(item->has_layers);
    assert_true(item->share_speedup > 1);
    tb_comparison_destroy(comparison);
    tb_profile_destroy(profile);
}

static void whole_network__says_why_it_is_not_predicted(void **state)
{
    (void)state;
    static const char bare[] =
        "schema: tilebound/kernel/1\nname: bare\nsummary: s\nsource: x\n"
        "policy: {tiling: multi-dim, kv_tiling: static, mask: never, permutation: none}\n";
    char untimed[4096];
    (void)snprintf(untimed, sizeof untimed, "kernel: %s",
                   tb_test_file("bare.yaml", bare, sizeof bare - 1));
    const struct {
        const char *from, *to, *why;
    } cases[] = {
        {"name: hunyuanvideo", "name: hunyuanvide", "unknown network 'hunyuanvide'"},
        {"dense_steps: 10", "case: none", "network hunyuanvideo has no case 'none'"},
        {"dense_steps: 10", "dense_steps: 51", "more dense steps than network hunyuanvideo has"},
        {"device: b200", "device_text: a GPU", "no model for 'cutlass-blackwell-fna' on 'a GPU'"},
        {"device: b200", "device: mi300x", "device mi300x has no kernel for dense attention"},
        {"kernel: cutlass-blackwell-fna", "kernel: nothing", "unknown kernel 'nothing'"},
        {"kernel: cutlass-blackwell-fna", untimed, "kernel bare has no time model"},
        {"dense_steps: 10", "dense_kernel: fa9", "unknown kernel 'fa9'"},
        {"    time_us: {median: 277000000, n: 1}\n    speedup: 2.23\n", "", "no speedup is stated"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tb_profile *profile = load(cases[i].from, cases[i].to);
        tb_comparison *comparison = compare(profile);
        assert_int_equal(comparison->network_count, 1);
        assert_non_null(comparison->networks[0].why_not);
        if (strstr(comparison->networks[0].why_not, cases[i].why) == NULL) {
            fail_msg("'%s' is not in '%s'", cases[i].why, comparison->networks[0].why_not);
        }
        tb_comparison_destroy(comparison);
        tb_profile_destroy(profile);
    }
}

static void run__refuses_a_network_that_cannot_be(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *message;
        int line, column;
    } cases[] = {
        {"dense_steps: 10", "dense_step: 10", "unknown key 'dense_step'", 15, 35},
        {"dense_steps: 10", "dense_steps: -1", "'-1' is out of range", 15, 48},
        {"name: hunyuanvideo, ", "", "needs key 'name'", 15, 14},
        {"{kind: gna, window: [18, 24, 24], stride: [16, 8, 8]}", "{kind: other, text: x}",
         "which pattern has each layer? give the network's case", 15, 14},
        {"    kind: end-to-end\n", "    kind: sparse\n", "end-to-end is said of both", 11, 15},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tb_profile *profile = NULL;
        tb_error err;
        const char *path = tb_test_variant("profile.yaml", good, cases[i].from, cases[i].to);
        tb_assert_fails(tb_profile_load(path, &profile, &err), &err, TB_EFILE, cases[i].message);
        tb_assert_position(&err, cases[i].line, cases[i].column);
    }
    tb_profile *profile = NULL;
    tb_error err;
    static const char sparse[] =
        "schema: tilebound/profile/1\nname: probe\nsummary: s\nruns:\n"
        "  - id: a\n    kind: sparse\n    problem: {layout: [64]}\n    pattern: {kind: dense}\n"
        "    includes: attention\n    network: {name: hunyuanvideo}\n";
    const char *path = tb_test_file("sparse.yaml", sparse, sizeof sparse - 1);
    tb_assert_fails(tb_profile_load(path, &profile, &err), &err, TB_EFILE,
                    "a network belongs to a run of kind end-to-end");
    tb_assert_position(&err, 10, 14);
}

/* Every whole-network run of these profiles is predicted, the Cosmos ones within 10 %. */
static void published_networks__are_predicted(void **state)
{
    (void)state;
    static const struct {
        const char *profile;
        size_t count;
    } published[] = {{"cosmos-predict2", 4}, {"gna-b200", 14}};
    tb_error err;
    for (size_t p = 0; p < 2; p++) {
        tb_profile *profile = NULL;
        tb_assert_ok(tb_profile_load(published[p].profile, &profile, &err), &err);
        tb_comparison *comparison = compare(profile);
        assert_int_equal(comparison->network_count, published[p].count);
        for (size_t i = 0; i < comparison->network_count; i++) {
            const tb_compared_network *item = &comparison->networks[i];
            assert_null(item->why_not);
            assert_true(item->has_layers);
            assert_true(fabs(item->error_percent) <= 10);
            assert_int_equal(item->has_share, p == 1);
        }
        tb_comparison_destroy(comparison);
        tb_profile_destroy(profile);
    }
}

TB_TESTS(cmocka_unit_test(run__names_its_network),
         cmocka_unit_test(whole_network__is_predicted_both_ways),
         cmocka_unit_test(whole_network__takes_the_printed_speedup_without_times),
         cmocka_unit_test(whole_network__is_over_the_dense_kernel_of_its_run),
         cmocka_unit_test(whole_network__may_have_a_share_alone),
         cmocka_unit_test(whole_network__says_why_it_is_not_predicted),
         cmocka_unit_test(run__refuses_a_network_that_cannot_be),
         cmocka_unit_test(published_networks__are_predicted));
