#include "audit_view.h"

#include "table.h"
#include "text.h"

#include <math.h>
#include <stdio.h>

/* "1.20 to 9.83 x", starred where a parameter is assumed. */
static void cell_bound(tb_table *table, const tb_judgement *j)
{
    const tb_audit_range *range = &j->range;
    const char *star = range->has_assumed ? "*" : "";
    if (!j->has_bound) {
        tb_table_cell(table, "-");
    } else if (range->bound_max > range->bound_min * (1 + 1e-9)) {
        tb_table_cell(table, "%.3g to %.3g x%s", range->bound_min, range->bound_max, star);
    } else {
        tb_table_cell(table, "%.3g x%s", range->bound_max, star);
    }
}

static const char *name_of(const tb_audited *item)
{
    return item->mechanism != NULL ? item->mechanism->name : "";
}

static void print_claims(tb_buffer *out, const tb_audit_list *list)
{
    static const char *const heads[] = {"mechanism", "", "claim", "about", "bound", "verdict"};
    tb_table table = tb_table_begin("lrllrl");
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        tb_table_cell(&table, "%s", heads[i]);
    }
    for (size_t i = 0; i < list->count; i++) {
        for (size_t c = 0; c < list->items[i].count; c++) {
            const tb_judgement *j = &list->items[i].judgements[c];
            char words[256];
            tb_audit_words(j->claim, words);
            tb_table_cell(&table, "%s", name_of(&list->items[i]));
            tb_table_cell(&table, "%zu", c + 1);
            tb_table_cell(&table, "%s", words);
            tb_table_cell(&table, "%s", tb_claim_scope_names[j->claim->scope]);
            cell_bound(&table, j);
            tb_table_cell(&table, "%s", tb_claim_verdict_names[j->verdict]);
        }
    }
    tb_table_print(&table, out);
}

/* Counts by verdict (rows) and scope (columns), each with a sum at its end. */
typedef struct audit_counts {
    int64_t of[TB_CLAIM_VERDICT_COUNT + 1][TB_CLAIM_SCOPE_COUNT + 1];
} audit_counts;

static audit_counts count_verdicts(const tb_audit_list *list)
{
    audit_counts counts = {0};
    for (size_t i = 0; i < list->count; i++) {
        for (size_t c = 0; c < list->items[i].count; c++) {
            const tb_judgement *j = &list->items[i].judgements[c];
            counts.of[j->verdict][j->claim->scope]++;
            counts.of[j->verdict][TB_CLAIM_SCOPE_COUNT]++;
            counts.of[TB_CLAIM_VERDICT_COUNT][j->claim->scope]++;
            counts.of[TB_CLAIM_VERDICT_COUNT][TB_CLAIM_SCOPE_COUNT]++;
        }
    }
    return counts;
}

static void print_summary(tb_buffer *out, const tb_audit_list *list)
{
    audit_counts counts = count_verdicts(list);
    tb_table table = tb_table_begin("lrrrr");
    tb_table_cell(&table, "claims");
    for (size_t s = 0; s <= TB_CLAIM_SCOPE_COUNT; s++) {
        tb_table_cell(&table, "%s", s < TB_CLAIM_SCOPE_COUNT ? tb_claim_scope_names[s] : "all");
    }
    for (size_t v = 0; v <= TB_CLAIM_VERDICT_COUNT; v++) {
        tb_table_cell(&table, "%s", v < TB_CLAIM_VERDICT_COUNT ? tb_claim_verdict_names[v] : "all");
        for (size_t s = 0; s <= TB_CLAIM_SCOPE_COUNT; s++) {
            tb_table_cell(&table, "%lld", (long long)counts.of[v][s]);
        }
    }
    tb_buffer_text(out, "\n");
    tb_table_print(&table, out);
}

static void print_why(tb_buffer *out, const tb_audit_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const tb_audited *item = &list->items[i];
        for (size_t c = 0; c < item->count; c++) {
            const tb_judgement *j = &item->judgements[c];
            tb_buffer_printf(out, "\n%s%s%zu: %s.\n", name_of(item),
                             item->mechanism != NULL ? " " : "claim ", c + 1, j->why);
            if (j->range.skipped > 0) {
                tb_buffer_printf(out, "  (%d of %d places left out: they cannot run there)\n",
                                 j->range.skipped, j->range.points);
            }
        }
    }
}

static void print_sweep(tb_buffer *out)
{
    char low[32], high[32];
    tb_buffer_printf(out, "what a claim does not state is swept: %s to %s tokens, head dims %lld",
                     tb_text_grouped(tb_audit_lengths[0], low),
                     tb_text_grouped(tb_audit_lengths[TB_AUDIT_LENGTHS - 1], high),
                     (long long)tb_audit_dims[0]);
    for (size_t i = 1; i < TB_AUDIT_DIMS; i++) {
        tb_buffer_printf(out, " and %lld", (long long)tb_audit_dims[i]);
    }
    for (size_t i = 0; i < TB_AUDIT_DEVICES; i++) {
        tb_buffer_printf(out, ", %s", tb_audit_devices[i]);
    }
    tb_buffer_text(out, "\n");
}

