/* One of several options for each of many alike layers: a knapsack, exactly. */
#ifndef TB_LAYER_CHOICE_H
#define TB_LAYER_CHOICE_H

#include "status.h"

#include <stddef.h>
#include <stdint.h>

/** What a layer may be. */
typedef struct tb_layer_option {
    double cost;     /* finite, >= 0 */
    int64_t visible; /* pairs that it sees, >= 0 */
} tb_layer_option;

/**
 * Choose how many layers take which option.
 *
 *   minimise sum of n_i cost_i  with  sum of n_i = layers,  sum of n_i visible_i >= least_visible
 *
 * Layers are added one by one; of what is seen so far at some cost only what nothing sees as much
 * at less cost is kept, and of that what may still end below the best plan known: the rest of the
 * layers costs no less than on the lower convex hull of the options (any real mixture of them).
 * Both are safe, so that the plan is optimal; the best known one starts as a mixture of two.
 *
 * Source: Pisinger, Budgeting with bounded multiple-choice constraints, EJOR 129 (2001) 471, for
 * the bound; dominance is Bellman's.
 *
 * @param[in]  count   of options, >= 1
 * @param[in]  layers  1 to 4096
 * @param[out] counts  `count` entries, caller-owned; written only on TB_OK
 * @return TB_OK; TB_EINVAL where no mixture sees as much, or for sizes out of range; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_layers_choose(const tb_layer_option *options, size_t count,
                                        int64_t layers, int64_t least_visible, int64_t *counts,
                                        tb_error *err);

#endif
