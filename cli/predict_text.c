/* One prediction as text for people. */
#include "predict_view.h"
#include "text.h"
#include "units.h"

static void print_problem(tb_buffer *out, const tb_problem *problem)
{
    char dims[96], tokens[32];
    tb_buffer_printf(out, "problem  %s = %s tokens",
                     tb_view_dims(problem->layout.extent, problem->layout.rank, dims),
                     tb_text_grouped(tb_layout_tokens(&problem->layout), tokens));
    if (problem->extra_kv > 0) {
        tb_buffer_printf(out, " + %lld KV", (long long)problem->extra_kv);
    }
    if (problem->extra_q > 0) {
        tb_buffer_printf(out, " + %lld queries", (long long)problem->extra_q);
    }
    if (problem->batch > 1) {
        tb_buffer_printf(out, ", batch %lld", (long long)problem->batch);
    }
    tb_buffer_printf(out, ", %lld %s", (long long)problem->heads,
                     problem->heads == 1 ? "head" : "heads");
    if (problem->heads_kv != problem->heads) {
        tb_buffer_printf(out, " (%lld KV)", (long long)problem->heads_kv);
    }
    tb_buffer_printf(out, ", dim %lld", (long long)problem->dim);
    if (problem->dim_value != problem->dim) {
        tb_buffer_printf(out, "/%lld", (long long)problem->dim_value);
    }
    tb_buffer_printf(out, ", %s, %s\n", tb_dtype_names[problem->dtype],
                     tb_pass_names[problem->pass]);
}

static void print_tiling(tb_buffer *out, const tb_prediction *p, const tb_kernel *kernel)
{
    char q[96], kv[96];
    int dims = tb_tiling_dims(&p->tiling, &p->problem.layout);
    tb_buffer_printf(out, "tiling   %s", tb_tiling_kind_names[p->tiling.kind]);
    if (p->tiling.kind == TB_TILING_SINGLE_DIM) {
        tb_buffer_printf(out, " %s", tb_token_order_names[p->tiling.order]);
    }
    tb_buffer_printf(
        out, ", %s KV tiles, query tile %s, KV tile %s", tb_kv_tiling_names[p->tiling.kv_tiling],
        tb_view_dims(p->tiling.q_tile, dims, q), tb_view_dims(p->tiling.kv_tile, dims, kv));
    tb_buffer_printf(out, kernel != NULL ? " (%s)\n" : "\n", kernel != NULL ? kernel->name : "");
}

static void print_bound(tb_buffer *out, const tb_prediction *p)
{
    const tb_bound *bound = &p->bound;
    char visited[32], dense[32];
    const char *over =
        bound->baseline == TB_BASELINE_SELF ? "dense self attention" : "causal attention";
    tb_buffer_printf(out, "\nspeedup over %s, at most\n", over);
    tb_buffer_printf(out, "  by FLOPs          %8.2f x   %.1f %% of its pairs are masked\n",
                     bound->flop_speedup, 100 * bound->sparsity);
    tb_buffer_printf(out, "  by tiles          %8.2f x   %s of its %s tiles are visited\n",
                     bound->tile_speedup, tb_text_grouped(p->census.visited, visited),
                     tb_text_grouped(bound->baseline_tiles, dense));
    tb_buffer_printf(out,
                     "  by worst tile     %8.2f x   a query tile visits up to %s of %s KV tiles\n",
                     bound->tile_speedup_worst, tb_text_grouped(p->census.max, visited),
                     tb_text_grouped(p->census.kv_tiles, dense));
}

static void print_tiles(tb_buffer *out, const tb_prediction *p)
{
    const tb_census *census = &p->census;
    char full[32], partial[32], empty[32], q_tiles[32];
    int64_t empty_tiles;
    tb_buffer_printf(out, "\nfully block-sparse  %s\n", p->bound.fully_block_sparse ? "yes" : "no");
    tb_buffer_printf(out, "tiles per head      %s full, %s partial",
                     tb_text_grouped(census->full, full),
                     tb_text_grouped(tb_census_partial(census), partial));
    if (tb_census_empty(census, &empty_tiles)) {
        tb_buffer_printf(out, ", %s empty", tb_text_grouped(empty_tiles, empty));
    }
    tb_buffer_printf(out, "\nKV tiles visited    min %lld, mean %.1f, max %lld over %s query tiles",
                     (long long)census->min, (double)census->visited / (double)census->q_tiles,
                     (long long)census->max, tb_text_grouped(census->q_tiles, q_tiles));
    if (census->launched_q_tiles != census->q_tiles) {
        tb_buffer_printf(out, " (%s launched)", tb_text_grouped(census->launched_q_tiles, q_tiles));
    }
    tb_buffer_text(out, "\n");
    if (p->problem.pass == TB_PASS_BACKWARD) {
        tb_buffer_printf(
            out, "query tiles a KV tile  min %lld, mean %.1f, max %lld over %s KV tiles\n",
            (long long)census->kv_min, (double)census->visited / (double)census->kv_tiles,
            (long long)census->kv_max, tb_text_grouped(census->kv_tiles, q_tiles));
    }
    tb_buffer_printf(out, "waste in tiles      %.1f %% (padding %.1f %%, masking %.1f %%)\n",
                     100 * p->bound.waste, 100 * p->bound.padding_waste, 100 * p->bound.mask_waste);
}

static void print_kernel(tb_buffer *out, const tb_prediction *p, const tb_kernel *kernel)
{
    char masked[32];
    if (!p->has_masks) {
        tb_buffer_printf(out, "masked by kernel    unknown: its rule (%s) is not defined here\n",
                         tb_mask_policy_names[kernel->mask]);
        return;
    }
    tb_buffer_printf(out, "masked by kernel    %s tiles", tb_text_grouped(p->masks.masked, masked));
    if (p->masks.bounds_masked > 0) {
        tb_buffer_printf(out, ", bounds only on %s",
                         tb_text_grouped(p->masks.bounds_masked, masked));
    }
    tb_buffer_printf(out, " (policy %s)\n", tb_mask_policy_names[kernel->mask]);
}

static void print_launch(tb_buffer *out, const tb_launch_totals *launch)
{
    char ctas[32], visible[48], visited[48], dense[48], bytes[48];
    tb_buffer_printf(out, "per launch          %s CTAs, %s computed of %s visible (dense %s), %s\n",
                     tb_text_grouped(launch->ctas, ctas),
                     tb_units_decimal(launch->visited_flop, "FLOP", visited),
                     tb_units_decimal(launch->visible_flop, "FLOP", visible),
                     tb_units_decimal(launch->baseline_flop, "FLOP", dense),
                     tb_units_bytes(launch->compulsory_bytes, bytes));
}

void tb_view_text(tb_buffer *out, const tb_prediction *p, const tb_kernel *kernel)
{
    char pattern[256];
    print_problem(out, &p->problem);
    tb_buffer_printf(out, "pattern  %s\n",
                     tb_view_pattern(&p->pattern, p->problem.layout.rank, pattern));
    print_tiling(out, p, kernel);
    print_bound(out, p);
    print_tiles(out, p);
    if (kernel != NULL) {
        print_kernel(out, p, kernel);
    }
    print_launch(out, &p->launch);
}

void tb_view_notes(tb_buffer *out, const tb_prediction *p)
{
    for (size_t i = 0; i < p->notes.count; i++) {
        tb_buffer_printf(out, "%snote: %s\n", i == 0 ? "\n" : "", p->notes.text[i]);
    }
}
