#include "mechanism_options.h"

#include <string.h>

/* Does an assignment name a value of devices? */
static bool is_of_device(const char *assignment)
{
    size_t length = strcspn(assignment, "=");
    for (size_t i = 0; i < TB_DEVICE_KEY_COUNT; i++) {
        const char *name = tb_device_value_names[i];
        if (strlen(name) == length && strncmp(name, assignment, length) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_parameter(const tb_mechanism *mechanism, const char *assignment)
{
    size_t length = strcspn(assignment, "=");
    for (size_t i = 0; i < mechanism->parameter_count; i++) {
        const char *name = mechanism->parameters[i].name;
        if (strlen(name) == length && strncmp(name, assignment, length) == 0) {
            return true;
        }
    }
    return false;
}

/* The mechanism's parameters go before the device's values; what is neither is the mechanism's to
 * complain about. */
static tb_status apply_set(const tb_arg_texts *set, tb_mechanism *mechanism,
                           tb_arg_texts *of_device, tb_error *err)
{
    tb_status status = TB_OK;
    *of_device = (tb_arg_texts){0};
    for (size_t i = 0; status == TB_OK && i < set->count; i++) {
        const char *assignment = set->values[i];
        if (is_of_device(assignment) && !has_parameter(mechanism, assignment)) {
            of_device->values[of_device->count++] = assignment;
        } else {
            status = tb_mechanism_set(mechanism, assignment, err);
        }
    }
    return status;
}

static tb_status check_args(const tb_case_args *args, tb_error *err)
{
    if (args->config != NULL || tb_case_args_have_pattern(args)) {
        return tb_fail(err, TB_EINVAL,
                       "a mechanism has its own patterns; leave --config and pattern options out, "
                       "and change its parameters with --set");
    }
    if (args->q_tile.count > 0 || args->kv_tile.count > 0 || args->tiles.given ||
        args->tiling.given || args->kv_tiling.given || args->order.given) {
        return tb_fail(err, TB_EINVAL,
                       "a mechanism's stages state their tiles, or take the kernel's; leave the "
                       "tiling options out");
    }
    if (args->backprop) {
        return tb_fail(err, TB_EINVAL, "mechanisms are run forward; leave --backprop out");
    }
    if (args->input_size.count == 0) {
        return tb_fail(err, TB_EINVAL, "a mechanism on how many tokens? give --input-size");
    }
    return TB_OK;
}

/* The mechanism's own heads and dims, with the options on top. */
static tb_status make_problem(const tb_case_args *args, tb_mechanism_ask *ask, tb_error *err)
{
    tb_case item = tb_case_default();
    item.problem = ask->mechanism->problem;
    tb_status status = tb_case_apply(args, &item, err);
    if (status == TB_OK) {
        status = tb_mechanism_layout(ask->mechanism, &item.problem.layout, &ask->changed, err);
    }
    ask->problem = item.problem;
    tb_case_release(&item);
    return status;
}

tb_status tb_mechanism_ask_of(const char *name, const tb_case_args *item,
                              const tb_device_args *device, const tb_arg_texts *set,
                              const tb_arg_int *seed, tb_mechanism_ask *out, tb_error *err)
{
    tb_device_args of_device = device != NULL ? *device : (tb_device_args){0};
    *out = (tb_mechanism_ask){0};
    tb_status status = check_args(item, err);
    if (status == TB_OK && of_device.schedule.given) {
        status = tb_fail(err, TB_EINVAL,
                         "a mechanism's kernels have their own schedules; leave --schedule out");
    }
    if (status == TB_OK) {
        status = tb_mechanism_load(name, &out->mechanism, err);
    }
    if (status == TB_OK) {
        status = apply_set(set, out->mechanism, &of_device.set, err);
    }
    if (status == TB_OK) {
        status = make_problem(item, out, err);
    }
    if (status == TB_OK) {
        status = tb_device_choose(&of_device, item->kernel, &out->choice, err);
    }
    out->options = (tb_mechanism_options){
        .device = out->choice.device,
        .kernel = item->kernel != NULL ? out->choice.kernel : NULL,
        .baseline_kernel = of_device.baseline_kernel != NULL ? out->choice.baseline : NULL,
        .seed = seed->given ? (uint64_t)seed->value : 0};
    return status;
}

void tb_mechanism_ask_release(tb_mechanism_ask *ask)
{
    tb_mechanism_destroy(ask->mechanism);
    tb_device_choice_release(&ask->choice);
    *ask = (tb_mechanism_ask){0};
}

tb_status tb_mechanism_ask_run(const tb_mechanism_ask *ask, tb_mechanism_result *out, tb_error *err)
{
    return tb_mechanism_run_with(ask->mechanism, &ask->problem, &ask->options, out, err);
}
