/* One prediction as a document: DESIGN's JSON contract. Keys may be added, none renamed. */
#include "predict_view.h"

#define HISTOGRAM_BINS 32

void tb_view_problem_document(tb_document *doc, const tb_problem *problem)
{
    tb_document_open_object(doc, "problem");
    tb_document_ints(doc, "layout", problem->layout.extent, (size_t)problem->layout.rank);
    tb_document_int(doc, "batch", problem->batch);
    tb_document_int(doc, "heads", problem->heads);
    tb_document_int(doc, "heads_kv", problem->heads_kv);
    tb_document_int(doc, "dim", problem->dim);
    tb_document_int(doc, "dim_value", problem->dim_value);
    tb_document_text(doc, "dtype", tb_dtype_names[problem->dtype]);
    tb_document_text(doc, "pass", tb_pass_names[problem->pass]);
    tb_document_int(doc, "extra_kv", problem->extra_kv);
    tb_document_int(doc, "extra_q", problem->extra_q);
    tb_document_close(doc);
}

static void put_values(tb_document *doc, const tb_pattern *pattern)
{
    const tb_pattern_type *type = tb_pattern_types[pattern->kind];
    for (int i = 0; i < type->parameter_count; i++) {
        const char *name = type->parameters[i].name;
        const tb_parameter_value *value = &pattern->value[i];
        switch (type->parameters[i].kind) {
        case TB_PARAMETER_REAL:
            tb_document_double(doc, name, tb_pattern_real(pattern, name));
            break;
        case TB_PARAMETER_FLAG:
            tb_document_bool(doc, name, tb_pattern_integer(pattern, name) != 0);
            break;
        case TB_PARAMETER_LIST:
            if (value->given) {
                tb_document_ints(doc, name, value->list, value->count);
            }
            break;
        default:
            tb_document_int(doc, name, tb_pattern_integer(pattern, name));
            break;
        }
    }
    if (type->is_random || pattern->seed != 0) {
        tb_document_int(doc, "seed", (int64_t)pattern->seed);
    }
}

static void put_pattern(tb_document *doc, const char *key, const tb_pattern *pattern, int rank)
{
    size_t dims = (size_t)rank;
    tb_document_open_object(doc, key);
    tb_document_text(doc, "kind", tb_pattern_types[pattern->kind]->name);
    if (pattern->kind == TB_PATTERN_GNA) {
        tb_document_ints(doc, "window", pattern->window, dims);
        tb_document_ints(doc, "stride", pattern->stride, dims);
        tb_document_ints(doc, "dilation", pattern->dilation, dims);
        tb_document_bools(doc, "causal", pattern->causal, dims);
    } else if (pattern->kind == TB_PATTERN_LOCAL) {
        tb_document_int(doc, "left", pattern->left);
        tb_document_int(doc, "right", pattern->right);
    } else if (pattern->kind == TB_PATTERN_EXPLICIT) {
        int64_t block[2] = {pattern->mask_block_q, pattern->mask_block_kv};
        tb_document_ints(doc, "mask_block", block, 2);
    }
    put_values(doc, pattern);
    if (pattern->parts > 0) {
        tb_document_open_array(doc, "parts");
        for (int p = 0; p < pattern->parts; p++) {
            put_pattern(doc, NULL, pattern->part[p], rank);
        }
        tb_document_close(doc);
    }
    tb_document_close(doc);
}

static void put_tiling(tb_document *doc, const tb_tiling *tiling, const tb_layout *layout)
{
    size_t dims = (size_t)tb_tiling_dims(tiling, layout);
    tb_document_open_object(doc, "tiling");
    tb_document_text(doc, "kind", tb_tiling_kind_names[tiling->kind]);
    tb_document_text(doc, "kv_tiling", tb_kv_tiling_names[tiling->kv_tiling]);
    if (tiling->kind == TB_TILING_SINGLE_DIM) {
        tb_document_text(doc, "order", tb_token_order_names[tiling->order]);
    }
    tb_document_ints(doc, "q_tile", tiling->q_tile, dims);
    tb_document_ints(doc, "kv_tile", tiling->kv_tile, dims);
    tb_document_close(doc);
}

/* Bins of equal width: few distinct values have one each. null when the values were too many. */
static void put_histogram(tb_document *doc, const tb_histogram *histogram)
{
    if (histogram->is_cut || histogram->count == 0) {
        tb_document_null(doc, "histogram");
        return;
    }
    int64_t first = histogram->bins[0].value;
    int64_t span = histogram->bins[histogram->count - 1].value - first + 1;
    int64_t width = histogram->count <= HISTOGRAM_BINS ? 1 : (span - 1) / HISTOGRAM_BINS + 1;
    tb_document_open_array(doc, "histogram");
    for (size_t i = 0; i < histogram->count;) {
        int64_t bin = (histogram->bins[i].value - first) / width, times = 0;
        int64_t from = histogram->bins[i].value, to = from;
        for (; i < histogram->count && (histogram->bins[i].value - first) / width == bin; i++) {
            times += histogram->bins[i].times;
            to = histogram->bins[i].value;
        }
        tb_document_open_object(doc, NULL);
        tb_document_int(doc, "from", from);
        tb_document_int(doc, "to", to);
        tb_document_int(doc, "q_tiles", times);
        tb_document_close(doc);
    }
    tb_document_close(doc);
}

