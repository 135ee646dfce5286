/* What a partial tile masks, as bits: which slots of the KV tile each slot of the query tile sees.
 */
#ifndef TB_TILE_MASK_H
#define TB_TILE_MASK_H

#include "tile_list.h"

typedef struct tb_tile_masker tb_tile_masker;

/** Working memory for the masks of one list, for one thread; NULL when exhausted. Borrows the list.
 */
tb_tile_masker *tb_tile_masker_create(const tb_tile_list *list);
void tb_tile_masker_destroy(tb_tile_masker *masker);

/**
 * The mask of one visit: |T| rows of tb_bits_words(|U|) words each; bit j of row i = the query in
 * slot i sees the key in slot j. Rows of slots without a query are zero, as are bits of slots
 * without a key. Right for full tiles too.
 *
 *   product patterns: a pair is visible iff it is in every dimension, so that a row is the
 *   intersection of one set of slots a dimension, and queries of equal coordinates share them
 *
 * @param[in] q      query tile
 * @param[in] entry  one of the list's entries first[q] ... first[q + 1] - 1
 * @return the words; they hold until the next call with this masker
 */
const uint64_t *tb_tile_mask(tb_tile_masker *masker, int64_t q, const tb_tile_entry *entry);

#endif
