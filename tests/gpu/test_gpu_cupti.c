/* CUPTI's collector against the emulated GPU's CUPTI: what it makes of records that are in order,
 * and of each way in which they are not. */
#include "cupti.h"
#include "driver.h"
#include "microbench_params.h"
#include "nvrtc.h"
#include "test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LAUNCHES 5
#define CTAS     2
#define FAULT    "TILEBOUND_TEST_CUPTI"
#define FAIL     "TILEBOUND_TEST_FAIL"

static struct {
    tb_driver driver;
    bool is_open;
    tb_cu_device device;
    tb_cu_module module;
    tb_cu_function function;
    tb_cu_address out;
    int registers, static_shared_bytes;
} gpu;

static void must(tb_cu_result result, const char *call)
{
    if (result != 0) {
        tb_error err;
        (void)tb_driver_failed(&gpu.driver, call, result, &err);
        fail_msg("%s", err.message);
    }
}

static void close_gpu(void)
{
    (void)gpu.driver.calls.free(gpu.out);
    (void)gpu.driver.calls.module_unload(gpu.module);
    (void)gpu.driver.calls.context_release(gpu.device);
}

static void load_kernel(void)
{
    const tb_driver_calls *calls = &gpu.driver.calls;
    const tb_cuda_variant *variant = tb_cuda_variant_find("microbench");
    tb_nvrtc *nvrtc = NULL;
    tb_cubin cubin = {0};
    tb_error err;
    int major = 0, minor = 0;
    must(calls->device_attribute(&major, TB_CU_CAPABILITY_MAJOR, gpu.device), "attribute");
    must(calls->device_attribute(&minor, TB_CU_CAPABILITY_MINOR, gpu.device), "attribute");
    tb_assert_ok(tb_nvrtc_open(&nvrtc, &err), &err);
    tb_assert_ok(tb_nvrtc_compile(nvrtc, variant, major * 10 + minor, &cubin, &err), &err);
    must(calls->module_load(&gpu.module, cubin.data), "cuModuleLoadData");
    must(calls->module_function(&gpu.function, gpu.module, variant->kernel), "cuModuleGetFunction");
    must(calls->function_get(&gpu.registers, TB_CU_FUNCTION_REGISTERS, gpu.function), "registers");
    must(calls->function_get(&gpu.static_shared_bytes, TB_CU_FUNCTION_STATIC_SHARED_BYTES,
                             gpu.function),
         "shared bytes");
    tb_cubin_release(&cubin);
    tb_nvrtc_close(nvrtc);
}

/* Once in the process, after CUPTI's first beginning. */
static void open_gpu(void)
{
    const tb_driver_calls *calls = &gpu.driver.calls;
    tb_cu_context context = NULL;
    if (gpu.is_open) {
        return;
    }
    must(calls->init(0), "cuInit");
    must(calls->device_get(&gpu.device, 0), "cuDeviceGet");
    must(calls->context_retain(&context, gpu.device), "cuDevicePrimaryCtxRetain");
    must(calls->context_set(context), "cuCtxSetCurrent");
    load_kernel();
    must(calls->alloc(&gpu.out, CTAS * TB_MICROBENCH_THREADS * sizeof(float)), "cuMemAlloc");
    gpu.is_open = true;
    (void)atexit(close_gpu);
}

/* The emulated GPU's driver, or the test is skipped. */
static void need_driver(void)
{
    tb_error err;
    (void)unsetenv(FAULT);
    (void)unsetenv(FAIL);
    if (gpu.is_open) {
        return;
    }
    if (tb_driver_open(&gpu.driver, &err) != TB_OK || !gpu.driver.library.is_emulated) {
        print_message("skipped: the emulated GPU is not here\n");
        skip();
    }
#ifndef TB_TEST_CUPTI /* the toolkit's own may be there all the same */
    print_message("skipped: built without CUPTI's headers, there is no emulated CUPTI\n");
    skip();
#endif
}

static tb_cupti *cupti; /* the one that is open */

static void close_collector(void)
{
    tb_cupti_close(cupti);
    cupti = NULL;
}

/* The collector, opened before the GPU is, on the emulated GPU's CUPTI. What a failed test has left
 * open is closed first. */
static void open_collector(void)
{
    tb_error err;
    close_collector();
    need_driver();
    tb_assert_ok(tb_cupti_open(true, &cupti, &err), &err);
    assert_true(tb_cupti_library(cupti)->is_emulated);
    open_gpu();
}

