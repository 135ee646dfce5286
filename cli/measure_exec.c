#include "measure_exec.h"

#include "driver.h"
#include "environment.h"
#include "exec_notes.h"
#include "exec_run.h"
#include "exec_view.h"
#include "gpu_device.h"
#include "profile_write.h"
#include "version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* exit codes of a shell */
#define CODE_NOT_RUN    126
#define CODE_NO_PROGRAM 127
#define SIGNAL_CODES    128

/* All that one measurement holds. */
typedef struct session {
    const tb_measure_args *args;
    tb_suite *suite;
    tb_kernel *kernel; /* or NULL */
    tb_device *device; /* of --device, or NULL */
    tb_device *known;  /* that the driver's name is a name of, or NULL */
    tb_arena *arena;
    tb_exec_records *records;
    tb_exec_request request;
    tb_exec_match match;
    tb_exec_facts facts;
    tb_exec_profile *profile;
    tb_error
        failure; /* why nothing, or not all, was assigned; its code is TB_OK where there is none */
} session;

static void release(session *of)
{
    tb_exec_profile_destroy(of->profile);
    tb_exec_match_free(&of->match);
    tb_exec_records_destroy(of->records);
    tb_device_destroy(of->device);
    tb_device_destroy(of->known);
    tb_kernel_destroy(of->kernel);
    tb_suite_destroy(of->suite);
    tb_arena_destroy(of->arena);
}

/* A word of the shell that means itself. */
static void print_quoted(tb_buffer *out, const char *option, const char *text)
{
    tb_buffer_printf(out, " %s '", option);
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\'') {
            tb_buffer_text(out, "'\\''");
        } else {
            tb_buffer_append(out, at, 1);
        }
    }
    tb_buffer_text(out, "'");
}

static void print_number(tb_buffer *out, const char *option, const tb_arg_int *number)
{
    if (number->given) {
        tb_buffer_printf(out, " %s %lld", option, (long long)number->value);
    }
}

/* The command that measures all of it again. */
static tb_status keep_command(session *to, tb_error *err)
{
    const tb_measure_args *args = to->args;
    tb_buffer text = {0};
    tb_buffer_text(&text, "tilebound measure");
    print_quoted(&text, "--exec", args->exec.command);
    print_quoted(&text, "--match", args->exec.match);
    print_quoted(&text, "--suite", args->suite);
    print_number(&text, "--launches", &args->exec.launches);
    print_number(&text, "--warm-up", &args->exec.warm_up);
    print_number(&text, "--kernels-per-launch", &args->exec.kernels_per_launch);
    if (args->item.kernel != NULL) {
        print_quoted(&text, "--kernel", args->item.kernel);
    }
    if (args->device != NULL) {
        print_quoted(&text, "--device", args->device);
    }
    tb_status status = tb_buffer_check(&text, err);
    if (status == TB_OK) {
        to->facts.command = tb_arena_text(to->arena, text.data, text.length);
        status = to->facts.command != NULL ? TB_OK : tb_fail(err, TB_ENOMEM, "no memory");
    }
    tb_buffer_free(&text);
    return status;
}

static tb_status load_suite(session *to, tb_error *err)
{
    tb_status status = tb_suite_load(to->args->suite, &to->suite, err);
    for (size_t i = 0; status == TB_OK && i < to->suite->count; i++) {
        if (to->args->item.dtype.given) {
            to->suite->items[i].item.problem.dtype = (tb_dtype)to->args->item.dtype.index;
        }
    }
    return status;
}

/* All that can be wrong before a program runs for an hour. */
static tb_status prepare(session *to, const char **collector, tb_error *err)
{
    const tb_measure_args *args = to->args;
    tb_status status = tb_exec_pattern_check(args->exec.match, err);
    if (status == TB_OK) {
        status = load_suite(to, err);
    }
    if (status == TB_OK && args->item.kernel != NULL) {
        status = tb_kernel_load(args->item.kernel, &to->kernel, err);
    }
    if (status == TB_OK && args->device != NULL) {
        status = tb_device_load(args->device, &to->device, err);
    }
    if (status == TB_OK) {
        status = tb_exec_find_collector(to->arena, collector, err);
    }
    if (status == TB_OK) {
        status = tb_environment_read("", TB_VERSION, to->arena, &to->facts.environment, err);
    }
    if (status == TB_OK) {
        status = keep_command(to, err);
    }
    return status == TB_OK ? tb_exec_records_create(&to->records, err) : status;
}

