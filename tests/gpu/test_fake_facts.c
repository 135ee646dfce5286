/* The product's own microbenchmarks on the emulated GPU give back what its device file says: from
 * compiler, driver and CUPTI to rates nothing gets lost, and nothing is counted twice. */
#include "gpu.h"
#include "gpu_facts.h"
#include "test_support.h"

#include <stdlib.h>

#define SMALL_GPU TB_SOURCE_DIR "/tests/gpu/small-gpu.yaml"

/* By the file: 4 SMs, 1980 MHz. Noise of a time is 1.5 %. */
static const struct {
    const char *name;
    double want;
} facts[] = {
    {"mma_bf16_flop_per_s", 4 * 1980e6 * 4096 * 0.629},
    {"mma_fp16_flop_per_s", 4 * 1980e6 * 4096 * 0.629},
    {"exp2_per_s", 4 * 1980e6 * 16},
    {"fma_flop_per_s", 4 * 1980e6 * 128 * 2},
    {"shared_read_bytes_per_s", 4 * 1980e6 * 128},
    {"exp2_per_clk_per_sm", 16},
    {"l2_read_bytes_per_s", 280e9},
    {"hbm_read_bytes_per_s", 92e9},
    {"hbm_copy_bytes_per_s", 92e9},
    {"clock_mhz", 1980},
};

static void facts__are_those_of_the_device_file(void **state)
{
    (void)state;
    tb_device_facts *out = calloc(1, sizeof *out);
    tb_error err;
    assert_non_null(out);
    tb_assert_ok(tb_gpu_facts_read(true, out, &err), &err);
    assert_true(out->gpu.is_emulated);
    assert_int_equal(out->gpu.compute_capability, 90);
    assert_int_equal(out->cores, 4);
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        const tb_device_fact *fact = tb_device_facts_find(out, facts[i].name);
        assert_non_null(fact);
        print_message("%s: %.4g of %.4g\n", facts[i].name, fact->median, facts[i].want);
        tb_assert_close(fact->median, facts[i].want, 0.06);
    }
    free(out);
    tb_gpu_close();
}

static int choose_small_gpu(void **state)
{
    (void)state;
    return setenv("TILEBOUND_TEST_GPU", SMALL_GPU, 1) != 0 ||
           setenv("XDG_CACHE_HOME", tb_test_path(""), 1) != 0;
}

TB_TESTS(cmocka_unit_test_setup(facts__are_those_of_the_device_file, choose_small_gpu));