static void launch(void)
{
    tb_microbench_params params = {.out = (void *)(uintptr_t)gpu.out,
                                   .kind = TB_MICROBENCH_FMA,
                                   .turns = 1,
                                   .a = 0.5f,
                                   .b = 1.0f};
    void *pointers[] = {&params};
    const tb_cu_launch_config config = {.grid = {CTAS, 1, 1},
                                        .cta = {TB_MICROBENCH_THREADS, 1, 1},
                                        .shared_bytes = TB_MICROBENCH_SHARED_BYTES};
    must(gpu.driver.calls.launch(&config, gpu.function, pointers, NULL), "cuLaunchKernelEx");
}

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* Numbered launches, and what was collected of them. */
typedef struct collected {
    tb_kernel_records records;
    const tb_kernel_record *of[LAUNCHES];
    tb_record_fault fault;
} collected;

static tb_status collect(uint64_t first, collected *out, tb_error *err)
{
    tb_status status = TB_OK;
    uint64_t begun_ns = now_ns();
    for (uint64_t i = 0; status == TB_OK && i < LAUNCHES; i++) {
        status = tb_cupti_push(cupti, first + i, err);
        if (status == TB_OK) {
            launch();
            status = tb_cupti_pop(cupti, err);
        }
    }
    must(gpu.driver.calls.synchronize(), "cuCtxSynchronize");
    uint64_t host_ns = now_ns() - begun_ns;
    status = status == TB_OK ? tb_cupti_collect(cupti, &out->records, err) : status;
    if (status == TB_OK) {
        out->fault = tb_kernel_records_match(&out->records, first, LAUNCHES, host_ns, out->of);
    }
    return status;
}

static void check_good(const collected *c)
{
    assert_int_equal(c->fault, TB_RECORDS_GOOD);
    for (int i = 0; i < LAUNCHES; i++) {
        const tb_kernel_record *k = c->of[i];
        assert_true(k->start_ns > 0 && k->end_ns > k->start_ns);
        assert_true(i == 0 || k->start_ns >= c->of[i - 1]->end_ns);
        assert_int_equal(k->registers, gpu.registers);
        assert_int_equal(k->static_shared_bytes, gpu.static_shared_bytes);
        assert_int_equal(k->dynamic_shared_bytes, TB_MICROBENCH_SHARED_BYTES);
        assert_int_equal(k->grid[0] * k->grid[1] * k->grid[2], CTAS);
        assert_int_equal(k->cta[0] * k->cta[1] * k->cta[2], TB_MICROBENCH_THREADS);
    }
}

static void records__are_those_of_the_launches(void **state)
{
    (void)state;
    collected c = {0};
    tb_error err;
    open_collector();
    assert_int_equal(tb_cupti_version(cupti), 130001);
    uint64_t before_ns = now_ns();
    tb_assert_ok(collect(100, &c, &err), &err);
    check_good(&c);
    assert_int_equal(c.records.count, LAUNCHES);
    assert_int_equal(c.records.orphans, 0);
    for (int i = 0; i < LAUNCHES; i++) {
        assert_string_equal(c.of[i]->name, "microbench");
        assert_true(c.of[i]->start_ns >= before_ns && c.of[i]->end_ns <= now_ns());
    }
    /* those of a second round replace the first one's */
    tb_assert_ok(collect(7, &c, &err), &err);
    check_good(&c);
    assert_int_equal(c.records.count, LAUNCHES);
    close_collector();
    tb_kernel_records_free(&c.records);
}

static void launches_without_a_number__are_orphans(void **state)
{
    (void)state;
    collected c = {0};
    tb_error err;
    open_collector();
    launch();
    tb_assert_ok(collect(1, &c, &err), &err);
    check_good(&c);
    assert_int_equal(c.records.count, LAUNCHES + 1);
    assert_int_equal(c.records.orphans, 1);
    close_collector();
    tb_kernel_records_free(&c.records);
}

/* Records in more than one buffer, and in an order that links them only afterwards. */
static void records__are_read_however_they_are_laid_out(void **state)
{
    (void)state;
    static const char *const layouts[] = {"small:1", "small:2", "small:4", "early"};
    open_collector();
    collected c = {0};
    tb_error err;
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        (void)setenv(FAULT, layouts[i], 1);
        for (int again = 0; again < 20; again++) {
            tb_assert_ok(collect((uint64_t)again + 1, &c, &err), &err);
            check_good(&c);
        }
    }
    close_collector();
    tb_kernel_records_free(&c.records);
}

