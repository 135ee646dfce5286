#include "kernel_run.h"

#include "test_support.h"

#include <stdlib.h>
#include <string.h>

tb_kernel tb_kernel_open(const char *variant_name)
{
    tb_kernel kernel = {.variant = tb_cuda_variant_find(variant_name)};
    if (kernel.variant == NULL) {
        fail_msg("no variant %s", variant_name);
        return kernel;
    }
    tb_error err;
    tb_assert_ok(
        tb_twin_create(kernel.variant->source, kernel.variant->options, &kernel.twin, &err), &err);
    kernel.entry = tb_twin_entry(kernel.twin, kernel.variant->kernel);
    assert_non_null(kernel.entry);
    return kernel;
}

void tb_kernel_close(tb_kernel *kernel)
{
    tb_twin_destroy(kernel->twin);
    *kernel = (tb_kernel){0};
}

void *tb_kernel_buffer(tb_emu_memory *memory, const char *name, int64_t bytes, const void *data)
{
    void *buffer = NULL;
    tb_error err;
    tb_assert_ok(tb_emu_alloc(memory, name, bytes, &buffer, &err), &err);
    if (data != NULL) {
        tb_assert_ok(tb_emu_upload(memory, buffer, data, bytes, &err), &err);
    }
    return buffer;
}

static void begin_outputs(tb_kernel_run *run)
{
    tb_error err;
    for (int i = 0; i < run->outputs; i++) {
        tb_kernel_output *output = &run->output[i];
        tb_emu_forget(run->memory, output->buffer);
        if (output->before != NULL) {
            tb_assert_ok(
                tb_emu_upload(run->memory, output->buffer, output->before, output->bytes, &err),
                &err);
        }
    }
}

static void end_outputs(tb_kernel_run *run, tb_emu_schedule schedule)
{
    tb_error err;
    for (int i = 0; i < run->outputs; i++) {
        tb_kernel_output *output = &run->output[i];
        if (output->host == NULL) {
            continue;
        }
        void *room = schedule == TB_EMU_FORWARD ? output->host : malloc((size_t)output->bytes);
        assert_non_null(room);
        tb_assert_ok(tb_emu_download(run->memory, output->buffer, room, output->bytes, &err), &err);
        if (schedule != TB_EMU_FORWARD) {
            assert_memory_equal(room, output->host, (size_t)output->bytes);
            free(room);
        }
    }
}

static void run_step(tb_kernel_run *run, int i, tb_emu_schedule schedule)
{
    const tb_kernel_step *step = &run->step[i];
    const tb_cuda_variant *variant = step->kernel->variant;
    tb_emu_launch launch = {.kernel = variant->name,
                            .entry = step->kernel->entry,
                            .grid = {step->grid[0], step->grid[1], step->grid[2]},
                            .threads = variant->threads,
                            .shared_bytes = variant->shared_bytes,
                            .params = step->params,
                            .params_bytes = step->params_bytes,
                            .schedule = schedule,
                            .seed = 72,
                            .is_mma_truncated = run->is_inexact,
                            .is_exp2_perturbed = run->is_inexact,
                            .user = run->user};
    if (schedule == TB_EMU_FORWARD) {
        launch.unmasked = run->unmasked;
    }
    tb_emu_fault fault;
    tb_error err;
    tb_assert_ok(tb_emu_run(run->memory, &launch, &run->counters[i], &fault, &err), &err);
}

void tb_kernel_run_all(tb_kernel_run *run)
{
    for (int schedule = TB_EMU_FORWARD; schedule <= TB_EMU_RANDOM; schedule++) {
        begin_outputs(run);
        for (int i = 0; i < run->steps; i++) {
            run_step(run, i, (tb_emu_schedule)schedule);
        }
        end_outputs(run, (tb_emu_schedule)schedule);
    }
}
