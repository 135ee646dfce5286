#include "schedule.h"

#include "checked.h"
#include "schedule_parts.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

const char *const tb_schedule_policy_names[TB_SCHEDULE_POLICY_COUNT] = {
    "hardware", "persistent-static", "persistent-dynamic", "longest-first"};

static tb_status check_sizes(const tb_schedule_problem *problem, tb_schedule *out, tb_error *err)
{
    const struct {
        const char *what;
        int64_t value;
    } sizes[] = {
        {"the number of query tiles", problem->q_tiles},
        {"the number of copies", problem->copies},
        {"the number of SMs", problem->sms},
        {"the occupancy", problem->occupancy},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (sizes[i].value < 1) {
            return tb_fail(err, TB_EINVAL, "%s is %lld; it must be at least 1", sizes[i].what,
                           (long long)sizes[i].value);
        }
    }
    if (!tb_mul_ok(problem->q_tiles, problem->copies, &out->ctas)) {
        return tb_fail(err, TB_EOVERFLOW, "the CTAs of this launch pass 2^63 - 1; make it smaller");
    }
    if (!tb_mul_ok(problem->sms, problem->occupancy, &out->slots)) {
        return tb_fail(err, TB_EOVERFLOW, "SMs x occupancy passes 2^63 - 1; make them smaller");
    }
    out->waves = tb_ceil_div(out->ctas, out->slots);
    return TB_OK;
}

static tb_status check_costs(const tb_schedule_problem *problem, tb_schedule *out, tb_error *err)
{
    double sum = 0;
    for (int64_t q = 0; q < problem->q_tiles; q++) {
        double cost = problem->cost[q];
        if (!isfinite(cost) || cost < 0) {
            return tb_fail(err, TB_EINVAL,
                           "query tile %lld costs %g; costs are finite and at least 0",
                           (long long)q, cost);
        }
        sum += cost;
    }
    out->busy = sum * (double)problem->copies;
    if (!isfinite(out->busy)) {
        return tb_fail(err, TB_EOVERFLOW,
                       "the costs of all CTAs add up to no finite number; use a larger unit");
    }
    return TB_OK;
}

static bool costs_are_equal(const tb_schedule_problem *problem)
{
    for (int64_t q = 1; q < problem->q_tiles; q++) {
        if (problem->cost[q] < problem->cost[0] || problem->cost[q] > problem->cost[0]) {
            return false;
        }
    }
    return true;
}

/* What follows from makespan and loads. Rounding must not break utilisation <= 1 or
 * load_min <= load_mean <= load_max. */
static void derive(const tb_schedule_problem *problem, tb_schedule *out)
{
    double mean = out->busy / (double)problem->sms;
    mean = mean < out->load_min ? out->load_min : mean;
    out->load_mean = mean > out->load_max ? out->load_max : mean;
    out->imbalance = out->load_mean > 0 ? out->load_max / out->load_mean : 1;
    double share = out->makespan > 0 ? out->busy / (double)out->slots / out->makespan : 1;
    out->utilisation = share > 1 ? 1 : share;
}

/* CTA i is the (i / slots)-th of slot i mod slots, under every policy. */
static void schedule_equal(const tb_schedule_launch *launch, tb_schedule *out)
{
    const tb_schedule_problem *problem = launch->problem;
    double cost = problem->cost[0];
    int64_t full_waves = out->ctas / out->slots, rest = out->ctas % out->slots;
    int64_t least = full_waves * problem->occupancy + rest / problem->sms;
    out->busy = (double)out->ctas * cost;
    out->makespan = (double)out->waves * cost;
    out->tail = rest > 0 ? cost : 0;
    out->load_min = (double)least * cost;
    out->load_max = (double)(least + (rest % problem->sms > 0)) * cost;
    if (launch->fn == NULL) {
        return;
    }
    for (int64_t cta = 0, wave = 0; cta < out->ctas; wave++) {
        int64_t end = cta + tb_min(out->slots, out->ctas - cta);
        for (int64_t slot = 0; cta < end; slot++, cta++) {
            tb_schedule_tell(launch, cta, slot, (double)wave * cost, (double)(wave + 1) * cost);
        }
    }
}

static void measure_slots(const tb_schedule_launch *launch, const double *finish, tb_schedule *out)
{
    double first = launch->used < out->slots ? 0 : finish[0], last = finish[0];
    for (int64_t slot = 0; slot < launch->used; slot++) {
        first = finish[slot] < first ? finish[slot] : first;
        last = finish[slot] > last ? finish[slot] : last;
    }
    out->makespan = last;
    out->tail = last - first;
}

static void measure_sms(const tb_schedule_launch *launch, const double *finish, tb_schedule *out)
{
    int64_t sms = launch->problem->sms, used_sms = tb_min(sms, launch->used);
    out->load_min = used_sms < sms ? 0 : HUGE_VAL;
    out->load_max = 0;
    for (int64_t sm = 0; sm < used_sms; sm++) {
        int64_t slot = sm;
        double load = finish[slot];
        while (launch->used - slot > sms) {
            slot += sms;
            load += finish[slot];
        }
        out->load_min = load < out->load_min ? load : out->load_min;
        out->load_max = load > out->load_max ? load : out->load_max;
    }
}

static tb_status schedule_unequal(const tb_schedule_launch *launch, tb_schedule *out, tb_error *err)
{
    double *finish = calloc((size_t)launch->used, sizeof *finish);
    if (finish == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %lld slots", (long long)launch->used);
    }
    tb_status status = launch->problem->policy == TB_SCHEDULE_PERSISTENT_STATIC
                           ? tb_schedule_static(launch, finish, err)
                           : tb_schedule_list(launch, finish, err);
    if (status == TB_OK) {
        measure_slots(launch, finish, out);
        measure_sms(launch, finish, out);
    }
    free(finish);
    return status;
}

tb_status tb_schedule_run(const tb_schedule_problem *problem, tb_schedule_cta_fn *fn, void *user,
                          tb_schedule *out, tb_error *err)
{
    tb_schedule result = {0};
    tb_status status = check_sizes(problem, &result, err);
    if (status == TB_OK) {
        status = check_costs(problem, &result, err);
    }
    if (status != TB_OK) {
        return status;
    }
    assert(result.ctas >= 1 && result.slots >= 1);
    tb_schedule_launch launch = {.problem = problem,
                                 .ctas = result.ctas,
                                 .used = tb_min(result.slots, result.ctas),
                                 .fn = fn,
                                 .user = user};
    if (costs_are_equal(problem) && problem->cost[0] > 0) { /* CTAs of no cost share slot 0 */
        schedule_equal(&launch, &result);
    } else {
        status = schedule_unequal(&launch, &result, err);
    }
    if (status == TB_OK) {
        derive(problem, &result);
        *out = result;
    }
    return status;
}