/* No process opened CUDA: because there is none, or because none wanted to. */
static tb_status explain_absence(tb_error *err)
{
    tb_driver driver;
    tb_error why = {0};
    if (tb_driver_open(&driver, &why) != TB_OK) {
        return tb_fail(err, TB_EUNAVAILABLE, "the program could use no CUDA: %s", why.message);
    }
    return tb_fail(
        err, TB_EINVAL,
        "the program did not start CUDA on this machine (cuInit was not called), so that "
        "there is nothing to measure");
}

static const tb_exec_process *find_refused(const tb_exec_records *records)
{
    for (size_t i = 0; i < records->process_count; i++) {
        if (records->processes[i].refused != NULL) {
            return &records->processes[i];
        }
    }
    return NULL;
}

/* Nothing that matches: say what there was. */
static tb_status explain_no_match(const session *of, tb_error *err)
{
    const tb_exec_records *records = of->records;
    const tb_exec_process *refused = find_refused(records);
    if (records->process_count == 0) {
        return explain_absence(err);
    }
    if (records->count == 0 && refused != NULL) {
        return tb_fail(err, TB_EUNAVAILABLE, "the program's kernels could not be seen: %s",
                       refused->refused);
    }
    if (records->count == 0) {
        return tb_fail(
            err, TB_EINVAL, "the program started CUDA, but no kernel of it was seen to end%s",
            records->processes[0].has_ended ? ": it launched none" : " before it was cut short");
    }
    const char *first = records->names[of->match.shares[0].name].text;
    return tb_fail(err, TB_EINVAL,
                   "none of the %zu kernels matches '%.100s'; most time took '%.200s'; all names "
                   "are in the profile and in --format csv",
                   records->count, of->request.pattern, first);
}

/* Assign; what fails is kept, for the profile is written in any event. Memory's end is returned. */
static tb_status assign(session *to, tb_error *err)
{
    tb_status status = tb_exec_match_names(to->records, to->request.pattern, &to->match, err);
    if (status != TB_OK) {
        return status;
    }
    if (to->match.matched_count == 0) {
        (void)explain_no_match(to, &to->failure);
        return TB_OK;
    }
    const char **names = tb_arena_array(to->arena, to->suite->count, sizeof *names);
    if (names == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for the names of problems");
    }
    for (size_t i = 0; i < to->suite->count; i++) {
        names[i] = to->suite->items[i].name;
    }
    status = tb_exec_assign(to->records, &to->request, to->facts.code == 0, names, to->suite->count,
                            &to->match, &to->failure);
    return status == TB_ENOMEM ? tb_fail(err, status, "%s", to->failure.message) : TB_OK;
}

/* Without --device it is the known one of the driver's name, if there is one. */
static tb_status name_device(session *to, tb_error *err)
{
    const tb_exec_device *device = tb_exec_find_device(to->records, &to->match);
    tb_status status = TB_OK;
    if (to->device == NULL && device != NULL) {
        status = tb_gpu_device_find(device->name, &to->known, err);
    }
    const tb_device *named = to->device != NULL ? to->device : to->known;
    to->facts.device = to->device;
    to->facts.device_name = named != NULL ? named->name : NULL;
    return status;
}

static tb_status make_profile(session *to, tb_error *err)
{
    tb_exec_facts *facts = &to->facts;
    facts->suite = to->suite;
    facts->records = to->records;
    facts->match = &to->match;
    facts->request = &to->request;
    facts->program = to->args->exec.command;
    facts->unassigned = to->failure.code != TB_OK ? to->failure.message : NULL;
    facts->kernel = to->kernel != NULL ? to->kernel->name : NULL;
    tb_status status = name_device(to, err);
    return status == TB_OK ? tb_exec_profile_create(facts, &to->profile, err) : status;
}

