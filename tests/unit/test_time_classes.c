/* What a tile costs in the backward pass, by other matrix instructions, with exponentials on FMA
 * pipes, and in kernels that are not fused: worked out by hand. */
#include "time_parts.h"

#include "timed_case.h"

#include "test_support.h"

static tb_case dense(const char *layout, tb_pass pass)
{
    tb_case item = tb_test_gna(layout, NULL, NULL, 3);
    item.pattern.kind = TB_PATTERN_DENSE;
    item.problem.pass = pass;
    return item;
}

/* |T| = |U| = D = 128 on a B200: five products of 2 x 128^3 FLOP at 8,192 a clock are 2,560 clocks;
 * 16,384 exponentials at 16 a clock 1,024; 13 operand tiles of 32 KiB at 128 bytes a clock 3,328.
 * Source of these three: FlashAttention-4 (arXiv:2603.05451). Six of the 13 (1,536) are P and dS,
 * stored and loaded by the threads of the softmax: 1,024 + 1,536 = 2,560 beside the products. */
static void a_backward_tile__is_that_of_flash_attention_4(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("fa4", "b200");
    tb_test_set(b.device, "ex2_fma_fraction=0");
    tb_case item = dense("7680", TB_PASS_BACKWARD);
    tb_tile_cycles tile = tb_bench_tile(&b, &item);
    tb_assert_close(tile.tensor, 2560, 1e-12);
    tb_assert_close(tile.exp, 1024, 1e-12);
    tb_assert_close(tile.smem, 3328, 1e-12);
    tb_assert_close(tile.alu, 512, 1e-12); /* four instructions a score over 128 lanes */
    tb_assert_close(tile.l2, 0, 0);
    b.values.known[TB_TIME_BACKWARD_OVERLAP] = true;
    b.values.value[TB_TIME_BACKWARD_OVERLAP] = 0; /* its own, not that of the forward pass */
    tb_assert_close(tb_bench_tile(&b, &item).plain, 2560 + 2560, 1e-12);
    b.values.value[TB_TIME_BACKWARD_OVERLAP] = 0.6;
    tb_assert_close(tb_bench_tile(&b, &item).plain, 2560 + 0.4 * 2560, 1e-12); /* 3,584 */
    b.values.value[TB_TIME_BACKWARD_OVERLAP] = 1; /* then shared memory is the slowest */
    tb_assert_close(tb_bench_tile(&b, &item).plain, 3328, 1e-12);
    b.values.known[TB_TIME_BACKWARD_OVERLAP] = false; /* the forward pass's 0.25 */
    tb_assert_close(tb_bench_tile(&b, &item).plain, 2560 + 0.75 * 2560, 1e-12);
    tb_bench_close(&b);
}

/* Keys of 128 and values of 64: three products with keys' dim, two with values': 128 x 128 x 2 (3 x
 * 128 + 2 x 64) FLOP. */
static void a_backward_tile__counts_the_products_of_either_dim(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("fa4", "b200");
    tb_case item = dense("7680", TB_PASS_BACKWARD);
    item.problem.dim_value = 64;
    tb_assert_close(tb_bench_tile(&b, &item).tensor, 16384.0 * 2 * 512 / 8192, 1e-12);
    tb_bench_close(&b);
}

/* Q and dO of a query tile, 128 x 256 x 2 bytes, and dQ of 128 x 128 x 4 bytes there and back:
 * 196,608 bytes of 148 SMs at 9,900 GB/s and 1,965 MHz. */
static void a_backward_tile__moves_dq_through_l2(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("fa4", "b200");
    tb_test_set(b.device, "measured_l2_read_gb_per_s=9900");
    tb_case item = dense("7680", TB_PASS_BACKWARD);
    double clocks_a_byte = 148 * 1965e6 / 9900e9;
    tb_assert_close(tb_bench_tile(&b, &item).l2, 196608 * clocks_a_byte, 1e-12);
    b.kernel->time.dq_atomic = false; /* dQ stays with its CTA */
    tb_assert_close(tb_bench_tile(&b, &item).l2, 65536 * clocks_a_byte, 1e-12);
    tb_bench_close(&b);
}

