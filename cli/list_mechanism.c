#include "list_mechanism.h"

#include "arena.h"
#include "catalogue.h"
#include "mechanism.h"
#include "table.h"
#include "text.h"
#include "version.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* By family, then phase, then name. */
static int compare(const void *a, const void *b)
{
    const tb_mechanism *const *left = a, *const *right = b;
    int family = strcmp((*left)->family, (*right)->family);
    if (family != 0) {
        return family;
    }
    if ((*left)->phase != (*right)->phase) {
        return (*left)->phase < (*right)->phase ? -1 : 1;
    }
    return strcmp((*left)->name, (*right)->name);
}

static tb_status load_all(tb_arena *arena, tb_mechanism ***out, size_t *count, tb_error *err)
{
    const char *const *names = NULL;
    size_t all = 0;
    tb_status status = tb_catalogue_names(TB_CATALOGUE_MECHANISM, arena, &names, &all, err);
    *out = status == TB_OK ? tb_arena_array(arena, all + 1, sizeof **out) : NULL;
    if (status == TB_OK && *out == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a list");
    }
    for (size_t i = 0; status == TB_OK && i < all; i++) {
        status = tb_mechanism_load(names[i], &(*out)[i], err);
        *count += status == TB_OK;
    }
    if (status == TB_OK) {
        qsort(*out, *count, sizeof **out, compare);
    }
    return status;
}

static tb_document *list_document(tb_mechanism *const *list, size_t count)
{
    tb_document *doc = tb_document_create("list", TB_VERSION);
    tb_document_text(doc, "topic", "mechanisms");
    tb_document_open_array(doc, "results");
    for (size_t i = 0; i < count; i++) {
        tb_document_open_object(doc, NULL);
        tb_document_text(doc, "name", list[i]->name);
        tb_document_text(doc, "summary", list[i]->summary);
        tb_document_text(doc, "family", list[i]->family);
        tb_document_text(doc, "phase", tb_phase_names[list[i]->phase]);
        tb_document_int(doc, "rank", list[i]->rank);
        tb_document_close(doc);
    }
    tb_document_close(doc);
    return doc;
}

static void list_text(tb_mechanism *const *list, size_t count, tb_buffer *out)
{
    static const char *const heads[] = {"family", "phase", "mechanism", "summary"};
    tb_table table = tb_table_begin("llll");
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        tb_table_cell(&table, "%s", heads[i]);
    }
    for (size_t i = 0; i < count; i++) {
        bool same = i > 0 && strcmp(list[i]->family, list[i - 1]->family) == 0;
        tb_table_cell(&table, "%s", same ? "" : list[i]->family);
        tb_table_cell(&table, "%s", tb_phase_names[list[i]->phase]);
        tb_table_cell(&table, "%s", list[i]->name);
        tb_table_cell(&table, "%s", list[i]->summary);
    }
    tb_table_print(&table, out);
}

tb_status tb_list_mechanisms(const tb_output_args *output, tb_error *err)
{
    tb_mechanism **list = NULL;
    size_t count = 0;
    tb_arena *arena = tb_arena_create();
    if (arena == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a list");
    }
    tb_status status = load_all(arena, &list, &count, err);
    if (status == TB_OK && tb_output_format(output) != TB_FORMAT_TABLE) {
        status = tb_output_document(output, list_document(list, count), "results", err);
    } else if (status == TB_OK) {
        tb_buffer text = {0};
        list_text(list, count, &text);
        status = tb_output_text(output, &text, err);
    }
    for (size_t i = 0; i < count; i++) {
        tb_mechanism_destroy(list[i]);
    }
    tb_arena_destroy(arena);
    return status;
}

static void put_parameters(tb_document *doc, const tb_mechanism *m)
{
    tb_document_open_array(doc, "parameters");
    for (size_t i = 0; i < m->parameter_count; i++) {
        tb_document_open_object(doc, NULL);
        tb_document_text(doc, "name", m->parameters[i].name);
        tb_document_double(doc, "value", m->parameters[i].value);
        tb_document_text(doc, "from", m->parameters[i].from);
        tb_document_bool(doc, "assumed", m->parameters[i].is_assumed);
        tb_document_close(doc);
    }
    tb_document_close(doc);
}

