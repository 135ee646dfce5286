/* tilebound sweep: a study over the axes of a suite, into a database that goes on where it was. */
#include "backend.h"
#include "case_command.h"
#include "commands.h"
#include "file.h"
#include "sweep_view.h"

#include "study_run.h"

#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COLUMNS_OF_STATUS 78
#define MOST_THREADS      4096
#define EXIT_INTERRUPTED  130

typedef struct sweep_args {
    const char *database;
    bool restart, only_view;
    tb_arg_int threads;
    const char *device, *kernel, *baseline_kernel;
    tb_arg_texts set;
    const char *backend;
    tb_arg_double max_time;
    tb_sweep_view_args view;
} sweep_args;

#define AT(field) offsetof(sweep_args, field)

static const tb_option study_options[] = {
    {"database", '\0', TB_OPTION_TEXT, "FILE",
     "where the rows are kept (default: the suite's name, and .db)", AT(database), 0, 0, NULL, 0},
    {"restart", '\0', TB_OPTION_FLAG, NULL, "drop the study's rows and begin anew", AT(restart), 0,
     0, NULL, 0},
    {"view", '\0', TB_OPTION_FLAG, NULL, "only show what is there; run nothing", AT(only_view), 0,
     0, NULL, 0},
    {"threads", '\0', TB_OPTION_INT, "N",
     "of each process (default: all of the machine; with mpirun 1)", AT(threads), 1, MOST_THREADS,
     NULL, 0},
};

static const tb_option device_options[] = {
    {"device", '\0', TB_OPTION_TEXT, "NAME", "predict times on this device, by name or YAML file",
     AT(device), 0, 0, NULL, 0},
    {"kernel", '\0', TB_OPTION_TEXT, "NAME", "of all points, in place of the suite's", AT(kernel),
     0, 0, NULL, 0},
    {"baseline-kernel", '\0', TB_OPTION_TEXT, "NAME",
     "kernel of the dense baseline (default: the device's)", AT(baseline_kernel), 0, 0, NULL, 0},
    {"set", '\0', TB_OPTION_TEXTS, "KEY=NUMBER",
     "change a value of the device, or a mechanism's parameter; may be repeated", AT(set), 0, 0,
     NULL, 0},
};

static const tb_option measure_options[] = {
    {"backend", '\0', TB_OPTION_TEXT, "NAME",
     "measure each point too: cpu, or cuda (with mpirun a GPU for each rank)", AT(backend), 0, 0,
     NULL, 0},
    {"max-time", '\0', TB_OPTION_DOUBLE, "SECONDS", "of each that is measured, at most",
     AT(max_time), 0, INT64_MAX, NULL, 0},
};

/* "40 s", "12 min", "3 h 20 min" */
static void print_left(double seconds, char text[static 32])
{
    double minutes = floor(seconds / 60);
    if (seconds < 120) {
        (void)snprintf(text, 32, "%.0f s", seconds);
    } else if (minutes < 120) {
        (void)snprintf(text, 32, "%.0f min", minutes);
    } else {
        (void)snprintf(text, 32, "%.0f h %.0f min", floor(minutes / 60), fmod(minutes, 60));
    }
}

static void show_progress(const tb_study_progress *at, void *user, bool *stop)
{
    char text[COLUMNS_OF_STATUS + 1], left[32];
    (void)user;
    (void)stop;
    if (at->rate_per_s > 0) {
        print_left(at->left_s, left);
        (void)snprintf(text, sizeof text, "%lld of %lld points, %.*f a second, %s left",
                       (long long)at->done, (long long)at->total, at->rate_per_s < 100 ? 2 : 0,
                       at->rate_per_s, left);
    } else {
        (void)snprintf(text, sizeof text, "%lld of %lld points", (long long)at->done,
                       (long long)at->total);
    }
    (void)fprintf(stderr, "\r%-*s", COLUMNS_OF_STATUS, text);
}

/* What is noted with a study: the words that began it, as far as they decide its rows. */
static void print_command(const sweep_args *args, const char *suite, tb_buffer *out)
{
    const struct {
        const char *name, *value;
    } given[] = {{"device", args->device},
                 {"kernel", args->kernel},
                 {"baseline-kernel", args->baseline_kernel},
                 {"backend", args->backend}};
    tb_buffer_text(out, "tilebound sweep ");
    tb_print_shell_word(suite, out);
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        if (given[i].value != NULL) {
            tb_buffer_printf(out, " --%s ", given[i].name);
            tb_print_shell_word(given[i].value, out);
        }
    }
    for (size_t i = 0; i < args->set.count; i++) {
        tb_buffer_text(out, " --set ");
        tb_print_shell_word(args->set.values[i], out);
    }
    if (args->max_time.given) {
        tb_buffer_printf(out, " --max-time %g", args->max_time.value);
    }
}

static tb_status open_store(const sweep_args *args, const char *suite, const char *path,
                            const tb_study *study, tb_study_store **out, tb_error *err)
{
    tb_buffer command = {0};
    print_command(args, suite, &command);
    tb_status status = tb_buffer_check(&command, err);
    if (status == TB_OK) {
        status = tb_study_store_open(path, study, command.data, args->restart, out, err);
    }
    tb_buffer_free(&command);
    return status;
}

/* What was committed needs nothing more; a point may take long, and is not waited for. */
static void on_interrupt(int signal_number)
{
    static const char text[] =
        "\ntilebound: interrupted; what is finished is kept, and the same command goes on\n";
    (void)signal_number;
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(EXIT_INTERRUPTED);
}

static void tell_when_interrupted(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_interrupt;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
}

