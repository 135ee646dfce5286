/* Hardware counters of what was measured, once all is timed: a profiler at work changes times. */
#include "measure.h"
#include "measure_parts.h"

#include <stdio.h>

const char *tb_measure_why_no_counters(const tb_measure *measure)
{
    return measure->why_no_counters[0] != '\0' ? measure->why_no_counters : NULL;
}

static bool wants_counters(const tb_configuration *at)
{
    return at->counters.passes == 0 && (at->taken == NULL || at->taken->counters.passes == 0);
}

/* What one configuration may not count, none may. */
static tb_status count_one(tb_measure *measure, tb_configuration *at, tb_error *err)
{
    tb_error inner = {0};
    tb_status status = tb_measure_enter(measure, at, err);
    if (status != TB_OK) {
        return status;
    }
    status = tb_prepared_hardware(at->prepared, &at->counters, &inner);
    tb_measure_leave(measure, at, false);
    if (status == TB_EUNAVAILABLE) {
        (void)snprintf(measure->why_no_counters, sizeof measure->why_no_counters, "%s",
                       inner.message);
        return TB_OK;
    }
    return status == TB_OK
               ? TB_OK
               : tb_fail(err, status, "counters of run '%s': %s", at->id, inner.message);
}

tb_status tb_measure_count(tb_measure *measure, tb_measure_progress_fn *progress, void *user,
                           bool *stop, tb_error *err)
{
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < measure->count && !*stop; i++) {
        tb_configuration *at = &measure->all[i];
        if (!wants_counters(at)) {
            continue;
        }
        tb_measure_progress where = {.id = at->id,
                                     .count = measure->count,
                                     .done = measure->count,
                                     .round = tb_sampling_round(measure->sampling)};
        status = count_one(measure, at, err);
        if (measure->why_no_counters[0] != '\0') {
            break;
        }
        if (status == TB_OK && progress != NULL) {
            status = progress(&where, true, user, stop, err);
        }
    }
    return status;
}
