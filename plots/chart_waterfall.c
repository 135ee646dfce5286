/* Why the speedup is below the sparsity: `explain` as bars. */
#include "chart_caption.h"
#include "chart_list.h"
#include "chart_style.h"
#include "chart_times.h"
#include "explain.h"

#include <math.h>
#include <stdio.h>

#define LABEL_ROOM 1.12 /* right of the longest bar */

typedef struct waterfall_files {
    tb_buffer *totals, *losses, *gains, *joints, *labels;
} waterfall_files;

static void print_bar(tb_buffer *out, size_t row, double from, double to)
{
    tb_buffer_printf(out, "%zu\t%.9g\t%.9g\n", row, from < to ? from : to, from < to ? to : from);
}

/* Its name for the axis, and what stands right of the bar. */
static void print_label(const tb_chart_data *data, tb_buffer *out, size_t row, double right,
                        const char *name, const char *text)
{
    tb_buffer_printf(out, "%zu\t%.9g\t", row, right);
    tb_chart_field(data, out, name);
    tb_buffer_printf(out, "\t%s\n", text);
}

static void print_total(const tb_chart_data *data, const waterfall_files *files, size_t row,
                        double speedup, const char *name)
{
    tb_buffer text = {0};
    tb_buffer_printf(&text, "%.2f x", speedup);
    print_bar(files->totals, row, 0, speedup);
    print_label(data, files->labels, row, speedup, name, text.data != NULL ? text.data : "");
    tb_buffer_free(&text);
}

static void print_steps(const tb_chart_data *data, const waterfall_files *files,
                        const tb_explanation *why)
{
    double now = why->from;
    print_total(data, files, 0, now, "by FLOPs");
    for (size_t i = 0; i < why->count; i++) {
        double next = now * why->steps[i].factor;
        tb_buffer text = {0};
        tb_buffer_printf(&text, "x %.3f", why->steps[i].factor);
        tb_buffer_printf(files->joints, "%zu\t%.9g\n%zu\t%.9g\n\n", i, now, i + 1, now);
        print_bar(why->steps[i].factor < 1 ? files->losses : files->gains, i + 1, now, next);
        print_label(data, files->labels, i + 1, now > next ? now : next, why->steps[i].name,
                    text.data != NULL ? text.data : "");
        tb_buffer_free(&text);
        now = next;
    }
    tb_buffer_printf(files->joints, "%zu\t%.9g\n%zu\t%.9g\n", why->count, now, why->count + 1, now);
    print_total(data, files, why->count + 1, why->to, "predicted");
}

static void print_script(const tb_explanation *why, tb_chart_data *data)
{
    char bars[96];
    double half = data->is_text ? 0.1 : 0.38; /* of a bar's height; in text one line is enough */
    (void)snprintf(bars, sizeof bars,
                   "using (($2+$3)/2):1:2:3:($1-%.2f):($1+%.2f) with boxxyerror dt 1 lw 0.5", half,
                   half);
    bool any_gain = false, any_loss = false;
    double now = why->from, most = now;
    for (size_t i = 0; i < why->count; i++) {
        any_gain = any_gain || why->steps[i].factor > 1;
        any_loss = any_loss || why->steps[i].factor < 1;
        now *= why->steps[i].factor;
        most = fmax(most, now);
    }
    tb_buffer *script = &data->script;
    tb_chart_grid(data, "xtics");
    tb_buffer_printf(script,
                     "set yrange [%zu.6:-0.6]\nset xrange [0:%.9g]\n"
                     "set xlabel 'speedup over dense attention, times'\n"
                     "set ytics scale 0\nplot 'joints.dat' using 2:1 with lines dt 1 lw 1 "
                     "lc rgb '#808080' notitle, \\\n"
                     "  'totals.dat' %s lc rgb " TB_INK_BLUE " title 'speedup'",
                     why->count + 1, most * LABEL_ROOM, bars);
    if (any_loss) {
        tb_buffer_printf(script, ", \\\n  'losses.dat' %s lc rgb " TB_INK_RED " title 'lost'",
                         bars);
    }
    if (any_gain) {
        tb_buffer_printf(script, ", \\\n  'gains.dat' %s lc rgb " TB_INK_GREEN " title 'gained'",
                         bars);
    }
    tb_buffer_text(script, ", \\\n  'labels.dat' using 2:1:4:ytic(3) with labels left "
                           "offset 0.7,0 notitle\n");
}

static void draw(const tb_chart_input *input, const tb_chart_times *times,
                 const tb_explanation *why, tb_chart_data *data)
{
    waterfall_files files = {.totals = tb_chart_data_file(data, "totals.dat"),
                             .losses = tb_chart_data_file(data, "losses.dat"),
                             .gains = tb_chart_data_file(data, "gains.dat"),
                             .joints = tb_chart_data_file(data, "joints.dat"),
                             .labels = tb_chart_data_file(data, "labels.dat")};
    tb_buffer_text(files.totals, "# row\tfrom\tto\n");
    tb_buffer_text(files.losses, "# row\tfrom\tto\n");
    tb_buffer_text(files.gains, "# row\tfrom\tto\n");
    tb_buffer_text(files.joints, "# row\tspeedup\n");
    tb_buffer_text(files.labels, "# row\tright end\tstep\tlabel\n");
    print_steps(data, &files, why);
    print_script(why, data);
    tb_chart_title(input, data, "Why the speedup is %.2f and not %.2f", why->to, why->from);
    tb_chart_say_problem(&times->prediction, data);
    tb_chart_say_tiles(&times->prediction, data);
    tb_chart_say(data, "The first bar and the steps to baseline tiles and head dim are counted, "
                       "what follows is predicted; the factors multiply back.");
    tb_chart_say_times(input, &times->timing, data);
    tb_chart_say_version(data);
}

static tb_status fill(const tb_chart_input *input, tb_chart_data *data, tb_error *err)
{
    tb_chart_times times;
    tb_explanation why;
    tb_status status = tb_chart_times_fill(input, input->item, &times, err);
    if (status == TB_OK) {
        status = tb_explain(&times.prediction, input->kernel, &times.timing, &why, err);
    }
    if (status == TB_OK) {
        draw(input, &times, &why, data);
    }
    tb_chart_times_release(&times);
    return status;
}

const tb_chart tb_chart_waterfall = {
    .name = "waterfall",
    .summary = "why the speedup is below the sparsity, factor by factor",
    .needs = TB_CHART_NEEDS_PROBLEM | TB_CHART_NEEDS_DEVICE | TB_CHART_NEEDS_DENSE,
    .fill = fill,
};
