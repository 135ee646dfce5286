/* tilebound measure: run kernels, check what they compute, and time them into a profile. */
#include "case_command.h"
#include "commands.h"
#include "file.h"
#include "gpu.h"
#include "host_device.h"
#include "measure_device.h"
#include "measure_exec.h"
#include "measure_options.h"
#include "measure_view.h"
#include "profile_write.h"
#include "suite.h"
#include "version.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CPU_KERNEL        "cpu"
#define GPU_KERNEL        "tilebound"
#define COLUMNS_OF_STATUS 78

/* All that one measurement holds. */
typedef struct session {
    const tb_measure_args *args;
    tb_measure_options options;
    tb_kernel *kernel;
    tb_device *device; /* owned unless it is of `before` */
    tb_profile *before;
    tb_suite *suite;
    tb_case item;
    tb_arena *arena;
    tb_device_facts facts;
    bool has_measured_facts; /* now, rather than read */
    tb_environment environment;
    tb_messages doubts;
    tb_measure *measure;
} session;

static void print_command(const tb_case *item, void *user, tb_buffer *out)
{
    const session *of = user;
    const tb_measure_options *options = &of->options;
    tb_buffer_printf(out, "tilebound measure");
    tb_case_print_options(item, out);
    tb_buffer_printf(out, " --backend %s", options->backend->name);
    if (!options->backend->is_gpu) {
        tb_buffer_printf(out, " --threads %lld",
                         (long long)(options->threads > 0 ? options->threads : of->facts.cores));
    }
    if (of->args->gpu != NULL) {
        tb_buffer_printf(out, " --gpu %s", of->args->gpu);
    }
    tb_buffer_printf(out, "%s --seed %llu", of->args->events ? " --events" : "",
                     (unsigned long long)options->seed);
    bool is_fused = options->implementation == TB_IMPLEMENTATION_FUSED;
    if (!is_fused && item->pattern.kind != TB_PATTERN_DENSE) {
        tb_buffer_printf(out, " --implementation %s",
                         tb_implementation_names[options->implementation]);
    }
    tb_buffer_text(out, options->is_processor_time ? " --clock processor" : "");
    tb_buffer_text(out, options->is_cold ? " --cold" : "");
}

/* The environment, and the device's facts: of the file given, of the profile resumed, or measured.
 */
static tb_status learn_device(session *to, tb_error *err)
{
    const tb_backend *backend = to->options.backend;
    const tb_measure_args *args = to->args;
    bool has_facts = args->device != NULL || (to->before != NULL && to->before->device != NULL);
    tb_status status = backend->facts(!has_facts, &to->facts, err);
    if (status == TB_OK) {
        status = tb_environment_read("", TB_VERSION, to->arena, &to->environment, err);
    }
    if (status != TB_OK) {
        return status;
    }
    if (backend->is_gpu) { /* whose clock is its own */
        to->options.kept_bytes = tb_measure_kept_on_gpu("", to->facts.gpu.memory_bytes);
    } else {
        tb_environment_doubts("", &to->environment, &to->doubts);
    }
    to->options.notes = &to->doubts;
    if (args->device != NULL) {
        return tb_measure_device_load(backend, args->device, &to->device, err);
    }
    if (has_facts) {
        to->device = to->before->device;
        return TB_OK;
    }
    to->has_measured_facts = true;
    tb_measure_warn_of_facts(&to->facts, &to->doubts);
    return tb_measure_device_create(backend, &to->facts, to->options.threads, &to->device, err);
}

static tb_status add_suite(session *to, tb_error *err)
{
    tb_status status = tb_suite_load(to->args->suite, &to->suite, err);
    for (size_t i = 0; status == TB_OK && i < to->suite->count; i++) {
        tb_suite_item *item = &to->suite->items[i];
        if (to->args->item.dtype.given) {
            item->item.problem.dtype = (tb_dtype)to->args->item.dtype.index;
        }
        status = tb_measure_add(to->measure, item->name, &item->item, err);
    }
    return status;
}

static tb_status add_problems(session *to, tb_error *err)
{
    if (to->args->suite != NULL) {
        return add_suite(to, err);
    }
    tb_status status = tb_case_apply(&to->args->item, &to->item, err);
    return status == TB_OK ? tb_measure_add(to->measure, "problem", &to->item, err) : status;
}

