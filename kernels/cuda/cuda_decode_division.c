#include "cuda_decode_division.h"

#include "checked.h"

#include <stdlib.h>

/* The reduction numbers partial results, TB_DECODE_WARPS of a part, in 32 bits. */
#define PARTS_MAX (INT32_MAX / TB_DECODE_WARPS)

static int64_t keys_of_item(const tb_decode_work *work, int64_t row_sets, int64_t item)
{
    int64_t batch = item / row_sets / work->heads_kv, head = item / row_sets % work->heads_kv;
    return work->sequences[batch * work->sequence_batch + head * work->sequence_head].keys;
}

/* Fill in what does not depend on the sharing; `count` is of splits or CTAs. */
static tb_status count_items(const tb_decode_work *work, int64_t count, tb_decode_division *out,
                             tb_error *err)
{
    if (work->batch < 1 || work->heads_kv < 1 || work->heads < 1 || count < 1) {
        return tb_fail(err, TB_EINVAL, "decode over nothing: %lld batch entries, %lld heads",
                       (long long)work->batch, (long long)work->heads);
    }
    if (work->heads % work->heads_kv != 0) {
        return tb_fail(err, TB_EINVAL, "%lld KV heads do not divide %lld heads",
                       (long long)work->heads_kv, (long long)work->heads);
    }
    int64_t group = work->heads / work->heads_kv;
    *out = (tb_decode_division){.row_sets = TB_DECODE_ROW_SETS(group),
                                .rows = TB_DECODE_SET_ROWS(group)};
    if (!tb_mul_ok(work->batch, work->heads_kv, &out->items) ||
        !tb_mul_ok(out->items, out->row_sets, &out->items) || out->items > PARTS_MAX ||
        count > PARTS_MAX) {
        return tb_fail(err, TB_EOVERFLOW, "decode of %lld batch entries and %lld heads is too much",
                       (long long)work->batch, (long long)work->heads);
    }
    return TB_OK;
}

/* Room for at most `parts` parts. */
static tb_status allocate(tb_decode_division *out, int64_t parts, int64_t ctas, tb_error *err)
{
    if (parts > PARTS_MAX) {
        return tb_fail(err, TB_EOVERFLOW, "%lld parts of the keys are more than can be numbered",
                       (long long)parts);
    }
    out->ctas = ctas;
    out->part = calloc((size_t)parts, sizeof *out->part);
    out->cta_first = calloc((size_t)ctas + 1, sizeof *out->cta_first);
    out->item_first = calloc((size_t)out->items + 1, sizeof *out->item_first);
    if (out->part == NULL || out->cta_first == NULL || out->item_first == NULL) {
        tb_decode_division_release(out);
        return tb_fail(err, TB_ENOMEM, "no memory for %lld parts", (long long)parts);
    }
    return TB_OK;
}

static void add_part(tb_decode_division *out, int64_t item, int64_t begin, int64_t end)
{
    out->part[out->parts++] = (tb_decode_part){
        .item = (tb_i32)item, .begin = (tb_i32)begin, .end = (tb_i32)end, .unused = 0};
    out->item_first[item + 1] = (tb_i32)out->parts;
}

tb_status tb_decode_split(const tb_decode_work *work, int64_t splits, tb_decode_division *out,
                          tb_error *err)
{
    tb_decode_division made;
    tb_status status = count_items(work, splits, &made, err);
    if (status == TB_OK) {
        /* Both factors are below 2^31. */
        status = allocate(&made, made.items * splits, made.items * splits, err);
    }
    if (status != TB_OK) {
        return status;
    }
    for (int64_t item = 0; item < made.items; item++) {
        int64_t keys = keys_of_item(work, made.row_sets, item);
        for (int64_t s = 0; s < splits; s++) {
            add_part(&made, item, keys * s / splits, keys * (s + 1) / splits);
            made.cta_first[made.parts] = (tb_i32)made.parts;
        }
    }
    *out = made;
    return TB_OK;
}

/* KV tiles `from` to `to` of all items' to parts of a CTA: *item is where they begin, *before the
 * tiles of the items before it; both move on. */
static void add_run(const tb_decode_work *work, tb_decode_division *out, int64_t from, int64_t to,
                    int64_t *item, int64_t *before)
{
    while (from < to) {
        int64_t keys = keys_of_item(work, out->row_sets, *item);
        int64_t tiles = tb_ceil_div(keys, TB_DECODE_KV_TILE);
        int64_t last = tb_min(to - *before, tiles);
        if (from - *before < last) {
            add_part(out, *item, (from - *before) * TB_DECODE_KV_TILE,
                     tb_min(last * TB_DECODE_KV_TILE, keys));
            from = *before + last;
        }
        if (last == tiles) {
            *before += tiles;
            out->item_first[*item + 1] = (tb_i32)out->parts;
            ++*item;
        }
    }
}

tb_status tb_decode_stream(const tb_decode_work *work, int64_t ctas, tb_decode_division *out,
                           tb_error *err)
{
    tb_decode_division made;
    tb_status status = count_items(work, ctas, &made, err);
    if (status == TB_OK) {
        /* Each CTA begins one part, and each item one more at most. */
        status = allocate(&made, made.items + ctas, ctas, err);
    }
    if (status != TB_OK) {
        return status;
    }
    int64_t tiles = 0;
    for (int64_t i = 0; i < made.items; i++) {
        tiles += tb_ceil_div(keys_of_item(work, made.row_sets, i), TB_DECODE_KV_TILE);
    }
    /* The product of tiles and CTAs may pass 63 bits: equal runs without it. */
    int64_t share = tiles / ctas, more = tiles % ctas, from = 0, item = 0, before = 0;
    for (int64_t c = 0; c < ctas; c++) {
        int64_t to = from + share + (c < more);
        add_run(work, &made, from, to, &item, &before);
        made.cta_first[c + 1] = (tb_i32)made.parts;
        from = to;
    }
    for (; item < made.items; item++) { /* without keys */
        made.item_first[item + 1] = (tb_i32)made.parts;
    }
    *out = made;
    return TB_OK;
}

void tb_decode_division_release(tb_decode_division *division)
{
    free(division->part);
    free(division->cta_first);
    free(division->item_first);
    *division = (tb_decode_division){0};
}
