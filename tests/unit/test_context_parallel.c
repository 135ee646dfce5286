/* One attention over several devices: results worked out by hand, limits, and bad input. */
#include "context_parallel.h"
#include "test_support.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

static tb_problem problem_of(int64_t tokens)
{
    tb_problem problem = tb_problem_default();
    problem.layout = (tb_layout){.rank = 1, .extent = {tokens}};
    problem.heads = 32;
    problem.heads_kv = 8;
    return problem;
}

static tb_parallel_problem item_of(const tb_problem *problem, const tb_pattern *pattern,
                                   int64_t devices, tb_shard_order order)
{
    return (tb_parallel_problem){.problem = problem,
                                 .pattern = pattern,
                                 .devices = devices,
                                 .ulysses = 1,
                                 .method = TB_PARALLEL_RING,
                                 .order = order,
                                 .q_tile = 128,
                                 .kv_tile = 128,
                                 .us_per_tile = 0.01,
                                 .slots = 1,
                                 .link = {2, 100},
                                 .group_link = {1, 400},
                                 .has_overlap = true};
}

static tb_parallel_time time_of(const tb_parallel_problem *item)
{
    tb_error err = {0};
    tb_parallel_time time = {0};
    tb_assert_ok(tb_parallel_time_of(item, &time, &err), &err);
    return time;
}

/* 4 devices, 4096 tokens, tiles of 128: shards of 8 x 8 tiles. Device g sees 36 tiles of its own
 * shard (8 x 9 / 2) and 64 of each of the g before it: 36, 100, 164, 228; 528 in all. Step 0 is the
 * diagonal, 36; in steps 1 to 3 device 3 computes 64. */
static void parallel__causal_ring_by_hand(void **state)
{
    (void)state;
    tb_error err = {0};
    tb_problem problem = problem_of(4096);
    tb_pattern causal = tb_pattern_default();
    causal.kind = TB_PATTERN_CAUSAL;
    tb_parallel_problem item = item_of(&problem, &causal, 4, TB_SHARD_CONTIGUOUS);
    tb_parallel_time time;
    tb_parallel_step steps[4];
    tb_assert_ok(tb_parallel_steps(&item, steps, &time, &err), &err);
    assert_true(time.tiles == 528 && time.whole_tiles == 528);
    assert_true(time.device_min == 36 && time.device_max == 228 && time.device_mean == 132);
    tb_assert_close(time.imbalance, 228.0 / 132, 1e-12);
    assert_true(steps[0].tiles_max == 36 && steps[0].tiles_mean == 36);
    assert_true(steps[3].tiles_max == 64 && steps[3].tiles_mean == 16);
    /* 32 heads x 0.01 us: 0.32 us a tile. K and V of a shard: 8 heads x 1024 tokens x 256 x 2
     * bytes = 4194304 bytes, 2 + 41.94304 us */
    tb_assert_close(time.send_us, 43.94304, 1e-12);
    tb_assert_close(steps[0].compute_us, 11.52, 1e-12);
    tb_assert_close(steps[0].step_us, 43.94304, 1e-12);
    tb_assert_close(steps[3].compute_us, 20.48, 1e-12);
    tb_assert_close(steps[3].step_us, 20.48, 1e-12);
    assert_true(steps[3].send_us == 0);
    tb_assert_close(time.total_us, 3 * 43.94304 + 20.48, 1e-12);
    tb_assert_close(time.exposed_us, time.total_us - 11.52 - 3 * 20.48, 1e-12);
    tb_assert_close(time.bytes_sent, 3 * 4194304.0, 1e-12);
    tb_assert_close(time.single_us, 528 * 0.32, 1e-12);
    item.has_overlap = false;
    tb_assert_close(time_of(&item).total_us, 11.52 + 3 * (20.48 + 43.94304), 1e-12);
}

/* Of a zigzag each device has one early and one late chunk: 2 diagonals and 2G - 1 whole chunks
 * before them. */
