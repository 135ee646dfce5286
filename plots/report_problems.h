/* The sections of a report that are about its problems. */
#ifndef TB_REPORT_PROBLEMS_H
#define TB_REPORT_PROBLEMS_H

#include "report_draft.h"

/** Table: the bounds of the suite beside the published ones. What loading a kernel and predicting
 *  return. */
TB_NODISCARD tb_status tb_report_put_bounds(tb_report_draft *draft, tb_error *err);

/** Table: the speedups of all rows, by FLOPs, by tiles, predicted and measured. */
void tb_report_put_speedups(tb_report_draft *draft);

/** Of every problem: its times, and per row why the speedup is below the sparsity. */
void tb_report_put_problems(tb_report_draft *draft);

#endif
