#include "list_link.h"

#include "link.h"
#include "version.h"

static void put_link(tb_document *doc, const tb_link_facts *link)
{
    tb_document_text(doc, "name", link->name);
    tb_document_text(doc, "summary", link->summary);
    tb_document_text(doc, "of_device",
                     link->is_of_device ? tb_device_value_names[link->key] : NULL);
    if (link->is_of_device) {
        tb_document_double(doc, "part", link->part);
        tb_document_null(doc, "gb_per_s");
    } else {
        tb_document_null(doc, "part");
        tb_document_double(doc, "gb_per_s", link->gb_per_s);
    }
    tb_document_double(doc, "latency_us", link->latency_us);
    tb_document_text(doc, "assumed", link->assumed);
    tb_document_open_array(doc, "sources");
    for (size_t i = 0; i < link->source_count; i++) {
        tb_document_text(doc, NULL, link->sources[i]);
    }
    tb_document_close(doc);
}

static void print_link(tb_buffer *out, const tb_link_facts *link)
{
    tb_buffer_printf(out, "%s: %s\n\n", link->name, link->summary);
    if (link->is_of_device) {
        tb_buffer_printf(out, "bandwidth  %g x %s of the device\n", link->part,
                         tb_device_value_names[link->key]);
    } else {
        tb_buffer_printf(out, "bandwidth  %g GB/s one way\n", link->gb_per_s);
    }
    tb_buffer_printf(out, "latency    %g us%s%s\n", link->latency_us,
                     link->assumed != NULL ? ", assumed: " : "",
                     link->assumed != NULL ? link->assumed : "");
    for (size_t i = 0; i < link->source_count; i++) {
        tb_buffer_printf(out, "%s%s\n", i == 0 ? "\nsources\n  " : "  ", link->sources[i]);
    }
}

tb_status tb_list_link(const tb_output_args *output, const char *name, tb_error *err)
{
    tb_link_facts *link = NULL;
    tb_status status = tb_link_load(name, &link, err);
    if (status == TB_OK && tb_output_format(output) == TB_FORMAT_TABLE) {
        tb_buffer text = {0};
        print_link(&text, link);
        status = tb_output_text(output, &text, err);
    } else if (status == TB_OK) {
        tb_document *doc = tb_document_create("list", TB_VERSION);
        put_link(doc, link);
        status = tb_output_document(output, doc, NULL, err);
    }
    tb_link_destroy(link);
    return status;
}
