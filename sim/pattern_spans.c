/* What runs of queries see, as intervals: by a kind's fast form, else by merging its rows. */
#include "checked.h"
#include "instance.h"
#include "pattern_types.h"

#include <stdlib.h>

static bool reserve(tb_span **list, size_t *capacity, size_t count)
{
    if (count < *capacity) {
        return true;
    }
    size_t more = *capacity < 16 ? 16 : 2 * *capacity;
    tb_span *grown = realloc(*list, more * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    *list = grown;
    *capacity = more;
    return true;
}

static bool append(tb_span **list, size_t *count, size_t *capacity, int64_t begin, int64_t end)
{
    if (begin >= end) {
        return true;
    }
    if (*count > 0 && begin <= (*list)[*count - 1].end) { /* touching ones are one */
        (*list)[*count - 1].end = tb_max((*list)[*count - 1].end, end);
        return true;
    }
    if (!reserve(list, capacity, *count)) {
        return false;
    }
    (*list)[(*count)++] = (tb_span){.begin = begin, .end = end};
    return true;
}

void tb_spans_any(tb_spans *spans, int64_t begin, int64_t end)
{
    spans->failed |= !append(&spans->any, &spans->any_count, &spans->any_capacity, begin, end);
}

void tb_spans_all(tb_spans *spans, int64_t begin, int64_t end)
{
    spans->failed |= !append(&spans->all, &spans->all_count, &spans->all_capacity, begin, end);
}

void tb_spans_append(tb_spans *spans, int64_t begin, int64_t end)
{
    if (!reserve(&spans->any, &spans->any_capacity, spans->any_count)) {
        spans->failed = true;
        return;
    }
    spans->any[spans->any_count++] = (tb_span){.begin = begin, .end = end};
}

static void add_to_row(int64_t begin, int64_t end, void *user)
{
    tb_spans *row = user;
    row->pairs += end - begin;
    tb_spans_any(row, begin, end);
    tb_spans_all(row, begin, end);
}

/* into->any = left.any with right.any; into->all = left.all met with right.all. */
static void merge(const tb_spans *left, const tb_spans *right, tb_spans *into)
{
    size_t l = 0, r = 0;
    while (l < left->any_count || r < right->any_count) {
        bool is_left = r == right->any_count ||
                       (l < left->any_count && left->any[l].begin <= right->any[r].begin);
        const tb_span *next = is_left ? &left->any[l++] : &right->any[r++];
        tb_spans_any(into, next->begin, next->end);
    }
    l = r = 0;
    while (l < left->all_count && r < right->all_count) {
        const tb_span *a = &left->all[l], *b = &right->all[r];
        tb_spans_all(into, tb_max(a->begin, b->begin), tb_min(a->end, b->end));
        if (a->end < b->end) {
            l++;
        } else {
            r++;
        }
    }
}

void tb_spans_empty(tb_spans *spans)
{
    spans->any_count = spans->all_count = 0;
    spans->pairs = 0;
    spans->failed = false;
}

int64_t tb_causal_pairs(int64_t first, int64_t last, int64_t begin, int64_t end)
{
    int64_t width = last - first;
    if (last <= begin + 1) {
        return width * (end - begin);
    }
    /* query q sees q + 1 - first of them, from 0 to width */
    int64_t from = tb_max(begin + 1 - first, 1), to = end - first;
    int64_t whole = tb_max(to - tb_max(from, width) + 1, 0);
    int64_t top = tb_min(to, width - 1);
    int64_t rising = top >= from ? (from + top) * (top - from + 1) / 2 : 0;
    return whole * width + rising;
}

bool tb_spans_prepare(tb_spans *out)
{
    if (out->work == NULL) {
        out->work = calloc(TB_SPANS_WORK, sizeof *out->work);
    }
    out->failed |= out->work == NULL;
    return out->work != NULL;
}

tb_spans *tb_spans_part(tb_spans *out)
{
    if (!tb_spans_prepare(out)) {
        return NULL;
    }
    tb_spans_empty(&out->work[0]);
    return &out->work[0];
}

void tb_spans_join(tb_spans *out, const tb_spans *part, bool is_first)
{
    tb_spans *merged = &out->work[1];
    tb_spans_empty(merged);
    if (is_first) {
        merge(part, part, merged);
    } else {
        merge(out, part, merged);
    }
    merged->pairs = out->pairs + part->pairs;
    merged->failed |= out->failed || part->failed;
    tb_spans before = *out; /* swap the lists, each with its capacity */
    *out = *merged;
    out->work = before.work;
    out->draws = before.draws;
    before.work = NULL;
    before.draws = NULL;
    *merged = before;
}

/* The general form: the rows one after another, each merged into what the earlier ones see. Exact
 * for any kind: a key is in `all` iff it is in every row. */
void tb_spans_by_rows(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                      int64_t count, tb_spans *out)
{
    for (int64_t i = 0; i < count && !out->failed; i++) {
        tb_spans *row = tb_spans_part(out);
        if (row == NULL) {
            return;
        }
        tb_pattern_row(pattern, layout, query + i, add_to_row, row);
        tb_spans_join(out, row, i == 0);
    }
}

/* Starts and ends never decrease, and windows of neighbours touch. */
static void flat_spans(const tb_dim_rule *rule, int64_t query, int64_t count, tb_spans *out)
{
    int64_t last = query + count - 1;
    tb_spans_any(out, tb_dim_start(rule, query), tb_dim_end(rule, last));
    tb_spans_all(out, tb_dim_start(rule, last), tb_dim_end(rule, query));
    for (int64_t i = query; i <= last; i++) {
        out->pairs += tb_dim_end(rule, i) - tb_dim_start(rule, i);
    }
}

tb_status tb_pattern_spans(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                           int64_t count, tb_spans *out, tb_error *err)
{
    const tb_pattern_type *type = tb_pattern_types[pattern->kind];
    tb_dim_rule rule;
    tb_spans_empty(out);
    if (type->spans != NULL) {
        type->spans(pattern, layout, query, count, out);
    } else if (type->flat_rule != NULL && type->flat_rule(pattern, layout, &rule)) {
        flat_spans(&rule, query, count, out);
    } else {
        tb_spans_by_rows(pattern, layout, query, count, out);
    }
    return !out->failed
               ? TB_OK
               : tb_fail(err, TB_ENOMEM, "no memory for what %lld queries see", (long long)count);
}

tb_draws *tb_spans_draws(tb_spans *spans)
{
    if (spans->draws == NULL) {
        spans->draws = calloc(1, sizeof *spans->draws);
    }
    return spans->draws;
}

void tb_spans_free(tb_spans *spans)
{
    for (int i = 0; spans->work != NULL && i < TB_SPANS_WORK; i++) {
        tb_spans_free(&spans->work[i]);
    }
    free(spans->work);
    if (spans->draws != NULL) {
        tb_draws_free(spans->draws);
        free(spans->draws);
    }
    free(spans->any);
    free(spans->all);
    *spans = (tb_spans){0};
}
