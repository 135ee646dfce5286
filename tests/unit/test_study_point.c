/* Points of studies: what else than problem, pattern and tiling can vary, what is refused before
 * anything runs, and what rows say of points that fail. */
#include "study.h"

#include "test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "schema: tilebound/suite/1\nname: s\nproblems:\n  - name: a\n"

static tb_status load(const char *entry, const tb_study_options *options, tb_study **out,
                      tb_error *err)
{
    static const tb_study_options none = {0};
    char text[1500];
    int length = snprintf(text, sizeof text, HEAD "%s", entry);
    assert_in_range(length, 1, (int)sizeof text - 1);
    return tb_study_load(tb_test_file("suite.yaml", text, (size_t)length),
                         options != NULL ? options : &none, out, err);
}

/* The rows of a study, in the order of its points; texts are borrowed from `bytes`. */
typedef struct rows {
    tb_study *study;
    tb_buffer bytes;
    tb_study_row row[12];
} rows;

static void evaluate_all(const char *entry, rows *out)
{
    tb_study_worker *worker = NULL;
    tb_error err;
    memset(out, 0, sizeof *out);
    tb_assert_ok(load(entry, NULL, &out->study, &err), &err);
    assert_in_range(out->study->points, 1, 12);
    tb_assert_ok(tb_study_worker_create(out->study, &worker, &err), &err);
    for (int64_t p = 0; p < out->study->points; p++) {
        tb_assert_ok(tb_study_evaluate(worker, p, &out->bytes, &err), &err);
    }
    tb_study_worker_destroy(worker);
    const char *at = out->bytes.data, *end = at + out->bytes.length;
    for (int64_t p = 0; p < out->study->points; p++) {
        assert_true(tb_row_unpack(&at, end, out->study->column_count, &out->row[p]));
    }
    assert_ptr_equal(at, end);
}

static void release(rows *of)
{
    tb_buffer_free(&of->bytes);
    tb_study_destroy(of->study);
}

static const tb_cell *cell(const rows *of, int point, const char *name)
{
    size_t c = 0;
    while (strcmp(of->study->column[c].name, name) != 0) {
        assert_true(++c < of->study->column_count);
    }
    return &of->row[point].cell[c];
}

static void refused(const char *entry, const char *part, int line, int column)
{
    tb_study *study = NULL;
    tb_error err;
    tb_assert_fails(load(entry, NULL, &study, &err), &err, TB_EFILE, part);
    tb_assert_position(&err, line, column);
}

/* Causal attention over 96 tokens: 96 * 97 / 2 = 4656 pairs; dense: 9216. */
static void point__baseline_varies(void **state)
{
    (void)state;
    rows of;
    evaluate_all("    problem: {layout: [96]}\n"
                 "    pattern: {kind: local, left: 31, right: 0}\n"
                 "    cross: {baseline: [self, causal]}\n",
                 &of);
    assert_int_equal(cell(&of, 0, "dense_pairs")->integer, 9216);
    assert_int_equal(cell(&of, 1, "dense_pairs")->integer, 4656);
    assert_string_equal(cell(&of, 0, "baseline")->text, "self");
    assert_string_equal(cell(&of, 1, "baseline")->text, "causal");
    release(&of);
}

/* The stride 4x1x16 suits 2x8x8 tiles; the kernel's default is 4x4x8. */
static void point__tiles_are_the_kernels_best(void **state)
{
    (void)state;
    rows of;
    evaluate_all("    problem: {layout: [30, 48, 80]}\n"
                 "    pattern: {kind: gna, window: [12, 48, 16], stride: [4, 1, 16]}\n"
                 "    kernel: cutlass-hopper-fna\n"
                 "    cross: {tiles: [default, best]}\n",
                 &of);
    assert_int_equal(cell(&of, 0, "error")->type, TB_CELL_NULL);
    assert_int_equal(cell(&of, 1, "error")->type, TB_CELL_NULL);
    assert_string_equal(cell(&of, 1, "tiles")->text, "best");
    assert_string_equal(cell(&of, 0, "q_tile")->text, "4x4x8");
    assert_string_equal(cell(&of, 1, "q_tile")->text, "2x8x8");
    assert_true(cell(&of, 1, "tile_speedup")->real > cell(&of, 0, "tile_speedup")->real);
    release(&of);
    refused("    problem: {layout: [96]}\n    tiles: best\n    tiling: {q_tile: [16]}\n",
            "tiles beside tiling", 6, 12);
}

