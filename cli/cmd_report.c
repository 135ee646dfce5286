/* tilebound report: everything about problems and their measured runs, as one page. */
#include "commands.h"
#include "quote.h"
#include "report.h"
#include "version.h"

#include "catalogue.h"
#include "file.h"
#include "suite.h"

#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#define MOST_PROFILES 256

typedef struct report_args {
    const char *suite;
    tb_arg_texts profiles, devices;
    const char *folder;
} report_args;

#define AT(field) offsetof(report_args, field)

static const tb_option what_options[] = {
    {"suite", '\0', TB_OPTION_TEXT, "NAME",
     "the problems, by name or YAML file (default: those that the profiles' runs have)", AT(suite),
     0, 0, NULL, 0},
    {"profile", '\0', TB_OPTION_TEXTS, "NAME",
     "measured runs, by name or file; may be repeated (default: every known profile that has runs "
     "of the suite's problems)",
     AT(profiles), 0, 0, NULL, 0},
    {"device", '\0', TB_OPTION_TEXTS, "NAME",
     "predict every problem on this device too, by name or YAML file; may be repeated (default: "
     "with a suite, the devices of its runs)",
     AT(devices), 0, 0, NULL, 0},
};

static const tb_option output_options[] = {
    {"output", 'o', TB_OPTION_TEXT, "DIR",
     "the folder to write to: new, empty, or an earlier report's", AT(folder), 0, 0, NULL, 0},
};

/* What the command holds while it runs. */
typedef struct inputs {
    tb_suite *suite;
    tb_profile *profiles[MOST_PROFILES];
    const char *profile_names[MOST_PROFILES]; /* as asked for, or of the catalogue */
    size_t profile_count;
    tb_device *devices[TB_TEXTS_MAX];
    size_t device_count;
    tb_arena *arena;
    tb_buffer command;
} inputs;

static void release(inputs *in)
{
    tb_suite_destroy(in->suite);
    for (size_t i = 0; i < in->profile_count; i++) {
        tb_profile_destroy(in->profiles[i]);
    }
    for (size_t i = 0; i < in->device_count; i++) {
        tb_device_destroy(in->devices[i]);
    }
    tb_arena_destroy(in->arena);
    tb_buffer_free(&in->command);
}

static tb_status load_profile(inputs *in, const char *name, tb_error *err)
{
    if (in->profile_count == MOST_PROFILES) {
        return tb_fail(err, TB_EINVAL, "more than %d profiles; give some with --profile",
                       MOST_PROFILES);
    }
    tb_status status = tb_profile_load(name, &in->profiles[in->profile_count], err);
    if (status == TB_OK) {
        in->profile_names[in->profile_count++] = name;
    }
    return status;
}

/* Every known profile with runs of the suite's problems. */
static tb_status find_profiles(inputs *in, tb_error *err)
{
    const char *const *names;
    size_t count = 0;
    tb_status status = tb_catalogue_names(TB_CATALOGUE_PROFILE, in->arena, &names, &count, err);
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        status = load_profile(in, names[i], err);
        if (status == TB_OK &&
            !tb_report_concerns(in->suite, in->profiles[in->profile_count - 1])) {
            tb_profile_destroy(in->profiles[--in->profile_count]);
        }
    }
    return status;
}

static tb_status load(const report_args *args, inputs *in, tb_error *err)
{
    in->arena = tb_arena_create();
    tb_status status =
        in->arena != NULL ? TB_OK : tb_fail(err, TB_ENOMEM, "no memory for the names of profiles");
    if (status == TB_OK && args->suite != NULL) {
        status = tb_suite_load(args->suite, &in->suite, err);
    }
    for (size_t i = 0; status == TB_OK && i < args->profiles.count; i++) {
        status = load_profile(in, args->profiles.values[i], err);
    }
    if (status == TB_OK && args->profiles.count == 0) {
        status = find_profiles(in, err);
    }
    for (size_t i = 0; status == TB_OK && i < args->devices.count; i++) {
        status = tb_device_load(args->devices.values[i], &in->devices[i], err);
        in->device_count += status == TB_OK;
    }
    return status;
}

static void put_words(tb_buffer *out, const char *option, const char *const *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tb_buffer_printf(out, " %s ", option);
        tb_quote_shell(out, values[i]);
    }
}