static void faults__are_seen_and_pass(void **state)
{
    (void)state;
    static const struct {
        const char *wish;
        tb_record_fault fault;
    } cases[] = {
        {"dropped", TB_RECORDS_DROPPED},
        {"dropped:3:once", TB_RECORDS_DROPPED},
        {"missing", TB_RECORDS_MISSING},
        {"missing:5:once", TB_RECORDS_MISSING},
        {"late", TB_RECORDS_MISSING},
        {"late:2:once", TB_RECORDS_MISSING},
        {"zero", TB_RECORDS_ZERO},
        {"zero:4:once", TB_RECORDS_ZERO},
        {"reversed", TB_RECORDS_REVERSED},
        {"reversed:2:once", TB_RECORDS_REVERSED},
        {"overlapping", TB_RECORDS_REVERSED},
        {"overlapping:5:once", TB_RECORDS_REVERSED},
        {"duplicated", TB_RECORDS_TWICE},
        {"duplicated:1:once", TB_RECORDS_TWICE},
        {"endless", TB_RECORDS_REVERSED}, /* into the next one */
        {"endless:5:once", TB_RECORDS_IMPOSSIBLE},
        {"unnumbered", TB_RECORDS_MISSING},
        {"unnumbered:3:once", TB_RECORDS_MISSING},
        {"corrupt", TB_RECORDS_MALFORMED},
        {"corrupt:5:once", TB_RECORDS_MALFORMED},
        {"cut", TB_RECORDS_MALFORMED},
        {"cut:2:once", TB_RECORDS_MALFORMED},
        {"outside", TB_RECORDS_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        collected c = {0};
        tb_error err;
        open_collector(); /* launches are counted from here on */
        (void)setenv(FAULT, cases[i].wish, 1);
        tb_assert_ok(collect(1, &c, &err), &err);
        if (c.fault != cases[i].fault) {
            fail_msg("%s: %s", cases[i].wish, tb_record_fault_names[c.fault]);
        }
        if (strstr(cases[i].wish, "once") == NULL) {
            (void)unsetenv(FAULT);
        }
        tb_assert_ok(collect(1 + LAUNCHES, &c, &err), &err);
        check_good(&c);
        close_collector();
        tb_kernel_records_free(&c.records);
    }
}

/* A name is for people: without it the rest still counts. */
static void names__that_are_none_are_empty(void **state)
{
    (void)state;
    static const char *const wishes[] = {"nameless", "nowhere"};
    open_collector();
    collected c = {0};
    tb_error err;
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        (void)setenv(FAULT, wishes[i], 1);
        tb_assert_ok(collect(1, &c, &err), &err);
        check_good(&c);
        assert_string_equal(c.of[0]->name, "");
    }
    close_collector();
    tb_kernel_records_free(&c.records);
}

static void another_kernel__shows_in_its_record(void **state)
{
    (void)state;
    open_collector();
    collected c = {0};
    tb_error err;
    (void)setenv(FAULT, "other", 1);
    tb_assert_ok(collect(1, &c, &err), &err);
    assert_int_equal(c.fault, TB_RECORDS_GOOD);
    assert_int_equal(c.of[0]->grid[0], CTAS + 1);
    assert_int_equal(c.of[0]->registers, gpu.registers + 8);
    close_collector();
    tb_kernel_records_free(&c.records);
}

static void assert_good_again(void)
{
    open_collector(); /* which clears the environment */
    collected c = {0};
    tb_error err;
    tb_assert_ok(collect(1, &c, &err), &err);
    check_good(&c);
    close_collector();
    tb_kernel_records_free(&c.records);
}

