/* All that reads foreign files, behind one libFuzzer entry: the first byte says which reader. */
#include "csv_doc.h"
#include "cupti_layout.h"
#include "exec_match.h"
#include "kernel_records.h"
#include "natten_command.h"
#include "natten_import.h"
#include "npy.h"
#include "pbm.h"
#include "profile.h"
#include "profile_csv.h"
#include "text.h"
#include "yaml_doc.h"
#include "yaml_write.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t length);

/* Something wrong that is no crash: make it one. */
static void require(bool right)
{
    if (!right) {
        abort();
    }
}

/* An error must say something, on one line, in a place that the file has. */
static void check_error(tb_status status, const tb_error *err, size_t length)
{
    require(status == TB_EFILE && err->code == status);
    require(err->message[0] != '\0' && strchr(err->message, '\n') == NULL);
    require(err->line >= 0 && err->column >= 0);
    require((size_t)err->line <= length + 2 && (size_t)err->column <= length + 2);
}

static const char *const keys[] = {"schema", "problem", "layout", "window", "stride", NULL};

/* Ask every getter of a node; each succeeds or complains. */
static void ask(const tb_yaml_node *node, size_t length)
{
    tb_error err;
    int64_t integers[4], integer;
    bool booleans[4], boolean;
    double number;
    const char *text;
    size_t count, choice;
    const tb_yaml_node *value;
    const tb_status statuses[] = {
        tb_yaml_check_keys(node, keys, &err),
        tb_yaml_need(node, "layout", &value, &err),
        tb_yaml_int(node, -72, 96, &integer, &err),
        tb_yaml_double(node, 0, HUGE_VAL, &number, &err),
        tb_yaml_bool(node, &boolean, &err),
        tb_yaml_text(node, &text, &err),
        tb_yaml_choice(node, keys, 5, &choice, &err),
        tb_yaml_int_list(node, 4, 1, INT64_MAX, integers, &count, &err),
        tb_yaml_bool_list(node, 4, booleans, &count, &err),
    };
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        require(statuses[i] == TB_OK || statuses[i] == TB_EFILE);
    }
    check_error(tb_yaml_fail(node, &err, "here"), &err, length);
}

static void walk(const tb_yaml_node *node, size_t depth, size_t length)
{
    require(depth <= TB_YAML_MAX_DEPTH);
    ask(node, length);
    for (size_t i = 0; i < tb_yaml_count(node); i++) {
        if (tb_yaml_is_map(node)) {
            ask(tb_yaml_key_node(node, i), length);
            const tb_yaml_node *value = tb_yaml_get(node, tb_yaml_key(node, i));
            require(value == NULL || value == tb_yaml_item(node, i)); /* keys are unique */
        }
        walk(tb_yaml_item(node, i), depth + 1, length);
    }
}

/* Both are the same tree, places aside. */
static void check_same(const tb_yaml_node *a, const tb_yaml_node *b)
{
    const char *left = NULL, *right = NULL;
    require(tb_yaml_is_map(a) == tb_yaml_is_map(b) && tb_yaml_is_list(a) == tb_yaml_is_list(b) &&
            tb_yaml_is_scalar(a) == tb_yaml_is_scalar(b) && tb_yaml_count(a) == tb_yaml_count(b));
    if (tb_yaml_is_scalar(a)) {
        require(tb_yaml_text(a, &left, NULL) == TB_OK && tb_yaml_text(b, &right, NULL) == TB_OK &&
                strcmp(left, right) == 0);
    }
    for (size_t i = 0; i < tb_yaml_count(a); i++) {
        require(!tb_yaml_is_map(a) || strcmp(tb_yaml_key(a, i), tb_yaml_key(b, i)) == 0);
        check_same(tb_yaml_item(a, i), tb_yaml_item(b, i));
    }
}

/* What is written of a tree reads back as that tree. */
static void check_written(const tb_yaml *doc)
{
    tb_buffer text = {0};
    tb_yaml *again = NULL;
    tb_yaml_write(&text, doc);
    require(!text.failed);
    require(tb_yaml_parse(text.data, text.length, "written", &again, NULL) == TB_OK);
    check_same(tb_yaml_root(doc), tb_yaml_root(again));
    tb_yaml_destroy(again);
    tb_buffer_free(&text);
}

static void try_yaml(const unsigned char *data, size_t length)
{
    tb_error err;
    tb_yaml *doc = NULL;
    tb_status status = tb_yaml_parse((const char *)data, length, "input", &doc, &err);
    if (status != TB_OK) {
        check_error(status, &err, length);
        return;
    }
    require(tb_yaml_bytes(doc) <= 40 * length + 16384);
    if (tb_yaml_is_map(tb_yaml_root(doc)) && tb_yaml_count(tb_yaml_root(doc)) > 0) {
        check_written(doc);
    }
    status = tb_yaml_check_schema(doc, "problem", &err);
    require(status == TB_OK || status == TB_EFILE);
    walk(tb_yaml_root(doc), 0, length);
    tb_yaml_destroy(doc);
}

