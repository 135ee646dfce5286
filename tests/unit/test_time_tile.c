/* What one visited tile costs, worked out by hand from the rates of a device. */
#include "timed_case.h"

#include "test_support.h"

#include <math.h>

/* The same of another dtype, which the kernel need not run. */
static tb_tile_cycles tile_as(const tb_bench *b, const tb_case *item, tb_dtype dtype)
{
    tb_timed_case timed;
    tb_timed_open(item, b->kernel, b->device, &timed);
    timed.prediction.problem.dtype = dtype;
    tb_tile_cycles cycles = tb_timed_tile(&timed, &b->values);
    tb_timed_close(&timed);
    return cycles;
}

/* 128 x 128 pairs of 2 (128 + 128) FLOP are 8,388,608, at 4,096 a clock 2,048 clocks. 16,384
 * exponentials at 16: 1,024. 3.5 instructions a score over 128 lanes: 448, beside the exponentials.
 * 128 keys of 256 elements of 2 bytes through shared memory at 128 bytes a clock: 512.
 * Plain, overlap 0.25: 2048 + 0.75 1024 = 2816. Masked: softmax 1024 + 1500 = 2524 is the larger,
 * 2524 + 0.75 2048 = 4060. */
static void h100_tile__is_as_worked_out_by_hand(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("cutlass-hopper-fna", "h100-sxm");
    tb_case item = tb_test_gna("32768", "2048", "256", 3);
    tb_tile_cycles tile = tb_bench_tile(&b, &item);
    tb_assert_close(tile.tensor, 2048, 1e-12);
    tb_assert_close(tile.exp, 1024, 1e-12);
    tb_assert_close(tile.alu, 448, 1e-12);
    tb_assert_close(tile.smem, 512, 1e-12);
    tb_assert_close(tile.l2, 0, 0); /* its L2 bandwidth is unknown */
    tb_assert_close(tile.mask, 1500, 1e-12);
    tb_assert_close(tile.plain, 2816, 1e-12);
    tb_assert_close(tile.masked, 4060, 1e-12);
    item = tb_test_gna("256x256", "80x80", NULL, 24); /* masks cost the same in 2-D */
    tb_assert_close(tb_bench_tile(&b, &item).masked, 4060, 1e-12);
    item = tb_test_gna("30x48x80", "18x24x24", NULL, 24); /* and half as much again in 3-D */
    tile = tb_bench_tile(&b, &item);
    tb_assert_close(tile.mask, 2250, 1e-12);
    tb_assert_close(tile.plain, 2816, 1e-12);
    tb_assert_close(tile.masked, 1024 + 2250 + 0.75 * 2048, 1e-12);
    tb_bench_close(&b);
}

/* 256 x 128 pairs at 8,192 FLOP a clock: 2,048 clocks; 32,768 exponentials at 16: as many. */
static void b200_tile__is_as_worked_out_by_hand(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("cutlass-blackwell-fna", "b200");
    tb_case item = tb_test_gna("32768", "2048", "256", 3);
    tb_tile_cycles tile = tb_bench_tile(&b, &item);
    tb_assert_close(tile.tensor, 2048, 1e-12);
    tb_assert_close(tile.exp, 2048, 1e-12);
    tb_assert_close(tile.alu, 896, 1e-12);
    tb_assert_close(tile.smem, 512, 1e-12);
    tb_assert_close(tile.mask, 1500, 1e-12);
    tb_assert_close(tile.plain, 3584, 1e-12);                       /* 2048 + 0.75 2048 */
    tb_assert_close(tile.masked, 2048 + 1500 + 0.75 * 2048, 1e-12); /* 5084 */
    tb_bench_close(&b);
}

/* Head dim 256 has KV tiles of 64 keys: half the pairs at twice the FLOP, half the mask. */
static void mask__is_by_the_columns_of_a_tile(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("cutlass-hopper-fna", "h100-sxm");
    tb_case item = tb_test_gna("32768", "2048", NULL, 3);
    item.problem.dim = item.problem.dim_value = 256;
    tb_tile_cycles tile = tb_bench_tile(&b, &item);
    tb_assert_close(tile.tensor, 2048, 1e-12);
    tb_assert_close(tile.exp, 512, 1e-12);
    tb_assert_close(tile.mask, 750, 1e-12);
    tb_bench_close(&b);
}

