/* The time of a launch, worked out by hand: schedule, clock, HBM, permutation, limiter, basis. */
#include "timed_case.h"

#include "test_support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A kernel on a device, and the parameters of tb_test_values(). */
typedef struct bench {
    tb_kernel *kernel;
    tb_device *device;
    tb_time_values values;
} bench;

static bench h100(void)
{
    return (bench){.kernel = tb_test_kernel("cutlass-hopper-fna"),
                   .device = tb_test_device("h100-sxm"),
                   .values = tb_test_values()};
}

static void close_bench(bench *b)
{
    tb_kernel_destroy(b->kernel);
    tb_device_destroy(b->device);
}

static tb_time time_of(const bench *b, const tb_case *item)
{
    return tb_timed_once(item, b->kernel, b->device, &b->values);
}

/* 32,768 tokens, window 2,048, stride 256, head dim 128: 256 query tiles of 16 KV tiles each, none
 * masked (NATTEN's rule), 2,816 cycles a tile. A CTA takes 2,200 + 16 x 2,816 = 47,256 cycles, the
 * 256 of them on 132 SMs two waves: 94,512 cycles, at 1,980 MHz 47.73 us, and 5 us of launch. Q is
 * read and O written when a CTA computes nothing: 16,777,216 bytes at 3,352 GB/s, 5.005 us. */
#define EXPOSED_US (16777216 / 3352e3)

static void a_launch__is_waves_of_ctas(void **state)
{
    (void)state;
    bench b = h100();
    tb_case item = tb_test_gna("32768", "2048", "256", 1);
    tb_time time = time_of(&b, &item);
    assert_int_equal(time.schedule.ctas, 256);
    assert_int_equal(time.schedule.slots, 132);
    assert_int_equal(time.schedule.waves, 2);
    tb_assert_close(time.schedule.makespan, 94512, 1e-12);
    tb_assert_close(time.schedule.busy, 256 * 47256.0, 1e-12);
    tb_assert_close(time.clock_mhz, 1980, 1e-12);
    tb_assert_close(time.exposed_us, EXPOSED_US, 1e-12);
    tb_assert_close(time.attention_us, 94512 / 1980.0 + EXPOSED_US + 5, 1e-12);
    tb_assert_close(time.total_us, time.attention_us, 0);
    tb_assert_close(time.launch_us, 5, 0);
    tb_assert_close(time.tensor_cycles, 256 * 16 * 2048.0, 1e-12);
    tb_assert_close(time.plain_cycles, 256 * 16 * 2816.0, 1e-12);
    tb_assert_close(time.tile_cycles, time.plain_cycles, 1e-12);
    assert_int_equal(time.limiter, TB_LIMITER_TENSOR);
    close_bench(&b);
}

/* Stride 255 is not fully block-sparse, and NATTEN's kernel then masks every visited tile. */
static void a_masked_launch__pays_for_every_visited_tile(void **state)
{
    (void)state;
    bench b = h100();
    tb_case item = tb_test_gna("32768", "2048", "255", 1);
    tb_timed_case timed;
    tb_timed_open(&item, b.kernel, b.device, &timed);
    tb_time time = tb_timed_run(&timed, &b.values);
    double visited = (double)timed.prediction.census.visited;
    double full = (double)timed.prediction.census.full;
    assert_true(visited > full && full > 0);
    tb_assert_close(time.plain_cycles, visited * 2816, 1e-12);
    tb_assert_close(time.tile_cycles, visited * 4060, 1e-12);
    b.kernel->mask = TB_MASK_PARTIAL_ONLY; /* with it, only the partial ones do */
    time = tb_timed_run(&timed, &b.values);
    tb_assert_close(time.tile_cycles, full * 2816 + (visited - full) * 4060, 1e-12);
    timed.time.masks = NULL; /* a policy that is undefined here: the same */
    b.kernel->mask = TB_MASK_NATTEN;
    time = tb_timed_run(&timed, &b.values);
    tb_assert_close(time.tile_cycles, full * 2816 + (visited - full) * 4060, 1e-12);
    tb_timed_close(&timed);
    close_bench(&b);
}

/* Two CTAs of an SM take twice as long each, and 256 of them are one wave on 264 slots: 2,200 + 2 x
 * 16 x 2,816 = 92,312 cycles. */
