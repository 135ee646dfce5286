#include "sim_case.h"

#include "test_support.h"

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool chance(gsl_rng *random, int64_t percent)
{
    return tb_test_between(random, 1, 100) <= percent;
}

/* Mostly small ranks, of which there are more cases to tell apart. */
static int draw_rank(gsl_rng *random)
{
    static const int ranks[] = {1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 4};
    return ranks[tb_test_between(random, 0, 15)];
}

static int64_t draw_tokens(gsl_rng *random)
{
    return chance(random, 5) ? tb_test_between(random, 100, 300) : tb_test_between(random, 1, 100);
}

tb_layout tb_sim_case_layout(gsl_rng *random, int rank, int64_t tokens)
{
    static const int64_t largest[] = {0, 300, 40, 16, 8};
    tb_layout layout = {.rank = rank};
    int first = (int)tb_test_between(random, 0, rank - 1); /* which dimension may be long */
    for (int i = 0; i < rank; i++) {
        int d = (first + i) % rank;
        layout.extent[d] = tb_test_between(random, 1, smaller(tokens, largest[rank]));
        tokens /= layout.extent[d];
    }
    return layout;
}

void tb_sim_case_gna(gsl_rng *random, const tb_layout *layout, tb_pattern *pattern)
{
    *pattern = tb_pattern_default();
    pattern->kind = TB_PATTERN_GNA;
    bool is_any_causal = chance(random, 40);
    for (int d = 0; d < layout->rank; d++) {
        int64_t extent = layout->extent[d];
        int64_t dilation = chance(random, 50) ? 1 : tb_test_between(random, 1, extent);
        int64_t limit = extent / dilation;
        int64_t window = chance(random, 15) ? limit : tb_test_between(random, 1, limit);
        pattern->dilation[d] = dilation;
        pattern->window[d] = window;
        pattern->stride[d] = chance(random, 30) ? 1 : tb_test_between(random, 1, window);
        pattern->causal[d] = is_any_causal && chance(random, 50);
    }
}

static void draw_local(gsl_rng *random, int64_t tokens, tb_pattern *pattern)
{
    *pattern = tb_pattern_default();
    pattern->kind = TB_PATTERN_LOCAL;
    int64_t most = chance(random, 50) ? tokens / 4 : tokens + 2;
    pattern->left = chance(random, 20) ? TB_UNLIMITED : tb_test_between(random, 0, most);
    pattern->right = chance(random, 30) ? TB_UNLIMITED : tb_test_between(random, 0, most);
}

/* Mostly small; at times larger than the axis, or what divides the shorter dilation groups, so that
 * the longer ones have a tile more. */
static int64_t draw_tile(gsl_rng *random, int64_t extent, int64_t dilation)
{
    int64_t shorter = extent / dilation;
    if (chance(random, 15)) {
        return tb_test_between(random, 1, extent + 3);
    }
    if (chance(random, 20)) {
        return shorter % 2 == 0 ? shorter / 2 : shorter;
    }
    return tb_test_between(random, 1, smaller(extent, 6) + 1);
}

/* Tiles of `dims` dimensions, and extra tokens of up to three tiles and a bit. */
static void draw_tiles(gsl_rng *random, int dims, int64_t tokens, tb_sim_case *out)
{
    int64_t q_tokens = 1, kv_tokens = 1;
    for (int d = 0; d < dims; d++) {
        int64_t extent = dims == 1 ? tokens : out->problem.layout.extent[d];
        int64_t dilation = out->pattern.dilation[d];
        out->tiling.q_tile[d] = draw_tile(random, extent, dilation);
        out->tiling.kv_tile[d] = draw_tile(random, extent, dilation);
        q_tokens *= out->tiling.q_tile[d];
        kv_tokens *= out->tiling.kv_tile[d];
    }
    if (chance(random, 35)) {
        out->problem.extra_kv = tb_test_between(random, 1, smaller(3 * kv_tokens + 1, 40));
    }
    if (chance(random, 25)) {
        out->problem.extra_q = tb_test_between(random, 1, smaller(3 * q_tokens + 1, 40));
    }
}

static int64_t tokens_of(const tb_layout *layout)
{
    int64_t tokens = 1;
    for (int d = 0; d < layout->rank; d++) {
        tokens *= layout->extent[d];
    }
    return tokens;
}

