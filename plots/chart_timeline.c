/* CTAs on SMs: waves, tail and imbalance of one launch. */
#include "chart_caption.h"
#include "chart_list.h"
#include "chart_style.h"
#include "chart_times.h"

#include "checked.h"
#include "timed_prediction.h"
#include "units.h"

#include <math.h>
#include <stdlib.h>

#define MOST_ROWS  32 /* slots of the SMs that are drawn, of all SMs evenly */
#define LEAST_SMS  8
#define MOST_BOXES 2500              /* with more CTAs, a box stands for several of a slot */
#define MOST_CTAS  INT64_C(20000000) /* walked, as the time model does */
#define SHADES     4
#define MOST_TICS  8
#define AXIS_ROOM  1.02 /* right of the last CTA */

/* By cost: light are the cheapest. */
static const char *const shades[SHADES] = {"'#cfe4f3'", "'#86bbe0'", "'#3d8fc7'", "'#0b4f80'"};

/* CTAs of one slot that a box stands for, so far. */
typedef struct open_box {
    int64_t ctas;
    double start, end, cost;
} open_box;

typedef struct timeline {
    const tb_time *time;
    const double *cost; /* of each CTA of one copy */
    int64_t costs;
    int64_t sms, drawn_sms, occupancy;
    int64_t box_ctas;   /* that a box stands for */
    double least, most; /* costs */
    open_box *open;     /* a slot */
    tb_buffer *files[SHADES];
    int64_t boxes[SHADES];
} timeline;

/* The row of an SM, or -1 where it is not drawn. */
static int64_t row_of(const timeline *line, int64_t sm)
{
    int64_t row = sm * line->drawn_sms / line->sms;
    bool is_first = sm == 0 || (sm - 1) * line->drawn_sms / line->sms != row;
    return is_first ? row : -1;
}

static void close_box(timeline *line, int64_t slot)
{
    open_box *box = &line->open[slot];
    int64_t row = row_of(line, slot % line->sms);
    if (box->ctas == 0 || row < 0) {
        return;
    }
    double range = line->most - line->least, mean = box->cost / (double)box->ctas;
    double part = range > 0 ? (mean - line->least) / range : 0.5;
    int shade = (int)fmin(part * SHADES, SHADES - 1);
    double height = 1.0 / (double)line->occupancy;
    double top = (double)row + (double)(slot / line->sms) * height;
    tb_buffer_printf(line->files[shade], "%.9g\t%.9g\t%.9g\t%.9g\n",
                     box->start / line->time->clock_mhz, box->end / line->time->clock_mhz, top,
                     top + height * 0.88);
    line->boxes[shade]++;
    *box = (open_box){0};
}

static void add_cta(int64_t cta, int64_t slot, double start, double end, void *user)
{
    timeline *line = user;
    open_box *box = &line->open[slot];
    if (row_of(line, slot % line->sms) < 0) {
        return;
    }
    if (box->ctas == 0) {
        box->start = start;
    }
    box->ctas++;
    box->end = end;
    box->cost += line->cost[cta % line->costs];
    if (box->ctas == line->box_ctas) {
        close_box(line, slot);
    }
}

static void find_sizes(timeline *line)
{
    const tb_schedule *schedule = &line->time->schedule;
    line->occupancy = line->time->occupancy;
    line->sms = schedule->slots / line->occupancy;
    line->drawn_sms = tb_min(line->sms, tb_max(MOST_ROWS / line->occupancy, LEAST_SMS));
    double drawn = (double)schedule->ctas * (double)line->drawn_sms / (double)line->sms;
    line->box_ctas = (int64_t)fmax(ceil(drawn / MOST_BOXES), 1);
    line->least = line->most = line->cost[0];
    for (int64_t i = 1; i < line->costs; i++) {
        line->least = fmin(line->least, line->cost[i]);
        line->most = fmax(line->most, line->cost[i]);
    }
}

