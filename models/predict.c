#include "predict.h"

#include "checked.h"
#include "tile_choice.h"

#include <stdio.h>
#include <stdlib.h>

/* Another shape of the kernel is worth a note from this saving on. */
#define WORTHWHILE_SAVING 0.02

static tb_status overflow(tb_error *err)
{
    return tb_fail(
        err, TB_EOVERFLOW,
        "the tiles of all heads and batch entries pass 2^63 - 1; make the launch smaller");
}

static double flop_per_pair(const tb_problem *problem)
{
    double d = (double)problem->dim, dv = (double)problem->dim_value;
    return problem->pass == TB_PASS_FORWARD ? 2 * (d + dv) : 2 * (3 * d + 2 * dv);
}

static double compulsory_bytes(const tb_problem *problem)
{
    double n = (double)tb_layout_tokens(&problem->layout);
    double queries = n + (double)problem->extra_q, keys = n + (double)problem->extra_kv;
    double d = (double)problem->dim, dv = (double)problem->dim_value;
    double heads = (double)problem->heads, heads_kv = (double)problem->heads_kv;
    double q = queries * heads * d, o = queries * heads * dv;
    double k = keys * heads_kv * d, v = keys * heads_kv * dv;
    double elements = problem->pass == TB_PASS_FORWARD ? q + k + v + o : 2 * (q + k + v) + 2 * o;
    return elements * (double)problem->batch * (double)tb_dtype_bytes(problem->dtype);
}

/* Visited tiles and FLOP are of all heads; CTAs of a kernel that packs groups are of KV heads. */
static tb_status compute_launch(const tb_kernel *kernel, tb_prediction *p, tb_error *err)
{
    const tb_problem *problem = &p->problem;
    const tb_census *census = &p->census;
    int64_t packed = kernel == NULL ? 1 : tb_kernel_packed_heads(kernel, problem, p->tiling.kind);
    int64_t copies,
        ctas = problem->pass == TB_PASS_FORWARD ? census->launched_q_tiles : census->kv_tiles;
    if (!tb_mul_ok(problem->batch, problem->heads / packed, &copies) ||
        !tb_mul_ok(ctas, copies, &p->launch.ctas) ||
        !tb_mul_ok(census->visited, copies, &p->launch.visited_tiles)) {
        return overflow(err);
    }
    double each = flop_per_pair(problem) * (double)problem->batch * (double)problem->heads;
    double tile_pairs = (double)tb_tiling_q_tokens(&p->tiling, &problem->layout) *
                        (double)tb_tiling_kv_tokens(&p->tiling, &problem->layout);
    p->launch.visible_flop = each * (double)census->visible_pairs;
    p->launch.visited_flop = each * (double)census->visited * tile_pairs;
    p->launch.baseline_flop = each * (double)p->bound.baseline_pairs;
    p->launch.compulsory_bytes = compulsory_bytes(problem);
    return TB_OK;
}

static void print_tile(const int64_t *tile, int dims, char *out, size_t capacity)
{
    size_t used = 0;
    for (int d = 0; d < dims && used < capacity; d++) {
        int written =
            snprintf(out + used, capacity - used, "%s%lld", d == 0 ? "" : "x", (long long)tile[d]);
        used += written > 0 ? (size_t)written : 0;
    }
}

/* "4x8x8 / 2x8x8" */
static void print_tiles(const tb_tiling *tiling, const tb_layout *layout, char *out,
                        size_t capacity)
{
    char q[96], kv[96];
    int dims = tb_tiling_dims(tiling, layout);
    print_tile(tiling->q_tile, dims, q, sizeof q);
    print_tile(tiling->kv_tile, dims, kv, sizeof kv);
    (void)snprintf(out, capacity, "%s / %s", q, kv);
}

/* Name a shape of the kernel that computes noticeably less. Ranking rows censuses would cost one
 * census a shape, so that only closed forms are ranked unasked. */
static tb_status note_better_tiles(const tb_case *item, const tb_kernel *kernel, tb_prediction *p,
                                   tb_error *err)
{
    tb_ranked_tiles *ranked = NULL;
    size_t count = 0;
    if (!p->census.closed_form || tb_kernel_padded_dim(kernel, &p->problem) == 0) {
        return TB_OK;
    }
    tb_error none;
    tb_status status = tb_tile_rank(item, kernel, &ranked, &count, &none);
    if (status == TB_EINVAL || status == TB_EOVERFLOW) {
        return TB_OK; /* the kernel has no shape for this: nobody asked, nothing to say */
    }
    if (status != TB_OK) {
        return tb_fail(err, status, "%s", none.message);
    }
    double now = p->launch.visited_flop, best = ranked[0].tile_pairs;
    double per_pair =
        flop_per_pair(&p->problem) * (double)p->problem.batch * (double)p->problem.heads;
    double saving = 1 - best * per_pair / now;
    if (saving >= WORTHWHILE_SAVING) {
        char tiles[200];
        print_tiles(&ranked[0].tiling, &p->problem.layout, tiles, sizeof tiles);
        tb_messages_add(&p->notes,
                        "tiles %s of %s compute %.0f %% less than these; --tiles best "
                        "takes them",
                        tiles, kernel->name, 100 * saving);
    }
    free(ranked);
    return TB_OK;
}