static void fp8__halves_products_and_bytes_alone(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("cutlass-blackwell-fna", "b200");
    tb_test_set(b.device, "measured_l2_read_gb_per_s=9900");
    tb_case item = tb_test_gna("30x48x80", "18x24x24", NULL, 24);
    tb_tile_cycles bf16 = tb_bench_tile(&b, &item);
    for (int i = 0; i < 2; i++) {
        item.problem.dtype = i == 0 ? TB_DTYPE_E4M3 : TB_DTYPE_E5M2;
        tb_tile_cycles fp8 = tb_bench_tile(&b, &item);
        tb_assert_close(fp8.tensor, bf16.tensor / 2, 1e-12);
        tb_assert_close(fp8.smem, bf16.smem / 2, 1e-12);
        tb_assert_close(fp8.l2, bf16.l2 / 2, 1e-12);
        tb_assert_close(fp8.exp, bf16.exp, 0);
        tb_assert_close(fp8.alu, bf16.alu, 0);
        tb_assert_close(fp8.mask, bf16.mask, 0);
    }
    item.problem.dtype = TB_DTYPE_FP16;
    tb_tile_cycles fp16 = tb_bench_tile(&b, &item);
    assert_memory_equal(&fp16, &bf16, sizeof fp16);
    tb_bench_close(&b);
}

/* 8,388,608 FLOP over 128 lanes of 2 FLOP. */
static void fp32__runs_on_cuda_cores(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("cutlass-hopper-fna", "h100-sxm");
    tb_test_set(b.device, "tensor_fp16_flop_per_clk_per_sm=1");
    tb_case item = tb_test_gna("32768", "2048", NULL, 3);
    tb_tile_cycles tile = tile_as(&b, &item, TB_DTYPE_FP32);
    tb_assert_close(tile.tensor, 32768, 1e-12);
    tb_assert_close(tile.smem, 1024, 1e-12);
    tb_bench_close(&b);
}

/* 96 is padded to 128, in products and in shared memory: 128 x 256 x 2 bytes at 128 a clock. */
static void padded_head_dims__cost_what_the_padding_costs(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("cutlass-hopper-fna", "h100-sxm");
    tb_case item = tb_test_gna("32768", "2048", NULL, 3);
    item.problem.dim = item.problem.dim_value = 96;
    tb_tile_cycles tile = tb_bench_tile(&b, &item);
    tb_assert_close(tile.tensor, 2048, 1e-12);
    tb_assert_close(tile.smem, 512, 1e-12);
    item.problem.dim = 72; /* of queries and keys; values decide the padding */
    tb_assert_close(tb_bench_tile(&b, &item).tensor, 2048, 1e-12);
    tb_bench_close(&b);
}

/* fa2's tile of 128 x 64 at head dim 128: Q 32 KiB once, K and V 32 KiB once for each warp. */
static void warps__each_load_keys_and_values(void **state)
{
    (void)state;
    static const int64_t hopper[] = {90};
    static const tb_kernel_variant compiled = {TB_DTYPE_BF16, 128, 128,   128,    64,
                                               256,           128, 65536, hopper, 1};
    tb_bench b = tb_bench_of("fa2", "h100-sxm");
    tb_case item = tb_test_gna("32768", "2048", NULL, 3);
    item.pattern.kind = TB_PATTERN_DENSE;
    b.kernel->time.pass[TB_PASS_FORWARD].smem = (tb_smem_passes){.q = 1, .kv_per_warp = 1};
    b.kernel->time.resources.threads = 97; /* four warps: 5 x 32 KiB at 128 bytes a clock */
    tb_assert_close(tb_bench_tile(&b, &item).smem, 1280, 1e-12);
    b.kernel->time.resources.variants = &compiled; /* eight warps: 9 x 32 KiB */
    b.kernel->time.resources.variant_count = 1;
    tb_assert_close(tb_bench_tile(&b, &item).smem, 2304, 1e-12);
    tb_bench_close(&b);
}

