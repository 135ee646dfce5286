/* The attention launch and those beside it, worked out by hand: extra KV tokens, merges, expanded
 * heads, the backward pass's own; split KV and packed heads. */
#include "tile_choice.h"
#include "timed_case.h"

#include "test_support.h"

static tb_case dense(const char *layout, int64_t heads)
{
    tb_case item = tb_test_gna(layout, NULL, NULL, heads);
    item.pattern.kind = TB_PATTERN_DENSE;
    return item;
}

static double sides_of(const tb_time *time)
{
    double sum = 0;
    for (int side = 0; side < TB_SIDE_COUNT; side++) {
        sum += side == TB_SIDE_PERMUTE ? 0 : time->side_us[side];
    }
    return sum;
}

static void assert_sides(const tb_time *time, tb_side_launch first, tb_side_launch second)
{
    for (int side = 0; side < TB_SIDE_COUNT; side++) {
        bool wanted = side == (int)first || side == (int)second;
        if ((time->side_us[side] > 0) != wanted) {
            fail_msg("launch %s takes %g us", tb_side_launch_names[side], time->side_us[side]);
        }
    }
}

/* At 1,000 GB/s a launch takes bytes / 1e6 ns; each starts in 3 us. */
static void slow_memory(const tb_bench *b)
{
    tb_test_set(b->device, "measured_dram_read_gb_per_s=1000");
    tb_test_set(b->device, "measured_launch_us=3");
}

/* 6,400 tokens, 3 heads: O and dO are 2,457,600 elements each. Delta reads both in bf16 and writes
 * 19,200 sums in fp32: 9,907,200 bytes. dQ of as many elements is zeroed and read in fp32, and
 * written in bf16: 24,576,000. K and V are read and their gradients written when a CTA computes
 * nothing: 19,660,800. */
static void backward__has_delta_and_conversion_beside_it(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("cutlass-hopper-fna", "h100-sxm");
    slow_memory(&b);
    tb_case item = dense("6400", 3);
    item.problem.pass = TB_PASS_BACKWARD;
    tb_time time = tb_bench_time(&b, &item);
    assert_sides(&time, TB_SIDE_DELTA, TB_SIDE_CONVERT);
    tb_assert_close(time.side_us[TB_SIDE_DELTA], 9.9072 + 3, 1e-12);
    tb_assert_close(time.side_us[TB_SIDE_CONVERT], 24.576 + 3, 1e-12);
    tb_assert_close(time.exposed_us, 19660800 / 3352e3, 1e-12);
    double makespan_us = time.schedule.makespan / time.clock_mhz + time.exposed_us;
    tb_assert_close(time.attention_us, makespan_us + 5 + sides_of(&time), 1e-12);
    b.kernel->time.dq_atomic = false; /* its CTA writes dQ as it is wanted */
    time = tb_bench_time(&b, &item);
    assert_sides(&time, TB_SIDE_DELTA, TB_SIDE_DELTA);
    item.problem.dim_value = 64; /* half of O and dO, all of dQ */
    b.kernel->time.dq_atomic = true;
    time = tb_bench_time(&b, &item);
    tb_assert_close(time.side_us[TB_SIDE_DELTA], (9.9072 + 0.0768) / 2 + 3, 1e-12);
    tb_assert_close(time.side_us[TB_SIDE_CONVERT], 24.576 + 3, 1e-12);
    tb_bench_close(&b);
}

/* Six query heads of two KV heads: the gradients of 12,800 rows of K and V, 256 wide, are written
 * for each of three query heads in fp32, read, and written in bf16: 3,276,800 x 26 bytes. */
static void backward__adds_up_the_gradients_of_a_group(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("cutlass-hopper-fna", "h100-sxm");
    slow_memory(&b);
    tb_case item = dense("6400", 6);
    item.problem.pass = TB_PASS_BACKWARD;
    tb_assert_close(tb_bench_time(&b, &item).side_us[TB_SIDE_REDUCE], 0, 0);
    item.problem.heads_kv = 2;
    tb_assert_close(tb_bench_time(&b, &item).side_us[TB_SIDE_REDUCE], 85.1968 + 3, 1e-12);
    item.problem.pass = TB_PASS_FORWARD;
    tb_assert_close(tb_bench_time(&b, &item).side_us[TB_SIDE_REDUCE], 0, 0);
    tb_bench_close(&b);
}

