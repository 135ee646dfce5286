#include "checked.h"
#include "shard_tiles.h"

const char *const tb_shard_order_names[TB_SHARD_ORDER_COUNT] = {
    [TB_SHARD_CONTIGUOUS] = "contiguous",
    [TB_SHARD_STRIPED] = "striped",
    [TB_SHARD_ZIGZAG] = "zigzag",
};

tb_status tb_shards_make(int64_t tokens, int64_t shards, tb_shard_order order, tb_shards *out,
                         tb_error *err)
{
    if (tokens < 1 || shards < 1) {
        return tb_fail(err, TB_EINVAL, "%lld tokens over %lld devices; both are at least 1",
                       (long long)tokens, (long long)shards);
    }
    if (shards > tokens) {
        return tb_fail(err, TB_EINVAL, "%lld devices share %lld tokens; give at most one a token",
                       (long long)shards, (long long)tokens);
    }
    /* 2 x shards fits: a layout has at most sqrt(2^63) tokens */
    int64_t segments = order == TB_SHARD_ZIGZAG ? 2 * shards : shards;
    *out = (tb_shards){.order = order,
                       .tokens = tokens,
                       .shards = shards,
                       .segments = segments,
                       .length = tb_ceil_div(tokens, segments),
                       .step = order == TB_SHARD_STRIPED ? shards : 1};
    return TB_OK;
}

int64_t tb_segment_first(const tb_shards *shards, int64_t s)
{
    return shards->order == TB_SHARD_STRIPED ? s : s * shards->length;
}

int64_t tb_segment_length(const tb_shards *shards, int64_t s)
{
    int64_t left = shards->tokens - tb_segment_first(shards, s);
    return left <= 0 ? 0 : tb_min(tb_ceil_div(left, shards->step), shards->length);
}

int64_t tb_segment_shard(const tb_shards *shards, int64_t s)
{
    return s < shards->shards ? s : shards->segments - 1 - s;
}

int64_t tb_shard_length(const tb_shards *shards, int64_t shard)
{
    int64_t length = tb_segment_length(shards, shard);
    return shards->order == TB_SHARD_ZIGZAG
               ? length + tb_segment_length(shards, shards->segments - 1 - shard)
               : length;
}

int64_t tb_shard_q_tiles(const tb_shards *shards, int64_t shard, int64_t q_tile)
{
    int64_t tiles = tb_ceil_div(tb_segment_length(shards, shard), q_tile);
    if (shards->order == TB_SHARD_ZIGZAG) {
        tiles += tb_ceil_div(tb_segment_length(shards, shards->segments - 1 - shard), q_tile);
    }
    return tiles;
}
