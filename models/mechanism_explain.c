#include "mechanism_explain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The stages that the rest serves: attention, else the longest. */
static bool is_main(const tb_mechanism_result *result, size_t stage)
{
    size_t longest = 0;
    bool any = false;
    for (size_t i = 0; i < result->stage_count; i++) {
        any = any || result->stages[i].has_census;
        longest = result->stages[i].time_us > result->stages[longest].time_us ? i : longest;
    }
    return any ? result->stages[stage].has_census : stage == longest;
}

static void add_main(const tb_mechanism_result *result, double *least, double *time)
{
    *least = *time = 0;
    for (size_t i = 0; i < result->stage_count; i++) {
        if (is_main(result, i)) {
            *least += result->stages[i].least_us;
            *time += result->stages[i].time_us;
        }
    }
}

static tb_mechanism_step step_of(const tb_mechanism_result *result, const tb_stage_result *stage,
                                 double before)
{
    tb_mechanism_step step = {.name = stage->name, .factor = before / (before + stage->time_us)};
    (void)snprintf(step.advice, sizeof step.advice, "%s: %.1f %% of the time, limited by %s",
                   stage->kind, 100 * stage->time_us / result->total_us,
                   tb_limiter_names[stage->limiter]);
    return step;
}

tb_status tb_mechanism_explain(const tb_mechanism_result *result, tb_mechanism_explanation *out,
                               tb_error *err)
{
    double least = 0, time = 0;
    add_main(result, &least, &time);
    if (!(result->total_us > 0 && result->dense_us > 0 && least > 0 && time > 0)) {
        return tb_fail(err, TB_EINVAL,
                       "a speedup is explained by times; give --device, one with a dense kernel");
    }
    tb_mechanism_explanation made = {.from = result->dense_least_us / least, .to = result->speedup};
    made.steps = calloc(result->stage_count + 1, sizeof *made.steps);
    if (made.steps == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for an explanation");
    }
    tb_mechanism_step *first = &made.steps[made.count++];
    first->name = "kernels below their rooflines";
    first->factor = result->dense_us / time / made.from;
    (void)snprintf(first->advice, sizeof first->advice,
                   "dense attention reaches %.0f %% of its roofline, these %.0f %%",
                   100 * result->dense_least_us / result->dense_us, 100 * least / time);
    for (size_t i = 0; i < result->stage_count; i++) {
        if (!is_main(result, i)) {
            made.steps[made.count++] = step_of(result, &result->stages[i], time);
            time += result->stages[i].time_us;
        }
    }
    *out = made;
    return TB_OK;
}

void tb_mechanism_explanation_release(tb_mechanism_explanation *explanation)
{
    free(explanation->steps);
    *explanation = (tb_mechanism_explanation){0};
}
