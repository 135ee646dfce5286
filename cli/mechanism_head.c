/* What a mechanism is run on: its problem and its parameters. */
#include "mechanism_view.h"

#include "case_words.h"
#include "predict_view.h"
#include "text.h"

void tb_mechanism_head(tb_buffer *out, const tb_mechanism_ask *ask)
{
    const tb_mechanism *mechanism = ask->mechanism;
    const tb_problem *problem = &ask->problem;
    char dims[96], tokens[32], number[32];
    tb_buffer_printf(out, "%s: %s\n", mechanism->name, mechanism->summary);
    tb_buffer_printf(out, "problem     %s = %s tokens%s%s",
                     tb_view_dims(problem->layout.extent, problem->layout.rank, dims),
                     tb_text_grouped(tb_layout_tokens(&problem->layout), tokens),
                     mechanism->phase == TB_PHASE_DECODE ? " of cache" : "",
                     ask->changed ? " (the most nearly square layout)" : "");
    tb_buffer_printf(out, ", batch %lld, %lld heads (%lld KV), dim %lld", (long long)problem->batch,
                     (long long)problem->heads, (long long)problem->heads_kv,
                     (long long)problem->dim);
    if (problem->dim_value != problem->dim) {
        tb_buffer_printf(out, "/%lld", (long long)problem->dim_value);
    }
    tb_buffer_printf(out, ", %s\n", tb_dtype_names[problem->dtype]);
    for (size_t i = 0; i < mechanism->parameter_count; i++) {
        const tb_mechanism_parameter *p = &mechanism->parameters[i];
        tb_buffer_printf(out, "%s%s %s%s", i == 0 ? "parameters  " : ", ", p->name,
                         tb_text_shortest(p->value, number),
                         p->is_set       ? " (set)"
                         : p->is_assumed ? "*"
                                         : "");
    }
    tb_buffer_text(out, mechanism->parameter_count > 0 ? "\n" : "");
}

void tb_mechanism_head_document(tb_document *doc, const tb_mechanism_ask *ask)
{
    const tb_mechanism *mechanism = ask->mechanism;
    tb_view_problem_document(doc, &ask->problem);
    tb_document_open_object(doc, "mechanism");
    tb_document_text(doc, "name", mechanism->name);
    tb_document_text(doc, "title", mechanism->title);
    tb_document_text(doc, "family", mechanism->family);
    tb_document_text(doc, "phase", tb_phase_names[mechanism->phase]);
    tb_document_int(doc, "rank", mechanism->rank);
    tb_document_bool(doc, "layout_changed", ask->changed);
    tb_document_close(doc);
    tb_document_open_array(doc, "parameters");
    for (size_t i = 0; i < mechanism->parameter_count; i++) {
        const tb_mechanism_parameter *p = &mechanism->parameters[i];
        tb_document_open_object(doc, NULL);
        tb_document_text(doc, "name", p->name);
        tb_document_double(doc, "value", p->value);
        tb_document_text(doc, "from", p->is_set ? "set" : p->from);
        tb_document_bool(doc, "assumed", p->is_assumed && !p->is_set);
        tb_document_close(doc);
    }
    tb_document_close(doc);
}
