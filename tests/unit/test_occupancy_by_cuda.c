/* CTAs that an SM holds, against the header that CUDA's own calculator is in. */
#include "cuda_variant.h"
#include "time_parts.h"

#include "golden_table.h"
#include "timed_case.h"

#include "test_support.h"

#include <string.h>

#ifdef TB_HAS_CUDA_OCCUPANCY
#include <cuda_occupancy.h>

#define WARP 32

static size_t kib(const tb_device *device, tb_device_key key)
{
    return (size_t)(device->values[key].value * 1024);
}

static int whole(const tb_device *device, tb_device_key key)
{
    return (int)device->values[key].value;
}

/* What cudaGetDeviceProperties() would say of the device. */
static cudaOccDeviceProp properties_of(const tb_device *device)
{
    return (cudaOccDeviceProp){
        .computeMajor = (int)(device->compute_capability / 10),
        .computeMinor = (int)(device->compute_capability % 10),
        .maxThreadsPerBlock = 1024,
        .maxThreadsPerMultiprocessor = whole(device, TB_DEVICE_MAX_WARPS_PER_SM) * WARP,
        .regsPerBlock = 65536,
        .regsPerMultiprocessor = whole(device, TB_DEVICE_REGISTERS_PER_SM),
        .warpSize = WARP,
        .sharedMemPerBlock = 48 * 1024,
        .sharedMemPerMultiprocessor = kib(device, TB_DEVICE_SMEM_PER_SM_KIB),
        .numSms = whole(device, TB_DEVICE_SM_COUNT),
        .sharedMemPerBlockOptin = kib(device, TB_DEVICE_SMEM_MAX_PER_BLOCK_KIB),
        .reservedSharedMemPerBlock =
            (size_t)device->values[TB_DEVICE_RESERVED_SMEM_PER_BLOCK_BYTES].value,
    };
}

static int occupancy_by_cuda(const tb_device *device, int threads, int registers, size_t smem)
{
    cudaOccDeviceProp properties = properties_of(device);
    cudaOccFuncAttributes attributes = {.maxThreadsPerBlock = 1024,
                                        .numRegs = registers,
                                        .partitionedGCConfig = PARTITIONED_GC_OFF,
                                        .shmemLimitConfig = FUNC_SHMEM_LIMIT_OPTIN,
                                        .maxDynamicSharedSizeBytes = smem,
                                        .numBlockBarriers = 1};
    cudaOccDeviceState at = {.cacheConfig = CACHE_PREFER_SHARED,
                             .carveoutConfig = SHAREDMEM_CARVEOUT_MAX_SHARED};
    cudaOccResult result = {0};
    cudaOccError status = cudaOccMaxActiveBlocksPerMultiprocessor(&result, &properties, &attributes,
                                                                  &at, threads, smem);
    assert_int_equal(status, CUDA_OCC_SUCCESS);
    return result.activeBlocksPerMultiprocessor;
}

/* A CTA whose shared memory is `smem` bytes, whatever its tiles; 0 = it fits no SM. */
static int64_t occupancy_of(const tb_device *device, int threads, int registers, size_t smem)
{
    tb_kernel kernel = {.name = "probe",
                        .time = {.resources = {.given = true,
                                               .threads = threads,
                                               .registers = registers,
                                               .smem_bytes = (int64_t)smem}}};
    tb_problem problem = tb_problem_default();
    problem.layout = (tb_layout){.rank = 1, .extent = {7200}};
    tb_tiling tiling = {.q_tile = {128}, .kv_tile = {128}};
    int64_t occupancy = 0;
    tb_error err;
    tb_status status = tb_time_occupancy(&kernel, &problem, &tiling, device, &occupancy, &err);
    assert_true(status == TB_OK || status == TB_EINVAL);
    return status == TB_OK ? occupancy : 0;
}

