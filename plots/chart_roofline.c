/* A roofline: what the device could do, and where the sparse and the dense attention are. */
#include "chart_caption.h"
#include "chart_list.h"
#include "chart_style.h"
#include "chart_times.h"

#include <math.h>

#define ROOM         4.0 /* decades have no edge: the axis goes on by this factor */
#define FLOP_PER_FMA 2.0
#define TERA         1e12
#define HZ_PER_MHZ   1e6
#define BYTES_PER_GB 1e9
#define S_PER_US     1e-6
#define FLOOR_PART   0.002 /* of the highest roof: where the axis begins, at most */

/* FLOP/s and bytes/s; 0 = unknown. */
typedef struct roof_set {
    double tensor, exp, hbm, l2;
    const char *units; /* that do the products */
} roof_set;

typedef struct roofline_point {
    const char *name;
    const char *look;
    double intensity, flop_per_s;
} roofline_point;

#define POINTS 4

/* Products do 2 (D + Dv) FLOP a score forward and 2 (3 D + 2 Dv) backward; each score takes one
 * exponential. */
static double flop_a_score(const tb_problem *problem)
{
    double d = (double)problem->dim, dv = (double)problem->dim_value;
    return problem->pass == TB_PASS_BACKWARD ? 2 * (3 * d + 2 * dv) : 2 * (d + dv);
}

static tb_status tensor_roof(const tb_chart_input *input, roof_set *out, tb_error *err)
{
    tb_dtype dtype = input->item->problem.dtype;
    double rate = 0;
    if (dtype == TB_DTYPE_FP32) {
        tb_status status =
            tb_device_need(input->device, TB_DEVICE_FP32_FMA_LANES_PER_SM, &rate, err);
        *out = (roof_set){.tensor = rate * FLOP_PER_FMA, .units = "FMA units"};
        return status;
    }
    tb_device_key key = dtype == TB_DTYPE_E4M3 || dtype == TB_DTYPE_E5M2
                            ? TB_DEVICE_TENSOR_FP8_FLOP_PER_CLK_PER_SM
                            : TB_DEVICE_TENSOR_FP16_FLOP_PER_CLK_PER_SM;
    tb_status status = tb_device_need(input->device, key, &rate, err);
    *out = (roof_set){.tensor = rate, .units = "matrix units"};
    return status;
}

static tb_status find_roofs(const tb_chart_input *input, roof_set *out, tb_error *err)
{
    const tb_device *device = input->device;
    double sms, mhz, gb;
    tb_status status = tensor_roof(input, out, err);
    if (status == TB_OK) {
        status = tb_device_need(device, TB_DEVICE_SM_COUNT, &sms, err);
    }
    if (status == TB_OK) {
        status = tb_device_need(device, TB_DEVICE_CLOCK_BOOST_MHZ, &mhz, err);
    }
    if (status == TB_OK) {
        status = tb_device_need(device, TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S, &gb, err);
    }
    if (status == TB_OK) {
        out->tensor *= sms * mhz * HZ_PER_MHZ;
        out->exp = tb_device_get(device, TB_DEVICE_MUFU_EX2_PER_CLK_PER_SM, 0) * sms * mhz *
                   HZ_PER_MHZ * flop_a_score(&input->item->problem);
        out->hbm = gb * BYTES_PER_GB;
        out->l2 = tb_device_get(device, TB_DEVICE_MEASURED_L2_READ_GB_PER_S, 0) * BYTES_PER_GB;
    }
    return status;
}

/* Bytes that CTAs read of L2 in the forward pass: K and V of each visited tile. */
static double l2_bytes(const tb_prediction *p)
{
    const tb_problem *problem = &p->problem;
    double kv = (double)tb_tiling_kv_tokens(&p->tiling, &problem->layout);
    return (double)p->launch.visited_tiles * kv * (double)(problem->dim + problem->dim_value) *
           (double)tb_dtype_bytes(problem->dtype);
}

