/* tilebound doctor: what works here, what does not, and what would help. */
#include "arena.h"
#include "catalogue.h"
#include "census.h"
#include "commands.h"
#include "data_path.h"
#include "gnuplot.h"
#include "init.h"
#include "known_data.h"
#include "output.h"
#include "table.h"
#include "version.h"
#include "yaml_doc.h"

#include <stddef.h>
#include <stdio.h>

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

typedef enum finding { FOUND, MISSING, BROKEN } finding;

static void report(doctor *to, const char *check, finding result, const char *detail,
                   const char *remedy)
{
    static const char *const words[] = {"ok", "missing", "broken"};
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
    (void)snprintf(detail, sizeof detail, "GSL %s, libyaml %s, jansson %s", tb_gsl_version(),
                   tb_yaml_library_version(), tb_json_library_version());
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
           "charts will need it: apt install gnuplot-nox");
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
        "data file is broken; a missing tool is only reported.",
    .groups = groups,
    .group_count = 1,
    .examples = examples,
    .example_count = sizeof examples / sizeof *examples,
    .args_size = sizeof(doctor_args),
    .run = run,
};