/* A CTA a KV tile: 50 of 128 keys, each visited by 100 query tiles of 64, for each of 3 heads: 150
 * CTAs of 100 tiles, on 132 SMs two waves. */
static void backward__has_a_cta_for_each_kv_tile(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("cutlass-hopper-fna", "h100-sxm");
    tb_case item = dense("6400", 3);
    item.problem.pass = TB_PASS_BACKWARD;
    tb_time time = tb_bench_time(&b, &item);
    assert_int_equal(time.schedule.ctas, 150);
    assert_int_equal(time.schedule.waves, 2);
    tb_assert_close(time.schedule.makespan, 2 * (2200 + 100 * time.tile.plain), 1e-12);
    tb_assert_close(time.plain_cycles, 150 * 100 * time.tile.plain, 1e-12);
    /* Q, K, V, dO read and dK, dV written in bf16, dQ in fp32: 6 x 2 + 4 bytes an element */
    tb_test_set(b.device, "memory_bandwidth_gb_per_s=1");
    tb_assert_close(tb_bench_time(&b, &item).hbm_us, 2457600 * 16.0 / 1e9 * 1e6, 1e-12);
    tb_bench_close(&b);
}

/* 4,096 tokens, causal, tiles of 128 x 128: KV tile k of 32 is visited by 32 - k query tiles, of
 * which the first is partial: 528 visits, 32 of them masked. */
static void backward__masks_what_is_partial(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("fa4", "b200");
    tb_case item = dense("4096", 1);
    item.pattern.kind = TB_PATTERN_CAUSAL;
    item.problem.pass = TB_PASS_BACKWARD;
    tb_time time = tb_bench_time(&b, &item);
    assert_int_equal(time.schedule.ctas, 32);
    tb_assert_close(time.plain_cycles, 528 * time.tile.plain, 1e-12);
    tb_assert_close(time.tile_cycles, 496 * time.tile.plain + 32 * time.tile.masked, 1e-12);
    tb_assert_close(time.schedule.makespan, 2200 + 31 * time.tile.plain + time.tile.masked, 1e-12);
    tb_bench_close(&b);
}

/* 32,768 tokens, window 2,048, stride 256: 256 query tiles of 16 KV tiles. 300 extra tokens are
 * three KV tiles of their own. In their launch two waves of CTAs take 2,200 + 3 x 2,816 cycles at
 * 1,980 MHz, Q and O of 16,777,216 bytes cross memory at 3,352 GB/s, and it starts in 5 us; the
 * merge reads two outputs and writes one, 4,194,304 elements each, and 32,768 sums in fp32 with
 * each: 25,559,040 bytes. */
static void extra_tokens__may_have_a_launch_of_their_own(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("cutlass-hopper-fna", "h100-sxm");
    slow_memory(&b);
    tb_case item = tb_test_gna("32768", "2048", "256", 1);
    tb_time without = tb_bench_time(&b, &item);
    item.problem.extra_kv = 300;
    tb_time time = tb_bench_time(&b, &item);
    assert_sides(&time, TB_SIDE_EXTRA_KV, TB_SIDE_MERGE);
    tb_assert_close(time.schedule.makespan, without.schedule.makespan, 1e-12);
    tb_assert_close(time.tile_cycles, without.tile_cycles, 1e-12);
    tb_assert_close(time.side_us[TB_SIDE_EXTRA_KV],
                    2 * (2200 + 3 * 2816) / 1980.0 + 16777216 / 3352e3 + 5, 1e-12);
    tb_assert_close(time.side_us[TB_SIDE_MERGE], 25.55904 + 3, 1e-12);
    tb_assert_close(time.attention_us, without.attention_us + sides_of(&time), 1e-12);
    item.pattern.stride[0] = 255; /* all tiles are masked, but those of extra tokens */
    time = tb_bench_time(&b, &item);
    item.problem.extra_kv = 0;
    without = tb_bench_time(&b, &item);
    tb_assert_close(time.tile_cycles, without.tile_cycles, 1e-12);
    assert_true(without.tile_cycles > without.plain_cycles);
    tb_bench_close(&b);
}

