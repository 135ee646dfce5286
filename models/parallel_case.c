#include "parallel_case.h"

#include <stdlib.h>

/* As of stages' launches: H200 2.5 us, A100 2.7 us (RRZE gpu-benches, gpu-small-kernels). */
#define SMALL_LAUNCH_US 2.5

static tb_status load_link(const char *name, const tb_device *device, tb_link *out, tb_basis *basis,
                           tb_error *err)
{
    tb_link_facts *facts = NULL;
    bool is_assumed = false;
    tb_status status = tb_link_load(name, &facts, err);
    if (status == TB_OK) {
        status = tb_link_of(facts, device, out, &is_assumed, err);
    }
    if (status == TB_OK && is_assumed) {
        *basis = TB_BASIS_ASSUMED;
    }
    tb_link_destroy(facts);
    return status;
}

static tb_status load_links(const tb_parallel_request *request, const tb_device *device,
                            tb_parallel_result *out, tb_error *err)
{
    const char *ring = request->link != NULL ? request->link : TB_PARALLEL_USUAL_LINK;
    const char *group = request->group_link != NULL ? request->group_link : ring;
    out->basis = TB_BASIS_CALIBRATED;
    if (request->group_link != NULL && request->method != TB_PARALLEL_HYBRID) {
        return tb_fail(err, TB_EINVAL,
                       "a link of Ulysses groups belongs to hybrid; %s has one link",
                       tb_parallel_method_names[request->method]);
    }
    if (request->devices == 1) { /* nothing travels */
        out->item.link = out->item.group_link = (tb_link){.gb_per_s = 1};
        return TB_OK;
    }
    tb_status status = load_link(ring, device, &out->item.link, &out->basis, err);
    return status == TB_OK ? load_link(group, device, &out->item.group_link, &out->basis, err)
                           : status;
}

static tb_status check_tiling(const tb_parallel_single *single, const tb_parallel_problem *item,
                              tb_error *err)
{
    if (single->problem->layout.rank > 1 && single->tiling->kind == TB_TILING_MULTI_DIM &&
        tb_parallel_group(item) != item->devices) {
        return tb_fail(err, TB_EINVAL,
                       "a ring shares out runs of the flattened order, and these tiles are boxes; "
                       "give single-dim tiling, or the method ulysses");
    }
    return TB_OK;
}

/* What the kernel's launch takes; a small one's where it is not known. */
static double launch_of(const tb_parallel_single *single)
{
    tb_time_values values = tb_time_values_of(single->kernel, single->device);
    return values.known[TB_TIME_LAUNCH_US]
               ? values.value[TB_TIME_LAUNCH_US]
               : tb_device_get(single->device, TB_DEVICE_MEASURED_LAUNCH_US, SMALL_LAUNCH_US);
}

static tb_status fill_item(const tb_parallel_request *request, const tb_parallel_single *single,
                           tb_parallel_problem *item, tb_error *err)
{
    int64_t occupancy = 1;
    double sms = 0;
    tb_status status = tb_device_need(single->device, TB_DEVICE_SM_COUNT, &sms, err);
    if (status == TB_OK) {
        status = tb_time_occupancy(single->kernel, single->problem, single->tiling, single->device,
                                   &occupancy, err);
    }
    double copies = (double)single->problem->batch * (double)single->problem->heads;
    double tiles = (double)single->census->visited * copies;
    item->problem = single->problem;
    item->pattern = single->pattern;
    item->devices = request->devices;
    item->ulysses = request->ulysses;
    item->method = request->method;
    item->order = request->order;
    item->q_tile = tb_tiling_q_tokens(single->tiling, &single->problem->layout);
    item->kv_tile = tb_tiling_kv_tokens(single->tiling, &single->problem->layout);
    item->us_per_tile = tiles > 0 ? single->attention_us / tiles : 0;
    item->slots = (int64_t)sms * occupancy;
    item->launch_us = launch_of(single);
    item->has_overlap = request->has_overlap;
    item->census = single->census;
    double queries = (double)tb_layout_tokens(&single->problem->layout);
    if ((double)request->devices > queries) {
        return tb_fail(err, TB_EINVAL, "%lld devices for %.0f tokens; at most one a token",
                       (long long)request->devices, queries);
    }
    /* one device that is not full already takes as long as its CTAs do */
    double ctas = (double)single->census->q_tiles * copies;
    if (ctas > 0 && ctas < (double)item->slots) {
        item->us_per_tile *= ctas / (double)item->slots;
    }
    return status == TB_OK ? check_tiling(single, item, err) : status;
}

tb_status tb_parallel_predict(const tb_parallel_request *request, const tb_parallel_single *single,
                              tb_parallel_result *out, tb_error *err)
{
    tb_parallel_result made = {.steps = NULL};
    tb_status status = fill_item(request, single, &made.item, err);
    if (status == TB_OK) {
        status = load_links(request, single->device, &made, err);
    }
    if (status == TB_OK) {
        made.steps =
            calloc((size_t)(request->devices > 0 ? request->devices : 1), sizeof *made.steps);
        status = made.steps == NULL
                     ? tb_fail(err, TB_ENOMEM, "no memory for the steps of %lld devices",
                               (long long)request->devices)
                     : tb_parallel_steps(&made.item, made.steps, &made.time, err);
    }
    if (status != TB_OK) {
        tb_parallel_result_release(&made);
        return status;
    }
    *out = made;
    return TB_OK;
}

void tb_parallel_result_release(tb_parallel_result *result)
{
    free(result->steps);
    result->steps = NULL;
}
