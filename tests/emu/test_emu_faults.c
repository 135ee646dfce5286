/* Every kind of fault is planted several ways: the emulator must see each, under every schedule,
 * and say what it is, where in the source, and which CTA and thread did it. The same kernels
 * without their faults must run. */
#include "small_kernel.h"
#include "test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS 250

/* A kernel with a planted fault. `thread` and `cta` are those that meet it when threads run
 * forward; which they are under other schedules is told where it is the same. */
typedef struct planted {
    const char *kernel;
    tb_emu_fault_kind kind;
    int ctas, cta, thread;
    bool is_fixed; /* the same thread and line under every schedule */
} planted;

static const planted in_memory[] = {
    {"bounds_read", TB_EMU_OUT_OF_BOUNDS, 1, 0, 7, true},
    {"bounds_write", TB_EMU_OUT_OF_BOUNDS, 1, 0, 40, true},
    {"bounds_before", TB_EMU_OUT_OF_BOUNDS, 1, 0, 0, true},
    {"bounds_vector", TB_EMU_OUT_OF_BOUNDS, 1, 0, 62, true},
    {"bounds_copy", TB_EMU_OUT_OF_BOUNDS, 1, 0, 62, false},
    {"bounds_copy_to", TB_EMU_OUT_OF_BOUNDS, 1, 0, 52, false},
    {"bounds_shared", TB_EMU_OUT_OF_BOUNDS, 1, 0, 63, true},
    {"bounds_shared_store", TB_EMU_OUT_OF_BOUNDS, 1, 0, 61, false},
    {"bounds_shared_base", TB_EMU_OUT_OF_BOUNDS, 1, 0, 0, false},
    {"bounds_ldmatrix", TB_EMU_OUT_OF_BOUNDS, 1, 0, 45, true},
    {"bounds_null", TB_EMU_OUT_OF_BOUNDS, 1, 0, 0, false},
    {"bounds_stack", TB_EMU_OUT_OF_BOUNDS, 1, 0, 0, false},
    {"bounds_address", TB_EMU_OUT_OF_BOUNDS, 1, 0, 0, false},
    {"bounds_atomic", TB_EMU_OUT_OF_BOUNDS, 1, 0, 0, false},
    {"bounds_constant", TB_EMU_OUT_OF_BOUNDS, 1, 0, 0, false},
    {"aligned_read", TB_EMU_MISALIGNED, 1, 0, 0, false},
    {"aligned_wide", TB_EMU_MISALIGNED, 1, 0, 0, false},
    {"aligned_half", TB_EMU_MISALIGNED, 1, 0, 5, true},
    {"aligned_load16", TB_EMU_MISALIGNED, 1, 0, 0, false},
    {"aligned_store16", TB_EMU_MISALIGNED, 1, 0, 1, false},
    {"aligned_copy_from", TB_EMU_MISALIGNED, 1, 0, 0, false},
    {"aligned_copy_to", TB_EMU_MISALIGNED, 1, 0, 1, false},
    {"aligned_ldmatrix", TB_EMU_MISALIGNED, 1, 0, 1, false},
    {"aligned_shared4", TB_EMU_MISALIGNED, 1, 0, 1, false},
    {"aligned_shared16", TB_EMU_MISALIGNED, 1, 0, 1, false},
    {"aligned_atomic", TB_EMU_MISALIGNED, 1, 0, 0, false},
    {"unset_shared", TB_EMU_UNINITIALISED, 1, 0, 0, false},
    {"unset_global", TB_EMU_UNINITIALISED, 1, 0, 0, false},
    {"unset_copy", TB_EMU_UNINITIALISED, 1, 0, 0, false},
    {"unset_ldmatrix", TB_EMU_UNINITIALISED, 1, 0, 9, true},
    {"unset_half", TB_EMU_UNINITIALISED, 1, 0, 0, false},
    {"unset_byte", TB_EMU_UNINITIALISED, 1, 0, 50, true},
    {"unset_atomic", TB_EMU_UNINITIALISED, 1, 0, 0, false},
    {"unset_next_cta", TB_EMU_UNINITIALISED, 2, 1, 0, false},
};

