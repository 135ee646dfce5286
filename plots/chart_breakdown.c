/* Where the predicted time goes, of the sparse attention and of the dense one. */
#include "chart_caption.h"
#include "chart_list.h"
#include "chart_style.h"
#include "chart_times.h"

#include <math.h>

/* A part narrower than this of the axis has no room for its number. */
#define LABEL_ROOM 1.16 /* right of the longer bar */
#define LABEL_PART 0.055
#define WHITE      0xffffff

enum { DENSE_BAR, SPARSE_BAR, BAR_COUNT };

enum {
    PART_TENSOR,
    PART_SOFTMAX,
    PART_MASK,
    PART_PROLOGUE,
    PART_IDLE,
    PART_MEMORY,
    PART_LAUNCH,
    PART_SIDE,
    PART_PERMUTE,
    PART_COUNT
};

static const struct {
    const char *name;
    const char *look;
    bool is_dark; /* its number is white */
} parts[PART_COUNT] = {
    [PART_TENSOR] = {"matrix products", "lc rgb " TB_INK_BLUE " fs solid", true},
    [PART_SOFTMAX] = {"softmax, not hidden", "lc rgb " TB_INK_SKY " fs solid", false},
    [PART_MASK] = {"masking", "lc rgb " TB_INK_RED " fs solid", true},
    [PART_PROLOGUE] = {"prologue and epilogue", "lc rgb " TB_INK_YELLOW " fs solid", false},
    [PART_IDLE] = {"waves and tail", "lc rgb " TB_INK_PALE " fs solid", false},
    [PART_MEMORY] = {"HBM, not hidden", "lc rgb " TB_INK_GREEN " fs pattern 4", false},
    [PART_LAUNCH] = {"launch", "lc rgb " TB_INK_BLACK " fs solid", true},
    [PART_SIDE] = {"launches beside it", "lc rgb " TB_INK_PURPLE " fs pattern 5", false},
    [PART_PERMUTE] = {"permutation", "lc rgb " TB_INK_ORANGE " fs solid", false},
};

/* Parts of a time that add up to total_us; docs/model.md has the sum. */
static void split(const tb_time *time, double us[PART_COUNT])
{
    double cycles = (double)time->schedule.slots * time->clock_mhz; /* a microsecond of all slots */
    double makespan = time->schedule.makespan / time->clock_mhz;
    us[PART_TENSOR] = time->tensor_cycles / cycles;
    us[PART_SOFTMAX] = (time->plain_cycles - time->tensor_cycles) / cycles;
    us[PART_MASK] = (time->tile_cycles - time->plain_cycles) / cycles;
    us[PART_PROLOGUE] = (time->schedule.busy - time->tile_cycles) / cycles;
    us[PART_IDLE] = makespan - time->schedule.busy / cycles;
    us[PART_MEMORY] = time->exposed_us + fmax(time->hbm_us - makespan - time->exposed_us, 0);
    us[PART_LAUNCH] = time->launch_us;
    us[PART_SIDE] = 0;
    for (int side = 0; side < TB_SIDE_COUNT; side++) {
        us[PART_SIDE] += side == TB_SIDE_PERMUTE ? 0 : time->side_us[side];
    }
    us[PART_PERMUTE] = time->permute_us;
}

/* A section of two lines for each part: bar, from, to; and the numbers that stand in them. */
static void print_parts(double us[BAR_COUNT][PART_COUNT], double most, double scale, tb_buffer *out,
                        tb_buffer *numbers)
{
    double left[BAR_COUNT] = {0};
    tb_buffer_text(out, "# bar (0 dense, 1 sparse)\tfrom\tto\n");
    tb_buffer_text(numbers, "# bar\tmiddle\tnumber\tcolour\n");
    for (int part = 0; part < PART_COUNT; part++) {
        tb_buffer_printf(out, "# %s\n", parts[part].name);
        for (int bar = 0; bar < BAR_COUNT; bar++) {
            double right = left[bar] + us[bar][part] * scale;
            tb_buffer_printf(out, "%d\t%.9g\t%.9g\n", bar, left[bar], right);
            if (us[bar][part] > most * LABEL_PART) {
                tb_buffer_printf(numbers, "%d\t%.9g\t%.3g\t%d\n", bar, (left[bar] + right) / 2,
                                 us[bar][part] * scale, parts[part].is_dark ? WHITE : 0);
            }
            left[bar] = right;
        }
        tb_buffer_text(out, "\n\n");
    }
}