static void occupancy__shares_an_sm(void **state)
{
    (void)state;
    bench b = h100();
    b.kernel->time.occupancy = 2;
    tb_case item = tb_test_gna("32768", "2048", "256", 1);
    tb_time time = time_of(&b, &item);
    assert_int_equal(time.schedule.slots, 264);
    assert_int_equal(time.schedule.waves, 1);
    tb_assert_close(time.schedule.makespan, 92312, 1e-12);
    tb_assert_close(time.tile_cycles, 2 * 256 * 16 * 2816.0, 1e-12);
    close_bench(&b);
}

/* Boost (1,980 MHz) below 1 ms, four fifths of it above 50 ms, by the logarithm in between: sqrt 50
 * ms is half-way, 0.9. A CTA takes 23.87 us, 256 x heads of them on 132 slots: 1,200 heads 55.5 ms.
 */
static void clock__falls_from_one_to_fifty_milliseconds(void **state)
{
    (void)state;
    bench b = h100();
    double last = HUGE_VAL;
    int between = 0;
    for (int64_t heads = 1; heads <= 1200; heads += 27) {
        tb_case item = tb_test_gna("32768", "2048", "256", heads);
        tb_time time = time_of(&b, &item);
        double boost_us = time.schedule.makespan / 1980;
        double part = fmin(fmax(log(boost_us / 1000) / log(50), 0), 1);
        tb_assert_close(time.clock_mhz, 1980 * (1 - 0.2 * part), 1e-12);
        double busy_us = time.schedule.makespan / time.clock_mhz;
        tb_assert_close(time.attention_us, busy_us + (double)heads * EXPOSED_US + 5, 1e-12);
        assert_true(time.clock_mhz <= last);
        between += part > 0 && part < 1;
        last = time.clock_mhz;
    }
    assert_true(between > 30);
    tb_assert_close(last, 1584, 1e-12);
    close_bench(&b);
}

/* Q and O: 32,768 x 256 x 2 = 16,777,216 bytes, K and V as much, which 50 MiB of L2 hold. At 1 GB/s
 * 33,554.432 us. With 1 MiB of L2 each of 256 / 132 waves reads its KV tiles again: the one in the
 * middle has query tiles 62 to 193, two a stride group, of which group g visits KV tiles 2 g - 7 to
 * 2 g + 8: 55 to 200 in all, 146 tiles of 65,536 bytes. Not counted, its 132 x 16 visits are as
 * many tiles, and K and V are read whole by each wave. */
static void hbm__bounds_the_time_of_a_slow_memory(void **state)
{
    (void)state;
    bench b = h100();
    tb_case item = tb_test_gna("32768", "2048", "256", 1);
    tb_test_set(b.device, "memory_bandwidth_gb_per_s=1");
    tb_time time = time_of(&b, &item);
    assert_int_equal(time.limiter, TB_LIMITER_HBM);
    tb_assert_close(time.hbm_us, 33554.432, 1e-12);
    tb_assert_close(time.attention_us, 33554.432 + 5, 1e-12);
    tb_test_set(b.device, "l2_size_mib=1");
    tb_timed_case timed;
    tb_timed_open(&item, b.kernel, b.device, &timed);
    assert_int_equal(timed.time.wave_kv_tiles, 146);
    tb_assert_close(tb_timed_run(&timed, &b.values).hbm_us, 16777.216 + 256 / 132.0 * 146 * 65.536,
                    1e-12);
    timed.time.wave_kv_tiles = 0;
    tb_assert_close(tb_timed_run(&timed, &b.values).hbm_us, (1 + 256 / 132.0) * 16777.216, 1e-12);
    tb_timed_close(&timed);
    item.problem.extra_kv = item.problem.extra_q = 1024; /* 1/32 more of everything */
    tb_test_set(b.device, "l2_size_mib=50");
    tb_assert_close(time_of(&b, &item).hbm_us, 33554.432 * 33 / 32, 1e-12);
    item = tb_test_gna("32768", "2048", "256", 6); /* six query heads, two of keys and values */
    item.problem.heads_kv = 2;
    item.problem.batch = 3;
    tb_assert_close(time_of(&b, &item).hbm_us, (18 + 6) * 16777.216, 1e-12);
    close_bench(&b);
}

