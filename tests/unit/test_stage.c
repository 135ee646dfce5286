/* Kinds of stages against numbers worked out by hand, on a device of round numbers: FP16 5e8 FLOP a
 * microsecond (GEMM 4e8), FP32 5e7, special functions 1e6, HBM 2e6 bytes (measured 1.6e6), launch
 * 4 us. The problem: N = 1000, B = 3, H = 6, Hkv = 2, D = 64, Dv = 96, two bytes an element. */
#include "test_support.h"

#include "stage_case.h"
#include "timed_case.h"

#include <math.h>

/* What one stage's work and times must be; -1 = not looked at. */
typedef struct want {
    const char *keys;
    double matrix, fma, special, bytes, launches, live, least, time;
    tb_limiter limiter;
} want;

static void check(const want *w)
{
    tb_problem problem = tb_test_stage_problem();
    tb_device *device = tb_test_round_device();
    tb_mechanism_result result = tb_test_stage("self", w->keys, &problem, device, NULL);
    const tb_stage_result *stage = &result.stages[0];
    const struct {
        double value, want;
    } pairs[] = {{stage->work.matrix_flop, w->matrix}, {stage->work.fma_flop, w->fma},
                 {stage->work.special, w->special},    {stage->work.hbm_bytes, w->bytes},
                 {stage->work.launches, w->launches},  {stage->work.live_bytes, w->live},
                 {stage->least_us, w->least},          {stage->time_us, w->time}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (pairs[i].want == 0) {
            assert_true(pairs[i].value == 0);
        } else if (pairs[i].want > 0) {
            tb_assert_close(pairs[i].value, pairs[i].want, 1e-12);
        }
    }
    assert_int_equal(stage->limiter, w->limiter);
    assert_true(stage->least_us <= stage->time_us);
    tb_mechanism_result_release(&result);
    tb_device_destroy(device);
}

static void product__flops_bytes_and_times(void **state)
{
    (void)state;
    /* 2 x 96 x 1000 x 64 x 3 FLOP; ((96 + 1000) 64 + 96000) x 3 x 2 bytes = 996864: 0.498432 us,
     * 0.62304 at the measured rate */
    check(&(want){.keys = "kind: product, rows: block, columns: N, inner: D, count: B",
                  .matrix = 36864000,
                  .bytes = 996864,
                  .launches = 1,
                  .live = 576000,
                  .least = 0.498432,
                  .time = 4.62304,
                  .limiter = TB_LIMITER_LAUNCH});
    /* causal half of a large one, nothing written: 2 x 1e5 x 1e5 x 64 / 2 FLOP = 6.4e11: 1280 us at
     * the peak, 1600 by GEMM */
    check(&(want){.keys = "kind: product, rows: 1e5, columns: 1e5, inner: D, fraction: half, "
                          "write: 0",
                  .matrix = 6.4e11,
                  .bytes = 25.6e6,
                  .launches = 1,
                  .least = 1280,
                  .time = 1604,
                  .limiter = TB_LIMITER_TENSOR});
    /* FP8: 1e9 FLOP/us, GEMM at 900 of 1000; a byte an operand */
    check(&(want){.keys = "kind: product, rows: 1e5, columns: 1e5, inner: 450, rate: fp8, write: 0",
                  .matrix = 9e12,
                  .bytes = 90e6,
                  .launches = 1,
                  .least = 9000,
                  .time = 10004,
                  .limiter = TB_LIMITER_TENSOR});
    /* INT4 on compute capability 9.0, which lacks it: INT8's rate at BF16's part of the peak */
    check(&(want){.keys = "kind: product, rows: 1e5, columns: 1e5, inner: 400, rate: fp4, write: 0",
                  .matrix = 8e12,
                  .bytes = 40e6,
                  .launches = 1,
                  .least = 8000,
                  .time = 10004,
                  .limiter = TB_LIMITER_TENSOR});
    /* FP32 on FMA pipes, beside an epilogue's operations: 2e9 + 5e8 over 5e7 */
    check(&(want){.keys = "kind: product, rows: 1000, columns: 1000, inner: 1000, rate: fp32, "
                          "fma: 5e8",
                  .matrix = 2e9,
                  .fma = 5e8,
                  .bytes = 10e6, /* two operands of 4 bytes, an output of 2 */
                  .launches = 1,
                  .live = 2e6,
                  .least = 50,
                  .time = 54,
                  .limiter = TB_LIMITER_ALU});
}

