/* How decode attention's KV tiles are shared out over the slots of a device, and how even that is.
 *
 * An item is what one CTA does alone where nothing is divided: a KV head of a sequence with the
 * query rows that share it. */
#ifndef TB_KV_DIVISION_H
#define TB_KV_DIVISION_H

#include "schedule.h"
#include "status.h"

typedef enum tb_kv_division_kind {
    TB_KV_NONE,     /* a CTA an item */
    TB_KV_FIXED,    /* so many CTAs an item, with parts as even as tiles allow */
    TB_KV_SPLIT_KV, /* as many as FlashDecoding chooses */
    TB_KV_STREAM_K  /* a CTA a slot, each with an equal run of all items' tiles */
} tb_kv_division_kind;

#define TB_KV_DIVISION_COUNT 4

/** "none", "fixed", "split-kv", "stream-k". */
extern const char *const tb_kv_division_names[TB_KV_DIVISION_COUNT];

typedef struct tb_kv_division_problem {
    tb_kv_division_kind kind;
    int64_t items;     /* >= 1 */
    int64_t tiles;     /* KV tiles of an item, >= 1 */
    int64_t sms;       /* >= 1 */
    int64_t occupancy; /* CTAs that an SM holds, >= 1 */
    int64_t splits;    /* of fixed, >= 1 */
    double part_tiles; /* what a CTA costs for each item that it has a part of, in tiles; >= 0 */
} tb_kv_division_problem;

typedef struct tb_kv_division {
    int64_t splits; /* of an item; 1 of none; of stream-K the most parts of any item */
    int64_t ctas;
    int64_t parts;       /* (CTA, item) pairs: what partial results there are */
    int64_t merged;      /* of them, parts of items in more than one: what is merged */
    double makespan;     /* in tiles */
    double ideal;        /* items x tiles / slots: no slot ever idle */
    double quantisation; /* makespan / ideal, >= 1 */
    double utilisation;  /* of the slots */
} tb_kv_division;

/**
 * Share the tiles out and schedule them.
 *
 *   none      items CTAs of `tiles`
 *   fixed     item's part s of S: tiles [tiles s / S, tiles (s + 1) / S); S <= tiles
 *   split-KV  S = tb_flash_decoding_splits(); parts of ceil(tiles / S), the last one shorter
 *   stream-K  C = min(slots, items x tiles) CTAs; CTA c of T tiles: T / C, and one more where
 *             c < T mod C
 *   makespan  of tb_schedule_run(), in launch order
 *
 * Source: Flash-Decoding (Dao, Haziza, Massa, Sizov, 2023); Stream-K (Osama et al., arXiv
 * 2301.03598) and its use for decode, Lean Attention (Sanovar et al., arXiv 2405.10480). Parts are
 * those that the decode kernel's division makes.
 * Not modelled: a slot drawing more than its share of the memory's bandwidth while others idle,
 * which makes `none` look worse than it is where one SM can draw much more than its share.
 *
 * @param[out] out  written only on TB_OK
 * @return TB_OK; TB_EINVAL for a size < 1 or a cost that is negative, infinite or NaN;
 * TB_EOVERFLOW; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_kv_divide(const tb_kv_division_problem *problem, tb_kv_division *out,
                                    tb_error *err);

/**
 * Splits that FlashDecoding chooses.
 *
 *   1 where items >= 0.8 slots; else the least s <= min(128, slots, tiles) whose efficiency,
 *   w / ceil(w) with w = items s / slots, is at least 0.85 of the best one's; only s that change
 *   ceil(tiles / s) count
 *
 * Source: num_splits_heuristic(), Dao-AILab/flash-attention 2.6.3, csrc/flash_attn/flash_api.cpp,
 * called with slots = 2 x SMs and KV tiles of 256 (D <= 64), 128 (D <= 128) or 64 keys.
 */
int64_t tb_flash_decoding_splits(int64_t items, int64_t slots, int64_t tiles);

/** Keys of a KV tile there. */
int64_t tb_flash_decoding_kv_tile(int64_t dim);

#endif
