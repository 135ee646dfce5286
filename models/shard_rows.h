/* Tiles of segments of any pattern: what the queries of each query tile see, united, as the
 * pattern's spans where they follow one another, else by their rows. */
#ifndef TB_SHARD_ROWS_H
#define TB_SHARD_ROWS_H

#include "shard_tiles.h"

/** Workspace; zeroed to begin with. */
typedef struct tb_shard_rows {
    tb_spans spans; /* what the query tile's queries see, where they follow one another */
    tb_span *run;   /* and where they do not */
    size_t count, capacity;
    int64_t *mark; /* of each segment: one past the last KV tile that was counted */
    int64_t *seen; /* segments whose mark is not 0 */
    int64_t seen_count;
    int64_t pairs;
    bool failed;
} tb_shard_rows;

/** Room for segments. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_shard_rows_prepare(tb_shard_rows *rows, int64_t segments, tb_error *err);

/** Add the tiles of segment s's queries to those of each shard. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_shard_rows_add(tb_shard_rows *rows, const tb_pattern *pattern,
                                         const tb_layout *layout, const tb_shards *shards,
                                         int64_t s, int64_t q_tile, int64_t kv_tile, int64_t *tiles,
                                         tb_error *err);

void tb_shard_rows_free(tb_shard_rows *rows);

#endif