/* The command line as it could be typed again. */
static tb_status write_command(const report_args *args, tb_buffer *out, tb_error *err)
{
    tb_buffer_text(out, "tilebound report");
    put_words(out, "--suite", &args->suite, args->suite != NULL);
    put_words(out, "--profile", args->profiles.values, args->profiles.count);
    put_words(out, "--device", args->devices.values, args->devices.count);
    put_words(out, "-o", &args->folder, 1);
    return tb_buffer_check(out, err);
}

static void show_progress(size_t done, size_t total, void *user)
{
    (void)user;
    (void)fprintf(stderr, "\rdrawing %zu of %zu figures%s", done, total,
                  done == total ? "\r\033[K" : "");
}

static tb_status tell(const report_args *args, const tb_report_result *result, tb_error *err)
{
    tb_buffer text = {0};
    tb_buffer_printf(&text,
                     "%s/" TB_REPORT_INDEX ": %zu problems, %zu predictions and runs, %zu tables, "
                     "%zu figures\n",
                     args->folder, result->problems, result->rows, result->tables, result->figures);
    tb_status status = tb_buffer_check(&text, err);
    if (status == TB_OK) {
        status = tb_file_write_stdout(text.data, text.length, err);
    }
    tb_buffer_free(&text);
    if (!result->has_gnuplot) {
        (void)fputs("tilebound: warning: no gnuplot on the PATH, so that the report has tables "
                    "only; install it ('apt install gnuplot-nox' on Debian) and run this again\n",
                    stderr);
    } else if (result->not_drawn > 0) {
        (void)fprintf(stderr,
                      "tilebound: warning: gnuplot did not draw %zu figures; 'tilebound plot' "
                      "says why\n",
                      result->not_drawn);
    }
    return status;
}

static tb_status write_report(const report_args *args, inputs *in, tb_error *err)
{
    tb_report_result result;
    tb_report_options options = {
        .input = {.suite = in->suite,
                  .profiles = (const tb_profile *const *)in->profiles,
                  .profile_count = in->profile_count,
                  .devices = (const tb_device *const *)in->devices,
                  .device_count = in->device_count,
                  .suite_name = args->suite,
                  .profile_names = in->profile_names,
                  .device_names = args->devices.values},
        .command = in->command.data,
        .version = TB_VERSION,
        .progress = isatty(STDERR_FILENO) ? show_progress : NULL,
    };
    tb_status status = tb_report_write(&options, args->folder, &result, err);
    return status == TB_OK ? tell(args, &result, err) : status;
}

static tb_status run(const void *arguments, const char *const *positional, tb_error *err)
{
    const report_args *args = arguments;
    inputs in = {0};
    (void)positional;
    if (args->suite == NULL && args->profiles.count == 0) {
        return tb_fail(err, TB_EINVAL, "report on what? give --suite or --profile");
    }
    if (args->folder == NULL) {
        return tb_fail(err, TB_EINVAL, "report into which folder? give -o DIR");
    }
    tb_status status = tb_report_check_folder(args->folder, err);
    if (status == TB_OK) {
        status = load(args, &in, err);
    }
    if (status == TB_OK) {
        status = write_command(args, &in.command, err);
    }
    if (status == TB_OK) {
        status = write_report(args, &in, err);
    }
    release(&in);
    return status;
}

static const tb_option_group groups[] = {
    {"What to report on", what_options, sizeof what_options / sizeof *what_options, 0},
    {"Output", output_options, sizeof output_options / sizeof *output_options, 0},
};

static const tb_example examples[] = {
    {"tilebound report --suite gna -o gna-report",
     "the published problems of neighborhood attention: bounds, predictions, every known run"},
    {"tilebound report --profile natten-h100 --device h200 -o natten-report",
     "the runs of a profile, and what their problems would take on another device"},
};

const tb_command tb_cmd_report = {
    .name = "report",
    .group = "show",
    .summary = "one page on problems and their measured runs: tables, figures, advice",
    .description =
        "Writes a folder: index.html, which needs nothing else (figures are in it), report.md,\n"
        "figures/ as SVG and data/ as CSV. It says what bounds each problem, what is predicted\n"
        "and what was measured, where the speedup goes and what would bring it back, how far the\n"
        "predictions can be trusted, and what all of it rests on; under each table and figure is\n"
        "the command that makes it again.\n"
        "\n"
        "Reports are made from saved results: nothing is measured. Figures need gnuplot; without\n"
        "it the report has tables only.",
    .groups = groups,
    .group_count = sizeof groups / sizeof *groups,
    .examples = examples,
    .example_count = sizeof examples / sizeof *examples,
    .args_size = sizeof(report_args),
    .run = run,
};
