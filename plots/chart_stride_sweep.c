/* Speedups over strides: what the window promises, what tiles allow, what a kernel is predicted to
 * reach. */
#include "chart_caption.h"
#include "chart_list.h"
#include "chart_stride.h"
#include "chart_style.h"
#include "chart_times.h"

#include "checked.h"

#define MOST_STRIDES 64
#define AXIS_ROOM    1.03 /* right of the longest stride */

static int64_t longest_window(const tb_case *item)
{
    int64_t longest = 1;
    for (int d = tb_chart_first_varied(&item->problem.layout); d < item->problem.layout.rank; d++) {
        longest = tb_max(longest, item->pattern.window[d]);
    }
    return longest;
}

/* Does the input ask for predicted speedups? */
static bool has_times(const tb_chart_input *input)
{
    return input->device != NULL && input->kernel != NULL && input->baseline != NULL;
}

static tb_status print_stride(const tb_chart_input *input, int64_t stride, tb_buffer *out,
                              bool *permutes, tb_error *err)
{
    tb_case item = *input->item;
    tb_chart_times times;
    tb_chart_set_stride(&item, stride);
    tb_status status = tb_chart_times_fill(input, &item, &times, err);
    if (status == TB_OK) {
        const tb_bound *bound = &times.prediction.bound;
        tb_buffer_printf(out, "%lld\t%.9g\t%.9g\t", (long long)stride, bound->flop_speedup,
                         bound->tile_speedup);
        if (bound->fully_block_sparse) {
            tb_buffer_printf(out, "%.9g", bound->tile_speedup);
        } else {
            tb_buffer_text(out, "?");
        }
        if (has_times(input)) {
            tb_buffer_printf(out, "\t%.9g\t%.9g", times.timing.speedup, times.timing.speedup_total);
            *permutes = *permutes || times.timing.time.permute_us > 0;
        }
        tb_buffer_text(out, "\n");
    }
    tb_chart_times_release(&times);
    return status;
}

static tb_status print_data(const tb_chart_input *input, tb_buffer *out, bool *permutes,
                            tb_error *err)
{
    tb_status status = TB_OK;
    int64_t most = longest_window(input->item);
    int64_t step = tb_ceil_div(most, MOST_STRIDES);
    tb_buffer_text(out, "# stride\tby FLOPs\tby tiles\tby tiles where fully block-sparse");
    tb_buffer_text(out, has_times(input) ? "\tpredicted\twith permutation\n" : "\n");
    for (int64_t stride = 1; status == TB_OK && stride <= most;
         stride = stride == 1 && step > 1 ? step : stride + step) {
        status = print_stride(input, stride, out, permutes, err);
    }
    return status;
}

static void print_script(const tb_chart_input *input, bool permutes, tb_chart_data *data)
{
    tb_buffer *script = &data->script;
    const char *words = tb_chart_varied_words(&input->item->problem.layout);
    tb_buffer_printf(
        script,
        "set xlabel 'stride%s%s, tokens'\nset ylabel 'speedup over dense attention, "
        "times'\nset xrange [0:%.9g]\nset yrange [0:*]\nset offsets 0, 0, graph 0.06, 0\n"
        "plot 'strides.dat' using 1:2 with lines lt 7 title 'by FLOPs', \\\n"
        "  '' using 1:3 with linespoints lt 3 title 'bound by tiles', \\\n"
        "  '' using 1:4 with points pt 6 ps 2 lw 1.5 lc rgb " TB_INK_BLUE
        " title 'fully block-sparse'",
        words[0] != '\0' ? " " : "", words, (double)longest_window(input->item) * AXIS_ROOM);
    if (has_times(input)) {
        tb_buffer_printf(script, ", \\\n  '' using 1:5 with linespoints lt 2 title 'predicted%s'",
                         permutes ? ", attention alone" : "");
    }
    if (permutes) {
        tb_buffer_text(script, ", \\\n  '' using 1:6 with linespoints lt 4 title "
                               "'predicted, with permutation'");
    }
    tb_buffer_text(script, "\n");
}

static tb_status fill(const tb_chart_input *input, tb_chart_data *data, tb_error *err)
{
    tb_chart_times here = {0};
    bool permutes = false;
    tb_status status = tb_chart_need_gna(input->item, "stride-sweep", err);
    if (status == TB_OK) {
        status = tb_chart_times_fill(input, input->item, &here, err);
    }
    if (status == TB_OK) {
        status = print_data(input, tb_chart_data_file(data, "strides.dat"), &permutes, err);
    }
    if (status == TB_OK) {
        print_script(input, permutes, data);
        tb_chart_title(input, data, "Speedup over the stride");
        tb_chart_say_problem(&here.prediction, data);
        tb_chart_say_tiles(&here.prediction, data);
        tb_chart_say(data, "By FLOPs and by tiles: upper bounds, counted exactly.");
        if (has_times(input)) {
            tb_chart_say_times(input, &here.timing, data);
        }
        tb_chart_say_version(data);
    }
    tb_chart_times_release(&here);
    return status;
}

const tb_chart tb_chart_stride_sweep = {
    .name = "stride-sweep",
    .summary = "speedups over the stride of the innermost dimensions: bounds and prediction",
    .needs = TB_CHART_NEEDS_PROBLEM | TB_CHART_MAY_DEVICE,
    .fill = fill,
};
