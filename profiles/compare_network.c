#include "compare_network.h"

#include "error_summary.h"
#include "network_time.h"

#include <math.h>
#include <string.h>

/* A run's network and models. */
typedef struct network_models {
    tb_network *network;
    const tb_device *device;
    const tb_kernel *kernel, *dense;
} network_models;

/* Why a run cannot be compared, from an error that another command's advice may follow. */
static tb_status give_up(tb_arena *arena, const char *message, tb_compared_network *out,
                         tb_error *err)
{
    out->why_not = tb_arena_text(arena, message, strcspn(message, ";"));
    return out->why_not != NULL ? TB_OK : tb_fail(err, TB_ENOMEM, "no memory for a comparison");
}

static bool find_measured(const tb_run *run, double *out)
{
    if (run->network.dense_us.given && run->time.given) {
        *out = run->network.dense_us.value / run->time.median_us;
        return true;
    }
    *out = run->speedup.value;
    return run->speedup.given;
}

static tb_status load(tb_models *models, const tb_run *run, network_models *out, tb_error *err)
{
    tb_status status = tb_network_load(run->network.name, &out->network, err);
    if (status == TB_OK && (run->device == NULL || run->kernel == NULL)) {
        return tb_fail(err, TB_EINVAL, "no model for '%s' on '%s'", run->kernel_text,
                       run->device_text);
    }
    if (status == TB_OK) {
        status = tb_models_device(models, run->device, &out->device, err);
    }
    if (status == TB_OK) {
        status = tb_models_kernel(models, run->kernel, &out->kernel, err);
    }
    if (status != TB_OK) {
        return status;
    }
    const char *dense =
        run->network.dense_kernel != NULL ? run->network.dense_kernel : out->device->dense_kernel;
    return dense != NULL ? tb_models_kernel(models, dense, &out->dense, err)
                         : tb_fail(err, TB_EINVAL, "device %s has no kernel for dense attention",
                                   out->device->name);
}

/* The case that the run names, or else its own pattern in every layer; `all` is room for that. */
static tb_status find_case(const tb_run *run, const tb_network *network, tb_layer_group *all,
                           tb_network_case *out, tb_error *err)
{
    const char *name = run->network.case_name;
    const tb_network_case *known = name != NULL ? tb_network_find_case(network, name) : NULL;
    if (name != NULL && known == NULL) {
        return tb_fail(err, TB_EINVAL, "network %s has no case '%s'", network->name, name);
    }
    if (known != NULL) {
        *out = *known;
        return TB_OK;
    }
    *all = (tb_layer_group){.pattern = run->item.pattern,
                            .layer_count = (size_t)network->layers,
                            .heads = network->heads,
                            .is_first = true};
    *out = (tb_network_case){.name = run->id, .groups = all, .group_count = 1};
    return TB_OK;
}

/* Is this the run from whose total the network infers what runs outside its layers? */
static bool is_told(const tb_run *run, const tb_network *network)
{
    const tb_outside_run *outside = &network->rest.outside;
    return outside->given && run->time.given && strcmp(run->device, outside->device) == 0 &&
           fabs(run->time.median_us / (1e6 * outside->total_s) - 1) < 1e-9;
}

static tb_status time_layers(const network_models *m, const tb_network_setup *setup,
                             tb_forward_time *forward, tb_compared_network *out, tb_error *err)
{
    tb_outside_time outside;
    tb_status status = tb_network_rest_time(m->network, setup, forward, err);
    if (status == TB_OK) {
        status = tb_network_outside_time(m->network, setup, &outside, err);
    }
    if (status != TB_OK) {
        return status;
    }
    tb_network_time time =
        tb_network_time_of(&m->network->rest, forward, &outside, out->run->network.dense_steps,
                           tb_network_steps(m->network));
    out->has_layers = true;
    out->is_told = is_told(out->run, m->network);
    out->dense_us = time.dense_us;
    out->predicted_us = time.sparse_us;
    out->speedup = time.speedup;
    out->error_percent = tb_error_percent(time.speedup, out->measured_speedup);
    out->basis = time.basis;
    return TB_OK;
}

static tb_status predict(const network_models *m, tb_compared_network *out, tb_error *err)
{
    const tb_run *run = out->run;
    tb_layer_group all;
    tb_network_case which;
    tb_problem problem = run->item.problem; /* layout, batch and dtype; the rest may be unstated */
    problem.heads = problem.heads_kv = m->network->heads;
    problem.dim = problem.dim_value = m->network->dim;
    tb_network_setup setup = {.problem = &problem,
                              .kernel = m->kernel,
                              .device = m->device,
                              .dense_kernel = m->dense,
                              .tiling = run->item.tiling};
    tb_forward_time forward = {.basis = TB_BASIS_CALIBRATED};
    tb_end_to_end share;
    if (run->network.dense_steps > tb_network_steps(m->network)) {
        return tb_fail(err, TB_EINVAL, "more dense steps than network %s has steps",
                       m->network->name);
    }
    tb_status status = find_case(run, m->network, &all, &which, err);
    if (status == TB_OK) {
        status = tb_network_attention_time(&which, &setup, &forward, err);
    }
    if (status == TB_OK &&
        tb_network_time_by_share(m->network, &forward, false, run->network.dense_steps, &share)) {
        out->has_share = true;
        out->share_speedup = share.speedup;
        out->share_error_percent = tb_error_percent(share.speedup, out->measured_speedup);
    }
    return status == TB_OK && m->network->rest.given ? time_layers(m, &setup, &forward, out, err)
                                                     : status;
}

static tb_status compare_one(tb_models *models, tb_arena *arena, tb_compared_network *out,
                             tb_error *err)
{
    if (!find_measured(out->run, &out->measured_speedup)) {
        return give_up(arena, "no speedup is stated", out, err);
    }
    tb_error inner = {0};
    network_models m = {0};
    tb_status status = load(models, out->run, &m, &inner);
    if (status == TB_OK) {
        status = predict(&m, out, &inner);
    }
    if (status == TB_OK && !out->has_layers && !out->has_share) {
        status = tb_fail(&inner, TB_EINVAL,
                         "network %s states neither its layers nor a share of attention",
                         m.network->name);
    }
    tb_network_destroy(m.network);
    if (status == TB_EINVAL || status == TB_EOVERFLOW) {
        return give_up(arena, inner.message, out, err);
    }
    if (status != TB_OK && err != NULL) {
        *err = inner;
    }
    return status;
}

tb_status tb_compare_networks(const tb_profile *const *profiles, size_t count, tb_models *models,
                              tb_arena *arena, tb_compared_network **out, size_t *out_count,
                              tb_error *err)
{
    size_t total = 0;
    for (size_t p = 0; p < count; p++) {
        for (size_t i = 0; i < profiles[p]->count; i++) {
            total += profiles[p]->runs[i].network.name != NULL;
        }
    }
    tb_compared_network *networks = tb_arena_array(arena, total + 1, sizeof *networks);
    if (networks == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a comparison");
    }
    size_t used = 0;
    tb_status status = TB_OK;
    for (size_t p = 0; p < count; p++) {
        for (size_t i = 0; status == TB_OK && i < profiles[p]->count; i++) {
            const tb_run *run = &profiles[p]->runs[i];
            if (run->network.name != NULL) {
                networks[used].profile = profiles[p];
                networks[used].run = run;
                status = compare_one(models, arena, &networks[used++], err);
            }
        }
    }
    if (status == TB_OK) {
        *out = networks;
        *out_count = used;
    }
    return status;
}