/* Bits past each row's end stay zero, and a matrix is no larger than eight times its file. */
static void check_mask(tb_status status, tb_bit_matrix *matrix, const tb_error *err, size_t length)
{
    if (status != TB_OK) {
        require(matrix == NULL);
        check_error(status, err, length);
        return;
    }
    for (int64_t r = 0; r < matrix->rows; r++) {
        require(!tb_bits_any(tb_bit_matrix_row(matrix, r), matrix->cols, matrix->row_words * 64));
    }
    require((size_t)(matrix->rows * matrix->row_words) <= length);
    tb_bit_matrix_destroy(matrix);
}

static void try_npy(const unsigned char *data, size_t length)
{
    tb_error err;
    tb_bit_matrix *matrix = NULL;
    tb_file_bytes bytes = {.data = data, .length = length};
    tb_status status = tb_npy_parse_bits(bytes, "input", &matrix, &err);
    check_mask(status, matrix, &err, length);
}

static void try_pbm(const unsigned char *data, size_t length)
{
    tb_error err;
    tb_bit_matrix *matrix = NULL;
    tb_file_bytes bytes = {.data = data, .length = length};
    tb_status status = tb_pbm_parse_bits(bytes, "input", &matrix, &err);
    check_mask(status, matrix, &err, length);
}

/* A number that is read is written in a form that reads back. */
static void try_text(const unsigned char *data, size_t length)
{
    char text[256], shortest[32];
    size_t kept = length < sizeof text ? length : sizeof text - 1, count;
    int64_t integers[4];
    double number, again;
    memcpy(text, data, kept);
    text[kept] = '\0';
    (void)tb_text_int_list(text, 4, integers, &count);
    (void)tb_text_nearest(text, keys, 5);
    for (size_t at = 0, step; (step = tb_text_utf8_step(text + at)) != 0; at += step) {
        require(at + step <= kept);
    }
    if (tb_text_double(text, &number)) {
        require(tb_text_double(tb_text_shortest(number, shortest), &again) && again == number);
    }
}

static void try_csv(const unsigned char *data, size_t length)
{
    tb_error err;
    tb_csv *table = NULL;
    tb_yaml *tree = NULL;
    tb_profile *profile = NULL;
    tb_status status = tb_csv_parse((const char *)data, length, "input", &table, &err);
    if (status != TB_OK) {
        check_error(status, &err, length);
        return;
    }
    require((tb_csv_rows(table) + 1) * tb_csv_columns(table) <= length + 1);
    status = tb_profile_csv_tree(table, "input", &tree, &err);
    if (status != TB_OK) {
        check_error(status, &err, length);
    } else {
        check_written(tree);
        status = tb_profile_from_tree(tree, "input", &profile, &err);
        require(status == TB_OK || status == TB_EFILE || status == TB_EINVAL);
        tb_profile_destroy(profile);
    }
    tb_csv_destroy(table);
}

static void try_natten(const unsigned char *data, size_t length)
{
    tb_error err;
    tb_natten_output *output = NULL;
    tb_status status = tb_natten_parse((const char *)data, length, "input", &output, &err);
    if (status != TB_OK) {
        check_error(status, &err, length);
        return;
    }
    require(output->count > 0);
    for (size_t i = 0; i < output->count; i++) {
        const tb_natten_table *table = &output->tables[i];
        tb_case item = tb_natten_default_case();
        bool backprop;
        item.problem.layout = (tb_layout){.rank = 1, .extent = {96}};
        if (table->command != NULL) {
            status = tb_natten_read_command(output, table, &item, &backprop, &err);
            require(status == TB_OK || status == TB_EFILE);
        }
        tb_device device = {.name = "fuzz", .compute_capability = 90};
        tb_natten_setup setup = {.item = &item, .device = &device, .id = "run"};
        tb_natten_runs runs;
        status = tb_natten_interpret(output, table, &setup, &runs, &err);
        require(status == TB_OK || status == TB_EFILE);
        require(status != TB_OK || runs.has_forward || runs.has_backward);
    }
    tb_natten_output_destroy(output);
}

/* A CUPTI whose iterator goes by the lengths of kinds, or where the input says. */
typedef struct records_input {
    const unsigned char *data;
    size_t length, calls;
    uint32_t version;
    bool is_wild;
} records_input;

