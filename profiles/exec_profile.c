#include "exec_profile.h"

#include "exec_notes.h"
#include "kernel_name.h"
#include "sampling.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 200

struct tb_exec_profile {
    tb_profile profile;
    tb_exec_notes notes;
    tb_arena *arena;
};

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a profile");
}

void tb_exec_profile_destroy(tb_exec_profile *profile)
{
    if (profile == NULL) {
        return;
    }
    tb_exec_notes_free(&profile->notes);
    tb_arena_destroy(profile->arena);
    free(profile);
}

const tb_profile *tb_exec_profile_get(const tb_exec_profile *profile)
{
    return &profile->profile;
}

const tb_exec_device *tb_exec_find_device(const tb_exec_records *records,
                                          const tb_exec_match *match)
{
    for (size_t i = 0; i < match->matched_count; i++) {
        const tb_exec_kernel *kernel = &records->kernels[match->matched[i]];
        const tb_exec_process *process = &records->processes[kernel->process];
        if (kernel->device < TB_EXEC_DEVICES_MAX && process->devices[kernel->device].name != NULL) {
            return &process->devices[kernel->device];
        }
    }
    return NULL;
}

bool tb_exec_is_emulated(const tb_exec_records *records)
{
    for (size_t i = 0; i < records->process_count; i++) {
        if (records->processes[i].is_emulated) {
            return true;
        }
    }
    return false;
}

static tb_run_kind kind_of(const tb_pattern *pattern)
{
    switch (pattern->kind) {
    case TB_PATTERN_DENSE:
    case TB_PATTERN_CAUSAL:
        return TB_RUN_DENSE;
    case TB_PATTERN_LOCAL:
        return TB_RUN_WINDOW;
    default:
        return TB_RUN_SPARSE;
    }
}

/* The kernels of a problem, by short names, those of one launch joined by "+". */
static const char *kernel_text(const tb_exec_facts *facts, const tb_exec_series *series,
                               tb_arena *arena)
{
    char text[4 * NAME_BYTES];
    size_t used = 0;
    const tb_exec_match *match = facts->match;
    size_t first = series->first + (size_t)(facts->request->warm_up * match->kernels_per_launch);
    for (size_t i = 0; i < (size_t)match->kernels_per_launch; i++) {
        char name[NAME_BYTES];
        const tb_exec_kernel *kernel = &facts->records->kernels[match->matched[first + i]];
        tb_kernel_short_name(facts->records->names[kernel->name].text, name, sizeof name);
        int length = snprintf(text + used, sizeof text - used, "%s%s", used > 0 ? " + " : "", name);
        if (length < 0 || used + (size_t)length >= sizeof text) {
            break;
        }
        used += (size_t)length;
    }
    return tb_arena_text(arena, text, used);
}

static int threads_of(const tb_exec_kernel *kernel)
{
    double threads = (double)kernel->cta[0] * (double)kernel->cta[1] * (double)kernel->cta[2];
    return threads < INT_MAX ? (int)threads : INT_MAX;
}

/* The kernels of one launch, the first that counts. */
static tb_run_kernel *make_kernels(const tb_exec_facts *facts, const tb_exec_series *series,
                                   tb_arena *arena)
{
    const tb_exec_match *match = facts->match;
    size_t count = (size_t)match->kernels_per_launch;
    size_t first = series->first + (size_t)facts->request->warm_up * count;
    tb_run_kernel *made = tb_arena_array(arena, count, sizeof *made);
    for (size_t i = 0; made != NULL && i < count; i++) {
        const tb_exec_kernel *kernel = &facts->records->kernels[match->matched[first + i]];
        made[i] = (tb_run_kernel){.name = facts->records->names[kernel->name].text,
                                  .launches = 1,
                                  .registers = kernel->registers,
                                  .static_shared_bytes = kernel->static_shared_bytes,
                                  .dynamic_shared_bytes = kernel->dynamic_shared_bytes,
                                  .grid = {kernel->grid[0], kernel->grid[1], kernel->grid[2]},
                                  .threads = threads_of(kernel),
                                  .time_us = tb_exec_kernel_us(kernel)};
    }
    return made;
}

static tb_status make_run(const tb_exec_facts *facts, size_t which, tb_arena *arena, tb_run *out,
                          tb_error *err)
{
    const tb_exec_series *series = &facts->match->series[which];
    const tb_suite_item *item = &facts->suite->items[which];
    const tb_exec_device *device = tb_exec_find_device(facts->records, facts->match);
    tb_series_summary summary = {0};
    tb_status status = tb_series_summarise(series->samples_us, series->count, &summary, err);
    if (status != TB_OK) {
        return status;
    }
    *out = (tb_run){
        .id = item->name,
        .device = facts->device_name,
        .device_text = device != NULL ? device->name : NULL,
        .kernel = facts->kernel != NULL ? facts->kernel : item->kernel,
        .kernel_text = kernel_text(facts, series, arena),
        .kind = kind_of(&item->item.pattern),
        .item = item->item,
        .has_case = true,
        .simulable = true,
        .includes = TB_INCLUDES_ATTENTION,
        .clock = TB_CLOCK_CUPTI,
        .time = {.given = true,
                 .median_us = summary.quartiles.median,
                 .n = (int64_t)series->count,
                 .has_spread = series->count >= 3,
                 .low_us = summary.quartiles.low,
                 .high_us = summary.quartiles.high,
                 .samples_us = series->samples_us},
        .gpu_kernels = make_kernels(facts, series, arena),
        .gpu_kernel_count = (size_t)facts->match->kernels_per_launch,
        .emulated = tb_exec_is_emulated(facts->records),
        .command = facts->command,
    };
    return out->kernel_text != NULL && out->gpu_kernels != NULL ? TB_OK : no_memory(err);
}

