/* explicit: a matrix of bits says which keys a query sees, at token or at mask-block level. */
#include "pattern_types.h"

static tb_status check(const tb_pattern *pattern, const tb_layout *layout, tb_error *err)
{
    const tb_bit_matrix *mask = pattern->mask;
    int64_t n = tb_layout_tokens(layout);
    if (mask == NULL) {
        return tb_fail(err, TB_EINVAL, "an explicit pattern needs a mask; give one with --mask");
    }
    if (pattern->mask_block_q < 1 || pattern->mask_block_kv < 1) {
        return tb_fail(err, TB_EINVAL, "a mask block of %lld x %lld; both must be at least 1",
                       (long long)pattern->mask_block_q, (long long)pattern->mask_block_kv);
    }
    int64_t rows = tb_ceil_div(n, pattern->mask_block_q);
    int64_t cols = tb_ceil_div(n, pattern->mask_block_kv);
    if (mask->rows != rows || mask->cols != cols) {
        return tb_fail(
            err, TB_EINVAL,
            "a mask of %lld x %lld for %lld tokens in mask blocks of %lld x %lld; it must "
            "be %lld x %lld",
            (long long)mask->rows, (long long)mask->cols, (long long)n,
            (long long)pattern->mask_block_q, (long long)pattern->mask_block_kv, (long long)rows,
            (long long)cols);
    }
    for (int64_t r = 0; r < rows; r++) {
        if (tb_bits_any(tb_bit_matrix_row(mask, r), 0, cols)) {
            return TB_OK;
        }
    }
    return tb_fail(err, TB_EINVAL, "the mask hides every pair; at least one must be visible");
}

static void row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                tb_interval_fn *emit, void *user)
{
    const tb_bit_matrix *mask = pattern->mask;
    const uint64_t *bits = tb_bit_matrix_row(mask, query / pattern->mask_block_q);
    int64_t n = tb_layout_tokens(layout);
    int64_t block = pattern->mask_block_kv;
    int64_t begin = tb_bits_next(bits, 0, mask->cols);
    while (begin < mask->cols) {
        int64_t end = tb_bits_next_clear(bits, begin, mask->cols);
        emit(begin * block, end == mask->cols ? n : end * block, user);
        begin = tb_bits_next(bits, end, mask->cols);
    }
}

/* Token-level rows are sets already: no intervals, whole words. */
static int64_t unite_words(const uint64_t *bits, tb_row_sets *sets)
{
    int64_t seen = 0;
    for (int64_t w = 0; w < sets->words; w++) {
        sets->any[w] |= bits[w];
        sets->all[w] &= bits[w];
        seen += __builtin_popcountll(bits[w]);
    }
    return seen;
}

static int64_t unite(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                     int64_t count, tb_row_sets *sets)
{
    int64_t pairs = 0;
    while (count > 0) {
        /* queries of one row of mask blocks see the same */
        int64_t same = tb_min(count, pattern->mask_block_q - query % pattern->mask_block_q);
        if (pattern->mask_block_kv == 1) {
            int64_t r = query / pattern->mask_block_q;
            pairs += same * unite_words(tb_bit_matrix_row(pattern->mask, r), sets);
        } else {
            tb_row_sink sink = {.sets = sets};
            row(pattern, layout, query, tb_row_sink_add, &sink);
            tb_row_sets_meet(sets);
            pairs += same * sink.pairs;
        }
        query += same;
        count -= same;
    }
    return pairs;
}

static void keep_last(int64_t begin, int64_t end, void *user)
{
    (void)begin;
    *(int64_t *)user = end - 1;
}

static bool is_causal(const tb_pattern *pattern, const tb_layout *layout)
{
    for (int64_t r = 0; r < pattern->mask->rows; r++) {
        int64_t query = r * pattern->mask_block_q; /* the earliest of the row of mask blocks */
        int64_t last_seen = -1;
        row(pattern, layout, query, keep_last, &last_seen);
        if (last_seen > query) {
            return false;
        }
    }
    return true;
}

const tb_pattern_type tb_pattern_explicit = {
    .name = "explicit",
    .summary = "a mask file says which keys a query sees, at token or at mask-block level",
    .check = check,
    .row = row,
    .unite = unite,
    .is_causal = is_causal,
};
