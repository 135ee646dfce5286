/* What predictions say, put into rows of a study. Internal to profiles/study*. */
#ifndef TB_STUDY_RESULTS_H
#define TB_STUDY_RESULTS_H

#include "context_parallel.h"
#include "mechanism.h"
#include "predict_time.h"
#include "study_row.h"

/** Texts of a row, which its cells borrow until it is packed. */
typedef struct tb_row_texts {
    char layout[96], window[96], stride[96], dilation[96], causal[96], q_tile[96], kv_tile[96];
} tb_row_texts;

/* Each fills the columns of one part. */
void tb_results_problem(const tb_problem *problem, tb_row_texts *texts, tb_study_row *row);
void tb_results_pattern(const tb_pattern *pattern, int rank, tb_row_texts *texts,
                        tb_study_row *row);
void tb_results_prediction(const tb_prediction *p, tb_row_texts *texts, tb_study_row *row);
void tb_results_timing(const tb_timing *timing, tb_study_row *row);
void tb_results_parallel(const tb_parallel_time *time, tb_study_row *row);
void tb_results_mechanism(const tb_mechanism_result *result, tb_study_row *row);

#endif
