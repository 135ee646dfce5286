#include "calibrate_view.h"

#include "clock_label.h"
#include "compare_view.h"
#include "table.h"
#include "version.h"

#include <math.h>

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

tb_status tb_view_calibration(const tb_calibration *c, const tb_output_args *output, tb_error *err)
{
    if (tb_output_format(output) != TB_FORMAT_TABLE) {
        return tb_output_document(output, make_document(c), "runs", err);
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
    return tb_output_text(output, &text, err);
}