static void parallel__zigzag_balances_causal_and_contiguous_tends_to_two(void **state)
{
    (void)state;
    tb_pattern causal = tb_pattern_default();
    causal.kind = TB_PATTERN_CAUSAL;
    for (int64_t devices = 2; devices <= 256; devices *= 2) {
        tb_problem problem = problem_of(devices * 2048);
        tb_parallel_problem item = item_of(&problem, &causal, devices, TB_SHARD_ZIGZAG);
        tb_parallel_time zigzag = time_of(&item);
        assert_true(zigzag.imbalance == 1);
        item.order = TB_SHARD_CONTIGUOUS;
        tb_parallel_time contiguous = time_of(&item);
        assert_true(contiguous.tiles == zigzag.tiles && zigzag.tiles == zigzag.whole_tiles);
        /* t = 16 tiles a shard: (t^2 (G - 1) + d) / (t^2 (G - 1) / 2 + d), d = t (t + 1) / 2 */
        double g = (double)devices, diagonal = 136;
        tb_assert_close(contiguous.imbalance,
                        (256 * (g - 1) + diagonal) / (128 * (g - 1) + diagonal), 1e-12);
        item.order = TB_SHARD_STRIPED;
        tb_parallel_time striped = time_of(&item);
        assert_true(striped.imbalance < 1.07 && striped.pairs == zigzag.pairs);
        /* every pair of shards has its diagonal: G^2 d, and less where the first row sees none */
        assert_true(striped.tiles <= g * g * diagonal && striped.tiles > zigzag.tiles);
        if (devices == 256) {
            assert_true(contiguous.imbalance > 1.99 && contiguous.imbalance < 2);
        }
    }
}

/* A window that is small beside a shard: most pairs of shards have nothing to do, but the ring goes
 * all the way round, and only its first steps compute. */
static void parallel__a_window_leaves_the_ring_idle(void **state)
{
    (void)state;
    tb_error err = {0};
    tb_problem problem = problem_of(65536);
    tb_pattern local = tb_pattern_default();
    local.kind = TB_PATTERN_LOCAL;
    local.left = 1023;
    local.right = 0;
    tb_parallel_problem item = item_of(&problem, &local, 16, TB_SHARD_CONTIGUOUS);
    tb_parallel_step steps[16];
    tb_parallel_time time;
    tb_assert_ok(tb_parallel_steps(&item, steps, &time, &err), &err);
    assert_true(steps[0].compute_us > 0 && steps[1].compute_us > 0 && steps[2].compute_us == 0);
    assert_true(steps[15].compute_us == 0);
    assert_true(time.exposed_us > time.compute_us && time.efficiency < 0.2);
    item.order = TB_SHARD_STRIPED; /* all devices have a part of every window */
    tb_parallel_time striped = time_of(&item);
    assert_true(striped.imbalance < 1.01 && striped.tiles > 3 * time.tiles);
}

/* 8 devices, 32 heads, 8 KV heads: each gets 4 and 1. Four exchanges of 7 messages; of 8192 / 8
 * tokens, 7 parts leave: 7 x 1024 x (4 + 1) heads x 256 x 2 bytes. */
static void parallel__ulysses_by_hand(void **state)
{
    (void)state;
    tb_problem problem = problem_of(8192);
    tb_pattern dense = tb_pattern_default();
    tb_parallel_problem item = item_of(&problem, &dense, 8, TB_SHARD_CONTIGUOUS);
    item.method = TB_PARALLEL_ULYSSES;
    tb_parallel_time time = time_of(&item);
    tb_assert_close(time.bytes_sent, 7 * 1024.0 * 5 * 512, 1e-12);
    tb_assert_close(time.exchange_us, 4 * 7 * 2 + 7 * 1024.0 * 5 * 512 / 1e5, 1e-12);
    tb_assert_close(time.compute_us, 4096 * 4 * 0.01, 1e-12);
    tb_assert_close(time.exposed_us, time.exchange_us, 1e-12);
    assert_true(time.steps == 1 && time.ulysses == 8);
    /* groups of 2: 16 heads and 4 KV heads; over the group's own, faster link */
    item.method = TB_PARALLEL_HYBRID;
    item.ulysses = 2;
    time = time_of(&item);
    double exchange = 1024.0 * (16 + 4) * 512, shard = 4 * 2048.0 * 512;
    tb_assert_close(time.exchange_us, 4 * 1 + exchange / 4e5, 1e-12);
    tb_assert_close(time.send_us, 2 + shard / 1e5, 1e-12);
    tb_assert_close(time.bytes_sent, exchange + 3 * shard, 1e-12);
}

/* 16 devices of 128 slots: a shard of 4 query tiles x 8 heads is 32 CTAs, a quarter of the slots.
 */
