/* The parameters in force for a kernel on a device. */
#include "time_parts.h"

#include <stdlib.h>

/* Spread of single runs where no fit says: two of NATTEN's H100 runs have identical tiles and
 * differ by 5.6 %, the same two on a B200 by 0.9 % (docs/model.md). */
#define DEFAULT_SCATTER 0.03

tb_time_values tb_time_priors_of(const tb_kernel *kernel, const tb_device *device)
{
    tb_time_values values = {.basis = TB_BASIS_UNCALIBRATED, .scatter = DEFAULT_SCATTER};
    const tb_device_value *clock = &device->values[TB_DEVICE_SUSTAINED_CLOCK_FRACTION];
    for (size_t p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        const tb_prior *prior = &kernel->time.prior[p];
        values.known[p] = prior->given;
        values.value[p] = prior->value;
        values.covariance[p][p] = prior->spread * prior->spread;
    }
    if (clock->origin != TB_VALUE_UNKNOWN) {
        size_t p = TB_TIME_SUSTAINED_CLOCK_FRACTION;
        values.known[p] = true;
        values.value[p] = clock->value;
        values.covariance[p][p] = 0;
    }
    return values;
}

/* The fit whose device is of nearest compute capability, of the same generation: between
 * generations a kernel's code is compiled to other instructions. NULL without any. */
static const tb_fit *nearest_fit(const tb_kernel *kernel, const tb_device *device)
{
    const tb_fit *nearest = NULL;
    int64_t least = INT64_MAX, here = device->compute_capability;
    for (size_t i = 0; i < kernel->time.fit_count; i++) {
        const tb_fit *fit = &kernel->time.fits[i];
        int64_t distance = llabs(fit->compute_capability - here);
        if (fit->compute_capability > 0 && fit->compute_capability / 10 == here / 10 &&
            distance < least) {
            least = distance;
            nearest = fit;
        }
    }
    return nearest;
}

static void take(const tb_fit *fit, size_t p, tb_time_values *values)
{
    values->known[p] = true;
    values->value[p] = fit->value[p];
    for (size_t q = 0; q < TB_TIME_PARAMETER_COUNT; q++) {
        values->covariance[p][q] = values->covariance[q][p] = 0;
    }
    values->covariance[p][p] = fit->covariance[p][p];
}

static void take_fit(const tb_fit *fit, bool clock_set, tb_time_values *values)
{
    for (size_t p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        if (fit->fitted[p] && !(clock_set && p == TB_TIME_SUSTAINED_CLOCK_FRACTION)) {
            take(fit, p, values);
            values->fitted[p] = true;
            values->basis = TB_BASIS_CALIBRATED;
        }
    }
    for (size_t p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        for (size_t q = 0; q < TB_TIME_PARAMETER_COUNT; q++) {
            bool both = fit->fitted[p] && fit->fitted[q] &&
                        !(clock_set && (p == TB_TIME_SUSTAINED_CLOCK_FRACTION ||
                                        q == TB_TIME_SUSTAINED_CLOCK_FRACTION));
            values->covariance[p][q] = both ? fit->covariance[p][q] : values->covariance[p][q];
        }
    }
    values->degrees_of_freedom = fit->degrees_of_freedom;
    values->scatter = fit->has_scatter ? fit->scatter : values->scatter;
}

tb_time_values tb_time_values_of(const tb_kernel *kernel, const tb_device *device)
{
    tb_time_values values = tb_time_priors_of(kernel, device);
    const tb_fit *here = tb_time_find_fit(&kernel->time, device->name);
    const tb_fit *elsewhere = here == NULL ? nearest_fit(kernel, device) : NULL;
    bool clock_set =
        device->values[TB_DEVICE_SUSTAINED_CLOCK_FRACTION].origin == TB_VALUE_SET; /* wins */
    if (here != NULL) {
        take_fit(here, clock_set, &values);
    }
    for (size_t p = 0; elsewhere != NULL && p < TB_TIME_PARAMETER_COUNT; p++) {
        if (elsewhere->fitted[p] && tb_time_parameters[p].travels) {
            take(elsewhere, p, &values);
        }
    }
    return values;
}

tb_status tb_time_need(const tb_time_case *item, const tb_time_values *values,
                       tb_time_parameter parameter, double *out, tb_error *err)
{
    if (!values->known[parameter] && !tb_time_parameters[parameter].is_optional) {
        return tb_fail(
            err, TB_EINVAL,
            "kernel %s has neither a prior nor a fit of %s for device %s; add one to its "
            "file",
            item->kernel->name, tb_time_parameters[parameter].name, item->device->name);
    }
    *out = values->known[parameter] ? values->value[parameter]
                                    : tb_time_parameters[parameter].otherwise;
    return TB_OK;
}
