#include "explain_advice.h"

#include "checked.h"

#include <stdio.h>
#include <string.h>

/* Strides that are tried in one dimension; a window beyond this gets no advice. */
#define MAX_STRIDES 8192

/* A dimension by itself, as a rank-1 problem with the dimension's tiles. */
static bool is_full_alone(const tb_prediction *p, int d, int64_t stride)
{
    tb_problem line = tb_problem_default();
    tb_pattern pattern = tb_pattern_default();
    line.layout = (tb_layout){.rank = 1, .extent = {p->problem.layout.extent[d]}};
    pattern.kind = TB_PATTERN_GNA;
    pattern.window[0] = p->pattern.window[d];
    pattern.stride[0] = stride;
    pattern.dilation[0] = p->pattern.dilation[d];
    pattern.causal[0] = p->pattern.causal[d];
    tb_tiling tiling = {.kv_tiling = p->tiling.kv_tiling,
                        .q_tile = {p->tiling.q_tile[d]},
                        .kv_tile = {p->tiling.kv_tile[d]}};
    tb_census census;
    return tb_census_count(&line, &pattern, &tiling, NULL, &census, NULL) == TB_OK &&
           tb_census_partial(&census) == 0;
}

/* A box is full iff it is in every dimension, so that each dimension's stride is found alone. */
static int64_t smallest_full_stride(const tb_prediction *p, int d)
{
    int64_t last = tb_min(p->pattern.window[d], MAX_STRIDES);
    for (int64_t stride = 1; stride <= last; stride++) {
        if (is_full_alone(p, d, stride)) {
            return stride;
        }
    }
    return 0;
}

void tb_advise_stride(const tb_prediction *p, char out[static 240])
{
    int rank = p->problem.layout.rank;
    tb_pattern strided = p->pattern;
    char text[96] = "";
    size_t used = 0;
    out[0] = '\0';
    if (p->pattern.kind != TB_PATTERN_GNA || p->tiling.kind != TB_TILING_MULTI_DIM ||
        tb_census_partial(&p->census) == 0) {
        return;
    }
    for (int d = 0; d < rank; d++) {
        strided.stride[d] = smallest_full_stride(p, d);
        if (strided.stride[d] == 0) {
            (void)snprintf(out, 240,
                           "no stride makes every tile full here; other tile shapes or "
                           "windows may (--all-tiles)");
            return;
        }
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%lld", d == 0 ? "" : "x",
                                 (long long)strided.stride[d]);
    }
    tb_census census;
    tb_bound bound;
    if (tb_census_count(&p->problem, &strided, &p->tiling, NULL, &census, NULL) == TB_OK &&
        tb_bound_compute(&p->problem, &strided, &p->tiling, &census, p->bound.baseline, &bound,
                         NULL) == TB_OK) {
        (void)snprintf(out, 240, "stride %s makes every tile%s full: bound %.2f -> %.2f", text,
                       tb_census_partial(&census) == 0 ? "" : " of the layout",
                       p->bound.tile_speedup, bound.tile_speedup);
    }
}

void tb_advise_padding(const tb_prediction *p, char out[static 240])
{
    size_t used = 0;
    out[0] = '\0';
    for (int d = 0; p->tiling.kind == TB_TILING_MULTI_DIM && d < p->problem.layout.rank; d++) {
        int64_t extent = p->problem.layout.extent[d];
        int64_t unit = p->tiling.q_tile[d] * tb_pattern_dilation(&p->pattern, d);
        int64_t padded = tb_ceil_div(extent, unit) * unit;
        if (padded != extent && used < 160) {
            used += (size_t)snprintf(out + used, 240 - used, "%s%lld -> %lld in dimension %d",
                                     used == 0 ? "query tiles fill " : ", ", (long long)extent,
                                     (long long)padded, d + 1);
        }
    }
}

void tb_advise_waves(const tb_timing *timing, char out[static 240])
{
    const tb_schedule *schedule = &timing->time.schedule;
    out[0] = '\0';
    if (schedule->ctas < schedule->slots) {
        (void)snprintf(out, 240, "%lld CTAs on %lld slots: split KV, or more heads or batch",
                       (long long)schedule->ctas, (long long)schedule->slots);
    } else if (schedule->utilisation < 0.9) {
        (void)snprintf(out, 240, "%lld CTAs are %lld waves on %lld slots, the last one not full",
                       (long long)schedule->ctas, (long long)schedule->waves,
                       (long long)schedule->slots);
    }
}
