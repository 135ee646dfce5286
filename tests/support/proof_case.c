#include "proof_case.h"

#include "test_support.h"

#include <stdlib.h>
#include <string.h>

const char *const tb_proof_kernel_names[TB_PROOF_KERNELS] = {"fmha_fwd", "fmha_fwd_fp32",
                                                             "na_naive", "na_gemm", "fmha_decode"};

static bool chance(gsl_rng *random, int64_t percent)
{
    return tb_test_between(random, 1, 100) <= percent;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int tb_proof_variants(const tb_cuda_variant **out, int most)
{
    int count = 0;
    for (int pass = 0; pass < 2; pass++) {
        int form = 0; /* shapes in turn, each in bf16, then in fp16 */
        for (int i = 0; i < tb_cuda_variant_count; i++) {
            const tb_cuda_variant *variant = &tb_cuda_variants[i];
            if (strcmp(variant->kernel, "fmha_fwd") != 0) {
                continue;
            }
            assert_int_equal(variant->dtype, form % 2 == 0 ? TB_DTYPE_BF16 : TB_DTYPE_FP16);
            if ((form / 2 + form + pass) % 2 == 0 && count < most) {
                out[count++] = variant;
            }
            form++;
        }
    }
    return count;
}

/* A power of two as a box of `dims` dimensions. */
static void draw_box(gsl_rng *random, int64_t slots, int dims, int64_t *box)
{
    for (int d = 0; d < dims; d++) {
        box[d] = 1;
    }
    for (; slots > 1; slots /= 2) {
        box[tb_test_between(random, 0, dims - 1)] *= 2;
    }
}

/* Tiles of any size, for kernels that take them. */
static void draw_any_box(gsl_rng *random, int64_t most, int dims, int64_t *box)
{
    for (int d = 0; d < dims; d++) {
        box[d] = tb_test_between(random, 1, smaller(most, dims == 1 ? 128 : 10));
        most /= box[d];
    }
}

static void draw_tiling(gsl_rng *random, int64_t q_slots, int64_t kv_slots, tb_sim_case *sim)
{
    tb_tiling *tiling = &sim->tiling;
    bool is_single = chance(random, 40);
    int dims = is_single ? 1 : sim->problem.layout.rank;
    tiling->kind = is_single ? TB_TILING_SINGLE_DIM : TB_TILING_MULTI_DIM;
    tiling->order = is_single ? (tb_token_order)tb_test_between(random, 0, 2) : TB_ORDER_ROW_MAJOR;
    if (q_slots > 0) {
        draw_box(random, q_slots, dims, tiling->q_tile);
        draw_box(random, kv_slots, dims, tiling->kv_tile);
    } else {
        draw_any_box(random, 128, dims, tiling->q_tile);
        draw_any_box(random, 4, dims, tiling->kv_tile);
        tiling->kv_tile[tb_test_between(random, 0, dims - 1)] *= 32;
    }
}

/* Two or three tiles along an axis at most: seldom whole ones. */
static void draw_layout(gsl_rng *random, int64_t most, tb_sim_case *sim)
{
    tb_layout *layout = &sim->problem.layout;
    if (sim->tiling.kind == TB_TILING_SINGLE_DIM) {
        *layout = tb_sim_case_layout(random, layout->rank, most);
        return;
    }
    int first = (int)tb_test_between(random, 0, layout->rank - 1);
    for (int i = 0; i < layout->rank; i++) {
        int d = (first + i) % layout->rank;
        int64_t tile = sim->tiling.q_tile[d] > sim->tiling.kv_tile[d] ? sim->tiling.q_tile[d]
                                                                      : sim->tiling.kv_tile[d];
        int64_t extent = chance(random, 15) ? tile * tb_test_between(random, 1, 2)
                                            : tb_test_between(random, 1, tile * 5 / 2 + 1);
        layout->extent[d] = smaller(extent, most);
        most /= layout->extent[d];
    }
}

static void draw_local(gsl_rng *random, int64_t tokens, tb_pattern *pattern)
{
    *pattern = tb_pattern_default();
    pattern->kind = TB_PATTERN_LOCAL;
    pattern->left = chance(random, 20) ? TB_UNLIMITED : tb_test_between(random, 0, tokens / 2);
    pattern->right = chance(random, 20) ? TB_UNLIMITED : tb_test_between(random, 0, tokens / 2);
}

/* Dilation makes a grid of tiles for each residue: up to three of them. */
static void draw_gna(gsl_rng *random, const tb_layout *layout, tb_pattern *pattern)
{
    tb_sim_case_gna(random, layout, pattern);
    for (int d = 0; d < layout->rank; d++) {
        pattern->dilation[d] = 1 + (pattern->dilation[d] - 1) % 3;
    }
}

static void draw_pattern(gsl_rng *random, bool may_be_explicit, tb_sim_case *sim)
{
    const tb_layout *layout = &sim->problem.layout;
    int64_t kind = tb_test_between(random, 1, 20);
    if (kind <= 2) {
        sim->pattern.kind = TB_PATTERN_DENSE;
    } else if (kind <= 4) {
        sim->pattern.kind = TB_PATTERN_CAUSAL;
    } else if (kind <= 7 && may_be_explicit) {
        tb_sim_case_explicit(random, sim);
    } else if (kind <= 10 && layout->rank == 1) {
        draw_local(random, tb_layout_tokens(layout), &sim->pattern);
    } else {
        draw_gna(random, layout, &sim->pattern);
    }
}

static void draw_heads(gsl_rng *random, tb_problem *p)
{
    p->batch = tb_test_between(random, 1, 2);
    p->heads_kv = tb_test_between(random, 1, 2);
    p->heads = p->heads_kv * tb_test_between(random, 1, 3);
}

/* Multiples of 8; `low` is where the next smaller form of a kernel ends. */
static int64_t draw_dim(gsl_rng *random, int64_t low, int64_t high)
{
    return chance(random, 40) ? high : 8 * tb_test_between(random, low / 8 + 1, high / 8);
}

static void draw_dims(gsl_rng *random, const tb_cuda_variant *variant, tb_problem *p)
{
    static const int64_t dims[] = {8, 24, 32, 64, 72, 96, 128, 136, 192, 256};
    if (variant == NULL) {
        p->dim = dims[tb_test_between(random, 0, chance(random, 20) ? 9 : 5)];
        p->dim_value = chance(random, 30)
                           ? dims[tb_test_between(random, 0, chance(random, 20) ? 9 : 5)]
                           : p->dim;
        return;
    }
    p->dim = draw_dim(random, 0, variant->dim);
    p->dim_value = chance(random, 60) && variant->dim == variant->dim_value
                       ? p->dim
                       : draw_dim(random, 0, variant->dim_value);
}

static const struct kernel_draw {
    tb_implementation implementation;
    int64_t tokens; /* at most */
    bool may_be_fp32, may_be_16_bit, may_be_explicit, may_have_list, must_have_list, has_extra_q;
} draws[TB_PROOF_KERNELS] = {
    [TB_PROOF_FMHA] = {TB_IMPLEMENTATION_FUSED, 400, false, true, true, true, true, true},
    [TB_PROOF_FMHA_FP32] = {TB_IMPLEMENTATION_FUSED, 160, true, false, true, true, true, true},
    [TB_PROOF_NAIVE] = {TB_IMPLEMENTATION_NAIVE, 130, true, true, false, false, false, true},
    [TB_PROOF_GEMM] = {TB_IMPLEMENTATION_UNFUSED, 260, false, true, true, true, false, true},
    [TB_PROOF_DECODE] = {TB_IMPLEMENTATION_DECODE, 900, false, true, true, false, false, false},
};

static void draw_dtype(gsl_rng *random, const struct kernel_draw *draw, tb_problem *p)
{
    p->dtype = chance(random, 50) ? TB_DTYPE_BF16 : TB_DTYPE_FP16;
    if (!draw->may_be_16_bit || (draw->may_be_fp32 && chance(random, 30))) {
        p->dtype = TB_DTYPE_FP32;
    }
}

static int64_t round_up(int64_t value, int64_t multiple)
{
    return (value + multiple - 1) / multiple * multiple;
}

/* Dense attention that tiles divide, and rows of whole sectors: every tile is full, and nothing is
 * read but them. */
static void make_whole(tb_sim_case *sim)
{
    tb_problem *p = &sim->problem;
    tb_sim_case_free(sim);
    p->dim = round_up(p->dim, 16);
    p->dim_value = round_up(p->dim_value, 16);
    sim->pattern = tb_pattern_default();
    sim->tiling.order = TB_ORDER_ROW_MAJOR;
    for (int d = 0; d < p->layout.rank; d++) {
        int64_t *extent = &p->layout.extent[d], q = sim->tiling.q_tile[d];
        int64_t larger = q > sim->tiling.kv_tile[d] ? q : sim->tiling.kv_tile[d];
        if (sim->tiling.kind == TB_TILING_SINGLE_DIM) {
            larger = d == 0 ? sim->tiling.q_tile[0] * 2 : 1;
        }
        *extent = round_up(*extent, larger);
    }
}

static void draw_sim(gsl_rng *random, tb_proof_case *item, const tb_cuda_variant *variant)
{
    static const int ranks[] = {1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4};
    const struct kernel_draw *draw = &draws[item->kernel];
    tb_sim_case *sim = &item->sim;
    tb_problem *p = &sim->problem;
    *sim = (tb_sim_case){.problem = tb_problem_default(), .pattern = tb_pattern_default()};
    p->layout.rank = ranks[tb_test_between(random, 0, 19)];
    int64_t q_slots = variant != NULL ? variant->q_tile : 64;
    int64_t kv_slots = variant != NULL ? variant->kv_tile : 64;
    bool is_any = item->kernel == TB_PROOF_FMHA_FP32;
    draw_tiling(random, is_any ? 0 : q_slots, kv_slots, sim);
    draw_layout(random, draw->tokens, sim);
    draw_pattern(random, draw->may_be_explicit, sim);
    draw_heads(random, p);
    draw_dtype(random, draw, p);
    draw_dims(random, variant, p);
    if (variant != NULL) {
        p->dtype = variant->dtype;
    }
    if (item->kernel == TB_PROOF_FMHA && chance(random, 5)) {
        make_whole(sim);
        return;
    }
    p->extra_kv = chance(random, 30) ? tb_test_between(random, 1, kv_slots * 3 / 2) : 0;
    p->extra_q =
        chance(random, 20) && draw->has_extra_q ? tb_test_between(random, 1, q_slots * 5 / 4) : 0;
}

/* Products of 2048 multiply-adds of one head: of tiles, or of pairs. */
static int64_t products(const tb_proof_case *item, const tb_cuda_variant *variant)
{
    const tb_problem *p = &item->sim.problem;
    int64_t n = tb_layout_tokens(&p->layout), dims = p->dim + p->dim_value;
    if (variant != NULL) {
        dims = variant->dim + variant->dim_value;
    }
    int64_t pairs = (n + p->extra_q) * (n + p->extra_kv);
    if (item->list != NULL) {
        pairs = item->list->visited * item->list->q_capacity * item->list->kv_capacity;
    } else if (item->kernel == TB_PROOF_DECODE) {
        pairs = 16 * (n + p->extra_kv);
    }
    return pairs * dims / 2048 + 1;
}

/* Fewer heads, until all of it is little enough. */
static bool is_within(tb_proof_case *item, const tb_cuda_variant *variant, int64_t mma)
{
    tb_problem *p = &item->sim.problem;
    int64_t each = products(item, variant);
    if (each * p->heads * p->batch > mma) {
        p->batch = 1;
    }
    if (each * p->heads > mma) {
        p->heads = p->heads_kv = 1;
    }
    return each * p->heads * p->batch <= mma;
}

static bool make_list(gsl_rng *random, tb_proof_case *item)
{
    const struct kernel_draw *draw = &draws[item->kernel];
    const tb_sim_case *sim = &item->sim;
    tb_error err;
    if (tb_pattern_check(&sim->pattern, &sim->problem.layout, &err) != TB_OK) {
        return false; /* a mask that hides every pair */
    }
    if (draw->must_have_list || (draw->may_have_list && chance(random, 60))) {
        tb_assert_ok(
            tb_tile_list_create(&sim->problem, &sim->pattern, &sim->tiling, &item->list, &err),
            &err);
    }
    return true;
}

static void let_go(tb_proof_case *item)
{
    tb_tile_list_destroy(item->list);
    item->list = NULL;
    tb_sim_case_free(&item->sim);
}

tb_proof_case *tb_proof_draw(gsl_rng *random, tb_proof_kernel kernel,
                             const tb_cuda_variant *variant, int64_t mma)
{
    static const double sizes[] = {0.01, 1, 1, 7, 100};
    tb_proof_case *item = calloc(1, sizeof *item);
    assert_non_null(item);
    item->kernel = kernel;
    item->logit_size = sizes[tb_test_between(random, 0, 4)];
    draw_sim(random, item, variant);
    while (!make_list(random, item) || !is_within(item, variant, mma)) {
        let_go(item);
        draw_sim(random, item, variant);
    }
    if (item->list != NULL) {
        item->list->problem = item->sim.problem; /* with fewer heads */
    }
    item->launch = (tb_launch){.problem = item->sim.problem,
                               .pattern = item->sim.pattern,
                               .tiling = item->sim.tiling,
                               .tiles = item->list,
                               .implementation = draws[kernel].implementation,
                               .splits = tb_test_between(random, 0, 5),
                               .scale = chance(random, 20) ? 0.3 : 0,
                               .workspace_bytes = tb_test_between(random, 0, 1)};
    return item;
}

void tb_proof_free(tb_proof_case *item)
{
    let_go(item);
    free(item);
}

void tb_proof_print(const tb_proof_case *item)
{
    const tb_problem *p = &item->sim.problem;
    tb_sim_case sim = item->sim;
    sim.mask = NULL; /* too large to be read */
    tb_sim_case_print(&sim);
    print_error(
        "%s of %s, dims %lld and %lld, batch %lld, heads %lld over %lld, splits %lld, scale "
        "%g, logits %g%s\n",
        tb_proof_kernel_names[item->kernel], tb_dtype_names[p->dtype], (long long)p->dim,
        (long long)p->dim_value, (long long)p->batch, (long long)p->heads, (long long)p->heads_kv,
        (long long)item->launch.splits, item->launch.scale, item->logit_size,
        item->list == NULL ? ", no list" : "");
}
