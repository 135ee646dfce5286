/* What a saving is worth: the visible part of the pairs against the speedup, and which runs no
 * other run beats in both. */
#include "chart_caption.h"
#include "chart_list.h"
#include "chart_runs.h"
#include "chart_search.h"
#include "chart_style.h"

#include "predict.h"

#include <math.h>
#include <stdlib.h>

#define MOST_LABELS 6

/* A run by what it sees and how fast that is. */
typedef struct point {
    const tb_compared_run *run;
    double visible_percent;
    double measured, predicted;
    bool is_best; /* none sees as much and is as fast */
} point;

static tb_status find_visible(const tb_compared_run *compared, tb_models *models, double *out,
                              tb_error *err)
{
    const tb_kernel *kernel;
    tb_prediction p;
    tb_status status = tb_models_kernel(models, compared->run->kernel, &kernel, err);
    if (status != TB_OK) {
        return status;
    }
    tb_case item = tb_run_case(compared->run, kernel);
    status = tb_predict(&item, kernel, &p, err);
    if (status == TB_OK) {
        *out = 100 * (1 - p.bound.sparsity);
        tb_prediction_release(&p);
    }
    return status;
}

static tb_status make_points(const tb_chart_runs *runs, point *points, tb_error *err)
{
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < runs->count; i++) {
        const tb_compared_run *run = runs->runs[i];
        double measured_us = run->run->time.median_us;
        points[i] = (point){.run = run,
                            .measured = run->measured_speedup,
                            .predicted = run->measured_speedup * measured_us / run->predicted_us};
        status = find_visible(run, runs->comparison->models, &points[i].visible_percent, err);
    }
    return status;
}

static void mark_best(point *points, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        points[i].is_best = true;
        for (size_t k = 0; points[i].is_best && k < count; k++) {
            bool no_worse = points[k].visible_percent >= points[i].visible_percent &&
                            points[k].measured >= points[i].measured;
            bool better = points[k].visible_percent > points[i].visible_percent ||
                          points[k].measured > points[i].measured;
            points[i].is_best = !(no_worse && better);
        }
    }
}

static int by_visible(const void *a, const void *b)
{
    const point *left = a, *right = b;
    if (left->visible_percent != right->visible_percent) {
        return left->visible_percent < right->visible_percent ? -1 : 1;
    }
    return left->measured < right->measured ? -1 : left->measured > right->measured;
}

static void put_points(const point *points, size_t count, tb_chart_names *devices,
                       tb_chart_data *data)
{
    tb_buffer *out = tb_chart_data_file(data, "runs.dat");
    tb_buffer *best = tb_chart_data_file(data, "best.dat");
    size_t labels = 0;
    tb_buffer_text(out, "# visible percent\tmeasured speedup\tpredicted speedup\tdevice\trun\n");
    tb_buffer_text(best, "# visible percent\tmeasured speedup\tlabel\n");
    for (size_t i = 0; i < count; i++) {
        const point *p = &points[i];
        tb_buffer_printf(out, "%.9g\t%.9g\t%.9g\t%zu\t", p->visible_percent, p->measured,
                         p->predicted, tb_chart_names_put(devices, p->run->device));
        tb_chart_field(data, out, p->run->run->id);
        tb_buffer_text(out, "\n");
        if (p->is_best) {
            tb_buffer_printf(best, "%.9g\t%.9g\t", p->visible_percent, p->measured);
            tb_chart_field(data, best, labels++ < MOST_LABELS ? p->run->run->id : "");
            tb_buffer_text(best, "\n");
        }
    }
}

