/* explain --mechanism: where the speedup goes, stage by stage. */
#include "mechanism_view.h"

#include "mechanism_explain.h"
#include "table.h"
#include "version.h"

static tb_document *make_document(const tb_mechanism_ask *ask,
                                  const tb_mechanism_explanation *explanation)
{
    tb_document *doc = tb_document_create("explain-mechanism", TB_VERSION);
    tb_mechanism_head_document(doc, ask);
    tb_document_text(doc, "device", ask->choice.device->name);
    tb_document_double(doc, "from", explanation->from);
    tb_document_double(doc, "to", explanation->to);
    tb_document_open_array(doc, "steps");
    for (size_t i = 0; i < explanation->count; i++) {
        tb_document_open_object(doc, NULL);
        tb_document_text(doc, "name", explanation->steps[i].name);
        tb_document_double(doc, "factor", explanation->steps[i].factor);
        tb_document_text(doc, "advice", explanation->steps[i].advice);
        tb_document_close(doc);
    }
    tb_document_close(doc);
    return doc;
}

static void print_steps(tb_buffer *out, const tb_mechanism_explanation *explanation)
{
    static const char *const heads[] = {"step", "factor", "speedup", "what it is"};
    tb_table table = tb_table_begin("lrrl");
    double now = explanation->from;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        tb_table_cell(&table, "%s", heads[i]);
    }
    tb_table_cell(&table, "by tiles, at the roofline");
    tb_table_cell(&table, "%s", "");
    tb_table_cell(&table, "%.2f", now);
    tb_table_cell(&table, "attention alone, or the longest stage");
    for (size_t i = 0; i < explanation->count; i++) {
        const tb_mechanism_step *step = &explanation->steps[i];
        now *= step->factor;
        tb_table_cell(&table, "%s", step->name);
        tb_table_cell(&table, "x %.3f", step->factor);
        tb_table_cell(&table, "%.2f", now);
        tb_table_cell(&table, "%s", step->advice);
    }
    tb_table_print(&table, out);
}

tb_status tb_explain_mechanism(const tb_mechanism_ask *ask, const tb_output_args *output,
                               tb_error *err)
{
    tb_mechanism_result result;
    tb_mechanism_explanation explanation = {0};
    tb_status status = tb_mechanism_ask_run(ask, &result, err);
    if (status != TB_OK) {
        return status;
    }
    tb_output_warnings(&result.warnings);
    status = tb_mechanism_explain(&result, &explanation, err);
    if (status == TB_OK && tb_output_format(output) != TB_FORMAT_TABLE) {
        status = tb_output_document(output, make_document(ask, &explanation), "steps", err);
    } else if (status == TB_OK) {
        tb_buffer text = {0};
        tb_mechanism_head(&text, ask);
        tb_buffer_printf(&text, "%s\non %s (%s)\n\n",
                         result.has_assumed ? "            * assumed, without a source" : "",
                         ask->choice.device->name, tb_basis_names[result.basis]);
        print_steps(&text, &explanation);
        status = tb_output_text(output, &text, err);
    }
    tb_mechanism_explanation_release(&explanation);
    tb_mechanism_result_release(&result);
    return status;
}