/* Seven SMs: causal attention ends sooner with its dear CTAs first; its own is the hardware's. */
static void point__schedules_differ(void **state)
{
    (void)state;
    rows of;
    evaluate_all("    problem: {layout: [4096], heads: 5}\n"
                 "    pattern: {kind: causal}\n"
                 "    kernel: tilebound\n"
                 "    device: h100-sxm\n"
                 "    set: {sm_count: 7}\n"
                 "    cross: {schedule: [null, hardware, longest-first]}\n",
                 &of);
    assert_int_equal(cell(&of, 2, "error")->type, TB_CELL_NULL);
    assert_true(cell(&of, 0, "total_us")->real == cell(&of, 1, "total_us")->real);
    assert_true(cell(&of, 2, "total_us")->real < cell(&of, 1, "total_us")->real);
    assert_string_equal(cell(&of, 2, "schedule")->text, "longest-first");
    assert_int_equal(cell(&of, 1, "warning")->type, TB_CELL_NULL);
    assert_non_null(strstr(cell(&of, 2, "warning")->text, "longest-first is hypothetical"));
    release(&of);
    refused("    problem: {layout: [96]}\n    schedule: hardware\n", "give device", 6, 15);
    refused("    mechanism: minference\n    problem: {layout: [4096]}\n    schedule: hardware\n",
            "have their own schedules", 7, 15);
    refused("    problem: {layout: [96]}\n    device: h100-sxm\n    schedule: slow\n", "'slow'", 7,
            15);
}

static void point__instances_of_a_mechanism_differ(void **state)
{
    (void)state;
    rows of;
    evaluate_all("    mechanism: minference\n    device: a100-80\n"
                 "    problem: {layout: [8192], heads: 4, heads_kv: 4}\n"
                 "    cross: {mechanism_seed: [0, 1, 0]}\n",
                 &of);
    assert_int_equal(cell(&of, 0, "error")->type, TB_CELL_NULL);
    assert_true(cell(&of, 0, "total_us")->real != cell(&of, 1, "total_us")->real);
    assert_true(cell(&of, 0, "total_us")->real == cell(&of, 2, "total_us")->real);
    assert_int_equal(cell(&of, 1, "mechanism_seed")->integer, 1);
    release(&of);
    refused("    problem: {layout: [96]}\n    mechanism_seed: 3\n", "give mechanism", 6, 21);
}

/* minference has 32 heads and 8 KV heads, which an entry that names neither leaves as they are. */
static void point__has_the_heads_of_its_mechanism(void **state)
{
    (void)state;
    rows of;
    evaluate_all("    mechanism: minference\n"
                 "    problem: {layout: [4096]}\n"
                 "    cross: {problem.heads: [null, 16]}\n",
                 &of);
    assert_int_equal(cell(&of, 0, "heads")->integer, 32);
    assert_int_equal(cell(&of, 0, "heads_kv")->integer, 8);
    assert_int_equal(cell(&of, 1, "heads")->integer, 16);
    assert_int_equal(cell(&of, 1, "heads_kv")->integer, 16);
    release(&of);
}

