/* gna: generalized neighborhood attention (arXiv 2504.16922): per dimension a window, a stride that
 * a group of queries shares, a dilation, and causality. A query sees a key iff in every dimension
 * both are in the same dilation group and the key is inside the window. */
#include "pattern_types.h"

static tb_status check_dim(const tb_pattern *pattern, int64_t extent, int dim, tb_error *err)
{
    long long window = pattern->window[dim], stride = pattern->stride[dim];
    long long dilation = pattern->dilation[dim];
    if (dilation < 1 || dilation > extent) {
        return tb_fail(err, TB_EINVAL,
                       "dilation %lld in dimension %d; it must be from 1 to the extent, %lld",
                       dilation, dim + 1, (long long)extent);
    }
    if (window < 1) {
        return tb_fail(
            err, TB_EINVAL,
            "window %lld in dimension %d; it must be at least 1, or -1 for the whole axis", window,
            dim + 1);
    }
    if (stride < 1 || stride > window) {
        return tb_fail(err, TB_EINVAL,
                       "stride %lld in dimension %d; it must be from 1 to the window, %lld", stride,
                       dim + 1, window);
    }
    int64_t span;
    if (!tb_mul_ok(pattern->window[dim], pattern->dilation[dim], &span) || span > extent) {
        return tb_fail(
            err, TB_EINVAL,
            "window %lld with dilation %lld spans more than the %lld tokens of dimension "
            "%d; window x dilation must be at most that",
            window, dilation, (long long)extent, dim + 1);
    }
    return TB_OK;
}

static tb_status check(const tb_pattern *pattern, const tb_layout *layout, tb_error *err)
{
    for (int d = 0; d < layout->rank; d++) {
        tb_status status = check_dim(pattern, layout->extent[d], d, err);
        if (status != TB_OK) {
            return status;
        }
    }
    return TB_OK;
}

static bool dim_rule(const tb_pattern *pattern, const tb_layout *layout, int dim, int64_t length,
                     tb_dim_rule *rule)
{
    (void)layout;
    *rule = (tb_dim_rule){
        .kind = pattern->causal[dim] ? TB_DIM_CAUSAL : TB_DIM_BIDIRECTIONAL,
        .length = length,
        .window = pattern->window[dim],
        .stride = pattern->stride[dim],
    };
    return true;
}

static bool flat_rule(const tb_pattern *pattern, const tb_layout *layout, tb_dim_rule *rule)
{
    if (layout->rank != 1 || pattern->dilation[0] != 1) {
        return false;
    }
    return dim_rule(pattern, layout, 0, layout->extent[0], rule);
}

/* What one coordinate sees of its dimension: tokens first + step * k, k in [begin, end). */
typedef struct axis {
    int64_t first, step, begin, end;
    int64_t pitch; /* tokens from one coordinate to the next in the flattened order */
} axis;

static axis axis_of(const tb_pattern *pattern, const tb_layout *layout, int dim, int64_t coordinate,
                    int64_t pitch)
{
    int64_t step = pattern->dilation[dim], first = coordinate % step;
    tb_dim_rule rule;
    (void)dim_rule(pattern, layout, dim, tb_ceil_div(layout->extent[dim] - first, step), &rule);
    int64_t i = coordinate / step;
    return (axis){.first = first,
                  .step = step,
                  .begin = tb_dim_start(&rule, i),
                  .end = tb_dim_end(&rule, i),
                  .pitch = pitch};
}

/* The axes of all dimensions but the innermost for the line that holds `query`, and their product.
 */
typedef struct outer_axes {
    int count;
    axis axes[TB_MAX_RANK - 1];
    int64_t combinations;
} outer_axes;

static outer_axes outer_axes_of(const tb_pattern *pattern, const tb_layout *layout, int64_t query)
{
    outer_axes outer = {.count = layout->rank - 1, .combinations = 1};
    int64_t rest = query / layout->extent[layout->rank - 1];
    int64_t pitch = layout->extent[layout->rank - 1];
    for (int d = layout->rank - 2; d >= 0; d--) {
        outer.axes[d] = axis_of(pattern, layout, d, rest % layout->extent[d], pitch);
        outer.combinations *= outer.axes[d].end - outer.axes[d].begin;
        rest /= layout->extent[d];
        pitch *= layout->extent[d];
    }
    return outer;
}

/* Token number where the line of combination `at` starts. at: one index a dimension, advanced in
 * row-major order by next_line(). */
static int64_t line_start(const outer_axes *outer, const int64_t *at)
{
    int64_t base = 0;
    for (int d = 0; d < outer->count; d++) {
        base += (outer->axes[d].first + outer->axes[d].step * at[d]) * outer->axes[d].pitch;
    }
    return base;
}