bool tb_prediction_lacks_a_mask(const tb_prediction *prediction, const tb_kernel *kernel)
{
    return kernel->mask == TB_MASK_NEVER && tb_census_partial(&prediction->census) > 0;
}

static void remark_kernel(const tb_kernel *kernel, tb_prediction *p)
{
    const tb_problem *problem = &p->problem;
    int64_t padded = tb_kernel_padded_dim(kernel, problem);
    int64_t wanted = tb_max(problem->dim, problem->dim_value);
    if (!kernel->patterns[p->pattern.kind]) {
        tb_messages_add(&p->warnings,
                        "kernel %s does not run %s patterns; the census holds for its tiles only",
                        kernel->name, tb_pattern_types[p->pattern.kind]->name);
    }
    if (tb_prediction_lacks_a_mask(p, kernel)) {
        tb_messages_add(
            &p->warnings,
            "kernel %s masks nothing, and %lld of the tiles are partial: its result would "
            "be wrong; give a pattern that its tiles divide",
            kernel->name, (long long)tb_census_partial(&p->census));
    }
    if (!tb_kernel_has_tiles(kernel, problem, &p->tiling)) {
        char tiles[200];
        print_tiles(&p->tiling, &problem->layout, tiles, sizeof tiles);
        tb_messages_add(&p->warnings,
                        "kernel %s has no tiles %s for this problem; 'tilebound list kernels %s' "
                        "shows what it has",
                        kernel->name, tiles, kernel->asked);
    }
    if (padded > wanted) {
        tb_messages_add(&p->notes, "kernel %s pads head dim %lld to %lld", kernel->name,
                        (long long)wanted, (long long)padded);
    }
}

static void remark_bound(tb_prediction *p)
{
    if (p->problem.extra_q > 0) {
        tb_messages_add(&p->notes, "extra queries see everything, so the worst query tile visits "
                                   "every KV tile");
    }
    if (p->bound.tile_speedup_worst > p->bound.tile_speedup &&
        p->bound.baseline == TB_BASELINE_SELF) {
        tb_messages_add(&p->notes, "the worst-tile bound leaves padding of query tiles out, so it "
                                   "exceeds the bound by tiles here");
    }
    if (p->bound.tile_speedup < 1) {
        tb_messages_add(&p->notes, "these tiles do more work than the dense baseline");
    }
}

static tb_status remark(const tb_case *item, const tb_kernel *kernel, tb_prediction *p,
                        tb_error *err)
{
    remark_bound(p);
    if (kernel == NULL) {
        return TB_OK;
    }
    remark_kernel(kernel, p);
    p->has_masks = tb_mask_policy_applies(kernel->mask, &p->problem, &p->pattern, &p->tiling);
    if (p->has_masks) {
        tb_status status = tb_mask_policy_count(kernel->mask, &p->problem, &p->pattern, &p->tiling,
                                                &p->census, &p->masks, err);
        if (status != TB_OK) {
            return status;
        }
    }
    return item->tiling.wants_best ? TB_OK : note_better_tiles(item, kernel, p, err);
}

tb_status tb_predict(const tb_case *item, const tb_kernel *kernel, tb_prediction *out,
                     tb_error *err)
{
    tb_prediction p = {.problem = item->problem, .pattern = item->pattern};
    tb_status status = tb_tiling_resolve(item, kernel, &p.tiling, err);
    if (status == TB_OK) {
        status =
            tb_census_count(&p.problem, &p.pattern, &p.tiling, &p.visited_tiles, &p.census, err);
    }
    if (status == TB_OK) {
        status = tb_bound_compute(&p.problem, &p.pattern, &p.tiling, &p.census, item->baseline,
                                  &p.bound, err);
    }
    if (status == TB_OK) {
        status = compute_launch(kernel, &p, err);
    }
    if (status == TB_OK) {
        status = remark(item, kernel, &p, err);
    }
    if (status != TB_OK) {
        tb_prediction_release(&p);
        return status;
    }
    *out = p;
    return TB_OK;
}

void tb_prediction_release(tb_prediction *prediction)
{
    tb_histogram_free(&prediction->visited_tiles);
}
