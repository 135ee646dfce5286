/* Launches whose records cannot be trusted: made again, and timed by events where that does not
 * help. What a bad record says never becomes a time. */
#include "gpu.h"
#include "microbench_params.h"
#include "test_support.h"

#include <stdlib.h>
#include <string.h>

#define LAUNCHES 3
#define CTAS     2
#define FAULT    "TILEBOUND_TEST_CUPTI"
#define ATTEMPTS 4      /* of gpu_run.c */
#define MOST_US  1000.0 /* a launch takes some microseconds; a spoilt record may say an hour */

typedef struct work {
    tb_gpu *gpu;
    tb_gpu_kernel kernel;
    tb_cu_address out;
    tb_microbench_params params;
    tb_gpu_launch launches[LAUNCHES];
} work;

static work all;

static void close_gpu(void)
{
    if (all.gpu != NULL) {
        tb_gpu_free(all.gpu, all.out);
        tb_gpu_close();
    }
    all.gpu = NULL;
}

/* Open the emulated GPU anew while `fault` holds (NULL: none), or skip. Launches are counted from
 * here on. */
static void open_gpu(const char *fault)
{
    static bool has_exit;
    tb_error err;
    close_gpu();
    (void)setenv("XDG_CACHE_HOME", tb_test_path("cache"), 1);
    (void)(fault != NULL ? setenv(FAULT, fault, 1) : unsetenv(FAULT));
    if (tb_gpu_get(&all.gpu, &err) != TB_OK || !tb_gpu_info_of(all.gpu)->is_emulated) {
        all.gpu = NULL;
        print_message("skipped: the emulated GPU is not here\n");
        skip();
    }
    if (!has_exit) {
        (void)atexit(close_gpu);
        has_exit = true;
    }
    tb_assert_ok(tb_gpu_load(all.gpu, tb_cuda_variant_find("microbench"), &all.kernel, &err), &err);
    tb_assert_ok(tb_gpu_alloc(all.gpu, "output", CTAS * TB_MICROBENCH_THREADS * 4, &all.out, &err),
                 &err);
    all.params = (tb_microbench_params){
        .out = (void *)(uintptr_t)all.out, .kind = TB_MICROBENCH_EXP2, .turns = 2};
    for (int i = 0; i < LAUNCHES; i++) {
        all.launches[i] = (tb_gpu_launch){.kernel = &all.kernel,
                                          .grid = {CTAS, 1, 1},
                                          .threads = TB_MICROBENCH_THREADS,
                                          .shared_bytes = TB_MICROBENCH_SHARED_BYTES,
                                          .params = &all.params,
                                          .params_bytes = sizeof all.params};
    }
}

/* An emulated CUPTI too. */
static void open_with_records(const char *fault)
{
    open_gpu(fault);
    const tb_cupti *cupti = tb_gpu_cupti(all.gpu, NULL);
    if (cupti == NULL || !tb_cupti_library(cupti)->is_emulated) {
        print_message("skipped: built without CUPTI's headers, there is no emulated CUPTI\n");
        skip();
    }
}

static tb_status run(tb_gpu_seen *seen, tb_gpu_times *times, tb_error *err)
{
    return tb_gpu_run(all.gpu, all.launches, LAUNCHES, seen, times, err);
}

static void check_records(const tb_gpu_seen *seen, const tb_gpu_times *times)
{
    assert_true(times->is_cupti);
    assert_true(times->span_us > 0 && times->span_us <= times->host_us);
    for (int i = 0; i < LAUNCHES; i++) {
        assert_true(seen[i].time_us > 0 && seen[i].time_us < MOST_US);
        assert_true(i == 0 || seen[i].start_us >= seen[i - 1].start_us + seen[i - 1].time_us);
    }
}

static void check_events(const tb_gpu_times *times)
{
    assert_false(times->is_cupti);
    assert_true(times->span_us > 0 && times->span_us < MOST_US);
}

static const struct {
    const char *always, *once; /* "once" befalls the second launch alone, but where it is said */
    tb_record_fault fault;
} faults[] = {
    {"dropped", "dropped:2:once", TB_RECORDS_DROPPED},
    {"missing", "missing:2:once", TB_RECORDS_MISSING},
    {"late", "late:2:once", TB_RECORDS_MISSING},
    {"unnumbered", "unnumbered:2:once", TB_RECORDS_MISSING},
    {"cut", "cut:2:once", TB_RECORDS_MALFORMED},
    {"zero", "zero:2:once", TB_RECORDS_ZERO},
    {"reversed", "reversed:2:once", TB_RECORDS_REVERSED},
    {"overlapping", "overlapping:2:once", TB_RECORDS_REVERSED},
    {"duplicated", "duplicated:2:once", TB_RECORDS_TWICE},
    {"endless", "endless:3:once", TB_RECORDS_IMPOSSIBLE}, /* the last: it runs into no other */
    {"corrupt", "corrupt:2:once", TB_RECORDS_MALFORMED},
};

