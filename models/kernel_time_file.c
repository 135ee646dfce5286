#include "kernel_time_file.h"

#include "kernel_fit_file.h"
#include "kernel_resources_file.h"
#include "yaml_fields.h"

#include <math.h>

static const char *const time_keys[] = {"class",
                                        "instructions",
                                        "schedule",
                                        "splits_kv",
                                        "occupancy",
                                        "resources",
                                        "tensor_efficiency",
                                        "exp_fma",
                                        "alu_ops_per_score",
                                        "smem_passes",
                                        "mma_sync_smem_passes",
                                        "backward",
                                        "source",
                                        "stated_rows",
                                        "stated_dims",
                                        "trims_rows",
                                        "parameters",
                                        "family",
                                        NULL};
static const char *const exp_fma_keys[] = {"fraction", "compute_capabilities", "source", NULL};
static const char *const pass_keys[] = {"q", "kv", "kv_per_warp", "scores", NULL};
static const char *const backward_keys[] = {
    "alu_ops_per_score", "smem_passes", "mma_sync_smem_passes", "dq", "occupancy", "source", NULL};
static const char *const dq_names[] = {"atomic", "owned"};
static const char *const prior_keys[] = {"value", "spread", "source", NULL};

static tb_status need_number(const tb_yaml_node *map, const char *key, double max, double *out,
                             tb_error *err)
{
    const tb_yaml_node *node = NULL;
    tb_status status = tb_yaml_need(map, key, &node, err);
    return status == TB_OK ? tb_yaml_double(node, 0, max, out, err) : status;
}

/* A fit moves the logarithm of such a value, and 0 has none. */
static tb_status check_prior(const tb_yaml_node *entry, size_t p, const tb_prior *prior,
                             tb_error *err)
{
    if (tb_time_parameters[p].scale != TB_SCALE_LOG || prior->value > 0 || !(prior->spread > 0)) {
        return TB_OK;
    }
    return tb_yaml_fail(tb_yaml_get(entry, "value"), err,
                        "%s of 0 with a spread; it needs a value above 0, or spread: 0 to be held",
                        tb_time_parameters[p].name);
}

static tb_status read_priors(const tb_yaml_node *map, tb_time_traits *out, tb_error *err)
{
    if (!tb_yaml_is_map(map)) {
        return tb_yaml_fail(map, err, "a mapping of parameters with their priors is needed here");
    }
    for (size_t i = 0; i < tb_yaml_count(map); i++) {
        const tb_yaml_node *entry = tb_yaml_item(map, i);
        size_t p = 0;
        tb_status status = tb_fit_file_parameter(map, i, &p, err);
        if (status == TB_OK) {
            status = tb_yaml_check_keys(entry, prior_keys, err);
        }
        if (status == TB_OK) {
            status = need_number(entry, "value", tb_fit_file_largest(p), &out->prior[p].value, err);
        }
        if (status == TB_OK) {
            status = need_number(entry, "spread", HUGE_VAL, &out->prior[p].spread, err);
        }
        if (status == TB_OK) {
            status = tb_field_text(entry, "source", true, &out->prior[p].source, err);
        }
        if (status == TB_OK) {
            status = check_prior(entry, p, &out->prior[p], err);
        }
        if (status != TB_OK) {
            return status;
        }
        out->prior[p].given = true;
    }
    return TB_OK;
}

/* The number under `key`, 0 to max; *out is left alone when it is absent. */
static tb_status read_number(const tb_yaml_node *map, const char *key, double max, double *out,
                             tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(map, key);
    return node == NULL ? TB_OK : tb_yaml_double(node, 0, max, out, err);
}

/* The choice under `key`; *out is left alone when it is absent. */
static tb_status read_choice(const tb_yaml_node *map, const char *key, const char *const *names,
                             size_t count, size_t *out, tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(map, key);
    return node == NULL ? TB_OK : tb_yaml_choice(node, names, count, out, err);
}

