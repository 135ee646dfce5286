/* The tiles that a kernel runs: for each query tile, in launch order, the KV tiles that it visits.
 *
 * What the census counts, sim/ lists here, and every backend of kernels/ is handed this list: what
 * runs is what was predicted. Query tiles come as CTAs are launched: dilation group by dilation
 * group (residues row-major), in a group innermost dimension first, then the tiles of extra
 * queries. A query tile's KV tiles ascend; tiles of extra KV tokens come last.
 *
 * A tile has |T| or |U| slots: the places of a box, row-major (multi-dim), or of a run of the order
 * (single-dim). A slot past the end of the dilation group, of the order, or of the extra tokens
 * holds no token. Static KV tiles are numbered as in tile_view.h; dynamic ones in the order in
 * which query tiles first visit them, each once.
 */
#ifndef TB_TILE_LIST_H
#define TB_TILE_LIST_H

#include "pattern.h"
#include "problem.h"
#include "tiling.h"

#define TB_TILE_FULL (-1) /* nothing to mask */
#define TB_TILE_RULE (-2) /* partial: the pattern's rule masks; tile_mask.h expands it */

/** One visit of a query tile to a KV tile; two 32-bit integers, as a device reads them. */
typedef struct tb_tile_entry {
    int32_t kv_tile; /* index into tb_tile_list.kv */
    int32_t mask;    /* TB_TILE_FULL, TB_TILE_RULE, or >= 0: which of the stored masks */
} tb_tile_entry;

/** Where a tile lies. */
typedef struct tb_tile_place {
    int64_t group; /* dilation group, residues row-major; -1 = extra tokens */
    int64_t
        origin[TB_MAX_RANK]; /* first slot: coordinates in the group (multi-dim), or in [0] the
                                position in the order (single-dim) or the extra token's number */
    int64_t tokens;          /* slots that hold a token, >= 1 */
} tb_tile_place;

typedef struct tb_tile_list {
    tb_problem problem;
    tb_pattern pattern; /* its mask, lists and parts are borrowed */
    tb_tiling tiling;
    int64_t q_capacity, kv_capacity; /* |T|, |U|: slots a tile */
    int64_t q_tiles, kv_tiles;       /* with those of extra tokens */
    int64_t extra_q_tiles;           /* the last ones of q */
    int64_t visited, full;           /* as the census counts them */
    tb_tile_place *q, *kv;           /* q_tiles and kv_tiles places */
    int64_t *first;                  /* q_tiles + 1: query tile i visits entries first[i] ... */
    tb_tile_entry *entries;          /* visited of them */
    int64_t masks, mask_words; /* stored masks (of patterns without rules), and words of a row */
    uint64_t *mask_bits;       /* mask m, slot i of the query tile: mask_words words from
                                  (m |T| + i) mask_words; bit j = it sees slot j */
    int64_t *order;            /* single-dim, not row-major: tokens by position; else NULL */
} tb_tile_list;

/**
 * List the tiles of a case.
 *
 * @param[in]  problem, pattern, tiling  validated here; the pattern's mask is borrowed, all else
 * copied
 * @param[out] out  to be freed with tb_tile_list_destroy()
 * @return TB_OK; TB_EINVAL (also for 2^31 KV tiles or more); TB_EOVERFLOW; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_tile_list_create(const tb_problem *problem, const tb_pattern *pattern,
                                           const tb_tiling *tiling, tb_tile_list **out,
                                           tb_error *err);

/** Free a list; NULL is allowed. */
void tb_tile_list_destroy(tb_tile_list *list);

/** Tokens by slot of query tile q: |T| row-major token numbers; N + e = extra query e; -1 = none.
 */
void tb_tile_list_q_slots(const tb_tile_list *list, int64_t q, int64_t *tokens);

/** The same for KV tile k: |U| token numbers; N + e = extra KV token e; -1 = none. */
void tb_tile_list_kv_slots(const tb_tile_list *list, int64_t k, int64_t *tokens);

/** Bytes that the list takes. */
int64_t tb_tile_list_bytes(const tb_tile_list *list);

#endif
