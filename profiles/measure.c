/* What is measured: configurations, each problem beside its dense baseline. */
#include "measure.h"

#include "case_print.h"
#include "measure_parts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECKED_ROWS 16
#define KEPT_BYTES   (INT64_C(1) << 30)
#define GROWTH       16

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a measurement");
}

static tb_status read_noise(tb_noise_reading *out, tb_error *err)
{
    return tb_noise_read("", out, err);
}

tb_measure_options tb_measure_default(void)
{
    return (tb_measure_options){.backend = tb_backends[0],
                                .check_rows = CHECKED_ROWS,
                                .kept_bytes = KEPT_BYTES,
                                .seed = 1,
                                .read_noise = read_noise,
                                .sampling = tb_sampling_default()};
}

tb_status tb_measure_create(const tb_measure_options *options, const tb_device_facts *facts,
                            tb_device *device, const tb_environment *environment, tb_measure **out,
                            tb_error *err)
{
    tb_status status = tb_sampling_check(&options->sampling, err);
    if (status == TB_OK && options->is_processor_time && options->threads != 1) {
        return tb_fail(err, TB_EINVAL,
                       "processor time leaves out how long threads wait for each other; it is for "
                       "one thread: --threads 1");
    }
    if (status == TB_OK) {
        status = options->backend->available(err);
    }
    if (status != TB_OK) {
        return status;
    }
    tb_measure *measure = calloc(1, sizeof *measure);
    if (measure == NULL) {
        return no_memory(err);
    }
    assert(!options->is_counting || options->backend->hardware != NULL);
    *measure = (tb_measure){.options = *options,
                            .facts = facts,
                            .device = device,
                            .environment = *environment,
                            .arena = tb_arena_create(),
                            .inputs = options->inputs,
                            .owns_inputs = options->inputs == NULL};
    if (measure->owns_inputs) {
        measure->inputs = tb_input_store_create();
    }
    measure->environment.isa = facts->isa;
    if (options->backend->is_gpu) {
        tb_measure_set_gpu(facts, &measure->environment);
    } else {
        measure->environment.threads = options->threads > 0 ? options->threads : facts->cores;
    }
    if (measure->arena == NULL || measure->inputs == NULL) {
        tb_measure_destroy(measure);
        return no_memory(err);
    }
    *out = measure;
    return TB_OK;
}

void tb_measure_destroy(tb_measure *measure)
{
    if (measure == NULL) {
        return;
    }
    for (size_t i = 0; i < measure->count; i++) {
        tb_configuration *at = &measure->all[i];
        tb_prepared_destroy(at->prepared);
        tb_prediction_release(&at->prediction);
        free(at->permute_us);
        free(at->pack_us);
        free(at->overhead_us);
        free(at->chosen_us);
    }
    if (measure->owns_inputs) {
        tb_input_store_destroy(measure->inputs);
    }
    tb_cache_flush_free(&measure->flush);
    tb_sampling_destroy(measure->sampling);
    tb_arena_destroy(measure->arena);
    free(measure->all);
    free(measure->runs);
    free(measure->places);
    free(measure);
}

void tb_measure_set_device(tb_measure *measure, tb_device *device)
{
    measure->device = device;
}

size_t tb_measure_find(const tb_measure *measure, const char *id)
{
    size_t i = 0;
    while (i < measure->count && strcmp(measure->all[i].id, id) != 0) {
        i++;
    }
    return i;
}

const tb_prediction *tb_measure_prediction(const tb_measure *measure, const char *id)
{
    size_t i = tb_measure_find(measure, id);
    return i < measure->count ? &measure->all[i].prediction : NULL;
}

/* The tiles of a prediction, asked for in full: a file that says so is measured alike whatever the
 * kernel's defaults become. */
static void fix_tiling(const tb_prediction *prediction, tb_case *item)
{
    const tb_tiling *tiling = &prediction->tiling;
    int dims = tb_tiling_dims(tiling, &prediction->problem.layout);
    item->tiling = (tb_tiling_request){.has_kind = true,
                                       .has_kv_tiling = true,
                                       .kind = tiling->kind,
                                       .kv_tiling = tiling->kv_tiling,
                                       .order = tiling->order,
                                       .q_dims = dims,
                                       .kv_dims = dims};
    memcpy(item->tiling.q_tile, tiling->q_tile, sizeof tiling->q_tile);
    memcpy(item->tiling.kv_tile, tiling->kv_tile, sizeof tiling->kv_tile);
}

static const char *keep_text(tb_measure *measure, tb_buffer *text)
{
    const char *kept = text->failed || text->data == NULL
                           ? NULL
                           : tb_arena_text(measure->arena, text->data, text->length);
    tb_buffer_free(text);
    return kept;
}

