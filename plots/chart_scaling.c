/* Time against tokens: the layout grows in all dimensions alike, the window stays. */
#include "chart_caption.h"
#include "chart_list.h"
#include "chart_style.h"
#include "chart_times.h"

#include "case_words.h"
#include "text.h"

#include <math.h>

#define HALVINGS    4 /* of the tokens, at most */
#define DOUBLINGS   4
#define STEPS       2 /* a doubling */
#define AXIS_ROOM   1.3
#define MOST_POINTS ((HALVINGS + DOUBLINGS) * STEPS + 1)

typedef struct scaling_point {
    double tokens;
    double dense_us, sparse_us;
} scaling_point;

typedef struct scaling {
    scaling_point points[MOST_POINTS];
    size_t count;
    bool permutes;
    bool crosses;
    double crossing; /* tokens where both take as long */
} scaling;

/* The layout of about `factor` as many tokens; false where the window does not fit. */
static bool scale_layout(const tb_case *item, double factor, tb_layout *out)
{
    const tb_pattern *pattern = &item->pattern;
    *out = item->problem.layout;
    for (int d = 0; d < out->rank; d++) {
        double extent = (double)out->extent[d] * pow(factor, 1.0 / out->rank);
        out->extent[d] = (int64_t)llround(fmax(extent, 1));
        if (pattern->kind == TB_PATTERN_GNA &&
            pattern->window[d] * pattern->dilation[d] > out->extent[d]) {
            return false;
        }
    }
    return true;
}

static tb_status add_point(const tb_chart_input *input, const tb_layout *layout, scaling *out,
                           tb_error *err)
{
    tb_case item = *input->item;
    tb_chart_times times;
    item.problem.layout = *layout;
    tb_status status = tb_chart_times_fill(input, &item, &times, err);
    if (status == TB_OK) {
        out->points[out->count++] = (scaling_point){.tokens = (double)tb_layout_tokens(layout),
                                                    .dense_us = times.timing.dense.attention_us,
                                                    .sparse_us = times.timing.time.total_us};
        out->permutes = out->permutes || times.timing.time.permute_us > 0;
    }
    tb_chart_times_release(&times);
    return status;
}

/* Between two sizes both times are powers of the tokens. */
static void find_crossing(scaling *out)
{
    for (size_t i = 1; i < out->count && !out->crosses; i++) {
        const scaling_point *a = &out->points[i - 1], *b = &out->points[i];
        double before = log(a->sparse_us / a->dense_us), after = log(b->sparse_us / b->dense_us);
        if ((before > 0) != (after > 0)) {
            double part = before / (before - after);
            out->crosses = true;
            out->crossing = exp(log(a->tokens) + part * log(b->tokens / a->tokens));
        }
    }
}

static tb_status run(const tb_chart_input *input, scaling *out, tb_error *err)
{
    tb_status status = TB_OK;
    for (int step = -HALVINGS * STEPS; status == TB_OK && step <= DOUBLINGS * STEPS; step++) {
        tb_layout layout;
        if (scale_layout(input->item, pow(2, (double)step / STEPS), &layout)) {
            status = add_point(input, &layout, out, err);
            if (status == TB_EOVERFLOW && out->count > 1) { /* no more tokens can be counted */
                status = TB_OK;
                break;
            }
        }
    }
    find_crossing(out);
    return status;
}

static void print_data(const scaling *points, double scale, tb_buffer *out)
{
    tb_buffer_text(out, "# tokens\tdense\tsparse\n");
    for (size_t i = 0; i < points->count; i++) {
        const scaling_point *point = &points->points[i];
        tb_buffer_printf(out, "%.17g\t%.9g\t%.9g\n", point->tokens, point->dense_us * scale,
                         point->sparse_us * scale);
    }
}

