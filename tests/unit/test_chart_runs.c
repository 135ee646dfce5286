/* Charts of measured runs and of networks: what their data files say, and what gnuplot makes of it.
 */
#include "test_support.h"

#include "chart_render.h"
#include "file.h"
#include "gnuplot.h"
#include "network_time.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A chart filled from natten-h100; its data is freed by the caller. */
typedef struct filled {
    tb_profile *profile;
    tb_chart_data data;
} filled;

static filled fill_from_natten(const char *name)
{
    filled out = {.data = tb_chart_data_begin()};
    const tb_chart *chart;
    tb_error err;
    tb_assert_ok(tb_profile_load("natten-h100", &out.profile, &err), &err);
    const tb_profile *profile = out.profile;
    tb_chart_input input = {.profiles = &profile, .profile_count = 1};
    tb_assert_ok(tb_chart_find(name, &chart, &err), &err);
    tb_assert_ok(tb_chart_check(chart, &input, &err), &err);
    tb_assert_ok(chart->fill(&input, &out.data, &err), &err);
    tb_assert_ok(tb_chart_data_check(&out.data, &err), &err);
    return out;
}

static void release(filled *of)
{
    tb_chart_data_free(&of->data);
    tb_profile_destroy(of->profile);
}

static const char *file_of(const tb_chart_data *data, const char *name)
{
    for (size_t i = 0; i < data->file_count; i++) {
        if (strcmp(data->files[i].name, name) == 0) {
            return data->files[i].text.data;
        }
    }
    fail_msg("no data file %s", name);
    return NULL;
}

/* The start of the line that holds `part`. */
static const char *line_with(const char *text, const char *part)
{
    const char *at = strstr(text, part);
    assert_non_null(at);
    while (at > text && at[-1] != '\n') {
        at--;
    }
    return at;
}

static int count_lines(const char *text)
{
    int lines = 0;
    for (; *text != '\0'; text++) {
        lines += *text == '\n';
    }
    return lines;
}

/* 97,435 us of dense attention; 7,914 us of the run, 2,687 of permuting; 6,400 of 65,536 keys. */
static void speedups__are_those_of_the_profile_and_of_the_tiles(void **state)
{
    (void)state;
    filled chart = fill_from_natten("speedups");
    const char *text = file_of(&chart.data, "speedups.dat");
    double permuted, measured, predicted, tiles, flops;
    int row;
    assert_int_equal(sscanf(line_with(text, "natten-h100-flux-s16"),
                            "%d natten-h100-flux-s16 %lf %lf %lf %lf %lf", &row, &permuted,
                            &measured, &predicted, &tiles, &flops),
                     6);
    tb_assert_close(permuted, 97435.0 / (7914 + 2687), 1e-8);
    tb_assert_close(measured, 97435.0 / 7914, 1e-8);
    tb_assert_close(tiles, 10.24, 1e-8);
    tb_assert_close(flops, 10.24, 1e-8);
    tb_assert_close(predicted, measured, 0.1);
    assert_non_null(
        strstr(text, "natten-h100-1d32k-w2048-s1\t?\t8.30161")); /* nothing to permute */
    assert_int_equal(count_lines(text), 8);                      /* dense runs have no bars */
    release(&chart);
}

static void scatter__has_every_run_that_can_be_compared(void **state)
{
    (void)state;
    filled chart = fill_from_natten("scatter");
    const char *text = file_of(&chart.data, "runs.dat");
    double measured, predicted, error;
    int series;
    assert_int_equal(count_lines(text), 11);
    assert_int_equal(sscanf(line_with(text, "natten-h100-flux-dense"), "%lf %lf %d %lf", &measured,
                            &predicted, &series, &error),
                     4);
    tb_assert_close(measured, 97.435, 1e-8); /* ms */
    tb_assert_close(error, 100 * (predicted / measured - 1), 1e-4);
    release(&chart);
}

static void errors__spread_around_quartiles_that_hold_half_of_them(void **state)
{
    (void)state;
    filled chart = fill_from_natten("errors");
    const char *boxes = file_of(&chart.data, "quartiles.dat");
    double low, median, high;
    int row;
    assert_int_equal(count_lines(file_of(&chart.data, "errors.dat")), 11);
    assert_int_equal(sscanf(line_with(boxes, "cutlass-hopper-fna, h100-sxm (7)"), "%d %lf %lf %lf",
                            &row, &low, &median, &high),
                     4);
    assert_true(low <= median && median <= high && low < high);
    assert_int_equal(row, 1); /* cudnn's dense runs come first */
    release(&chart);
}