static void stream__the_slowest_unit_decides(void **state)
{
    (void)state;
    check(&(want){.keys = "kind: stream, read: 6e6, write: 2e6",
                  .bytes = 8e6,
                  .launches = 1,
                  .live = 2e6,
                  .least = 4,
                  .time = 9, /* 8e6 / 1.6e6 + 4 */
                  .limiter = TB_LIMITER_HBM});
    check(&(want){.keys = "kind: stream, read: 2e6, special: 9e6, fma: 5e7, launches: 0, live: 72",
                  .fma = 5e7,
                  .special = 9e6,
                  .bytes = 2e6,
                  .live = 72,
                  .least = 9,
                  .time = 9,
                  .limiter = TB_LIMITER_EXP});
    /* all of it two and a half times, a fifth of it hidden: (5 + 4) x 2.5 x 0.8 */
    check(&(want){.keys = "kind: stream, read: 8e6, repeats: 5 / 2, hidden: 0.2",
                  .bytes = 20e6,
                  .launches = 2.5,
                  .least = 8,
                  .time = 18,
                  .limiter = TB_LIMITER_HBM});
}

static void transfer__only_what_misses_crosses_pcie(void **state)
{
    (void)state;
    tb_problem problem = tb_test_stage_problem();
    tb_device *device = tb_test_round_device();
    /* 40e6 x 0.25 over 2e4 bytes/us = 500 us; 4 of launch, 9 of latency */
    tb_mechanism_result by_device =
        tb_test_stage("self", "kind: transfer, bytes: 40e6, miss: half / 2, latency_us: 9",
                      &problem, device, NULL);
    tb_assert_close(by_device.stages[0].work.pcie_bytes, 10e6, 1e-12);
    tb_assert_close(by_device.stages[0].least_us, 500, 1e-12);
    tb_assert_close(by_device.stages[0].time_us, 513, 1e-12);
    assert_int_equal(by_device.stages[0].limiter, TB_LIMITER_PCIE);
    /* its own 50 GB/s */
    tb_mechanism_result own =
        tb_test_stage("self", "kind: transfer, bytes: 40e6, gb_per_s: 50", &problem, device, NULL);
    tb_assert_close(own.stages[0].least_us, 800, 1e-12);
    tb_assert_close(own.stages[0].time_us, 804, 1e-12);
    assert_int_equal(own.stages[0].limiter, TB_LIMITER_PCIE);
    tb_mechanism_result_release(&by_device);
    tb_mechanism_result_release(&own);
    tb_device_destroy(device);
}

static void linear__chunks_and_states(void **state)
{
    (void)state;
    /* a head, chunk 50: N (C + C)(D + Dv) = 1000 x 100 x 160 = 16e6; two products with the state
     * 2 x 2 x 1000 x 64 x 96 = 24.576e6; 18 heads. Bytes: q, k, v, o 2 x 320 x 1000; 20 states of
     * 6144 x 4 there and back */
    check(&(want){.keys = "kind: linear, chunk: 50",
                  .matrix = 18 * (16e6 + 24.576e6),
                  .bytes = 18 * (640e3 + 2 * 20 * 6144 * 4),
                  .launches = 2,
                  .live = 18 * 20 * 6144 * 4,
                  .least = -1,
                  .time = -1,
                  .limiter = TB_LIMITER_HBM});
    /* tiles of 10 inside of the chunk: N (50 + 10)(D + Dv); the states computed twice, k and v read
     * twice */
    check(&(want){.keys = "kind: linear, chunk: 50, sub_chunk: 10, states: recompute",
                  .matrix = 18 * (9.6e6 + 1.5 * 24.576e6),
                  .bytes = 18 * (640e3 + 320e3),
                  .launches = 2,
                  .least = -1,
                  .time = -1,
                  .limiter = TB_LIMITER_HBM});
    /* one state for all tokens: 4 N D Dv; a feature map of two special functions an element */
    check(&(want){.keys = "kind: linear, causal: 0, states: chip, feature_special: 2",
                  .matrix = 18 * 24.576e6,
                  .special = 18 * 2 * 1000 * 64 * 2,
                  .bytes = 18 * 640e3,
                  .launches = 1,
                  .least = -1,
                  .time = -1,
                  .limiter = TB_LIMITER_HBM});
    /* both directions: twice the work, q, k, v and o once */
    check(&(want){.keys = "kind: linear, chunk: 50, states: chip, bidirectional: 1",
                  .matrix = 2 * 18 * (16e6 + 24.576e6),
                  .bytes = 18 * 640e3,
                  .launches = 1,
                  .least = -1,
                  .time = -1,
                  .limiter = TB_LIMITER_HBM});
}