/* Q, K, V, O of 256 x 256 tokens, 24 heads, head dim 128, bf16: 65,536 x 24 x 512 x 2 bytes, read
 * and written: 3,221,225,472, at a quarter of 3,352 GB/s 3,843.9 us. */
static void permutation__moves_every_token_twice(void **state)
{
    (void)state;
    bench b = h100();
    tb_case item = tb_test_gna("256x256", "80x80", NULL, 24);
    tb_time time = time_of(&b, &item);
    tb_assert_close(time.permute_us, 3221225472.0 / (0.25 * 3352e9) * 1e6, 1e-12);
    tb_assert_close(time.total_us, time.attention_us + time.permute_us, 1e-12);
    item.problem.heads_kv = 6; /* (24 + 6) / 48 of the bytes */
    tb_assert_close(time_of(&b, &item).permute_us, time.permute_us * 30 / 48, 1e-12);
    close_bench(&b);
}

static void permutation__is_free_where_tokens_stay(void **state)
{
    (void)state;
    bench b = h100();
    tb_case item = tb_test_gna("32768", "2048", NULL, 4);
    tb_assert_close(time_of(&b, &item).permute_us, 0, 0);
    item.pattern.dilation[0] = 3; /* dilation groups are gathered */
    assert_true(time_of(&b, &item).permute_us > 0);
    item = tb_test_gna("256x256", "80x80", NULL, 1);
    assert_true(time_of(&b, &item).permute_us > 0);
    b.kernel->permutation = TB_PERMUTE_NONE;
    b.values.known[TB_TIME_PERMUTE_FRACTION] = false; /* and no fraction is asked for */
    tb_assert_close(time_of(&b, &item).permute_us, 0, 0);
    b.kernel->permutation = TB_PERMUTE_COPY;
    b.values.known[TB_TIME_PERMUTE_FRACTION] = true;
    item = tb_test_gna("64x64", "20x20", NULL, 1);
    item.tiling.has_kind = true;
    item.tiling.kind = TB_TILING_SINGLE_DIM;
    tb_test_tiles(&item, "128", "128");
    tb_assert_close(time_of(&b, &item).permute_us, 0, 0);
    close_bench(&b);
}

/* What is largest limits: one thing at a time is made slow. */
static void limiter__is_what_takes_longest(void **state)
{
    (void)state;
    static const struct {
        const char *set;
        tb_limiter want;
    } rows[] = {{"tdp_w=700", TB_LIMITER_TENSOR},
                {"mufu_ex2_per_clk_per_sm=4", TB_LIMITER_EXP},
                {"fp32_fma_lanes_per_sm=8", TB_LIMITER_ALU},
                {"smem_bandwidth_bytes_per_clk_per_sm=2", TB_LIMITER_SMEM},
                {"measured_l2_read_gb_per_s=100", TB_LIMITER_L2},
                {"memory_bandwidth_gb_per_s=10", TB_LIMITER_HBM}};
    tb_case item = tb_test_gna("32768", "2048", "256", 4);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bench b = h100();
        tb_test_set(b.device, rows[i].set);
        assert_string_equal(tb_limiter_names[time_of(&b, &item).limiter],
                            tb_limiter_names[rows[i].want]);
        close_bench(&b);
    }
    bench b = h100();
    b.values.value[TB_TIME_LAUNCH_US] = 1000;
    assert_int_equal(time_of(&b, &item).limiter, TB_LIMITER_LAUNCH);
    b.values.value[TB_TIME_LAUNCH_US] = 5;
    b.values.value[TB_TIME_MASK_CYCLES] = 9600; /* masking is ALU work, where tiles are masked */
    assert_int_equal(time_of(&b, &item).limiter, TB_LIMITER_TENSOR);
    item.pattern.stride[0] = 1;
    assert_int_equal(time_of(&b, &item).limiter, TB_LIMITER_ALU);
    item = tb_test_gna("4096", "1024", "256", 1); /* 32 CTAs: 100 of 132 SMs wait for them */
    assert_int_equal(time_of(&b, &item).limiter, TB_LIMITER_LATENCY);
    close_bench(&b);
}