static tb_status walk(const tb_chart_input *input, timeline *line, tb_error *err)
{
    tb_schedule again;
    const tb_schedule *schedule = &line->time->schedule;
    tb_schedule_problem problem = {.cost = line->cost,
                                   .q_tiles = line->costs,
                                   .copies = schedule->ctas / line->costs,
                                   .sms = line->sms,
                                   .occupancy = line->occupancy,
                                   .policy = input->kernel->time.schedule};
    if (schedule->ctas > MOST_CTAS) {
        return tb_fail(err, TB_EINVAL, "%lld CTAs are too many to draw; give fewer heads",
                       (long long)schedule->ctas);
    }
    line->open = calloc((size_t)schedule->slots, sizeof *line->open);
    if (line->open == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a timeline");
    }
    tb_status status = tb_schedule_run(&problem, add_cta, line, &again, err);
    for (int64_t slot = 0; status == TB_OK && slot < schedule->slots; slot++) {
        close_box(line, slot);
    }
    free(line->open);
    return status;
}

/* Is there a moment to mark? A slot without any CTA is idle from the beginning. */
static bool has_tail(const tb_schedule *schedule)
{
    return schedule->tail > 0 && schedule->tail < schedule->makespan;
}

/* A series a shade, with the times of its CTAs. */
static void plot_ctas(const timeline *line, double scale, tb_buffer *script)
{
    double mhz = line->time->clock_mhz, step = (line->most - line->least) / SHADES;
    bool first = true;
    tb_buffer_text(script, "plot ");
    for (int shade = 0; shade < SHADES; shade++) {
        if (line->boxes[shade] == 0) {
            continue;
        }
        double from = (line->least + step * shade) / mhz, to = from + step / mhz;
        tb_buffer_printf(
            script,
            "%s'ctas-%d.dat' using (($1+$2)/2*%.0e):(($3+$4)/2):($1*%.0e):($2*%.0e):3:4"
            " with boxxyerror dt 1 lw 0.3 lc rgb %s fs solid border lc rgb 'white' ",
            first ? "" : ", \\\n  ", shade, scale, scale, scale, shades[shade]);
        if (step > 0) {
            tb_buffer_printf(script, "title 'CTAs of %.3g-%.3g us'", from, to);
        } else {
            tb_buffer_printf(script, "title 'CTAs of %.3g us'", line->least / mhz);
        }
        first = false;
    }
    if (has_tail(&line->time->schedule)) {
        tb_buffer_text(script, ", \\\n  NaN with lines dt 2 lw 1.5 lc rgb " TB_INK_RED
                               " title 'the first slot is idle for good'");
    }
    tb_buffer_text(script, "\n");
}

static void print_script(const timeline *line, tb_chart_data *data)
{
    const tb_schedule *schedule = &line->time->schedule;
    double end = schedule->makespan / line->time->clock_mhz, scale;
    const char *unit = tb_chart_time_unit(end, &scale);
    double tail = (end - schedule->tail / line->time->clock_mhz) * scale;
    tb_buffer *script = &data->script;
    tb_buffer_printf(script,
                     "set xrange [0:%.9g]\nset yrange [%lld:0]\nunset grid\n"
                     "set xlabel 'predicted time, %s'\nset ylabel 'SM'\nset ytics scale 0 (",
                     end * scale * AXIS_ROOM, (long long)line->drawn_sms, unit);
    for (int64_t row = 0; row < line->drawn_sms; row += tb_ceil_div(line->drawn_sms, MOST_TICS)) {
        tb_buffer_printf(script, "%s'%lld' %lld.5", row > 0 ? ", " : "",
                         (long long)tb_ceil_div(row * line->sms, line->drawn_sms), (long long)row);
    }
    tb_buffer_text(script, ")\n");
    if (has_tail(schedule)) {
        tb_buffer_printf(script,
                         "set arrow 1 from %.9g, graph 0 to %.9g, graph 1 nohead front dt 2 lw 1.5 "
                         "lc rgb " TB_INK_RED "\n",
                         tail, tail);
    }
    plot_ctas(line, scale, script);
}

