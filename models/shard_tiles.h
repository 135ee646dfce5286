/* Tokens shared out over devices, and the tiles of one device's queries against each device's keys.
 *
 * A device's tokens are one or two segments: runs of the flattened order, or every G-th token of
 * it. Tiles lie inside of a segment, as a kernel launched on each segment has them. */
#ifndef TB_SHARD_TILES_H
#define TB_SHARD_TILES_H

#include "pattern.h"
#include "status.h"

#include <stdint.h>

typedef enum tb_shard_order {
    TB_SHARD_CONTIGUOUS, /* shard g has tokens g c to (g + 1) c, c = ceil(N / G) */
    TB_SHARD_STRIPED,    /* token i is shard i mod G's */
    TB_SHARD_ZIGZAG      /* chunks g and 2G - 1 - g of 2G, each of ceil(N / 2G) tokens */
} tb_shard_order;

#define TB_SHARD_ORDER_COUNT 3

/** "contiguous", "striped", "zigzag". */
extern const char *const tb_shard_order_names[TB_SHARD_ORDER_COUNT];

/** Tokens in segments: segment s has `step` s = token first(s), first(s) + step, ... */
typedef struct tb_shards {
    tb_shard_order order;
    int64_t tokens, shards;
    int64_t segments; /* of all shards: 2 each in zigzag */
    int64_t length;   /* tokens of a segment that is not cut short */
    int64_t step;     /* between the tokens of a segment */
} tb_shards;

/** Share tokens out. Where the shards do not divide them, the last ones have fewer (real systems
 *  pad there). TB_OK; TB_EINVAL for a size < 1, or more shards than tokens. */
TB_NODISCARD tb_status tb_shards_make(int64_t tokens, int64_t shards, tb_shard_order order,
                                      tb_shards *out, tb_error *err);

/** First token of segment s. */
int64_t tb_segment_first(const tb_shards *shards, int64_t s);

/** Tokens of segment s; may be 0. */
int64_t tb_segment_length(const tb_shards *shards, int64_t s);

/** The shard that segment s belongs to. */
int64_t tb_segment_shard(const tb_shards *shards, int64_t s);

/** Tokens of a shard. */
int64_t tb_shard_length(const tb_shards *shards, int64_t shard);

/** Query tiles of a shard. */
int64_t tb_shard_q_tiles(const tb_shards *shards, int64_t shard, int64_t q_tile);

/** Counts tiles, shard by shard; made for one pattern and one way to share. */
typedef struct tb_shard_counter tb_shard_counter;

/**
 * Make a counter.
 *
 * Where each query i sees the keys i - left to i + right (dense, causal, local, and gna of one
 * dimension that is causal, without stride or dilation) segments a and b meet alike whenever b - a
 * is alike: their tiles are counted once for each difference, O(N / q_tile) in all. Other patterns
 * go through rows.
 *
 * @param[in] pattern, layout  checked by the caller; borrowed as long as the counter lives
 * @param[in] shards           over the layout's tokens; copied
 * @param[in] q_tile, kv_tile  tokens, >= 1
 * @param[in] by_rows          count by rows even where there is a closed form (for tests)
 * @param[out] out             release with tb_shard_counter_destroy()
 * @return TB_OK; TB_EINVAL for a tile < 1; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_shard_counter_create(const tb_pattern *pattern, const tb_layout *layout,
                                               const tb_shards *shards, int64_t q_tile,
                                               int64_t kv_tile, bool by_rows,
                                               tb_shard_counter **out, tb_error *err);

/**
 * Count the tiles that shard `shard`'s queries visit of each shard's keys.
 *
 * @param[out] tiles  an entry a shard; per head and batch entry
 * @param[out] pairs  visible ones of these queries
 * @return TB_OK; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_shard_count(tb_shard_counter *counter, int64_t shard, int64_t *tiles,
                                      int64_t *pairs, tb_error *err);

/** Is it counted in closed form? */
bool tb_shard_counter_is_closed(const tb_shard_counter *counter);

void tb_shard_counter_destroy(tb_shard_counter *counter);

#endif