static tb_sim_case empty_case(gsl_rng *random, int rank, int64_t tokens)
{
    tb_sim_case out = {.problem = tb_problem_default(), .pattern = tb_pattern_default()};
    out.problem.layout = tb_sim_case_layout(random, rank, tokens);
    return out;
}

tb_sim_case tb_sim_case_product(gsl_rng *random)
{
    int rank = draw_rank(random);
    tb_sim_case out = empty_case(random, rank, draw_tokens(random));
    int64_t kind = tb_test_between(random, 1, 20), tokens = tokens_of(&out.problem.layout);
    if (kind == 1) {
        out.pattern.kind = TB_PATTERN_DENSE;
    } else if (rank == 1 && kind <= 3) {
        out.pattern.kind = TB_PATTERN_CAUSAL;
    } else if (rank == 1 && kind <= 7) {
        draw_local(random, tokens, &out.pattern);
    } else {
        tb_sim_case_gna(random, &out.problem.layout, &out.pattern);
    }
    draw_tiles(random, rank, tokens, &out);
    if (chance(random, 35)) {
        out.tiling.kv_tiling = TB_KV_DYNAMIC;
    } else if (chance(random, 30)) {
        out.problem.pass = TB_PASS_BACKWARD;
    }
    bool is_plain = out.pattern.dilation[0] == 1 && out.tiling.kv_tiling == TB_KV_STATIC;
    if (rank == 1 && is_plain && chance(random, 10)) {
        out.tiling.kind = TB_TILING_SINGLE_DIM;
    }
    return out;
}

tb_sim_case tb_sim_case_thin(gsl_rng *random)
{
    tb_sim_case out = empty_case(random, 1, 1);
    int64_t n = tb_test_between(random, 60, 340), most = tb_test_between(random, 1, 24);
    int64_t dilation = chance(random, 70) ? 1 : tb_test_between(random, 1, 5);
    out.problem.layout.extent[0] = n;
    if (chance(random, 20)) {
        draw_local(random, most, &out.pattern);
    } else {
        out.pattern.kind = TB_PATTERN_GNA;
        out.pattern.dilation[0] = dilation;
        out.pattern.window[0] = tb_test_between(random, 1, smaller(most, n / dilation));
        out.pattern.stride[0] = tb_test_between(random, 1, out.pattern.window[0]);
        out.pattern.causal[0] = chance(random, 30);
    }
    out.tiling.q_tile[0] = tb_test_between(random, 1, 9);
    out.tiling.kv_tile[0] = tb_test_between(random, 1, 9);
    out.tiling.kv_tiling = chance(random, 35) ? TB_KV_DYNAMIC : TB_KV_STATIC;
    bool is_static = out.tiling.kv_tiling == TB_KV_STATIC;
    out.problem.pass = is_static && chance(random, 25) ? TB_PASS_BACKWARD : TB_PASS_FORWARD;
    out.problem.extra_kv = chance(random, 20) ? tb_test_between(random, 1, 20) : 0;
    out.problem.extra_q = chance(random, 20) ? tb_test_between(random, 1, 20) : 0;
    return out;
}

void tb_sim_case_explicit(gsl_rng *random, tb_sim_case *out)
{
    static const int64_t densities[] = {3, 20, 50, 90, 100};
    int64_t tokens = tokens_of(&out->problem.layout), q = 1, kv = 1;
    if (chance(random, 40)) {
        q = tb_test_between(random, 1, 3);
        kv = tb_test_between(random, 1, 3);
    }
    tb_error err;
    tb_assert_ok(
        tb_bit_matrix_create((tokens + q - 1) / q, (tokens + kv - 1) / kv, &out->mask, &err), &err);
    int64_t density = densities[tb_test_between(random, 0, 4)];
    for (int64_t r = 0; r < out->mask->rows; r++) {
        bool is_empty = chance(random, 15);
        for (int64_t c = 0; c < out->mask->cols && !is_empty; c++) {
            if (chance(random, density)) {
                tb_bits_set(tb_bit_matrix_row(out->mask, r), c);
            }
        }
    }
    out->pattern = tb_pattern_default();
    out->pattern.kind = TB_PATTERN_EXPLICIT;
    out->pattern.mask = out->mask;
    out->pattern.mask_block_q = q;
    out->pattern.mask_block_kv = kv;
}

