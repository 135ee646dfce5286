/* A pattern for each layer of a network, out of a pool, by time and a budget of mean sparsity. */
#ifndef TB_LAYER_SEARCH_H
#define TB_LAYER_SEARCH_H

#include "network.h"
#include "search.h"

/** Rows of a pool, and how many layers take each. */
typedef struct tb_layer_plan {
    tb_search_row *rows; /* owned; those that a layer takes, most visible pairs first */
    int64_t *layers;     /* owned; of each row */
    size_t count;
    int64_t layer_count;
    double mean_sparsity; /* of all layers */
    double total_us;      /* of all layers, permutation included */
} tb_layer_plan;

/**
 * The patterns that a network's layers have in its cases, each with the tile shape of the space
 * that takes least time.
 *
 * @param[in]  space  its problem is the network's; goal time; what it leaves open does not matter
 * @param[out] rows   caller frees; in the order of the cases, each pattern once
 * @return TB_OK; TB_EINVAL where there is none, or heads of a layer differ; what tb_search_run()
 *         returns
 */
TB_NODISCARD tb_status tb_layer_pool_of(const tb_search_space *space, const tb_network *network,
                                        tb_search_row **rows, size_t *count, tb_error *err);

/**
 * Choose a row of the pool for each of `layers` layers, so that all together take least time and
 * the mean of their sparsities is `mean_sparsity` at most. Exact (layer_choice.h).
 *
 * Not modelled: that layers differ in what they need to see; time does not tell which of them
 * should take which row.
 *
 * @param[in]  pool  rows of searches by time of the space
 * @param[out] out   release with tb_layer_plan_release(); written only on TB_OK
 * @return TB_OK; what tb_layers_choose() returns; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_layer_plan_find(const tb_search_space *space, const tb_search_row *pool,
                                          size_t pool_count, int64_t layers, double mean_sparsity,
                                          tb_layer_plan *out, tb_error *err);

void tb_layer_plan_release(tb_layer_plan *plan);

#endif
