/* Points of a study measured, one after the other. Internal to profiles/study*. */
#ifndef TB_STUDY_MEASURE_H
#define TB_STUDY_MEASURE_H

#include "measure.h"
#include "ranks.h"
#include "study_row.h"

typedef struct tb_study_measurer tb_study_measurer;

/**
 * Make ready to measure on a backend: on GPUs each rank of a machine takes the one of its number.
 *
 * @param[in] max_time_s  of each configuration; 0 = as `measure` has it
 * @return TB_OK; TB_EUNAVAILABLE with the backend's reason; TB_EINVAL for a second rank of a
 *         machine on its processor; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_study_measurer_create(const tb_backend *backend, double max_time_s,
                                                const tb_ranks *ranks, tb_study_measurer **out,
                                                tb_error *err);
void tb_study_measurer_destroy(tb_study_measurer *measurer);

/** Measure a problem beside its dense baseline, and put the times into the row. TB_OK; what
 *  tb_measure_add() and tb_measure_run() return. */
TB_NODISCARD tb_status tb_study_measure_point(tb_study_measurer *measurer, const tb_case *item,
                                              tb_study_row *row, tb_error *err);

#endif