#define FAULTS (sizeof faults / sizeof *faults)

static void a_fault_that_passes__costs_one_round(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAULTS; i++) {
        tb_gpu_seen seen[LAUNCHES];
        tb_gpu_times times;
        tb_error err;
        open_with_records(faults[i].once);
        tb_assert_ok(run(seen, &times, &err), &err);
        check_records(seen, &times);
        if (times.retries != 1 || times.faults[faults[i].fault] != 1) {
            fail_msg("%s: %d retries, %d faults", faults[i].once, times.retries,
                     (int)times.faults[faults[i].fault]);
        }
        tb_assert_ok(run(seen, &times, &err), &err);
        check_records(seen, &times);
        assert_int_equal(times.retries, 0);
    }
}

static int64_t sum_of_faults(const tb_gpu_times *times)
{
    int64_t sum = 0;
    for (int f = 0; f < TB_RECORD_FAULT_COUNT; f++) {
        sum += times->faults[f];
    }
    return sum;
}

static void a_fault_that_stays__leaves_events(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAULTS; i++) {
        tb_gpu_times times;
        tb_error err;
        const char *why = NULL;
        open_with_records(faults[i].always);
        tb_assert_ok(run(NULL, &times, &err), &err);
        check_events(&times);
        assert_int_equal(times.retries, ATTEMPTS - 1);
        assert_int_equal(sum_of_faults(&times), ATTEMPTS);
        assert_null(tb_gpu_cupti(all.gpu, &why));
        print_message("%s: %s\n", faults[i].always, why);
        /* "endless" ones run into each other, which is what is seen of them */
        bool is_endless = faults[i].fault == TB_RECORDS_IMPOSSIBLE;
        assert_non_null(
            strstr(why, tb_record_fault_names[is_endless ? TB_RECORDS_REVERSED : faults[i].fault]));
        tb_assert_ok(run(NULL, &times, &err), &err); /* it is not tried again */
        check_events(&times);
        assert_int_equal(times.retries, 0);
    }
}

static void another_kernel__is_no_measurement(void **state)
{
    (void)state;
    tb_gpu_times times;
    tb_error err;
    open_with_records("other");
    tb_assert_fails(run(NULL, &times, &err), &err, TB_EINTERNAL,
                    "another kernel than was launched: microbench, grid 3x1x1");
}

static void where_there_are_no_records__events_time(void **state)
{
    (void)state;
    static const struct {
        const char *fault, *part;
    } cases[] = {{"held", "calls it \"Nsight Systems\""}, {"permitted", "ERR_NVGPUCTRPERM"}};
    open_with_records(NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tb_gpu_times times;
        tb_error err;
        const char *why = NULL;
        open_gpu(cases[i].fault);
        assert_null(tb_gpu_cupti(all.gpu, &why));
        assert_non_null(strstr(why, cases[i].part));
        tb_assert_ok(run(NULL, &times, &err), &err);
        check_events(&times);
        assert_int_equal(times.retries, 0);
    }
}

/* CUPTI's own calls fail in the midst of a run. */
static void calls_that_fail_in_a_run__leave_events(void **state)
{
    (void)state;
    static const char *const calls[] = {"cuptiActivityPushExternalCorrelationId",
                                        "cuptiActivityPopExternalCorrelationId",
                                        "cuptiActivityFlushAll"};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        tb_gpu_times times;
        tb_error err;
        const char *why = NULL;
        open_with_records(NULL);
        (void)setenv("TILEBOUND_TEST_FAIL", calls[i], 1);
        tb_assert_ok(run(NULL, &times, &err), &err);
        (void)unsetenv("TILEBOUND_TEST_FAIL");
        check_events(&times);
        assert_null(tb_gpu_cupti(all.gpu, &why));
        assert_non_null(strstr(why, calls[i]));
    }
}

TB_TESTS(cmocka_unit_test(a_fault_that_passes__costs_one_round),
         cmocka_unit_test(a_fault_that_stays__leaves_events),
         cmocka_unit_test(another_kernel__is_no_measurement),
         cmocka_unit_test(where_there_are_no_records__events_time),
         cmocka_unit_test(calls_that_fail_in_a_run__leave_events));
