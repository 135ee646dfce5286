#include "mechanism_section.h"

#include "text.h"
#include "units.h"

#include <math.h>
#include <string.h>

/* Lengths between which growth is told. */
#define SHORT_TOKENS 65536
#define LONG_FACTOR  4

void tb_mechanism_cell(tb_buffer *out, const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        if (*text == '\n') {
            tb_buffer_text(out, " ");
        } else if (strchr("|*_<>`[]", *text) != NULL) {
            tb_buffer_printf(out, "\\%c", *text);
        } else {
            tb_buffer_append(out, text, 1);
        }
    }
}

static const char *text_of(const tb_stage *stage, const char *key)
{
    const char *text = NULL;
    const tb_yaml_node *node = tb_yaml_get(stage->node, key);
    return node != NULL && tb_yaml_text(node, &text, NULL) == TB_OK ? text : NULL;
}

static double flop_of(const tb_stage_result *stage)
{
    return stage->work.matrix_flop + stage->work.fma_flop;
}

static double bytes_of(const tb_stage_result *stage)
{
    return stage->work.hbm_bytes + stage->work.pcie_bytes + stage->work.link_bytes;
}

/* "7.04 TFLOP ~ N^2.0", or a dash. */
static void put_amount(tb_buffer *out, double amount, double longer, const char *text)
{
    if (!(amount > 0)) {
        tb_buffer_text(out, " - |");
        return;
    }
    tb_buffer_printf(out, " %s", text);
    if (longer > 0) {
        double power = log(longer / amount) / log(LONG_FACTOR);
        power = fabs(power) < 0.05 ? 0 : power; /* no -0.0 */
        tb_buffer_printf(out, ", N^%.1f", power);
    }
    tb_buffer_text(out, " |");
}

static void put_stages(const tb_mechanism *m, const tb_mechanism_result *now,
                       const tb_mechanism_result *later, tb_buffer *out)
{
    char tokens[32], text[48];
    tb_buffer_printf(out,
                     "\n| stage | kind | what | FLOP at %s tokens, growth | bytes, growth |\n"
                     "|---|---|---|--:|--:|\n",
                     tb_text_grouped(SHORT_TOKENS, tokens));
    for (size_t i = 0; i < m->stage_count; i++) {
        const tb_stage_result *a = &now->stages[i], *b = &later->stages[i];
        tb_buffer_text(out, "| ");
        tb_mechanism_cell(out, a->name);
        tb_buffer_printf(out, " | %s | ", a->kind);
        tb_mechanism_cell(out, text_of(&m->stages[i], "what"));
        tb_buffer_text(out, " |");
        put_amount(out, flop_of(a), flop_of(b), tb_units_decimal(flop_of(a), "FLOP", text));
        put_amount(out, bytes_of(a), bytes_of(b), tb_units_bytes(bytes_of(a), text));
        tb_buffer_text(out, "\n");
    }
}

static tb_status stages(const tb_mechanism *m, tb_buffer *out, tb_error *err)
{
    tb_mechanism_result now = {0}, later = {0};
    tb_status status = tb_mechanism_count(m, SHORT_TOKENS, &now, err);
    if (status == TB_OK) {
        status = tb_mechanism_count(m, (int64_t)SHORT_TOKENS * LONG_FACTOR, &later, err);
    }
    if (status == TB_OK) {
        put_stages(m, &now, &later, out);
    }
    tb_mechanism_result_release(&now);
    tb_mechanism_result_release(&later);
    return status;
}

static void put_parameters(const tb_mechanism *m, tb_buffer *out)
{
    if (m->parameter_count == 0) {
        return;
    }
    tb_buffer_text(out, "\n| parameter | value | from |\n|---|--:|---|\n");
    for (size_t i = 0; i < m->parameter_count; i++) {
        const tb_mechanism_parameter *p = &m->parameters[i];
        char value[32];
        tb_buffer_printf(out, "| `%s` | %s%s | ", p->name, tb_text_shortest(p->value, value),
                         p->is_assumed ? "\\*" : "");
        tb_mechanism_cell(out, p->from);
        tb_buffer_text(out, " |\n");
    }
}

/* Baseline, device and condition, as the authors put them. */
static void put_condition(const tb_claim *claim, tb_buffer *out)
{
    const struct {
        const char *before, *text;
    } parts[] = {{"baseline: ", claim->baseline}, {"on ", claim->device}, {"", claim->condition}};
    const char *joint = "";
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].text != NULL) {
            tb_buffer_printf(out, "%s%s", joint, parts[i].before);
            tb_mechanism_cell(out, parts[i].text);
            joint = "; ";
        }
    }
}

static void put_bound(const tb_judgement *j, tb_buffer *out)
{
    const tb_audit_range *range = &j->range;
    if (!j->has_bound) {
        tb_buffer_text(out, "-");
    } else if (range->bound_max > range->bound_min * (1 + 1e-9)) {
        tb_buffer_printf(out, "%.3g to %.3g x", range->bound_min, range->bound_max);
    } else {
        tb_buffer_printf(out, "%.3g x", range->bound_max);
    }
    tb_buffer_text(out, j->has_bound && range->has_assumed ? "\\*" : "");
}

static void put_claims(const tb_mechanism_entry *entry, tb_buffer *out)
{
    size_t count = entry->mechanism->claim_count;
    if (count == 0) {
        tb_buffer_text(out, "\nNo claims.\n");
        return;
    }
    tb_buffer_text(out, "\n| claim | condition | about | bound | verdict | why |\n"
                        "|---|---|---|--:|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        const tb_judgement *j = &entry->judgements[i];
        char words[256];
        tb_audit_words(j->claim, words);
        tb_buffer_text(out, "| ");
        tb_mechanism_cell(out, words);
        tb_buffer_text(out, " | ");
        put_condition(j->claim, out);
        tb_buffer_printf(out, " | %s | ", tb_claim_scope_names[j->claim->scope]);
        put_bound(j, out);
        tb_buffer_printf(out, " | **%s** | ", tb_claim_verdict_names[j->verdict]);
        tb_mechanism_cell(out, j->why);
        tb_buffer_text(out, " |\n");
    }
}

tb_status tb_mechanism_section(const tb_mechanism_entry *entry, tb_buffer *out, tb_error *err)
{
    const tb_mechanism *m = entry->mechanism;
    tb_buffer_printf(out, "\n## %s\n\n*", m->name);
    tb_mechanism_cell(out, m->title);
    tb_buffer_text(out, "*\n\n");
    tb_mechanism_cell(out, m->summary);
    tb_buffer_printf(out, ". Family: %s; phase: %s; layouts of %d %s.", m->family,
                     tb_phase_names[m->phase], m->rank, m->rank == 1 ? "dimension" : "dimensions");
    if (m->complexity != NULL) {
        tb_buffer_text(out, " Complexity: ");
        tb_mechanism_cell(out, m->complexity);
        tb_buffer_text(out, ".");
    }
    tb_buffer_text(out, "\n");
    tb_status status = tb_mechanism_picture(m, out, err);
    if (status == TB_OK) {
        status = stages(m, out, err);
    }
    put_parameters(m, out);
    put_claims(entry, out);
    if (m->note != NULL) {
        tb_buffer_text(out, "\nNote: ");
        tb_mechanism_cell(out, m->note);
        tb_buffer_text(out, "\n");
    }
    return status;
}