static void put_spread(tb_document *doc, const char *key, int64_t min, double mean, int64_t max)
{
    tb_document_open_object(doc, key);
    tb_document_int(doc, "min", min);
    tb_document_double(doc, "mean", mean);
    tb_document_int(doc, "max", max);
    tb_document_close(doc);
}

static void put_tiles(tb_document *doc, const tb_prediction *p)
{
    const tb_census *census = &p->census;
    int64_t empty;
    tb_document_open_object(doc, "tiles");
    tb_document_int(doc, "q_tiles", census->q_tiles);
    tb_document_int(doc, "launched_q_tiles", census->launched_q_tiles);
    tb_document_int(doc, "kv_tiles", census->kv_tiles);
    tb_document_int(doc, "dense", p->bound.baseline_tiles);
    tb_document_int(doc, "visited", census->visited);
    tb_document_int(doc, "full", census->full);
    tb_document_int(doc, "partial", tb_census_partial(census));
    if (tb_census_empty(census, &empty)) {
        tb_document_int(doc, "empty", empty);
    } else {
        tb_document_null(doc, "empty");
    }
    put_spread(doc, "per_q_tile", census->min, (double)census->visited / (double)census->q_tiles,
               census->max);
    if (p->problem.pass == TB_PASS_BACKWARD) {
        put_spread(doc, "per_kv_tile", census->kv_min,
                   (double)census->visited / (double)census->kv_tiles, census->kv_max);
    }
    put_histogram(doc, &p->visited_tiles);
    tb_document_close(doc);
}

static void put_bound(tb_document *doc, const tb_bound *bound)
{
    tb_document_open_object(doc, "bound");
    tb_document_text(doc, "baseline", tb_baseline_names[bound->baseline]);
    tb_document_double(doc, "flop_speedup", bound->flop_speedup);
    tb_document_double(doc, "tile_speedup", bound->tile_speedup);
    tb_document_double(doc, "tile_speedup_worst", bound->tile_speedup_worst);
    tb_document_double(doc, "sparsity", bound->sparsity);
    tb_document_bool(doc, "fully_block_sparse", bound->fully_block_sparse);
    tb_document_double(doc, "padding_waste", bound->padding_waste);
    tb_document_double(doc, "mask_waste", bound->mask_waste);
    tb_document_double(doc, "waste", bound->waste);
    tb_document_close(doc);
}

static void put_kernel(tb_document *doc, const tb_prediction *p, const tb_kernel *kernel)
{
    tb_document_open_object(doc, "kernel");
    tb_document_text(doc, "name", kernel->name);
    tb_document_text(doc, "mask_policy", tb_mask_policy_names[kernel->mask]);
    if (p->has_masks) {
        tb_document_int(doc, "masked", p->masks.masked);
        tb_document_int(doc, "bounds_masked", p->masks.bounds_masked);
    } else {
        tb_document_null(doc, "masked");
        tb_document_null(doc, "bounds_masked");
    }
    tb_document_close(doc);
}

static void put_launch(tb_document *doc, const tb_launch_totals *launch)
{
    tb_document_open_object(doc, "launch");
    tb_document_int(doc, "ctas", launch->ctas);
    tb_document_int(doc, "visited", launch->visited_tiles);
    tb_document_double(doc, "visible_flop", launch->visible_flop);
    tb_document_double(doc, "visited_flop", launch->visited_flop);
    tb_document_double(doc, "baseline_flop", launch->baseline_flop);
    tb_document_double(doc, "compulsory_bytes", launch->compulsory_bytes);
    tb_document_close(doc);
}

static void put_messages(tb_document *doc, const char *key, const tb_messages *messages)
{
    tb_document_open_array(doc, key);
    for (size_t i = 0; i < messages->count; i++) {
        tb_document_text(doc, NULL, messages->text[i]);
    }
    tb_document_close(doc);
}

void tb_view_document(tb_document *doc, const tb_prediction *p, const tb_kernel *kernel)
{
    tb_view_problem_document(doc, &p->problem);
    put_pattern(doc, "pattern", &p->pattern, p->problem.layout.rank);
    put_tiling(doc, &p->tiling, &p->problem.layout);
    put_tiles(doc, p);
    tb_document_open_object(doc, "pairs");
    tb_document_int(doc, "dense", p->bound.baseline_pairs);
    tb_document_int(doc, "visible", p->census.visible_pairs);
    tb_document_close(doc);
    put_bound(doc, &p->bound);
    if (kernel != NULL) {
        put_kernel(doc, p, kernel);
    }
    put_launch(doc, &p->launch);
    put_messages(doc, "notes", &p->notes);
    put_messages(doc, "warnings", &p->warnings);
}
