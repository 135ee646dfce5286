/* CTAs that an SM holds, by CUDA's rules, worked out by hand. */
#include "time_parts.h"

#include "timed_case.h"

#include "test_support.h"

#include <stdio.h>

/* A kernel with resources, a device, and a case whose tiles are known. */
typedef struct bench {
    tb_kernel *kernel;
    tb_device *device;
    tb_problem problem;
    tb_tiling tiling;
} bench;

/* Head dim 128, bf16, tiles of 128 x 64. */
static bench bench_on(const char *device)
{
    bench b = {.kernel = tb_test_kernel("fa2"),
               .device = tb_test_device(device),
               .problem = tb_problem_default(),
               .tiling = {.kind = TB_TILING_SINGLE_DIM, .q_tile = {128}, .kv_tile = {64}}};
    b.problem.layout = (tb_layout){.rank = 1, .extent = {7200}};
    return b;
}

static void close_bench(bench *b)
{
    tb_kernel_destroy(b->kernel);
    tb_device_destroy(b->device);
}

static int64_t occupancy_of(const bench *b)
{
    int64_t occupancy = 0;
    tb_error err;
    tb_assert_ok(tb_time_occupancy(b->kernel, &b->problem, &b->tiling, b->device, &occupancy, &err),
                 &err);
    return occupancy;
}

static int64_t with(const bench *b, tb_kernel_resources resources)
{
    b->kernel->time.resources = resources;
    b->kernel->time.resources.given = true;
    return occupancy_of(b);
}

/* An H100's SM: 65,536 registers in four partitions, in units of 256 a warp; 228 KiB in units of
 * 128 bytes, 1 KiB of a CTA's its own; 64 warps; 32 CTAs. */
static void registers__go_to_whole_warps_of_a_partition(void **state)
{
    (void)state;
    bench b = bench_on("h100-sxm");
    /* 255 x 32 = 8,160, in units 8,192: two warps a partition, eight an SM, four a CTA */
    assert_int_equal(with(&b, (tb_kernel_resources){.threads = 128, .registers = 255}), 2);
    /* 168 x 32 = 5,376: three warps a partition, though 12.2 of them would fit the whole SM */
    assert_int_equal(with(&b, (tb_kernel_resources){.threads = 128, .registers = 168}), 3);
    /* 100 x 32 = 3,200, in units 3,328: four warps a partition instead of five */
    assert_int_equal(with(&b, (tb_kernel_resources){.threads = 128, .registers = 100}), 4);
    /* 104 x 32 = 3,328: four a partition (4.9), 16 warps, five CTAs of three warps */
    assert_int_equal(with(&b, (tb_kernel_resources){.threads = 96, .registers = 104}), 5);
    /* 97 threads are four warps: four CTAs */
    assert_int_equal(with(&b, (tb_kernel_resources){.threads = 97, .registers = 104}), 4);
    /* three warpgroups of 168 registers fill an SM: twelve warps of 12 */
    assert_int_equal(with(&b, (tb_kernel_resources){.threads = 384, .registers = 168}), 1);
    close_bench(&b);
}

static void warps_and_ctas__are_limited_too(void **state)
{
    (void)state;
    bench b = bench_on("h100-sxm");
    /* 16 registers: 128 warps would fit, 64 may; of five warps each 12 CTAs */
    assert_int_equal(with(&b, (tb_kernel_resources){.threads = 160, .registers = 16}), 12);
    assert_int_equal(with(&b, (tb_kernel_resources){.threads = 32, .registers = 16}), 32);
    tb_test_set(b.device, "max_blocks_per_sm=24");
    assert_int_equal(with(&b, (tb_kernel_resources){.threads = 32, .registers = 16}), 24);
    close_bench(&b);
}