static void point__is_shared_out_over_devices(void **state)
{
    (void)state;
    rows of;
    evaluate_all("    problem: {layout: [32768], heads: 32, heads_kv: 8}\n"
                 "    pattern: {kind: causal}\n"
                 "    device: h100-sxm\n"
                 "    zip:\n"
                 "      parallel.method: [ring, ring, hybrid, ulysses]\n"
                 "      parallel.shards: [contiguous, zigzag, zigzag, null]\n"
                 "      parallel.ulysses: [null, null, 2, null]\n"
                 "    cross: {parallel.devices: [8]}\n",
                 &of);
    for (int p = 0; p < 4; p++) {
        assert_int_equal(cell(&of, p, "error")->type, TB_CELL_NULL);
        assert_true(cell(&of, p, "parallel_speedup")->real > 1);
        assert_true(cell(&of, p, "parallel_speedup")->real <= 8.001);
        assert_int_equal(cell(&of, p, "parallel_devices")->integer, 8);
    }
    assert_true(cell(&of, 1, "parallel_imbalance")->real <
                cell(&of, 0, "parallel_imbalance")->real); /* what zigzag is for */
    assert_int_equal(cell(&of, 0, "parallel_ulysses")->type, TB_CELL_NULL);
    assert_int_equal(cell(&of, 2, "parallel_ulysses")->integer, 2);
    release(&of);
    refused("    problem: {layout: [96]}\n    parallel: {devices: 4}\n", "give device", 6, 15);
    refused("    problem: {layout: [96]}\n    device: h100-sxm\n    parallel: {method: ring}\n",
            "needs key 'devices'", 7, 15);
}

/* What predict --network says; a case is the same as its pattern in every layer. */
static void point__is_a_whole_network(void **state)
{
    (void)state;
    rows of;
    evaluate_all("    whole_network: hunyuanvideo\n    device: b200\n"
                 "    pattern: {kind: gna, window: [18, 24, 24], stride: [16, 8, 8]}\n"
                 "    cross: {dense_steps: [0, 15, 51], problem.dtype: [bf16]}\n",
                 &of);
    assert_string_equal(cell(&of, 0, "layout")->text, "30x48x80");
    assert_int_equal(cell(&of, 0, "heads")->integer, 24);
    double speedup = cell(&of, 1, "network_speedup")->real;
    double total_us = cell(&of, 1, "total_us")->real;
    assert_true(cell(&of, 0, "network_speedup")->real > speedup);
    assert_true(speedup < cell(&of, 1, "network_limit")->real);
    tb_assert_close(cell(&of, 1, "network_dense_s")->real / cell(&of, 1, "network_s")->real,
                    speedup, 1e-12);
    assert_non_null(strstr(cell(&of, 2, "error")->text, "has 50 steps"));
    assert_string_equal(cell(&of, 2, "whole_network")->text, "hunyuanvideo");
    release(&of);
    evaluate_all("    whole_network: hunyuanvideo\n    device: b200\n"
                 "    network_case: gna\n    dense_steps: 15\n",
                 &of);
    assert_true(cell(&of, 0, "network_speedup")->real == speedup);
    assert_true(cell(&of, 0, "total_us")->real == total_us);
    assert_int_equal(cell(&of, 0, "pattern")->type, TB_CELL_NULL);
    release(&of);
}

static void point__network_and_entry_must_fit(void **state)
{
    (void)state;
    refused("    whole_network: hunyuanvideo\n    device: b200\n", "with neither", 5, 20);
    refused("    whole_network: hunyuanvideo\n    network_case: gna\n", "which device", 5, 20);
    refused("    whole_network: hunyuanvideo\n    network_case: gn\n    device: b200\n",
            "it has: na, gna", 6, 19);
    refused("    whole_network: hunyuanvideo\n    network_case: gna\n    device: b200\n"
            "    problem: {heads: 3}\n",
            "leave heads out", 8, 15);
    refused("    whole_network: hunyuanvideo\n    network_case: gna\n    device: b200\n"
            "    problem: {layout: [96]}\n",
            "3 dimensions", 8, 14);
    refused("    whole_network: hunyuanvideo\n    network_case: gna\n    mechanism: gna\n",
            "leave one of them out", 7, 16);
    refused("    problem: {layout: [96]}\n    dense_steps: 3\n", "give whole_network", 6, 18);
}