static tb_basis basis_on(const char *kernel_name, const char *device_name, const char *set)
{
    tb_kernel *kernel = tb_test_kernel(kernel_name);
    tb_device *device = tb_test_device(device_name);
    if (set != NULL) {
        tb_test_set(device, set);
    }
    tb_case item = tb_test_gna("32768", "2048", NULL, 1);
    tb_time_values values = tb_time_values_of(kernel, device);
    tb_basis basis = tb_timed_once(&item, kernel, device, &values).basis;
    tb_kernel_destroy(kernel);
    tb_device_destroy(device);
    return basis;
}

static void basis__says_how_far_to_trust(void **state)
{
    (void)state;
    assert_int_equal(basis_on("cutlass-hopper-fna", "h100-sxm", NULL), TB_BASIS_CALIBRATED);
    assert_int_equal(basis_on("cutlass-hopper-fna", "h200", NULL), TB_BASIS_UNCALIBRATED);
    /* its SMs are assumed, or given by the user */
    assert_int_equal(basis_on("cutlass-blackwell-fna", "b300", NULL), TB_BASIS_ASSUMED);
    assert_int_equal(basis_on("cutlass-blackwell-fna", "b300", "sm_count=148"),
                     TB_BASIS_UNCALIBRATED);
    /* its values were taken over from the h100-sxm */
    assert_int_equal(basis_on("cutlass-hopper-fna", "h800", NULL), TB_BASIS_ASSUMED);
}

/* Whichever of the values that a time rests on is assumed. */
static void basis__is_assumed_where_any_value_is(void **state)
{
    (void)state;
    static const tb_device_key used[] = {TB_DEVICE_SM_COUNT,
                                         TB_DEVICE_CLOCK_BOOST_MHZ,
                                         TB_DEVICE_TENSOR_FP16_FLOP_PER_CLK_PER_SM,
                                         TB_DEVICE_MUFU_EX2_PER_CLK_PER_SM,
                                         TB_DEVICE_FP32_FMA_LANES_PER_SM,
                                         TB_DEVICE_SMEM_BANDWIDTH_BYTES_PER_CLK_PER_SM,
                                         TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S,
                                         TB_DEVICE_L2_SIZE_MIB,
                                         TB_DEVICE_MEASURED_L2_READ_GB_PER_S,
                                         TB_DEVICE_SUSTAINED_CLOCK_FRACTION};
    tb_kernel *kernel = tb_test_kernel("cutlass-hopper-fna");
    tb_device *device = tb_test_device("h200"); /* of which there is no fit */
    tb_case item = tb_test_gna("256x256", "80x80", NULL, 24);
    tb_test_set(device, "sustained_clock_fraction=0.85");
    tb_test_set(device, "measured_l2_read_gb_per_s=9900");
    for (size_t k = 0; k < sizeof used / sizeof *used; k++) {
        tb_value_origin was = device->values[used[k]].origin;
        device->values[used[k]].origin = TB_VALUE_ASSUMED;
        tb_time_values values = tb_time_values_of(kernel, device);
        if (tb_timed_once(&item, kernel, device, &values).basis != TB_BASIS_ASSUMED) {
            fail_msg("%s is assumed, and the time does not say so", tb_device_value_names[used[k]]);
        }
        device->values[used[k]].origin = was;
    }
    tb_time_values values = tb_time_values_of(kernel, device);
    assert_int_equal(tb_timed_once(&item, kernel, device, &values).basis, TB_BASIS_UNCALIBRATED);
    tb_kernel_destroy(kernel);
    tb_device_destroy(device);
}

static void assert_refused(const tb_timed_case *timed, const tb_time_values *values,
                           const char *part)
{
    tb_time time = {.attention_us = 72};
    tb_error err;
    tb_assert_fails(tb_time_predict(&timed->time, values, &time, &err), &err, TB_EINVAL, part);
    assert_true(time.attention_us == 72); /* left alone */
}

