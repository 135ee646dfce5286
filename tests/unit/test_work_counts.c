/* What a launch does by the model, worked out by hand. */
#include "timed_case.h"

#include "test_support.h"

#include "work_counts.h"

#include <math.h>

static tb_work_counts work_of(const tb_bench *b, const tb_case *item, tb_time *time)
{
    tb_timed_case timed;
    tb_work_counts work;
    tb_error err;
    tb_timed_open(item, b->kernel, b->device, &timed);
    *time = tb_timed_run(&timed, &b->values);
    tb_assert_ok(tb_work_counts_of(&timed.prediction, b->kernel, b->device, time, &work, &err),
                 &err);
    tb_timed_close(&timed);
    return work;
}

/* 4,608 tokens in 72 tiles of 64, in six blocks of 768 tokens: each query tile visits 12 KV tiles,
 * so that 12 heads visit 72 x 12 x 12 = 10,368.
 *   a tile   64 x 64 x 2 (96 + 96) = 1,572,864 FLOP: 384 mma of 4,096, and 4,096 / 32 = 128 ex2
 *   L2       10,368 x 64 x 192 x 2 = 254,803,968 bytes of KV tiles, 4,608 x 12 x 192 x 2 =
 *            21,233,664 of Q and O
 *   DRAM     Q and O, and as much of K and V, of which a head's 1.8 MB stay in the L2
 *   an SM    128 threads of 211 registers: 6,912 a warp, 2 warps a partition, 2 CTAs; 8 of 64 warps
 */
static void work__is_as_worked_out_by_hand(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("tilebound", "h100-sxm");
    tb_case item = tb_test_gna("4608", "768", "768", 12);
    item.problem.dim = item.problem.dim_value = 96;
    tb_test_tiles(&item, "64", "64");
    tb_time time;
    tb_work_counts work = work_of(&b, &item, &time);
    tb_assert_close(work.flop, 10368.0 * 1572864, 0);
    tb_assert_close(work.value[TB_WORK_TENSOR_INSTRUCTIONS], 3981312, 0);
    tb_assert_close(work.value[TB_WORK_EXP_INSTRUCTIONS], 1327104, 0);
    tb_assert_close(work.value[TB_WORK_L2_BYTES], 276037632, 0);
    tb_assert_close(work.value[TB_WORK_DRAM_BYTES], 42467328, 0);
    tb_assert_close(work.value[TB_WORK_OCCUPANCY_PERCENT], 12.5, 0);
    for (int i = 0; i < TB_WORK_COUNT_COUNT; i++) {
        assert_true(work.known[i]);
    }
    /* 132 SMs at 4,096 FLOP a clock, for as long as the launch takes without launching */
    double launch_us = time.attention_us - time.launch_us;
    double possible = 132 * 4096 * time.clock_mhz * launch_us;
    tb_assert_close(work.value[TB_WORK_TENSOR_PERCENT], 100 * work.flop / possible, 1e-9);
    assert_true(work.value[TB_WORK_TENSOR_PERCENT] > 5);
    tb_bench_close(&b);
}

/* Head dim 72 is computed as 96, and moved as 72. */
static void padding__is_computed_and_not_moved(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("tilebound", "h100-sxm");
    tb_case item = tb_test_gna("4608", "768", "768", 12);
    item.problem.dim = item.problem.dim_value = 72;
    tb_test_tiles(&item, "64", "64");
    tb_time time;
    tb_work_counts work = work_of(&b, &item, &time);
    tb_assert_close(work.value[TB_WORK_TENSOR_INSTRUCTIONS], 3981312, 0);
    tb_assert_close(work.value[TB_WORK_DRAM_BYTES], 42467328 * 0.75, 0);
    tb_assert_close(work.value[TB_WORK_L2_BYTES], 276037632 * 0.75, 0);
    tb_bench_close(&b);
}

/* A wgmma's size is the code's own, so that their number is not known. */
static void instructions__of_wgmma_are_not_known(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("cutlass-hopper-fna", "h100-sxm");
    tb_case item = tb_test_gna("32768", "2048", "256", 3);
    tb_time time;
    tb_work_counts work = work_of(&b, &item, &time);
    assert_false(work.known[TB_WORK_TENSOR_INSTRUCTIONS]);
    assert_true(work.known[TB_WORK_TENSOR_PERCENT] && work.flop > 0);
    tb_bench_close(&b);
}

/* Twice the heads do twice of everything but shares. */
static void work__grows_with_heads(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("tilebound", "h100-sxm");
    tb_case item = tb_test_gna("30x48x80", "18x24x24", NULL, 12);
    tb_time time;
    tb_work_counts one = work_of(&b, &item, &time);
    item.problem.heads = item.problem.heads_kv = 24;
    tb_work_counts two = work_of(&b, &item, &time);
    for (int i = TB_WORK_TENSOR_INSTRUCTIONS; i <= TB_WORK_L2_BYTES; i++) {
        tb_assert_close(two.value[i], 2 * one.value[i], 1e-12);
    }
    tb_assert_close(two.value[TB_WORK_OCCUPANCY_PERCENT], one.value[TB_WORK_OCCUPANCY_PERCENT], 0);
    tb_bench_close(&b);
}

TB_TESTS(cmocka_unit_test(work__is_as_worked_out_by_hand),
         cmocka_unit_test(padding__is_computed_and_not_moved),
         cmocka_unit_test(instructions__of_wgmma_are_not_known),
         cmocka_unit_test(work__grows_with_heads));
