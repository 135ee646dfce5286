/* tilebound calibrate: fit kernel models to profiles, and say how far the fit can be trusted. */
#include "calibrate.h"
#include "clock_label.h"
#include "commands.h"
#include "compare_view.h"
#include "output.h"
#include "table.h"
#include "text.h"
#include "version.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct calibrate_args {
    tb_arg_choice format;
    const char *model;
    const char *shared;
    const char *skip;
    tb_arg_double noise, train_fraction;
    tb_arg_int seed;
} calibrate_args;

#define AT(field)     offsetof(calibrate_args, field)
#define DEFAULT_NOISE 3.0 /* percent; NATTEN's two H100 runs with the same tiles differ by 5.6 */

static const char *const format_choices[] = {"table", "json", "csv"};

static const tb_option fit_options[] = {
    {"output", 'o', TB_OPTION_TEXT, "PATH", "write the fitted kernel file, or a folder of several",
     AT(model), 0, 0, NULL, 0},
    {"shared", '\0', TB_OPTION_TEXT, "A,B", "parameters of the source, one value for all devices",
     AT(shared), 0, 0, NULL, 0},
    {"skip", '\0', TB_OPTION_TEXT, "GLOB,...", "leave out runs whose ids match", AT(skip), 0, 0,
     NULL, 0},
    {"noise", '\0', TB_OPTION_DOUBLE, "PERCENT", "spread of measured times (default 3)", AT(noise),
     0, 100, NULL, 0},
    {"train-fraction", '\0', TB_OPTION_DOUBLE, "X",
     "fit only this part of the runs, and report the errors of the others", AT(train_fraction), 0,
     1, NULL, 0},
    {"seed", '\0', TB_OPTION_INT, "N", "which runs --train-fraction draws (default 1)", AT(seed), 0,
     INT64_MAX, NULL, 0},
    {"format", '\0', TB_OPTION_CHOICE, NULL, "how to print the report (default table)", AT(format),
     0, 0, format_choices, 3},
};

/* --shared NAME,NAME or "none"; by default what belongs to the source code. */
static tb_status read_shared(const char *text, bool *shared, tb_error *err)
{
    const char *names[TB_TIME_PARAMETER_COUNT];
    for (size_t p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        names[p] = tb_time_parameters[p].name;
        shared[p] = text == NULL && tb_time_parameters[p].is_of_source;
    }
    if (text == NULL || strcmp(text, "none") == 0) {
        return TB_OK;
    }
    while (*text != '\0') {
        char name[64];
        size_t length = strcspn(text, ","), p = 0;
        if (length >= sizeof name) {
            return tb_fail(err, TB_EINVAL, "--shared names no such parameter");
        }
        memcpy(name, text, length);
        name[length] = '\0';
        while (p < TB_TIME_PARAMETER_COUNT && strcmp(names[p], name) != 0) {
            p++;
        }
        if (p == TB_TIME_PARAMETER_COUNT) {
            const char *nearest = tb_text_nearest(name, names, TB_TIME_PARAMETER_COUNT);
            return tb_fail(err, TB_EINVAL, "--shared '%s' is no parameter; did you mean '%s'?",
                           name, nearest != NULL ? nearest : names[1]);
        }
        shared[p] = true;
        text += length + (text[length] == ',');
    }
    return TB_OK;
}

static void show_progress(size_t done, size_t total, void *user)
{
    (void)user;
    (void)fprintf(stderr, "\rfits: %zu of %zu%s", done, total, done == total ? "\n" : "");
}

static void put_summary(tb_document *doc, const char *key, const tb_error_summary *summary)
{
    tb_document_open_object(doc, key);
    tb_view_errors(doc, summary);
    tb_document_close(doc);
}