static void print_script(const point *points, size_t count, const tb_chart_names *devices,
                         tb_chart_data *data)
{
    tb_buffer *script = &data->script;
    double low = points[0].visible_percent / 1.3, high = points[count - 1].visible_percent * 1.3;
    const char *font = data->is_tex || data->is_text ? "" : " font ',8'";
    double slowest = HUGE_VAL, fastest = 0, middle = sqrt(low * high); /* labels stay inside */
    high = high < 100 ? high : 100;
    for (size_t i = 0; i < count; i++) {
        slowest = fmin(slowest, fmin(points[i].measured, points[i].predicted));
        fastest = fmax(fastest, fmax(points[i].measured, points[i].predicted));
    }
    tb_buffer_printf(
        script,
        "set logscale xy\nset xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\nset xtics "
        "(0.1,0.2,0.5,1,2,3,5,7,10,15,20,30,50,70,100)\n"
        "set ytics (0.5,1,2,3,5,7,10,15,20,30,50,100,200)\n"
        "set xlabel 'visible pairs, %% of dense attention'\n"
        "set ylabel 'speedup over measured dense attention, times'\n"
        "set format xy '%%g'\nset key outside right top vertical\n"
        "set grid xtics ytics lt 1 dt 1 lw 0.6 lc rgb '#dddddd'\n"
        "plot 100/x with lines lw 1.5 dt 2 lc rgb " TB_INK_FLOP " title 'bound by FLOPs', \\\n"
        "  'best.dat' using 1:2 with lines lw 1 dt 1 lc rgb " TB_INK_GREY
        " title 'beaten by none', \\\n"
        "  'runs.dat' using 1:2:(0):($3-$2) with vectors nohead lw 0.5 dt 1 lc rgb " TB_INK_GREY
        " notitle",
        low, high, slowest / 1.4, fastest * 1.4);
    for (size_t d = 0; d < devices->count; d++) {
        tb_buffer_printf(script, ", \\\n  '' using ($4==%zu?$1:NaN):2 with points lt %zu title ", d,
                         d + 1);
        tb_chart_string(data, script, tb_chart_names_get(devices, d));
    }
    tb_buffer_printf(
        script,
        ", \\\n  '' using 1:3 with points pt 2 ps 1.0 lc rgb " TB_INK_BLACK
        " title 'predicted', \\\n  'best.dat' using ($1<%.9g?$1:NaN):2:3 with labels left "
        "offset 0.8,0.5%s notitle, \\\n  '' using ($1<%.9g?NaN:$1):2:3 with labels "
        "right offset -0.8,0.5%s notitle\n",
        middle, font, middle, font);
}

static tb_status draw(const tb_chart_input *input, const tb_chart_runs *runs, point *points,
                      tb_chart_data *data, tb_error *err)
{
    tb_chart_names devices = {0};
    tb_status status = make_points(runs, points, err);
    if (status != TB_OK) {
        return status;
    }
    mark_best(points, runs->count);
    qsort(points, runs->count, sizeof *points, by_visible);
    put_points(points, runs->count, &devices, data);
    print_script(points, runs->count, &devices, data);
    data->height = 560;
    tb_chart_title(input, data, "Speedup for what is left visible");
    tb_chart_say_runs(runs, data);
    tb_chart_say(data,
                 "Over the measured dense run of the same problem, attention alone unless "
                 "the run includes permutation; a line leads from each run to its prediction. "
                 "Beaten by none: no other run sees as much and is as fast.");
    tb_chart_say_version(data);
    return TB_OK;
}

static tb_status fill(const tb_chart_input *input, tb_chart_data *data, tb_error *err)
{
    tb_chart_runs runs;
    point *points = NULL;
    if (input->search != NULL) {
        return tb_chart_search_fill(input, data, err);
    }
    tb_status status = tb_chart_runs_make(input, true, &runs, err);
    if (status == TB_OK) {
        points = calloc(runs.count, sizeof *points);
        status = points != NULL ? draw(input, &runs, points, data, err)
                                : tb_fail(err, TB_ENOMEM, "no memory for the points of a chart");
    }
    free(points);
    tb_chart_runs_release(&runs);
    return status;
}

const tb_chart tb_chart_pareto = {
    .name = "pareto",
    .summary = "speedup against the visible part of the pairs: runs, or a search's front",
    .needs = TB_CHART_NEEDS_PROFILES | TB_CHART_MAY_SEARCH,
    .fill = fill,
};