/* Fused, they are three more tiles of every CTA, the last of them partial. */
static void extra_tokens__may_be_fused(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("cutlass-hopper-fna", "h100-sxm");
    b.kernel->extra_kv = TB_EXTRA_KV_FUSED;
    b.kernel->mask = TB_MASK_PARTIAL_ONLY;
    tb_case item = tb_test_gna("32768", "2048", "256", 1);
    item.problem.extra_kv = 300;
    tb_time time = tb_bench_time(&b, &item);
    assert_sides(&time, TB_SIDE_COUNT, TB_SIDE_COUNT);
    tb_assert_close(time.tile_cycles, 256 * (18 * 2816.0 + 4060), 1e-12);
    b.kernel->extra_kv = TB_EXTRA_KV_SECOND_LAUNCH; /* and the 16 others are full */
    tb_assert_close(tb_bench_time(&b, &item).tile_cycles, 256 * 16 * 2816.0, 1e-12);
    tb_bench_close(&b);
}

/* A kernel that masks every tile masks as many as it visits, not those of the second launch too. */
static void extra_tokens__are_not_masked_twice(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("cutlass-hopper-fna", "h100-sxm");
    b.kernel->mask = TB_MASK_ALWAYS;
    tb_case item = tb_test_gna("32768", "2048", "256", 1);
    item.problem.extra_kv = 300;
    tb_assert_close(tb_bench_time(&b, &item).tile_cycles, 256 * 16 * 4060.0, 1e-12);
    tb_bench_close(&b);
}

/* Six query heads of two KV heads, 6,400 tokens: K and V of 2 x 6,400 x 256 x 2 bytes are read and
 * written three times: 6,553,600 x 4 bytes. The attention then reads six heads of them. */
static void expanded_heads__are_copied_first(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("cutlass-hopper-fna", "h100-sxm");
    slow_memory(&b);
    tb_test_set(b.device, "memory_bandwidth_gb_per_s=1");
    tb_case item = dense("6400", 6);
    item.problem.heads_kv = 2;
    tb_time native = tb_bench_time(&b, &item);
    assert_sides(&native, TB_SIDE_COUNT, TB_SIDE_COUNT);
    tb_assert_close(native.hbm_us, (6 + 2) * 3276800 / 1e9 * 1e6, 1e-12);
    b.kernel->gqa = TB_GQA_EXPANDED;
    tb_time time = tb_bench_time(&b, &item);
    assert_sides(&time, TB_SIDE_EXPAND, TB_SIDE_EXPAND);
    tb_assert_close(time.side_us[TB_SIDE_EXPAND], 26.2144 + 3, 1e-12);
    tb_assert_close(time.hbm_us, (6 + 6) * 3276800 / 1e9 * 1e6, 1e-12);
    item.problem.heads_kv = 6; /* nothing to copy */
    time = tb_bench_time(&b, &item);
    assert_sides(&time, TB_SIDE_COUNT, TB_SIDE_COUNT);
    tb_bench_close(&b);
}

static tb_bench splitting(void)
{
    tb_bench b = tb_bench_of("fa2", "a100-80");
    slow_memory(&b);
    b.kernel->time.splits_kv = true;
    return b;
}

/* 50 query tiles of 100 KV tiles on 108 SMs: two CTAs share each, 50 KV tiles each. Their outputs
 * of 819,200 elements and 6,400 sums are written and read in fp32 by parts, and one is written:
 * 16 x 825,600 + 1,638,400 bytes. */