static const planted in_order[] = {
    {"race_neighbour", TB_EMU_RACE, 1, 0, 1, false},
    {"race_write_write", TB_EMU_RACE, 1, 0, 1, false},
    {"race_write_after_read", TB_EMU_RACE, 1, 0, 1, false},
    {"race_other_warp", TB_EMU_RACE, 1, 0, 32, false},
    {"race_global", TB_EMU_RACE, 1, 0, 32, false},
    {"race_shuffle", TB_EMU_RACE, 1, 0, 0, false},
    {"race_ballot", TB_EMU_RACE, 1, 0, 0, false},
    {"race_ldmatrix", TB_EMU_RACE, 1, 0, 0, false},
    {"race_after_ldmatrix", TB_EMU_RACE, 1, 0, 0, false},
    {"race_copy", TB_EMU_RACE, 1, 0, 0, false},
    {"race_next_tile", TB_EMU_RACE, 1, 0, 32, false},
    {"race_halves", TB_EMU_RACE, 1, 0, 21, false},
    {"race_bytes", TB_EMU_RACE, 1, 0, 33, false},
    {"ctas_write", TB_EMU_CTA_RACE, 2, 1, 0, false},
    {"ctas_read", TB_EMU_CTA_RACE, 2, 1, 0, false},
    {"ctas_read_first", TB_EMU_CTA_RACE, 2, 1, 3, false},
    {"ctas_read_all", TB_EMU_CTA_RACE, 3, 2, 63, false},
    {"ctas_atomic", TB_EMU_CTA_RACE, 2, 1, 1, false},
    {"ctas_split_word", TB_EMU_CTA_RACE, 2, 1, 0, false},
    {"apart_barrier", TB_EMU_DIVERGENCE, 1, 0, 0, true},
    {"apart_barriers", TB_EMU_DIVERGENCE, 1, 0, 0, true},
    {"apart_lane", TB_EMU_DIVERGENCE, 1, 0, 0, true},
    {"apart_loop", TB_EMU_DIVERGENCE, 1, 0, 0, true},
    {"apart_syncwarp", TB_EMU_DIVERGENCE, 1, 0, 16, false},
    {"apart_shuffle", TB_EMU_DIVERGENCE, 1, 0, 32, true},
    {"apart_vote", TB_EMU_DIVERGENCE, 1, 0, 32, true},
    {"apart_mma", TB_EMU_DIVERGENCE, 1, 0, 32, true},
    {"apart_in_two", TB_EMU_DIVERGENCE, 1, 0, 32, true},
    {"flight_own", TB_EMU_IN_FLIGHT, 1, 0, 0, false},
    {"flight_barrier", TB_EMU_IN_FLIGHT, 1, 0, 0, false},
    {"flight_group", TB_EMU_IN_FLIGHT, 1, 0, 0, false},
    {"flight_no_commit", TB_EMU_IN_FLIGHT, 1, 0, 0, false},
    {"flight_store", TB_EMU_IN_FLIGHT, 1, 0, 0, false},
    {"flight_twice", TB_EMU_IN_FLIGHT, 1, 0, 0, false},
    {"flight_ldmatrix", TB_EMU_IN_FLIGHT, 1, 0, 42, true},
    {"flight_source", TB_EMU_IN_FLIGHT, 1, 0, 20, true},
};

/* Compile a source of kernels, with their faults or without. */
static tb_small open_faults(const char *name, bool is_planted)
{
    static const char header[] = "-DTB_FAULT_PARAMS=\"" TB_SOURCE_DIR "/tests/emu/fault_params.h\"";
    const char *const options[] = {header, is_planted ? "-DTB_PLANTED" : NULL, NULL};
    return tb_small_open(name, options);
}

