#include "predict.h"
#include "predict_lists.h"
#include "predict_view.h"
#include "table.h"
#include "text.h"
#include "tile_choice.h"
#include "version.h"

#include <stdlib.h>

static void put_shape(tb_document *doc, const tb_ranked_tiles *shape, const tb_bound *bound,
                      const tb_layout *layout)
{
    size_t dims = (size_t)tb_tiling_dims(&shape->tiling, layout);
    tb_document_open_object(doc, NULL);
    tb_document_ints(doc, "q_tile", shape->tiling.q_tile, dims);
    tb_document_ints(doc, "kv_tile", shape->tiling.kv_tile, dims);
    tb_document_text(doc, "gemm", shape->gemm);
    tb_document_int(doc, "visited", shape->census.visited);
    tb_document_int(doc, "full", shape->census.full);
    tb_document_int(doc, "partial", tb_census_partial(&shape->census));
    tb_document_double(doc, "tile_pairs", shape->tile_pairs);
    tb_document_double(doc, "flop_speedup", bound->flop_speedup);
    tb_document_double(doc, "tile_speedup", bound->tile_speedup);
    tb_document_double(doc, "tile_speedup_worst", bound->tile_speedup_worst);
    tb_document_double(doc, "waste", bound->waste);
    tb_document_bool(doc, "fully_block_sparse", bound->fully_block_sparse);
    tb_document_close(doc);
}

static void cell_shape(tb_table *table, const tb_ranked_tiles *shape, const tb_bound *bound,
                       const tb_layout *layout, double least_pairs)
{
    char q[96], kv[96], visited[32];
    int dims = tb_tiling_dims(&shape->tiling, layout);
    tb_table_cell(table, "%s", tb_view_dims(shape->tiling.q_tile, dims, q));
    tb_table_cell(table, "%s", tb_view_dims(shape->tiling.kv_tile, dims, kv));
    tb_table_cell(table, "%s", shape->gemm != NULL ? shape->gemm : "-");
    tb_table_cell(table, "%s", tb_text_grouped(shape->census.visited, visited));
    tb_table_cell(table, "%.3f", shape->tile_pairs / least_pairs);
    tb_table_cell(table, "%.2f", bound->tile_speedup);
    tb_table_cell(table, "%.2f", bound->tile_speedup_worst);
    tb_table_cell(table, "%.1f %%", 100 * bound->waste);
    tb_table_cell(table, "%s", bound->fully_block_sparse ? "yes" : "no");
}

static tb_table begin_table(void)
{
    static const char *const heads[] = {"query tile", "KV tile", "GEMM",
                                        "visited",    "work",    "tile",
                                        "worst",      "waste",   "fully block-sparse"};
    tb_table table = tb_table_begin("rrrrrrrrr");
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        tb_table_cell(&table, "%s", heads[i]);
    }
    return table;
}

static tb_status print_shapes(const tb_predict_request *request, const tb_case *item,
                              const tb_ranked_tiles *shapes, size_t count, double *least,
                              tb_error *err)
{
    bool is_table = tb_output_format(request->output) == TB_FORMAT_TABLE;
    tb_document *doc = is_table ? NULL : tb_document_create("predict-tiles", TB_VERSION);
    tb_table table = begin_table();
    tb_status status = TB_OK;
    tb_document_text(doc, "kernel", request->kernel->name);
    tb_document_open_array(doc, "results");
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        tb_bound bound;
        status = tb_bound_compute(&item->problem, &item->pattern, &shapes[i].tiling,
                                  &shapes[i].census, item->baseline, &bound, err);
        if (status == TB_OK) {
            put_shape(doc, &shapes[i], &bound, &item->problem.layout);
            cell_shape(&table, &shapes[i], &bound, &item->problem.layout, shapes[0].tile_pairs);
            *least = i == 0 ? bound.tile_speedup : *least; /* the best one is the answer */
        }
    }
    tb_document_close(doc);
    tb_buffer text = {0};
    if (status == TB_OK && is_table) {
        tb_buffer_printf(&text, "%zu tile shapes of %s, least work first\n\n", count,
                         request->kernel->name);
        tb_table_print(&table, &text);
        tb_buffer_text(&text, "\nwork = visited tiles x tile size, over the least of all shapes\n");
        status = tb_output_text(request->output, &text, err);
    } else if (status == TB_OK) {
        status = tb_output_document(request->output, doc, "results", err);
        doc = NULL;
    }
    tb_buffer_free(&table.cells);
    tb_document_destroy(doc);
    return status;
}

tb_status tb_predict_tiles(const tb_predict_request *request, const tb_case *item, double *least,
                           tb_error *err)
{
    if (request->kernel == NULL) {
        return tb_fail(err, TB_EINVAL, "--all-tiles of which kernel? give --kernel");
    }
    tb_ranked_tiles *shapes = NULL;
    size_t count = 0;
    tb_status status = tb_tile_rank(item, request->kernel, &shapes, &count, err);
    if (status == TB_OK) {
        status = print_shapes(request, item, shapes, count, least, err);
    }
    free(shapes);
    return status;
}
