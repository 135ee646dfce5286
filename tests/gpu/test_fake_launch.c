/* Kernels on the emulated GPU: compiled by its NVRTC, launched, refused, timed, and caught. */
#include "driver_session.h"
#include "nvrtc_library.h"
#include "test_support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SMS 132

/* The last launch that the driver told of. */
static tb_fake_launch seen;
static int seen_count;

static void listen(const tb_fake_launch *launch, void *user)
{
    seen = *launch;
    ++*(int *)user;
}

static void begin(void)
{
    void (*tell)(tb_fake_on_launch_fn * fn, void *user) = NULL;
    tb_session_begin();
    assert_true(tb_library_symbol(&tb_session_driver()->library, "tilebound_fake_listen", &tell));
    tell(listen, &seen_count);
}

static uint64_t now_ns(void)
{
    struct timespec time;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &time), 0);
    return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

/* Launch and wait; its time, us. */
static double run(const tb_session_kernel *kernel, unsigned ctas,
                  const tb_microbench_params *params)
{
    int before = seen_count;
    assert_int_equal(tb_session_launch(kernel, ctas, params, NULL), 0);
    assert_int_equal(tb_session_calls()->synchronize(), 0);
    assert_int_equal(seen_count, before + 1);
    return (double)(seen.end_ns - seen.start_ns) * 1e-3;
}

/* Compile, load, launch, copy out: a b is 1, each chain ends its number of steps later. */
static void kernel__runs_from_its_source(void **state)
{
    (void)state;
    const tb_driver_calls *cu = tb_session_calls();
    enum { CTAS = 3, THREADS = CTAS * TB_MICROBENCH_THREADS };
    float out[THREADS];
    int registers = 0;
    begin();
    tb_session_kernel kernel = tb_session_load();
    assert_int_equal(cu->function_get(&registers, TB_CU_FUNCTION_REGISTERS, kernel.function), 0);
    assert_int_equal(registers, kernel.registers);
    tb_cu_address room = tb_session_alloc(sizeof out);
    tb_microbench_params params = {.kind = TB_MICROBENCH_MMA_BF16, .turns = 7};
    memcpy(&params.out, &room, sizeof room);
    uint64_t before = now_ns();
    (void)run(&kernel, CTAS, &params);
    assert_true(seen.start_ns >= before && seen.end_ns > seen.start_ns);
    assert_true(seen.end_ns <= now_ns());
    assert_string_equal(seen.name, "microbench");
    assert_int_equal(seen.registers, registers);
    assert_int_equal(seen.grid[0], CTAS);
    assert_int_equal(seen.mma, tb_microbench_work_of(&params, CTAS).mma);
    assert_int_equal(cu->download(out, room, sizeof out), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_true(out[i] == 4.0F * (28 + 8 * 28));
    }
    assert_int_equal(cu->free(room), 0);
    tb_session_unload(&kernel);
    tb_session_end();
}

/* The registers of the golden table, of the kernel in the same form for the same architecture. */
static void registers__are_those_of_the_table(void **state)
{
    (void)state;
    size_t length = 0;
    char *table = tb_test_read(TB_SOURCE_DIR "/tests/golden/cuda_variants.csv", &length);
    const char *row = strstr(table, "\nfmha_fwd_bf16_d128_v128_q64_k32_s1,90,");
    int registers = 0;
    assert_non_null(row);
    assert_int_equal(sscanf(row, "%*[^,],%*d,%*d,%*d,%d", &registers), 1);
    tb_cubin cubin = tb_session_compile("fmha_fwd_bf16_d128_v128_q64_k32_s1", 90);
    assert_int_equal(cubin.usage.registers, registers);
    assert_string_equal(cubin.compiler, "13.0.88");
    assert_int_equal(memcmp(cubin.data, "\177ELF", 4), 0);
    tb_cubin_release(&cubin);
    free(table);
}

/* Work of twice as many turns, over the time that these take longer: the rate of the device file.
 */
static double rate_of(const tb_session_kernel *kernel, tb_microbench_params params, int turns)
{
    params.turns = turns;
    double once = run(kernel, SMS, &params);
    params.turns = turns * 2;
    return turns * 1e6 / (run(kernel, SMS, &params) - once);
}

/* Turns a second of each pipe: SMs x clock x rate / work of a CTA's turn. Noise is 1.5 % of both.
 */