static size_t find_points(const tb_chart_times *times, const roof_set *roofs,
                          roofline_point points[POINTS])
{
    const tb_prediction *p = &times->prediction;
    const tb_time *sparse = &times->timing.time, *dense = &times->timing.dense;
    double bytes = sparse->hbm_us * S_PER_US * roofs->hbm, s = sparse->attention_us * S_PER_US;
    size_t count = 0;
    points[count++] =
        (roofline_point){"sparse, pairs in visited tiles", "pt 7 ps 1.6 lc rgb " TB_INK_ORANGE,
                         p->launch.visited_flop / bytes, p->launch.visited_flop / s};
    points[count++] = (roofline_point){"sparse, visible pairs", "pt 6 ps 1.6 lc rgb " TB_INK_ORANGE,
                                       p->launch.visible_flop / bytes, p->launch.visible_flop / s};
    if (p->problem.pass == TB_PASS_FORWARD && roofs->l2 > 0) {
        points[count++] =
            (roofline_point){"sparse, by bytes from L2", "pt 4 ps 1.5 lc rgb " TB_INK_ORANGE,
                             p->launch.visited_flop / l2_bytes(p), p->launch.visited_flop / s};
    }
    if (times->timing.has_dense) {
        points[count++] =
            (roofline_point){"dense", "pt 9 ps 1.8 lc rgb " TB_INK_BLACK,
                             p->launch.baseline_flop / (dense->hbm_us * S_PER_US * roofs->hbm),
                             p->launch.baseline_flop / (dense->attention_us * S_PER_US)};
    }
    return count;
}

/* The picture's range, with room around points and ridges. */
typedef struct roofline_range {
    double left, right, bottom, top;
} roofline_range;

static roofline_range find_range(const roof_set *roofs, const roofline_point *points, size_t count)
{
    double ridge = roofs->tensor / roofs->hbm;
    roofline_range range = {ridge, ridge, roofs->tensor, fmax(roofs->tensor, roofs->exp)};
    for (size_t i = 0; i < count; i++) {
        range.left = fmin(range.left, points[i].intensity);
        range.right = fmax(range.right, points[i].intensity);
        range.bottom = fmin(range.bottom, points[i].flop_per_s);
    }
    range.left /= ROOM;
    range.right *= ROOM;
    range.bottom = fmax(range.bottom / ROOM, range.top * FLOOR_PART);
    range.top *= 2;
    return range;
}

/* A line from the left, or from where `slope` meets it, to the right. */
static void print_flat(tb_buffer *out, double height, double slope, const roofline_range *range)
{
    tb_buffer_printf(out, "%.9g\t%.9g\n%.9g\t%.9g\n\n\n", fmax(range->left, height / slope),
                     height / TERA, range->right, height / TERA);
}

static void print_slope(tb_buffer *out, double bytes_per_s, double top, const roofline_range *range)
{
    double to = top / bytes_per_s, from = fmin(range->bottom / bytes_per_s, to);
    tb_buffer_printf(out, "%.9g\t%.9g\n%.9g\t%.9g\n\n\n", from, from * bytes_per_s / TERA, to,
                     top / TERA);
}

