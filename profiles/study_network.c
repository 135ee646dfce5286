#include "study_network.h"

#include "network_time.h"
#include "study_models.h"

#include <string.h>

void tb_point_network_begin(const tb_study *study, const tb_point_choices *choices,
                            tb_problem *problem)
{
    const tb_network *network = tb_study_models_network(study->models, choices->network);
    if (network != NULL) {
        problem->layout = network->layout;
        problem->heads = problem->heads_kv = network->heads;
        problem->dim = problem->dim_value = network->dim;
    }
}

/* Problems of a network vary in these alone: the rest is of its layers. */
static tb_status check_problem(const tb_yaml_node *problem, tb_error *err)
{
    static const char *const keys[] = {"layout", "batch", "dtype"};
    for (size_t i = 0; problem != NULL && i < tb_yaml_count(problem); i++) {
        const char *key = tb_yaml_key(problem, i);
        bool varies = tb_yaml_is_null(tb_yaml_item(problem, i));
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            varies = varies || strcmp(key, keys[k]) == 0;
        }
        if (!varies) {
            return tb_yaml_fail(tb_yaml_key_node(problem, i), err,
                                "of a whole network only layout, batch and dtype vary; leave %s "
                                "out",
                                key);
        }
    }
    return TB_OK;
}

static tb_status refuse_case(const tb_network *network, const tb_yaml_node *at, const char *name,
                             tb_error *err)
{
    tb_buffer names = {0};
    for (size_t c = 0; c < network->case_count; c++) {
        tb_buffer_printf(&names, "%s%s", c > 0 ? ", " : "", network->cases[c].name);
    }
    tb_status status = tb_yaml_fail(at, err, "network %s has no case '%s'; it has: %s",
                                    network->name, name, names.data != NULL ? names.data : "");
    tb_buffer_free(&names);
    return status;
}

tb_status tb_point_network_check(const tb_study *study, const tb_point_case *point, tb_error *err)
{
    const tb_network *network = tb_study_models_network(study->models, point->choices.network);
    const tb_yaml_node *steps = tb_yaml_get(point->node, "dense_steps");
    const tb_yaml_node *name = tb_yaml_get(point->node, "network_case");
    if (network == NULL) {
        return TB_OK;
    }
    tb_status status = check_problem(tb_yaml_get(point->node, "problem"), err);
    if (status == TB_OK && point->item.problem.layout.rank != network->layout.rank) {
        status = tb_yaml_fail(tb_yaml_get(point->node, "problem"), err,
                              "network %s has a layout of %d dimensions; give as many",
                              network->name, network->layout.rank);
    }
    if (status == TB_OK && point->device == NULL) {
        status = tb_yaml_fail(tb_yaml_get(point->node, "whole_network"), err,
                              "a whole network on which device? give device");
    }
    if (status == TB_OK && name != NULL &&
        tb_network_find_case(network, point->choices.network_case) == NULL) {
        status = refuse_case(network, name, point->choices.network_case, err);
    }
    if (status == TB_OK && point->choices.dense_steps > tb_network_steps(network)) {
        status = tb_yaml_fail(steps, err, "network %s has %lld steps; at most these can be dense",
                              network->name, (long long)tb_network_steps(network));
    }
    return status;
}

static void put_attention(const tb_forward_time *forward, tb_study_row *row)
{
    double total_us = forward->attention_us + forward->permute_us;
    tb_row_real(row, TB_COLUMN_ATTENTION_US, forward->attention_us);
    tb_row_real(row, TB_COLUMN_PERMUTE_US, forward->permute_us);
    tb_row_real(row, TB_COLUMN_TOTAL_US, total_us);
    tb_row_real(row, TB_COLUMN_DENSE_US, forward->dense_us);
    tb_row_real(row, TB_COLUMN_SPEEDUP, forward->dense_us / forward->attention_us);
    tb_row_real(row, TB_COLUMN_SPEEDUP_TOTAL, forward->dense_us / total_us);
}

/* The whole from its layers, where the file describes what else they do. */
static tb_status put_layers(const tb_network *network, const tb_network_setup *setup,
                            int64_t dense_steps, tb_forward_time *forward, tb_study_row *row,
                            tb_error *err)
{
    tb_outside_time outside = {0};
    tb_status status = tb_network_rest_time(network, setup, forward, err);
    if (status == TB_OK) {
        status = tb_network_outside_time(network, setup, &outside, err);
    }
    if (status == TB_OK) {
        tb_network_time time = tb_network_time_of(&network->rest, forward, &outside, dense_steps,
                                                  tb_network_steps(network));
        forward->basis = time.basis;
        tb_row_real(row, TB_COLUMN_NETWORK_S, time.sparse_us / 1e6);
        tb_row_real(row, TB_COLUMN_NETWORK_DENSE_S, time.dense_us / 1e6);
        tb_row_real(row, TB_COLUMN_NETWORK_SPEEDUP, time.speedup);
        tb_row_real(row, TB_COLUMN_NETWORK_LIMIT, time.amdahl_limit);
    }
    return status;
}

tb_status tb_point_network_predict(const tb_study *study, const tb_point_case *point,
                                   const tb_point_models *models, tb_study_row *row, tb_error *err)
{
    const tb_network *network = tb_study_models_network(study->models, point->choices.network);
    tb_network_setup setup = {.problem = &point->item.problem,
                              .kernel = models->kernel,
                              .device = models->device,
                              .dense_kernel = models->dense,
                              .tiling = point->item.tiling};
    tb_layer_group all = {.pattern = point->item.pattern,
                          .layer_count = (size_t)network->layers,
                          .heads = network->heads,
                          .is_first = true};
    tb_network_case own = {.name = "", .groups = &all, .group_count = 1};
    const char *name = point->choices.network_case;
    const tb_network_case *which = name != NULL ? tb_network_find_case(network, name) : &own;
    int64_t dense_steps = point->choices.dense_steps;
    tb_forward_time forward = {.basis = TB_BASIS_CALIBRATED};
    tb_end_to_end share;
    if (models->dense == NULL) {
        return tb_fail(err, TB_EINVAL, "device %s has no dense kernel; give baseline_kernel",
                       models->device->name);
    }
    tb_status status = tb_network_attention_time(which, &setup, &forward, err);
    if (status != TB_OK) {
        return status;
    }
    put_attention(&forward, row);
    if (tb_network_time_by_share(network, &forward, false, dense_steps, &share)) {
        tb_row_real(row, TB_COLUMN_NETWORK_SHARE_SPEEDUP, share.speedup);
    }
    if (network->rest.given) {
        status = put_layers(network, &setup, dense_steps, &forward, row, err);
    }
    tb_row_text(row, TB_COLUMN_BASIS, tb_basis_names[forward.basis]);
    return status;
}
