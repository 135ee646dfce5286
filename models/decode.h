/* Decode attention: few new tokens of each sequence against its cache of keys and values. Bytes
 * decide, and how evenly KV tiles fill the SMs. Derivation: docs/decode.md. */
#ifndef TB_DECODE_H
#define TB_DECODE_H

#include "kv_division.h"
#include "stage.h"

typedef struct tb_decode_problem {
    int64_t batch, heads, heads_kv, dim, dim_value;
    int64_t queries; /* new tokens of a sequence, >= 1 */
    int64_t cache;   /* tokens */
    int64_t kept;    /* of them, read by each KV head; <= cache */
    tb_dtype dtype;  /* of q, o and the products */
    /* the cache's elements */
    double k_bits, v_bits;
    int64_t group;     /* elements that share a scale and a zero point; 0: none */
    double scale_bits; /* of both */
    double dequant;    /* operations on FMA pipes an element */
    /* the cache's pages */
    int64_t page;      /* tokens; 0: contiguous */
    double page_entry; /* bytes of an entry of the page table */
    /* work */
    tb_kv_division_kind division;
    int64_t splits; /* of fixed */
    int64_t kv_tile, ctas_per_sm, min_rows;
} tb_decode_problem;

/** Operations on FMA pipes that turn a stored element into one that is multiplied: scale and zero
 *  point, one FMA. */
#define TB_DECODE_DEQUANT_FLOP 2.0

/** One query token, all of the cache, stored as dtype, contiguous; divided as FlashDecoding does.
 *  `cache` and `kept` are 0. */
tb_decode_problem tb_decode_default(const tb_problem *problem);

typedef struct tb_decode_time {
    tb_work work;
    double kv_bytes;          /* of the kept keys and values, with scales, pages read whole */
    double page_table_bytes;  /* once for each KV head */
    double partial_bytes;     /* of pages' tokens that nobody keeps; part of kv_bytes */
    double merge_bytes;       /* partial results, written and read */
    double cache_bytes;       /* what the whole cache takes in memory, pages and scales too */
    int64_t items, tiles;     /* KV heads x batch x row sets, and KV tiles of each */
    tb_kv_division division;  /* zeros without a device */
    double least_us, time_us; /* 0 without a device */
    tb_limiter limiter;
    tb_basis basis;
} tb_decode_time;

/**
 * Time decode attention.
 *
 *   rows      = ceil(queries x H / Hkv / min_rows) x min_rows of each KV head
 *   read      = pages of ceil(kept / page) x page tokens, or kept where contiguous
 *   KV bytes  = B Hkv read (D k_bits + Dv v_bits + (D + Dv) / group x scale_bits) / 8
 *   HBM bytes = KV + page table (B Hkv ceil(kept / page) entries) + q + o + merge
 *   merge     = 2 x parts that are merged x queries x H / Hkv x (Dv + 2) x 4
 *   FLOP      = 2 B Hkv rows kept (D + Dv); exponentials B Hkv rows kept
 *   dequantise= B Hkv read (D + Dv) x dequant operations
 *   least     = max over units at their peaks, of the bytes without merge: no launch, all SMs even
 *   time      = that with measured rates x quantisation of the division + merge + launches:
 *               1, and one more to merge splits (stream-K merges in the same launch)
 *
 * Source: arithmetic intensity of decode: Flash-Decoding (2023); page tables: PagedAttention (Kwon
 * et al., arXiv 2309.06180); groups with scale and zero point: KIVI (Liu et al., arXiv 2402.02750).
 * Not modelled: unpacking instructions besides `dequant`; keys in L2 from the launch before; CTAs'
 * prologues.
 *
 * @param[in] device  NULL: counts alone, as if nothing were divided (fixed: in its splits)
 * @return TB_OK; TB_EINVAL; TB_EOVERFLOW; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_decode_predict(const tb_decode_problem *problem, const tb_device *device,
                                         tb_decode_time *out, tb_error *err);

#endif
