/* Tiles as lists of tokens. */
#include "oracle.h"

#include "test_support.h"
#include "token_order.h"

#include <stdlib.h>

bool tb_oracle_next(int dims, const int64_t *extent, int64_t *point)
{
    for (int d = dims - 1; d >= 0; d--) {
        if (++point[d] < extent[d]) {
            return true;
        }
        point[d] = 0;
    }
    return false;
}

/* Room for one more tile of the most tokens that any can have. */
typedef struct builder {
    const tb_layout *layout;
    int64_t dilation[TB_MAX_RANK];
    const int64_t *tile;
    tb_oracle_tiles *out;
    int64_t used; /* tokens so far */
} builder;

static void close_tile(builder *b, int64_t group)
{
    tb_oracle_tiles *tiles = b->out;
    tiles->group[tiles->count++] = group;
    tiles->first[tiles->count] = b->used;
}

/* The tokens of a box of group coordinates from `corner`, absent ones left out. */
static void add_box(builder *b, const int64_t *residue, const int64_t *corner, int64_t group)
{
    int64_t inside[TB_MAX_RANK] = {0};
    do {
        int64_t token = 0;
        bool is_real = true;
        for (int d = 0; d < b->layout->rank; d++) {
            int64_t x = residue[d] + (corner[d] + inside[d]) * b->dilation[d];
            is_real = is_real && x < b->layout->extent[d];
            token = token * b->layout->extent[d] + x;
        }
        if (is_real) {
            b->out->tokens[b->used++] = token;
        }
    } while (tb_oracle_next(b->layout->rank, b->tile, inside));
    close_tile(b, group);
}

static void add_group(builder *b, const int64_t *residue, int64_t group)
{
    int rank = b->layout->rank;
    int64_t grid[TB_MAX_RANK], at[TB_MAX_RANK] = {0}, corner[TB_MAX_RANK];
    for (int d = 0; d < rank; d++) {
        int64_t length = tb_oracle_group_length(b->layout->extent[d], b->dilation[d], residue[d]);
        grid[d] = 0;
        for (int64_t begin = 0; begin < length; begin += b->tile[d]) {
            grid[d]++;
        }
    }
    do {
        for (int d = 0; d < rank; d++) {
            corner[d] = at[d] * b->tile[d];
        }
        add_box(b, residue, corner, group);
    } while (tb_oracle_next(rank, grid, at));
}

static void add_boxes(builder *b)
{
    int64_t residue[TB_MAX_RANK] = {0};
    do {
        add_group(b, residue, b->out->groups++);
    } while (tb_oracle_next(b->layout->rank, b->dilation, residue));
}

/* Tokens [0, count) of `order` (NULL: counted from `base`) in runs of `capacity`. */
static void add_runs(builder *b, const int64_t *order, int64_t base, int64_t count, int64_t group)
{
    for (int64_t i = 0; i < count; i++) {
        b->out->tokens[b->used++] = order == NULL ? base + i : order[i];
        if ((i + 1) % b->out->capacity == 0 || i + 1 == count) {
            close_tile(b, group);
        }
    }
}

uint64_t tb_oracle_morton_key(const tb_layout *layout, int64_t token)
{
    int64_t x[TB_MAX_RANK];
    for (int d = layout->rank - 1; d >= 0; d--) {
        x[d] = token % layout->extent[d];
        token /= layout->extent[d];
    }
    uint64_t key = 0;
    for (int bit = 15; bit >= 0; bit--) { /* from the highest bit down, first dimension first */
        for (int d = 0; d < layout->rank; d++) {
            key = key * 2 + (uint64_t)(x[d] >> bit & 1);
        }
    }
    return key;
}

/* Insertion sort: simple, and lists are short. */
static void sort_morton(const tb_layout *layout, int64_t *order, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t at = i;
        uint64_t key = tb_oracle_morton_key(layout, i);
        while (at > 0 && tb_oracle_morton_key(layout, order[at - 1]) > key) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
}

/* Hilbert order is sim's own: test_token_order.c checks it by itself. */
static void add_ordered_runs(builder *b, tb_token_order kind, int64_t tokens)
{
    int64_t *order = tb_oracle_integers(tokens);
    if (kind == TB_ORDER_HILBERT) {
        tb_error err;
        tb_assert_ok(tb_token_order_fill(b->layout, kind, order, &err), &err);
    } else if (kind == TB_ORDER_MORTON) {
        sort_morton(b->layout, order, tokens);
    }
    b->out->groups = 1;
    add_runs(b, kind == TB_ORDER_ROW_MAJOR ? NULL : order, 0, tokens, 0);
    free(order);
}

void tb_oracle_tiles_make(const tb_problem *problem, const tb_pattern *pattern,
                          const tb_tiling *tiling, const int64_t *tile, int64_t extra,
                          tb_oracle_tiles *out)
{
    builder b = {.layout = &problem->layout, .tile = tile, .out = out};
    int64_t tokens = 1;
    bool is_box = tiling->kind == TB_TILING_MULTI_DIM;
    *out = (tb_oracle_tiles){.capacity = is_box ? 1 : tile[0]};
    for (int d = 0; d < problem->layout.rank; d++) {
        tokens *= problem->layout.extent[d];
        out->capacity *= is_box ? tile[d] : 1;
        b.dilation[d] = pattern->kind == TB_PATTERN_GNA ? pattern->dilation[d] : 1;
    }
    out->first = tb_oracle_integers(tokens + extra); /* no tile without a token */
    out->group = tb_oracle_integers(tokens + extra);
    out->tokens = tb_oracle_integers(tokens + extra);
    if (is_box) {
        add_boxes(&b);
    } else {
        add_ordered_runs(&b, tiling->order, tokens);
    }
    assert_int_equal(b.used, tokens);
    out->own = out->count;
    add_runs(&b, NULL, tokens, extra, -1);
}

void tb_oracle_tiles_free(tb_oracle_tiles *tiles)
{
    free(tiles->first);
    free(tiles->tokens);
    free(tiles->group);
}
