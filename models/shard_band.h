/* Tiles of segments where each query sees a band of keys: closed forms. */
#ifndef TB_SHARD_BAND_H
#define TB_SHARD_BAND_H

#include "shard_tiles.h"

#include <stdbool.h>

/** Query i sees the keys i + low to i + high, cut off at the ends. */
typedef struct tb_band {
    int64_t low, high;
} tb_band;

/** Is the pattern a band over the flattened order? */
bool tb_band_of(const tb_pattern *pattern, const tb_layout *layout, tb_band *out);

/** The band that the positions within segments a and b see of each other; empty: high < low. */
tb_band tb_band_between(tb_band band, const tb_shards *shards, int64_t a, int64_t b);

/** Tiles of `queries` against `keys` that a band visits; O(queries / q_tile). */
int64_t tb_band_tiles(tb_band band, int64_t queries, int64_t keys, int64_t q_tile, int64_t kv_tile);

/** Pairs of segment s's queries with all tokens. */
int64_t tb_band_pairs(tb_band band, const tb_shards *shards, int64_t s);

#endif