static void times__give_back_the_rates_of_the_device(void **state)
{
    (void)state;
    const tb_driver_calls *cu = tb_session_calls();
    static const struct {
        tb_microbench_kind kind;
        int turns;
        double clocks; /* of a CTA and turn */
    } bench[] = {
        {TB_MICROBENCH_MMA_BF16, 12, 8 * 32 / 0.629}, /* an mma is 4096 flop */
        {TB_MICROBENCH_EXP2, 12, 256 * 32 / 16.0},
        {TB_MICROBENCH_FMA, 60, 256 * 32 / 128.0},
        {TB_MICROBENCH_SHARED, 24, 256 * 8 * 16 / 128.0},
    };
    begin();
    tb_session_kernel kernel = tb_session_load();
    tb_cu_address room = tb_session_alloc(SMS * TB_MICROBENCH_THREADS * 4);
    tb_microbench_params params = {.a = 0.5F, .b = 0.25F};
    memcpy(&params.out, &room, sizeof room);
    for (size_t i = 0; i < sizeof bench / sizeof *bench; i++) {
        params.kind = (tb_i32)bench[i].kind;
        double rate = rate_of(&kernel, params, bench[i].turns);
        tb_assert_close(rate, 1980e6 / bench[i].clocks, 0.15);
    }
    assert_int_equal(cu->free(room), 0);
    tb_session_unload(&kernel);
    tb_session_end();
}

/* 16 MiB: from HBM at first, from L2 (50 MiB) when read again, from HBM after something larger. */
static void memory__is_faster_out_of_l2(void **state)
{
    (void)state;
    const tb_driver_calls *cu = tb_session_calls();
    const size_t bytes = (size_t)16 << 20, more = (size_t)64 << 20;
    begin();
    tb_session_kernel kernel = tb_session_load();
    tb_cu_address room = tb_session_alloc(SMS * TB_MICROBENCH_THREADS * 4);
    tb_cu_address in = tb_session_alloc(bytes), flush = tb_session_alloc(more);
    tb_microbench_params params = {.kind = TB_MICROBENCH_READ, .turns = 1, .bytes = (tb_i64)bytes};
    memcpy(&params.out, &room, sizeof room);
    memcpy(&params.in, &in, sizeof in);
    assert_int_equal(cu->fill(in, 7, bytes, NULL), 0);
    assert_int_equal(cu->fill(flush, 7, more, NULL), 0);
    double cold = run(&kernel, SMS, &params), warm = run(&kernel, SMS, &params);
    assert_int_equal(cu->fill(flush, 7, more, NULL), 0);
    double again = run(&kernel, SMS, &params);
    /* 16.8 MB / 3.08 TB/s and 10.1 TB/s, + 1.5 us */
    tb_assert_close(cold, 16.777 / 3.084 + 1.5, 0.06);
    tb_assert_close(warm, 16.777 / 10.056 + 1.5, 0.06);
    tb_assert_close(again, cold, 0.12);
    assert_int_equal(cu->free(room), 0);
    assert_int_equal(cu->free(in), 0);
    assert_int_equal(cu->free(flush), 0);
    tb_session_unload(&kernel);
    tb_session_end();
}

/* Between events pass the microseconds of the GPU, not those of the emulator. */
static void events__tell_the_time_of_the_gpu(void **state)
{
    (void)state;
    const tb_driver_calls *cu = tb_session_calls();
    tb_cu_event from = NULL, to = NULL;
    float ms = 0;
    double kernel_us = 0;
    begin();
    tb_session_kernel kernel = tb_session_load();
    tb_cu_address room = tb_session_alloc(SMS * TB_MICROBENCH_THREADS * 4);
    tb_microbench_params params = {.kind = TB_MICROBENCH_MMA_BF16, .turns = 2};
    memcpy(&params.out, &room, sizeof room);
    assert_int_equal(cu->event_create(&from, TB_CU_EVENT_DEFAULT), 0);
    assert_int_equal(cu->event_create(&to, TB_CU_EVENT_DEFAULT), 0);
    uint64_t end = 0, before = now_ns();
    assert_int_equal(cu->event_record(from, NULL), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tb_session_launch(&kernel, SMS, &params, NULL), 0);
        assert_true(seen.start_ns > end);
        end = seen.end_ns;
        kernel_us += (double)(seen.end_ns - seen.start_ns) * 1e-3;
    }
    assert_int_equal(cu->event_record(to, NULL), 0);
    double host_us = (double)(now_ns() - before) * 1e-3;
    assert_int_equal(cu->event_synchronize(to), 0);
    assert_int_equal(cu->event_elapsed_ms(&ms, from, to), 0);
    assert_true((double)ms * 1e3 > kernel_us && (double)ms * 1e3 < kernel_us + 10);
    assert_true(host_us > 2 * kernel_us); /* or this has shown nothing */
    assert_int_equal(cu->event_destroy(from), 0);
    assert_int_equal(cu->event_destroy(to), 0);
    assert_int_equal(cu->free(room), 0);
    tb_session_unload(&kernel);
    tb_session_end();
}

