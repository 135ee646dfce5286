/* A tile map for charts: how many tiles each of its cells stands for, and of which kind. */
#ifndef TB_TILE_MAP_H
#define TB_TILE_MAP_H

#include "buffer.h"
#include "mask_picture.h"
#include "predict.h"

typedef struct tb_tile_map {
    int64_t q_tiles, kv_tiles;    /* drawn: with those of extra tokens */
    int64_t rows, cols;           /* of cells */
    int64_t cell_rows, cell_cols; /* tiles that a cell stands for; 1 = to scale */
    int32_t *visited, *full;      /* owned; tiles of each cell, rows x cols */
} tb_tile_map;

/** Count a map of at most `most` cells in either direction. TB_OK; what tb_tile_view_create()
 *  returns; TB_ENOMEM. */
TB_NODISCARD tb_status tb_tile_map_count(const tb_prediction *prediction, int64_t most,
                                         tb_tile_map *out, tb_error *err);

void tb_tile_map_free(tb_tile_map *map);

/** Full where more than half of its visited tiles are, partial where others are visited. */
tb_cell tb_tile_map_cell(const tb_tile_map *map, int64_t row, int64_t col);

/** Append a line for each run of such cells in a row: first KV tile, end, first query tile, end,
 *  with tabs between. Returns how many runs there are. */
int64_t tb_tile_map_print(const tb_tile_map *map, tb_cell kind, tb_buffer *out);

#endif
