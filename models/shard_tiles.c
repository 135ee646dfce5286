#include "shard_tiles.h"

#include "checked.h"
#include "shard_band.h"
#include "shard_rows.h"

#include <stdlib.h>

struct tb_shard_counter {
    tb_shards shards;
    const tb_pattern *pattern; /* borrowed */
    const tb_layout *layout;   /* borrowed */
    int64_t q_tile, kv_tile;
    bool is_band;
    tb_band band;
    int64_t full, any; /* segments of full length, and with any token */
    /* tiles of segment a against segment b by b - a + segments - 1: [of full or short queries][of
     * full or short keys] */
    int64_t *by_difference[2][2];
    tb_shard_rows rows;
};

/* Segments that are not cut short come first, then those that are: the last chunk that has any
 * token, or all stripes that have one token fewer; then chunks without tokens. */
static void count_segments(tb_shard_counter *counter)
{
    const tb_shards *shards = &counter->shards;
    while (counter->full < shards->segments &&
           tb_segment_length(shards, counter->full) == shards->length) {
        counter->full++;
    }
    counter->any = counter->full;
    while (counter->any < shards->segments && tb_segment_length(shards, counter->any) > 0) {
        counter->any++;
    }
}

/* Any two segments of that difference do: those that begin at 0 or end at the last. */
static tb_band band_of_difference(const tb_shard_counter *counter, int64_t difference)
{
    return difference >= 0 ? tb_band_between(counter->band, &counter->shards, 0, difference)
                           : tb_band_between(counter->band, &counter->shards, -difference, 0);
}

static tb_status fill_differences(tb_shard_counter *counter, tb_error *err)
{
    int64_t segments = counter->shards.segments, count = 2 * segments - 1;
    count_segments(counter);
    int64_t length[2] = {
        counter->shards.length,
        counter->any > counter->full ? tb_segment_length(&counter->shards, counter->full) : 0};
    for (int i = 0; i < 4; i++) {
        int64_t queries = length[i / 2], keys = length[i % 2];
        int64_t *table = calloc((size_t)count, sizeof *table);
        counter->by_difference[i / 2][i % 2] = table;
        if (table == NULL) {
            return tb_fail(err, TB_ENOMEM, "no memory for the tiles of %lld devices",
                           (long long)counter->shards.shards);
        }
        for (int64_t d = 0; queries > 0 && keys > 0 && d < count; d++) {
            table[d] = tb_band_tiles(band_of_difference(counter, d - (segments - 1)), queries, keys,
                                     counter->q_tile, counter->kv_tile);
        }
    }
    return TB_OK;
}

tb_status tb_shard_counter_create(const tb_pattern *pattern, const tb_layout *layout,
                                  const tb_shards *shards, int64_t q_tile, int64_t kv_tile,
                                  bool by_rows, tb_shard_counter **out, tb_error *err)
{
    if (q_tile < 1 || kv_tile < 1) {
        return tb_fail(err, TB_EINVAL, "tiles of %lld queries and %lld keys; at least 1 each",
                       (long long)q_tile, (long long)kv_tile);
    }
    tb_shard_counter *counter = calloc(1, sizeof *counter);
    if (counter == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory to count tiles of devices");
    }
    counter->shards = *shards;
    counter->pattern = pattern;
    counter->layout = layout;
    counter->q_tile = q_tile;
    counter->kv_tile = kv_tile;
    counter->is_band = !by_rows && tb_band_of(pattern, layout, &counter->band);
    tb_status status = counter->is_band
                           ? fill_differences(counter, err)
                           : tb_shard_rows_prepare(&counter->rows, shards->segments, err);
    if (status != TB_OK) {
        tb_shard_counter_destroy(counter);
        return status;
    }
    *out = counter;
    return TB_OK;
}

void tb_shard_counter_destroy(tb_shard_counter *counter)
{
    if (counter != NULL) {
        for (int i = 0; i < 4; i++) {
            free(counter->by_difference[i / 2][i % 2]);
        }
        tb_shard_rows_free(&counter->rows);
        free(counter);
    }
}

bool tb_shard_counter_is_closed(const tb_shard_counter *counter)
{
    return counter->is_band;
}

/* Add segment a's tiles against segments [from, to); those beyond the middle go back to shards. */
static void add_range(const tb_shards *shards, const int64_t *table, int64_t a, int64_t from,
                      int64_t to, int64_t *tiles)
{
    const int64_t *of_first = table + (shards->segments - 1 - a);
    for (int64_t b = from; b < tb_min(to, shards->shards); b++) {
        tiles[b] += of_first[b];
    }
    for (int64_t b = tb_max(from, shards->shards); b < to; b++) {
        tiles[shards->segments - 1 - b] += of_first[b];
    }
}

static void add_by_difference(const tb_shard_counter *counter, int64_t a, int64_t *tiles)
{
    if (a < counter->any) {
        int64_t *const *table = counter->by_difference[a >= counter->full];
        add_range(&counter->shards, table[0], a, 0, counter->full, tiles);
        add_range(&counter->shards, table[1], a, counter->full, counter->any, tiles);
    }
}

tb_status tb_shard_count(tb_shard_counter *counter, int64_t shard, int64_t *tiles, int64_t *pairs,
                         tb_error *err)
{
    const tb_shards *shards = &counter->shards;
    int64_t segments[2] = {shard, shards->segments - 1 - shard};
    int count = shards->order == TB_SHARD_ZIGZAG ? 2 : 1;
    for (int64_t h = 0; h < shards->shards; h++) {
        tiles[h] = 0;
    }
    *pairs = 0;
    counter->rows.pairs = 0;
    tb_status status = TB_OK;
    for (int i = 0; status == TB_OK && i < count; i++) {
        if (counter->is_band) {
            add_by_difference(counter, segments[i], tiles);
            *pairs += tb_band_pairs(counter->band, shards, segments[i]);
        } else {
            status = tb_shard_rows_add(&counter->rows, counter->pattern, counter->layout, shards,
                                       segments[i], counter->q_tile, counter->kv_tile, tiles, err);
        }
    }
    if (!counter->is_band) {
        *pairs = counter->rows.pairs;
    }
    return status;
}