static void assert_launch(const tb_session_kernel *kernel, tb_cu_launch_config config, int want)
{
    tb_microbench_params params = {.kind = TB_MICROBENCH_EMPTY};
    assert_int_equal(tb_session_launch(kernel, 1, &params, &config), want);
}

static void launches__beyond_the_limits_are_refused(void **state)
{
    (void)state;
    const tb_driver_calls *cu = tb_session_calls();
    begin();
    tb_session_kernel kernel = tb_session_load();
    tb_cu_launch_config config = tb_session_config(5);
    assert_launch(&kernel, config, 0);
    config.cta[0] = 1056;
    assert_launch(&kernel, config, 1);
    config.cta[0] = 288; /* it is compiled for 256 */
    assert_launch(&kernel, config, 1);
    config = tb_session_config(0);
    assert_launch(&kernel, config, 1);
    config = tb_session_config(5);
    config.grid[1] = 65536;
    assert_launch(&kernel, config, 1);
    config = tb_session_config(5);
    config.shared_bytes = 49153;
    assert_launch(&kernel, config, 1);
    int attribute = TB_CU_FUNCTION_MAX_DYNAMIC_SHARED_BYTES;
    assert_int_equal(cu->function_set(kernel.function, attribute, 232449), 1);
    assert_int_equal(cu->function_set(kernel.function, attribute, 49154), 0);
    assert_launch(&kernel, config, 0);
    config.stream = (tb_cu_stream)(void *)kernel.module;
    assert_launch(&kernel, config, 400);
    config = tb_session_config(5);
    assert_int_equal(cu->launch(&config, kernel.function, NULL, NULL), 1);
    tb_session_unload(&kernel);
    assert_launch(&kernel, config, 400);
    tb_session_end();
}

/* As on a GPU: whoever asks next is told, and nothing works any more. */
static void fault__breaks_the_context(void **state)
{
    (void)state;
    const tb_driver_calls *cu = tb_session_calls();
    begin();
    tb_session_kernel kernel = tb_session_load();
    tb_cu_address room = tb_session_alloc(TB_MICROBENCH_THREADS * 4), in = tb_session_alloc(4096);
    tb_microbench_params params = {.kind = TB_MICROBENCH_READ, .turns = 1, .bytes = 4112};
    memcpy(&params.out, &room, sizeof room);
    memcpy(&params.in, &in, sizeof in);
    assert_int_equal(cu->fill(in, 7, 4096, NULL), 0);
    int before = seen_count;
    assert_int_equal(tb_session_launch(&kernel, 1, &params, NULL), 0);
    assert_int_equal(seen_count, before);
    assert_int_equal(cu->synchronize(), 700);
    assert_int_equal(cu->free(in), 700);
    tb_session_end();
    tb_session_begin();
    in = tb_session_alloc(72);
    assert_int_equal(cu->free(in), 0);
    tb_session_end();
}

static void reading__what_was_never_written_fails(void **state)
{
    (void)state;
    begin();
    tb_session_kernel kernel = tb_session_load();
    tb_cu_address room = tb_session_alloc(TB_MICROBENCH_THREADS * 4), in = tb_session_alloc(4096);
    tb_microbench_params params = {.kind = TB_MICROBENCH_READ, .turns = 1, .bytes = 4096};
    memcpy(&params.out, &room, sizeof room);
    memcpy(&params.in, &in, sizeof in);
    assert_int_equal(tb_session_launch(&kernel, 1, &params, NULL), 0);
    assert_int_equal(tb_session_calls()->synchronize(), 719);
    tb_session_end();
}

