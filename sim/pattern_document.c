/* document: documents packed one after another, each of which sees itself alone; as the varlen
 * kernels of FlashAttention and xFormers take them. Over the flattened order. */
#include "checked.h"
#include "pattern_types.h"

enum { CU_SEQLENS, LENGTH, CAUSAL };

static const tb_pattern_parameter parameters[] = {
    {"cu_seqlens", "where documents begin, from 0, and where the last one ends", TB_PARAMETER_LIST,
     false, 0, INT64_MAX, 0},
    {"length", "tokens of each document, where all are alike; the last one may be shorter",
     TB_PARAMETER_TOKENS, false, 1, INT64_MAX, 0},
    {"causal", "no key after the query", TB_PARAMETER_FLAG, false, 0, 1, 0},
};

static tb_status check_list(const tb_parameter_value *list, int64_t n, tb_error *err)
{
    if (list->count < 2 || list->list[0] != 0) {
        return tb_fail(err, TB_EINVAL,
                       "cu_seqlens of %zu entries; it begins with 0 and has one more for the end "
                       "of each document",
                       list->count);
    }
    for (size_t i = 1; i < list->count; i++) {
        if (list->list[i] <= list->list[i - 1]) {
            return tb_fail(err, TB_EINVAL,
                           "entry %zu of cu_seqlens is %lld after %lld; they must ascend", i + 1,
                           (long long)list->list[i], (long long)list->list[i - 1]);
        }
    }
    if (list->list[list->count - 1] != n) {
        return tb_fail(err, TB_EINVAL,
                       "cu_seqlens ends at %lld in a layout of %lld tokens; its documents must add "
                       "up to that",
                       (long long)list->list[list->count - 1], (long long)n);
    }
    return TB_OK;
}

static tb_status check(const tb_pattern *pattern, const tb_layout *layout, tb_error *err)
{
    const tb_parameter_value *list = &pattern->value[CU_SEQLENS];
    if (list->given == pattern->value[LENGTH].given) {
        return tb_fail(err, TB_EINVAL,
                       "a document pattern needs either cu_seqlens or length, and not both");
    }
    return list->given ? check_list(list, tb_layout_tokens(layout), err) : TB_OK;
}

/* The document of a query: [begin, end). */
static tb_span document_of(const tb_pattern *pattern, int64_t n, int64_t query)
{
    const tb_parameter_value *value = &pattern->value[CU_SEQLENS];
    if (!value->given) {
        int64_t length = tb_min(tb_parameter_integer(pattern, LENGTH), n);
        int64_t begin = query - query % length;
        return (tb_span){.begin = begin, .end = tb_min(begin + length, n)};
    }
    size_t low = 0, high = value->count - 1; /* list[low] <= query < list[high] */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (value->list[middle] <= query) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (tb_span){.begin = value->list[low], .end = value->list[high]};
}

static bool has_causal(const tb_pattern *pattern)
{
    return tb_parameter_integer(pattern, CAUSAL) != 0;
}

static void row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                tb_interval_fn *emit, void *user)
{
    tb_span own = document_of(pattern, tb_layout_tokens(layout), query);
    emit(own.begin, has_causal(pattern) ? query + 1 : own.end, user);
}

/* Sum of the row lengths of queries [begin, end) of one document. */
static int64_t pairs_of(tb_span document, int64_t begin, int64_t end, bool is_causal)
{
    int64_t pairs = 0;
    for (int64_t i = begin; is_causal && i < end; i++) {
        pairs += i + 1 - document.begin;
    }
    return is_causal ? pairs : (end - begin) * (document.end - document.begin);
}

static void spans(const tb_pattern *pattern, const tb_layout *layout, int64_t query, int64_t count,
                  tb_spans *out)
{
    int64_t n = tb_layout_tokens(layout), end = query + count;
    bool is_causal = has_causal(pattern);
    tb_span first = document_of(pattern, n, query), own = first;
    for (int64_t at = query; at < end; at = own.end) {
        own = document_of(pattern, n, at);
        out->pairs += pairs_of(own, at, tb_min(own.end, end), is_causal);
    }
    tb_spans_any(out, first.begin, is_causal ? end : own.end);
    if (end <= first.end) {
        tb_spans_all(out, first.begin, is_causal ? query + 1 : first.end);
    }
}

static bool is_causal(const tb_pattern *pattern, const tb_layout *layout)
{
    const tb_parameter_value *list = &pattern->value[CU_SEQLENS];
    int64_t n = tb_layout_tokens(layout);
    int64_t documents = list->given ? (int64_t)list->count - 1
                                    : tb_ceil_div(n, tb_parameter_integer(pattern, LENGTH));
    return has_causal(pattern) || documents == n; /* of one token each */
}

const tb_pattern_type tb_pattern_document = {
    .name = "document",
    .summary = "documents packed one after another, each seen by itself alone (varlen)",
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof *parameters,
    .check = check,
    .row = row,
    .spans = spans,
    .is_causal = is_causal,
};
