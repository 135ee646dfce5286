#include "timed_case.h"

#include "catalogue.h"
#include "sim_case.h"
#include "test_support.h"
#include "text.h"

#include <stdlib.h>

tb_kernel *tb_test_kernel(const char *name)
{
    tb_kernel *kernel = NULL;
    tb_error err;
    tb_assert_ok(tb_kernel_load(name, &kernel, &err), &err);
    return kernel;
}

tb_device *tb_test_device(const char *name)
{
    tb_device *device = NULL;
    tb_error err;
    tb_assert_ok(tb_device_load(name, &device, &err), &err);
    return device;
}

void tb_test_set(tb_device *device, const char *assignment)
{
    tb_error err;
    tb_assert_ok(tb_device_set(device, assignment, &err), &err);
}

tb_device **tb_test_devices(size_t *count)
{
    tb_arena *arena = tb_arena_create();
    assert_non_null(arena);
    const char *const *names;
    tb_error err;
    tb_assert_ok(tb_catalogue_names(TB_CATALOGUE_DEVICE, arena, &names, count, &err), &err);
    tb_device **devices = calloc(*count + 1, sizeof(tb_device *));
    assert_non_null(devices);
    for (size_t i = 0; i < *count; i++) {
        devices[i] = tb_test_device(names[i]);
        assert_string_equal(devices[i]->name, names[i]); /* the file is named after it */
    }
    tb_arena_destroy(arena);
    return devices;
}

void tb_test_devices_free(tb_device **devices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tb_device_destroy(devices[i]);
    }
    free(devices);
}

static int read_sizes(const char *text, int64_t *out)
{
    size_t count;
    if (!tb_text_int_list(text, TB_MAX_RANK, out, &count)) {
        fail_msg("'%s' is no list of sizes", text);
    }
    return (int)count;
}

tb_case tb_test_gna(const char *layout, const char *window, const char *stride, int64_t heads)
{
    tb_case item = tb_case_default();
    item.problem.heads = item.problem.heads_kv = heads;
    item.problem.layout.rank = read_sizes(layout, item.problem.layout.extent);
    item.pattern.kind = TB_PATTERN_GNA;
    for (int d = 0; d < TB_MAX_RANK; d++) {
        item.pattern.window[d] = TB_WHOLE_AXIS;
    }
    if (window != NULL) {
        assert_int_equal(read_sizes(window, item.pattern.window), item.problem.layout.rank);
    }
    if (stride != NULL) {
        assert_int_equal(read_sizes(stride, item.pattern.stride), item.problem.layout.rank);
    }
    tb_case_normalize(&item);
    return item;
}

void tb_test_tiles(tb_case *item, const char *q_tile, const char *kv_tile)
{
    item->tiling.q_dims = read_sizes(q_tile, item->tiling.q_tile);
    item->tiling.kv_dims = read_sizes(kv_tile, item->tiling.kv_tile);
}

tb_time_values tb_test_values(void)
{
    tb_time_values values = {.basis = TB_BASIS_UNCALIBRATED};
    values.value[TB_TIME_OVERLAP] = 0.25;
    values.value[TB_TIME_MASK_CYCLES] = 1500;
    values.value[TB_TIME_MASK_3D_FACTOR] = 1.5;
    values.value[TB_TIME_PROLOGUE_CYCLES] = 2200;
    values.value[TB_TIME_LAUNCH_US] = 5;
    values.value[TB_TIME_SUSTAINED_CLOCK_FRACTION] = 0.8;
    values.value[TB_TIME_PERMUTE_FRACTION] = 0.25;
    for (int p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        values.known[p] = !tb_time_parameters[p].is_optional; /* those stay at their defaults */
    }
    return values;
}

void tb_timed_open(const tb_case *item, const tb_kernel *kernel, const tb_device *device,
                   tb_timed_case *out)
{
    tb_error err;
    tb_prediction *p = &out->prediction;
    *out = (tb_timed_case){0};
    tb_assert_ok(tb_predict(item, kernel, p, &err), &err);
    tb_assert_ok(tb_cta_counts_fill(p, kernel, device, &out->counts, &err), &err);
    out->time = tb_time_case_of(p, kernel, device, &out->counts);
}

void tb_timed_close(tb_timed_case *timed)
{
    tb_prediction_release(&timed->prediction);
    tb_cta_counts_release(&timed->counts);
}

tb_tile_cycles tb_timed_tile(const tb_timed_case *timed, const tb_time_values *values)
{
    tb_tile_cycles cycles = {0};
    tb_error err;
    tb_assert_ok(tb_time_tile_cycles(&timed->time, values, &cycles, &err), &err);
    return cycles;
}

tb_time tb_timed_run(const tb_timed_case *timed, const tb_time_values *values)
{
    tb_time time = {0};
    tb_error err;
    tb_assert_ok(tb_time_predict(&timed->time, values, &time, &err), &err);
    return time;
}

tb_time tb_timed_once(const tb_case *item, const tb_kernel *kernel, const tb_device *device,
                      const tb_time_values *values)
{
    tb_timed_case timed;
    tb_timed_open(item, kernel, device, &timed);
    tb_time time = tb_timed_run(&timed, values);
    tb_timed_close(&timed);
    return time;
}

tb_bench tb_bench_of(const char *kernel, const char *device)
{
    return (tb_bench){.kernel = tb_test_kernel(kernel),
                      .device = tb_test_device(device),
                      .values = tb_test_values()};
}

void tb_bench_close(tb_bench *bench)
{
    tb_kernel_destroy(bench->kernel);
    tb_device_destroy(bench->device);
}

tb_tile_cycles tb_bench_tile(const tb_bench *bench, const tb_case *item)
{
    tb_timed_case timed;
    tb_timed_open(item, bench->kernel, bench->device, &timed);
    tb_tile_cycles cycles = tb_timed_tile(&timed, &bench->values);
    tb_timed_close(&timed);
    return cycles;
}

tb_time tb_bench_time(const tb_bench *bench, const tb_case *item)
{
    return tb_timed_once(item, bench->kernel, bench->device, &bench->values);
}

tb_case tb_test_draw_gna(gsl_rng *random, int64_t tokens)
{
    static const int64_t longest[] = {0, 100000, 320, 80};
    tb_case item = tb_case_default();
    tb_layout *layout = &item.problem.layout;
    layout->rank = (int)tb_test_between(random, 1, 3);
    for (int d = 0; d < layout->rank; d++) {
        int64_t limit = tokens < longest[layout->rank] ? tokens : longest[layout->rank];
        layout->extent[d] = tb_test_between(random, 1, limit);
        tokens /= layout->extent[d];
    }
    tb_sim_case_gna(random, layout, &item.pattern);
    item.problem.batch = tb_test_between(random, 1, 3);
    item.problem.heads_kv = tb_test_between(random, 1, 6);
    item.problem.heads = item.problem.heads_kv * tb_test_between(random, 1, 3);
    item.problem.dim = item.problem.dim_value = 64 * tb_test_between(random, 1, 2);
    return item;
}
