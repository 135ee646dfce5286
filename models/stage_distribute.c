/* One attention over several devices: what an attention stage is, shared out. */
#include "stage_parts.h"

#include "parallel_case.h"

static const char *const keys[] = {"devices",    "method",  "order",    "ulysses", "link",
                                   "group_link", "overlap", "pattern",  "tokens",  "layout",
                                   "batch",      "heads",   "heads_kv", "dim",     "dim_value",
                                   "kernel",     "q_tile",  "kv_tile",  "rate",    NULL};

static tb_status read_request(const tb_stage *stage, const tb_stage_context *context,
                              tb_parallel_request *out, tb_error *err)
{
    size_t method = TB_PARALLEL_RING, order = TB_SHARD_CONTIGUOUS;
    double overlap = 1;
    tb_status status = tb_stage_need(stage, "devices", err);
    if (status == TB_OK) {
        status = tb_stage_integer(stage, context, "devices", 1, 1, &out->devices, err);
    }
    if (status == TB_OK) {
        status = tb_stage_integer(stage, context, "ulysses", 1, 1, &out->ulysses, err);
    }
    if (status == TB_OK) {
        status = tb_stage_fraction(stage, context, "overlap", 1, &overlap, err);
    }
    if (status == TB_OK) {
        status = tb_stage_word(stage, "method", tb_parallel_method_names, TB_PARALLEL_METHOD_COUNT,
                               &method, err);
    }
    if (status == TB_OK) {
        status =
            tb_stage_word(stage, "order", tb_shard_order_names, TB_SHARD_ORDER_COUNT, &order, err);
    }
    const tb_yaml_node *link = tb_yaml_get(stage->node, "link");
    const tb_yaml_node *group_link = tb_yaml_get(stage->node, "group_link");
    if (status == TB_OK && link != NULL) {
        status = tb_yaml_text(link, &out->link, err);
    }
    if (status == TB_OK && group_link != NULL) {
        status = tb_yaml_text(group_link, &out->group_link, err);
    }
    out->method = (tb_parallel_method)method;
    out->order = (tb_shard_order)order;
    out->has_overlap = overlap > 0;
    return status;
}

/* Keys and values of two shards (one computed with, one that comes) beside its own. */
static double buffer_bytes(const tb_parallel_request *request, const tb_problem *problem)
{
    double tokens = (double)tb_layout_tokens(&problem->layout) / (double)request->devices;
    return 2 * tokens * (double)problem->batch * (double)problem->heads_kv *
           ((double)problem->dim + (double)problem->dim_value) *
           (double)tb_dtype_bytes(problem->dtype);
}

/* From one device's result to that of all. */
static tb_status share_out(const tb_stage *stage, const tb_stage_context *context,
                           const tb_parallel_request *request, tb_stage_result *out, tb_error *err)
{
    tb_kernel *owned = NULL;
    const tb_kernel *kernel = NULL;
    tb_parallel_result shared = {.steps = NULL};
    tb_error inner = {0};
    tb_pattern_kind kind = out->item.pattern.kind;
    tb_status status =
        tb_stage_kernel(stage, context, kind == TB_PATTERN_DENSE || kind == TB_PATTERN_CAUSAL,
                        &owned, &kernel, err);
    if (status == TB_OK) {
        tb_parallel_single single = {.problem = &out->item.problem,
                                     .pattern = &out->item.pattern,
                                     .tiling = &out->tiling,
                                     .census = &out->census,
                                     .kernel = kernel,
                                     .device = context->device,
                                     .attention_us = out->time_us};
        status = tb_parallel_predict(request, &single, &shared, &inner);
        if (status == TB_EINVAL) {
            status = tb_yaml_fail(stage->node, err, "stage %s: %s", stage->name, inner.message);
        } else if (status != TB_OK && err != NULL) {
            *err = inner;
        }
    }
    if (status == TB_OK) {
        out->time_us = shared.time.total_us;
        out->least_us /= (double)request->devices;
        out->work.link_bytes = shared.time.bytes_sent;
        out->work.launches = (double)shared.time.steps;
        out->work.live_bytes += buffer_bytes(request, &out->item.problem);
        out->limiter =
            shared.time.exposed_us > shared.time.compute_us ? TB_LIMITER_LINK : out->limiter;
        out->basis = shared.basis > out->basis ? shared.basis : out->basis;
    }
    tb_parallel_result_release(&shared);
    tb_kernel_destroy(owned);
    return status;
}

static tb_status evaluate(const tb_stage *stage, const tb_stage_context *context,
                          tb_stage_result *out, tb_error *err)
{
    tb_parallel_request request = {.ulysses = 1};
    tb_status status = read_request(stage, context, &request, err);
    if (status != TB_OK) {
        return status;
    }
    status = tb_stage_case(stage, context, &out->item, err);
    out->has_census = true; /* the case is owned from here on */
    if (status == TB_OK) {
        status = tb_stage_attention_of(stage, context, &out->item, out, err);
    }
    return status == TB_OK && context->device != NULL
               ? share_out(stage, context, &request, out, err)
               : status;
}

const tb_stage_kind tb_stage_distribute = {
    .name = "distribute",
    .summary = "one attention over several devices",
    .keys = keys,
    .evaluate = evaluate,
};