static tb_status read_smem(const tb_yaml_node *map, tb_smem_passes *out, tb_error *err)
{
    if (map == NULL) {
        return TB_OK;
    }
    tb_status status = tb_yaml_check_keys(map, pass_keys, err);
    if (status == TB_OK) {
        status = read_number(map, "q", HUGE_VAL, &out->q, err);
    }
    if (status == TB_OK) {
        status = read_number(map, "kv", HUGE_VAL, &out->kv, err);
    }
    if (status == TB_OK) {
        status = read_number(map, "kv_per_warp", HUGE_VAL, &out->kv_per_warp, err);
    }
    return status == TB_OK ? read_number(map, "scores", HUGE_VAL, &out->scores, err) : status;
}

static tb_status read_exp_fma(const tb_yaml_node *map, tb_arena *arena, tb_time_traits *out,
                              tb_error *err)
{
    const char *source = NULL;
    const tb_yaml_node *on = NULL;
    if (map == NULL) {
        return TB_OK;
    }
    tb_status status = tb_yaml_check_keys(map, exp_fma_keys, err);
    if (status == TB_OK) {
        status = need_number(map, "fraction", 1, &out->exp_fma_fraction, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(map, "source", true, &source, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_need(map, "compute_capabilities", &on, err);
    }
    if (status != TB_OK) {
        return status;
    }
    int64_t *list = tb_arena_array(arena, tb_yaml_count(on) + 1, sizeof *list);
    if (list == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a kernel");
    }
    out->exp_fma_on = list;
    return tb_yaml_int_list(on, tb_yaml_count(on), 1, 999, list, &out->exp_fma_on_count, err);
}

static tb_status read_backward(const tb_yaml_node *map, tb_time_traits *out, tb_error *err)
{
    tb_pass_traits *pass = &out->pass[TB_PASS_BACKWARD];
    const char *source = NULL;
    size_t dq = 0;
    if (map == NULL) {
        return TB_OK;
    }
    tb_status status = tb_yaml_check_keys(map, backward_keys, err);
    if (status == TB_OK) {
        status = need_number(map, "alu_ops_per_score", HUGE_VAL, &pass->alu_ops_per_score, err);
    }
    if (status == TB_OK) {
        status = read_smem(tb_yaml_get(map, "smem_passes"), &pass->smem, err);
    }
    if (status == TB_OK) {
        status = read_smem(tb_yaml_get(map, "mma_sync_smem_passes"), &pass->sync_smem, err);
    }
    if (status == TB_OK) {
        status = read_choice(map, "dq", dq_names, 2, &dq, err);
    }
    out->backward_occupancy = 1;
    if (status == TB_OK) {
        status = tb_field_int(map, "occupancy", 1, &out->backward_occupancy, err);
    }
    out->dq_atomic = dq == 0;
    out->has_backward = true;
    return status == TB_OK ? tb_field_text(map, "source", true, &source, err) : status;
}

/* What kind of kernel it is, and how its CTAs are scheduled. */
static tb_status read_kind(const tb_yaml_node *map, tb_time_traits *out, tb_error *err)
{
    size_t kind = TB_CLASS_FUSED, instructions = TB_WGMMA, schedule = TB_SCHEDULE_HARDWARE;
    const tb_yaml_node *splits = tb_yaml_get(map, "splits_kv");
    tb_status status =
        read_choice(map, "class", tb_kernel_class_names, TB_KERNEL_CLASS_COUNT, &kind, err);
    if (status == TB_OK) {
        status = read_choice(map, "instructions", tb_matrix_instruction_names,
                             TB_MATRIX_INSTRUCTION_COUNT, &instructions, err);
    }
    if (status == TB_OK) {
        status = read_choice(map, "schedule", tb_schedule_policy_names, TB_SCHEDULE_POLICY_COUNT,
                             &schedule, err);
    }
    if (status == TB_OK && splits != NULL) {
        status = tb_yaml_bool(splits, &out->splits_kv, err);
    }
    out->kind = (tb_kernel_class)kind;
    out->instructions = (tb_matrix_instruction)instructions;
    out->schedule = (tb_schedule_policy)schedule;
    return status;
}

/* CTAs that an SM holds: stated, or by CUDA's rules from resources. */
static tb_status read_occupancy(const tb_yaml_node *map, tb_arena *arena, tb_time_traits *out,
                                tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(map, "occupancy"); /* no GPU runs 64 CTAs on an SM */
    out->occupancy = 1;
    tb_status status = node == NULL ? TB_OK : tb_yaml_int(node, 1, 64, &out->occupancy, err);
    if (status == TB_OK && node != NULL && tb_yaml_get(map, "resources") != NULL) {
        return tb_yaml_fail(node, err, "occupancy and resources; give one of them");
    }
    return status == TB_OK ? tb_kernel_read_resources(tb_yaml_get(map, "resources"), arena,
                                                      &out->resources, err)
                           : status;
}

/* What the tiles cost by count, without a free parameter. */
static tb_status read_counts(const tb_yaml_node *map, tb_arena *arena, tb_time_traits *out,
                             tb_error *err)
{
    tb_pass_traits *pass = &out->pass[TB_PASS_FORWARD];
    pass->smem.kv = 1;
    tb_status status = need_number(map, "tensor_efficiency", 1, &out->tensor_efficiency, err);
    if (status == TB_OK && out->tensor_efficiency < 0.01) {
        return tb_yaml_fail(tb_yaml_get(map, "tensor_efficiency"), err,
                            "tensor_efficiency is 0.01 to 1");
    }
    if (status == TB_OK) {
        status = need_number(map, "alu_ops_per_score", HUGE_VAL, &pass->alu_ops_per_score, err);
    }
    if (status == TB_OK) {
        status = read_smem(tb_yaml_get(map, "smem_passes"), &pass->smem, err);
    }
    if (status == TB_OK) {
        status = read_smem(tb_yaml_get(map, "mma_sync_smem_passes"), &pass->sync_smem, err);
    }
    if (status == TB_OK) {
        status = read_exp_fma(tb_yaml_get(map, "exp_fma"), arena, out, err);
    }
    return status == TB_OK ? read_backward(tb_yaml_get(map, "backward"), out, err) : status;
}

static tb_status read_time(const tb_yaml_node *map, tb_arena *arena, tb_time_traits *out,
                           tb_error *err)
{
    const tb_yaml_node *parameters = NULL;
    tb_status status = tb_yaml_check_keys(map, time_keys, err);
    if (status == TB_OK) {
        status = read_kind(map, out, err);
    }
    if (status == TB_OK) {
        status = read_occupancy(map, arena, out, err);
    }
    if (status == TB_OK) {
        status = read_counts(map, arena, out, err);
    }
    if (status == TB_OK && tb_yaml_get(map, "stated_rows") != NULL) {
        status = need_number(map, "stated_rows", HUGE_VAL, &out->stated_rows, err);
    }
    const tb_yaml_node *trims = tb_yaml_get(map, "trims_rows");
    if (status == TB_OK && trims != NULL) {
        status = tb_yaml_bool(trims, &out->trims_rows, err);
    }
    if (status == TB_OK && tb_yaml_get(map, "stated_dims") != NULL) {
        status = need_number(map, "stated_dims", HUGE_VAL, &out->stated_dims, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(map, "source", true, &out->source, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(map, "family", false, &out->family, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_need(map, "parameters", &parameters, err);
    }
    if (status == TB_OK) {
        status = read_priors(parameters, out, err);
    }
    out->given = status == TB_OK;
    return status;
}

tb_status tb_kernel_read_time(const tb_yaml_node *root, tb_arena *arena, tb_time_traits *out,
                              tb_error *err)
{
    const tb_yaml_node *time = tb_yaml_get(root, "time");
    tb_status status = time != NULL ? read_time(time, arena, out, err) : TB_OK;
    return status == TB_OK ? tb_fit_file_read(root, arena, out, err) : status;
}
