/* tilebound list: what is known: kernels, devices, networks, suites, profiles, patterns; one of
 * them; its YAML. */
#include "arena.h"
#include "catalogue.h"
#include "chart.h"
#include "commands.h"
#include "file.h"
#include "known_data.h"
#include "list_device.h"
#include "list_kernel.h"
#include "list_link.h"
#include "list_mechanism.h"
#include "list_network.h"
#include "list_pattern.h"
#include "list_profile.h"
#include "output.h"
#include "predict_view.h"
#include "suite.h"
#include "table.h"
#include "text.h"
#include "version.h"

#include <stddef.h>
#include <string.h>

typedef struct list_args {
    tb_output_args output;
    bool raw;
    bool names;
} list_args;

#define AT(field)      offsetof(list_args, field)
#define MAX_DATA_BYTES ((size_t)64 << 20)

static const char *const topics[] = {"kernels",    "networks", "suites",   "devices", "profiles",
                                     "mechanisms", "links",    "patterns", "charts"};

#define TOPIC_COUNT    (sizeof topics / sizeof *topics)
#define TOPIC_PATTERNS 7 /* the topics before it are the catalogue's kinds, in its order */
#define TOPIC_CHARTS   8

static const tb_option what_options[] = {
    {"raw", '\0', TB_OPTION_FLAG, NULL, "the YAML file of NAME, to copy and change", AT(raw), 0, 0,
     NULL, 0},
    {"names", '\0', TB_OPTION_FLAG, NULL, "only the names, one a line", AT(names), 0, 0, NULL, 0},
};

/* A list being printed in one of the formats. */
typedef struct list_printer {
    const list_args *args;
    const char *topic;
    tb_document *doc;
    tb_table table;
    tb_buffer names;
} list_printer;

static void begin_list(list_printer *printer, const list_args *args, const char *topic)
{
    *printer = (list_printer){.args = args, .topic = topic, .table = tb_table_begin("ll")};
    if (tb_output_format(&args->output) != TB_FORMAT_TABLE) {
        printer->doc = tb_document_create("list", TB_VERSION);
        tb_document_text(printer->doc, "topic", topic);
        tb_document_open_array(printer->doc, "results");
    }
    tb_table_cell(&printer->table, "%s", topic);
    tb_table_cell(&printer->table, "summary");
}

static void add_entry(list_printer *printer, const char *name, const char *summary)
{
    tb_document_open_object(printer->doc, NULL);
    tb_document_text(printer->doc, "name", name);
    tb_document_text(printer->doc, "summary", summary);
    tb_document_close(printer->doc);
    tb_table_cell(&printer->table, "%s", name);
    tb_table_cell(&printer->table, "%s", summary);
    tb_buffer_printf(&printer->names, "%s\n", name);
}

static tb_status end_list(list_printer *printer, tb_status status, tb_error *err)
{
    tb_buffer text = {0};
    tb_document_close(printer->doc);
    if (status != TB_OK) {
        tb_document_destroy(printer->doc);
        tb_buffer_free(&printer->table.cells);
    } else if (printer->args->names) {
        tb_document_destroy(printer->doc);
        tb_buffer_free(&printer->table.cells);
        return tb_output_text(&printer->args->output, &printer->names, err);
    } else if (printer->doc != NULL) {
        tb_buffer_free(&printer->table.cells);
        status = tb_output_document(&printer->args->output, printer->doc, "results", err);
    } else {
        tb_table_print(&printer->table, &text);
        status = tb_output_text(&printer->args->output, &text, err);
    }
    tb_buffer_free(&printer->names);
    return status;
}

static tb_status list_catalogue(const list_args *args, tb_catalogue_kind kind, tb_error *err)
{
    const char *const *names = NULL;
    size_t count = 0;
    tb_arena *arena = tb_arena_create();
    if (arena == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a list");
    }
    list_printer printer;
    tb_status status = tb_catalogue_names(kind, arena, &names, &count, err);
    begin_list(&printer, args, tb_catalogue[kind].plural);
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        char summary[256] = "";
        if (!args->names) {
            status = tb_known_summary(kind, names[i], summary, err);
        }
        add_entry(&printer, names[i], summary);
    }
    status = end_list(&printer, status, err);
    tb_arena_destroy(arena);
    return status;
}