/* 256 x 128 scores: 0.825 of them by special-function units, 16 a clock: 1,689.6; 3.5 instructions
 * and 0.175 x 6 of a polynomial over 128 lanes: 1,164.8. Q of 256 x 128 once, K and V of 128 x 256
 * twice: 196,608 bytes, 1,536 clocks, 768 for each half (arXiv:2603.05451). */
static void exponentials__may_run_on_fma_pipes(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("fa4", "b200");
    tb_case item = dense("7680", TB_PASS_FORWARD);
    tb_tile_cycles tile = tb_bench_tile(&b, &item);
    tb_assert_close(tile.exp, 1689.6, 1e-12);
    tb_assert_close(tile.alu, 1164.8, 1e-12);
    tb_assert_close(tile.smem, 1536, 1e-12);
    tb_assert_close(tile.plain, 2048 + 0.75 * 1689.6, 1e-12);
    tb_test_set(b.device, "ex2_fma_fraction=0.5"); /* the device's own wins: 1,024 and 1,664 */
    tile = tb_bench_tile(&b, &item);
    tb_assert_close(tile.exp, 1024, 1e-12);
    tb_assert_close(tile.alu, 1664, 1e-12);
    tb_assert_close(tile.plain, 2048 + 0.75 * 1664, 1e-12);
    tb_bench_close(&b);
    b = tb_bench_of("fa4", "b300"); /* 10.3 is not among its compute capabilities for it */
    tb_test_set(b.device, "mufu_ex2_per_clk_per_sm=32");
    tile = tb_bench_tile(&b, &item);
    tb_assert_close(tile.exp, 1024, 1e-12);
    tb_assert_close(tile.alu, 896, 1e-12);
    tb_bench_close(&b);
}

/* 128 x 64 pairs of 512 FLOP at 2,048 a clock: 2,048 clocks. Q of 128 x 128 once, K and V of 64 x
 * 256 by each of four warps: 163,840 bytes, 1,280 clocks. 8,192 exponentials at 16: 512; 3.5
 * instructions over 64 lanes: 448. */
static void operand_loads__add_up_where_the_same_warps_load(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("fa2", "a100-80");
    tb_test_set(b.device, "measured_l2_read_gb_per_s=1000000");
    tb_case item = dense("7680", TB_PASS_FORWARD);
    tb_tile_cycles tile = tb_bench_tile(&b, &item);
    tb_assert_close(tile.tensor, 2048, 1e-12);
    tb_assert_close(tile.smem, 1280, 1e-12);
    tb_assert_close(tile.exp, 512, 1e-12);
    tb_assert_close(tile.alu, 448, 1e-12);
    double matrix = 2048 + 0.75 * 1280; /* 3,008 */
    tb_assert_close(tile.plain, matrix + 0.75 * 512, 1e-12);
    b.kernel->time.instructions = TB_WGMMA; /* operands come by themselves */
    tb_assert_close(tb_bench_tile(&b, &item).plain, 2048 + 0.75 * 512, 1e-12);
    tb_bench_close(&b);
    b = tb_bench_of("fa2", "h100-sxm"); /* mma.sync does 62.9 % of 4,096 there */
    tb_assert_close(tb_bench_tile(&b, &item).tensor, 4194304 / (0.629 * 4096), 1e-12);
    b.kernel->time.instructions = TB_WGMMA;
    tb_assert_close(tb_bench_tile(&b, &item).tensor, 1024, 1e-12);
    tb_bench_close(&b);
}