static const char *kernel_text(tb_measure *measure, tb_implementation implementation)
{
    tb_buffer text = {0};
    tb_buffer_printf(&text, "%s %s %s", measure->options.backend->name,
                     tb_implementation_names[implementation], measure->facts->isa);
    return keep_text(measure, &text);
}

/* A configuration of a case, counted by the caller once it is good. */
static tb_status prepare_configuration(tb_measure *measure, const tb_case *item,
                                       tb_implementation implementation, tb_configuration *out,
                                       tb_error *err)
{
    tb_buffer text = {0}, command = {0};
    out->item = *item;
    tb_status status = tb_predict(item, measure->options.kernel, &out->prediction, err);
    if (status != TB_OK) {
        return status;
    }
    fix_tiling(&out->prediction, &out->item);
    out->launch = tb_launch_default();
    out->launch.problem = out->prediction.problem;
    out->launch.pattern = out->prediction.pattern;
    out->launch.tiling = out->prediction.tiling;
    out->launch.implementation = implementation;
    out->launch.threads = measure->options.threads;
    tb_case_print(&out->item, "", &text);
    out->text = keep_text(measure, &text);
    if (measure->options.print_command != NULL) {
        measure->options.print_command(&out->item, measure->options.command_user, &command);
        out->command = keep_text(measure, &command);
    }
    out->kernel_text = kernel_text(measure, implementation);
    bool failed = out->text == NULL || out->kernel_text == NULL ||
                  (measure->options.print_command != NULL && out->command == NULL);
    status = failed ? no_memory(err) : measure->options.backend->check(&out->launch, err);
    if (status != TB_OK) {
        tb_prediction_release(&out->prediction);
    }
    return status;
}

static tb_status make_room(tb_measure *measure, tb_error *err)
{
    if (measure->count < measure->capacity) {
        return TB_OK;
    }
    size_t larger = measure->capacity + GROWTH;
    tb_configuration *grown = realloc(measure->all, larger * sizeof *grown);
    if (grown == NULL) {
        return no_memory(err);
    }
    measure->all = grown;
    measure->capacity = larger;
    return TB_OK;
}

/* "dense/4096/b1h8d64/fp32/128x128" */
static const char *baseline_id(tb_measure *measure, const tb_configuration *of)
{
    const tb_problem *p = &of->item.problem;
    tb_buffer id = {0};
    tb_buffer_printf(&id, "%s/%lld/b%lldh%lldd%lld/%s/%lldx%lld",
                     tb_pattern_types[of->item.pattern.kind]->name,
                     (long long)tb_layout_tokens(&p->layout), (long long)p->batch,
                     (long long)p->heads, (long long)p->dim, tb_dtype_names[p->dtype],
                     (long long)of->item.tiling.q_tile[0], (long long)of->item.tiling.kv_tile[0]);
    if (p->heads_kv != p->heads || p->dim_value != p->dim || p->extra_kv > 0 || p->extra_q > 0) {
        tb_buffer_printf(&id, "/kv%lldv%lld+%lld+%lld", (long long)p->heads_kv,
                         (long long)p->dim_value, (long long)p->extra_kv, (long long)p->extra_q);
    }
    return keep_text(measure, &id);
}

/* Dense attention over the same tokens in one dimension, with tiles of the same sizes. */
static tb_case baseline_case(const tb_configuration *of)
{
    const tb_layout *layout = &of->prediction.problem.layout;
    tb_case item = tb_case_default();
    item.problem = of->prediction.problem;
    item.problem.layout = (tb_layout){.rank = 1, .extent = {tb_layout_tokens(layout)}};
    item.pattern.kind =
        of->item.baseline == TB_BASELINE_CAUSAL ? TB_PATTERN_CAUSAL : TB_PATTERN_DENSE;
    item.tiling = (tb_tiling_request){
        .q_dims = 1,
        .kv_dims = 1,
        .q_tile = {tb_tiling_q_tokens(&of->prediction.tiling, layout)},
        .kv_tile = {tb_tiling_kv_tokens(&of->prediction.tiling, layout)},
    };
    return item;
}

static size_t find_text(const tb_measure *measure, const tb_configuration *like)
{
    size_t i = 0;
    while (i < measure->count &&
           (measure->all[i].launch.implementation != like->launch.implementation ||
            strcmp(measure->all[i].text, like->text) != 0)) {
        i++;
    }
    return i;
}

