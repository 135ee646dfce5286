/* What token_permute and token_unpermute are handed, for kernel and host alike.
 *
 * One table says which token lies in which slot. It covers everything that puts tokens into another
 * order: boxes of tiles with their padding, dilation groups, extra tokens, Morton and Hilbert
 * orders.
 *
 *   token_permute     to[batch][slot] = from[batch][token of slot], zeros where a slot has none
 *   token_unpermute   to[batch][token of slot] = from[batch][slot]; slots that have none are left
 *                     out, and so are tokens that have no slot
 *
 * A row is what a token has in one tensor: heads * dim elements of q, k, v or o; heads floats of a
 * log-sum-exp. Tensors begin at multiples of 16 bytes.
 */
#ifndef TB_PERMUTE_PARAMS_H
#define TB_PERMUTE_PARAMS_H

#include "cuda_types.h"

#define TB_PERMUTE_TENSORS 3 /* at most: q, k and v; k and v; o and its log-sum-exp */

typedef struct tb_permute_tensor {
    const void *from;
    void *to;
    tb_i64 row_bytes; /* a multiple of 4; moved 16 bytes at a time where it is a multiple of 16 */
} tb_permute_tensor;

typedef struct tb_permute_params {
    tb_permute_tensor tensor[TB_PERMUTE_TENSORS]; /* all with the same tokens and slots */
    const tb_i32 *tokens_of;                      /* token by slot; -1 = none */
    tb_i64 tokens, slots;                         /* rows of a batch entry on either side */
    tb_i32 batch;
    tb_i32 unused;
} tb_permute_params;

#define TB_PERMUTE_THREADS  256
#define TB_PERMUTE_MIN_CTAS 4 /* that an SM holds: 1,024 threads */

/* Words of 16 bytes that a CTA moves at a time. It takes as many whole rows as fill them. */
#define TB_PERMUTE_WORDS 1024

/* Grid: any number of CTAs x tensors in use. So many leave none without work, and none with more
 * than it moves at a time but for rows longer than that. `word_bytes`: 16, or 4 where row_bytes is
 * no multiple of 16. */
#define TB_PERMUTE_ROWS_AT_ONCE(row_bytes, word_bytes)                                             \
    ((row_bytes) >= TB_PERMUTE_WORDS * (word_bytes)                                                \
         ? 1                                                                                       \
         : TB_PERMUTE_WORDS * (word_bytes) / (row_bytes))
#define TB_PERMUTE_CTAS(slots, batch, row_bytes, word_bytes)                                       \
    ((batch) * (((slots) + TB_PERMUTE_ROWS_AT_ONCE(row_bytes, word_bytes) - 1) /                   \
                TB_PERMUTE_ROWS_AT_ONCE(row_bytes, word_bytes)))

#endif