/* 7 of 4 x 4 pairs; the mask lies beside the suite, not where the test runs. */
static void point__masks_lie_beside_the_suite(void **state)
{
    static const char mask[] = "P1\n4 4\n1 0 0 0\n1 1 0 0\n0 1 1 0\n0 0 1 1\n";
    static const char other[] = "P1\n4 4\n1 0 0 0\n1 1 0 0\n1 1 1 0\n0 0 1 1\n";
    static const char entry[] = "    problem: {layout: [4]}\n"
                                "    pattern: {kind: explicit, mask: m.pbm}\n"
                                "    cross: {problem.heads: [1, 3]}\n";
    (void)state;
    rows of;
    (void)tb_test_file("m.pbm", mask, sizeof mask - 1);
    evaluate_all(entry, &of);
    assert_int_equal(cell(&of, 1, "error")->type, TB_CELL_NULL);
    assert_int_equal(cell(&of, 1, "visible_pairs")->integer, 7);
    assert_non_null(strstr(of.study->settings, "mask m.pbm: "));
    char *before = strdup(of.study->settings);
    release(&of);
    (void)tb_test_file("m.pbm", other, sizeof other - 1);
    evaluate_all(entry, &of);
    assert_string_not_equal(of.study->settings, before);
    free(before);
    release(&of);
}

static void entries__have_names_of_their_own(void **state)
{
    (void)state;
    refused("    problem: {layout: [96]}\n  - name: b\n    problem: {layout: [96]}\n"
            "  - name: a\n    problem: {layout: [72]}\n",
            "a second entry 'a'", 8, 11);
}

static void zip__lists_behind_a_range_are_as_long_as_each_other(void **state)
{
    (void)state;
    refused("    problem: {layout: [96]}\n    device: h100-sxm\n"
            "    zip:\n      set.memory_bandwidth_gb_per_s: {from: 1.5, to: 2.5}\n"
            "      problem.batch: [1, 2, 3]\n      problem.heads: [1, 2]\n"
            "    sample: {kind: random, count: 5}\n",
            "2 values, and 3 of the first", 10, 22);
}

static void set__is_checked_before_anything_runs(void **state)
{
    static const char *const options[] = {"sm_cuont=64"}, *const words[] = {"sm_count=many"};
    (void)state;
    tb_study_options misspelt = {.device = "h100-sxm", .set = options, .set_count = 1};
    tb_study_options no_number = {.device = "h100-sxm", .set = words, .set_count = 1};
    tb_study_options no_device = {.baseline_kernel = "cudnn"};
    tb_study *study = NULL;
    tb_error err;
    static const char plain[] = "    problem: {layout: [96]}\n";
    refused("    problem: {layout: [96]}\n    device: h100-sxm\n    cross: {set.sm_cuont: [64]}\n",
            "did you mean 'sm_count'?", 7, 13);
    refused("    problem: {layout: [96]}\n    device: h100-sxm\n    set: {sm_count: many}\n",
            "needs", 7, 21);
    refused("    problem: {layout: [96]}\n    cross: {set.sm_count: [64]}\n", "give device", 6, 13);
    refused("    problem: {layout: [96]}\n    baseline_kernel: cudnn\n", "give device", 6, 22);
    tb_assert_fails(load(plain, &misspelt, &study, &err), &err, TB_EINVAL, "did you mean");
    tb_assert_fails(load(plain, &no_number, &study, &err), &err, TB_EINVAL, "sets nothing");
    tb_assert_fails(load(plain, &no_device, &study, &err), &err, TB_EINVAL, "entry 'a' has none");
}

static void mechanism__problem_is_checked_before_anything_runs(void **state)
{
    (void)state;
    refused("    mechanism: minference\n    problem: {layout: [4096], hedas: 2}\n",
            "did you mean 'heads'?", 6, 31);
    refused("    mechanism: minference\n    problem: {layout: [4096], pass: backward}\n",
            "run forward", 6, 37);
}