static void fft__short_ones_stay_on_chip(void **state)
{
    (void)state;
    /* 7 channels of 1024 tokens, padded to 2048: 2 x 2.5 x 2048 x 11 + 6 x 1024 FLOP a channel */
    check(&(want){.keys = "kind: fft, tokens: 1024, channels: 7",
                  .fma = 7 * (112640 + 6144),
                  .bytes = 7 * 2 * 1024 * 2,
                  .launches = 1,
                  .least = -1,
                  .time = -1,
                  .limiter = TB_LIMITER_LAUNCH});
    /* 8192 bytes of spectrum where 8000 fit: each transform goes through memory once more */
    check(&(want){.keys = "kind: fft, tokens: 1024, channels: 7, on_chip: 8000",
                  .fma = 7 * (112640 + 6144),
                  .bytes = 7 * (2 * 1024 * 2 + 2 * 2 * 8192),
                  .launches = 3,
                  .live = 7 * 8192,
                  .least = -1,
                  .time = -1,
                  .limiter = TB_LIMITER_LAUNCH});
}

/* Tiles of 128 x 64: 8 x 16 over 1000 tokens. */
#define TILES "q_tile: 128, kv_tile: 64"

static void attention__tiles_are_counted(void **state)
{
    (void)state;
    tb_problem problem = tb_test_stage_problem();
    /* windows of 192 tokens back (local left 191): no device, no kernel */
    tb_mechanism_result r = tb_test_stage(
        "self", "kind: attention, pattern: {kind: local, left: 2 * block - 1, right: 0}, " TILES,
        &problem, NULL, NULL);
    /* query tile q covers [128 q, 128 q + 128): keys from 128 q - 191: floor to tiles of 64: 2, 4
     * (from -63 -> 0), then from 128 q - 192: 5 tiles each; the last has queries up to 999 */
    const tb_stage_result *stage = &r.stages[0];
    assert_int_equal(stage->census.visited, 2 + 4 + 6 * 5);
    tb_assert_close(stage->visited, 36, 1e-12);
    tb_assert_close(stage->dense_tiles, 128, 1e-12);
    /* 36 tiles x 8192 pairs x 2 (D + Dv) x B H */
    tb_assert_close(stage->work.matrix_flop, 36.0 * 8192 * 320 * 18, 1e-12);
    tb_assert_close(stage->work.special, 36.0 * 8192 * 18, 1e-12);
    /* q and o of 18 heads, k and v of 6 */
    tb_assert_close(stage->work.hbm_bytes, (18.0 + 6) * 1000 * 160 * 2, 1e-12);
    assert_true(isnan(r.speedup));
    tb_assert_close(r.bound, 128.0 * 128 * 64 / (36 * 8192.0), 1e-12);
    tb_mechanism_result_release(&r);
}

static void attention__a_quarter_of_the_heads_take_their_part_of_the_kv_heads(void **state)
{
    (void)state;
    tb_problem problem = tb_test_stage_problem();
    tb_mechanism_result r =
        tb_test_stage("self", "kind: attention, heads: H * half, tokens: ceil(N * 0.72), " TILES,
                      &problem, NULL, NULL);
    assert_int_equal(r.stages[0].item.problem.heads, 3);
    assert_int_equal(r.stages[0].item.problem.heads_kv, 1);
    assert_int_equal(r.stages[0].item.problem.layout.extent[0], 720);
    assert_int_equal(r.stages[0].census.visited, 6 * 12);
    tb_mechanism_result_release(&r);
}

