/* The whole answer to one case: tiles, census, bound, what the kernel masks, and remarks. */
#ifndef TB_PREDICT_H
#define TB_PREDICT_H

#include "attention_case.h"
#include "bound.h"
#include "census.h"
#include "kernel.h"
#include "messages.h"

#include <stdbool.h>

/** One launch: all heads and batch entries. FLOPs and bytes are doubles, exact below 2^53. */
typedef struct tb_launch_totals {
    int64_t ctas; /* launched query tiles (backward: KV tiles) of all heads and batches */
    int64_t visited_tiles;
    double visible_flop; /* of the pairs that the pattern lets through */
    double visited_flop; /* of all pairs in visited tiles: what the kernel computes */
    double baseline_flop;
    double compulsory_bytes; /* inputs read once, outputs written once */
} tb_launch_totals;

typedef struct tb_prediction {
    tb_problem problem;
    tb_pattern pattern; /* borrows the case's mask */
    tb_tiling tiling;
    tb_census census;
    tb_histogram visited_tiles; /* owned */
    tb_bound bound;
    bool has_masks; /* a kernel is named and its mask policy is defined here */
    tb_mask_count masks;
    tb_launch_totals launch;
    tb_messages notes;
    tb_messages warnings;
} tb_prediction;

/**
 * Predict a case.
 *
 *   FLOP of a pair: forward 2 (D + Dv); backward 2 (3 D + 2 Dv), five products
 *   compulsory bytes: forward Q, K, V, O; backward Q, K, V, O, dO, dQ, dK, dV
 *
 * @param[in]  item    normalized; borrowed
 * @param[in]  kernel  may be NULL; borrowed
 * @param[out] out     release with tb_prediction_release()
 * @return what tb_tiling_resolve(), tb_census_count() and tb_bound_compute() return
 */
TB_NODISCARD tb_status tb_predict(const tb_case *item, const tb_kernel *kernel, tb_prediction *out,
                                  tb_error *err);

/** Does the kernel leave tiles unmasked that are partial, so that its result would be wrong? */
bool tb_prediction_lacks_a_mask(const tb_prediction *prediction, const tb_kernel *kernel);

/** Free what a prediction owns; a zeroed one is allowed. */
void tb_prediction_release(tb_prediction *prediction);

#endif