/* Q of 128 x 128 in bf16 is 32 KiB; K and V of 64 x (128 + 128) as much. */
static void shared_memory__is_by_tiles_and_stages(void **state)
{
    (void)state;
    tb_kernel_resources small = {.threads = 128, .registers = 64, .smem_q = 1, .smem_kv = 1};
    bench b = bench_on("h100-sxm");
    assert_int_equal(with(&b, small), 3); /* 228 KiB / (64 + 1) KiB = 3.5 */
    small.smem_kv = 2;                    /* two stages: 228 / 97 = 2.35 */
    assert_int_equal(with(&b, small), 2);
    small.smem_bytes = 16 * 1024; /* 228 / 113 = 2.02 */
    assert_int_equal(with(&b, small), 2);
    small.smem_bytes = 17 * 1024 - 128; /* 228 x 1024 / 116,608 = 2.002 */
    assert_int_equal(with(&b, small), 2);
    small.smem_bytes = 17 * 1024 + 1; /* a unit of 128 bytes past 114 KiB */
    assert_int_equal(with(&b, small), 1);
    small.smem_bytes = 0;
    b.problem.dtype = TB_DTYPE_FP32; /* 192 + 1 KiB */
    assert_int_equal(with(&b, small), 1);
    b.problem.dtype = TB_DTYPE_BF16;
    b.problem.dim = 64; /* 16 + 2 x 24 + 1 = 65 KiB: keys and values are padded each for itself */
    assert_int_equal(with(&b, small), 3);
    b.problem.dim = b.problem.dim_value = 72; /* padded to 96: 24 + 48 + 1 = 73 KiB */
    assert_int_equal(with(&b, small), 3);
    b.tiling.q_tile[0] = 64; /* 12 + 48 + 1 = 61 KiB: 3.7 */
    assert_int_equal(with(&b, small), 3);
    b.tiling.kv_tile[0] = 32; /* 12 + 24 + 1 = 37 KiB: 6.2 */
    assert_int_equal(with(&b, small), 6);
    close_bench(&b);
}

/* 164 KiB of an A100: 2.52. A T4 has 64 KiB, all of which a CTA takes, and keeps none of a CTA's
 * for itself. */
static void devices__hold_what_they_have_room_for(void **state)
{
    (void)state;
    tb_kernel_resources small = {.threads = 128, .registers = 64, .smem_q = 1, .smem_kv = 1};
    bench a100 = bench_on("a100-80"), t4 = bench_on("t4");
    assert_int_equal(with(&a100, small), 2);
    assert_int_equal(with(&t4, small), 1);
    t4.tiling.kv_tile[0] = 32; /* 48 KiB */
    assert_int_equal(with(&t4, small), 1);
    t4.tiling.q_tile[0] = 64; /* 32 KiB */
    assert_int_equal(with(&t4, small), 2);
    close_bench(&a100);
    close_bench(&t4);
}

/* A query tile of 32 tokens whose rows hold four heads has Q of 128 rows, 32 KiB. */
static void packed_heads__take_rows_of_shared_memory(void **state)
{
    (void)state;
    tb_kernel_resources small = {.threads = 128, .registers = 64, .smem_q = 1, .smem_kv = 1};
    bench b = bench_on("h100-sxm");
    b.problem.heads = 8;
    b.problem.heads_kv = 2;
    b.tiling.q_tile[0] = 32;
    assert_int_equal(with(&b, small), 5); /* 8 + 32 + 1 KiB: 5.6 */
    b.kernel->gqa = TB_GQA_PACKED;
    assert_int_equal(with(&b, small), 3); /* 32 + 32 + 1 KiB */
    close_bench(&b);
}

/* The compiled forms of a kernel whose rule (128 threads, 64 registers, 64 KiB) says 3. Its larger
 * tile was compiled for 8.0 and 9.0, with other numbers of registers. */
static const int64_t ampere[] = {80, 86}, hopper[] = {90};
static const tb_kernel_variant compiled[] = {
    {TB_DTYPE_BF16, 192, 128, 128, 64, 256, 168, 100, hopper, 1},
    {TB_DTYPE_BF16, 128, 128, 128, 64, 128, 255, 100, ampere, 2},
    {TB_DTYPE_BF16, 128, 128, 128, 64, 128, 168, 100, hopper, 1},
    {TB_DTYPE_BF16, 64, 64, 128, 64, 128, 128, 100, hopper, 1},
    {TB_DTYPE_BF16, 128, 128, 128, 32, 128, 64, 100 * 1024, hopper, 1},
};

