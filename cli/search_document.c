/* A search as a document. */
#include "predict_view.h"
#include "search_view_parts.h"
#include "timing_view.h"

static tb_status put_command(const tb_search_printer *p, const tb_search_row *row, tb_document *doc,
                             tb_error *err)
{
    tb_buffer command = {0};
    tb_search_print_command(p, row, &command);
    tb_status status = tb_buffer_check(&command, err);
    if (status == TB_OK) {
        tb_document_text(doc, "command", command.data);
    }
    tb_buffer_free(&command);
    return status;
}

/* What the search counts otherwise than predict, which takes a padded layout for the problem's own.
 */
static void put_own_counts(const tb_search_printer *p, const tb_search_row *row, tb_document *doc)
{
    tb_document_bool(doc, "padded", tb_search_is_padded(&p->ask->space, row));
    tb_document_double(doc, "own_sparsity", row->sparsity);
    tb_document_int(doc, "own_visible_pairs", row->visible_pairs);
    tb_document_double(doc, "own_tile_speedup", row->tile_speedup);
}

static tb_status put_result(const tb_search_printer *p, const tb_shown_row *shown, size_t i,
                            tb_document *doc, tb_error *err)
{
    tb_document_open_object(doc, NULL);
    tb_view_document(doc, &shown->prediction, p->ask->space.kernel);
    tb_predict_request request = p->request;
    request.kernel = shown->is_timed ? &shown->kernel : request.kernel;
    put_own_counts(p, shown->row, doc);
    tb_view_timing_document(doc, shown->is_timed ? &shown->timing : NULL, &request);
    if (shown->has_whole) {
        tb_whole_network_document(doc, p->ask->network, &shown->whole);
    }
    if (p->confirmed != NULL && i < p->confirmed->count) {
        tb_document_double(doc, "measured_us", p->confirmed->measured_us[i]);
    }
    tb_status status = put_command(p, shown->row, doc, err);
    tb_document_close(doc);
    return status;
}

static void put_confirmed(const tb_search_printer *p, tb_document *doc)
{
    if (p->confirmed == NULL) {
        tb_document_null(doc, "confirmed");
        return;
    }
    tb_document_open_object(doc, "confirmed");
    tb_document_text(doc, "backend", tb_search_backend(p->args)->name);
    tb_document_int(doc, "rows", (int64_t)p->confirmed->count);
    tb_document_int(doc, "best", (int64_t)p->confirmed->best);
    tb_document_double(doc, "regret", p->confirmed->regret);
    tb_document_close(doc);
}

static tb_status put_point_keys(const tb_search_printer *p, const tb_search_row *row,
                                tb_document *doc, tb_error *err)
{
    const tb_search_space *space = &p->ask->space;
    size_t rank = (size_t)space->problem.layout.rank;
    const tb_tiling *tiling = &space->tilings[row->tiling];
    size_t dims = (size_t)tb_tiling_dims(tiling, &space->problem.layout);
    tb_document_ints(doc, "layout", row->extent, rank);
    tb_document_ints(doc, "window", row->window, rank);
    tb_document_ints(doc, "stride", row->stride, rank);
    tb_document_ints(doc, "dilation", row->dilation, rank);
    tb_document_ints(doc, "q_tile", tiling->q_tile, dims);
    tb_document_ints(doc, "kv_tile", tiling->kv_tile, dims);
    tb_document_text(doc, "order",
                     tiling->kind == TB_TILING_SINGLE_DIM ? tb_token_order_names[tiling->order]
                                                          : NULL);
    tb_document_text(doc, "schedule", tb_schedule_policy_names[row->schedule]);
    tb_document_double(doc, "sparsity", row->sparsity);
    tb_document_int(doc, "visible_pairs", row->visible_pairs);
    tb_document_double(doc, "tile_speedup", row->tile_speedup);
    if (space->goal == TB_SEARCH_TIME) {
        tb_document_double(doc, "total_us", row->time_us);
    } else {
        tb_document_null(doc, "total_us");
    }
    return put_command(p, row, doc, err);
}

static tb_status put_point(const tb_search_printer *p, const tb_search_row *row, tb_document *doc,
                           tb_error *err)
{
    tb_document_open_object(doc, NULL);
    tb_status status = put_point_keys(p, row, doc, err);
    tb_document_close(doc);
    return status;
}

static void put_head(const tb_search_printer *p, const tb_search_result *result, tb_document *doc)
{
    const tb_search_space *space = &p->ask->space;
    tb_document_text(doc, "goal", tb_search_goal_names[space->goal]);
    tb_document_text(doc, "kernel", space->kernel != NULL ? space->kernel->name : NULL);
    tb_document_text(doc, "device", space->device != NULL ? space->device->name : NULL);
    tb_document_text(doc, "network", p->ask->network != NULL ? p->ask->network->name : NULL);
    tb_document_ints(doc, "layout", space->problem.layout.extent,
                     (size_t)space->problem.layout.rank);
    tb_document_int(doc, "shapes", (int64_t)space->tiling_count);
    tb_document_int(doc, "evaluated", result->evaluated);
    tb_document_int(doc, "enumerated", result->enumerated);
    tb_document_int(doc, "timed", result->timed);
    tb_document_int(doc, "counted", result->counted);
    tb_document_double(doc, "seconds", result->seconds);
    tb_document_bool(doc, "proven", result->is_proven);
}

/* Each row of the plan, and the network with all of them. */
static tb_status put_plan(const tb_search_printer *p, tb_document *doc, tb_error *err)
{
    tb_status status = TB_OK;
    if (p->plan == NULL) {
        tb_document_null(doc, "layers");
        return TB_OK;
    }
    const tb_layer_plan *plan = p->plan->plan;
    tb_document_open_object(doc, "layers");
    tb_document_int(doc, "count", plan->layer_count);
    tb_document_double(doc, "mean_sparsity", plan->mean_sparsity);
    tb_document_double(doc, "total_us", plan->total_us);
    tb_document_open_array(doc, "patterns");
    for (size_t i = 0; i < plan->count && status == TB_OK; i++) {
        tb_document_open_object(doc, NULL);
        tb_document_int(doc, "layers", plan->layers[i]);
        status = put_point_keys(p, &plan->rows[i], doc, err);
        tb_document_close(doc);
    }
    tb_document_close(doc);
    if (p->plan->has_whole) {
        tb_whole_network_document(doc, p->ask->network, &p->plan->whole);
    }
    tb_document_close(doc);
    return status;
}

tb_status tb_search_put(const tb_search_printer *p, const tb_search_result *result,
                        const tb_shown_row *shown, tb_document *doc, tb_error *err)
{
    const tb_messages *advice = p->advice;
    tb_status status = TB_OK;
    put_head(p, result, doc);
    put_confirmed(p, doc);
    status = put_plan(p, doc, err);
    tb_document_open_array(doc, "results");
    for (size_t i = 0; i < result->row_count && status == TB_OK; i++) {
        status = put_result(p, &shown[i], i, doc, err);
    }
    tb_document_close(doc);
    tb_document_open_array(doc, "pareto");
    for (size_t i = 0; i < result->pareto_count && status == TB_OK; i++) {
        status = put_point(p, &result->pareto[i], doc, err);
    }
    tb_document_close(doc);
    tb_document_open_array(doc, "advice");
    for (size_t i = 0; i < advice->count; i++) {
        tb_document_text(doc, NULL, advice->text[i]);
    }
    tb_document_close(doc);
    return status;
}
