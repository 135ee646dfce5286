/* Which token each slot of each tile of a side holds, and where its row lies: what the backends
 * share in bringing tokens into the order of tiles. */
#ifndef TB_SLOTS_H
#define TB_SLOTS_H

#include "tile_list.h"

#include <stdbool.h>

/** A side of attention. It needs no permutation when every tile is a run of consecutive tokens:
 * then a row of its tensors is a token; else a slot of a permuted copy, `capacity` rows a tile. */
typedef struct tb_slots {
    int64_t tiles, capacity;
    int64_t *token;   /* tiles * capacity; -1 = none */
    bool is_permuted; /* some tile is no run */
} tb_slots;

/** The slots of a list's query tiles or static KV tiles; to be freed with tb_slots_free().
 *  TB_OK; TB_EOVERFLOW; TB_ENOMEM. */
TB_NODISCARD tb_status tb_slots_create(const tb_tile_list *list, bool is_q, tb_slots *out,
                                       tb_error *err);
void tb_slots_free(tb_slots *slots);

/** Rows of one tile in the tensor that the kernel reads (permuted or not), by slot; -1 = none. */
void tb_slots_rows(const tb_slots *slots, int64_t tile, int64_t *rows);

#endif