static void unknown_facts__are_named(void **state)
{
    (void)state;
    static const tb_device_key needed[] = {TB_DEVICE_SM_COUNT, TB_DEVICE_CLOCK_BOOST_MHZ,
                                           TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S,
                                           TB_DEVICE_FP32_FMA_LANES_PER_SM};
    bench b = h100();
    tb_case item = tb_test_gna("30x48x80", "18x24x24", NULL, 1);
    tb_timed_case timed;
    tb_timed_open(&item, b.kernel, b.device, &timed);
    for (size_t k = 0; k < sizeof needed / sizeof *needed; k++) {
        char give[96];
        (void)snprintf(give, sizeof give, "give it with --set %s=NUMBER",
                       tb_device_value_names[needed[k]]);
        b.device->values[needed[k]].origin = TB_VALUE_UNKNOWN;
        assert_refused(&timed, &b.values, give);
        b.device->values[needed[k]].origin = TB_VALUE_KNOWN;
    }
    for (int p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        if (tb_time_parameters[p].is_optional) {
            continue;
        }
        b.values.known[p] = false;
        if (tb_time_parameters[p].is_optional) {
            assert_true(tb_timed_run(&timed, &b.values).attention_us > 0);
        } else {
            assert_refused(&timed, &b.values, "neither a prior nor a fit of ");
            assert_refused(&timed, &b.values, tb_time_parameters[p].name);
        }
        b.values.known[p] = true;
    }
    tb_timed_close(&timed);
    close_bench(&b);
}

/* What a kernel without priors of them is spared: each term on its own. */
static void optional_terms__change_a_time_as_they_say(void **state)
{
    (void)state;
    bench b = h100();
    tb_case item = tb_test_gna("30x48x80", "18x24x24", NULL, 1);
    tb_timed_case timed;
    tb_tile_cycles plain, other;
    tb_time before, after;
    tb_error err;
    tb_timed_open(&item, b.kernel, b.device, &timed);
    b.values.value[TB_TIME_OVERLAP] = 0;
    tb_assert_ok(tb_time_tile_cycles(&timed.time, &b.values, &plain, &err), &err);
    tb_assert_ok(tb_time_predict(&timed.time, &b.values, &before, &err), &err);
    assert_true(before.side_us[TB_SIDE_PACK] == 0);
    b.values.known[TB_TIME_TENSOR_FRACTION] = true;
    b.values.value[TB_TIME_TENSOR_FRACTION] = 0.8;
    b.values.known[TB_TIME_SOFTMAX_FACTOR] = true;
    b.values.value[TB_TIME_SOFTMAX_FACTOR] = 1.5;
    tb_assert_ok(tb_time_tile_cycles(&timed.time, &b.values, &other, &err), &err);
    tb_assert_close(other.tensor, plain.tensor / 0.8, 1e-9);
    double softmax = plain.plain - plain.tensor;
    tb_assert_close(other.plain, plain.tensor / 0.8 + 1.5 * softmax, 1e-9);
    b.values.known[TB_TIME_TENSOR_FRACTION] = b.values.known[TB_TIME_SOFTMAX_FACTOR] = false;
    b.values.known[TB_TIME_PACK_FRACTION] = true;
    b.values.value[TB_TIME_PACK_FRACTION] = 0.25;
    tb_assert_ok(tb_time_predict(&timed.time, &b.values, &after, &err), &err);
    /* 115200 tokens, 2 x 128 numbers, read as bf16 and written as fp32 */
    double bandwidth = tb_device_get(b.device, TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S, 0);
    tb_assert_close(after.side_us[TB_SIDE_PACK], 115200.0 * 256 * 6 / (bandwidth * 1e3 * 0.25),
                    1e-9);
    tb_assert_close(after.attention_us, before.attention_us + after.side_us[TB_SIDE_PACK], 1e-9);
    tb_timed_close(&timed);
    item = tb_test_gna("30x48x80", "18x24x24", NULL, 3); /* heads: their rows lie apart */
    tb_timed_open(&item, b.kernel, b.device, &timed);
    tb_assert_ok(tb_time_predict(&timed.time, &b.values, &before, &err), &err);
    b.values.known[TB_TIME_GAP_FACTOR] = true;
    b.values.value[TB_TIME_GAP_FACTOR] = 1.7;
    tb_assert_ok(tb_time_predict(&timed.time, &b.values, &after, &err), &err);
    tb_assert_close(after.side_us[TB_SIDE_PACK], 1.7 * before.side_us[TB_SIDE_PACK], 1e-9);
    double more = after.schedule.busy - before.schedule.busy;
    double prologues = 0.7 * b.values.value[TB_TIME_PROLOGUE_CYCLES] * (double)before.schedule.ctas;
    tb_assert_close(more, prologues, 1e-9);
    tb_timed_close(&timed);
    close_bench(&b);
}

