/* What merge is handed, for kernel and host alike: two partial results over disjoint sets of keys.
 *
 *   lse = ln(exp(lse1) + exp(lse2));  o = exp(lse1 - lse) o1 + exp(lse2 - lse) o2
 *
 * A row is one query of one head: rows = batch * tokens * heads. A partial result of a query that
 * saw no key is o = 0, lse = -inf; where both are, so is their merge.
 */
#ifndef TB_MERGE_PARAMS_H
#define TB_MERGE_PARAMS_H

#include "cuda_types.h"

typedef struct tb_merge_params {
    const void *o1, *o2;      /* [rows][dim], of the variant's dtype; 16-byte aligned */
    const float *lse1, *lse2; /* [rows], natural logarithms */
    void *o;                  /* may be o1 or o2 */
    float *lse;               /* may be lse1 or lse2; may be null */
    tb_i64 rows;
    tb_i32 dim; /* of o: a multiple of 8, at most TB_MERGE_DIM_MAX */
    tb_i32 unused;
} tb_merge_params;

#define TB_MERGE_DIM_MAX 256

#define TB_MERGE_THREADS  256
#define TB_MERGE_MIN_CTAS 5 /* that an SM holds: 1,280 threads */

/* Words of 16 bytes of o that a CTA merges at a time. It takes as many whole rows as fill them. */
#define TB_MERGE_WORDS 512

/* Grid: any number of CTAs. So many leave none without work, and none with more than it merges at a
 * time. `element_bytes`: 2 or 4. */
#define TB_MERGE_ROWS_AT_ONCE(dim, element_bytes) (TB_MERGE_WORDS * 16 / ((dim) * (element_bytes)))
#define TB_MERGE_CTAS(rows, dim, element_bytes)                                                    \
    (((rows) + TB_MERGE_ROWS_AT_ONCE(dim, element_bytes) - 1) /                                    \
     TB_MERGE_ROWS_AT_ONCE(dim, element_bytes))

#endif
