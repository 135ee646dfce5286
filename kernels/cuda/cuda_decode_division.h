/* How decode attention's keys are shared out among CTAs: the tables of decode_params.h, made on the
 * host, so that the kernel divides nothing and any sharing is the same kernel. */
#ifndef TB_CUDA_DECODE_DIVISION_H
#define TB_CUDA_DECODE_DIVISION_H

#include "decode_params.h"
#include "status.h"

#include <stdint.h>

/** What is shared out. Everything pointed at is borrowed for the call. */
typedef struct tb_decode_work {
    int64_t batch, heads, heads_kv;
    const tb_decode_sequence *sequences; /* `keys` alone is read */
    int64_t sequence_batch, sequence_head;
} tb_decode_work;

typedef struct tb_decode_division {
    int64_t items, parts, ctas;
    int64_t row_sets, rows; /* of the params */
    tb_decode_part *part;   /* by item, in order of positions */
    tb_i32 *cta_first;      /* ctas + 1 */
    tb_i32 *item_first;     /* items + 1 */
} tb_decode_division;

/**
 * Fixed split: `splits` parts of each item, as equal as keys allow, a CTA each.
 *
 *   part s of n keys: positions [n s / splits, n (s + 1) / splits)
 *
 * @param[out] out  to be freed with tb_decode_division_release()
 * @return TB_OK; TB_EINVAL for heads that heads_kv does not divide, or extents < 1; TB_EOVERFLOW
 * for more parts than 32 bits number; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_decode_split(const tb_decode_work *work, int64_t splits,
                                       tb_decode_division *out, tb_error *err);

/**
 * Stream-K: `ctas` CTAs, each an equal run of the KV tiles of all items, one item after another.
 *
 *   CTA c of T tiles: T / ctas of them, and one more where c < T % ctas
 *
 * Source: Osama et al., Stream-K (arXiv 2301.03598); for decode Sanovar et al., Lean Attention
 * (arXiv 2405.10480).
 * @param[out] out  to be freed with tb_decode_division_release()
 * @return as tb_decode_split()
 */
TB_NODISCARD tb_status tb_decode_stream(const tb_decode_work *work, int64_t ctas,
                                        tb_decode_division *out, tb_error *err);

/** Free what is in a division; one of zeros is allowed. */
void tb_decode_division_release(tb_decode_division *division);

#endif
