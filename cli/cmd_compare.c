/* tilebound compare: simulated against measured, per run and in total; may fail a build. */
#include "commands.h"
#include "compare.h"
#include "compare_old.h"
#include "compare_view.h"
#include "output.h"
#include "version.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

typedef struct compare_args {
    tb_output_args output;
    tb_arg_texts kernels, devices;
    bool all, counters;
    tb_arg_int worst;
    tb_arg_double max_mape, max_error;
    const char *against;
} compare_args;

#define AT(field) offsetof(compare_args, field)

static const tb_option what_options[] = {
    {"kernel", '\0', TB_OPTION_TEXTS, "NAME",
     "kernel, by name or YAML file, for the runs of its name; repeatable", AT(kernels), 0, 0, NULL,
     0},
    {"device", '\0', TB_OPTION_TEXTS, "NAME",
     "device, by name or YAML file, for the runs of its name; repeatable", AT(devices), 0, 0, NULL,
     0},
    {"all", '\0', TB_OPTION_FLAG, NULL, "count the dense runs in the summary too", AT(all), 0, 0,
     NULL, 0},
    {"counters", '\0', TB_OPTION_FLAG, NULL,
     "show what the GPU's hardware counted beside what the model has of it", AT(counters), 0, 0,
     NULL, 0},
    {"worst", '\0', TB_OPTION_INT, "N", "show only the N runs with the largest errors", AT(worst),
     1, INT64_MAX, NULL, 0},
};

static const tb_option gate_options[] = {
    {"max-mape", '\0', TB_OPTION_DOUBLE, "X", "exit 5 when the mean error passes X percent",
     AT(max_mape), 0, INT64_MAX, NULL, 0},
    {"max-error", '\0', TB_OPTION_DOUBLE, "X", "exit 5 when a run's error passes X percent",
     AT(max_error), 0, INT64_MAX, NULL, 0},
    {"against", '\0', TB_OPTION_TEXT, "FILE",
     "earlier JSON of this command: show what changed, exit 5 when the mean error got worse",
     AT(against), 0, 0, NULL, 0},
};

/* What the command holds while it runs. */
typedef struct inputs {
    tb_profile *profiles[TB_POSITIONAL_MAX];
    tb_kernel *kernels[TB_TEXTS_MAX];
    tb_device *devices[TB_TEXTS_MAX];
    size_t profile_count, kernel_count, device_count;
    tb_old_comparison *old;
} inputs;

static tb_status load(const compare_args *args, const char *const *names, inputs *in, tb_error *err)
{
    tb_status status = TB_OK;
    for (; status == TB_OK && names[in->profile_count] != NULL;) {
        status = tb_profile_load(names[in->profile_count], &in->profiles[in->profile_count], err);
        in->profile_count += status == TB_OK;
    }
    for (; status == TB_OK && in->kernel_count < args->kernels.count;) {
        status = tb_kernel_load(args->kernels.values[in->kernel_count],
                                &in->kernels[in->kernel_count], err);
        in->kernel_count += status == TB_OK;
    }
    for (; status == TB_OK && in->device_count < args->devices.count;) {
        status = tb_device_load(args->devices.values[in->device_count],
                                &in->devices[in->device_count], err);
        in->device_count += status == TB_OK;
    }
    if (status == TB_OK && args->against != NULL) {
        status = tb_old_comparison_load(args->against, &in->old, err);
    }
    return status;
}

static void release(inputs *in)
{
    for (size_t i = 0; i < in->profile_count; i++) {
        tb_profile_destroy(in->profiles[i]);
    }
    for (size_t i = 0; i < in->kernel_count; i++) {
        tb_kernel_destroy(in->kernels[i]);
    }
    for (size_t i = 0; i < in->device_count; i++) {
        tb_device_destroy(in->devices[i]);
    }
    tb_old_comparison_destroy(in->old);
}

static tb_status compare(const compare_args *args, const inputs *in, tb_comparison **out,
                         tb_error *err)
{
    const tb_profile *profiles[TB_POSITIONAL_MAX];
    const tb_kernel *kernels[TB_TEXTS_MAX + 1] = {NULL};
    const tb_device *devices[TB_TEXTS_MAX + 1] = {NULL};
    for (size_t i = 0; i < in->profile_count; i++) {
        profiles[i] = in->profiles[i];
    }
    for (size_t i = 0; i < in->kernel_count; i++) {
        kernels[i] = in->kernels[i];
    }
    for (size_t i = 0; i < in->device_count; i++) {
        devices[i] = in->devices[i];
    }
    tb_compare_options options = {
        .kernels = kernels,
        .devices = devices,
        .all = args->all,
        .counters = args->counters,
    };
    return tb_compare(profiles, in->profile_count, &options, out, err);
}

static tb_status print_view(const compare_args *args, const tb_compare_view *view, tb_error *err)
{
    if (tb_output_format(&args->output) == TB_FORMAT_TABLE) {
        tb_buffer text = {0};
        tb_view_compare_text(&text, view);
        return tb_output_text(&args->output, &text, err);
    }
    tb_document *doc = tb_document_create("compare", TB_VERSION);
    tb_view_compare_document(doc, view);
    return tb_output_document(&args->output, doc, "runs", err);
}