static tb_status list_patterns(const list_args *args, tb_error *err)
{
    list_printer printer;
    begin_list(&printer, args, topics[TOPIC_PATTERNS]);
    for (size_t i = 0; i < TB_PATTERN_COUNT; i++) {
        if (tb_pattern_types[i] != NULL) {
            add_entry(&printer, tb_pattern_types[i]->name, tb_pattern_types[i]->summary);
        }
    }
    return end_list(&printer, TB_OK, err);
}

static tb_status list_charts(const list_args *args, tb_error *err)
{
    list_printer printer;
    begin_list(&printer, args, topics[TOPIC_CHARTS]);
    for (size_t i = 0; i < tb_chart_count; i++) {
        add_entry(&printer, tb_charts[i]->name, tb_charts[i]->summary);
    }
    return end_list(&printer, TB_OK, err);
}

/* The file of a name; a device's may be an alias. */
static tb_status find_file(tb_catalogue_kind kind, const char *name, tb_arena *arena,
                           const char **path, tb_error *err)
{
    tb_status status = tb_catalogue_find(kind, name, arena, path, err);
    if (status != TB_EINVAL || kind != TB_CATALOGUE_DEVICE) {
        return status;
    }
    tb_device *device = NULL;
    status = tb_device_load(name, &device, err);
    if (status == TB_OK) {
        status = tb_catalogue_find(kind, device->name, arena, path, err);
    }
    tb_device_destroy(device);
    return status;
}

static tb_status list_raw(const list_args *args, tb_catalogue_kind kind, const char *name,
                          tb_error *err)
{
    const char *path = NULL;
    tb_file_bytes bytes = {0};
    tb_arena *arena = tb_arena_create();
    if (arena == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a path");
    }
    tb_status status = find_file(kind, name, arena, &path, err);
    if (status == TB_OK) {
        status = tb_file_read(path, MAX_DATA_BYTES, &bytes, err);
    }
    if (status == TB_OK) {
        tb_buffer text = {0};
        tb_buffer_append(&text, bytes.data, bytes.length);
        status = tb_output_text(&args->output, &text, err);
    }
    tb_file_release(&bytes);
    tb_arena_destroy(arena);
    return status;
}

static tb_status show_suite(const list_args *args, const char *name, tb_error *err)
{
    tb_suite *suite = NULL;
    tb_status status = tb_suite_load(name, &suite, err);
    if (status != TB_OK) {
        return status;
    }
    list_printer printer;
    begin_list(&printer, args, "problems");
    for (size_t i = 0; i < suite->count; i++) {
        const tb_case *item = &suite->items[i].item;
        char layout[96], pattern[256];
        tb_buffer words = {0};
        tb_buffer_printf(
            &words, "%s %s",
            tb_view_dims(item->problem.layout.extent, item->problem.layout.rank, layout),
            tb_view_pattern(&item->pattern, item->problem.layout.rank, pattern));
        add_entry(&printer, suite->items[i].name, words.data);
        tb_buffer_free(&words);
    }
    status = end_list(&printer, TB_OK, err);
    tb_suite_destroy(suite);
    return status;
}

static tb_status show_one(const list_args *args, size_t topic, const char *name, tb_error *err)
{
    if (topic == TOPIC_PATTERNS && !args->raw) {
        return tb_list_pattern(&args->output, name, err);
    }
    if (topic >= TOPIC_PATTERNS) {
        return tb_fail(err, TB_EINVAL, "%s have no pages of their own; leave '%s' out",
                       topics[topic], name);
    }
    if (args->raw) {
        return list_raw(args, (tb_catalogue_kind)topic, name, err);
    }
    switch ((tb_catalogue_kind)topic) {
    case TB_CATALOGUE_KERNEL:
        return tb_list_kernel(&args->output, name, err);
    case TB_CATALOGUE_NETWORK:
        return tb_list_network(&args->output, name, err);
    case TB_CATALOGUE_DEVICE:
        return tb_list_device(&args->output, name, err);
    case TB_CATALOGUE_LINK:
        return tb_list_link(&args->output, name, err);
    case TB_CATALOGUE_PROFILE:
        return tb_list_profile(&args->output, name, err);
    case TB_CATALOGUE_MECHANISM:
        return tb_list_mechanism(&args->output, name, err);
    default:
        return show_suite(args, name, err);
    }
}