static bool next_input_record(unsigned char *buffer, size_t bytes, unsigned char **record,
                              void *user, bool *failed)
{
    records_input *in = user;
    uint32_t kind = 0;
    size_t at = 0;
    in->calls++;
    if (in->is_wild) { /* a signed step, in units that make it leave the buffer too */
        signed char step = (signed char)in->data[in->calls % in->length];
        *record = (unsigned char *)((uintptr_t)buffer + (uintptr_t)((ptrdiff_t)step * 36));
        *failed = step == -1;
        return step != 0 && step != -1;
    }
    if (*record != NULL) {
        memcpy(&kind, *record, sizeof kind);
        at = (size_t)(*record - buffer) + (kind == TB_CUPTI_KIND_KERNEL
                                               ? tb_cupti_kernel_bytes(in->version)
                                               : sizeof(tb_cupti_external));
    }
    *record = at < bytes ? buffer + at : *record;
    return at < bytes;
}

/* An address is a place in the input, so that names are anything. */
static bool input_name(uint64_t address, char *text, size_t capacity, void *user)
{
    const records_input *in = user;
    size_t at = (size_t)(address % in->length), left = in->length - at;
    size_t kept = left < capacity ? left : capacity;
    memcpy(text, in->data + at, kept);
    return memchr(text, '\0', kept) != NULL || kept == capacity;
}

static void check_records(tb_kernel_records *records)
{
    const tb_kernel_record *out[64];
    int64_t faults[TB_RECORD_FAULT_COUNT];
    tb_kernel_records_link(records);
    require(records->orphans >= 0 && (size_t)records->orphans <= records->count);
    for (size_t i = 0; i < records->count; i++) {
        require(strlen(records->all[i].name) < TB_KERNEL_NAME_MAX);
    }
    uint64_t first = records->count > 0 ? records->all[0].external : 72;
    if (tb_kernel_records_match(records, first, 2, 96000, out) == TB_RECORDS_GOOD) {
        require(out[0]->external == first && out[1]->external == first + 1);
        require(out[0]->end_ns <= out[1]->start_ns && out[1]->start_ns < out[1]->end_ns);
    }
    require(records->count <= 64);
    size_t count = tb_kernel_records_by_start(records, out, faults);
    for (size_t i = 1; i < count; i++) {
        require(out[i - 1]->start_ns <= out[i]->start_ns);
    }
}

/* The first byte: bit 0 is CUPTI 13, bit 1 a wild iterator. The buffer is a copy of exactly its
 * length, which readers could write to. */
static void try_records(const unsigned char *data, size_t length)
{
    if (length < 2) {
        return;
    }
    tb_kernel_records records = {0};
    size_t bytes = length - 1 < 8192 ? length - 1 : 8192;
    unsigned char *buffer = malloc(bytes);
    require(buffer != NULL);
    memcpy(buffer, data + 1, bytes);
    records_input in = {.data = data,
                        .length = length,
                        .version = (data[0] & 1) != 0 ? TB_CUPTI_13 : TB_CUPTI_OLDEST,
                        .is_wild = (data[0] & 2) != 0};
    const tb_record_reader reader = {
        .version = in.version, .next = next_input_record, .name = input_name, .user = &in};
    require(tb_kernel_records_read(&records, buffer, bytes, &reader, NULL) == TB_OK);
    require(in.calls <= bytes / TB_CUPTI_RECORD_MIN + 2);
    free(buffer); /* nothing of it is kept */
    check_records(&records);
    tb_kernel_records_free(&records);
}

/* What is assigned is there, and each problem has its own. */
static void check_assigned(const tb_exec_records *records, tb_exec_match *match)
{
    static const char *const names[] = {"a", "b"};
    const tb_exec_request request = {.pattern = "a|f"};
    tb_error err;
    tb_status status = tb_exec_assign(records, &request, true, names, 2, match, &err);
    require(status == TB_OK || status == TB_EINVAL);
    for (size_t i = 0; i < match->series_count; i++) {
        const tb_exec_series *series = &match->series[i];
        require(series->first + series->kernels <= match->matched_count);
        require(series->count <= series->kernels);
        for (size_t k = 0; k < series->count; k++) {
            require(series->samples_us[k] > 0);
        }
    }
}

/* What the collector writes. */
static void try_exec(const unsigned char *data, size_t length)
{
    tb_exec_records *records = NULL;
    tb_exec_match match;
    tb_error err;
    require(tb_exec_records_create(&records, NULL) == TB_OK);
    tb_status status = tb_exec_records_parse(records, (const char *)data, length, "fuzz", &err);
    if (status != TB_OK) {
        check_error(status, &err, length);
    }
    require(tb_exec_records_order(records, NULL) == TB_OK);
    require(tb_exec_match_names(records, "a|f", &match, NULL) == TB_OK);
    require(match.matched_count <= records->count);
    check_assigned(records, &match);
    tb_exec_match_free(&match);
    tb_exec_records_destroy(records);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t length)
{
    static void (*const readers[])(const unsigned char *, size_t) = {
        try_yaml, try_npy, try_pbm, try_text, try_csv, try_natten, try_records, try_exec};
    if (length > 0) {
        readers[data[0] % (sizeof readers / sizeof readers[0])](data + 1, length - 1);
    }
    return 0;
}