/* 100 (1 - sparsity): 6,400 / 65,536 of FLUX, 10,368 / 115,200 of HunyuanVideo. */
static void pareto__names_the_runs_that_none_beats(void **state)
{
    (void)state;
    filled chart = fill_from_natten("pareto");
    const char *best = file_of(&chart.data, "best.dat");
    assert_non_null(strstr(file_of(&chart.data, "runs.dat"), "\n9.765625\t"));
    assert_non_null(strstr(file_of(&chart.data, "runs.dat"), "\n9\t"));
    assert_non_null(strstr(best, "natten-h100-flux-s16"));
    assert_null(strstr(best, "natten-h100-flux-s1\n"));       /* the same window, slower */
    assert_null(strstr(best, "natten-h100-hunyuan-s16x8x8")); /* FLUX sees more and is faster */
    release(&chart);
}

/* The layers add up to what the network's own time adds up to. */
static void network__layers_add_up(void **state)
{
    (void)state;
    tb_network *network;
    tb_device *device;
    tb_kernel *kernel, *dense;
    tb_error err;
    tb_assert_ok(tb_network_load("cosmos-predict2-2b", &network, &err), &err);
    tb_assert_ok(tb_device_load("h100-sxm", &device, &err), &err);
    tb_assert_ok(tb_kernel_load(device->default_kernel, &kernel, &err), &err);
    tb_assert_ok(tb_kernel_load(device->dense_kernel, &dense, &err), &err);
    tb_chart_input input = {
        .kernel = kernel, .baseline = dense, .device = device, .network = network};
    tb_chart_data data = tb_chart_data_begin();
    const tb_chart *chart;
    tb_assert_ok(tb_chart_find("network", &chart, &err), &err);
    tb_assert_ok(chart->fill(&input, &data, &err), &err);

    tb_problem problem = tb_problem_default();
    problem.layout = network->layout;
    problem.heads = problem.heads_kv = network->heads;
    tb_network_setup setup = {
        .problem = &problem, .kernel = kernel, .device = device, .dense_kernel = dense};
    tb_forward_time whole = {.basis = TB_BASIS_CALIBRATED};
    tb_assert_ok(tb_network_attention_time(&network->cases[0], &setup, &whole, &err), &err);

    const char *line = strchr(file_of(&data, "layers.dat"), '\n');
    double sums[3] = {0}, of[3];
    int layer, layers = 0;
    for (; line != NULL && sscanf(line + 1, "%d %lf %lf %lf", &layer, &of[0], &of[1], &of[2]) == 4;
         line = strchr(line + 1, '\n')) {
        assert_int_equal(layer, layers++);
        assert_true(of[1] < of[0] && of[1] < of[2]);
        for (int i = 0; i < 3; i++) {
            sums[i] += 1000 * of[i];
        }
    }
    assert_int_equal(layers, 28);
    tb_assert_close(sums[0], whole.dense_us, 1e-6);
    tb_assert_close(sums[1], whole.attention_us, 1e-6);
    tb_assert_close(sums[2], whole.attention_us + whole.permute_us, 1e-6);
    tb_chart_data_free(&data);
    tb_kernel_destroy(kernel);
    tb_kernel_destroy(dense);
    tb_device_destroy(device);
    tb_network_destroy(network);
}

static int count_in(const char *text, const char *part)
{
    int count = 0;
    for (; (text = strstr(text, part)) != NULL; text += strlen(part)) {
        count++;
    }
    return count;
}

/* What must be legible in the picture of each. */
static void svg__has_axes_names_and_marks(void **state)
{
    (void)state;
    static const struct {
        const char *chart, *parts[5];
    } wanted[] = {
        {"speedups",
         {"speedup over dense attention, times", "bound by tiles", "12.31", "9.19",
          "natten-h100-flux-s16"}},
        {"scatter",
         {"measured time, ms", "predicted time, ms", "within 10 %", "cutlass-hopper-fna", "cudnn"}},
        {"errors",
         {"error of the predicted time, %", "median", "quartiles", "a run",
          "cutlass-hopper-fna, h100-sxm (7)"}},
        {"pareto",
         {"visible pairs, % of dense attention", "bound by FLOPs", "predicted",
          "natten-h100-flux-s16", "h100-sxm"}},
    };
    char version[128];
    if (!tb_gnuplot_version(version)) {
        skip();
    }
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        filled of = fill_from_natten(wanted[i].chart);
        const tb_profile *profile = of.profile;
        tb_chart_input input = {.profiles = &profile, .profile_count = 1};
        tb_chart_target target = {.format = TB_CHART_SVG};
        tb_buffer svg = {0};
        const tb_chart *chart;
        tb_error err;
        tb_assert_ok(tb_chart_find(wanted[i].chart, &chart, &err), &err);
        tb_assert_ok(tb_chart_render(chart, &input, &target, &svg, &err), &err);
        for (size_t p = 0; p < 5; p++) {
            if (strstr(svg.data, wanted[i].parts[p]) == NULL) {
                fail_msg("%s does not say '%s'", wanted[i].chart, wanted[i].parts[p]);
            }
        }
        /* of gnuplot: a shape a bar or box, a symbol a point */
        assert_true(count_in(svg.data, "<path") + count_in(svg.data, "<use") +
                        count_in(svg.data, "<polygon") >
                    20);
        tb_buffer_free(&svg);
        release(&of);
    }
}