static void print_notes(tb_buffer *out, const tb_audit_list *list, bool says_why)
{
    bool assumed = false, swept = false;
    for (size_t i = 0; i < list->count; i++) {
        for (size_t c = 0; c < list->items[i].count; c++) {
            const tb_judgement *j = &list->items[i].judgements[c];
            assumed = assumed || (j->has_bound && j->range.has_assumed);
            swept = swept || (j->has_bound && j->range.points > 1);
        }
    }
    tb_buffer_text(out, assumed || swept || !says_why ? "\n" : "");
    if (swept) {
        print_sweep(out);
    }
    if (assumed) {
        tb_buffer_text(out, "* a parameter without a source takes part, at its default\n");
    }
    if (!says_why) {
        tb_buffer_text(out, "'tilebound audit MECHANISM' says why\n");
    }
}

static const char *or_none(const char *verdict)
{
    return verdict != NULL ? verdict : "nothing";
}

static void print_differences(tb_buffer *out, const tb_audit_list *list)
{
    for (size_t i = 0; i < list->difference_count; i++) {
        const tb_audit_difference *d = &list->differences[i];
        tb_buffer_printf(out, "%sDIFFERS: %s %lld (%s): now %s, in the table %s\n",
                         i == 0 ? "\n" : "", d->mechanism, (long long)d->number, d->metric,
                         or_none(d->now), or_none(d->table));
    }
}

void tb_view_audit_text(tb_buffer *out, const tb_audit_list *list, bool says_why)
{
    print_claims(out, list);
    if (list->claims > 1) {
        print_summary(out, list);
    }
    if (says_why) {
        print_why(out, list);
    }
    print_notes(out, list, says_why);
    print_differences(out, list);
}

static void put_number(tb_document *doc, const char *key, double value)
{
    if (isfinite(value)) {
        tb_document_double(doc, key, value);
    } else {
        tb_document_null(doc, key);
    }
}

/* What the bound was swept over; the keys are there, empty, without a bound. */
static void put_range(tb_document *doc, const tb_judgement *j)
{
    const tb_audit_range *range = &j->range;
    double none = nan("");
    put_number(doc, "bound_min", j->has_bound ? range->bound_min : none);
    put_number(doc, "bound_max", j->has_bound ? range->bound_max : none);
    put_number(doc, "predicted_min", j->has_bound ? range->speedup_min : none);
    put_number(doc, "predicted_max", j->has_bound ? range->speedup_max : none);
    put_number(doc, "share", j->share);
    if (!j->has_bound) {
        return;
    }
    tb_document_int(doc, "tokens_min", range->tokens_min);
    tb_document_int(doc, "tokens_max", range->tokens_max);
    tb_document_int(doc, "dim_min", range->dim_min);
    tb_document_int(doc, "dim_max", range->dim_max);
    tb_document_text(doc, "device", range->device);
    tb_document_int(doc, "points", range->points);
    tb_document_int(doc, "skipped", range->skipped);
    tb_document_bool(doc, "assumed", range->has_assumed);
}

static void put_claim(tb_document *doc, const tb_audit_list *list, const tb_audited *item, size_t c)
{
    const tb_judgement *j = &item->judgements[c];
    const tb_verdict_row *row =
        item->is_known && list->table != NULL
            ? tb_verdict_table_find(list->table, item->mechanism->name, (int64_t)c + 1)
            : NULL;
    char words[256];
    tb_audit_words(j->claim, words);
    tb_document_open_object(doc, NULL);
    tb_document_text(doc, "mechanism", item->mechanism != NULL ? item->mechanism->name : NULL);
    tb_document_int(doc, "number", (int64_t)c + 1);
    tb_document_text(doc, "claim", words);
    tb_document_text(doc, "scope", tb_claim_scope_names[j->claim->scope]);
    put_number(doc, "speedup", j->claim->speedup);
    tb_document_text(doc, "baseline", j->claim->baseline);
    tb_document_text(doc, "condition", j->claim->condition);
    put_range(doc, j);
    tb_document_text(doc, "verdict", tb_claim_verdict_names[j->verdict]);
    tb_document_text(doc, "why", j->why);
    tb_document_text(doc, "table", row != NULL ? tb_claim_verdict_names[row->verdict] : NULL);
    tb_document_close(doc);
}

static void put_differences(tb_document *doc, const tb_audit_list *list)
{
    tb_document_open_array(doc, "differences");
    for (size_t i = 0; i < list->difference_count; i++) {
        const tb_audit_difference *d = &list->differences[i];
        tb_document_open_object(doc, NULL);
        tb_document_text(doc, "mechanism", d->mechanism);
        tb_document_int(doc, "number", d->number);
        tb_document_text(doc, "now", d->now);
        tb_document_text(doc, "table", d->table);
        tb_document_close(doc);
    }
    tb_document_close(doc);
}

void tb_view_audit_document(tb_document *doc, const tb_audit_list *list)
{
    audit_counts counts = count_verdicts(list);
    tb_document_open_array(doc, "claims");
    for (size_t i = 0; i < list->count; i++) {
        for (size_t c = 0; c < list->items[i].count; c++) {
            put_claim(doc, list, &list->items[i], c);
        }
    }
    tb_document_close(doc);
    tb_document_open_object(doc, "summary");
    for (size_t v = 0; v < TB_CLAIM_VERDICT_COUNT; v++) {
        tb_document_int(doc, tb_claim_verdict_names[v], counts.of[v][TB_CLAIM_SCOPE_COUNT]);
    }
    tb_document_close(doc);
    put_differences(doc, list);
}
