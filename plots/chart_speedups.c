/* Speedups over dense attention, a group of bars a run: measured, predicted, and what the tiles and
 * the FLOPs allow. After the figure of NATTEN's profiler guide. */
#include "chart_caption.h"
#include "chart_list.h"
#include "chart_runs.h"
#include "chart_style.h"

#include "measured_speedup.h"

#include <math.h>

#define MOST_GROUPS 24
#define GROUP_PX    62
#define AROUND_PX   150 /* title, key, axis and caption */
#define MISSING     "?"

/* What one group shows; NaN where there is none. */
typedef struct group {
    double permuted, measured, predicted, by_tiles, by_flops;
} group;

static void put_value(tb_buffer *out, double value)
{
    if (isfinite(value)) {
        tb_buffer_printf(out, "\t%.9g", value);
    } else {
        tb_buffer_text(out, "\t" MISSING);
    }
}

static void put_group(const tb_chart_data *data, tb_buffer *out, size_t row, const char *name,
                      const group *of)
{
    tb_buffer_printf(out, "%zu\t", row);
    tb_chart_field(data, out, name);
    put_value(out, of->permuted);
    put_value(out, of->measured);
    put_value(out, of->predicted);
    put_value(out, of->by_tiles);
    put_value(out, of->by_flops);
    tb_buffer_text(out, "\n");
}

/* Both sides of the predicted speedup are predicted, as `explain` does. Where no model of the
 * measured dense kernel is known there is none. */
static tb_status predict(const tb_compared_run *compared, tb_models *models, group *of,
                         tb_error *err)
{
    const tb_run *run = compared->run, *dense = tb_run_dense_baseline(compared->profile, run);
    const tb_kernel *kernel, *baseline = NULL;
    const tb_device *device;
    tb_prediction p;
    tb_timing timing = {0};
    tb_status status = tb_models_kernel(models, run->kernel, &kernel, err);
    if (status == TB_OK) {
        status = tb_models_device(models, run->device, &device, err);
    }
    if (status != TB_OK) {
        return status;
    }
    bool known = dense->kernel != NULL &&
                 tb_models_kernel(models, dense->kernel, &baseline, NULL) == TB_OK &&
                 baseline->time.given;
    tb_case item = tb_run_case(run, kernel);
    item.baseline =
        dense->item.pattern.kind == TB_PATTERN_CAUSAL ? TB_BASELINE_CAUSAL : TB_BASELINE_SELF;
    status = tb_predict(&item, kernel, &p, err);
    if (status != TB_OK) {
        return status;
    }
    of->by_flops = p.bound.flop_speedup;
    of->by_tiles = p.bound.tile_speedup;
    status = tb_predict_time(&p, kernel, device, known ? baseline : NULL, &timing, err);
    of->predicted = status == TB_OK && timing.has_dense ? timing.speedup : nan("");
    tb_prediction_release(&p);
    return status;
}

static tb_status put_groups(const tb_chart_runs *runs, size_t count, tb_chart_data *data,
                            tb_error *err)
{
    tb_buffer *out = tb_chart_data_file(data, "speedups.dat");
    tb_status status = TB_OK;
    tb_buffer_text(out, "# row\trun\tmeasured with permutation\tmeasured\tpredicted\tby tiles\tby "
                        "FLOPs\n");
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        const tb_compared_run *run = runs->runs[i];
        group of = {.permuted = tb_chart_measured_speedup(run, true),
                    .measured = tb_chart_measured_speedup(run, false)};
        status = predict(run, runs->comparison->models, &of, err);
        put_group(data, out, i, run->run->id, &of);
    }
    return status;
}

