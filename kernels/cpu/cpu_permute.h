/* Tokens into the order of tiles, and outputs back: a step of its own, as on a GPU. */
#ifndef TB_CPU_PERMUTE_H
#define TB_CPU_PERMUTE_H

#include "cpu_plan.h"

/** Which token each slot of each tile holds. A side of attention needs no permutation when every
 * tile is a run of consecutive tokens. */
typedef struct tb_cpu_slots {
    int64_t tiles, capacity;
    int64_t *token;   /* tiles * capacity; -1 = none */
    bool is_permuted; /* some tile is no run */
} tb_cpu_slots;

TB_NODISCARD tb_status tb_cpu_slots_create(const tb_tile_list *list, bool is_q, tb_cpu_slots *out,
                                           tb_error *err);

/** Rows of one tile in the tensor that the kernel reads (permuted or not), by slot. */
void tb_cpu_slots_rows(const tb_cpu_slots *slots, int64_t tile, int64_t *rows);

/** to[batch][slot] = from[batch][token], rows of `row_bytes`; empty slots are left alone. */
void tb_cpu_permute(const tb_cpu_slots *slots, int64_t batch, int64_t tokens, int64_t row_bytes,
                    const void *from, void *to, int threads);

/** to[batch][token] = from[batch][slot]. */
void tb_cpu_unpermute(const tb_cpu_slots *slots, int64_t batch, int64_t tokens, int64_t row_bytes,
                      const void *from, void *to, int threads);

#endif