static tb_status prepare(session *to, tb_error *err)
{
    const char *usual = to->options.backend->is_gpu ? GPU_KERNEL : CPU_KERNEL;
    const char *kernel = to->args->item.kernel != NULL ? to->args->item.kernel : usual;
    tb_status status = to->options.backend->available(err);
    if (status == TB_OK) {
        status = tb_kernel_load(kernel, &to->kernel, err);
    }
    if (status == TB_OK && to->args->resume && tb_file_exists(to->args->output.path)) {
        status = tb_profile_load(to->args->output.path, &to->before, err);
    }
    if (status == TB_OK) {
        status = learn_device(to, err);
    }
    to->options.kernel = to->kernel;
    to->options.print_command = print_command;
    to->options.command_user = to;
    if (status == TB_OK) {
        status = tb_measure_create(&to->options, &to->facts, to->device, &to->environment,
                                   &to->measure, err);
    }
    if (status == TB_OK) {
        status = add_problems(to, err);
    }
    return status == TB_OK && to->before != NULL ? tb_measure_resume(to->measure, to->before, err)
                                                 : status;
}

static void release(session *of)
{
    tb_measure_destroy(of->measure);
    if (of->before == NULL || of->device != of->before->device) {
        tb_device_destroy(of->device);
    }
    tb_profile_destroy(of->before);
    tb_kernel_destroy(of->kernel);
    tb_suite_destroy(of->suite);
    tb_case_release(&of->item);
    tb_arena_destroy(of->arena);
}

static tb_status write_profile(session *of, tb_error *err)
{
    const tb_profile *profile = NULL;
    if (of->measure == NULL || of->args->output.path == NULL) {
        return TB_OK;
    }
    tb_status status = tb_measure_profile(of->measure, &profile, err);
    return status == TB_OK && profile != NULL
               ? tb_profile_write(profile, of->args->output.path, err)
               : status;
}

static bool is_interrupted(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, SIGINT) == 1;
}

static void show_progress(const tb_measure_progress *where)
{
    char text[COLUMNS_OF_STATUS + 1];
    (void)snprintf(text, sizeof text, "round %zu, %zu of %zu done: %s", where->round, where->done,
                   where->count, where->id);
    (void)fprintf(stderr, "\r%-*s", COLUMNS_OF_STATUS, text);
}

static tb_status on_progress(const tb_measure_progress *where, bool visited, void *user, bool *stop,
                             tb_error *err)
{
    session *of = user;
    *stop = is_interrupted();
    if (visited && isatty(STDERR_FILENO)) {
        show_progress(where);
    }
    return visited && !*stop ? write_profile(of, err) : TB_OK;
}

static tb_status print_profile(const tb_profile *profile, tb_error *err)
{
    tb_buffer text = {0};
    tb_output_args to_stdout = {0};
    tb_profile_print(profile, &text);
    return tb_output_text(&to_stdout, &text, err);
}

/* The table beside a profile in a file; else the profile itself, unless a format is asked for. */
static tb_status print_result(const session *of, const tb_profile *profile, tb_error *err)
{
    tb_output_args to_stdout = {.format = of->args->output.format};
    if (of->args->output.path == NULL && !to_stdout.format.given) {
        return print_profile(profile, err);
    }
    if (tb_output_format(&to_stdout) == TB_FORMAT_TABLE) {
        tb_buffer text = {0};
        tb_status status = tb_view_measured_text(&text, of->measure, profile, err);
        if (status != TB_OK) {
            tb_buffer_free(&text);
            return status;
        }
        return tb_output_text(&to_stdout, &text, err);
    }
    tb_document *doc = tb_document_create("measure", TB_VERSION);
    tb_status status = tb_view_measured_document(doc, of->measure, profile, err);
    if (status != TB_OK) {
        tb_document_destroy(doc);
        return status;
    }
    return tb_output_document(&to_stdout, doc, "runs", err);
}

/* The machine may have been busy, or slow, when its facts were measured: look again. */
static tb_status refresh_device(session *of, tb_error *err)
{
    tb_device_facts again;
    tb_device *device = NULL;
    if (!of->has_measured_facts || of->options.backend->is_gpu) {
        return TB_OK;
    }
    tb_status status = of->options.backend->facts(true, &again, err);
    if (status == TB_OK) {
        tb_host_facts_merge(&of->facts, &again);
        status = tb_measure_device_create(of->options.backend, &of->facts, of->options.threads,
                                          &device, err);
    }
    if (status == TB_OK) {
        tb_measure_set_device(of->measure, device);
        tb_device_destroy(of->device);
        of->device = device;
    }
    return status;
}

