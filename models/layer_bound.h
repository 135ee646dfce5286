/* What is known of the options of layers before layers are put together: which of them may be of
 * use, what any mixture costs at least, and what one that is known costs. Of layer_choice.c. */
#ifndef TB_LAYER_BOUND_H
#define TB_LAYER_BOUND_H

#include "layer_choice.h"

/** An option with its place in the caller's list. */
typedef struct tb_layer_rank {
    int64_t visible;
    double cost;
    size_t index;
} tb_layer_rank;

typedef struct tb_layer_bound {
    tb_layer_rank *options; /* none sees as much as another at no more cost; least visible first */
    size_t count;
    tb_layer_rank *hull; /* the lower convex hull of them */
    size_t hull_count;
    int64_t layers, least_visible;
    double best; /* cost of a whole plan that is known */
} tb_layer_bound;

/** Of sums that were added in another order. */
#define TB_LAYER_ROUNDING 1e-12

/** Rank the options, of which there are 1 or more, and drop those that no plan as good as the best
 *  one known can have. TB_OK; TB_ENOMEM. Release it also then. */
TB_NODISCARD tb_status tb_layer_bound_make(const tb_layer_option *options, size_t count,
                                           int64_t layers, int64_t least_visible,
                                           tb_layer_bound *out, tb_error *err);

void tb_layer_bound_release(tb_layer_bound *bound);

/** The least that one layer costs in any mixture that sees this much in the mean; HUGE_VAL where
 *  none does. */
double tb_layer_mean_cost(const tb_layer_bound *bound, double visible);

#endif