static bool is_same_size(const tb_problem *a, const tb_problem *b)
{
    return tb_layout_tokens(&a->layout) == tb_layout_tokens(&b->layout) && a->batch == b->batch &&
           a->heads == b->heads && a->heads_kv == b->heads_kv && a->dim == b->dim &&
           a->dim_value == b->dim_value && a->dtype == b->dtype && a->pass == b->pass &&
           a->extra_kv == b->extra_kv && a->extra_q == b->extra_q;
}

/* The dense problem of the same sizes that the suite has, if it has one that ran. */
static void find_baseline(const tb_profile *profile, tb_run *run)
{
    tb_pattern_kind wanted =
        run->item.baseline == TB_BASELINE_CAUSAL ? TB_PATTERN_CAUSAL : TB_PATTERN_DENSE;
    for (size_t i = 0; i < profile->count && run->kind != TB_RUN_DENSE; i++) {
        const tb_run *dense = &profile->runs[i];
        if (dense->item.pattern.kind == wanted &&
            is_same_size(&dense->item.problem, &run->item.problem)) {
            run->has_baseline = true;
            run->baseline = i;
            return;
        }
    }
}

static tb_status make_runs(const tb_exec_facts *facts, tb_exec_profile *to, tb_error *err)
{
    tb_profile *profile = &to->profile;
    tb_status status = TB_OK;
    profile->runs =
        tb_arena_array(to->arena, facts->match->series_count + 1, sizeof *profile->runs);
    if (profile->runs == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; status == TB_OK && i < facts->match->series_count; i++) {
        if (facts->match->series[i].count > 0) {
            status = make_run(facts, i, to->arena, &profile->runs[profile->count++], err);
        }
    }
    for (size_t i = 0; status == TB_OK && i < profile->count; i++) {
        find_baseline(profile, &profile->runs[i]);
    }
    return status;
}

static tb_status make_environment(const tb_exec_facts *facts, tb_exec_profile *to, tb_error *err)
{
    const tb_exec_device *device = tb_exec_find_device(facts->records, facts->match);
    to->profile.environment = facts->environment;
    if (device == NULL) {
        return TB_OK;
    }
    char cuda[32];
    int length = snprintf(cuda, sizeof cuda, "%lld.%lld", (long long)device->cuda_version / 1000,
                          (long long)device->cuda_version % 1000 / 10);
    tb_environment_gpu *gpu = &to->profile.environment.gpu;
    *gpu = (tb_environment_gpu){.name = device->name, .uuid = device->uuid};
    gpu->cuda = tb_arena_text(to->arena, cuda, length > 0 ? (size_t)length : 0);
    return gpu->cuda != NULL ? TB_OK : no_memory(err);
}

static tb_status make_head(const tb_exec_facts *facts, tb_exec_profile *to, tb_error *err)
{
    const tb_exec_device *device = tb_exec_find_device(facts->records, facts->match);
    char summary[256];
    (void)snprintf(summary, sizeof summary,
                   "%s: kernels of a program, timed by CUPTI: measured by tilebound",
                   device != NULL ? device->name : "a GPU");
    to->profile.name = facts->device_name != NULL ? facts->device_name : "exec";
    to->profile.summary = tb_arena_text(to->arena, summary, strlen(summary));
    to->profile.device = facts->device;
    tb_exec_note_rule(facts, &to->notes);
    tb_exec_note_doubts(facts, &to->notes);
    tb_exec_note_rest(facts, &to->notes);
    to->profile.notes = to->notes.text;
    to->profile.note_count = to->notes.count;
    return to->profile.summary != NULL && !to->notes.failed ? make_environment(facts, to, err)
                                                            : no_memory(err);
}

tb_status tb_exec_profile_create(const tb_exec_facts *facts, tb_exec_profile **out, tb_error *err)
{
    tb_exec_profile *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return no_memory(err);
    }
    made->arena = made->notes.arena = tb_arena_create();
    tb_status status = made->arena != NULL ? make_head(facts, made, err) : no_memory(err);
    if (status == TB_OK) {
        status = make_runs(facts, made, err);
    }
    if (status != TB_OK) {
        tb_exec_profile_destroy(made);
        return status;
    }
    *out = made;
    return TB_OK;
}