static void overlap__goes_from_sum_to_maximum(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("cutlass-hopper-fna", "h100-sxm");
    tb_case item = tb_test_gna("32768", "2048", NULL, 3);
    b.values.value[TB_TIME_OVERLAP] = 0;
    tb_tile_cycles tile = tb_bench_tile(&b, &item);
    tb_assert_close(tile.plain, 2048 + 1024, 1e-12);
    tb_assert_close(tile.masked, 2048 + 1024 + 1500, 1e-12);
    b.values.value[TB_TIME_OVERLAP] = 1;
    tile = tb_bench_tile(&b, &item);
    tb_assert_close(tile.plain, 2048, 1e-12);
    tb_assert_close(tile.masked, 1024 + 1500, 1e-12);
    tb_bench_close(&b);
}

static void softmax__is_the_slower_of_its_two_pipes(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("cutlass-hopper-fna", "h100-sxm");
    tb_case item = tb_test_gna("32768", "2048", NULL, 3);
    b.values.value[TB_TIME_OVERLAP] = 0;
    b.kernel->time.pass[TB_PASS_FORWARD].alu_ops_per_score =
        12; /* 16,384 x 12 / 128 = 1,536, past the exponentials */
    tb_tile_cycles tile = tb_bench_tile(&b, &item);
    tb_assert_close(tile.alu, 1536, 1e-12);
    tb_assert_close(tile.plain, 2048 + 1536, 1e-12);
    b.kernel->time.tensor_efficiency = 0.5;
    tb_assert_close(tb_bench_tile(&b, &item).tensor, 4096, 1e-12);
    tb_bench_close(&b);
}

/* Products that wait take longer, by a part that can be fitted; unknown, it is 1. */
static void products__may_reach_a_part_of_the_rate(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("cutlass-hopper-fna", "h100-sxm");
    tb_case item = tb_test_gna("32768", "2048", NULL, 3);
    b.values.known[TB_TIME_TENSOR_FRACTION] = true;
    b.values.value[TB_TIME_TENSOR_FRACTION] = 0.8;
    tb_tile_cycles tile = tb_bench_tile(&b, &item);
    tb_assert_close(tile.tensor, 2560, 1e-12);
    tb_assert_close(tile.plain, 2560 + 0.75 * 1024, 1e-12);
    b.kernel->time.tensor_efficiency = 0.5; /* both count */
    tb_assert_close(tb_bench_tile(&b, &item).tensor, 5120, 1e-12);
    b.values.known[TB_TIME_TENSOR_FRACTION] = false;
    tb_assert_close(tb_bench_tile(&b, &item).tensor, 4096, 1e-12);
    tb_bench_close(&b);
}

/* 65,536 bytes of K and V at 8 bytes a clock: 8,192 clocks, more than computing takes. L2: 9,900
 * GB/s over 132 SMs at 1,980 MHz are 37.88 bytes a clock and SM: 1,730 clocks. */
static void copies__are_hidden_until_they_are_slower(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("cutlass-hopper-fna", "h100-sxm");
    tb_case item = tb_test_gna("32768", "2048", NULL, 3);
    tb_test_set(b.device, "measured_l2_read_gb_per_s=9900");
    tb_tile_cycles tile = tb_bench_tile(&b, &item);
    tb_assert_close(tile.l2, 65536.0 * 132 * 1980e6 / 9900e9, 1e-12);
    tb_assert_close(tile.plain, 2816, 1e-12);
    tb_test_set(b.device, "smem_bandwidth_bytes_per_clk_per_sm=8");
    tile = tb_bench_tile(&b, &item);
    tb_assert_close(tile.smem, 8192, 1e-12);
    tb_assert_close(tile.plain, 8192, 1e-12);
    tb_assert_close(tile.masked, 8192, 1e-12);
    tb_test_set(b.device, "measured_l2_read_gb_per_s=1000");
    tile = tb_bench_tile(&b, &item);
    tb_assert_close(tile.plain, 65536.0 * 132 * 1980e6 / 1000e9, 1e-12); /* 17,128 */
    tb_bench_close(&b);
}