static void put_parameters(tb_document *doc, const tb_fit_result *fit)
{
    tb_document_open_array(doc, "parameters");
    for (size_t i = 0; i < fit->count; i++) {
        const tb_fit_parameter *parameter = &fit->parameters[i];
        tb_document_open_object(doc, NULL);
        tb_document_text(doc, "name", tb_time_parameters[parameter->parameter].name);
        tb_document_text(doc, "owner", parameter->owner);
        tb_document_text(doc, "device", parameter->device);
        tb_document_double(doc, "value", parameter->value);
        tb_document_double(doc, "error", parameter->error);
        tb_document_double(doc, "prior", parameter->prior_value);
        tb_document_double(doc, "prior_spread", parameter->prior_spread);
        tb_document_bool(doc, "determined", parameter->is_determined);
        tb_document_close(doc);
    }
    tb_document_close(doc);
}

/* A run of a split is either fitted or held out, and none is left out in turn. */
static void put_percent(tb_document *doc, const char *key, double percent)
{
    if (isnan(percent)) {
        tb_document_null(doc, key);
    } else {
        tb_document_double(doc, key, percent);
    }
}

static void put_runs(tb_document *doc, const tb_calibration *c)
{
    tb_document_open_array(doc, "runs");
    for (size_t r = 0; r < c->count; r++) {
        const tb_calibrated_run *run = &c->runs[r];
        tb_document_open_object(doc, NULL);
        tb_document_text(doc, "id", run->run->id);
        tb_document_text(doc, "device", run->run->device->name);
        tb_document_text(doc, "kernel", run->run->kernel->name);
        tb_document_bool(doc, "dense", run->is_dense);
        tb_document_double(doc, "measured_us", run->run->measured_us);
        tb_document_double(doc, "before_percent", run->before);
        put_percent(doc, "training_percent", run->training);
        put_percent(doc, "leave_one_out_percent", run->leave_one_out);
        put_percent(doc, "leave_problem_out_percent", run->leave_problem_out);
        put_percent(doc, "held_out_percent", run->held_out);
        tb_document_close(doc);
    }
    tb_document_close(doc);
}

static void put_lone_runs(tb_document *doc, const tb_calibration *c)
{
    tb_document_open_array(doc, "lone_runs");
    for (size_t i = 0; i < c->lone_count; i++) {
        const tb_fit_parameter *parameter = &c->fit.parameters[c->lone_runs[i].parameter];
        tb_document_open_object(doc, NULL);
        tb_document_text(doc, "run", c->runs[c->lone_runs[i].run].run->id);
        tb_document_text(doc, "parameter", tb_time_parameters[parameter->parameter].name);
        tb_document_text(doc, "owner", parameter->owner);
        tb_document_text(doc, "device", parameter->device);
        tb_document_close(doc);
    }
    tb_document_close(doc);
}

static tb_document *make_document(const tb_calibration *c)
{
    tb_document *doc = tb_document_create("calibrate", TB_VERSION);
    put_parameters(doc, &c->fit);
    put_summary(doc, "before", &c->before);
    put_summary(doc, "training", &c->training);
    put_summary(doc, "leave_one_out", &c->leave_one_out);
    put_summary(doc, "leave_problem_out", &c->leave_problem_out);
    put_summary(doc, "held_out", &c->held_out);
    tb_document_double(doc, "train_fraction", c->train_fraction);
    tb_document_int(doc, "seed", (int64_t)c->seed);
    tb_document_double(doc, "noise", c->request.noise);
    tb_document_int(doc, "skipped", (int64_t)c->skipped);
    tb_document_bool(doc, "emulated", c->is_emulated);
    tb_document_int(doc, "timed_by_events", (int64_t)c->events);
    put_runs(doc, c);
    put_lone_runs(doc, c);
    return doc;
}

/* One standard error in the parameter's own unit, as a range. */
static void cell_range(tb_table *table, const tb_fit_parameter *parameter)
{
    double x = tb_parameter_forward(parameter->parameter, parameter->value);
    tb_table_cell(table, "%.4g to %.4g",
                  tb_parameter_backward(parameter->parameter, x - parameter->error),
                  tb_parameter_backward(parameter->parameter, x + parameter->error));
}

