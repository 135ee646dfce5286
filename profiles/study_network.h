/* Points that are whole networks: attention of all layers, and end to end. Internal to
 * profiles/study*. */
#ifndef TB_STUDY_NETWORK_H
#define TB_STUDY_NETWORK_H

#include "study_point.h"
#include "study_results.h"

/** Give a point the layout, heads and dims of its network, which the suite may then change in part.
 *  Nothing where it has none. */
void tb_point_network_begin(const tb_study *study, const tb_point_choices *choices,
                            tb_problem *problem);

/** See that a point and its network fit together. TB_OK; TB_EFILE with the position. */
TB_NODISCARD tb_status tb_point_network_check(const tb_study *study, const tb_point_case *point,
                                              tb_error *err);

/** What a network runs on; borrowed. */
typedef struct tb_point_models {
    const tb_device *device;
    const tb_kernel *kernel, *dense;
} tb_point_models;

/** Predict a point's network. TB_OK; what tb_network_attention_time(), tb_network_rest_time() and
 *  tb_network_outside_time() return. */
TB_NODISCARD tb_status tb_point_network_predict(const tb_study *study, const tb_point_case *point,
                                                const tb_point_models *models, tb_study_row *row,
                                                tb_error *err);

#endif