/* Points 1 and 2 make no sense; what was varied is seen nevertheless. */
static void row__of_a_failed_point_says_which_point_it_is(void **state)
{
    (void)state;
    rows of;
    evaluate_all("    problem: {layout: [96]}\n"
                 "    pattern: {kind: gna, window: [24]}\n"
                 "    zip:\n"
                 "      pattern.window.0: [5, 97, 5]\n"
                 "      tiling.q_tile: [[16], [32], [16, 16]]\n"
                 "      problem.dtype: [bf16, fp16, bf17]\n",
                 &of);
    assert_int_equal(cell(&of, 0, "error")->type, TB_CELL_NULL);
    assert_string_equal(cell(&of, 0, "q_tile")->text, "16");
    assert_int_equal(cell(&of, 1, "error")->type, TB_CELL_TEXT);
    assert_string_equal(cell(&of, 1, "q_tile")->text, "32");
    assert_int_equal(cell(&of, 1, "window_0")->integer, 97);
    assert_int_equal(cell(&of, 2, "error")->type, TB_CELL_TEXT);
    assert_string_equal(cell(&of, 2, "q_tile")->text, "16x16");
    assert_string_equal(cell(&of, 2, "dtype")->text, "bf17");
    assert_int_equal(cell(&of, 2, "visited")->type, TB_CELL_NULL);
    release(&of);
}

static void row__has_the_whole_text_of_a_value(void **state)
{
    (void)state;
    rows of;
    char entry[700], long_list[400] = "";
    for (int i = 0; i < 60; i++) {
        (void)snprintf(long_list + strlen(long_list), sizeof long_list - strlen(long_list), "%s%d",
                       i > 0 ? ", " : "", 1000 + i);
    }
    (void)snprintf(entry, sizeof entry,
                   "    problem: {layout: [96]}\n"
                   "    pattern: {kind: document, cu_seqlens: [0, 96]}\n"
                   "    cross: {pattern.cu_seqlens: [[0, 96], [%s]]}\n",
                   long_list);
    evaluate_all(entry, &of);
    const char *text = cell(&of, 1, "cu_seqlens")->text;
    assert_int_equal(strlen(text), 60 * 4 + 59);
    assert_string_equal(text + strlen(text) - 9, "1058x1059");
    release(&of);
}

/* fa3 is Hopper's, and has no boxes of tokens. */
static void row__has_the_warnings_of_predict(void **state)
{
    (void)state;
    rows of;
    evaluate_all("    problem: {layout: [4096], heads: 2}\n"
                 "    pattern: {kind: local, left: 128, right: 0}\n"
                 "    kernel: fa3\n"
                 "    cross: {device: [h100-sxm, a100-80]}\n",
                 &of);
    assert_int_equal(cell(&of, 0, "warning")->type, TB_CELL_NULL);
    assert_int_equal(cell(&of, 1, "warning")->type, TB_CELL_TEXT);
    assert_non_null(strstr(cell(&of, 1, "warning")->text, "hypothetical"));
    release(&of);
}

TB_TESTS(cmocka_unit_test(point__baseline_varies),
         cmocka_unit_test(point__tiles_are_the_kernels_best),
         cmocka_unit_test(point__schedules_differ),
         cmocka_unit_test(point__instances_of_a_mechanism_differ),
         cmocka_unit_test(point__has_the_heads_of_its_mechanism),
         cmocka_unit_test(point__is_shared_out_over_devices),
         cmocka_unit_test(point__is_a_whole_network),
         cmocka_unit_test(point__network_and_entry_must_fit),
         cmocka_unit_test(point__masks_lie_beside_the_suite),
         cmocka_unit_test(entries__have_names_of_their_own),
         cmocka_unit_test(zip__lists_behind_a_range_are_as_long_as_each_other),
         cmocka_unit_test(set__is_checked_before_anything_runs),
         cmocka_unit_test(mechanism__problem_is_checked_before_anything_runs),
         cmocka_unit_test(row__of_a_failed_point_says_which_point_it_is),
         cmocka_unit_test(row__has_the_whole_text_of_a_value),
         cmocka_unit_test(row__has_the_warnings_of_predict));