static void print_script(double us[BAR_COUNT][PART_COUNT], const tb_timing *timing, double scale,
                         double most, const char *unit, tb_chart_data *data)
{
    tb_buffer *script = &data->script;
    tb_chart_grid(data, "xtics");
    tb_buffer_printf(script,
                     "set yrange [1.6:-0.6]\nset xrange [0:%.9g]\n"
                     "set ytics scale 0 ('dense' 0, 'sparse' 1)\nset xlabel 'predicted time, %s'\n"
                     "set key outside right center vertical Left reverse\n"
                     "set label 1 '%.4g %s' at %.9g, 0 left offset 0.7,0\n"
                     "set label 2 '%.4g %s' at %.9g, 1 left offset 0.7,0\nplot ",
                     most * scale * LABEL_ROOM, unit, timing->dense.total_us * scale, unit,
                     timing->dense.total_us * scale, timing->time.total_us * scale, unit,
                     timing->time.total_us * scale);
    for (int part = 0; part < PART_COUNT; part++) {
        if (us[DENSE_BAR][part] > 0 || us[SPARSE_BAR][part] > 0) {
            tb_buffer_printf(script,
                             "'parts.dat' index %d using (($2+$3)/2):1:2:3:($1-0.3):($1+0.3) with "
                             "boxxyerror dt 1 lw 0.5 %s title '%s', \\\n  ",
                             part, parts[part].look, parts[part].name);
        }
    }
    tb_buffer_text(script, "'numbers.dat' using 2:1:3:4 with labels tc rgb variable notitle\n");
}

static void draw(const tb_chart_input *input, const tb_chart_times *times, tb_chart_data *data)
{
    const tb_timing *timing = &times->timing;
    double us[BAR_COUNT][PART_COUNT], scale;
    double most = fmax(timing->dense.total_us, timing->time.total_us);
    const char *unit = tb_chart_time_unit(most, &scale);
    split(&timing->dense, us[DENSE_BAR]);
    split(&timing->time, us[SPARSE_BAR]);
    print_parts(us, most, scale, tb_chart_data_file(data, "parts.dat"),
                tb_chart_data_file(data, "numbers.dat"));
    print_script(us, timing, scale, most, unit, data);
    data->height = 360;
    tb_chart_title(input, data, "Where the time goes: a speedup of %.2f over dense",
                   timing->speedup_total);
    tb_chart_say_problem(&times->prediction, data);
    tb_chart_say_tiles(&times->prediction, data);
    tb_chart_say_times(input, timing, data);
    tb_chart_say(data, "The parts of a bar add up to its time.");
    tb_chart_say_version(data);
}

static tb_status fill(const tb_chart_input *input, tb_chart_data *data, tb_error *err)
{
    tb_chart_times times;
    tb_status status = tb_chart_times_fill(input, input->item, &times, err);
    if (status == TB_OK) {
        draw(input, &times, data);
    }
    tb_chart_times_release(&times);
    return status;
}

const tb_chart tb_chart_breakdown = {
    .name = "breakdown",
    .summary = "where the predicted time goes, sparse and dense",
    .needs = TB_CHART_NEEDS_PROBLEM | TB_CHART_NEEDS_DEVICE | TB_CHART_NEEDS_DENSE,
    .fill = fill,
};