static const tb_kernel_resources with_forms = {.threads = 128,
                                               .registers = 64,
                                               .smem_q = 1,
                                               .smem_kv = 1,
                                               .variants = compiled,
                                               .variant_count = 5};

static void compiled_forms__go_before_the_rule(void **state)
{
    (void)state;
    bench b = bench_on("h100-sxm");
    assert_int_equal(with(&b, with_forms), 3); /* 168 registers: 12 warps */
    b.problem.dim = b.problem.dim_value = 64;  /* the form for 64: 128 registers, 16 warps */
    assert_int_equal(with(&b, with_forms), 4);
    b.problem.dim = 72; /* the form for 128, padded */
    assert_int_equal(with(&b, with_forms), 3);
    b.problem.dim = 136; /* that for 192: 8 warps a CTA */
    assert_int_equal(with(&b, with_forms), 1);
    b.problem.dim_value = 136; /* none: Q 128 x 192, K and V 64 x 384, 96 + 1 KiB */
    assert_int_equal(with(&b, with_forms), 2);
    b.problem.dim = b.problem.dim_value = 128;
    b.problem.dtype = TB_DTYPE_FP16; /* none: by the rule, and so with other tiles */
    assert_int_equal(with(&b, with_forms), 3);
    b.problem.dtype = TB_DTYPE_BF16;
    b.tiling.q_tile[0] = 64; /* 16 + 32 + 1 KiB */
    assert_int_equal(with(&b, with_forms), 4);
    b.tiling.q_tile[0] = 128;
    b.tiling.kv_tile[0] = 32; /* 101 KiB of 228 */
    assert_int_equal(with(&b, with_forms), 2);
    close_bench(&b);
}

/* An RTX 4090 (8.9) runs what was compiled for 8.6, a B200 (10.0) what was for 9.0, a V100
 * nothing. */
