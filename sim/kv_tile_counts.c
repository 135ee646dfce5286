#include "kv_tile_counts.h"

#include "bits.h"
#include "tile_view.h"

#include <string.h>

/* Add one query tile's visits: a bit a KV tile. */
static void add_row(const tb_tile_row *row, int64_t kv_tiles, tb_q_tile_count *out)
{
    for (int64_t w = 0; w < tb_bits_words(kv_tiles); w++) {
        uint64_t visited = row->visited[w], full = row->full[w];
        for (int64_t k = 64 * w; visited != 0; k++, visited >>= 1, full >>= 1) {
            out[k].visited += (int64_t)(visited & 1);
            out[k].full += (int64_t)(full & 1);
        }
    }
}

tb_status tb_kv_tile_counts_fill(const tb_problem *problem, const tb_pattern *pattern,
                                 const tb_tiling *tiling, int64_t kv_tiles, tb_q_tile_count *out,
                                 tb_error *err)
{
    tb_tile_view *view = NULL;
    tb_status status = tb_tile_view_create(problem, pattern, tiling, &view, err);
    if (status != TB_OK) {
        return status;
    }
    tb_tile_scratch *scratch = tb_tile_scratch_create(view);
    if (scratch == NULL) {
        status = tb_fail(err, TB_ENOMEM, "no memory for %lld KV tiles", (long long)kv_tiles);
    } else if (tb_tile_view_kv_tiles(view) != kv_tiles) {
        status = tb_fail(err, TB_EINTERNAL, "internal check failed: KV tiles of the census");
    } else {
        memset(out, 0, (size_t)kv_tiles * sizeof *out);
        for (int64_t q = 0; q < tb_tile_view_q_tiles(view); q++) {
            tb_tile_row row = tb_tile_view_row(view, q, scratch);
            add_row(&row, kv_tiles, out);
        }
    }
    tb_tile_scratch_destroy(scratch);
    tb_tile_view_destroy(view);
    return status;
}
