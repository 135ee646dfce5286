/* What a network does outside its layers, inferred from the published total of one run. */
#include "network_time.h"

#include <string.h>

/* Models of the published run. */
typedef struct run_models {
    tb_device *device;
    tb_kernel *kernel, *dense;
} run_models;

static tb_status load_kernel(const char *name, const tb_device *device, tb_kernel **out,
                             tb_error *err)
{
    return name != NULL ? tb_kernel_load(name, out, err)
                        : tb_fail(err, TB_EINVAL,
                                  "device %s has no default kernels, so that no run of a network "
                                  "on it can be predicted",
                                  device->name);
}

static tb_status load_models(const tb_outside_run *run, run_models *models, tb_error *err)
{
    tb_status status = tb_device_load(run->device, &models->device, err);
    if (status == TB_OK) {
        status = load_kernel(models->device->default_kernel, models->device, &models->kernel, err);
    }
    if (status == TB_OK) {
        status = load_kernel(models->device->dense_kernel, models->device, &models->dense, err);
    }
    return status;
}

static void release_models(run_models *models)
{
    tb_device_destroy(models->device);
    tb_kernel_destroy(models->kernel);
    tb_kernel_destroy(models->dense);
}

/* The published run's problem is the network's own, whatever was asked of the prediction. */
static tb_problem run_problem(const tb_network *network)
{
    tb_problem problem = tb_problem_default();
    problem.layout = network->layout;
    problem.heads = problem.heads_kv = network->heads;
    problem.dim = problem.dim_value = network->dim;
    return problem;
}

/* Its layers' time as the models have it, in all forward passes. */
static tb_status layers_us(const tb_network *network, const run_models *models, double *out,
                           tb_error *err)
{
    const tb_outside_run *run = &network->rest.outside;
    tb_problem problem = run_problem(network);
    tb_network_setup setup = {.problem = &problem,
                              .kernel = models->kernel,
                              .device = models->device,
                              .dense_kernel = models->dense};
    setup.tiling.q_dims = run->q_dims;
    setup.tiling.kv_dims = run->kv_dims;
    memcpy(setup.tiling.q_tile, run->q_tile, sizeof run->q_tile);
    memcpy(setup.tiling.kv_tile, run->kv_tile, sizeof run->kv_tile);
    const tb_network_case *which = tb_network_find_case(network, run->case_name);
    bool is_dense = which == NULL; /* the reader let no other name pass */
    tb_forward_time forward = {.basis = TB_BASIS_CALIBRATED};
    tb_status status =
        tb_network_attention_time(is_dense ? &network->cases[0] : which, &setup, &forward, err);
    if (status == TB_OK) {
        status = tb_network_rest_time(network, &setup, &forward, err);
    }
    if (status == TB_OK) {
        tb_network_time time = tb_network_time_of(&network->rest, &forward, &(tb_outside_time){0},
                                                  run->dense_steps, tb_network_steps(network));
        *out = is_dense ? time.dense_us : time.sparse_us;
    }
    return status;
}

tb_status tb_network_outside_time(const tb_network *network, const tb_network_setup *setup,
                                  tb_outside_time *out, tb_error *err)
{
    const tb_outside_run *run = &network->rest.outside;
    *out = (tb_outside_time){0};
    if (!run->given) {
        return TB_OK;
    }
    run_models models = {0};
    tb_basis unused = TB_BASIS_CALIBRATED;
    double layers = 0, there = 1, here = 1;
    tb_status status = load_models(run, &models, err);
    if (status == TB_OK) {
        status = layers_us(network, &models, &layers, err);
    }
    if (status == TB_OK) {
        status = tb_network_bandwidth(models.device, &there, &unused, err);
    }
    if (status == TB_OK) {
        status = tb_network_bandwidth(setup->device, &here, &unused, err);
    }
    if (status == TB_OK) {
        double tokens = (double)setup->problem->batch *
                        (double)tb_layout_tokens(&setup->problem->layout) /
                        (double)tb_layout_tokens(&network->layout);
        double inferred = 1e6 * run->total_s - layers;
        *out = (tb_outside_time){
            .us = inferred > 0 ? inferred * tokens * there / here : 0,
            .inferred_us = inferred,
            .is_scaled = tokens != 1 || there != here,
            .is_negative = inferred < 0,
        };
    }
    release_models(&models);
    return status;
}
