#include "list_network.h"

#include "network.h"
#include "table.h"
#include "text.h"
#include "version.h"

#include <stdio.h>
#include <string.h>

/* The facts of a network as a table and, where doc is not NULL, a document. */
typedef struct fact_list {
    tb_table table;
    tb_document *doc;
} fact_list;

static void put_fact(fact_list *list, const char *name, const char *value, const char *source,
                     bool is_assumed)
{
    tb_table_cell(&list->table, "%s", name);
    tb_table_cell(&list->table, "%s", value);
    tb_table_cell(&list->table, "%s%s", is_assumed ? "assumed: " : "", source);
    tb_document_open_object(list->doc, NULL);
    tb_document_text(list->doc, "name", name);
    tb_document_text(list->doc, "value", value);
    tb_document_text(list->doc, is_assumed ? "assumed" : "source", source);
    tb_document_close(list->doc);
}

/* "28 x layout: 2048x2048 2048x2048": layers, tokens, and what is done with them. */
static void put_part(fact_list *list, const tb_rest_part *part)
{
    tb_buffer text = {0};
    char number[32];
    tb_buffer_printf(&text, "%lld x ", (long long)part->layers);
    if (part->on == TB_REST_COUNT_GIVEN) {
        tb_buffer_printf(&text, "%lld:", (long long)part->tokens);
    } else {
        tb_buffer_printf(&text, "%s:", tb_rest_token_words[part->on]);
    }
    for (size_t i = 0; i < part->linear_count; i++) {
        tb_buffer_printf(&text, " %lldx%lld", (long long)part->linear[i].in,
                         (long long)part->linear[i].out);
    }
    if (part->attends_text) {
        tb_buffer_text(&text, " attends text");
    } else if (part->linear_count == 0) {
        tb_buffer_printf(&text, " %s passes", tb_text_shortest(part->passes, number));
    }
    put_fact(list, part->name, text.data != NULL ? text.data : "", part->source, part->is_assumed);
    tb_buffer_free(&text);
}

static void put_rest(fact_list *list, const tb_network_rest *rest)
{
    char total[96];
    for (size_t i = 0; rest->given && i < TB_REST_FACT_COUNT; i++) {
        put_fact(list, rest->facts[i].name, rest->facts[i].value, rest->facts[i].source,
                 rest->facts[i].is_assumed);
    }
    for (size_t i = 0; i < rest->part_count; i++) {
        put_part(list, &rest->parts[i]);
    }
    if (rest->outside.given) {
        (void)snprintf(total, sizeof total, "%s s, %s", rest->outside.total.value,
                       rest->outside.device);
        put_fact(list, "outside, from the total", total, rest->outside.total.source,
                 rest->outside.total.is_assumed);
    }
}

static tb_status print_list(const tb_output_args *output, const tb_network *network,
                            fact_list *list, tb_error *err)
{
    if (list->doc != NULL) {
        return tb_output_document(output, list->doc, "facts", err);
    }
    tb_buffer text = {0};
    tb_buffer_printf(&text, "%s: %s\n\n", network->name, network->summary);
    tb_table_print(&list->table, &text);
    tb_buffer_printf(&text, "\n'tilebound predict --network %s' shows its layers.\n",
                     network->name);
    return tb_output_text(output, &text, err);
}

tb_status tb_list_network(const tb_output_args *output, const char *name, tb_error *err)
{
    tb_network *network = NULL;
    tb_status status = tb_network_load(name, &network, err);
    if (status != TB_OK) {
        return status;
    }
    bool is_table = tb_output_format(output) == TB_FORMAT_TABLE;
    fact_list list = {.table = tb_table_begin("lll"),
                      .doc = is_table ? NULL : tb_document_create("list-network", TB_VERSION)};
    tb_document_text(list.doc, "name", network->name);
    tb_document_text(list.doc, "summary", network->summary);
    tb_document_open_array(list.doc, "facts");
    tb_table_cell(&list.table, "fact");
    tb_table_cell(&list.table, "value");
    tb_table_cell(&list.table, "source");
    for (size_t i = 0; i < network->fact_count; i++) {
        const tb_fact *fact = &network->facts[i];
        put_fact(&list, fact->name, fact->value, fact->source, fact->is_assumed);
    }
    put_rest(&list, &network->rest);
    tb_document_close(list.doc);
    status = print_list(output, network, &list, err);
    tb_buffer_free(&list.table.cells);
    tb_network_destroy(network);
    return status;
}