static void plot_roofs(const roof_set *roofs, const roofline_range *range, tb_chart_data *data)
{
    tb_buffer *file = tb_chart_data_file(data, "roofs.dat"), *script = &data->script;
    double steepest = fmax(roofs->l2, roofs->hbm);
    int index = 0;
    tb_buffer_text(file, "# FLOP/byte\tTFLOP/s; a section a roof\n");
    print_flat(file, roofs->tensor, steepest, range);
    tb_buffer_printf(script,
                     "plot 'roofs.dat' index %d with lines dt 1 lw 2 lc rgb " TB_INK_BLUE
                     " title '%s, %.4g TFLOP/s'",
                     index++, roofs->units, roofs->tensor / TERA);
    if (roofs->exp > 0) {
        print_flat(file, roofs->exp, steepest, range);
        tb_buffer_printf(script,
                         ", \\\n  'roofs.dat' index %d with lines dt 2 lw 2 lc rgb " TB_INK_RED
                         " title 'exponentials, %.4g TFLOP/s'",
                         index++, roofs->exp / TERA);
    }
    print_slope(file, roofs->hbm, roofs->tensor, range);
    tb_buffer_printf(script,
                     ", \\\n  'roofs.dat' index %d with lines dt 4 lw 2 lc rgb " TB_INK_GREEN
                     " title 'HBM, %.4g TB/s'",
                     index++, roofs->hbm / TERA);
    if (roofs->l2 > 0) {
        print_slope(file, roofs->l2, roofs->tensor, range);
        tb_buffer_printf(script,
                         ", \\\n  'roofs.dat' index %d with lines dt 3 lw 2 lc rgb " TB_INK_PURPLE
                         " title 'L2, %.4g TB/s'",
                         index, roofs->l2 / TERA);
    }
}

static void draw(const tb_chart_times *times, const roof_set *roofs, tb_chart_data *data)
{
    roofline_point points[POINTS];
    size_t count = find_points(times, roofs, points);
    roofline_range range = find_range(roofs, points, count);
    tb_chart_grid(data, "xtics ytics");
    tb_buffer_printf(
        &data->script,
        "set logscale xy\nset format xy '%%g'\nset xrange [%.9g:%.9g]\n"
        "set yrange [%.9g:%.9g]\nset xlabel 'arithmetic intensity, FLOP/byte'\n"
        "set ylabel 'computing rate, TFLOP/s'\nset key outside right top vertical Left reverse\n",
        range.left, range.right, range.bottom / TERA, range.top / TERA);
    plot_roofs(roofs, &range, data);
    tb_buffer *file = tb_chart_data_file(data, "points.dat");
    tb_buffer_text(file, "# FLOP/byte\tTFLOP/s; a section a point\n");
    for (size_t i = 0; i < count; i++) {
        tb_buffer_printf(file, "# %s\n%.9g\t%.9g\n\n\n", points[i].name, points[i].intensity,
                         points[i].flop_per_s / TERA);
        tb_buffer_printf(&data->script,
                         ", \\\n  'points.dat' index %zu with points lw 2 %s title "
                         "'%s'",
                         i, points[i].look, points[i].name);
    }
    tb_buffer_text(&data->script, "\n");
    data->width = 900;
}

static tb_status fill(const tb_chart_input *input, tb_chart_data *data, tb_error *err)
{
    tb_chart_times times = {0};
    roof_set roofs;
    tb_status status = find_roofs(input, &roofs, err);
    if (status == TB_OK) {
        status = tb_chart_times_fill(input, input->item, &times, err);
    }
    if (status == TB_OK) {
        draw(&times, &roofs, data);
        tb_chart_title(input, data, "Roofline of %s", input->device->name);
        tb_chart_say_problem(&times.prediction, data);
        tb_chart_say_tiles(&times.prediction, data);
        tb_chart_say_times(input, &times.timing, data);
        tb_chart_say(data, "Roofs: the device's facts at its boost clock; one exponential a score, "
                           "all on the special-function units. Bytes of points are of HBM traffic, "
                           "predicted, but where L2 is named.");
        if (!(roofs.l2 > 0)) {
            tb_chart_say(data, "The bandwidth of its L2 is not known.");
        }
        tb_chart_say_version(data);
    }
    tb_chart_times_release(&times);
    return status;
}

const tb_chart tb_chart_roofline = {
    .name = "roofline",
    .summary = "roofs of matrix units, exponentials, L2 and HBM, and where the problem is",
    .needs = TB_CHART_NEEDS_PROBLEM | TB_CHART_NEEDS_DEVICE,
    .fill = fill,
};