static void small_grids__are_split(void **state)
{
    (void)state;
    tb_bench b = splitting();
    tb_case item = dense("6400", 1);
    tb_time split = tb_bench_time(&b, &item);
    assert_int_equal(split.splits, 2);
    assert_int_equal(split.schedule.ctas, 100);
    tb_assert_close(split.schedule.makespan, 2200 + 50 * split.tile.plain, 1e-12);
    tb_assert_close(split.plain_cycles, 50 * 100 * split.tile.plain, 1e-12);
    assert_sides(&split, TB_SIDE_MERGE, TB_SIDE_MERGE);
    tb_assert_close(split.side_us[TB_SIDE_MERGE], 14.848 + 3, 1e-12);
    b.kernel->time.splits_kv = false;
    tb_time whole = tb_bench_time(&b, &item);
    assert_int_equal(whole.splits, 1);
    tb_assert_close(whole.schedule.makespan, 2200 + 100 * split.tile.plain, 1e-12);
    assert_true(split.attention_us < whole.attention_us);
    tb_bench_close(&b);
}

static void splits__must_pay_for_their_merge(void **state)
{
    (void)state;
    tb_bench b = splitting();
    tb_case item = dense("6400", 1), full = dense("6400", 3);
    assert_int_equal(tb_bench_time(&b, &full).splits,
                     1); /* 150 CTAs on 216 slots: 100 tiles are least */
    tb_test_set(b.device, "measured_launch_us=200"); /* 50 tiles take some 120 us */
    tb_time time = tb_bench_time(&b, &item);
    assert_int_equal(time.splits, 1);
    assert_sides(&time, TB_SIDE_COUNT, TB_SIDE_COUNT);
    tb_test_set(b.device, "measured_launch_us=3");
    item.problem.pass = TB_PASS_BACKWARD;
    assert_int_equal(tb_bench_time(&b, &item).splits, 1);
    tb_bench_close(&b);
}

/* 512 tokens: 4 query tiles of 8 KV tiles, shared by 8 CTAs each: 32 CTAs of one tile on 108 SMs.
 * Products take 32 x 2,048 cycles, the 76 idle SMs and 32 prologues far more. */
static void small_grids__are_limited_by_latency(void **state)
{
    (void)state;
    tb_bench b = splitting();
    tb_case item = dense("512", 1);
    tb_time time = tb_bench_time(&b, &item);
    assert_int_equal(time.splits, 8);
    assert_int_equal(time.limiter, TB_LIMITER_LATENCY);
    tb_bench_close(&b);
}

/* 162 CTAs on the 216 slots of 108 SMs, 54 KV tiles each: a quarter of the time is idle, and
 * products are 2,048 of 3,392 cycles of the rest. */
static void shared_sms__are_not_idle_twice(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("fa2", "a100-80");
    tb_case item = dense("3456", 6);
    tb_time time = tb_bench_time(&b, &item);
    assert_int_equal(time.schedule.ctas, 162);
    assert_int_equal(time.schedule.slots, 216);
    assert_int_equal(time.limiter, TB_LIMITER_TENSOR);
    item = dense("3456", 5); /* 135: 37.5 % idle, products 0.604 of the rest, 37.7 % ... */
    assert_int_equal(tb_bench_time(&b, &item).limiter, TB_LIMITER_LATENCY); /* ... and prologues */
    tb_bench_close(&b);
}

/* Eight heads of two KV heads: rows of four heads share a query tile, so that it has 32 tokens; the
 * CTAs are 200 of each KV head instead of 50 of each head. Neither the tiles nor their FLOP change,
 * for the layout is a multiple of both. */
static void packed_heads__share_query_tiles(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("fa2", "a100-80");
    tb_case item = dense("6400", 8);
    item.problem.heads_kv = 2;
    item.problem.batch = 3;
    tb_time native = tb_bench_time(&b, &item);
    b.kernel->gqa = TB_GQA_PACKED;
    tb_timed_case timed;
    tb_timed_open(&item, b.kernel, b.device, &timed);
    assert_int_equal(timed.prediction.tiling.q_tile[0], 32);
    assert_int_equal(timed.prediction.tiling.kv_tile[0], 64);
    assert_int_equal(timed.counts.cta_count, 200);
    tb_time packed = tb_timed_run(&timed, &b.values);
    assert_int_equal(native.schedule.ctas, 3 * 8 * 50);
    assert_int_equal(packed.schedule.ctas, 3 * 2 * 200);
    tb_assert_close(packed.tile.tensor, native.tile.tensor, 1e-12);
    tb_assert_close(packed.tile.smem, native.tile.smem, 1e-12);
    tb_assert_close(packed.tensor_cycles, native.tensor_cycles, 1e-12);
    tb_assert_close(packed.hbm_us, native.hbm_us, 1e-12);
    tb_timed_close(&timed);
    item.problem.pass = TB_PASS_BACKWARD; /* not packed */
    tb_time packing = tb_bench_time(&b, &item);
    b.kernel->gqa = TB_GQA_NATIVE;
    assert_true(packing.attention_us == tb_bench_time(&b, &item).attention_us);
    tb_bench_close(&b);
}

