#include "list_device.h"

#include "device.h"
#include "table.h"
#include "text.h"
#include "version.h"

#include <string.h>

static const char *const origin_words[] = {"unknown", "known", "assumed", "set"};

static void print_texts(tb_buffer *out, const char *title, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tb_buffer_printf(out, "%-9s %s\n", title, texts[i]);
    }
}

static bool is_from_base(const tb_device *device, size_t key)
{
    for (size_t i = 0; i < device->from_base_count; i++) {
        if (strcmp(device->from_base[i], tb_device_value_names[key]) == 0) {
            return true;
        }
    }
    return false;
}

/* What was measured, the base device's figure beside it. */
static void print_measured(const tb_device *device, tb_buffer *out)
{
    char numbers[4][32];
    tb_table table = tb_table_begin("lrrrr");
    if (device->measured_count == 0) {
        return;
    }
    tb_table_cell(&table, "measured%s", device->is_emulated ? " (emulated)" : "");
    tb_table_cell(&table, "median");
    tb_table_cell(&table, "low");
    tb_table_cell(&table, "high");
    tb_table_cell(&table, "published");
    for (size_t i = 0; i < device->measured_count; i++) {
        const tb_measured_fact *fact = &device->measured[i];
        tb_table_cell(&table, "%s", fact->name);
        tb_table_cell(&table, "%s", tb_text_shortest(fact->median, numbers[0]));
        tb_table_cell(&table, "%s", tb_text_shortest(fact->low, numbers[1]));
        tb_table_cell(&table, "%s", tb_text_shortest(fact->high, numbers[2]));
        tb_table_cell(&table, "%s",
                      fact->published > 0 ? tb_text_shortest(fact->published, numbers[3]) : "-");
    }
    tb_table_print(&table, out);
    tb_buffer_text(out, "\n");
}

static void print_device(const tb_device *device, tb_buffer *out)
{
    char number[32];
    tb_table table = tb_table_begin("lrl");
    tb_buffer_printf(out, "%s: %s\n\n", device->name, device->summary);
    tb_table_cell(&table, "value");
    tb_table_cell(&table, "number");
    tb_table_cell(&table, "origin");
    for (size_t i = 0; i < TB_DEVICE_KEY_COUNT; i++) {
        const tb_device_value *value = &device->values[i];
        bool unknown = value->origin == TB_VALUE_UNKNOWN;
        tb_table_cell(&table, "%s", tb_device_value_names[i]);
        tb_table_cell(&table, "%s", unknown ? "-" : tb_text_shortest(value->value, number));
        if (is_from_base(device, i) && device->base != NULL) {
            tb_table_cell(&table, "%s, of %s", origin_words[value->origin], device->base);
        } else {
            tb_table_cell(&table, "%s%s%s", origin_words[value->origin],
                          value->why != NULL ? ": " : "", value->why != NULL ? value->why : "");
        }
    }
    tb_table_print(&table, out);
    tb_buffer_text(out, "\n");
    print_measured(device, out);
    print_texts(out, "note", device->notes, device->note_count);
    print_texts(out, "doubtful", device->doubtful, device->doubtful_count);
    print_texts(out, "source", device->sources, device->source_count);
}

static tb_document *device_document(const tb_device *device)
{
    tb_document *doc = tb_document_create("list-device", TB_VERSION);
    tb_document_text(doc, "name", device->name);
    tb_document_text(doc, "summary", device->summary);
    tb_document_open_array(doc, "values");
    for (size_t i = 0; i < TB_DEVICE_KEY_COUNT; i++) {
        const tb_device_value *value = &device->values[i];
        tb_document_open_object(doc, NULL);
        tb_document_text(doc, "name", tb_device_value_names[i]);
        if (value->origin == TB_VALUE_UNKNOWN) {
            tb_document_null(doc, "value");
        } else {
            tb_document_double(doc, "value", value->value);
        }
        tb_document_text(doc, "origin", origin_words[value->origin]);
        tb_document_text(doc, "why", value->why);
        tb_document_bool(doc, "from_base", is_from_base(device, i));
        tb_document_close(doc);
    }
    tb_document_close(doc);
    return doc;
}

tb_status tb_list_device(const tb_output_args *output, const char *name, tb_error *err)
{
    tb_device *device = NULL;
    tb_status status = tb_device_load(name, &device, err);
    if (status != TB_OK) {
        return status;
    }
    if (tb_output_format(output) == TB_FORMAT_TABLE) {
        tb_buffer text = {0};
        print_device(device, &text);
        status = tb_output_text(output, &text, err);
    } else {
        status = tb_output_document(output, device_document(device), "values", err);
    }
    tb_device_destroy(device);
    return status;
}
