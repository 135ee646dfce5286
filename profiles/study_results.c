#include "study_results.h"

#include "case_words.h"

void tb_results_problem(const tb_problem *problem, tb_row_texts *texts, tb_study_row *row)
{
    tb_row_text(row, TB_COLUMN_LAYOUT,
                tb_view_dims(problem->layout.extent, problem->layout.rank, texts->layout));
    tb_row_integer(row, TB_COLUMN_BATCH, problem->batch);
    tb_row_integer(row, TB_COLUMN_HEADS, problem->heads);
    tb_row_integer(row, TB_COLUMN_HEADS_KV, problem->heads_kv);
    tb_row_integer(row, TB_COLUMN_DIM, problem->dim);
    tb_row_integer(row, TB_COLUMN_DIM_VALUE, problem->dim_value);
    tb_row_text(row, TB_COLUMN_DTYPE, tb_dtype_names[problem->dtype]);
    tb_row_text(row, TB_COLUMN_PASS, tb_pass_names[problem->pass]);
    tb_row_integer(row, TB_COLUMN_EXTRA_KV, problem->extra_kv);
    tb_row_integer(row, TB_COLUMN_EXTRA_Q, problem->extra_q);
}

void tb_results_pattern(const tb_pattern *pattern, int rank, tb_row_texts *texts, tb_study_row *row)
{
    tb_row_text(row, TB_COLUMN_PATTERN, tb_pattern_types[pattern->kind]->name);
    if (pattern->kind == TB_PATTERN_GNA) {
        int64_t causal[TB_MAX_RANK] = {0};
        for (int d = 0; d < rank; d++) {
            causal[d] = pattern->causal[d];
        }
        tb_row_text(row, TB_COLUMN_WINDOW, tb_view_dims(pattern->window, rank, texts->window));
        tb_row_text(row, TB_COLUMN_STRIDE, tb_view_dims(pattern->stride, rank, texts->stride));
        tb_row_text(row, TB_COLUMN_DILATION,
                    tb_view_dims(pattern->dilation, rank, texts->dilation));
        tb_row_text(row, TB_COLUMN_CAUSAL, tb_view_dims(causal, rank, texts->causal));
    }
}

void tb_results_prediction(const tb_prediction *p, tb_row_texts *texts, tb_study_row *row)
{
    const tb_census *census = &p->census;
    const tb_bound *bound = &p->bound;
    int dims = tb_tiling_dims(&p->tiling, &p->problem.layout);
    tb_row_text(row, TB_COLUMN_TILING, tb_tiling_kind_names[p->tiling.kind]);
    tb_row_text(row, TB_COLUMN_KV_TILING, tb_kv_tiling_names[p->tiling.kv_tiling]);
    tb_row_text(row, TB_COLUMN_Q_TILE, tb_view_dims(p->tiling.q_tile, dims, texts->q_tile));
    tb_row_text(row, TB_COLUMN_KV_TILE, tb_view_dims(p->tiling.kv_tile, dims, texts->kv_tile));
    tb_row_integer(row, TB_COLUMN_Q_TILES, census->q_tiles);
    tb_row_integer(row, TB_COLUMN_DENSE_TILES, bound->baseline_tiles);
    tb_row_integer(row, TB_COLUMN_VISITED, census->visited);
    tb_row_integer(row, TB_COLUMN_FULL, census->full);
    tb_row_integer(row, TB_COLUMN_PARTIAL, tb_census_partial(census));
    tb_row_integer(row, TB_COLUMN_VISITED_MIN, census->min);
    tb_row_real(row, TB_COLUMN_VISITED_MEAN, (double)census->visited / (double)census->q_tiles);
    tb_row_integer(row, TB_COLUMN_VISITED_MAX, census->max);
    tb_row_integer(row, TB_COLUMN_DENSE_PAIRS, bound->baseline_pairs);
    tb_row_integer(row, TB_COLUMN_VISIBLE_PAIRS, census->visible_pairs);
    tb_row_real(row, TB_COLUMN_FLOP_SPEEDUP, bound->flop_speedup);
    tb_row_real(row, TB_COLUMN_TILE_SPEEDUP, bound->tile_speedup);
    tb_row_real(row, TB_COLUMN_TILE_SPEEDUP_WORST, bound->tile_speedup_worst);
    tb_row_real(row, TB_COLUMN_SPARSITY, bound->sparsity);
    tb_row_integer(row, TB_COLUMN_FULLY_BLOCK_SPARSE, bound->fully_block_sparse);
    tb_row_real(row, TB_COLUMN_PADDING_WASTE, bound->padding_waste);
    tb_row_real(row, TB_COLUMN_MASK_WASTE, bound->mask_waste);
    if (p->has_masks) {
        tb_row_integer(row, TB_COLUMN_MASKED, p->masks.masked);
    }
}

void tb_results_timing(const tb_timing *timing, tb_study_row *row)
{
    const tb_time *time = &timing->time;
    tb_row_real(row, TB_COLUMN_ATTENTION_US, time->attention_us);
    tb_row_real(row, TB_COLUMN_LOW_US, time->low_us);
    tb_row_real(row, TB_COLUMN_HIGH_US, time->high_us);
    tb_row_real(row, TB_COLUMN_PERMUTE_US, time->permute_us);
    tb_row_real(row, TB_COLUMN_TOTAL_US, time->total_us);
    tb_row_integer(row, TB_COLUMN_OCCUPANCY, time->occupancy);
    tb_row_integer(row, TB_COLUMN_WAVES, time->schedule.waves);
    tb_row_real(row, TB_COLUMN_UTILISATION, time->schedule.utilisation);
    tb_row_text(row, TB_COLUMN_LIMITER, tb_limiter_names[time->limiter]);
    tb_row_text(row, TB_COLUMN_BASIS, tb_basis_names[time->basis]);
    if (timing->has_dense) {
        tb_row_real(row, TB_COLUMN_DENSE_US, timing->dense.attention_us);
        tb_row_real(row, TB_COLUMN_SPEEDUP, timing->speedup);
        tb_row_real(row, TB_COLUMN_SPEEDUP_TOTAL, timing->speedup_total);
    }
}

void tb_results_parallel(const tb_parallel_time *time, tb_study_row *row)
{
    tb_row_real(row, TB_COLUMN_PARALLEL_US, time->total_us);
    tb_row_real(row, TB_COLUMN_PARALLEL_SPEEDUP, time->speedup);
    tb_row_real(row, TB_COLUMN_PARALLEL_EFFICIENCY, time->efficiency);
    tb_row_real(row, TB_COLUMN_PARALLEL_IMBALANCE, time->imbalance);
    tb_row_real(row, TB_COLUMN_PARALLEL_EXPOSED_US, time->exposed_us);
}

void tb_results_mechanism(const tb_mechanism_result *result, tb_study_row *row)
{
    if (result->total_us > 0) {
        tb_row_real(row, TB_COLUMN_TOTAL_US, result->total_us);
        tb_row_real(row, TB_COLUMN_DENSE_US, result->dense_us);
        tb_row_real(row, TB_COLUMN_SPEEDUP, result->speedup);
        tb_row_text(row, TB_COLUMN_BASIS, tb_basis_names[result->basis]);
    }
    tb_row_real(row, TB_COLUMN_BOUND, result->bound);
    tb_row_real(row, TB_COLUMN_PEAK_BYTES, result->peak_bytes);
    tb_row_real(row, TB_COLUMN_DENSE_PEAK_BYTES, result->dense_peak_bytes);
}
