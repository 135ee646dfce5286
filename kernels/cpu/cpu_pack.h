/* Rows of tensors into the layouts that the kernels of cpu_isa.h read. Slots are rows of a tensor,
 * -1 = none (zeros). */
#ifndef TB_CPU_PACK_H
#define TB_CPU_PACK_H

#include "cpu_plan.h"

/** What one tile is packed from. */
typedef struct tb_cpu_source {
    tb_cpu_tensor tensor;
    int64_t batch, head;
    const int64_t *slots;
    int64_t count; /* slots */
} tb_cpu_source;

#define TB_CPU_PANEL_MAX 32 /* rows or keys of a panel */

/** Queries, scaled, in panels of rows. `padded` = tb_cpu_padded_rows(count); room:
 * TB_CPU_PANEL_MAX rows. */
void tb_cpu_pack_q(const tb_cpu_isa *isa, const tb_cpu_source *from, int64_t padded, float scale,
                   float *room, float *out);

/** Keys in panels of `width`, transposed; `padded` keys. room:
 * TB_CPU_PANEL_MAX rows. */
void tb_cpu_pack_k(const tb_cpu_isa *isa, const tb_cpu_source *from, int64_t padded, float *room,
                   float *out);

/** Values in panels of `width` columns; `padded` keys, columns padded to `lanes`. room: a
 * row. */
void tb_cpu_pack_v(const tb_cpu_isa *isa, const tb_cpu_source *from, int64_t padded, float *room,
                   float *out);

#endif
