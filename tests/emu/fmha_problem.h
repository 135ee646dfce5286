/* Hand-built problems of fused attention: tiles, lists and masks as fmha_params.h wants them, built
 * from windows along axes by asking of each pair of rows whether it is visible. No code of sim/. */
#ifndef TB_FMHA_PROBLEM_H
#define TB_FMHA_PROBLEM_H

#include "fmha_params.h"

#include <stdbool.h>
#include <stdint.h>

/** What a query sees along an axis, from its coordinate. */
typedef enum tb_fmha_rule {
    TB_FMHA_ALL,    /* every key */
    TB_FMHA_CAUSAL, /* keys that are not after it */
    TB_FMHA_NEAR    /* 2 reach + 1 keys around it, moved inwards at the ends */
} tb_fmha_rule;

typedef struct tb_fmha_shape {
    const char *name;
    tb_mask_kind kind;
    int axes, extent[TB_AXES];
    tb_fmha_rule rule[TB_AXES];
    int reach;
    int extra_q, extra_kv;
    int batch, heads, heads_kv;
    int dim_less, dim_value_less; /* than the variant's */
    int blind;                    /* every so many queries along axis 0 see no key; 0 = none */
    bool is_idle;                 /* queries of the first tile see no key, nor visit any */
    bool is_visiting_all;         /* tiles are visited even where all is masked */
    bool is_lse_null;
} tb_fmha_shape;

typedef struct tb_fmha_problem {
    tb_fmha_shape shape;
    int q_slots, kv_slots; /* |T|, |U| */
    int q_box[TB_AXES], kv_box[TB_AXES];
    int64_t q_rows, kv_rows;
    int *q_at, *kv_at; /* by row, TB_AXES coordinates; [0] = -1: no token; -2: an extra one */
    uint8_t *seen;     /* bits: of each pair of tokens */
    int q_tiles, kv_tiles, entries, masks;
    tb_fmha_q_tile *q_tile;
    tb_fmha_kv_tile *kv_tile;
    tb_fmha_entry *entry;
    uint32_t *mask_bits;
    tb_fmha_window *window[TB_AXES];
    uint32_t *q_offset, *below;
    int below_row[TB_AXES], below_rows;
} tb_fmha_problem;

/** Tiles of q_slots and kv_slots slots; box kinds have axes of 8 and so on. */
tb_fmha_problem *tb_fmha_problem_create(const tb_fmha_shape *shape, int q_slots, int kv_slots,
                                        uint64_t seed);
void tb_fmha_problem_free(tb_fmha_problem *problem);

/** Is key row k there, and does query row q, which holds a token, see it? */
bool tb_fmha_problem_sees(const tb_fmha_problem *problem, int64_t q, int64_t k);

#endif
