/* tilebound doctor: what works here, what does not, and what would help. */
#include "arena.h"
#include "backend.h"
#include "catalogue.h"
#include "census.h"
#include "commands.h"
#include "data_path.h"
#include "database.h"
#include "environment.h"
#include "gnuplot.h"
#include "gpu_doctor.h"
#include "init.h"
#include "known_data.h"
#include "output.h"
#include "table.h"
#include "version.h"
#include "yaml_doc.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef struct doctor_args {
    tb_output_args output;
} doctor_args;

#define AT(field) offsetof(doctor_args, field)

/* The findings as they are printed; `broken` counts what tilebound cannot do without. */
typedef struct doctor {
    tb_document *doc;
    tb_table table;
    size_t broken;
} doctor;

typedef enum finding { FOUND, MISSING, BROKEN, DOUBTFUL } finding;

static void report(doctor *to, const char *check, finding result, const char *detail,
                   const char *remedy)
{
    static const char *const words[] = {"ok", "missing", "broken", "doubtful"};
    to->broken += result == BROKEN;
    tb_document_open_object(to->doc, NULL);
    tb_document_text(to->doc, "check", check);
    tb_document_text(to->doc, "status", words[result]);
    tb_document_text(to->doc, "detail", detail);
    tb_document_text(to->doc, "remedy", result == FOUND ? NULL : remedy);
    tb_document_close(to->doc);
    tb_table_cell(&to->table, "%s", check);
    tb_table_cell(&to->table, "%s", words[result]);
    tb_table_cell(&to->table, "%s%s%s", detail, result == FOUND ? "" : "; ",
                  result == FOUND ? "" : remedy);
}

static const char *const data_remedy =
    "set TILEBOUND_DATA to a whole data folder, or install again";

/* Every data file of a kind must load. */
static void check_kind(doctor *to, tb_catalogue_kind kind, tb_arena *arena)
{
    tb_error err = {0};
    const char *const *names = NULL;
    size_t count = 0;
    char detail[1400];
    tb_status status = tb_catalogue_names(kind, arena, &names, &count, &err);
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        char summary[256];
        status = tb_known_summary(kind, names[i], summary, &err);
    }
    if (status == TB_OK) {
        (void)snprintf(detail, sizeof detail, count > 0 ? "%zu known, all readable" : "%zu found",
                       count);
    } else {
        if (err.line > 0) {
            (void)snprintf(detail, sizeof detail, "%s:%d:%d: %s", err.file, err.line, err.column,
                           err.message);
        } else {
            (void)snprintf(detail, sizeof detail, "%s: %s", err.file, err.message);
        }
    }
    report(to, tb_catalogue[kind].plural, status == TB_OK && count > 0 ? FOUND : BROKEN, detail,
           data_remedy);
}

static void check_data(doctor *to, tb_arena *arena)
{
    tb_error err = {0};
    const char *root = NULL;
    if (tb_data_root(arena, &root, &err) != TB_OK) {
        report(to, "data", BROKEN, err.message, data_remedy);
        return;
    }
    report(to, "data", FOUND, root, NULL);
    for (int kind = 0; kind < TB_CATALOGUE_COUNT; kind++) {
        check_kind(to, (tb_catalogue_kind)kind, arena);
    }
}

static void check_libraries(doctor *to)
{
    char detail[256];
    (void)snprintf(detail, sizeof detail, "GSL %s, libyaml %s, jansson %s, SQLite %s",
                   tb_gsl_version(), tb_yaml_library_version(), tb_json_library_version(),
                   tb_database_library_version());
    report(to, "libraries", FOUND, detail, NULL);
    (void)snprintf(detail, sizeof detail, "%d for the census by rows (OMP_NUM_THREADS changes it)",
                   tb_census_threads());
    report(to, "threads", FOUND, detail, NULL);
}

static void check_gnuplot(doctor *to)
{
    char version[128];
    bool found = tb_gnuplot_version(version);
    report(to, "gnuplot", found ? FOUND : MISSING, found ? version : "not on the PATH",
           "charts need it: apt install gnuplot-nox");
}

/* A message of the form "what is wrong; what would help". */
static void report_message(doctor *to, const char *check, finding result, const char *message)
{
    char detail[768];
    const char *split = strchr(message, ';');
    int length = split != NULL ? (int)(split - message) : (int)strlen(message);
    (void)snprintf(detail, sizeof detail, "%.*s", length, message);
    report(to, check, result, detail, split != NULL ? split + 2 : "nothing is known to help");
}