static void attention__low_precision_and_sparse_operands(void **state)
{
    (void)state;
    tb_problem problem = tb_test_stage_problem();
    /* FP8: a byte; a third of the elements kept with a bitmap of an eighth */
    tb_mechanism_result r = tb_test_stage(
        "self", "kind: attention, rate: fp8, operand_density: 0.375, index_bytes: 0.125, " TILES,
        &problem, NULL, NULL);
    tb_assert_close(r.stages[0].work.hbm_bytes, (18.0 * 2 + 6 * 0.5) * 1000 * 160, 1e-12);
    tb_assert_close(r.stages[0].work.matrix_flop, 128.0 * 8192 * 320 * 18, 1e-12); /* unchanged */
    assert_int_equal(r.stages[0].work.rate, TB_RATE_FP8);
    tb_mechanism_result_release(&r);
}

static void attention__the_time_is_that_of_predict(void **state)
{
    (void)state;
    tb_problem problem = tb_test_stage_problem();
    problem.layout.extent[0] = 8192;
    problem.dim_value = 64;
    tb_bench bench = tb_bench_of("fa3", "h100-sxm");
    tb_case item = tb_case_default();
    item.problem = problem;
    item.pattern.kind = TB_PATTERN_LOCAL;
    item.pattern.left = 959;
    item.pattern.right = 0;
    tb_time_values values = tb_time_values_of(bench.kernel, bench.device);
    tb_time time = tb_timed_once(&item, bench.kernel, bench.device, &values);
    tb_mechanism_result plain = tb_test_stage(
        "self", "kind: attention, pattern: {kind: local, left: 10 * block - 1, right: 0}", &problem,
        bench.device, bench.kernel);
    tb_assert_close(plain.stages[0].time_us, time.total_us, 1e-12);
    assert_int_equal(plain.stages[0].limiter, time.limiter);
    /* tensor time at twice the rate; softmax without exponentials: each is faster, both more so */
    tb_mechanism_result fp8 = tb_test_stage(
        "self", "kind: attention, rate: fp8, pattern: {kind: local, left: 959, right: 0}", &problem,
        bench.device, bench.kernel);
    tb_mechanism_result bare = tb_test_stage(
        "self",
        "kind: attention, rate: fp8, softmax: 0.2, pattern: {kind: local, left: 959, right: 0}",
        &problem, bench.device, bench.kernel);
    assert_true(fp8.stages[0].time_us < plain.stages[0].time_us);
    assert_true(bare.stages[0].time_us < fp8.stages[0].time_us);
    assert_true(fp8.stages[0].least_us <= fp8.stages[0].time_us);
    tb_mechanism_result_release(&plain);
    tb_mechanism_result_release(&fp8);
    tb_mechanism_result_release(&bare);
    tb_bench_close(&bench);
}

static void attention__dense_is_the_baseline(void **state)
{
    (void)state;
    static const char *const baselines[] = {"self", "causal"};
    tb_problem problem = tb_test_stage_problem();
    problem.layout.extent[0] = 16384;
    tb_device *device = tb_test_device("h100-sxm");
    for (size_t i = 0; i < 2; i++) {
        tb_mechanism_result r =
            tb_test_stage(baselines[i], "kind: attention", &problem, device, NULL);
        tb_assert_close(r.speedup, 1, 1e-12);
        tb_assert_close(r.bound, 1, 1e-12);
        tb_assert_close(r.peak_bytes, r.dense_peak_bytes, 1e-12);
        tb_mechanism_result_release(&r);
    }
    tb_device_destroy(device);
}

/* 8 blocks of 128 keys a query; a group of 3 heads. Query-outer: each query's 3 rows are padded to
 * 16; KV-outer: batches of 64 rows. */