static void first_line(const outer_axes *outer, int64_t *at)
{
    for (int d = 0; d < outer->count; d++) {
        at[d] = outer->axes[d].begin;
    }
}

static void next_line(const outer_axes *outer, int64_t *at)
{
    for (int d = outer->count - 1; d >= 0; d--) {
        if (++at[d] < outer->axes[d].end) {
            return;
        }
        at[d] = outer->axes[d].begin;
    }
}

static void row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                tb_interval_fn *emit, void *user)
{
    int inner = layout->rank - 1;
    outer_axes outer = outer_axes_of(pattern, layout, query);
    axis line = axis_of(pattern, layout, inner, query % layout->extent[inner], 1);
    int64_t at[TB_MAX_RANK - 1];
    first_line(&outer, at);
    for (int64_t c = 0; c < outer.combinations; c++, next_line(&outer, at)) {
        int64_t base = line_start(&outer, at) + line.first;
        if (line.step == 1) {
            emit(base + line.begin, base + line.end, user);
            continue;
        }
        for (int64_t k = line.begin; k < line.end; k++) {
            emit(base + k * line.step, base + k * line.step + 1, user);
        }
    }
}

/* Set what an inner axis sees of every line of the outer axes. */
static void set_lines(const outer_axes *outer, const axis *inner, int64_t begin, int64_t end,
                      uint64_t *bits)
{
    int64_t at[TB_MAX_RANK - 1];
    first_line(outer, at);
    int last = outer->count - 1;
    int64_t lines = last >= 0 ? outer->axes[last].end - outer->axes[last].begin : 1;
    int64_t pitch = last >= 0 ? outer->axes[last].step * outer->axes[last].pitch : 0;
    for (int64_t c = 0; begin < end && c < outer->combinations; c += lines) {
        int64_t base = line_start(outer, at) + inner->first;
        for (int64_t line = 0; line < lines; line++, base += pitch) {
            if (inner->step == 1) {
                tb_bits_set_range(bits, base + begin, base + end);
                continue;
            }
            for (int64_t k = begin; k < end; k++) {
                tb_bits_set(bits, base + k * inner->step);
            }
        }
        if (last >= 0) { /* the last outer axis is done: on to the next of the others */
            at[last] = outer->axes[last].end - 1;
            next_line(outer, at);
        }
    }
}

/* Queries x = first, first + dilation, ... <= last of one line: one dilation group, so that the
 * union of their windows runs from the first one's start to the last one's end, and what all see
 * from the last one's start to the first one's end. */
static int64_t unite_group(const tb_pattern *pattern, const tb_layout *layout,
                           const outer_axes *outer, int64_t first, int64_t last, tb_row_sets *sets)
{
    int inner = layout->rank - 1;
    int64_t step = pattern->dilation[inner];
    axis low = axis_of(pattern, layout, inner, first, 1);
    axis high = axis_of(pattern, layout, inner, first + (last - first) / step * step, 1);
    set_lines(outer, &low, low.begin, high.end, sets->any);
    if (!sets->none_for_all) {
        set_lines(outer, &low, high.begin, low.end, sets->scratch);
        tb_row_sets_meet(sets);
    }
    int64_t seen = 0;
    for (int64_t x = first; x <= last; x += step) {
        axis line = axis_of(pattern, layout, inner, x, 1);
        seen += line.end - line.begin;
    }
    return seen * outer->combinations;
}

static int64_t unite(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                     int64_t count, tb_row_sets *sets)
{
    int64_t width = layout->extent[layout->rank - 1];
    int64_t step = pattern->dilation[layout->rank - 1];
    int64_t pairs = 0;
    while (count > 0) {
        int64_t x = query % width;
        int64_t run = tb_min(count, width - x);
        outer_axes outer = outer_axes_of(pattern, layout, query);
        for (int64_t g = 0; g < tb_min(step, run); g++) {
            pairs += unite_group(pattern, layout, &outer, x + g, x + run - 1, sets);
        }
        query += run;
        count -= run;
    }
    return pairs;
}

/* Causal in every dimension that can tell two tokens apart. (A causal outer dimension alone does
 * not do: a query sees its own outer coordinate, and there later keys of the inner ones.) */
static bool is_causal(const tb_pattern *pattern, const tb_layout *layout)
{
    for (int d = 0; d < layout->rank; d++) {
        if (layout->extent[d] > 1 && !pattern->causal[d] && pattern->window[d] > 1) {
            return false;
        }
    }
    return true;
}

const tb_pattern_type tb_pattern_gna = {
    .name = "gna",
    .summary = "generalized neighborhood attention: window, stride, dilation, causal per dimension",
    .is_by_dimension = true,
    .check = check,
    .row = row,
    .unite = unite,
    .dim_rule = dim_rule,
    .flat_rule = flat_rule,
    .is_causal = is_causal,
};
