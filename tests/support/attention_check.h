/* Random tensors for a launch, run, and compared with the double-precision reference. Of the
 * product and C alone, so that a cross-compiled program can use it too. */
#ifndef TB_ATTENTION_CHECK_H
#define TB_ATTENTION_CHECK_H

#include "reference.h"

typedef struct tb_attention_check {
    double logit_size;                  /* standard size of scale q.k: 0.01 to thousands */
    uint64_t seed;                      /* of tensors and sampled rows */
    int64_t rows;                       /* to sample; more than there are: all */
    bool is_gpu;                        /* the bounds are those of a GPU ... */
    tb_reference_arithmetic arithmetic; /* ... that rounds so */
    double worst;             /* out: largest error in units of its bound; <= 1 is right */
    tb_run_counters counters; /* out; by_entry is gone */
    tb_run_times times;       /* out */
    int64_t unmasked_wrong;   /* out, of a counting launch: entries of the tile list that left other
                                 pairs unmasked than the pattern's own rows have in the tile */
} tb_attention_check;

/** Prepare, run twice (a plan is used again), compare. tb_status of what failed. */
TB_NODISCARD tb_status tb_attention_run(const tb_backend *backend, const tb_launch *launch,
                                        tb_attention_check *check, tb_error *err);

/* The tensors of a launch, with a guard element after each output. */
typedef struct tb_attention_tensors {
    void *q, *k, *v, *o;
    float *lse;
    int64_t o_elements, lse_elements;
} tb_attention_tensors;

/** Random tensors; false when memory is exhausted. Free them in either case. */
bool tb_attention_tensors_make(const tb_launch *launch, double logit_size, uint64_t *state,
                               tb_attention_tensors *set);
void tb_attention_tensors_free(tb_attention_tensors *set);

/** Raise check->worst by rows of what ran, sampled with *state. */
TB_NODISCARD tb_status tb_attention_compare(const tb_launch *launch, const tb_tensors *tensors,
                                            tb_attention_check *check, uint64_t *state,
                                            tb_error *err);

/** Count the entries of the launch's list that left other pairs unmasked than the pattern has. */
TB_NODISCARD tb_status tb_attention_count(const tb_launch *launch, const int64_t *by_entry,
                                          int64_t *wrong, tb_error *err);

/** The next number of a generator (splitmix64), and a uniform one of [low, high). */
uint64_t tb_attention_random(uint64_t *state);
double tb_attention_uniform(uint64_t *state, double low, double high);

#endif