static void gather__padding_of_small_groups_costs_the_query_outer_loop(void **state)
{
    (void)state;
#define GATHER                                                                                     \
    "kind: attention, pattern: {kind: block-sparse, block_q: 1, block_kv: 50, topk: 4}, " TILES    \
    ", min_rows: 16, "
    tb_problem problem = tb_test_stage_problem();
    tb_mechanism_result q = tb_test_stage("self", GATHER "loop: query-outer", &problem, NULL, NULL);
    tb_mechanism_result kv = tb_test_stage("self", GATHER "loop: kv-outer", &problem, NULL, NULL);
    tb_mechanism_result one =
        tb_test_stage("self", GATHER "loop: query-outer, group: 1", &problem, NULL, NULL);
    /* 1000 queries x 16 rows x 200 keys of each of 2 x 3 KV heads: 2 (D + Dv) FLOP each */
    tb_assert_close(q.stages[0].work.matrix_flop, 320.0 * 1000 * 16 * 200 * 6, 1e-12);
    tb_assert_close(q.stages[0].visited, 1000 * 16 * 200 / 8192.0, 1e-12);
    /* without padding 3 rows; the last batch of each of 20 columns is padded: under 64 rows */
    double useful = 320.0 * 1000 * 3 * 200 * 6, most = useful + 320.0 * 20 * 64 * 50 * 6;
    assert_true(kv.stages[0].work.matrix_flop > useful && kv.stages[0].work.matrix_flop < most);
    assert_true(kv.stages[0].work.launches == 2 && q.stages[0].work.launches == 1);
    /* each pair of a row and a block: its query gathered, partial outputs there and back */
    double rows = 3.0 * 1000 * 4 * 6;
    double once = (18.0 + 6) * 1000 * 160 * 2;
    tb_assert_close(kv.stages[0].work.hbm_bytes, once + rows * (64 * 2 + 2 * 97 * 4), 1e-9);
    /* a group of one head: as many rows, for a third of the heads */
    tb_assert_close(one.stages[0].visited, q.stages[0].visited, 1e-12);
    tb_mechanism_result_release(&q);
    tb_mechanism_result_release(&kv);
    tb_mechanism_result_release(&one);
}

static void cross__every_query_tile_visits_every_kv_tile(void **state)
{
    (void)state;
    tb_problem problem = tb_test_stage_problem();
    /* 8 x ceil(72 / 64) = 16 tiles; keys pooled */
    tb_mechanism_result r =
        tb_test_stage("self", "kind: cross, keys: 72, " TILES, &problem, NULL, NULL);
    assert_int_equal(r.stages[0].census.visited, 16);
    tb_assert_close(r.stages[0].work.matrix_flop, 16.0 * 8192 * 320 * 18, 1e-12);
    tb_assert_close(r.stages[0].work.hbm_bytes, (18.0 * 1000 + 6 * 72) * 160 * 2, 1e-12);
    /* half of 8 x 16 of causal ones, at least one a query tile */
    tb_mechanism_result half = tb_test_stage(
        "self", "kind: cross, keys: N, causal_fraction: half, " TILES, &problem, NULL, NULL);
    assert_int_equal(half.stages[0].census.visited, 64);
    /* an attention of other keys than queries is a cross */
    tb_mechanism_result same = tb_test_stage(
        "self", "kind: attention, pattern: {kind: dense}, keys: 72, " TILES, &problem, NULL, NULL);
    assert_int_equal(same.stages[0].census.visited, 16);
    tb_mechanism_result_release(&r);
    tb_mechanism_result_release(&half);
    tb_mechanism_result_release(&same);
}

static void cross__of_all_keys_takes_the_time_of_dense_attention(void **state)
{
    (void)state;
    tb_problem problem = tb_test_stage_problem();
    problem.layout.extent[0] = 16384;
    problem.dim_value = 64;
    tb_device *device = tb_test_device("h100-sxm");
    tb_mechanism_result r = tb_test_stage("self", "kind: cross, keys: N", &problem, device, NULL);
    tb_assert_close(r.stages[0].time_us, r.dense_us, 1e-9);
    tb_mechanism_result_release(&r);
    tb_device_destroy(device);
}

static void work__a_value_that_is_not_known_is_named(void **state)
{
    (void)state;
    tb_problem problem = tb_test_stage_problem();
    tb_device *a100 = tb_test_device("a100-80");
    tb_mechanism *mechanism = NULL;
    tb_mechanism_result result;
    tb_error err;
    const char *path =
        tb_test_stage_file("self", "kind: product, rows: N, columns: N, inner: D, rate: fp8");
    tb_assert_ok(tb_mechanism_load(path, &mechanism, &err), &err);
    tb_assert_fails(tb_mechanism_run(mechanism, &problem, a100, NULL, 0, &result, &err), &err,
                    TB_EINVAL, "peak_fp8_tflops");
    tb_mechanism_destroy(mechanism);
    tb_device_destroy(a100);
}