static void refusals__say_why(void **state)
{
    (void)state;
    static const struct {
        const char *variable, *value, *part;
    } cases[] = {
        {FAULT, "held", "calls it \"Nsight Systems\""},
        {FAULT, "permitted", "ERR_NVGPUCTRPERM"},
        {FAIL, "cuptiActivityEnable:1:33", "vGPU"},
        {FAIL, "cuptiActivityEnable:2:40", "enable_profiling=1"},
        {FAIL, "cuptiActivityEnable:1:41", "confidential"},
        {FAIL, "cuptiActivityEnable:1:43", "MIG"},
        {FAIL, "cuptiActivityEnable:2:45", "WSL"},
        {FAIL, "cuptiSubscribe_v2:1:15", "older than this CUPTI"},
        {FAIL, "cuptiActivityRegisterCallbacks:1:8", "no memory"},
    };
    open_collector();
    close_collector();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tb_error err;
        (void)setenv(cases[i].variable, cases[i].value, 1);
        tb_assert_fails(tb_cupti_open(true, &cupti, &err), &err, TB_EUNAVAILABLE, cases[i].part);
        assert_null(cupti);
        assert_good_again();
    }
}

/* All that the collector calls, one name a line. */
static char *list_calls(void)
{
    const char *path = tb_test_path("calls");
    (void)setenv("TILEBOUND_TEST_CALLS", path, 1);
    assert_good_again();
    (void)unsetenv("TILEBOUND_TEST_CALLS");
    size_t length = 0;
    return tb_test_read(path, &length);
}

static bool is_one_of(const char *name, const char *const *names)
{
    while (*names != NULL && strcmp(*names, name) != 0) {
        names++;
    }
    return *names != NULL;
}

/* Open, run and close while the Nth call of `name` fails. */
static tb_status run_failing(const char *name, int nth, collected *c, tb_error *err)
{
    char wish[128];
    (void)snprintf(wish, sizeof wish, "%s:%d", name, nth);
    (void)setenv(FAIL, wish, 1);
    tb_status status = tb_cupti_open(true, &cupti, err);
    status = status == TB_OK ? collect(1, c, err) : status;
    close_collector();
    return status;
}

/* Every call fails, the first time and a later one: the message names it, unless nothing depends on
 * it. */
static void failing_calls__are_named(void **state)
{
    (void)state;
    /* at the end, when nothing can be done about it */
    static const char *const quiet[] = {"cuptiActivityDisable", NULL};
    /* tested below, for it cannot be made good in this process */
    static const char *const apart[] = {"cuptiUnsubscribe", NULL};
    int tried = 0;
    assert_good_again();
    char *calls = list_calls(), *rest = NULL;
    for (char *name = strtok_r(calls, "\n", &rest); name != NULL;
         name = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(name, "cupti", 5) != 0 || is_one_of(name, apart)) {
            continue;
        }
        for (int nth = 1; nth <= 2; nth++) {
            collected c = {0};
            tb_error err = {0};
            tb_status status = run_failing(name, nth, &c, &err);
            bool is_fault = status == TB_OK && c.fault != TB_RECORDS_GOOD;
            bool is_told = status == TB_EUNAVAILABLE && err.message[0] != '\0';
            print_message("%s, call %d: %s\n", name, nth,
                          status != TB_OK ? err.message
                          : is_fault      ? tb_record_fault_names[c.fault]
                                          : "as if nothing were");
            if (nth == 1 && !is_fault && !is_told && !is_one_of(name, quiet)) {
                fail_msg("%s failed, and nobody says so", name);
            }
            tb_kernel_records_free(&c.records);
            assert_good_again();
            tried++;
        }
    }
    free(calls);
    print_message("%d failing calls\n", tried);
    assert_true(tried >= 20);
}

/* Who holds CUPTI then is tilebound itself. The last test: CUPTI stays so. */
static void a_lost_subscription__is_named(void **state)
{
    (void)state;
    open_collector();
    tb_error err;
    (void)setenv(FAIL, "cuptiUnsubscribe", 1);
    close_collector();
    (void)unsetenv(FAIL);
    tb_assert_fails(tb_cupti_open(true, &cupti, &err), &err, TB_EUNAVAILABLE,
                    "calls it \"CUPTI for tilebound\"");
}

TB_TESTS(cmocka_unit_test(records__are_those_of_the_launches),
         cmocka_unit_test(launches_without_a_number__are_orphans),
         cmocka_unit_test(records__are_read_however_they_are_laid_out),
         cmocka_unit_test(faults__are_seen_and_pass),
         cmocka_unit_test(names__that_are_none_are_empty),
         cmocka_unit_test(another_kernel__shows_in_its_record), cmocka_unit_test(refusals__say_why),
         cmocka_unit_test(failing_calls__are_named),
         cmocka_unit_test(a_lost_subscription__is_named));