/* The table beside a profile in a file; else the profile itself, unless a format is asked for. */
static tb_status print_result(const session *of, tb_error *err)
{
    const tb_profile *profile = tb_exec_profile_get(of->profile);
    tb_output_args to_stdout = {.format = of->args->output.format};
    tb_buffer text = {0};
    tb_status status = TB_OK;
    if (of->args->output.path == NULL && !to_stdout.format.given) {
        tb_profile_print(profile, &text);
        return tb_output_text(&to_stdout, &text, err);
    }
    if (tb_output_format(&to_stdout) == TB_FORMAT_TABLE) {
        status = tb_view_exec_text(&text, &of->facts, profile, err);
        if (status == TB_OK) {
            return tb_output_text(&to_stdout, &text, err);
        }
        tb_buffer_free(&text);
        return status;
    }
    tb_document *doc = tb_document_create("measure", TB_VERSION);
    status = tb_view_exec_document(doc, &of->facts, profile, err);
    if (status != TB_OK) {
        tb_document_destroy(doc);
        return status;
    }
    return tb_output_document(&to_stdout, doc, profile->count > 0 ? "runs" : "kernels", err);
}

static tb_status write_result(const session *of, tb_error *err)
{
    tb_messages warnings = {0};
    tb_exec_notes doubts = {.arena = of->arena};
    tb_exec_note_doubts(&of->facts, &doubts);
    for (size_t i = 0; i < doubts.count; i++) {
        tb_messages_add(&warnings, "%s", doubts.text[i]);
    }
    tb_exec_notes_free(&doubts);
    if (of->match.kernels_per_launch > 1 && !of->args->exec.kernels_per_launch.given) {
        tb_messages_add(
            &warnings,
            "a launch was taken to be %lld kernels, as their names repeat: the profile's "
            "notes name them; say so with --kernels-per-launch",
            (long long)of->match.kernels_per_launch);
    }
    tb_output_warnings(&warnings);
    tb_status status =
        of->args->output.path != NULL
            ? tb_profile_write(tb_exec_profile_get(of->profile), of->args->output.path, err)
            : TB_OK;
    return status == TB_OK ? print_result(of, err) : status;
}

/* How the program ended comes first: it may be why there is nothing to assign. */
static tb_status judge(const session *of, tb_error *err)
{
    int code = of->facts.code;
    const tb_error *failure = &of->failure;
    if (code == 0) {
        return failure->code == TB_OK ? TB_OK : tb_fail(err, failure->code, "%s", failure->message);
    }
    if (code == CODE_NO_PROGRAM || code == CODE_NOT_RUN) {
        return tb_fail(err, TB_EIO, "the shell could not run the program (exit code %d): %.300s",
                       code, of->args->exec.command);
    }
    char how[64];
    (void)snprintf(how, sizeof how, code > SIGNAL_CODES ? "ended by signal %d" : "exit code %d",
                   code > SIGNAL_CODES ? code - SIGNAL_CODES : code);
    tb_status status = failure->code == TB_EUNAVAILABLE ? TB_EUNAVAILABLE : TB_EIO;
    return tb_fail(err, status,
                   "the program failed: %s%s%s; see what it printed (a program with a profiler of "
                   "its own fails beside ours)",
                   how, failure->code != TB_OK ? ", and " : "", failure->message);
}

static tb_status measure(session *of, tb_error *err)
{
    const char *collector = NULL;
    tb_status status = prepare(of, &collector, err);
    if (status == TB_OK) {
        status = tb_exec_run(of->args->exec.command, collector, of->records, &of->facts.code, err);
    }
    if (status == TB_OK) {
        status = assign(of, err);
    }
    if (status == TB_OK) {
        status = make_profile(of, err);
    }
    if (status == TB_OK) {
        status = write_result(of, err);
    }
    return status == TB_OK ? judge(of, err) : status;
}

tb_status tb_measure_exec(const tb_measure_args *args, tb_error *err)
{
    session of = {.args = args,
                  .arena = tb_arena_create(),
                  .request = {.pattern = args->exec.match,
                              .launches = args->exec.launches.value,
                              .warm_up = args->exec.warm_up.value,
                              .kernels_per_launch = args->exec.kernels_per_launch.value}};
    tb_status status = of.arena == NULL ? tb_fail(err, TB_ENOMEM, "no memory for a measurement")
                                        : measure(&of, err);
    release(&of);
    return status;
}