static void print_script(size_t count, tb_chart_data *data)
{
    static const struct {
        int column;
        double low; /* of the bar, from the middle of the group */
        const char *look, *title;
    } bars[] = {
        {3, -0.40, "lc rgb " TB_INK_SKY " fs solid", "measured, with permutation"},
        {4, -0.20, "lc rgb " TB_INK_MEASURED " fs solid", "measured"},
        {5, 0.00, "lc rgb " TB_INK_PREDICTED " fs solid", "predicted"},
        {6, 0.20, "lc rgb " TB_INK_BOUND " fs empty", "bound by tiles"},
    };
    /* Over the whole picture: over the bars alone its last column would be cut off. */
    static const char *const key =
        "set tmargin 3.4\nset key at screen 0.5, graph 1.0 center bottom horizontal maxcols 3\n";
    size_t bar_count = sizeof bars / sizeof *bars;
    tb_buffer *script = &data->script;
    tb_buffer_printf(script,
                     "set yrange [%zu.6:-0.6]\nset xrange [0:*]\nset offsets 0, graph 0.06, 0, 0\n"
                     "set xlabel 'speedup over dense attention, times'\nset ytics scale 0\n"
                     "%sset style textbox opaque noborder margins 0.3, 0.2\n"
                     "unset grid\nset grid xtics lt 1 dt 1 lw 0.6 lc rgb '#dddddd'\n"
                     "plot 'speedups.dat' using (0):1:ytic(2) with points pt 0 notitle",
                     count - 1, data->is_text ? "" : key);
    for (size_t i = 0; i < bar_count; i++) {
        int c = bars[i].column;
        double low = bars[i].low;
        tb_buffer_printf(script,
                         ", \\\n  '' using ($%d/2):($1+%.2f):(0):%d:($1+%.2f):($1+%.2f) with "
                         "boxxyerror dt 1 lw 0.8 %s border title '%s'",
                         c, low + 0.1, c, low + 0.02, low + 0.18, bars[i].look, bars[i].title);
    }
    tb_buffer_text(script,
                   ", \\\n  '' using 7:($1-0.45):(0):(0.9) with vectors nohead lw 2 dt 2 lc "
                   "rgb " TB_INK_FLOP " title 'bound by FLOPs'");
    for (size_t i = 0; i < bar_count; i++) { /* last: numbers stay legible over the line */
        int c = bars[i].column;
        tb_buffer_printf(
            script,
            ", \\\n  '' using %d:($1+%.2f):(sprintf('%%.2f',$%d)) with labels left boxed "
            "offset 0.4,0%s notitle",
            c, bars[i].low + 0.1, c, data->is_tex || data->is_text ? "" : " font ',8'");
    }
    tb_buffer_text(script, "\n");
}

static tb_status draw(const tb_chart_input *input, const tb_chart_runs *runs, tb_chart_data *data,
                      tb_error *err)
{
    size_t count = runs->count < MOST_GROUPS ? runs->count : MOST_GROUPS;
    data->height = AROUND_PX + GROUP_PX * (int64_t)count;
    tb_status status = put_groups(runs, count, data, err);
    if (status != TB_OK) {
        return status;
    }
    print_script(count, data);
    tb_chart_title(input, data, "Speedup over dense attention: allowed, predicted, measured");
    tb_chart_say_runs(runs, data);
    tb_chart_say(data, "Measured speedups are over the measured dense run, predicted ones (without "
                       "permutation) over the predicted one; bounds are exact counts. A kernel may "
                       "pass its bound where the dense run is of another kernel.");
    if (count < runs->count) {
        tb_chart_say(data, "The first %zu of %zu runs.", count, runs->count);
    }
    tb_chart_say_version(data);
    return TB_OK;
}

static tb_status fill(const tb_chart_input *input, tb_chart_data *data, tb_error *err)
{
    tb_chart_runs runs;
    tb_status status = tb_chart_runs_make(input, true, &runs, err);
    if (status == TB_OK) {
        status = draw(input, &runs, data, err);
    }
    tb_chart_runs_release(&runs);
    return status;
}

const tb_chart tb_chart_speedups = {
    .name = "speedups",
    .summary = "speedups of measured runs beside their predictions and bounds",
    .needs = TB_CHART_NEEDS_PROFILES,
    .fill = fill,
};