static void say(const tb_chart_input *input, const tb_chart_times *times, const timeline *line,
                tb_chart_data *data)
{
    const tb_schedule *schedule = &line->time->schedule;
    double mhz = line->time->clock_mhz;
    char tail[48], all[48];
    tb_chart_title(input, data, "CTAs on the SMs of %s", input->device->name);
    tb_chart_say_problem(&times->prediction, data);
    tb_chart_say_tiles(&times->prediction, data);
    tb_chart_say(data,
                 "%lld CTAs on %lld SMs x %lld (%s): %lld %s, slots busy %.1f %%, tail "
                 "%s of %s, the most loaded SM %.3f times the mean.",
                 (long long)schedule->ctas, (long long)line->sms, (long long)line->occupancy,
                 tb_schedule_policy_names[input->kernel->time.schedule], (long long)schedule->waves,
                 schedule->waves == 1 ? "wave" : "waves", 100 * schedule->utilisation,
                 tb_units_time_us(schedule->tail / mhz, tail),
                 tb_units_time_us(schedule->makespan / mhz, all), schedule->imbalance);
    if (line->drawn_sms < line->sms) {
        tb_chart_say(data, "%lld of the SMs are drawn.", (long long)line->drawn_sms);
    }
    if (line->box_ctas > 1) {
        tb_chart_say(data, "A box stands for %lld CTAs.", (long long)line->box_ctas);
    }
    tb_chart_say(data, "Predicted: %s (%s) on %s.", input->kernel->name,
                 tb_basis_names[line->time->basis], input->device->name);
    tb_chart_say_version(data);
}

static tb_status draw(const tb_chart_input *input, const tb_chart_times *times, tb_chart_data *data,
                      tb_error *err)
{
    static const char *const names[SHADES] = {"ctas-0.dat", "ctas-1.dat", "ctas-2.dat",
                                              "ctas-3.dat"};
    const tb_time *time = &times->timing.time;
    tb_cta_counts counts = {0};
    tb_status status =
        tb_cta_counts_fill(&times->prediction, input->kernel, input->device, &counts, err);
    if (status != TB_OK) {
        return status;
    }
    timeline line = {.time = time, .costs = counts.cta_count * time->splits};
    double *cost = calloc((size_t)line.costs, sizeof *cost);
    line.cost = cost;
    if (cost == NULL) {
        status = tb_fail(err, TB_ENOMEM, "no memory for %lld CTAs", (long long)line.costs);
    } else {
        tb_time_case item =
            tb_time_case_of(&times->prediction, input->kernel, input->device, &counts);
        tb_time_cta_costs(&item, time, cost);
        find_sizes(&line);
        for (int shade = 0; shade < SHADES; shade++) {
            line.files[shade] = tb_chart_data_file(data, names[shade]);
            tb_buffer_text(line.files[shade], "# from, us\tto, us\trow from\tto\n");
        }
        status = walk(input, &line, err);
    }
    if (status == TB_OK) {
        print_script(&line, data);
        say(input, times, &line, data);
    }
    free(cost);
    tb_cta_counts_release(&counts);
    return status;
}

static tb_status fill(const tb_chart_input *input, tb_chart_data *data, tb_error *err)
{
    tb_chart_input alone = *input;
    tb_chart_times times;
    alone.baseline = NULL;
    tb_status status = tb_chart_times_fill(&alone, input->item, &times, err);
    if (status == TB_OK) {
        status = draw(&alone, &times, data, err);
    }
    tb_chart_times_release(&times);
    return status;
}

const tb_chart tb_chart_timeline = {
    .name = "timeline",
    .summary = "CTAs on SMs over time: waves, tail, imbalance",
    .needs = TB_CHART_NEEDS_PROBLEM | TB_CHART_NEEDS_DEVICE,
    .fill = fill,
};
