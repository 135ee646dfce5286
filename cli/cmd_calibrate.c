/* tilebound calibrate: fit kernel models to profiles, and say how far the fit can be trusted. */
#include "calibrate_view.h"
#include "commands.h"
#include "text.h"

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
    tb_arg_texts kernels;
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
    {"kernel", '\0', TB_OPTION_TEXTS, "NAME",
     "kernel, by name or YAML file, for the runs of its name; repeatable", AT(kernels), 0, 0, NULL,
     0},
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

/* The kernels of --kernel, `out` NULL-terminated. */
static tb_status load_kernels(const tb_arg_texts *names, tb_kernel **out, tb_error *err)
{
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < names->count; i++) {
        status = tb_kernel_load(names->values[i], &out[i], err);
    }
    return status;
}

static tb_status run(const void *arguments, const char *const *positional, tb_error *err)
{
    const calibrate_args *args = arguments;
    tb_calibrate_options options = {.skip = args->skip};
    tb_profile **profiles = NULL;
    tb_kernel *kernels[TB_TEXTS_MAX + 1] = {NULL};
    size_t count = 0;
    tb_calibration *calibration = NULL;
    options.kernels = (const tb_kernel *const *)kernels;
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
        status = load_kernels(&args->kernels, kernels, err);
    }
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
        tb_output_args output = {.format = args->format};
        status = tb_view_calibration(calibration, &output, err);
    }
    tb_calibration_destroy(calibration);
    for (size_t i = 0; i < count; i++) {
        tb_profile_destroy(profiles[i]);
    }
    for (size_t i = 0; kernels[i] != NULL; i++) {
        tb_kernel_destroy(kernels[i]);
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