static void charts__of_runs_want_runs(void **state)
{
    (void)state;
    const tb_chart *chart;
    tb_error err;
    tb_profile *profile;
    tb_chart_input none = {0};
    tb_assert_ok(tb_profile_load("cudnn-h200", &profile, &err), &err);
    const tb_profile *dense_only = profile;
    tb_chart_input input = {.profiles = &dense_only, .profile_count = 1};
    tb_chart_data data = tb_chart_data_begin();
    tb_assert_ok(tb_chart_find("speedups", &chart, &err), &err);
    tb_assert_fails(tb_chart_check(chart, &none, &err), &err, TB_EINVAL, "--profile");
    tb_assert_fails(chart->fill(&input, &data, &err), &err, TB_EINVAL, "dense baseline");
    tb_chart_data_free(&data);
    tb_profile_destroy(profile);
}

/* The script of a chart of natten-h100, real or as if it were emulated, as gnuplot gets it. */
static char *script_of(const char *name, bool is_emulated)
{
    const tb_chart *chart;
    tb_profile *profile = NULL;
    tb_error err;
    tb_buffer out = {0};
    tb_assert_ok(tb_profile_load("natten-h100", &profile, &err), &err);
    for (size_t i = 0; i < profile->count; i++) {
        profile->runs[i].emulated = is_emulated;
        profile->runs[i].clock = is_emulated ? TB_CLOCK_EVENTS : TB_CLOCK_CUPTI;
    }
    const tb_profile *list = profile;
    tb_chart_input input = {.profiles = &list, .profile_count = 1, .title = "a user's"};
    const char *folder = tb_test_path("script");
    tb_chart_target target = {.format = TB_CHART_SVG, .script_folder = folder};
    tb_assert_ok(tb_chart_find(name, &chart, &err), &err);
    tb_status status = tb_chart_render(chart, &input, &target, &out, &err);
    assert_true(status == TB_OK || status == TB_EUNAVAILABLE); /* without gnuplot */
    tb_buffer_free(&out);
    tb_profile_destroy(profile);
    char path[512];
    tb_file_bytes bytes = {0};
    (void)snprintf(path, sizeof path, "%s/%s.gp", folder, name);
    tb_assert_ok(tb_file_read(path, 1 << 20, &bytes, &err), &err);
    char *text = calloc(bytes.length + 1, 1);
    assert_non_null(text);
    memcpy(text, bytes.data, bytes.length);
    tb_file_release(&bytes);
    return text;
}

static void charts__of_emulated_runs_say_so(void **state)
{
    (void)state;
    static const char *const names[] = {"scatter", "speedups", "errors", "pareto"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *real = script_of(names[i], false), *emulated = script_of(names[i], true);
        assert_null(strstr(real, "mulated"));
        assert_null(strstr(real, "CUDA events"));
        assert_non_null(strstr(emulated, "CUDA events"));
        assert_non_null(strstr(emulated, "a user''s (emulated)"));
        assert_non_null(strstr(emulated, "no GPU ran"));
        free(real);
        free(emulated);
    }
}

TB_TESTS(cmocka_unit_test(charts__of_emulated_runs_say_so),
         cmocka_unit_test(speedups__are_those_of_the_profile_and_of_the_tiles),
         cmocka_unit_test(scatter__has_every_run_that_can_be_compared),
         cmocka_unit_test(errors__spread_around_quartiles_that_hold_half_of_them),
         cmocka_unit_test(pareto__names_the_runs_that_none_beats),
         cmocka_unit_test(network__layers_add_up), cmocka_unit_test(svg__has_axes_names_and_marks),
         cmocka_unit_test(charts__of_runs_want_runs));
