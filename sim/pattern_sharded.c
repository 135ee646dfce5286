/* sharded: a head's share of the context: the latest mask blocks, and every v-th of the earlier
 * ones, at an offset of its own in each head. S2-Attention (arXiv 2407.17678) sec. 3; the rule of
 * its kernels, (J + head + 1) mod v = 0. Over the flattened order. */
#include "checked.h"
#include "pattern_types.h"

enum { BLOCK, LOCAL_BLOCKS, VERT_STRIDE, HEAD };

static const tb_pattern_parameter parameters[] = {
    {"block", "tokens of a mask block", TB_PARAMETER_TOKENS, false, 1, INT64_MAX, 64},
    {"local_blocks", "latest mask blocks, the query's own among them", TB_PARAMETER_TOKENS, true, 1,
     INT64_MAX, 0},
    {"vert_stride", "of the mask blocks before, one in so many is seen", TB_PARAMETER_TOKENS, true,
     1, INT32_MAX, 0},
    {"head", "the head whose share it is, from 0", TB_PARAMETER_TOKENS, false, 0, INT32_MAX, 0},
};

typedef struct shape {
    int64_t block, local, stride, offset; /* offset: head modulo stride */
} shape;

static shape shape_of(const tb_pattern *pattern, const tb_layout *layout)
{
    int64_t n = tb_layout_tokens(layout);
    int64_t stride = tb_parameter_integer(pattern, VERT_STRIDE);
    return (shape){.block = tb_min(tb_parameter_integer(pattern, BLOCK), n),
                   .local = tb_min(tb_parameter_integer(pattern, LOCAL_BLOCKS), n),
                   .stride = stride,
                   .offset = tb_parameter_integer(pattern, HEAD) % stride};
}

/* First of the local mask blocks of mask block I. */
static int64_t local_begin(const shape *s, int64_t block)
{
    return tb_max(block - s->local + 1, 0);
}

static int64_t first_column(const shape *s)
{
    return s->stride - 1 - s->offset;
}

static void row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                tb_interval_fn *emit, void *user)
{
    shape s = shape_of(pattern, layout);
    int64_t local = local_begin(&s, query / s.block);
    for (int64_t column = first_column(&s); column < local; column += s.stride) {
        emit(column * s.block, (column + 1) * s.block, user);
    }
    emit(local * s.block, query + 1, user);
}

/* Seen columns of 0 ... local - 1. */
static int64_t columns_before(const shape *s, int64_t local)
{
    return (local + s->offset) / s->stride;
}

/* Visible pairs of queries [query, last]: those of one mask block have the same columns. */
static int64_t pairs_of(const shape *s, int64_t query, int64_t last)
{
    int64_t pairs = 0;
    for (int64_t from = query; from <= last;) {
        int64_t block = from / s->block, to = tb_min((block + 1) * s->block, last + 1);
        int64_t local = local_begin(s, block);
        int64_t always = (columns_before(s, local) - local) * s->block;
        pairs += (to - from) * always + (from + 1 + to) * (to - from) / 2;
        from = to;
    }
    return pairs;
}

static void spans(const tb_pattern *pattern, const tb_layout *layout, int64_t query, int64_t count,
                  tb_spans *out)
{
    shape s = shape_of(pattern, layout);
    int64_t last = query + count - 1;
    int64_t any_local = local_begin(&s, query / s.block);
    int64_t all_local = local_begin(&s, last / s.block);
    int64_t end = tb_min(all_local, query / s.block + 1); /* no key after the first query */
    for (int64_t column = first_column(&s); column < end; column += s.stride) {
        int64_t begin = column * s.block;
        if (column < any_local) {
            tb_spans_any(out, begin, begin + s.block);
        }
        tb_spans_all(out, begin, tb_min(begin + s.block, query + 1));
    }
    tb_spans_any(out, any_local * s.block, last + 1);
    tb_spans_all(out, all_local * s.block, query + 1);
    out->pairs += pairs_of(&s, query, last);
}

/* Full KV tiles: whole columns, the one that the first query is in, and the local run, which a
 * column before it may touch. */
static int64_t full_tiles(const shape *s, int64_t query, int64_t last, int64_t kv_tile)
{
    int64_t own = query / s->block, local = local_begin(s, last / s->block);
    int64_t end = tb_min(local, own + 1), seen = (query + 1) / kv_tile, full = 0;
    int64_t columns = columns_before(s, end);
    int64_t latest = first_column(s) + (columns - 1) * s->stride;
    if (kv_tile <= s->block) {
        int64_t clipped = columns > 0 && latest == own;
        full += (columns - clipped) * (s->block / kv_tile);
        full += clipped ? seen - latest * (s->block / kv_tile) : 0;
    }
    bool touches = columns > 0 && latest == local - 1;
    if (local * s->block <= query) {
        int64_t begin = (touches ? latest : local) * s->block;
        full += tb_max(seen - tb_ceil_div(begin, kv_tile), 0);
        full -= touches && kv_tile <= s->block ? s->block / kv_tile : 0; /* counted above */
    }
    return full;
}

/* Where mask blocks and KV tiles divide each other, and two columns never share a tile. */
static bool tiles(const tb_pattern *pattern, const tb_layout *layout, int64_t query, int64_t count,
                  int64_t kv_tile, tb_run_tiles *out)
{
    shape s = shape_of(pattern, layout);
    int64_t last = query + count - 1, span = 0;
    bool divides = s.block % kv_tile == 0 || kv_tile % s.block == 0;
    if (!divides || s.stride < 2 || !tb_mul_ok(s.stride, s.block, &span) || span < kv_tile) {
        return false;
    }
    int64_t local = local_begin(&s, query / s.block), columns = columns_before(&s, local);
    int64_t latest = first_column(&s) + (columns - 1) * s.stride;
    int64_t begin = local * s.block / kv_tile;
    out->past = last / kv_tile + 1;
    out->visited = out->past - begin + columns * tb_max(s.block / kv_tile, 1);
    out->visited -= columns > 0 && ((latest + 1) * s.block - 1) / kv_tile == begin;
    out->full = full_tiles(&s, query, last, kv_tile);
    out->pairs = pairs_of(&s, query, last);
    return true;
}

const tb_pattern_type tb_pattern_sharded = {
    .name = "sharded",
    .summary = "a head's share: the latest mask blocks and every v-th before them (S2-Attention)",
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof *parameters,
    .check = tb_accept_any_layout,
    .row = row,
    .spans = spans,
    .tiles = tiles,
    .is_causal = tb_always_causal,
};