static void parallel__a_device_with_few_ctas_is_not_full(void **state)
{
    (void)state;
    tb_problem problem = problem_of(16 * 512);
    problem.heads = 8;
    tb_pattern dense = tb_pattern_default();
    tb_parallel_problem item = item_of(&problem, &dense, 16, TB_SHARD_CONTIGUOUS);
    item.slots = 128;
    tb_parallel_time time = time_of(&item);
    tb_assert_close(time.compute_us, 4 * time.single_us / 16, 1e-12);
    item.launch_us = 3;
    tb_assert_close(time_of(&item).compute_us, time.compute_us + 15 * 3, 1e-12);
}

static void parallel__bad_input_is_refused(void **state)
{
    (void)state;
    tb_error err = {0};
    tb_problem problem = problem_of(4096);
    tb_pattern dense = tb_pattern_default();
    tb_parallel_time time;
    tb_parallel_problem good = item_of(&problem, &dense, 8, TB_SHARD_CONTIGUOUS), item = good;
    item.devices = 0;
    tb_assert_fails(tb_parallel_time_of(&item, &time, &err), &err, TB_EINVAL, "0 devices");
    item = good;
    item.devices = 4097;
    tb_assert_fails(tb_parallel_time_of(&item, &time, &err), &err, TB_EINVAL,
                    "4097 devices share 4096 tokens");
    item = good;
    item.method = TB_PARALLEL_ULYSSES;
    item.devices = 64;
    tb_assert_fails(tb_parallel_time_of(&item, &time, &err), &err, TB_EINVAL,
                    "32 heads out over 64 devices");
    item = good;
    item.method = TB_PARALLEL_HYBRID;
    item.ulysses = 3;
    tb_assert_fails(tb_parallel_time_of(&item, &time, &err), &err, TB_EINVAL,
                    "group of 3 does not divide 8");
    item = good;
    item.link.gb_per_s = 0;
    tb_assert_fails(tb_parallel_time_of(&item, &time, &err), &err, TB_EINVAL, "0 GB/s");
    item = good;
    item.us_per_tile = HUGE_VAL;
    tb_assert_fails(tb_parallel_time_of(&item, &time, &err), &err, TB_EINVAL, "a tile takes");
    item = good;
    item.kv_tile = 0;
    tb_assert_fails(tb_parallel_time_of(&item, &time, &err), &err, TB_EINVAL, "0 keys");
    tb_problem extra = problem;
    extra.extra_kv = 5;
    item = good;
    item.problem = &extra;
    tb_assert_fails(tb_parallel_time_of(&item, &time, &err), &err, TB_EINVAL, "extra tokens");
    tb_problem kv = problem;
    kv.heads = 24;
    kv.heads_kv = 6;
    item = good;
    item.problem = &kv;
    item.method = TB_PARALLEL_ULYSSES;
    item.devices = 4;
    tb_assert_fails(tb_parallel_time_of(&item, &time, &err), &err, TB_EINVAL,
                    "6 KV heads out over 4 devices");
}

static void parallel__thousands_of_devices_take_milliseconds(void **state)
{
    (void)state;
    tb_problem problem = problem_of(4194304);
    tb_pattern causal = tb_pattern_default();
    causal.kind = TB_PATTERN_CAUSAL;
    for (int order = 0; order < TB_SHARD_ORDER_COUNT; order++) {
        tb_parallel_problem item = item_of(&problem, &causal, 4096, (tb_shard_order)order);
        clock_t start = clock();
        tb_parallel_time time = time_of(&item);
        double ms = (double)(clock() - start) * 1e3 / CLOCKS_PER_SEC;
        printf("%s: %.1f ms\n", tb_shard_order_names[order], ms);
        assert_true(time.is_closed_form);
        assert_true(
            ms < 5000); /* of a slow machine under a sanitizer; 50 to 100 as measured, optimised */
    }
}

TB_TESTS(cmocka_unit_test(parallel__causal_ring_by_hand),
         cmocka_unit_test(parallel__zigzag_balances_causal_and_contiguous_tends_to_two),
         cmocka_unit_test(parallel__a_window_leaves_the_ring_idle),
         cmocka_unit_test(parallel__ulysses_by_hand),
         cmocka_unit_test(parallel__a_device_with_few_ctas_is_not_full),
         cmocka_unit_test(parallel__bad_input_is_refused),
         cmocka_unit_test(parallel__thousands_of_devices_take_milliseconds));
