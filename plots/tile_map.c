#include "tile_map.h"

#include "checked.h"
#include "tile_view.h"

#include <stdlib.h>

void tb_tile_map_free(tb_tile_map *map)
{
    free(map->visited);
    free(map->full);
    *map = (tb_tile_map){0};
}

static void add_row(tb_tile_map *map, int64_t q, const tb_tile_row *row)
{
    for (int64_t k = tb_bits_next(row->visited, 0, map->kv_tiles); k < map->kv_tiles;
         k = tb_bits_next(row->visited, k + 1, map->kv_tiles)) {
        int64_t cell = q / map->cell_rows * map->cols + k / map->cell_cols;
        map->visited[cell]++;
        map->full[cell] += tb_bits_get(row->full, k);
    }
}

static tb_status count(const tb_tile_view *view, int64_t most, tb_tile_map *map, tb_error *err)
{
    *map = (tb_tile_map){.q_tiles = tb_tile_view_q_tiles(view),
                         .kv_tiles = tb_tile_view_kv_tiles(view)};
    map->cell_rows = tb_ceil_div(map->q_tiles, most);
    map->cell_cols = tb_ceil_div(map->kv_tiles, most);
    map->rows = tb_ceil_div(map->q_tiles, map->cell_rows);
    map->cols = tb_ceil_div(map->kv_tiles, map->cell_cols);
    size_t cells = (size_t)map->rows * (size_t)map->cols;
    map->visited = calloc(cells, sizeof *map->visited);
    map->full = calloc(cells, sizeof *map->full);
    tb_tile_scratch *scratch = tb_tile_scratch_create(view);
    bool complete = map->visited != NULL && map->full != NULL && scratch != NULL;
    for (int64_t q = 0; complete && q < map->q_tiles; q++) {
        tb_tile_row row = tb_tile_view_row(view, q, scratch);
        add_row(map, q, &row);
    }
    tb_tile_scratch_destroy(scratch);
    return complete ? TB_OK : tb_fail(err, TB_ENOMEM, "no memory for a tile map");
}

tb_status tb_tile_map_count(const tb_prediction *prediction, int64_t most, tb_tile_map *out,
                            tb_error *err)
{
    tb_tile_view *view = NULL;
    tb_tile_map map = {0};
    tb_status status = tb_tile_view_create(&prediction->problem, &prediction->pattern,
                                           &prediction->tiling, &view, err);
    if (status == TB_OK) {
        status = count(view, most, &map, err);
    }
    tb_tile_view_destroy(view);
    if (status != TB_OK) {
        tb_tile_map_free(&map);
        return status;
    }
    *out = map;
    return TB_OK;
}

tb_cell tb_tile_map_cell(const tb_tile_map *map, int64_t row, int64_t col)
{
    int32_t visited = map->visited[row * map->cols + col];
    int32_t full = map->full[row * map->cols + col];
    return visited == 0 ? TB_CELL_EMPTY : full > visited - full ? TB_CELL_FULL : TB_CELL_PARTIAL;
}

int64_t tb_tile_map_print(const tb_tile_map *map, tb_cell kind, tb_buffer *out)
{
    int64_t runs = 0;
    for (int64_t r = 0; r < map->rows; r++) {
        for (int64_t c = 0, end; c < map->cols; c = end) {
            tb_cell cell = tb_tile_map_cell(map, r, c);
            for (end = c + 1; end < map->cols && tb_tile_map_cell(map, r, end) == cell; end++) {
            }
            if (cell != kind) {
                continue;
            }
            tb_buffer_printf(out, "%lld\t%lld\t%lld\t%lld\n", (long long)(c * map->cell_cols),
                             (long long)tb_min(end * map->cell_cols, map->kv_tiles),
                             (long long)(r * map->cell_rows),
                             (long long)tb_min((r + 1) * map->cell_rows, map->q_tiles));
            runs++;
        }
    }
    return runs;
}