/* The configuration of a problem's baseline, added unless it is there. */
static tb_status add_baseline(tb_measure *measure, const tb_configuration *of, size_t *out,
                              tb_error *err)
{
    tb_case item = baseline_case(of);
    tb_configuration made = {0};
    tb_status status = make_room(measure, err);
    if (status == TB_OK) {
        status = prepare_configuration(measure, &item, TB_IMPLEMENTATION_FUSED, &made, err);
    }
    if (status != TB_OK) {
        return status;
    }
    *out = find_text(measure, &made);
    if (*out < measure->count) {
        tb_prediction_release(&made.prediction);
        return TB_OK;
    }
    made.id = baseline_id(measure, &made);
    if (made.id == NULL) {
        tb_prediction_release(&made.prediction);
        return no_memory(err);
    }
    measure->all[measure->count++] = made;
    return TB_OK;
}

static bool needs_baseline(const tb_measure *measure, const tb_case *item)
{
    return item->pattern.kind != TB_PATTERN_DENSE &&
           measure->options.implementation != TB_IMPLEMENTATION_DECODE;
}

static tb_status add_configuration(tb_measure *measure, const char *id, const tb_case *item,
                                   tb_error *err)
{
    tb_configuration made = {.id = id, .is_added = true};
    tb_status status =
        prepare_configuration(measure, item, measure->options.implementation, &made, err);
    if (status != TB_OK) {
        return status;
    }
    size_t same = find_text(measure, &made);
    if (same < measure->count && !measure->all[same].is_added) { /* a baseline, asked for by name */
        measure->all[same].id = id;
        measure->all[same].is_added = true;
        tb_prediction_release(&made.prediction);
        return TB_OK;
    }
    made.has_baseline = needs_baseline(measure, item);
    if (made.has_baseline) {
        status = add_baseline(measure, &made, &made.baseline, err);
    }
    if (status == TB_OK) {
        status = make_room(measure, err);
    }
    if (status != TB_OK) {
        tb_prediction_release(&made.prediction);
        return status;
    }
    measure->all[measure->count++] = made;
    return TB_OK;
}

tb_status tb_measure_add(tb_measure *measure, const char *id, const tb_case *item, tb_error *err)
{
    tb_error inner = {0};
    if (tb_measure_find(measure, id) < measure->count) {
        return tb_fail(err, TB_EINVAL, "a second problem '%s'; a name stands for one problem", id);
    }
    const char *kept = tb_arena_text(measure->arena, id, strlen(id));
    if (kept == NULL) {
        return no_memory(err);
    }
    tb_status status = add_configuration(measure, kept, item, &inner);
    return status == TB_OK ? TB_OK : tb_fail(err, status, "problem '%s': %s", id, inner.message);
}

/* Was a run measured as this configuration would be now? NULL, or what differs. */
static const char *difference(const tb_measure *measure, const tb_configuration *now,
                              const tb_run *then)
{
    tb_buffer text = {0};
    tb_case_print(&then->item, "", &text);
    bool same_case = !text.failed && strcmp(text.data, now->text) == 0;
    tb_buffer_free(&text);
    return !same_case ? "another problem or other tiles"
           : then->is_processor_time != measure->options.is_processor_time
               ? "another clock (--clock)"
           : then->is_cold != measure->options.is_cold         ? "other caches (--cold)"
           : then->emulated != tb_measure_is_emulated(measure) ? "what is emulated on one side only"
           : strcmp(then->kernel_text, now->kernel_text) != 0  ? "another implementation"
                                                               : NULL;
}

tb_status tb_measure_resume(tb_measure *measure, const tb_profile *before, tb_error *err)
{
    if (before->environment.threads != measure->environment.threads) {
        return tb_fail(err, TB_EINVAL,
                       "%s was measured with %lld as the number of threads, not %lld; give "
                       "--threads, or another -o",
                       before->path, (long long)before->environment.threads,
                       (long long)measure->environment.threads);
    }
    tb_status status = tb_measure_check_gpu(measure, before, err);
    if (status != TB_OK) {
        return status;
    }
    for (size_t r = 0; r < before->count; r++) {
        const tb_run *run = &before->runs[r];
        size_t i = tb_measure_find(measure, run->id);
        if (i == measure->count) {
            return tb_fail(err, TB_EINVAL,
                           "%s has a run '%s', which is none of these problems; resume the same "
                           "ones, or give another -o",
                           before->path, run->id);
        }
        const char *why = difference(measure, &measure->all[i], run);
        if (why != NULL) {
            return tb_fail(err, TB_EINVAL,
                           "%s measured '%s' with %s; resume the same ones, or give another -o",
                           before->path, run->id, why);
        }
        bool is_finished = run->ended != NULL && run->time.samples_us != NULL &&
                           strcmp(run->ended, tb_sampling_end_names[TB_SAMPLING_OPEN]) != 0;
        measure->all[i].taken = is_finished ? run : NULL;
    }
    return TB_OK;
}
