/* Random tensors for a launch, run, and compared with the double-precision reference. Of the
 * product and C alone, so that a cross-compiled program can use it too. */
#ifndef TB_ATTENTION_CHECK_H
#define TB_ATTENTION_CHECK_H

#include "backend.h"

typedef struct tb_attention_check {
    double logit_size;        /* standard size of scale q.k: 0.01 to thousands */
    uint64_t seed;            /* of tensors and sampled rows */
    int64_t rows;             /* to sample; more than there are: all */
    double worst;             /* out: largest error in units of its bound; <= 1 is right */
    tb_run_counters counters; /* out; by_entry is gone */
    tb_run_times times;       /* out */
    int64_t unmasked_wrong;   /* out, of a counting launch: entries of the tile list that left other
                                 pairs unmasked than the pattern's own rows have in the tile */
} tb_attention_check;

/** Prepare, run twice (a plan is used again), compare. tb_status of what failed. */
TB_NODISCARD tb_status tb_attention_run(const tb_backend *backend, const tb_launch *launch,
                                        tb_attention_check *check, tb_error *err);

/** The next number of a generator (splitmix64), and a uniform one of [low, high). */
uint64_t tb_attention_random(uint64_t *state);
double tb_attention_uniform(uint64_t *state, double low, double high);

#endif