/* What a backend runs on here, or why it does not. */
static void check_backends(doctor *to)
{
    for (size_t i = 0; i < TB_BACKEND_COUNT; i++) {
        const tb_backend *backend = tb_backends[i];
        tb_device_facts facts;
        tb_error err = {0};
        char check[64], detail[256];
        (void)snprintf(check, sizeof check, "backend %s", backend->name);
        if (backend->available(&err) != TB_OK || backend->facts(false, &facts, &err) != TB_OK) {
            report_message(to, check, MISSING, err.message);
            continue;
        }
        (void)snprintf(detail, sizeof detail, "%s, %s, %d %s", facts.name, facts.isa, facts.cores,
                       backend->is_gpu ? "SMs" : "threads");
        report(to, check, FOUND, detail, NULL);
    }
}

/* What of a GPU and CUDA is here; without any is a usual machine too. */
static void check_gpu(doctor *to)
{
    tb_gpu_finding findings[TB_GPU_FINDINGS_MAX];
    size_t count = tb_gpu_doctor("", findings);
    for (size_t i = 0; i < count; i++) {
        if (findings[i].is_found) {
            report(to, findings[i].part, FOUND, findings[i].text, NULL);
        } else {
            report_message(to, findings[i].part, MISSING, findings[i].text);
        }
    }
}

/* Can times taken here be trusted? One line says so, or one a doubt. */
static void check_timing(doctor *to, tb_arena *arena)
{
    tb_environment environment;
    tb_messages doubts = {0};
    tb_error err = {0};
    char detail[256];
    if (tb_environment_read("", TB_VERSION, arena, &environment, &err) != TB_OK) {
        report_message(to, "clocks", DOUBTFUL, err.message);
        return;
    }
    (void)snprintf(detail, sizeof detail, "governor %s, turbo %s, virtual machine: %s",
                   environment.governor != NULL ? environment.governor : "not readable",
                   environment.turbo != NULL ? environment.turbo : "not readable",
                   environment.virtual_machine != NULL ? environment.virtual_machine
                                                       : "not readable");
    report(to, "clocks", FOUND, detail, NULL);
    tb_environment_doubts("", &environment, &doubts);
    for (size_t i = 0; i < doubts.count; i++) {
        report_message(to, "timing", DOUBTFUL, doubts.text[i]);
    }
    if (doubts.count == 0) {
        report(to, "timing", FOUND, "nothing that is readable speaks against times taken here",
               NULL);
    }
}

static tb_status print(const doctor_args *args, doctor *from, tb_error *err)
{
    tb_document_close(from->doc);
    if (from->doc != NULL) {
        tb_buffer_free(&from->table.cells);
        return tb_output_document(&args->output, from->doc, "checks", err);
    }
    tb_buffer text = {0};
    tb_table_print(&from->table, &text);
    return tb_output_text(&args->output, &text, err);
}

static tb_status run(const void *arguments, const char *const *positional, tb_error *err)
{
    const doctor_args *args = arguments;
    (void)positional;
    tb_arena *arena = tb_arena_create();
    if (arena == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for the checks");
    }
    doctor findings = {.table = tb_table_begin("lll")};
    if (tb_output_format(&args->output) != TB_FORMAT_TABLE) {
        findings.doc = tb_document_create("doctor", TB_VERSION);
        tb_document_open_array(findings.doc, "checks");
    }
    tb_table_cell(&findings.table, "check");
    tb_table_cell(&findings.table, "status");
    tb_table_cell(&findings.table, "detail");
    report(&findings, "tilebound", FOUND, TB_VERSION, NULL);
    check_libraries(&findings);
    check_data(&findings, arena);
    check_gnuplot(&findings);
    check_backends(&findings);
    check_gpu(&findings);
    check_timing(&findings, arena);
    tb_status status = print(args, &findings, err);
    tb_arena_destroy(arena);
    if (status == TB_OK && findings.broken > 0) {
        return tb_fail(err, TB_EFILE, "%zu checks found something broken", findings.broken);
    }
    return status;
}

static const tb_option_group groups[] = {
    {"Output", tb_output_options, TB_OUTPUT_OPTION_COUNT, AT(output)}};

static const tb_example examples[] = {
    {"tilebound doctor", "what works on this machine"},
    {"tilebound doctor --format json", "the same for a program"},
};

const tb_command tb_cmd_doctor = {
    .name = "doctor",
    .group = "know",
    .summary = "what works here, what does not, and what would help",
    .description =
        "Checks the libraries, the data files and the tools that tilebound uses. Exits 3 when a\n"
        "data file is broken; a missing tool, and what makes times measured here doubtful, is "
        "only\n"
        "reported.",
    .groups = groups,
    .group_count = 1,
    .examples = examples,
    .example_count = sizeof examples / sizeof *examples,
    .args_size = sizeof(doctor_args),
    .run = run,
};