static void print_parameters(tb_buffer *out, const tb_fit_result *fit)
{
    static const char *const heads[] = {"parameter",  "of",    "device", "value",
                                        "+- 1 error", "prior", ""};
    tb_table table = tb_table_begin("lllrrrl");
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        tb_table_cell(&table, "%s", heads[i]);
    }
    for (size_t i = 0; i < fit->count; i++) {
        const tb_fit_parameter *parameter = &fit->parameters[i];
        tb_table_cell(&table, "%s", tb_time_parameters[parameter->parameter].name);
        tb_table_cell(&table, "%s", parameter->owner);
        tb_table_cell(&table, "%s", parameter->device != NULL ? parameter->device : "all");
        tb_table_cell(&table, "%.4g", parameter->value);
        cell_range(&table, parameter);
        tb_table_cell(&table, "%.4g", parameter->prior_value);
        tb_table_cell(&table, "%s", parameter->is_determined ? "" : "the runs do not determine it");
    }
    tb_table_print(&table, out);
}

static void cell_percent(tb_table *table, double percent)
{
    if (isnan(percent)) {
        tb_table_cell(table, "-");
    } else {
        tb_table_cell(table, "%+.1f %%", percent);
    }
}

static void print_runs(tb_buffer *out, const tb_calibration *c)
{
    static const char *const heads[] = {"run", "measured us", "before", "training"};
    bool is_split = c->train_fraction < 1;
    tb_table table = tb_table_begin(is_split ? "lrrrr" : "lrrrrr");
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        tb_table_cell(&table, "%s", heads[i]);
    }
    tb_table_cell(&table, "%s", is_split ? "held out" : "leave one out");
    if (!is_split) {
        tb_table_cell(&table, "leave problem out");
    }
    for (size_t r = 0; r < c->count; r++) {
        const tb_calibrated_run *run = &c->runs[r];
        tb_table_cell(&table, "%s%s%s", run->run->id, run->is_dense ? " (baseline)" : "",
                      c->is_emulated ? " (emulated)" : "");
        tb_table_cell(&table, "%.1f", run->run->measured_us);
        cell_percent(&table, run->before);
        cell_percent(&table, run->training);
        cell_percent(&table, is_split ? run->held_out : run->leave_one_out);
        if (!is_split) {
            cell_percent(&table, run->leave_problem_out);
        }
    }
    tb_table_print(&table, out);
}

static void print_summaries(tb_buffer *out, const tb_calibration *c)
{
    const struct {
        const char *name;
        const tb_error_summary *summary;
    } rows[] = {{"before (device facts and priors)", &c->before},
                {"training", &c->training},
                {"leave one out", &c->leave_one_out},
                {"leave problem out", &c->leave_problem_out},
                {"held out (not fitted)", &c->held_out}};
    tb_table table = tb_table_begin("lrrrr");
    const char *const heads[] = {c->is_emulated ? "errors (emulated)" : "errors", "runs", "MAPE",
                                 "bias", "largest"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        tb_table_cell(&table, "%s", heads[i]);
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].summary->n == 0) {
            continue;
        }
        tb_table_cell(&table, "%s", rows[i].name);
        tb_table_cell(&table, "%zu", rows[i].summary->n);
        tb_table_cell(&table, "%.2f %%", rows[i].summary->mape_percent);
        tb_table_cell(&table, "%+.2f %%", rows[i].summary->bias_percent);
        tb_table_cell(&table, "%.2f %%", rows[i].summary->max_error_percent);
    }
    tb_table_print(&table, out);
    tb_buffer_printf(out,
                     "\nbaselines are fitted, but not counted here; %zu runs could not be used\n",
                     c->skipped);
}