static void put_stages(tb_document *doc, const tb_mechanism *m)
{
    tb_document_open_array(doc, "stages");
    for (size_t i = 0; i < m->stage_count; i++) {
        const char *what = NULL;
        const tb_yaml_node *node = tb_yaml_get(m->stages[i].node, "what");
        bool said = node != NULL && tb_yaml_text(node, &what, NULL) == TB_OK;
        tb_document_open_object(doc, NULL);
        tb_document_text(doc, "name", m->stages[i].name);
        tb_document_text(doc, "kind", m->stages[i].kind->name);
        tb_document_text(doc, "what", said ? what : NULL);
        tb_document_close(doc);
    }
    tb_document_close(doc);
}

static void put_claims(tb_document *doc, const tb_mechanism *m)
{
    tb_document_open_array(doc, "claims");
    for (size_t i = 0; i < m->claim_count; i++) {
        const tb_claim *claim = &m->claims[i];
        bool has_value = claim->value <= claim->high, has_speedup = claim->speedup > 0;
        tb_document_open_object(doc, NULL);
        tb_document_text(doc, "metric", claim->metric);
        if (has_value) {
            tb_document_double(doc, "value", claim->value);
            tb_document_double(doc, "high", claim->high);
        } else {
            tb_document_null(doc, "value");
            tb_document_null(doc, "high");
        }
        tb_document_text(doc, "unit", claim->unit);
        tb_document_text(doc, "stat", claim->stat);
        tb_document_text(doc, "baseline", claim->baseline);
        tb_document_text(doc, "device", claim->device);
        tb_document_text(doc, "condition", claim->condition);
        tb_document_text(doc, "from", claim->from);
        tb_document_text(doc, "scope", tb_claim_scope_names[claim->scope]);
        if (has_speedup) {
            tb_document_double(doc, "speedup", claim->speedup);
        } else {
            tb_document_null(doc, "speedup");
        }
        tb_document_close(doc);
    }
    tb_document_close(doc);
}

static tb_document *one_document(const tb_mechanism *m)
{
    tb_document *doc = tb_document_create("list-mechanism", TB_VERSION);
    tb_document_text(doc, "name", m->name);
    tb_document_text(doc, "title", m->title);
    tb_document_text(doc, "summary", m->summary);
    tb_document_text(doc, "family", m->family);
    tb_document_text(doc, "phase", tb_phase_names[m->phase]);
    tb_document_int(doc, "rank", m->rank);
    tb_document_text(doc, "complexity", m->complexity);
    tb_document_text(doc, "note", m->note);
    put_parameters(doc, m);
    put_stages(doc, m);
    put_claims(doc, m);
    return doc;
}

static void print_parameters(tb_buffer *out, const tb_mechanism *m)
{
    tb_table table = tb_table_begin("lrl");
    char number[32];
    if (m->parameter_count == 0) {
        return;
    }
    tb_table_cell(&table, "parameter");
    tb_table_cell(&table, "value");
    tb_table_cell(&table, "from");
    for (size_t i = 0; i < m->parameter_count; i++) {
        tb_table_cell(&table, "%s", m->parameters[i].name);
        tb_table_cell(&table, "%s%s", tb_text_shortest(m->parameters[i].value, number),
                      m->parameters[i].is_assumed ? "*" : "");
        tb_table_cell(&table, "%s", m->parameters[i].from);
    }
    tb_buffer_text(out, "\n");
    tb_table_print(&table, out);
}

