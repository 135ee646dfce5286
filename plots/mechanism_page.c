#include "mechanism_page.h"

#include "mechanism_section.h"

#include <string.h>

static const char *family(const tb_mechanism_entry *entries, size_t i)
{
    return entries[i].mechanism->family;
}

/* The next family after `last` by name, or NULL. */
static const char *next_family(const tb_mechanism_entry *entries, size_t count, const char *last)
{
    const char *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const char *name = family(entries, i);
        if ((last == NULL || strcmp(name, last) > 0) && (best == NULL || strcmp(name, best) < 0)) {
            best = name;
        }
    }
    return best;
}

static void put_links(const tb_mechanism_entry *entries, size_t count, const char *of_family,
                      tb_phase phase, tb_buffer *out)
{
    const char *joint = "";
    for (size_t i = 0; i < count; i++) {
        const tb_mechanism *m = entries[i].mechanism;
        if (m->phase == phase && strcmp(m->family, of_family) == 0) {
            tb_buffer_printf(out, "%s[%s](#%s)", joint, m->name, m->name);
            joint = ", ";
        }
    }
}

static void put_index(const tb_mechanism_entry *entries, size_t count, tb_buffer *out)
{
    tb_buffer_text(out, "## By family and phase\n\n| family |");
    for (int p = 0; p < TB_PHASE_COUNT; p++) {
        tb_buffer_printf(out, " %s |", tb_phase_names[p]);
    }
    tb_buffer_text(out, "\n|---|");
    for (int p = 0; p < TB_PHASE_COUNT; p++) {
        tb_buffer_text(out, "---|");
    }
    tb_buffer_text(out, "\n");
    for (const char *name = next_family(entries, count, NULL); name != NULL;
         name = next_family(entries, count, name)) {
        tb_buffer_printf(out, "| %s |", name);
        for (int p = 0; p < TB_PHASE_COUNT; p++) {
            tb_buffer_text(out, " ");
            put_links(entries, count, name, (tb_phase)p, out);
            tb_buffer_text(out, " |");
        }
        tb_buffer_text(out, "\n");
    }
}

static void put_summary(const tb_mechanism_entry *entries, size_t count, tb_buffer *out)
{
    size_t counts[TB_CLAIM_VERDICT_COUNT][TB_CLAIM_SCOPE_COUNT] = {{0}};
    for (size_t i = 0; i < count; i++) {
        for (size_t c = 0; c < entries[i].mechanism->claim_count; c++) {
            const tb_judgement *j = &entries[i].judgements[c];
            counts[j->verdict][j->claim->scope]++;
        }
    }
    tb_buffer_text(out, "\n## Claims by verdict\n\n| verdict | kernel | end to end | other |\n"
                        "|---|--:|--:|--:|\n");
    for (int v = 0; v < TB_CLAIM_VERDICT_COUNT; v++) {
        tb_buffer_printf(out, "| %s | %zu | %zu | %zu |\n", tb_claim_verdict_names[v],
                         counts[v][TB_CLAIM_KERNEL], counts[v][TB_CLAIM_END_TO_END],
                         counts[v][TB_CLAIM_OTHER]);
    }
}

tb_status tb_mechanism_page(const tb_mechanism_entry *entries, size_t count, tb_buffer *out,
                            tb_error *err)
{
    tb_buffer_printf(
        out,
        "# Mechanisms\n\nThe %zu mechanisms in `models/mechanisms/`, as `scripts/mechanisms-doc` "
        "writes them down from those files; `docs/mechanism-files.md` is their format, "
        "`docs/audit.md` how claims are judged. An asterisk marks a parameter that is assumed: "
        "without a source. Pictures show tiles: █ full, ▒ partial, · empty.\n\n",
        count);
    put_index(entries, count, out);
    put_summary(entries, count, out);
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        status = tb_mechanism_section(&entries[i], out, err);
    }
    return status == TB_OK ? tb_buffer_check(out, err) : status;
}