static tb_status print_report(const calibrate_args *args, const tb_calibration *c, tb_error *err)
{
    tb_output_args output = {.format = args->format};
    if (tb_output_format(&output) != TB_FORMAT_TABLE) {
        return tb_output_document(&output, make_document(c), "runs", err);
    }
    tb_buffer text = {0};
    print_parameters(&text, &c->fit);
    tb_buffer_text(&text, "\n");
    print_runs(&text, c);
    tb_buffer_text(&text, "\n");
    print_summaries(&text, c);
    for (size_t i = 0; i < c->lone_count; i++) {
        const tb_fit_parameter *parameter = &c->fit.parameters[c->lone_runs[i].parameter];
        tb_buffer_printf(&text, "note: run %s alone determines %s of %s%s%s\n",
                         c->runs[c->lone_runs[i].run].run->id,
                         tb_time_parameters[parameter->parameter].name, parameter->owner,
                         parameter->device != NULL ? " on " : "",
                         parameter->device != NULL ? parameter->device : "");
    }
    if (c->events > 0) {
        tb_buffer_printf(&text,
                         "note: %zu runs were timed by CUDA events, with what lies between their "
                         "kernels; fit runs of one clock\n",
                         c->events);
    }
    tb_clock_label_print(false, c->is_emulated, "", &text);
    return tb_output_text(&output, &text, err);
}

static tb_status load_profiles(const char *const *names, tb_profile ***out, size_t *count,
                               tb_error *err)
{
    size_t wanted = 0;
    while (names[wanted] != NULL) {
        wanted++;
    }
    tb_profile **profiles = calloc(wanted, sizeof *profiles);
    if (profiles == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for profiles");
    }
    *out = profiles;
    for (*count = 0; *count < wanted; (*count)++) {
        tb_status status = tb_profile_load(names[*count], &profiles[*count], err);
        if (status != TB_OK) {
            return status;
        }
    }
    return TB_OK;
}

static tb_status run(const void *arguments, const char *const *positional, tb_error *err)
{
    const calibrate_args *args = arguments;
    tb_calibrate_options options = {.skip = args->skip};
    tb_profile **profiles = NULL;
    size_t count = 0;
    tb_calibration *calibration = NULL;
    options.noise = (args->noise.given ? args->noise.value : DEFAULT_NOISE) / 100;
    if (!(options.noise > 0)) {
        return tb_fail(err, TB_EINVAL, "--noise must be above 0");
    }
    options.train_fraction = args->train_fraction.given ? args->train_fraction.value : 1;
    options.seed = args->seed.given ? (uint64_t)args->seed.value : 1;
    if (!(options.train_fraction > 0) || (args->seed.given && !args->train_fraction.given)) {
        return tb_fail(err, TB_EINVAL,
                       "--train-fraction is above 0 and at most 1, and --seed goes with it");
    }
    tb_status status = read_shared(args->shared, options.shared, err);
    if (status == TB_OK) {
        status = load_profiles(positional, &profiles, &count, err);
    }
    if (status == TB_OK) {
        status =
            tb_calibrate((const tb_profile *const *)profiles, count, &options,
                         isatty(STDERR_FILENO) ? show_progress : NULL, NULL, &calibration, err);
    }
    if (status == TB_OK && args->model != NULL) {
        status = tb_calibration_write(calibration, args->model, err);
    }
    if (status == TB_OK) {
        status = print_report(args, calibration, err);
    }
    tb_calibration_destroy(calibration);
    for (size_t i = 0; i < count; i++) {
        tb_profile_destroy(profiles[i]);
    }
    free(profiles);
    return status;
}

static const tb_option_group groups[] = {
    {"Fit", fit_options, sizeof fit_options / sizeof *fit_options, 0}};

static const tb_example examples[] = {
    {"tilebound calibrate flashattention-h100 --skip '*fa2*' -o fa3.yaml",
     "fit a kernel to measured runs, and write its file"},
};

const tb_command tb_cmd_calibrate = {
    .name = "calibrate",
    .group = "measure",
    .summary = "fit kernel models to measured runs, and say how far the fit can be trusted",
    .positional = "PROFILE...",
    .description = "Least squares on the logarithm of time, with priors from the kernel files. "
                   "What belongs to\n"
                   "a kernel's source is shared between devices. The report holds runs out, one at "
                   "a time and\n"
                   "problem by problem, and names what the runs cannot determine.",
    .groups = groups,
    .group_count = 1,
    .examples = examples,
    .example_count = 1,
    .args_size = sizeof(calibrate_args),
    .positional_min = 1,
    .positional_max = TB_POSITIONAL_MAX,
    .run = run,
};