static tb_sim_case draw_rows(gsl_rng *random, int rank, int64_t most)
{
    tb_sim_case out = empty_case(random, rank, most);
    int64_t kind = tb_test_between(random, 1, 20), tokens = tokens_of(&out.problem.layout);
    bool is_box = false;
    if (chance(random, 40)) {
        tb_sim_case_any_kind(random, &out);
        is_box = chance(random, 50);
    } else if (kind <= 6) {
        tb_sim_case_explicit(random, &out);
        is_box = chance(random, 40);
    } else if (kind <= 9) {
        out.pattern.kind = TB_PATTERN_CAUSAL;
        is_box = chance(random, 50);
    } else if (kind == 10) {
        out.pattern.kind = TB_PATTERN_DENSE;
    } else if (kind <= 12 && rank == 1) {
        draw_local(random, tokens, &out.pattern);
    } else {
        tb_sim_case_gna(random, &out.problem.layout, &out.pattern);
    }
    out.tiling.kind = is_box ? TB_TILING_MULTI_DIM : TB_TILING_SINGLE_DIM;
    out.tiling.order = is_box ? TB_ORDER_ROW_MAJOR : (tb_token_order)tb_test_between(random, 0, 2);
    out.problem.pass = chance(random, 30) ? TB_PASS_BACKWARD : TB_PASS_FORWARD;
    draw_tiles(random, is_box ? rank : 1, tokens, &out);
    return out;
}

tb_sim_case tb_sim_case_rows(gsl_rng *random)
{
    int rank = draw_rank(random);
    return draw_rows(random, rank, draw_tokens(random));
}

tb_sim_case tb_sim_case_long_rows(gsl_rng *random)
{
    return draw_rows(random, (int)tb_test_between(random, 2, 4), 1000);
}

/* One dimension: tiles first, then a stride and a window that are mostly multiples of them. */
static void draw_aligned_dim(gsl_rng *random, int d, int64_t largest, tb_sim_case *out)
{
    int64_t q_tile = tb_test_between(random, 1, 4), kv_tile = tb_test_between(random, 1, 4);
    int64_t stride = q_tile * tb_test_between(random, 1, 2);
    int64_t window = kv_tile * tb_test_between(random, 1, 4);
    window += chance(random, 10);
    while (window < stride) {
        window += kv_tile;
    }
    int64_t length = window + tb_test_between(random, 0, 8);
    if (chance(random, 50)) {
        length += stride - length % stride;
    }
    bool is_dilated = chance(random, 20) && length * 2 <= largest;
    out->problem.layout.extent[d] =
        is_dilated ? length * 2 + tb_test_between(random, 0, 1) : length;
    out->pattern.dilation[d] = is_dilated ? 2 : 1;
    out->pattern.window[d] = chance(random, 10) ? length : window;
    out->pattern.stride[d] = stride;
    out->pattern.causal[d] = chance(random, 5);
    out->tiling.q_tile[d] = q_tile;
    out->tiling.kv_tile[d] = kv_tile;
}

tb_sim_case tb_sim_case_aligned(gsl_rng *random)
{
    tb_sim_case out;
    int rank = (int)tb_test_between(random, 1, 2) + chance(random, 5);
    do {
        out = empty_case(random, rank, 1);
        out.pattern.kind = TB_PATTERN_GNA;
        for (int d = 0; d < rank; d++) {
            draw_aligned_dim(random, d, 40, &out);
        }
    } while (tokens_of(&out.problem.layout) > 400);
    out.tiling.kv_tiling = chance(random, 20) ? TB_KV_DYNAMIC : TB_KV_STATIC;
    if (chance(random, 15)) {
        out.problem.extra_kv = tb_test_between(random, 1, 9);
        out.problem.extra_q = tb_test_between(random, 0, 9);
    }
    if (chance(random, 5)) {
        out.pattern = tb_pattern_default();
        out.pattern.kind = rank == 1 && chance(random, 50) ? TB_PATTERN_CAUSAL : TB_PATTERN_DENSE;
    }
    return out;
}

void tb_sim_case_free(tb_sim_case *problem)
{
    tb_bit_matrix_destroy(problem->mask);
    problem->mask = NULL;
    tb_sim_case_free_owned(problem);
}