static tb_status finish(session *of, tb_error *err)
{
    const tb_profile *profile = NULL;
    tb_messages warnings = of->doubts;
    tb_status status = refresh_device(of, err);
    if (status == TB_OK) {
        status = write_profile(of, err);
    }
    if (status == TB_OK) {
        status = tb_measure_profile(of->measure, &profile, err);
    }
    if (status != TB_OK || profile == NULL) {
        return status;
    }
    tb_view_measured_warnings(profile, of->options.sampling.precision, &warnings);
    tb_measure_warn_of_clocks(profile, &warnings);
    if (tb_measure_why_no_counters(of->measure) != NULL) {
        tb_messages_add(&warnings, "no hardware counters: %s",
                        tb_measure_why_no_counters(of->measure));
    }
    tb_output_warnings(&warnings);
    return print_result(of, profile, err);
}

static tb_status measure_problems(session *of, tb_error *err)
{
    bool is_stopped = false;
    tb_status status = prepare(of, err);
    if (status != TB_OK) {
        return status;
    }
    status = tb_measure_run(of->measure, on_progress, of, &is_stopped, err);
    if (isatty(STDERR_FILENO)) {
        (void)fprintf(stderr, "\r%*s\r", COLUMNS_OF_STATUS, "");
    }
    if (status != TB_OK || is_stopped) { /* what was measured is kept */
        tb_error second = {0};
        tb_status written = write_profile(of, &second);
        return status != TB_OK || written == TB_OK
                   ? status
                   : tb_fail_at(err, written, second.file, 0, 0, "%s", second.message);
    }
    return finish(of, err);
}

static tb_status measure_device(session *of, tb_error *err)
{
    tb_buffer text = {0};
    tb_output_args output = {.path = of->args->output.path};
    tb_status status = of->options.backend->available(err);
    if (status == TB_OK) {
        status = learn_device(of, err);
    }
    if (status != TB_OK) {
        return status;
    }
    tb_output_warnings(&of->doubts);
    tb_buffer_text(&text, "schema: tilebound/device/1\n");
    tb_device_print(of->device, "", &text);
    return tb_output_text(&output, &text, err);
}

static tb_status measure_as_asked(session *of, tb_error *err)
{
    const tb_measure_args *args = of->args;
    if (args->exec.command != NULL) {
        return tb_measure_exec(args, err);
    }
    tb_status status =
        of->options.backend->is_gpu ? tb_gpu_choose(args->gpu, args->events, err) : TB_OK;
    if (status != TB_OK) {
        return status;
    }
    return args->device_facts ? measure_device(of, err) : measure_problems(of, err);
}

/* Interrupts wait for a moment at which a profile can be written. Threads that kernels start
 * inherit this. */
static tb_status run(const void *arguments, const char *const *positional, tb_error *err)
{
    const tb_measure_args *args = arguments;
    (void)positional;
    tb_status status = tb_measure_args_check(args, err);
    if (status != TB_OK) {
        return status;
    }
    sigset_t interrupts, before;
    (void)sigemptyset(&interrupts);
    (void)sigaddset(&interrupts, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &interrupts, &before);
    session of = {.args = args,
                  .options = tb_measure_args_options(args),
                  .item = tb_case_default(),
                  .arena = tb_arena_create()};
    status = of.arena == NULL ? tb_fail(err, TB_ENOMEM, "no memory for a measurement")
                              : measure_as_asked(&of, err);
    release(&of);
    (void)sigprocmask(SIG_SETMASK, &before, NULL); /* one that came ends the program here */
    return status;
}

static const tb_example examples[] = {
    {"tilebound measure -i 32x32 -w 8x8 -s 4x4 -d 32 --dtype fp32 --max-time 0.2 -o host.yaml",
     "one problem beside its dense baseline, into a profile"},
};

const tb_command tb_cmd_measure = {
    .name = "measure",
    .group = "measure",
    .summary = "run kernels here, check what they compute, and time them into a profile",
    .description =
        "Every problem runs beside its dense baseline, in rounds, until its median is known well\n"
        "enough. Outputs are checked against double precision before their times count. -o names\n"
        "the profile, which is rewritten as runs come in: an interrupt leaves what was measured,\n"
        "and --resume goes on from there. Without -o the profile goes to standard output.\n"
        "\n"
        "With --exec it is the kernels of another CUDA program that are timed, unchanged.",
    .groups = tb_measure_option_groups,
    .group_count = TB_MEASURE_GROUP_COUNT,
    .examples = examples,
    .example_count = sizeof examples / sizeof *examples,
    .args_size = sizeof(tb_measure_args),
    .run = run,
};
