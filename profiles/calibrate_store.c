#include "calibrate_store.h"

#include "pattern_file.h"
#include "predict_time.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for the runs of a calibration");
}

/* The kernel of a run, NULL when there is none of that name or it has no time model. */
static tb_status find_kernel(const tb_calibration_store *store, const char *name,
                             const tb_kernel **out, tb_error *err)
{
    tb_error unknown = {0};
    *out = NULL;
    tb_status status = tb_models_kernel(store->models, name, out, &unknown);
    if (status != TB_OK && status != TB_EINVAL) {
        return tb_fail_at(err, status, unknown.file, unknown.line, unknown.column, "%s",
                          unknown.message);
    }
    if (status == TB_EINVAL || !(*out)->time.given) {
        *out = NULL;
    }
    return TB_OK;
}

/* List the kernel and device of a run that is used, once each. */
static void list_models(tb_calibration_store *store, const tb_kernel *kernel,
                        const tb_device *device)
{
    bool has_kernel = false, has_device = false;
    for (size_t i = 0; i < store->kernel_count; i++) {
        has_kernel = has_kernel || store->kernels[i] == kernel;
    }
    for (size_t i = 0; i < store->device_count; i++) {
        has_device = has_device || store->devices[i] == device;
    }
    if (!has_kernel) {
        store->kernels[store->kernel_count++] = kernel;
    }
    if (!has_device) {
        store->devices[store->device_count++] = device;
    }
}

static bool is_usable(const tb_run *run)
{
    return run->simulable && run->time.given && run->time.median_us > 0 && run->kernel != NULL &&
           run->device != NULL && run->kind != TB_RUN_END_TO_END &&
           run->includes == TB_INCLUDES_ATTENTION;
}

/* Runs of the same problem have the same text, whatever tiles and device they ran with. */
static char *problem_text(const tb_run *run)
{
    const tb_case *item = &run->item;
    const tb_problem *p = &item->problem;
    char text[768];
    int used = snprintf(
        text, sizeof text, "%d %d %d %lld %lld %lld %lld %lld %lld %lld %lld %lld %p",
        (int)p->dtype, (int)p->pass, (int)item->pattern.kind, (long long)p->batch,
        (long long)p->heads, (long long)p->heads_kv, (long long)p->dim, (long long)p->dim_value,
        (long long)p->extra_kv, (long long)p->extra_q, (long long)item->pattern.left,
        (long long)item->pattern.right, (const void *)item->pattern.mask);
    for (int d = 0; d < p->layout.rank && used > 0 && used < (int)sizeof text; d++) {
        used += snprintf(text + used, sizeof text - (size_t)used, " %lld/%lld/%lld/%lld/%d",
                         (long long)p->layout.extent[d], (long long)item->pattern.window[d],
                         (long long)item->pattern.stride[d], (long long)item->pattern.dilation[d],
                         item->pattern.causal[d]);
    }
    tb_buffer copy = {0};
    tb_buffer_text(&copy, text);
    tb_pattern_print_yaml(&item->pattern, p->layout.rank, &copy);
    return copy.data;
}

/* Predict the run; *used stays false when this kernel cannot be timed on this problem. */
static tb_status add_run(tb_calibration_store *store, const tb_run *run, const tb_kernel *kernel,
                         const tb_device *device, bool *used, tb_error *err)
{
    size_t i = store->run_count;
    tb_prediction *prediction = &store->predictions[i];
    tb_error none;
    tb_status status = tb_predict(&run->item, kernel, prediction, &none);
    if (status != TB_OK) { /* its tiles or head dim are not this kernel's */
        return status == TB_EINVAL ? TB_OK : tb_fail(err, status, "%s", none.message);
    }
    status = tb_cta_counts_fill(prediction, kernel, device, &store->counts[i], &none);
    if (status != TB_OK) {
        tb_prediction_release(prediction);
        return status == TB_EINVAL ? TB_OK : tb_fail(err, status, "%s", none.message);
    }
    store->problems[i] = problem_text(run);
    store->run_count++; /* from here the store frees them */
    if (store->problems[i] == NULL) {
        return no_memory(err);
    }
    store->is_dense[i] = run->kind == TB_RUN_DENSE;
    store->runs[i] = (tb_fit_run){
        .id = run->id,
        .problem = store->problems[i],
        .kernel = kernel,
        .device = device,
        .prediction = prediction,
        .counts = &store->counts[i],
        .measured_us = run->time.median_us,
        .measured_permute_us = run->permute_us.given ? run->permute_us.value : 0,
        .measured_pack_us = run->pack_us.given ? run->pack_us.value : 0,
    };
    list_models(store, kernel, device);
    *used = true;
    return TB_OK;
}

