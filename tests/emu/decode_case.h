/* Decode problems for the emulator: random keys, tensors, and what should come of them in double
 * precision. Any failure fails the test. */
#ifndef TB_DECODE_CASE_H
#define TB_DECODE_CASE_H

#include "cuda_decode_division.h"
#include "problem.h"

#include <gsl/gsl_rng.h>
#include <stdbool.h>

typedef enum tb_decode_keys {
    TB_KEYS_RANDOM,
    TB_KEYS_ALL, /* a list: backwards */
    TB_KEYS_NONE
} tb_decode_keys;

typedef struct tb_decode_case {
    tb_dtype dtype;
    int64_t batch, heads, heads_kv, dim, dim_value;
    int64_t tokens; /* of k and v */
    tb_decode_keys keys;
    bool is_list; /* kept tokens in any order; else intervals */
    int64_t sequence_batch, sequence_head;
    double scale, logit_size; /* of q.k; of scale q.k, about */

    /* Made by tb_decode_case_make(). */
    int64_t sequence_count, interval_count, token_count;
    tb_decode_sequence *sequences;
    tb_decode_interval *intervals;
    tb_i32 *positions; /* the token of each position of each sequence: the list, and the truth */
    void *q, *k, *v;   /* k and v are NaN where no sequence has the token */
    struct tb_decode_right *right; /* what should come of it, by row */
} tb_decode_case;

/** Keys and tensors of a case whose first fields are set. */
void tb_decode_case_make(gsl_rng *random, tb_decode_case *item);
void tb_decode_case_free(tb_decode_case *item);

/** What the divisions share out. */
tb_decode_work tb_decode_case_work(const tb_decode_case *item);

/** The sequence of a batch entry and KV head. */
const tb_decode_sequence *tb_decode_case_sequence(const tb_decode_case *item, int64_t batch,
                                                  int64_t head_kv);

/**
 * The largest error in units of its bound; at most 1 is right, +inf where a row without keys is not
 * zero with lse -inf. `lse` may be NULL.
 *
 *   |o - reference| <= 4 2^-24 (32 + 8 A) sum p|v| + 2 (u + u) sum p|v|, u = 2^-8 or 2^-11
 *   |lse - reference| <= 4 2^-24 (32 + 8 A + |lse|),  A = max scale sum |q k|
 */
double tb_decode_case_worst(const tb_decode_case *item, const void *o, const float *lse);

#endif