static void compiled_forms__serve_newer_devices(void **state)
{
    (void)state;
    static const struct {
        const char *device;
        int64_t registers; /* 0: no form */
    } rows[] = {{"a100-80", 255}, {"a10", 255},  {"rtx-4090", 255}, {"h100-sxm", 168},
                {"b200", 168},    {"b300", 168}, {"v100", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bench b = bench_on(rows[i].device);
        const tb_kernel_variant *form =
            tb_kernel_variant_find(&with_forms, &b.problem, 128, 64, b.device->compute_capability);
        assert_int_equal(form != NULL ? form->registers : 0, rows[i].registers);
        close_bench(&b);
    }
}

static void occupancy__may_be_stated(void **state)
{
    (void)state;
    bench b = bench_on("h100-sxm");
    b.kernel->time.resources.given = false;
    b.kernel->time.occupancy = 7;
    assert_int_equal(occupancy_of(&b), 7);
    b.device->values[TB_DEVICE_REGISTERS_PER_SM].origin = TB_VALUE_UNKNOWN; /* not asked for */
    assert_int_equal(occupancy_of(&b), 7);
    close_bench(&b);
}

static void assert_refused(const bench *b, const char *part)
{
    int64_t occupancy = 72;
    tb_error err;
    tb_assert_fails(
        tb_time_occupancy(b->kernel, &b->problem, &b->tiling, b->device, &occupancy, &err), &err,
        TB_EINVAL, part);
    assert_int_equal(occupancy, 72); /* left alone */
}

static void what_fits_no_sm__is_refused(void **state)
{
    (void)state;
    bench b = bench_on("h100-sxm");
    b.tiling.kv_tile[0] = 400; /* 32 + 200 KiB */
    assert_refused(&b, "takes 232.0 KiB of shared memory, 128 threads and 255 registers a thread");
    assert_refused(&b, "an SM of h100-sxm cannot hold it; give smaller tiles");
    b.tiling.kv_tile[0] = 64;
    b.kernel->time.resources.threads = 288; /* nine warps where eight have registers */
    assert_refused(&b, "288 threads");
    close_bench(&b);
}

static void unknown_facts__are_named(void **state)
{
    (void)state;
    static const tb_device_key needed[] = {TB_DEVICE_MAX_WARPS_PER_SM,
                                           TB_DEVICE_MAX_BLOCKS_PER_SM,
                                           TB_DEVICE_REGISTERS_PER_SM,
                                           TB_DEVICE_REGISTER_ALLOC_GRANULARITY_REGS_PER_WARP,
                                           TB_DEVICE_SMEM_PER_SM_KIB,
                                           TB_DEVICE_SMEM_ALLOC_GRANULARITY_BYTES,
                                           TB_DEVICE_RESERVED_SMEM_PER_BLOCK_BYTES,
                                           TB_DEVICE_SUB_PARTITIONS_PER_SM};
    bench b = bench_on("h100-sxm");
    for (size_t k = 0; k < sizeof needed / sizeof *needed; k++) {
        char give[96];
        (void)snprintf(give, sizeof give, "give it with --set %s=NUMBER",
                       tb_device_value_names[needed[k]]);
        b.device->values[needed[k]].origin = TB_VALUE_UNKNOWN;
        assert_refused(&b, give);
        b.device->values[needed[k]].origin = TB_VALUE_KNOWN;
    }
    close_bench(&b);
}

/* fa2 at head dim 128 runs two CTAs an SM (its registers). 216 CTAs of 2 x 57 tiles fill the 216
 * slots of an A100; of 108 or fewer each has an SM of its own, and takes half as long. */
static void few_ctas__do_not_share_an_sm(void **state)
{
    (void)state;
    tb_kernel *kernel = tb_test_kernel("fa2");
    tb_device *device = tb_test_device("a100-80");
    tb_time_values values = tb_test_values();
    tb_case item = tb_test_gna("3456", NULL, NULL, 8); /* 27 query tiles of 54 KV tiles */
    item.pattern.kind = TB_PATTERN_DENSE;
    tb_time full = tb_timed_once(&item, kernel, device, &values);
    assert_int_equal(full.occupancy, 2);
    assert_int_equal(full.schedule.slots, 216);
    assert_int_equal(full.schedule.waves, 1);
    tb_assert_close(full.schedule.makespan, 2200 + 2 * 54 * full.tile.plain, 1e-12);
    item.problem.heads = item.problem.heads_kv = 4;
    tb_time half = tb_timed_once(&item, kernel, device, &values);
    assert_int_equal(half.occupancy, 1);
    assert_int_equal(half.schedule.slots, 108);
    tb_assert_close(half.schedule.makespan, 2200 + 54 * full.tile.plain, 1e-12);
    item.problem.heads = item.problem.heads_kv = 5; /* 135 CTAs */
    assert_int_equal(tb_timed_once(&item, kernel, device, &values).occupancy, 2);
    tb_kernel_destroy(kernel);
    tb_device_destroy(device);
}

TB_TESTS(cmocka_unit_test(registers__go_to_whole_warps_of_a_partition),
         cmocka_unit_test(warps_and_ctas__are_limited_too),
         cmocka_unit_test(shared_memory__is_by_tiles_and_stages),
         cmocka_unit_test(devices__hold_what_they_have_room_for),
         cmocka_unit_test(packed_heads__take_rows_of_shared_memory),
         cmocka_unit_test(compiled_forms__go_before_the_rule),
         cmocka_unit_test(compiled_forms__serve_newer_devices),
         cmocka_unit_test(occupancy__may_be_stated), cmocka_unit_test(what_fits_no_sm__is_refused),
         cmocka_unit_test(unknown_facts__are_named),
         cmocka_unit_test(few_ctas__do_not_share_an_sm));
