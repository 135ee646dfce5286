#include "run_kernels.h"

#include "yaml_fields.h"
#include "yaml_print.h"

#include <limits.h>
#include <math.h>

static const char *const kernel_keys[] = {
    "name",    "launches", "registers", "static_shared_bytes", "dynamic_shared_bytes", "grid",
    "threads", "time_us",  NULL};

static tb_status read_grid(const tb_yaml_node *node, int64_t *grid, tb_error *err)
{
    size_t count = 0;
    if (node == NULL) {
        return TB_OK;
    }
    tb_status status = tb_yaml_int_list(node, 3, 1, INT64_MAX, grid, &count, err);
    return status == TB_OK && count != 3
               ? tb_yaml_fail(node, err, "%zu numbers; a grid has three", count)
               : status;
}

static tb_status read_kernel(const tb_yaml_node *map, tb_run_kernel *out, tb_error *err)
{
    const tb_yaml_node *time = tb_yaml_get(map, "time_us");
    int64_t threads = 0;
    tb_status status = tb_yaml_check_keys(map, kernel_keys, err);
    if (status == TB_OK) {
        status = tb_field_text(map, "name", true, &out->name, err);
    }
    const struct {
        const char *key;
        int64_t least;
        int64_t *out;
    } counts[] = {{"launches", 1, &out->launches},
                  {"registers", 0, &out->registers},
                  {"static_shared_bytes", 0, &out->static_shared_bytes},
                  {"dynamic_shared_bytes", 0, &out->dynamic_shared_bytes},
                  {"threads", 1, &threads}};
    for (size_t i = 0; status == TB_OK && i < sizeof counts / sizeof *counts; i++) {
        status = tb_field_int(map, counts[i].key, counts[i].least, counts[i].out, err);
    }
    if (status == TB_OK) {
        status = read_grid(tb_yaml_get(map, "grid"), out->grid, err);
    }
    if (status == TB_OK && threads > INT_MAX) {
        return tb_yaml_fail(tb_yaml_get(map, "threads"), err, "no CTA has so many threads");
    }
    out->threads = (int)threads;
    return status == TB_OK && time != NULL ? tb_yaml_double(time, 0, HUGE_VAL, &out->time_us, err)
                                           : status;
}

tb_status tb_run_kernels_read(const tb_yaml_node *list, tb_arena *arena, const tb_run_kernel **out,
                              size_t *count, tb_error *err)
{
    if (list == NULL) {
        return TB_OK;
    }
    if (!tb_yaml_is_list(list) || tb_yaml_count(list) == 0) {
        return tb_yaml_fail(list, err, "a list of at least one kernel is needed here");
    }
    size_t room = tb_yaml_count(list);
    tb_run_kernel *kernels = tb_arena_array(arena, room, sizeof *kernels);
    if (kernels == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %zu kernels", room);
    }
    for (size_t i = 0; i < room; i++) {
        tb_status status = read_kernel(tb_yaml_item(list, i), &kernels[i], err);
        if (status != TB_OK) {
            return status;
        }
    }
    *out = kernels;
    *count = room;
    return TB_OK;
}

static void print_kernel(const tb_run_kernel *kernel, tb_buffer *out)
{
    tb_buffer_text(out, "      - {name: ");
    tb_yaml_print_text(out, kernel->name);
    tb_buffer_printf(out,
                     ", launches: %lld, registers: %lld, static_shared_bytes: %lld, "
                     "dynamic_shared_bytes: %lld",
                     (long long)kernel->launches, (long long)kernel->registers,
                     (long long)kernel->static_shared_bytes,
                     (long long)kernel->dynamic_shared_bytes);
    if (kernel->grid[0] > 0) {
        tb_buffer_text(out, ", grid: ");
        tb_yaml_print_ints(out, kernel->grid, 3);
    }
    if (kernel->threads > 0) {
        tb_buffer_printf(out, ", threads: %d", kernel->threads);
    }
    if (kernel->time_us > 0) {
        tb_buffer_text(out, ", time_us: ");
        tb_yaml_print_double(out, kernel->time_us);
    }
    tb_buffer_text(out, "}\n");
}

void tb_run_kernels_print(const tb_run_kernel *kernels, size_t count, tb_buffer *out)
{
    tb_buffer_text(out, count > 0 ? "    kernels:\n" : "");
    for (size_t i = 0; i < count; i++) {
        print_kernel(&kernels[i], out);
    }
}
