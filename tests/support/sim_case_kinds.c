/* Random patterns of the kinds from sink-local on. */
#include "sim_case.h"

#include "test_support.h"

#include <stdlib.h>

/* Lists and parts that a pattern borrows. */
typedef struct tb_sim_owned {
    int64_t list[2][400];
    tb_pattern part[TB_PATTERN_PARTS_MAX];
    struct tb_sim_owned *next; /* of parts */
} tb_sim_owned;

static tb_sim_owned *own(tb_sim_case *out)
{
    tb_sim_owned *made = calloc(1, sizeof *made);
    assert_non_null(made);
    made->next = out->owned;
    out->owned = made;
    return made;
}

void tb_sim_case_free_owned(tb_sim_case *item)
{
    while (item->owned != NULL) {
        tb_sim_owned *next = item->owned->next;
        free(item->owned);
        item->owned = next;
    }
}

static bool chance(gsl_rng *random, int64_t percent)
{
    return tb_test_between(random, 1, 100) <= percent;
}

static void set(tb_pattern *pattern, const char *name, int64_t value)
{
    int index = tb_pattern_parameter_index(pattern->kind, name);
    assert_true(index >= 0);
    pattern->value[index] = (tb_parameter_value){.given = true, .integer = value};
}

static void set_list(tb_pattern *pattern, const char *name, const int64_t *list, size_t count)
{
    int index = tb_pattern_parameter_index(pattern->kind, name);
    assert_true(index >= 0);
    pattern->value[index] = (tb_parameter_value){.given = true, .list = list, .count = count};
}

/* Mostly small, at times past the end, or as large as can be. */
static int64_t draw_tokens(gsl_rng *random, int64_t least, int64_t tokens)
{
    if (chance(random, 4)) {
        return INT32_MAX;
    }
    int64_t most = chance(random, 60) ? tokens / 6 : tokens + 3;
    return tb_test_between(random, least, most < least ? least : most);
}

static void draw_documents(gsl_rng *random, int64_t tokens, tb_pattern *pattern,
                           tb_sim_owned *owned)
{
    if (chance(random, 30)) {
        set(pattern, "length", draw_tokens(random, 1, tokens));
    } else {
        size_t count = 1;
        int64_t end = 0, longest = tb_test_between(random, 1, tokens);
        while (end < tokens && count < 399) {
            end += tb_test_between(random, 1, longest);
            owned->list[0][count++] = end < tokens ? end : tokens;
        }
        owned->list[0][count - 1] = tokens;
        set_list(pattern, "cu_seqlens", owned->list[0], count);
    }
    if (chance(random, 60)) {
        set(pattern, "causal", tb_test_between(random, 0, 1));
    }
}

static void draw_axes(gsl_rng *random, int rank, tb_pattern *pattern, tb_sim_owned *owned)
{
    size_t count = 0;
    for (int d = 0; d < rank; d++) {
        if (chance(random, 60) || (d == rank - 1 && count == 0)) {
            owned->list[0][count++] = d + 1;
        }
    }
    if (chance(random, 70)) {
        set_list(pattern, "axes", owned->list[0], count);
    }
}

static void draw_tile_window(gsl_rng *random, const tb_layout *layout, tb_pattern *pattern,
                             tb_sim_owned *owned)
{
    for (int d = 0; d < layout->rank; d++) {
        int64_t extent = layout->extent[d], tile;
        do {
            tile = tb_test_between(random, 1, extent);
        } while (extent % tile != 0);
        int64_t half = tb_test_between(random, 0, (extent / tile - 1) / 2);
        owned->list[0][d] = chance(random, 20) ? extent : tile * (2 * half + 1);
        owned->list[1][d] = tile;
    }
    set_list(pattern, "window", owned->list[0], (size_t)layout->rank);
    set_list(pattern, "tile", owned->list[1], (size_t)layout->rank);
}

static bool suits(tb_pattern_kind kind, int rank)
{
    return tb_pattern_types[kind] != NULL && kind != TB_PATTERN_EXPLICIT &&
           (kind != TB_PATTERN_LOCAL || rank == 1) && (kind != TB_PATTERN_AXIAL || rank > 1) &&
           !tb_pattern_types[kind]->is_random;
}

static tb_pattern_kind draw_kind(gsl_rng *random, int rank, int64_t first, int64_t last)
{
    tb_pattern_kind kind;
    do {
        kind = (tb_pattern_kind)tb_test_between(random, first, last);
    } while (!suits(kind, rank));
    return kind;
}

