/* What fused attention is handed: the one parameter of fmha_fwd, for kernel and host alike.
 *
 * Tensors are [batch][row][head][dim], innermost dense. A row is a token where the tiles of a side
 * are runs of tokens; else a slot of a permuted copy, |T| (or |U|) rows a tile, in which slots
 * without a token are zero. At most 2^32 pieces of 16 bytes (64 GiB) each.
 *
 * Which keys a query sees is a product over axes: along each, an interval of coordinates. A
 * coordinate is an index in the axis' own numbering, dilation residue after residue, so that a
 * dilated window is an interval too. window[a][c] = keys that coordinate c sees along axis a.
 *
 * Three ways to know a partial tile's mask:
 *   box     slots of a KV tile are a box: for each axis and x, `below` has the set of slots (as
 *           bits) whose offset is < x; a row's mask is the intersection over axes of
 *           below(end - origin) without below(start - origin)
 *   tokens  slots are any run of an order: coordinate[a][row] says where each row lies
 *   bits    stored masks, of patterns without rules; entry.mask says which
 */
#ifndef TB_FMHA_PARAMS_H
#define TB_FMHA_PARAMS_H

#include "cuda_types.h"

#define TB_AXES 4 /* at most */

/* entry.mask, when it is no stored mask's number (>= 0); as sim/tile_list.h has them. */
#define TB_ENTRY_FULL (-1)
#define TB_ENTRY_RULE (-2)

typedef enum tb_mask_kind { TB_MASK_BOX, TB_MASK_TOKENS, TB_MASK_BITS } tb_mask_kind;

/* A query tile: rows row ... row + rows - 1 of q, o and lse; entries first ... last - 1. */
typedef struct tb_fmha_q_tile {
    tb_i32 row, rows;
    tb_i32 first, last;
    tb_i32 origin[TB_AXES]; /* box: coordinates of slot 0; origin[0] < 0: sees every key */
} tb_fmha_q_tile;

/* A KV tile: rows of k and v; those past `rows` are read as zero and masked by every partial entry.
 */
typedef struct tb_fmha_kv_tile {
    tb_i32 row, rows;
    tb_i32 is_extra; /* extra tokens: every query sees those that there are */
    tb_i32 unused;
    tb_i32 origin[TB_AXES]; /* box: coordinates of slot 0 */
    tb_i32 limit[TB_AXES];  /* box: offsets along the axis that hold a token */
} tb_fmha_kv_tile;

/* One visit; as tb_tile_entry. */
typedef struct tb_fmha_entry {
    tb_i32 kv_tile, mask;
} tb_fmha_entry;

/* Coordinates start ... end - 1. */
typedef struct tb_fmha_window {
    tb_i32 start, end;
} tb_fmha_window;

typedef struct tb_fmha_params {
    const void *q, *k, *v;
    void *o;
    float *lse; /* natural logarithm, [batch][row][head]; may be null */
    const tb_fmha_q_tile *q_tiles;
    const tb_fmha_kv_tile *kv_tiles;
    const tb_fmha_entry *entries;
    const tb_fmha_window *window[TB_AXES]; /* box, tokens */
    const tb_u32 *q_offset;                /* box: by query slot, offsets along the axes, a byte
                                              each, axis 0 lowest */
    const tb_u32 *below;                   /* box: |U| / 32 words a row; 16-byte aligned */
    const tb_i32 *q_coordinate[TB_AXES];   /* tokens: by row of q */
    const tb_i32 *kv_coordinate[TB_AXES];  /* tokens: by row of k */
    const tb_u32 *mask_bits;               /* bits: mask m, slot i: |U| / 32 words from
                                              (m |T| + i) |U| / 32; bit j = it sees slot j */
    tb_i32 below_row[TB_AXES];             /* box: row of `below` where each axis begins */
    tb_i32 box[TB_AXES];                   /* box: extents of a KV tile */
    tb_i32 axes;
    tb_i32 mask_kind;       /* tb_mask_kind */
    tb_i64 q_rows, kv_rows; /* a batch entry */
    tb_i32 heads, heads_kv;
    tb_i32 dim, dim_value;    /* multiples of 8, at most the variant's: the rest counts as zero */
    tb_i32 q_slots, kv_slots; /* |T|, |U|: for kernels that are compiled for any */
    float scale_log2;         /* of the logits, > 0, times log2(e) */
    tb_i32 unused;
} tb_fmha_params;

/* Grid: query tiles x batch x heads. */

#endif