static tb_status run_study(const sweep_args *args, const tb_study *study, tb_study_store *store,
                           const tb_ranks *ranks, tb_error *err)
{
    bool is_shown = isatty(STDERR_FILENO);
    tb_study_run_options options = {.threads = (int)args->threads.value,
                                    .progress = is_shown ? show_progress : NULL};
    if (ranks->rank > 0) {
        tb_status status = tb_study_serve(study, ranks, &options, err);
        if (status != TB_OK) {
            tb_ranks_abort(ranks, 1);
        }
        return status;
    }
    if (ranks->size == 1) { /* of many ranks mpirun tells */
        tell_when_interrupted();
    }
    tb_status status = tb_study_run(study, store, ranks, &options, NULL, err);
    if (is_shown) {
        (void)fprintf(stderr, "\r%*s\r", COLUMNS_OF_STATUS, "");
    }
    return status;
}

/* What is shown does not overwrite what it is shown of. */
static tb_status check_output(const char *output, const char *database, const char *suite,
                              tb_error *err)
{
    const struct {
        const char *what, *path;
    } inputs[] = {{"database", database}, {"suite", suite}};
    for (size_t i = 0; output != NULL && i < sizeof inputs / sizeof *inputs; i++) {
        if (tb_file_is_same(output, inputs[i].path)) {
            return tb_fail(err, TB_EINVAL, "--output is the %s, %s; write to another file",
                           inputs[i].what, inputs[i].path);
        }
    }
    return TB_OK;
}

/* Rank 0 alone has the database, complains, and shows what came out. */
static tb_status sweep(const sweep_args *args, const char *suite, const tb_ranks *ranks,
                       tb_error *err)
{
    tb_study_options options = {.device = args->device,
                                .kernel = args->kernel,
                                .baseline_kernel = args->baseline_kernel,
                                .set = args->set.values,
                                .set_count = args->set.count,
                                .max_time_s = args->max_time.value};
    tb_study *study = NULL;
    tb_study_store *store = NULL;
    tb_buffer path = {0};
    tb_error why = {0};
    bool go = false;
    tb_status status = TB_OK;
    if (args->backend != NULL) {
        status = tb_backend_find(args->backend, &options.backend, &why);
    }
    if (status == TB_OK) {
        status = tb_study_load(suite, &options, &study, &why);
    }
    if (status == TB_OK && !args->only_view) {
        status = tb_study_prepare(study, ranks, &why);
    }
    if (status == TB_OK) {
        tb_buffer_printf(&path, args->database != NULL ? "%s" : "%s.db",
                         args->database != NULL ? args->database : study->name);
        status = tb_buffer_check(&path, &why);
    }
    if (status == TB_OK) {
        status = check_output(args->view.output.path, path.data, study->path, &why);
    }
    if (status == TB_OK && ranks->rank == 0 && !args->only_view) {
        status = open_store(args, suite, path.data, study, &store, &why);
        status =
            status == TB_OK ? tb_sweep_check(&args->view, path.data, study->name, &why) : status;
    }
    status = tb_ranks_agree(ranks, status, &why, &go, err);
    if (status == TB_OK && go && !args->only_view) {
        status = run_study(args, study, store, ranks, err);
    }
    tb_study_store_close(store);
    if (status == TB_OK && ranks->rank == 0) {
        status = tb_sweep_show(&args->view, path.data, study->name, err);
    }
    tb_buffer_free(&path);
    tb_study_destroy(study);
    return status;
}

static tb_status run(const void *arguments, const char *const *positional, tb_error *err)
{
    const sweep_args *args = arguments;
    tb_ranks ranks;
    if (args->max_time.given && (args->backend == NULL || !(args->max_time.value > 0))) {
        return tb_fail(err, TB_EINVAL,
                       "--max-time is of what is measured: above 0, with --backend");
    }
    if (args->restart && args->only_view) {
        return tb_fail(err, TB_EINVAL, "--restart beside --view; give one of them");
    }
    tb_status status = tb_ranks_open(&ranks, err);
    if (status == TB_OK) {
        status = sweep(args, positional[0], &ranks, err);
    }
    tb_ranks_close(&ranks);
    return status;
}

static const tb_option_group groups[] = {
    {"Study", study_options, sizeof study_options / sizeof *study_options, 0},
    {"Device", device_options, sizeof device_options / sizeof *device_options, 0},
    {"Measuring", measure_options, sizeof measure_options / sizeof *measure_options, 0},
    {"View", tb_sweep_view_options, TB_SWEEP_VIEW_OPTION_COUNT, AT(view)},
    {"Output", tb_output_options, TB_OUTPUT_OPTION_COUNT, AT(view.output)},
};

static const tb_example examples[] = {
    {"tilebound sweep strides.yaml --group-by stride",
     "every stride of three windows, and what each stride is worth"},
    {"tilebound sweep strides.yaml --where 'fully_block_sparse' --format csv -o rows.csv",
     "the rows without a partial tile, as CSV"},
};

const tb_command tb_cmd_sweep = {
    .name = "sweep",
    .group = "ask",
    .summary = "a study over the axes of a suite, into a database; it resumes",
    .positional = "SUITE",
    .description =
        "Predicts every point of a suite's axes (cross, zip, samples) and keeps a row of each in\n"
        "a SQLite database, a table a study. Interrupted at any moment, the same command goes on\n"
        "with the points that are missing; a suite or model that has changed is refused. Then it\n"
        "shows the rows, or groups of them with mean, min and max. A point that makes no sense\n"
        "has a row too, whose column `error` says why. Under mpirun all ranks share the points.",
    .groups = groups,
    .group_count = sizeof groups / sizeof *groups,
    .examples = examples,
    .example_count = sizeof examples / sizeof *examples,
    .args_size = sizeof(sweep_args),
    .positional_min = 1,
    .positional_max = 1,
    .run = run,
};