static void images__of_others_are_refused(void **state)
{
    (void)state;
    const tb_driver_calls *cu = tb_session_calls();
    tb_cu_module module = NULL;
    tb_cu_function function = NULL;
    begin();
    tb_cubin cubin = tb_session_compile("microbench", 90);
    tb_cubin older = tb_session_compile("microbench", 80);
    assert_int_equal(cu->module_load(&module, older.data), TB_CU_NO_BINARY_FOR_GPU);
    cubin.data[cubin.bytes / 2] ^= 1;
    assert_int_equal(cu->module_load(&module, cubin.data), 200);
    cubin.data[cubin.bytes / 2] ^= 1;
    assert_int_equal(cu->module_load(&module, cubin.data), 0);
    assert_int_equal(cu->module_function(&function, module, "microbank"), TB_CU_NOT_FOUND);
    assert_int_equal(cu->module_unload(module), 0);
    assert_int_equal(cu->module_unload(module), 400);
    assert_int_equal(cu->module_load(&module, "72 bytes of something else, or fewer than these"),
                     200);
    tb_cubin_release(&cubin);
    tb_cubin_release(&older);
    tb_session_end();
}

/* An NVRTC older than the GPU gives PTX, which the driver compiles on. */
static void ptx__runs_on_what_is_newer(void **state)
{
    (void)state;
    const tb_driver_calls *cu = tb_session_calls();
    tb_session_kernel kernel = {0};
    tb_microbench_params params = {.kind = TB_MICROBENCH_EMPTY};
    begin();
    assert_int_equal(setenv("TILEBOUND_TEST_NVRTC_NEWEST", "89", 1), 0);
    tb_cubin ptx = tb_session_compile("microbench", 90);
    assert_int_equal(unsetenv("TILEBOUND_TEST_NVRTC_NEWEST"), 0);
    assert_true(ptx.is_ptx);
    assert_int_equal(cu->module_load(&kernel.module, ptx.data), 0);
    assert_int_equal(cu->module_function(&kernel.function, kernel.module, "microbench"), 0);
    assert_true(run(&kernel, 5, &params) > 1);
    tb_cubin_release(&ptx);
    tb_session_unload(&kernel);
    tb_session_end();
}

/* A source and options, and what the log must say. */
static void assert_log(const char *source, const char *option, int want, const char *part)
{
    tb_nvrtc_calls calls;
    tb_library library;
    nvrtcProgram program = NULL;
    const char *options[] = {"--gpu-architecture=sm_90", option};
    char log[1024] = "";
    size_t bytes = 0;
    tb_error err;
    tb_assert_ok(tb_nvrtc_library_open(&calls, &library, &err), &err);
    assert_int_equal(calls.create(&program, source, "bad.cu", 0, NULL, NULL), 0);
    assert_int_equal(calls.compile(program, 2, options), want);
    assert_int_equal(calls.log_size(program, &bytes), 0);
    assert_true(bytes <= sizeof log);
    assert_int_equal(calls.log(program, log), 0);
    if (strstr(log, part) == NULL) {
        fail_msg("no '%s' in: %s", part, log);
    }
    assert_int_equal(calls.cubin_size(program, &bytes), 0);
    assert_int_equal(bytes, 0);
    assert_int_equal(calls.destroy(&program), 0);
    assert_null(program);
}

static void compiler__complains_as_nvrtc_does(void **state)
{
    (void)state;
    assert_log("int a;\nint b = c;\n", "-DTB_X=1", 6, "bad.cu(2): error: ");
    assert_log("int a;\nint b = c;\n", "-DTB_X=1", 6,
               "1 error detected in the compilation of \"bad.cu\".");
    assert_log("#include \"none.h\"\n", "-DTB_X=1", 6, "bad.cu(1): ");
    assert_log("int a;\n", "--quick", 5, "--quick");
    assert_log("int a;\n", "--gpu-architecture=sm_91", 5, "sm_91");
}

TB_TESTS(cmocka_unit_test(kernel__runs_from_its_source),
         cmocka_unit_test(registers__are_those_of_the_table),
         cmocka_unit_test(times__give_back_the_rates_of_the_device),
         cmocka_unit_test(memory__is_faster_out_of_l2),
         cmocka_unit_test(events__tell_the_time_of_the_gpu),
         cmocka_unit_test(launches__beyond_the_limits_are_refused),
         cmocka_unit_test(fault__breaks_the_context),
         cmocka_unit_test(reading__what_was_never_written_fails),
         cmocka_unit_test(images__of_others_are_refused),
         cmocka_unit_test(ptx__runs_on_what_is_newer),
         cmocka_unit_test(compiler__complains_as_nvrtc_does));
