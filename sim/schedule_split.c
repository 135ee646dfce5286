#include "schedule_split.h"

#include "checked.h"

#include <math.h>
#include <stddef.h>

static tb_status check_split(const tb_split_problem *problem, tb_error *err)
{
    const struct {
        const char *what;
        int64_t value;
    } sizes[] = {
        {"the number of CTAs", problem->ctas},
        {"the number of slots", problem->slots},
        {"the number of KV tiles of a CTA", problem->tiles_per_cta},
        {"the largest number of splits", problem->max_splits},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (sizes[i].value < 1) {
            return tb_fail(err, TB_EINVAL, "%s is %lld; it must be at least 1", sizes[i].what,
                           (long long)sizes[i].value);
        }
    }
    const double costs[] = {problem->cta_tiles, problem->merge_tiles};
    for (size_t i = 0; i < sizeof costs / sizeof *costs; i++) {
        if (!isfinite(costs[i]) || costs[i] < 0) {
            return tb_fail(err, TB_EINVAL,
                           "a CTA costs %g tiles beside its own; costs are finite and at least 0",
                           costs[i]);
        }
    }
    return TB_OK;
}

/* The split of which `ctas` CTAs come. */
static tb_split split_into(const tb_split_problem *problem, int64_t splits, int64_t ctas)
{
    tb_split split = {.splits = splits,
                      .tiles_per_split = tb_ceil_div(problem->tiles_per_cta, splits),
                      .waves = tb_ceil_div(ctas, problem->slots)};
    double beside = problem->cta_tiles + (splits > 1 ? problem->merge_tiles : 0);
    split.time_tiles = (double)split.waves * ((double)split.tiles_per_split + beside);
    return split;
}

tb_status tb_schedule_split(const tb_split_problem *problem, tb_split *out, tb_error *err)
{
    tb_status status = check_split(problem, err);
    if (status != TB_OK) {
        return status;
    }
    int64_t most = tb_min(problem->max_splits, problem->tiles_per_cta);
    tb_split best = split_into(problem, 1, problem->ctas), tried = best;
    while (tried.tiles_per_split > 1) {
        /* the least number that gives fewer tiles */
        int64_t splits = tb_ceil_div(problem->tiles_per_cta, tried.tiles_per_split - 1), ctas;
        if (splits > most) {
            break;
        }
        if (!tb_mul_ok(problem->ctas, splits, &ctas)) {
            return tb_fail(err, TB_EOVERFLOW,
                           "CTAs x splits pass 2^63 - 1; lower the largest number of splits");
        }
        tried = split_into(problem, splits, ctas);
        if (tried.time_tiles < best.time_tiles) {
            best = tried;
        }
    }
    *out = best;
    return TB_OK;
}