/* The best instructions of a device, and the shared-memory passes that go with them. */
static void native_instructions__are_those_of_the_device(void **state)
{
    (void)state;
    static const struct {
        const char *device;
        tb_matrix_instruction want;
    } rows[] = {{"a100-80", TB_MMA_SYNC}, {"l40s", TB_MMA_SYNC},     {"h200", TB_WGMMA},
                {"b200", TB_TCGEN05},     {"b300", TB_TCGEN05},      {"rtx-5090", TB_MMA_SYNC},
                {"t4", TB_MMA_SYNC},      {"dgx-spark", TB_MMA_SYNC}};
    tb_kernel *kernel = tb_test_kernel("fa2");
    kernel->time.instructions = TB_MMA_NATIVE;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tb_device *device = tb_test_device(rows[i].device);
        assert_string_equal(tb_matrix_instruction_names[tb_time_instructions(kernel, device)],
                            tb_matrix_instruction_names[rows[i].want]);
        tb_device_destroy(device);
    }
    tb_kernel_destroy(kernel);
    tb_bench b = tb_bench_of("fa2", "a100-80");
    tb_test_set(b.device, "measured_l2_read_gb_per_s=1000000");
    b.kernel->time.instructions = TB_MMA_NATIVE;
    b.kernel->time.pass[TB_PASS_FORWARD].sync_smem = (tb_smem_passes){.q = 1, .kv = 2};
    tb_case item = dense("7680", TB_PASS_FORWARD);
    tb_tile_cycles tile = tb_bench_tile(&b, &item); /* (16,384 + 2 x 16,384) x 2 / 128 */
    tb_assert_close(tile.smem, 768, 1e-12);
    tb_assert_close(tile.plain, 2048 + 0.75 * 768 + 0.75 * 512, 1e-12);
    tb_bench_close(&b);
    b = tb_bench_of("fa2", "h100-sxm");
    b.kernel->time.instructions = TB_MMA_NATIVE;
    tile = tb_bench_tile(&b, &item);
    tb_assert_close(tile.tensor, 1024, 1e-12);
    tb_assert_close(tile.smem, 1280, 1e-12);
    tb_bench_close(&b);
}

static void latency__is_hidden_by_nothing(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("cutlass-hopper-fna", "h100-sxm");
    tb_case item = tb_test_gna("32768", "2048", "255", 3);
    b.values.known[TB_TIME_TILE_LATENCY_CYCLES] = true;
    b.values.value[TB_TIME_TILE_LATENCY_CYCLES] = 720;
    tb_tile_cycles tile = tb_bench_tile(&b, &item);
    tb_assert_close(tile.latency, 720, 0);
    tb_assert_close(tile.plain, 2816 + 720, 1e-12); /* as test_time_tile.c works out */
    tb_assert_close(tile.masked, 4060 + 720, 1e-12);
    tb_test_set(b.device, "smem_bandwidth_bytes_per_clk_per_sm=8"); /* 8,192 clocks */
    tb_assert_close(tb_bench_tile(&b, &item).plain, 8192 + 720, 1e-12);
    assert_int_equal(tb_bench_time(&b, &item).limiter, TB_LIMITER_SMEM);
    b.values.value[TB_TIME_TILE_LATENCY_CYCLES] = 96000; /* much more than shared memory takes */
    assert_int_equal(tb_bench_time(&b, &item).limiter, TB_LIMITER_LATENCY);
    b.values.known[TB_TIME_TILE_LATENCY_CYCLES] = false; /* a kernel need not say */
    tb_assert_close(tb_bench_tile(&b, &item).latency, 0, 0);
    tb_bench_close(&b);
}

/* 6,400 tokens, window 640, 3 heads: 4,096,000 visible pairs a head, attention weights of 8,192,000
 * bytes. Tiles of 64 x 64: 64 x 64 x 512 FLOP at 2,048 a clock are 1,024 clocks; the softmax is a
 * launch of its own, so that exponentials and masks are not part of it. */
static void unfused_kernels__pass_weights_through_memory(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("na-unfused", "a100-80");
    tb_test_set(b.device, "measured_l2_read_gb_per_s=1000000");
    tb_test_set(b.device, "measured_dram_read_gb_per_s=1000");
    tb_test_set(b.device, "memory_bandwidth_gb_per_s=2000");
    tb_test_set(b.device, "measured_launch_us=3");
    tb_case item = tb_test_gna("6400", "640", NULL, 3);
    tb_time time = tb_bench_time(&b, &item);
    tb_assert_close(time.tile.tensor, 1024, 1e-12);
    tb_assert_close(time.tile.exp, 0, 0);
    tb_assert_close(time.tile.mask, 0, 0);
    tb_assert_close(time.tile.plain, 1024, 1e-12);
    tb_assert_close(time.tile.masked, 1024, 1e-12);
    /* Q, K, V, O of 6,400 x 3 x 512 x 2 bytes; weights written and read between the products */
    tb_assert_close(time.hbm_us, (19660800 + 2 * 3 * 8192000) / 2000e9 * 1e6, 1e-12);
    /* and read and written by the softmax: 49,152,000 bytes at 1,000 GB/s, 3 us to start */
    tb_assert_close(time.side_us[TB_SIDE_SCORES], 49.152 + 3, 1e-12);
    tb_assert_close(time.launch_us, 10, 1e-12); /* a launch a product */
    /* Q read and O written when a CTA computes nothing: 9,830,400 bytes at 2,000 GB/s */
    tb_assert_close(time.exposed_us, 4.9152, 1e-12);
    double makespan_us = time.schedule.makespan / time.clock_mhz + 4.9152;
    assert_true(makespan_us > time.hbm_us);
    tb_assert_close(time.attention_us, makespan_us + 10 + 52.152, 1e-12);
    tb_bench_close(&b);
}