/* Run one kernel with fresh buffers. */
static tb_status run(const tb_small *small, const planted *plant, int schedule, tb_emu_fault *fault,
                     tb_error *err)
{
    uint32_t words[WORDS] = {0};
    struct {
        void *in, *out;
    } params = {tb_small_buffer(small, "in", sizeof words, words),
                tb_small_buffer(small, "out", sizeof words, NULL)};
    tb_emu_launch launch = tb_small_launch(small, plant->kernel, &params, sizeof params);
    launch.grid[0] = plant->ctas;
    launch.threads = 64;
    launch.schedule = (tb_emu_schedule)schedule;
    launch.seed = (uint64_t)schedule * 77;
    tb_status status = tb_emu_run(small->memory, &launch, NULL, fault, err);
    tb_emu_free(small->memory, params.in);
    tb_emu_free(small->memory, params.out);
    return status;
}

/* Does a source have the text of a marker? */
static bool has(const tb_small *small, const char *marker)
{
    return strstr(small->text, marker) != NULL;
}

static void check_place(const tb_small *small, const planted *plant, int schedule,
                        const tb_emu_fault *fault)
{
    char marker[64], other[64];
    (void)snprintf(marker, sizeof marker, "/* FAULT %s */", plant->kernel);
    (void)snprintf(other, sizeof other, "/* OTHER %s */", plant->kernel);
    bool is_exact = schedule == TB_EMU_FORWARD || plant->is_fixed;
    bool is_there = fault->line == tb_small_line(small, marker) ||
                    (!is_exact && has(small, other) && fault->line == tb_small_line(small, other));
    if (strcmp(fault->file, small->name) != 0 || !is_there) {
        fail_msg("%s, schedule %d: it names %s:%d", plant->kernel, schedule, fault->file,
                 fault->line);
    }
    if (is_exact && (fault->thread != plant->thread || fault->cta[0] != plant->cta)) {
        fail_msg("%s, schedule %d: it names CTA %d, thread %d", plant->kernel, schedule,
                 fault->cta[0], fault->thread);
    }
}

static void check_caught(const tb_small *small, const planted *plant, int schedule)
{
    tb_emu_fault fault;
    tb_error err;
    tb_status status = run(small, plant, schedule, &fault, &err);
    if (status != TB_EINTERNAL || fault.kind != plant->kind) {
        fail_msg("%s, schedule %d: %s, %s (%s)", plant->kernel, schedule, tb_status_name(status),
                 tb_emu_fault_names[fault.kind], status == TB_OK ? "" : err.message);
    }
    assert_non_null(strstr(err.message, plant->kernel));
    assert_string_equal(err.message, fault.message);
    check_place(small, plant, schedule, &fault);
}

static void check_faults(const char *source, const planted *plants, size_t count)
{
    tb_small small = open_faults(source, true);
    for (size_t i = 0; i < count; i++) {
        for (int schedule = TB_EMU_FORWARD; schedule <= TB_EMU_RANDOM; schedule++) {
            check_caught(&small, &plants[i], schedule);
        }
    }
    tb_small_close(&small);
    print_message("%zu faults, each caught under three schedules\n", count);
}

