/* Predicted against measured times of runs. */
#include "chart_caption.h"
#include "chart_list.h"
#include "chart_runs.h"
#include "chart_style.h"
#include "chart_times.h"

#include <math.h>

#define BAND_PERCENT 10.0
#define MOST_LABELS  6

static double largest(const tb_chart_runs *runs)
{
    double most = 0;
    for (size_t i = 0; i < runs->count; i++) {
        double predicted = runs->runs[i]->predicted_us;
        double measured = runs->runs[i]->run->time.median_us;
        most = fmax(most, fmax(predicted, measured));
    }
    return most;
}

static double smallest(const tb_chart_runs *runs)
{
    double least = HUGE_VAL;
    for (size_t i = 0; i < runs->count; i++) {
        double predicted = runs->runs[i]->predicted_us;
        double measured = runs->runs[i]->run->time.median_us;
        least = fmin(least, fmin(predicted, measured));
    }
    return least;
}

/* Is it one of the few runs furthest off, and outside the band? */
static bool is_outlier(const tb_chart_runs *runs, size_t index)
{
    double off = fabs(runs->runs[index]->error_percent);
    size_t worse = 0;
    for (size_t i = 0; i < runs->count; i++) {
        double other = fabs(runs->runs[i]->error_percent);
        worse += other > off || (other == off && i < index);
    }
    return off > BAND_PERCENT && worse < MOST_LABELS;
}

/* Labels stand beside their points, off the diagonal where there is room, and no two at one
 * height. */
typedef struct labels {
    size_t of[MOST_LABELS]; /* runs, largest prediction first */
    size_t count;
    double low_us, high_us;   /* of the axes */
    bool has_left, has_right; /* some stand on that side */
} labels;

#define LABEL_HEIGHT 0.035 /* of the axis */

static void collect_labels(const tb_chart_runs *runs, labels *out)
{
    for (size_t i = 0; i < runs->count; i++) {
        if (!is_outlier(runs, i)) {
            continue;
        }
        size_t place = out->count++;
        for (; place > 0 &&
               runs->runs[out->of[place - 1]]->predicted_us < runs->runs[i]->predicted_us;
             place--) {
            out->of[place] = out->of[place - 1];
        }
        out->of[place] = i;
    }
}

/* 1: right of its point, -1: left. Below the diagonal there is room on the right, but for its end.
 */
static int label_side(const tb_compared_run *run, const labels *list)
{
    double place = log(run->run->time.median_us / list->low_us) / log(list->high_us / list->low_us);
    return run->error_percent < 0 ? (place < 0.62 ? 1 : -1) : (place > 0.38 ? -1 : 1);
}

static void put_labels(const tb_chart_runs *runs, labels *list, double scale, tb_chart_data *data)
{
    tb_buffer *out = tb_chart_data_file(data, "outliers.dat");
    double range = log(list->high_us / list->low_us), above = HUGE_VAL;
    tb_buffer_text(out, "# measured\theight of the label\tside: 1 right, -1 left\tlabel\n");
    for (size_t i = 0; i < list->count; i++) {
        const tb_compared_run *run = runs->runs[list->of[i]];
        double y = fmin(run->predicted_us, above * exp(-LABEL_HEIGHT * range));
        int side = label_side(run, list);
        above = y;
        list->has_right = list->has_right || side > 0;
        list->has_left = list->has_left || side < 0;
        tb_buffer_printf(out, "%.9g\t%.9g\t%d\t", run->run->time.median_us * scale, y * scale,
                         side);
        tb_chart_field(data, out, run->run->id);
        tb_buffer_printf(out, " (%+.0f %%)\n", run->error_percent);
    }
}

static void put_runs(const tb_chart_runs *runs, double scale, tb_chart_names *kernels,
                     tb_chart_data *data)
{
    tb_buffer *out = tb_chart_data_file(data, "runs.dat");
    tb_buffer_text(out, "# measured\tpredicted\tseries\terror in percent\trun\n");
    for (size_t i = 0; i < runs->count; i++) {
        const tb_compared_run *run = runs->runs[i];
        double measured = run->run->time.median_us * scale, predicted = run->predicted_us * scale;
        tb_buffer_printf(out, "%.9g\t%.9g\t%zu\t%.6g\t", measured, predicted,
                         tb_chart_names_put(kernels, run->kernel), run->error_percent);
        tb_chart_field(data, out, run->run->id);
        tb_buffer_text(out, "\n");
    }
}