/* A naive kernel computes the visible pairs alone: 512 FLOP each on 128 lanes of 2 FLOP at half
 * their rate are 4 clocks, whatever the tiles; their keys and values are 512 bytes through L1, 4
 * clocks too. An unfused one computes whole tiles. */
static void naive_kernels__compute_visible_pairs_alone(void **state)
{
    (void)state;
    static const char *const tiles[] = {"64", "32", "128"};
    tb_bench naive = tb_bench_of("na-naive", "h100-sxm"),
             unfused = tb_bench_of("na-unfused", "h100-sxm");
    double last = 0;
    for (int i = 0; i < 3; i++) {
        tb_case item = tb_test_gna("6400", "640", NULL, 3);
        tb_test_tiles(&item, tiles[i], tiles[i]);
        tb_time time = tb_bench_time(&naive, &item);
        tb_assert_close(time.tile_cycles, 3 * 4096000 * 4.0 * (double)time.occupancy, 1e-12);
        tb_assert_close(time.tile.tensor, 0, 0);
        tb_assert_close(time.side_us[TB_SIDE_SCORES], 2 * 3 * 8192000 / 3352e9 * 1e6 + 2.5, 1e-12);
        double other = tb_bench_time(&unfused, &item).tile_cycles;
        assert_true(other != last);
        last = other;
    }
    tb_case item = tb_test_gna("6400", "640", NULL, 3), half = tb_test_gna("6400", "320", NULL, 3);
    tb_assert_close(tb_bench_time(&naive, &half).tile_cycles,
                    tb_bench_time(&naive, &item).tile_cycles / 2, 1e-12);
    tb_bench_close(&naive);
    tb_bench_close(&unfused);
}

static void assert_no_backward(const tb_bench *b, const tb_timed_case *timed)
{
    tb_tile_cycles tile = {.plain = 72};
    tb_error err;
    tb_assert_fails(tb_time_tile_cycles(&timed->time, &b->values, &tile, &err), &err, TB_EINVAL,
                    "has no time model of the backward pass; add `backward` to the time section");
    assert_true(tile.plain == 72); /* left alone */
}

static void backward_passes__need_a_model_of_their_own(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("fa4", "b200");
    tb_case item = dense("7680", TB_PASS_BACKWARD);
    tb_timed_case timed;
    tb_timed_open(&item, b.kernel, b.device, &timed);
    b.kernel->time.has_backward = false;
    assert_no_backward(&b, &timed);
    b.kernel->time.has_backward = true;
    b.kernel->time.kind = TB_CLASS_UNFUSED;
    assert_no_backward(&b, &timed);
    tb_timed_close(&timed);
    tb_bench_close(&b);
}

TB_TESTS(cmocka_unit_test(a_backward_tile__is_that_of_flash_attention_4),
         cmocka_unit_test(a_backward_tile__counts_the_products_of_either_dim),
         cmocka_unit_test(a_backward_tile__moves_dq_through_l2),
         cmocka_unit_test(exponentials__may_run_on_fma_pipes),
         cmocka_unit_test(operand_loads__add_up_where_the_same_warps_load),
         cmocka_unit_test(native_instructions__are_those_of_the_device),
         cmocka_unit_test(latency__is_hidden_by_nothing),
         cmocka_unit_test(unfused_kernels__pass_weights_through_memory),
         cmocka_unit_test(naive_kernels__compute_visible_pairs_alone),
         cmocka_unit_test(backward_passes__need_a_model_of_their_own));