static void check_clean(const char *source, const planted *plants, size_t count)
{
    tb_small small = open_faults(source, false);
    for (size_t i = 0; i < count; i++) {
        for (int schedule = TB_EMU_FORWARD; schedule <= TB_EMU_RANDOM; schedule++) {
            tb_emu_fault fault;
            tb_error err;
            tb_assert_ok(run(&small, &plants[i], schedule, &fault, &err), &err);
            assert_int_equal(fault.kind, TB_EMU_NO_FAULT);
        }
    }
    tb_small_close(&small);
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void faults_of_one_access__are_caught_in_their_place(void **state)
{
    (void)state;
    check_faults("faults_memory.cu", in_memory, COUNT(in_memory));
}

static void faults_of_several_threads__are_caught_in_their_place(void **state)
{
    (void)state;
    check_faults("faults_order.cu", in_order, COUNT(in_order));
}

static void the_same_kernels_without_faults__run(void **state)
{
    (void)state;
    check_clean("faults_memory.cu", in_memory, COUNT(in_memory));
    check_clean("faults_order.cu", in_order, COUNT(in_order));
}

static void every_kind__is_planted_three_times_or_more(void **state)
{
    (void)state;
    int of_kind[TB_EMU_BAD_LAUNCH + 1] = {0};
    for (size_t i = 0; i < COUNT(in_memory); i++) {
        of_kind[in_memory[i].kind]++;
    }
    for (size_t i = 0; i < COUNT(in_order); i++) {
        of_kind[in_order[i].kind]++;
    }
    for (int kind = TB_EMU_OUT_OF_BOUNDS; kind < TB_EMU_BAD_LAUNCH; kind++) {
        assert_true(of_kind[kind] >= 3);
        print_message("%s: %d\n", tb_emu_fault_names[kind], of_kind[kind]);
    }
}

/* A launch goes on on all host threads until one of them meets the fault. */
static void a_fault__ends_a_launch_of_many_ctas(void **state)
{
    (void)state;
    tb_small small = open_faults("faults_memory.cu", true);
    planted plant = {"unset_shared", TB_EMU_UNINITIALISED, 1000, 0, 0, false};
    for (int i = 0; i < 20; i++) {
        tb_emu_fault fault;
        tb_error err;
        uint32_t words[WORDS] = {0};
        struct {
            void *in, *out;
        } params = {tb_small_buffer(&small, "in", sizeof words, words),
                    tb_small_buffer(&small, "out", sizeof words, NULL)};
        tb_emu_launch launch = tb_small_launch(&small, plant.kernel, &params, sizeof params);
        launch.grid[0] = plant.ctas;
        launch.threads = 64;
        launch.host_threads = 4;
        assert_int_equal(tb_emu_run(small.memory, &launch, NULL, &fault, &err), TB_EINTERNAL);
        assert_int_equal(fault.kind, TB_EMU_UNINITIALISED);
        assert_true(fault.cta[0] < 1000);
    }
    tb_small_close(&small);
}

/* A launch that no GPU takes, and what is said of it. */
static void refuse(const tb_small *small, tb_emu_launch launch, const char *part)
{
    tb_emu_fault fault;
    tb_error err;
    tb_assert_fails(tb_emu_run(small->memory, &launch, NULL, &fault, &err), &err, TB_EINVAL, part);
    assert_int_equal(fault.kind, TB_EMU_BAD_LAUNCH);
    assert_non_null(strstr(fault.message, part));
}

static void launches__that_no_gpu_takes_are_refused(void **state)
{
    (void)state;
    tb_small small = open_faults("faults_memory.cu", false);
    const tb_emu_launch good = tb_small_launch(&small, "bounds_read", NULL, 0);
    tb_emu_launch bad = good;
    bad.threads = 33;
    refuse(&small, bad, "32 to 1024 threads");
    bad.threads = 0;
    refuse(&small, bad, "32 to 1024 threads");
    bad.threads = 1056;
    refuse(&small, bad, "32 to 1024 threads");
    bad = good;
    bad.grid[0] = 0;
    refuse(&small, bad, "the grid");
    bad = good;
    bad.grid[1] = 65536;
    refuse(&small, bad, "the grid");
    bad = good;
    bad.grid[0] = 1 << 30;
    bad.grid[2] = 4;
    refuse(&small, bad, "2^32-2 CTAs");
    bad = good;
    bad.shared_bytes = 232449;
    refuse(&small, bad, "232448 bytes");
    bad = good;
    bad.params_bytes = 4097;
    refuse(&small, bad, "4096 bytes");
    bad = good;
    bad.entry = NULL;
    refuse(&small, bad, "no kernel");
    tb_small_close(&small);
}

TB_TESTS(cmocka_unit_test(faults_of_one_access__are_caught_in_their_place),
         cmocka_unit_test(faults_of_several_threads__are_caught_in_their_place),
         cmocka_unit_test(the_same_kernels_without_faults__run),
         cmocka_unit_test(every_kind__is_planted_three_times_or_more),
         cmocka_unit_test(a_fault__ends_a_launch_of_many_ctas),
         cmocka_unit_test(launches__that_no_gpu_takes_are_refused));