static tb_status find_topic(const char *word, size_t *topic, tb_error *err)
{
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        if (strcmp(word, topics[i]) == 0) {
            *topic = i;
            return TB_OK;
        }
    }
    const char *nearest = tb_text_nearest(word, topics, TOPIC_COUNT);
    return nearest != NULL
               ? tb_fail(err, TB_EINVAL, "nothing known of '%s'; did you mean '%s'?", word, nearest)
               : tb_fail(err, TB_EINVAL,
                         "nothing known of '%s'; ask for kernels, devices, networks, suites, "
                         "profiles, mechanisms, links, patterns or charts",
                         word);
}

static tb_status run(const void *arguments, const char *const *positional, tb_error *err)
{
    const list_args *args = arguments;
    size_t topic = 0;
    tb_status status = find_topic(positional[0], &topic, err);
    if (status != TB_OK) {
        return status;
    }
    if (positional[1] != NULL && args->names) {
        return tb_fail(err, TB_EINVAL, "--names lists all of a kind; leave '%s' out",
                       positional[1]);
    }
    if (args->raw && (positional[1] == NULL || args->output.format.given)) {
        return tb_fail(err, TB_EINVAL, "--raw prints the YAML of one NAME, without --format");
    }
    if (positional[1] != NULL) {
        return show_one(args, topic, positional[1], err);
    }
    if (topic == TB_CATALOGUE_MECHANISM && !args->names) {
        return tb_list_mechanisms(&args->output, err);
    }
    return topic == TOPIC_CHARTS     ? list_charts(args, err)
           : topic == TOPIC_PATTERNS ? list_patterns(args, err)
                                     : list_catalogue(args, (tb_catalogue_kind)topic, err);
}

static const tb_option_group groups[] = {
    {"What to print", what_options, sizeof what_options / sizeof *what_options, 0},
    {"Output", tb_output_options, TB_OUTPUT_OPTION_COUNT, AT(output)},
};

static const tb_example examples[] = {
    {"tilebound list kernels", "the kernels whose tile shapes are known"},
    {"tilebound list kernels cutlass-hopper-fna", "one kernel with all its tile shapes"},
    {"tilebound list kernels flex-fna --raw", "its YAML, to copy and change"},
    {"tilebound list devices h100-sxm", "one device with every value and its source"},
    {"tilebound list networks hunyuanvideo", "a network's facts with their sources"},
    {"tilebound list patterns strided", "one kind of pattern with its parameters"},
    {"tilebound list profiles natten-h100", "the measured runs of a source"},
    {"tilebound list mechanisms minference", "a method's parameters, stages and claims"},
};

const tb_command tb_cmd_list = {
    .name = "list",
    .group = "know",
    .summary =
        "what is known: kernels, devices, networks, suites, profiles, mechanisms, links, patterns, "
        "charts",
    .positional = "KIND [NAME]",
    .words = topics,
    .word_count = TOPIC_COUNT,
    .description =
        "KIND is one of kernels, devices, networks, suites, profiles, mechanisms, links, patterns, "
        "charts. With a NAME (or\nthe path of a YAML file) it shows that one with its sources; "
        "--raw "
        "prints the file itself.",
    .groups = groups,
    .group_count = sizeof groups / sizeof *groups,
    .examples = examples,
    .example_count = sizeof examples / sizeof *examples,
    .args_size = sizeof(list_args),
    .positional_min = 1,
    .positional_max = 2,
    .run = run,
};