static tb_status allocate(tb_calibration_store *store, const tb_kernel *const *kernels, size_t most,
                          tb_error *err)
{
    store->models = tb_models_create(kernels, NULL);
    store->kernels = calloc(most, sizeof *store->kernels);
    store->devices = calloc(most, sizeof *store->devices);
    store->predictions = calloc(most, sizeof *store->predictions);
    store->counts = calloc(most, sizeof *store->counts);
    store->problems = calloc(most, sizeof *store->problems);
    store->runs = calloc(most, sizeof *store->runs);
    store->is_dense = calloc(most, sizeof *store->is_dense);
    bool complete = store->models != NULL && store->kernels != NULL && store->devices != NULL &&
                    store->predictions != NULL && store->counts != NULL &&
                    store->problems != NULL && store->runs != NULL && store->is_dense != NULL;
    return complete ? TB_OK : no_memory(err);
}

static tb_status take_run(tb_calibration_store *store, const tb_run *run, bool *used, tb_error *err)
{
    const tb_kernel *kernel = NULL;
    const tb_device *device = NULL;
    *used = false;
    if (!is_usable(run)) {
        return TB_OK;
    }
    tb_status status = find_kernel(store, run->kernel, &kernel, err);
    if (status != TB_OK || kernel == NULL) {
        return status;
    }
    status = tb_models_device(store->models, run->device, &device, err);
    return status == TB_OK ? add_run(store, run, kernel, device, used, err) : status;
}

/* Does the id match one of the globs, which commas separate? */
static bool is_left_out(const char *id, const char *skip)
{
    char glob[256];
    while (skip != NULL && *skip != '\0') {
        size_t length = strcspn(skip, ",");
        if (length < sizeof glob) {
            memcpy(glob, skip, length);
            glob[length] = '\0';
            if (fnmatch(glob, id, 0) == 0) {
                return true;
            }
        }
        skip += length + (skip[length] == ',');
    }
    return false;
}

tb_status tb_calibration_store_fill(const tb_profile *const *profiles, size_t count,
                                    const tb_calibrate_options *options,
                                    tb_calibration_store *store, size_t *skipped, tb_error *err)
{
    size_t most = 1;
    for (size_t p = 0; p < count; p++) {
        most += profiles[p]->count;
    }
    *skipped = 0;
    tb_status status = allocate(store, options->kernels, most, err);
    for (size_t p = 0; status == TB_OK && p < count; p++) {
        status = tb_models_lend(store->models, profiles[p]->device, err);
    }
    for (size_t p = 0; status == TB_OK && p < count; p++) {
        for (size_t r = 0; status == TB_OK && r < profiles[p]->count; r++) {
            const tb_run *run = &profiles[p]->runs[r];
            bool used = false;
            status = is_left_out(run->id, options->skip) ? TB_OK : take_run(store, run, &used, err);
            *skipped += !used;
        }
    }
    return status;
}

void tb_calibration_store_free(tb_calibration_store *store)
{
    for (size_t i = 0; i < store->run_count; i++) {
        tb_prediction_release(&store->predictions[i]);
        tb_cta_counts_release(&store->counts[i]);
        free(store->problems[i]);
    }
    tb_models_destroy(store->models);
    free(store->kernels);
    free(store->devices);
    free(store->predictions);
    free(store->counts);
    free(store->problems);
    free(store->runs);
    free(store->is_dense);
}