/* 11 x 21 x 19 in tiles of 4 x 4 x 8: 3 x 6 x 3 tiles, whose mean real extents are 11/3, 21/6 and
 * 19/3: the last real row is number (11/3 - 1) 32 + (21/6 - 1) 8 + 19/3 = 111.67 of 128. */
static void trimmed_rows__are_those_up_to_the_last_real_one(void **state)
{
    (void)state;
    bench b = h100();
    tb_case item = tb_test_gna("11x21x19", "5x11x9", NULL, 1);
    tb_timed_case timed;
    tb_tile_cycles whole, trimmed;
    tb_error err;
    item.tiling =
        (tb_tiling_request){.q_dims = 3, .kv_dims = 3, .q_tile = {4, 4, 8}, .kv_tile = {4, 4, 8}};
    tb_timed_open(&item, b.kernel, b.device, &timed);
    tb_assert_ok(tb_time_tile_cycles(&timed.time, &b.values, &whole, &err), &err);
    b.kernel->time.trims_rows = true;
    tb_assert_ok(tb_time_tile_cycles(&timed.time, &b.values, &trimmed, &err), &err);
    double rows = (11.0 / 3 - 1) * 32 + (21.0 / 6 - 1) * 8 + 19.0 / 3;
    tb_assert_close(trimmed.tensor, whole.tensor * rows / 128, 1e-9);
    tb_assert_close(trimmed.exp, whole.exp * rows / 128, 1e-9);
    tb_timed_close(&timed);
    close_bench(&b);
}

/* On a processor one thread does all rows of a query tile, so that cycles grow with it. */
static void stated_sizes__scale_masks_and_prologues(void **state)
{
    (void)state;
    bench b = h100();
    tb_case item = tb_test_gna("30x48x80", "18x24x24", NULL, 1);
    tb_timed_case timed;
    tb_tile_cycles plain, grown;
    tb_error err;
    tb_timed_open(&item, b.kernel, b.device, &timed);
    double rows = (double)tb_tiling_q_tokens(timed.time.tiling, &timed.time.problem->layout);
    tb_assert_ok(tb_time_tile_cycles(&timed.time, &b.values, &plain, &err), &err);
    b.kernel->time.stated_rows = rows / 3;
    tb_assert_ok(tb_time_tile_cycles(&timed.time, &b.values, &grown, &err), &err);
    tb_assert_close(grown.mask, 3 * plain.mask, 1e-9);
    tb_assert_close(grown.tensor, plain.tensor, 1e-12);
    b.kernel->time.stated_rows = 0;
    tb_time before, after;
    tb_assert_ok(tb_time_predict(&timed.time, &b.values, &before, &err), &err);
    b.kernel->time.stated_dims = 64; /* of 256: four times the prologue */
    tb_assert_ok(tb_time_predict(&timed.time, &b.values, &after, &err), &err);
    double more = after.schedule.busy - before.schedule.busy;
    double prologues = 3 * b.values.value[TB_TIME_PROLOGUE_CYCLES] * (double)before.schedule.ctas;
    tb_assert_close(more, prologues, 1e-9);
    tb_timed_close(&timed);
    close_bench(&b);
}

TB_TESTS(cmocka_unit_test(trimmed_rows__are_those_up_to_the_last_real_one),
         cmocka_unit_test(optional_terms__change_a_time_as_they_say),
         cmocka_unit_test(stated_sizes__scale_masks_and_prologues),
         cmocka_unit_test(a_launch__is_waves_of_ctas),
         cmocka_unit_test(a_masked_launch__pays_for_every_visited_tile),
         cmocka_unit_test(occupancy__shares_an_sm),
         cmocka_unit_test(clock__falls_from_one_to_fifty_milliseconds),
         cmocka_unit_test(hbm__bounds_the_time_of_a_slow_memory),
         cmocka_unit_test(permutation__moves_every_token_twice),
         cmocka_unit_test(permutation__is_free_where_tokens_stay),
         cmocka_unit_test(limiter__is_what_takes_longest),
         cmocka_unit_test(basis__says_how_far_to_trust),
         cmocka_unit_test(basis__is_assumed_where_any_value_is),
         cmocka_unit_test(unknown_facts__are_named));