static void masked_tiles__cost_no_less_than_plain_ones(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    size_t count, checked = 0;
    tb_device **devices = tb_test_devices(&count);
    tb_bench b = tb_bench_of("cutlass-hopper-fna", "h100-sxm");
    tb_case item = tb_test_gna("30x48x80", "18x24x24", NULL, 24);
    tb_timed_case timed;
    tb_timed_open(&item, b.kernel, b.device, &timed);
    for (int i = 0; i < tb_test_cases(2000); i++) {
        tb_tile_cycles tile;
        tb_error err;
        timed.time.device = devices[tb_test_between(random, 0, (int64_t)count - 1)];
        b.values.value[TB_TIME_OVERLAP] = gsl_rng_uniform(random);
        b.values.value[TB_TIME_MASK_CYCLES] = 5000 * gsl_rng_uniform(random);
        b.values.value[TB_TIME_MASK_3D_FACTOR] = 3 * gsl_rng_uniform(random);
        if (tb_time_tile_cycles(&timed.time, &b.values, &tile, &err) == TB_OK) {
            checked++;
            assert_true(tile.masked >= tile.plain);
            assert_true(tile.plain >= fmax(fmax(tile.tensor, tile.exp), tile.smem));
            assert_true(tile.plain <= tile.tensor + fmax(tile.exp, tile.alu) + tile.smem + tile.l2);
        } else {
            assert_int_equal(err.code, TB_EINVAL); /* a value of the device is unknown */
        }
    }
    print_message("%zu tiles\n", checked);
    assert_true(checked > 0);
    tb_timed_close(&timed);
    tb_bench_close(&b);
    tb_test_devices_free(devices, count);
    gsl_rng_free(random);
}

static void unknown_rates__name_the_option_that_gives_them(void **state)
{
    (void)state;
    tb_bench b = tb_bench_of("cutlass-hopper-fna", "h100-sxm");
    tb_device *spark = tb_test_device("dgx-spark");
    tb_case item = tb_test_gna("32768", "2048", NULL, 3);
    tb_timed_case timed;
    tb_tile_cycles tile = {.plain = 72};
    tb_error err;
    tb_timed_open(&item, b.kernel, spark, &timed);
    static const char *const keys[] = {"tensor_fp16_flop_per_clk_per_sm",
                                       "mufu_ex2_per_clk_per_sm"};
    static const char *const gives[] = {"tensor_fp16_flop_per_clk_per_sm=1024",
                                        "mufu_ex2_per_clk_per_sm=16"};
    for (int i = 0; i < 2; i++) {
        tb_assert_fails(tb_time_tile_cycles(&timed.time, &b.values, &tile, &err), &err, TB_EINVAL,
                        "of device dgx-spark is unknown; give it with --set ");
        tb_assert_fails(tb_time_tile_cycles(&timed.time, &b.values, &tile, &err), &err, TB_EINVAL,
                        keys[i]);
        assert_true(tile.plain == 72); /* left alone */
        tb_test_set(spark, gives[i]);
    }
    tb_assert_close(tb_timed_tile(&timed, &b.values).tensor, 8192, 1e-12);
    timed.prediction.problem.dtype = TB_DTYPE_E4M3;
    tb_assert_fails(tb_time_tile_cycles(&timed.time, &b.values, &tile, &err), &err, TB_EINVAL,
                    "tensor_fp8_flop_per_clk_per_sm=NUMBER");
    tb_timed_close(&timed);
    tb_device_destroy(spark);
    tb_bench_close(&b);
}

TB_TESTS(cmocka_unit_test(h100_tile__is_as_worked_out_by_hand),
         cmocka_unit_test(b200_tile__is_as_worked_out_by_hand),
         cmocka_unit_test(mask__is_by_the_columns_of_a_tile),
         cmocka_unit_test(fp8__halves_products_and_bytes_alone),
         cmocka_unit_test(fp32__runs_on_cuda_cores),
         cmocka_unit_test(padded_head_dims__cost_what_the_padding_costs),
         cmocka_unit_test(warps__each_load_keys_and_values),
         cmocka_unit_test(overlap__goes_from_sum_to_maximum),
         cmocka_unit_test(softmax__is_the_slower_of_its_two_pipes),
         cmocka_unit_test(products__may_reach_a_part_of_the_rate),
         cmocka_unit_test(copies__are_hidden_until_they_are_slower),
         cmocka_unit_test(masked_tiles__cost_no_less_than_plain_ones),
         cmocka_unit_test(unknown_rates__name_the_option_that_gives_them));