/* Straight lines from corner to corner need two points each. */
static void put_lines(double low, double high, tb_chart_data *data)
{
    tb_buffer *out = tb_chart_data_file(data, "lines.dat");
    const double ends[] = {low, high};
    tb_buffer_text(out, "# measured\tsame\t10 % less\t10 % more\n");
    for (size_t i = 0; i < 2; i++) {
        tb_buffer_printf(out, "%.9g\t%.9g\t%.9g\t%.9g\n", ends[i], ends[i],
                         ends[i] * (1 - BAND_PERCENT / 100), ends[i] * (1 + BAND_PERCENT / 100));
    }
}

/* A side without labels is a plot of nothing: gnuplot 5.4 crashes over boxed labels of which none
 * is drawn. */
static void print_labels(const labels *list, tb_chart_data *data)
{
    const char *font = data->is_tex || data->is_text ? "" : " font ',8'";
    static const char *const using[] = {"($3>0?$1:NaN):2:4 with labels left boxed offset 0.9,0",
                                        "($3<0?$1:NaN):2:4 with labels right boxed offset -0.9,0"};
    const bool has[] = {list->has_right, list->has_left};
    for (int side = 0; side < 2; side++) {
        if (has[side]) {
            tb_buffer_printf(&data->script, ", \\\n  'outliers.dat' using %s%s notitle",
                             using[side], font);
        } else {
            tb_buffer_text(&data->script, ", \\\n  NaN notitle");
        }
    }
}

static void print_script(const tb_chart_names *kernels, const labels *list, const char *unit,
                         double low, double high, tb_chart_data *data)
{
    tb_buffer *script = &data->script;
    tb_buffer_printf(
        script,
        "set logscale xy\nset xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n"
        "set xlabel 'measured time, %s'\nset ylabel 'predicted time, %s'\n"
        "set style textbox opaque noborder margins 0.2, 0.1\nset format xy '%%g'\nset key outside "
        "right top vertical\n"
        "set grid xtics ytics lt 1 dt 1 lw 0.6 lc rgb '#dddddd'\nplot "
        "'lines.dat' using 1:3:4 with filledcurves fs solid 1.0 noborder lc rgb '#c8c8c8'"
        " title 'within 10 %%', \\\n  '' using 1:2 with lines lw 1.5 dt 1 "
        "lc rgb " TB_INK_BLACK " title 'predicted = measured'",
        low, high, low, high, unit, unit);
    print_labels(list, data);
    for (size_t k = 0; k < kernels->count; k++) {
        tb_buffer_printf(script,
                         ", \\\n  'runs.dat' using ($3==%zu?$1:NaN):2 with points lt %zu title ", k,
                         k + 1);
        tb_chart_string(data, script, tb_chart_names_get(kernels, k));
    }
    tb_buffer_text(script, "\n");
}

static void draw(const tb_chart_input *input, const tb_chart_runs *runs, tb_chart_data *data)
{
    tb_chart_names kernels = {0};
    double scale, low = smallest(runs), high = largest(runs);
    const char *unit = tb_chart_time_unit(sqrt(low * high), &scale);
    low *= scale / 1.5;
    high *= scale * 1.5;
    data->height = 560;
    labels outliers = {.low_us = low / scale, .high_us = high / scale};
    collect_labels(runs, &outliers);
    put_lines(low, high, data);
    put_runs(runs, scale, &kernels, data);
    put_labels(runs, &outliers, scale, data);
    print_script(&kernels, &outliers, unit, low, high, data);
    tb_chart_title(input, data, "Predicted against measured times of %zu runs", runs->count);
    tb_chart_say_runs(runs, data);
    tb_chart_say(data, "Points by kernel, dense runs among them; named are the runs furthest off, "
                       "beyond 10 %%, with 100 (predicted / measured - 1).");
    tb_chart_say_version(data);
}

static tb_status fill(const tb_chart_input *input, tb_chart_data *data, tb_error *err)
{
    tb_chart_runs runs;
    tb_status status = tb_chart_runs_make(input, false, &runs, err);
    if (status == TB_OK) {
        draw(input, &runs, data);
    }
    tb_chart_runs_release(&runs);
    return status;
}

const tb_chart tb_chart_scatter = {
    .name = "scatter",
    .summary = "predicted against measured times of runs, outliers named",
    .needs = TB_CHART_NEEDS_PROFILES,
    .fill = fill,
};