static void print_stages(tb_buffer *out, const tb_mechanism *m)
{
    tb_table table = tb_table_begin("lll");
    tb_table_cell(&table, "stage");
    tb_table_cell(&table, "kind");
    tb_table_cell(&table, "what");
    for (size_t i = 0; i < m->stage_count; i++) {
        const char *what = "";
        const tb_yaml_node *node = tb_yaml_get(m->stages[i].node, "what");
        bool said = node != NULL && tb_yaml_text(node, &what, NULL) == TB_OK;
        tb_table_cell(&table, "%s", m->stages[i].name);
        tb_table_cell(&table, "%s", m->stages[i].kind->name);
        tb_table_cell(&table, "%s", said ? what : m->stages[i].kind->summary);
    }
    tb_buffer_text(out, "\n");
    tb_table_print(&table, out);
}

/* "10 x (up_to)", "28 to 46 %", or the statistic alone. */
static void cell_value(tb_table *table, const tb_claim *claim)
{
    char low[32], high[32];
    const char *unit = claim->unit != NULL ? claim->unit : "";
    if (!(claim->value <= claim->high)) {
        tb_table_cell(table, "%s", claim->stat);
        return;
    }
    tb_table_cell(table, "%s%s%s%s%s (%s)", tb_text_shortest(claim->value, low),
                  claim->high > claim->value ? " to " : "",
                  claim->high > claim->value ? tb_text_shortest(claim->high, high) : "",
                  unit[0] != '\0' ? " " : "", unit, claim->stat);
}

static void print_claims(tb_buffer *out, const tb_mechanism *m)
{
    static const char *const heads[] = {"claim", "value", "scope", "over", "device", "condition"};
    tb_table table = tb_table_begin("lrllll");
    if (m->claim_count == 0) {
        tb_buffer_text(out, "\nno claim\n");
        return;
    }
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        tb_table_cell(&table, "%s", heads[i]);
    }
    for (size_t i = 0; i < m->claim_count; i++) {
        const tb_claim *claim = &m->claims[i];
        tb_table_cell(&table, "%s", claim->metric);
        cell_value(&table, claim);
        tb_table_cell(&table, "%s", tb_claim_scope_names[claim->scope]);
        tb_table_cell(&table, "%s", claim->baseline != NULL ? claim->baseline : "-");
        tb_table_cell(&table, "%s", claim->device != NULL ? claim->device : "-");
        tb_table_cell(&table, "%s", claim->condition != NULL ? claim->condition : "-");
    }
    tb_buffer_text(out, "\n");
    tb_table_print(&table, out);
}

static void one_text(const tb_mechanism *m, tb_buffer *out)
{
    bool assumed = false;
    tb_buffer_printf(out, "%s: %s\n%s\n%s, %s, rank %d\n", m->name, m->title, m->summary, m->family,
                     tb_phase_names[m->phase], m->rank);
    if (m->complexity != NULL) {
        tb_buffer_printf(out, "complexity: %s\n", m->complexity);
    }
    print_parameters(out, m);
    print_stages(out, m);
    print_claims(out, m);
    for (size_t i = 0; i < m->parameter_count; i++) {
        assumed = assumed || m->parameters[i].is_assumed;
    }
    tb_buffer_text(out, assumed ? "\n* assumed, without a source; --set changes it\n" : "");
    if (m->note != NULL) {
        tb_buffer_printf(out, "\nnote: %s\n", m->note);
    }
    tb_buffer_printf(out, "\n'tilebound predict --mechanism %s -i N --device D' runs it.\n",
                     m->name);
}

tb_status tb_list_mechanism(const tb_output_args *output, const char *name, tb_error *err)
{
    tb_mechanism *mechanism = NULL;
    tb_status status = tb_mechanism_load(name, &mechanism, err);
    if (status != TB_OK) {
        return status;
    }
    if (tb_output_format(output) != TB_FORMAT_TABLE) {
        status = tb_output_document(output, one_document(mechanism), "parameters", err);
    } else {
        tb_buffer text = {0};
        one_text(mechanism, &text);
        status = tb_output_text(output, &text, err);
    }
    tb_mechanism_destroy(mechanism);
    return status;
}
