/* How the errors of predictions are distributed, by kernel and device. */
#include "chart_caption.h"
#include "chart_list.h"
#include "chart_runs.h"
#include "chart_style.h"

#include "statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_GROUPS 24
#define GROUP_PX    34
#define AROUND_PX   170

/* Runs of one kernel on one device. */
typedef struct group {
    const char *kernel, *device;
    size_t runs;
} group;

typedef struct groups {
    group list[MOST_GROUPS];
    size_t count, left_out; /* runs that no group has room for */
} groups;

/* The group of a run, or MOST_GROUPS. */
static size_t find_group(const groups *all, const tb_compared_run *run)
{
    for (size_t g = 0; g < all->count; g++) {
        if (strcmp(all->list[g].kernel, run->kernel) == 0 &&
            strcmp(all->list[g].device, run->device) == 0) {
            return g;
        }
    }
    return MOST_GROUPS;
}

static void collect(const tb_chart_runs *runs, groups *all)
{
    for (size_t i = 0; i < runs->count; i++) {
        size_t g = find_group(all, runs->runs[i]);
        if (g == MOST_GROUPS && all->count == MOST_GROUPS) {
            all->left_out++;
            continue;
        }
        if (g == MOST_GROUPS) {
            g = all->count++;
            all->list[g] =
                (group){.kernel = runs->runs[i]->kernel, .device = runs->runs[i]->device};
        }
        all->list[g].runs++;
    }
}

/* Points of a group lie side by side: the golden ratio spreads them evenly, however many. */
static double spread(size_t index)
{
    double turn = (double)(index + 1) * 0.6180339887498949;
    return 0.5 * (turn - floor(turn) - 0.5);
}

static void put_name(const tb_chart_data *data, tb_buffer *out, const group *of)
{
    tb_buffer name = {0};
    tb_buffer_printf(&name, "%s, %s (%zu)", of->kernel, of->device, of->runs);
    tb_chart_field(data, out, name.data != NULL ? name.data : "");
    tb_buffer_free(&name);
}

static tb_status put_group(const tb_chart_runs *runs, const groups *all, size_t g, double *errors,
                           tb_chart_data *data, tb_error *err)
{
    tb_buffer *points = &data->files[0].text, *boxes = &data->files[1].text;
    tb_quartiles box;
    size_t count = 0;
    for (size_t i = 0; i < runs->count; i++) {
        if (find_group(all, runs->runs[i]) == g) {
            double error = runs->runs[i]->error_percent;
            tb_buffer_printf(points, "%zu\t%.6g\t%.4f\n", g, error, spread(count));
            errors[count++] = error;
        }
    }
    tb_status status = tb_quartiles_of(errors, count, &box, err);
    if (status == TB_OK) {
        tb_buffer_printf(boxes, "%zu\t%.6g\t%.6g\t%.6g\t", g, box.low, box.median, box.high);
        put_name(data, boxes, &all->list[g]);
        tb_buffer_text(boxes, "\n");
    }
    return status;
}

static void print_script(const groups *all, tb_chart_data *data)
{
    tb_buffer_printf(
        &data->script,
        "set yrange [%zu.6:-0.6]\nset xlabel 'error of the predicted time, %%"
        " (above 0: predicted too slow)'\nset ytics scale 0\nunset grid\n"
        "set grid xtics lt 1 dt 1 lw 0.6 lc rgb '#dddddd'\n"
        "set object 1 rectangle from -10, graph 0 to 10, graph 1 behind fs solid noborder fc rgb "
        "'#f0f0f0'\nset arrow 1 from 0, graph 0 to 0, graph 1 nohead back lw 1.5 lc rgb '#606060'\n"
        "plot 'quartiles.dat' using 3:1:2:4:($1-0.32):($1+0.32):ytic(5) with boxxyerror "
        "fs empty border lc rgb " TB_INK_BLACK " lw 1 title 'quartiles', \\\n"
        "  'errors.dat' using 2:($1+$3) with points pt 7 ps 0.4 lc rgb " TB_INK_PREDICTED
        " title 'a run', \\\n"
        "  'quartiles.dat' using 3:($1-0.32):(0):(0.64) with vectors nohead dt 1 lw 3 lc "
        "rgb " TB_INK_BLUE " title 'median'\n",
        all->count - 1);
}

static tb_status draw(const tb_chart_input *input, const tb_chart_runs *runs, double *errors,
                      tb_chart_data *data, tb_error *err)
{
    groups all = {.count = 0};
    tb_status status = TB_OK;
    collect(runs, &all);
    data->height = AROUND_PX + GROUP_PX * (int64_t)all.count;
    tb_buffer_text(tb_chart_data_file(data, "errors.dat"),
                   "# row\terror in percent\tplace within the row\n");
    tb_buffer_text(tb_chart_data_file(data, "quartiles.dat"),
                   "# row\tlow quartile\tmedian\thigh quartile\tkernel and device\n");
    for (size_t g = 0; status == TB_OK && g < all.count; g++) {
        status = put_group(runs, &all, g, errors, data, err);
    }
    print_script(&all, data);
    tb_chart_title(input, data, "Errors of predicted times, by kernel and device");
    tb_chart_say_runs(runs, data);
    tb_chart_say(data, "error = 100 (predicted / measured - 1); the pale band is 10 %% either way; "
                       "in parentheses: runs.");
    if (all.left_out > 0) {
        tb_chart_say(data, "%zu runs of further kernels and devices are left out.", all.left_out);
    }
    tb_chart_say_version(data);
    return status;
}

static tb_status fill(const tb_chart_input *input, tb_chart_data *data, tb_error *err)
{
    tb_chart_runs runs;
    double *errors = NULL;
    tb_status status = tb_chart_runs_make(input, false, &runs, err);
    if (status == TB_OK) {
        errors = calloc(runs.count, sizeof *errors);
        status = errors != NULL ? draw(input, &runs, errors, data, err)
                                : tb_fail(err, TB_ENOMEM, "no memory for errors");
    }
    free(errors);
    tb_chart_runs_release(&runs);
    return status;
}

const tb_chart tb_chart_errors = {
    .name = "errors",
    .summary = "how the errors of predictions are distributed, by kernel and device",
    .needs = TB_CHART_NEEDS_PROFILES,
    .fill = fill,
};