static size_t choose_rows(const compare_args *args, const tb_comparison *from,
                          const tb_compared_run **rows)
{
    if (args->worst.given) {
        return tb_compare_worst(from, (size_t)args->worst.value, rows);
    }
    size_t count = 0;
    for (size_t i = 0; i < from->count; i++) {
        if (from->runs[i].why_not == NULL) {
            rows[count++] = &from->runs[i];
        }
    }
    return count;
}

static tb_status print(const compare_args *args, const tb_comparison *from,
                       const tb_old_comparison *old, tb_error *err)
{
    const tb_compared_run **rows = calloc(from->count, sizeof *rows);
    tb_change *changes = calloc(from->count + (old != NULL ? old->count : 0), sizeof *changes);
    tb_status status = TB_OK;
    if (rows == NULL || changes == NULL) {
        status = tb_fail(err, TB_ENOMEM, "no memory for a table");
    } else {
        tb_compare_view view = {
            .comparison = from,
            .rows = rows,
            .row_count = choose_rows(args, from, rows),
            .is_cut = args->worst.given,
            .has_counters = args->counters,
            .old = old,
            .changes = changes,
            .change_count = old != NULL ? tb_compare_changes(from, old, changes) : 0,
        };
        status = print_view(args, &view, err);
    }
    free(rows);
    free(changes);
    return status;
}

static tb_status check_limit(const char *option, const char *what, const tb_arg_double *limit,
                             double value, tb_error *err)
{
    if (!limit->given || value <= limit->value) {
        return TB_OK;
    }
    if (isnan(value)) {
        return tb_fail(err, TB_ETHRESHOLD, "no run counts, so that --%s holds nothing", option);
    }
    return tb_fail(err, TB_ETHRESHOLD, "the %s error is %.4g %%, above --%s %g", what, value,
                   option, limit->value);
}

static tb_status check_gates(const compare_args *args, const tb_comparison *from,
                             const tb_old_comparison *old, tb_error *err)
{
    const tb_error_summary *errors = &from->summary;
    tb_status status = check_limit("max-mape", "mean", &args->max_mape, errors->mape_percent, err);
    if (status == TB_OK) {
        status =
            check_limit("max-error", "largest", &args->max_error, errors->max_error_percent, err);
    }
    if (status == TB_OK && old != NULL && tb_compare_is_worse(from, old)) {
        status = tb_fail(err, TB_ETHRESHOLD, "the mean error got worse: %.4g %%, was %.4g %%",
                         errors->mape_percent, old->mape_percent.value);
    }
    return status;
}

static tb_status run(const void *arguments, const char *const *positional, tb_error *err)
{
    const compare_args *args = arguments;
    inputs in = {0};
    tb_comparison *comparison = NULL;
    tb_status status = load(args, positional, &in, err);
    if (status == TB_OK) {
        status = compare(args, &in, &comparison, err);
    }
    if (status == TB_OK) {
        status = print(args, comparison, in.old, err);
    }
    if (status == TB_OK) {
        status = check_gates(args, comparison, in.old, err);
    }
    tb_comparison_destroy(comparison);
    release(&in);
    return status;
}

static const tb_option_group groups[] = {
    {"What to compare", what_options, sizeof what_options / sizeof *what_options, 0},
    {"What must hold", gate_options, sizeof gate_options / sizeof *gate_options, 0},
    {"Output", tb_output_options, TB_OUTPUT_OPTION_COUNT, AT(output)},
};

static const tb_example examples[] = {
    {"tilebound compare natten-h100 natten-b200",
     "how well the model predicts the published runs of NATTEN"},
    {"tilebound compare natten-h100 --worst 3", "where it misses most"},
    {"tilebound compare natten-h100 --format json -o before.json && tilebound compare natten-h100 "
     "--against before.json",
     "what a change of the model changes"},
};

const tb_command tb_cmd_compare = {
    .name = "compare",
    .group = "measure",
    .summary = "simulated against measured: was a run as fast as it should have been?",
    .positional = "PROFILE...",
    .description =
        "Predicts every run of measured profiles (known names, YAML or CSV files) and prints "
        "bound,\n"
        "prediction, measurement and error of each, and how good the predictions are in total.\n"
        "error = 100 (predicted / measured - 1). bound: the measured baseline over the speedup\n"
        "that the tiles allow. SAME: measurement and prediction agree within their intervals\n"
        "(95 %, of a single run); FAST, SLOW: measured clearly faster, slower; UNSURE: too few\n"
        "samples to tell. Runs of whole networks are listed by themselves, with the speedups from\n"
        "the network's layers and from its stated share of attention, and so are runs of which\n"
        "only the speedup is published; both count in no summary.",
    .groups = groups,
    .group_count = sizeof groups / sizeof *groups,
    .examples = examples,
    .example_count = sizeof examples / sizeof *examples,
    .args_size = sizeof(compare_args),
    .positional_min = 1,
    .positional_max = TB_POSITIONAL_MAX,
    .run = run,
};