/* A launch of extra tokens has as many CTAs as the attention's. */
static void packed_heads__share_query_tiles_of_extra_tokens(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("fa2", "a100-80");
    b.kernel->gqa = TB_GQA_PACKED;
    b.kernel->extra_kv = TB_EXTRA_KV_SECOND_LAUNCH;
    tb_case item = dense("6400", 8);
    item.problem.heads_kv = 2;
    item.problem.extra_kv = 640;
    tb_time time = tb_bench_time(&b, &item);
    assert_int_equal(time.occupancy, 2);
    /* 400 CTAs on 216 slots: two waves of 2 x 10 tiles */
    double cycles = 2 * (2200 + 2 * 10 * time.tile.plain);
    /* Q and O of 6,400 x 8 x 256 x 2 bytes at 2,039 GB/s */
    tb_assert_close(time.side_us[TB_SIDE_EXTRA_KV], cycles / 1410 + 26214400 / 2039e3 + 5, 1e-12);
    tb_bench_close(&b);
}

/* FlashAttention-3 runs 128 x 176 dense and 128 x 128 causal or windowed at head dim 128. */
static void tiles__may_go_by_pattern(void **state)
{
    (void)state;
    static const struct {
        tb_pattern_kind kind;
        tb_pass pass;
        int64_t q_tile, kv_tile;
    } rows[] = {{TB_PATTERN_DENSE, TB_PASS_FORWARD, 128, 176},
                {TB_PATTERN_CAUSAL, TB_PASS_FORWARD, 128, 128},
                {TB_PATTERN_LOCAL, TB_PASS_FORWARD, 128, 128},
                {TB_PATTERN_DENSE, TB_PASS_BACKWARD, 80, 128},
                {TB_PATTERN_CAUSAL, TB_PASS_BACKWARD, 64, 128}};
    tb_kernel *kernel = tb_test_kernel("fa3");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tb_case item = dense("7200", 1);
        tb_tiling tiling;
        tb_error err;
        item.pattern.kind = rows[i].kind;
        item.pattern.left = item.pattern.right = 720;
        item.problem.pass = rows[i].pass;
        tb_assert_ok(tb_tiling_resolve(&item, kernel, &tiling, &err), &err);
        assert_int_equal(tiling.q_tile[0], rows[i].q_tile);
        assert_int_equal(tiling.kv_tile[0], rows[i].kv_tile);
    }
    tb_kernel_destroy(kernel);
}

TB_TESTS(cmocka_unit_test(backward__has_delta_and_conversion_beside_it),
         cmocka_unit_test(backward__adds_up_the_gradients_of_a_group),
         cmocka_unit_test(backward__has_a_cta_for_each_kv_tile),
         cmocka_unit_test(backward__masks_what_is_partial),
         cmocka_unit_test(extra_tokens__may_have_a_launch_of_their_own),
         cmocka_unit_test(extra_tokens__may_be_fused),
         cmocka_unit_test(extra_tokens__are_not_masked_twice),
         cmocka_unit_test(expanded_heads__are_copied_first),
         cmocka_unit_test(small_grids__are_split),
         cmocka_unit_test(splits__must_pay_for_their_merge),
         cmocka_unit_test(small_grids__are_limited_by_latency),
         cmocka_unit_test(shared_sms__are_not_idle_twice),
         cmocka_unit_test(packed_heads__share_query_tiles),
         cmocka_unit_test(packed_heads__share_query_tiles_of_extra_tokens),
         cmocka_unit_test(tiles__may_go_by_pattern));