static void stage__what_is_wrong_has_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *message;
        int line, column;
    } cases[] = {
        {"kind: strem, read: 1", "'strem' is not known here", 12, 25},
        {"kind: stream, reed: 1", "unknown key 'reed'; did you mean 'read'?", 12, 33},
        {"kind: product, rows: 1, columns: 1", "needs key 'inner'", 12, 5},
        {"kind: stream", "a stream reads, writes or computes", 12, 5},
        {"kind: stream, read: 0 - 1", "read is -1; it must be at least 0", 12, 39},
        {"kind: stream, read: 1, hidden: 1.5", "hidden is 1.5; it must be at most 1", 12, 50},
        {"kind: attention, tokens: N * 0.7222", "tokens is 722.2; it must be whole", 12, 44},
        {"kind: attention, heads: 6, heads_kv: 4", "6 heads and 4 KV heads", 12, 5},
        {"kind: attention, pattern: {kind: locl}", "'locl'", 12, 45},
        {"kind: attention, pattern: {kind: local, left: wnd}", "'wnd' stands for nothing", 12, 65},
        {"kind: attention, pattern: {kind: gna, window: [N + 1]}", "stage probe:", 12, 45},
        {"kind: attention, pattern: {kind: causal}, keys: 72", "where they differ", 12, 52},
        {"kind: attention, kernel: fa33", "unknown kernel 'fa33'", 12, 44},
        {"kind: attention, rate: int9", "'int9'", 12, 42},
        {"kind: attention, q_tile: []", "q_tile needs 1 to 4 extents", 12, 44},
        {"kind: attention, min_rows: 16", "min_rows belongs to a stage that gathers", 12, 46},
        {"kind: attention, loop: query-outer", "only block-sparse and topk patterns", 12, 42},
        {"kind: attention, loop: sideways, pattern: {kind: topk, keys: 4}", "'sideways'", 12, 42},
        {"kind: linear, states: disk", "'disk'", 12, 41},
        {"kind: cross", "needs key 'keys'", 12, 5},
    };
    tb_problem problem = tb_test_stage_problem();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tb_mechanism *mechanism = NULL;
        tb_mechanism_result result;
        tb_error err;
        tb_status status =
            tb_mechanism_load(tb_test_stage_file("self", cases[i].keys), &mechanism, &err);
        if (status == TB_OK) {
            status = tb_mechanism_run(mechanism, &problem, NULL, NULL, 0, &result, &err);
        }
        tb_assert_fails(status, &err, TB_EFILE, cases[i].message);
        tb_assert_position(&err, cases[i].line, cases[i].column);
        tb_mechanism_destroy(mechanism);
    }
}

TB_TESTS(cmocka_unit_test(product__flops_bytes_and_times),
         cmocka_unit_test(stream__the_slowest_unit_decides),
         cmocka_unit_test(transfer__only_what_misses_crosses_pcie),
         cmocka_unit_test(linear__chunks_and_states),
         cmocka_unit_test(fft__short_ones_stay_on_chip),
         cmocka_unit_test(attention__tiles_are_counted),
         cmocka_unit_test(attention__a_quarter_of_the_heads_take_their_part_of_the_kv_heads),
         cmocka_unit_test(attention__low_precision_and_sparse_operands),
         cmocka_unit_test(attention__the_time_is_that_of_predict),
         cmocka_unit_test(attention__dense_is_the_baseline),
         cmocka_unit_test(gather__padding_of_small_groups_costs_the_query_outer_loop),
         cmocka_unit_test(cross__every_query_tile_visits_every_kv_tile),
         cmocka_unit_test(cross__of_all_keys_takes_the_time_of_dense_attention),
         cmocka_unit_test(work__a_value_that_is_not_known_is_named),
         cmocka_unit_test(stage__what_is_wrong_has_its_place));
