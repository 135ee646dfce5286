/* Tokens into the order of tiles, and outputs back: a step of its own, as on a GPU. */
#ifndef TB_CPU_PERMUTE_H
#define TB_CPU_PERMUTE_H

#include "cpu_plan.h"
#include "slots.h"

/** to[batch][slot] = from[batch][token], rows of `row_bytes`; empty slots are left alone. */
void tb_cpu_permute(const tb_slots *slots, int64_t batch, int64_t tokens, int64_t row_bytes,
                    const void *from, void *to, int threads);

/** to[batch][token] = from[batch][slot]. */
void tb_cpu_unpermute(const tb_slots *slots, int64_t batch, int64_t tokens, int64_t row_bytes,
                      const void *from, void *to, int threads);

#endif