static void draw_parts(gsl_rng *random, tb_sim_case *out, tb_pattern *pattern, tb_sim_owned *owned)
{
    pattern->parts = (int)tb_test_between(random, 2, TB_PATTERN_PARTS_MAX);
    for (int p = 0; p < pattern->parts; p++) {
        bool is_nested = chance(random, 5);
        int64_t last = is_nested ? TB_PATTERN_INTERSECTION : TB_PATTERN_UNION - 1;
        tb_pattern_kind kind = draw_kind(random, out->problem.layout.rank, 0, last);
        tb_sim_case_kind(random, kind, out, &owned->part[p]);
        pattern->part[p] = &owned->part[p];
    }
}

/* A kind whose parameters are fields. */
static void draw_fields(gsl_rng *random, tb_pattern_kind kind, const tb_layout *layout,
                        tb_pattern *pattern)
{
    if (kind == TB_PATTERN_GNA) {
        tb_sim_case_gna(random, layout, pattern);
    } else if (kind == TB_PATTERN_LOCAL) {
        pattern->left = draw_tokens(random, 0, layout->extent[0]);
        pattern->right = draw_tokens(random, 0, layout->extent[0]);
    }
}

void tb_sim_case_kind(gsl_rng *random, tb_pattern_kind kind, tb_sim_case *out, tb_pattern *pattern)
{
    const tb_layout *layout = &out->problem.layout;
    int64_t tokens = tb_layout_tokens(layout);
    tb_sim_owned *owned = own(out);
    *pattern = tb_pattern_default();
    pattern->kind = kind;
    switch (kind) {
    case TB_PATTERN_SINK_LOCAL:
        set(pattern, "sink", draw_tokens(random, 0, tokens));
        set(pattern, "local", draw_tokens(random, 1, tokens));
        break;
    case TB_PATTERN_STRIDED:
        set(pattern, "window", draw_tokens(random, 1, tokens));
        set(pattern, "stride", draw_tokens(random, 1, chance(random, 50) ? 12 : tokens));
        set(pattern, "causal", tb_test_between(random, 0, 1));
        if (chance(random, 30)) { /* the stride divides the window */
            set(pattern, "window",
                tb_pattern_integer(pattern, "stride") * tb_test_between(random, 1, 3));
        }
        break;
    case TB_PATTERN_FIXED:
        set(pattern, "segment", draw_tokens(random, 1, tokens));
        set(pattern, "summary", tb_test_between(random, 1, tb_pattern_integer(pattern, "segment")));
        break;
    case TB_PATTERN_GLOBAL_LOCAL:
        set(pattern, "block", draw_tokens(random, 1, chance(random, 80) ? 9 : tokens));
        set(pattern, "global", draw_tokens(random, 0, chance(random, 50) ? 3 : tokens));
        set(pattern, "window", draw_tokens(random, 0, chance(random, 50) ? 3 : tokens));
        set(pattern, "causal", tb_test_between(random, 0, 1));
        break;
    case TB_PATTERN_SHARDED:
        set(pattern, "block", draw_tokens(random, 1, chance(random, 80) ? 9 : tokens));
        set(pattern, "local_blocks", draw_tokens(random, 1, chance(random, 50) ? 3 : tokens));
        set(pattern, "vert_stride", draw_tokens(random, 1, chance(random, 50) ? 6 : tokens));
        set(pattern, "head", draw_tokens(random, 0, 40));
        break;
    case TB_PATTERN_PREFIX:
        set(pattern, "prefix", draw_tokens(random, 0, tokens));
        break;
    case TB_PATTERN_DOCUMENT:
        draw_documents(random, tokens, pattern, owned);
        break;
    case TB_PATTERN_AXIAL:
        draw_axes(random, layout->rank, pattern, owned);
        break;
    case TB_PATTERN_SLIDING_TILE:
        draw_tile_window(random, layout, pattern, owned);
        break;
    case TB_PATTERN_UNION:
    case TB_PATTERN_INTERSECTION:
        draw_parts(random, out, pattern, owned);
        break;
    default:
        draw_fields(random, kind, layout, pattern);
        break;
    }
}

void tb_sim_case_any_kind(gsl_rng *random, tb_sim_case *out)
{
    tb_pattern_kind kind =
        draw_kind(random, out->problem.layout.rank, TB_PATTERN_FIELD_KINDS, TB_PATTERN_COUNT - 1);
    tb_sim_case_kind(random, kind, out, &out->pattern);
}