static void print_script(const scaling *points, const char *unit, tb_chart_data *data)
{
    char words[32];
    tb_buffer *script = &data->script;
    tb_chart_grid(data, "xtics ytics");
    tb_buffer_printf(script,
                     "set logscale xy\nset format x '%%.0s%%c'\nset format y '%%g'\nset xrange "
                     "[%.9g:%.9g]\nset xlabel 'tokens of the layout'\n"
                     "set ylabel 'predicted time, %s'\n",
                     points->points[0].tokens / AXIS_ROOM,
                     points->points[points->count - 1].tokens * AXIS_ROOM, unit);
    if (points->crosses) {
        /* where lines cross is known to three digits at most */
        double digit = pow(10, floor(log10(points->crossing)) - 2);
        int64_t rounded = llround(points->crossing / digit) * (int64_t)fmax(digit, 1);
        tb_buffer_printf(script,
                         "set arrow 1 from %.9g, graph 0 to %.9g, graph 1 nohead dt 3 lw 1 "
                         "lc rgb '#606060'\nset label 1 'equal at %s tokens' at %.9g, graph "
                         "0.94 left offset 0.7,0\n",
                         points->crossing, points->crossing, tb_text_grouped(rounded, words),
                         points->crossing);
    }
    tb_buffer_printf(script,
                     "plot 'scaling.dat' using 1:2 with linespoints lt 7 dt 1 title 'dense', \\\n"
                     "  'scaling.dat' using 1:3 with linespoints lt 2 title 'sparse%s'\n",
                     points->permutes ? " with permutation" : "");
}

static void say(const tb_chart_input *input, const tb_chart_times *here, const scaling *points,
                tb_chart_data *data)
{
    char pattern[256], layout[96];
    const tb_problem *problem = &here->prediction.problem;
    int rank = problem->layout.rank;
    tb_chart_say(data,
                 "%s, %lld %s, dim %lld, %s, %s; the layout is %s times a factor in each "
                 "dimension.",
                 tb_view_pattern(&here->prediction.pattern, rank, pattern),
                 (long long)problem->heads, problem->heads == 1 ? "head" : "heads",
                 (long long)problem->dim, tb_dtype_names[problem->dtype],
                 tb_pass_names[problem->pass], tb_view_dims(problem->layout.extent, rank, layout));
    tb_chart_say_tiles(&here->prediction, data);
    tb_chart_say_times(input, &here->timing, data);
    if (!points->crosses) {
        tb_chart_say(data, "The lines do not cross in this range.");
    }
    tb_chart_say_version(data);
}

static tb_status check(const tb_case *item, tb_error *err)
{
    if (item->pattern.kind == TB_PATTERN_EXPLICIT) {
        return tb_fail(err, TB_EINVAL,
                       "a mask belongs to one layout, and scaling draws many; give -w or --local");
    }
    return TB_OK;
}

static tb_status fill(const tb_chart_input *input, tb_chart_data *data, tb_error *err)
{
    scaling points = {.count = 0};
    tb_chart_times here = {0};
    double scale;
    tb_status status = check(input->item, err);
    if (status == TB_OK) {
        status = tb_chart_times_fill(input, input->item, &here, err);
    }
    if (status == TB_OK) {
        status = run(input, &points, err);
    }
    if (status == TB_OK) {
        const char *unit = tb_chart_time_unit(here.timing.dense.total_us, &scale);
        print_data(&points, scale, tb_chart_data_file(data, "scaling.dat"));
        print_script(&points, unit, data);
        tb_chart_title(input, data, "Time against tokens");
        say(input, &here, &points, data);
    }
    tb_chart_times_release(&here);
    return status;
}

const tb_chart tb_chart_scaling = {
    .name = "scaling",
    .summary = "predicted time against tokens, sparse and dense, and where they cross",
    .needs = TB_CHART_NEEDS_PROBLEM | TB_CHART_NEEDS_DEVICE | TB_CHART_NEEDS_DENSE,
    .fill = fill,
};