static void occupancy__is_what_cuda_says(void **state)
{
    (void)state;
    size_t count, devices_checked = 0;
    gsl_rng *random = tb_test_random();
    tb_device **devices = tb_test_devices(&count);
    int launches = 0;
    for (size_t i = 0; i < count; i++) {
        const tb_device *device = devices[i];
        if (device->values[TB_DEVICE_SUB_PARTITIONS_PER_SM].origin == TB_VALUE_UNKNOWN ||
            device->values[TB_DEVICE_SMEM_MAX_PER_BLOCK_KIB].origin == TB_VALUE_UNKNOWN ||
            device->compute_capability == 0) {
            continue; /* none of NVIDIA's */
        }
        devices_checked++;
        size_t most = kib(device, TB_DEVICE_SMEM_MAX_PER_BLOCK_KIB);
        for (int n = 0; n < tb_test_cases(2000); n++, launches++) {
            int threads = (int)tb_test_between(random, 1, 1024);
            int registers = (int)tb_test_between(random, 16, 255);
            size_t smem = n % 3 == 0 ? 0 : (size_t)tb_test_between(random, 1, (int64_t)most);
            int want = occupancy_by_cuda(device, threads, registers, smem);
            int64_t got = occupancy_of(device, threads, registers, smem);
            if (got != want) {
                fail_msg("%s: %d threads, %d registers, %zu bytes: %lld CTAs, CUDA says %d",
                         device->name, threads, registers, smem, (long long)got, want);
            }
        }
    }
    print_message("%d launches on %zu devices\n", launches, devices_checked);
    assert_true(devices_checked > 10);
    tb_test_devices_free(devices, count);
    gsl_rng_free(random);
}

/* A device of an architecture. */
static tb_device *device_of(int sm)
{
    static const struct {
        int sm;
        const char *device;
    } rows[] = {{80, "a100-80"},  {86, "a10"},   {89, "rtx-4090"},
                {90, "h100-sxm"}, {100, "b200"}, {120, "rtx-5090"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].sm == sm) {
            tb_device *device = tb_test_device(rows[i].device);
            assert_int_equal(device->compute_capability, sm);
            return device;
        }
    }
    fail_msg("no device of sm_%d", sm);
    return NULL;
}

/* What the model says of the problem that a variant is compiled for, by the kernel file. */
static int64_t occupancy_by_file(const tb_kernel *kernel, const tb_cuda_variant *variant,
                                 const tb_device *device)
{
    tb_problem problem = tb_problem_default();
    problem.layout = (tb_layout){.rank = 1, .extent = {7200}};
    problem.dtype = variant->dtype;
    problem.dim = variant->dim;
    problem.dim_value = variant->dim_value;
    tb_tiling tiling = {.q_tile = {variant->q_tile}, .kv_tile = {variant->kv_tile}};
    int64_t occupancy = 0;
    tb_error err;
    tb_assert_ok(tb_time_occupancy(kernel, &problem, &tiling, device, &occupancy, &err), &err);
    return occupancy;
}

/* Every compiled form of our CUDA kernels on every architecture, by the golden table. */
static void compiled_forms__are_held_as_cuda_says(void **state)
{
    (void)state;
    tb_golden_table *table = tb_golden_read("cuda_variants.csv");
    tb_kernel *kernel = tb_test_kernel("tilebound");
    int by_file = 0;
    for (int row = 0; row < table->rows; row++) {
        const char *name = tb_golden_cell(table, row, "variant");
        const tb_cuda_variant *variant = tb_cuda_variant_find(name);
        tb_device *device = device_of((int)tb_golden_integer(table, row, "sm"));
        int threads = (int)tb_golden_integer(table, row, "threads");
        int registers = (int)tb_golden_integer(table, row, "registers");
        size_t smem = (size_t)(tb_golden_integer(table, row, "shared_bytes") +
                               tb_golden_integer(table, row, "static_shared_bytes"));
        int want = occupancy_by_cuda(device, threads, registers, smem);
        int64_t got = occupancy_of(device, threads, registers, smem);
        assert_non_null(variant);
        if (got != want || got < 1) {
            fail_msg("%s on %s: %lld CTAs, CUDA says %d", name, device->name, (long long)got, want);
        }
        if (strcmp(variant->kernel, "fmha_fwd") == 0) {
            got = occupancy_by_file(kernel, variant, device);
            if (got != want) {
                fail_msg("%s on %s: %lld CTAs by the kernel file, CUDA says %d", name, device->name,
                         (long long)got, want);
            }
            by_file++;
        }
        tb_device_destroy(device);
    }
    print_message("%d compiled forms, %d of them by the kernel file\n", table->rows, by_file);
    assert_true(by_file > 0);
    tb_kernel_destroy(kernel);
    tb_golden_free(table);
}

#else

static void occupancy__is_what_cuda_says(void **state)
{
    (void)state;
    print_message("cuda_occupancy.h was not there at build time\n");
    skip();
}

static void compiled_forms__are_held_as_cuda_says(void **state)
{
    occupancy__is_what_cuda_says(state);
}

#endif

TB_TESTS(cmocka_unit_test(occupancy__is_what_cuda_says),
         cmocka_unit_test(compiled_forms__are_held_as_cuda_says));
