/* The sections of a report that are about its problems. */
#ifndef TB_REPORT_PROBLEMS_H
#define TB_REPORT_PROBLEMS_H

#include "report_page.h"
#include "report_rows.h"

/** Table: the bounds of a suite beside the published ones. */
TB_NODISCARD tb_status tb_report_put_bounds(const tb_report_input *input, tb_page *page,
                                            tb_error *err);

/** Table: the speedups of all rows, by FLOPs, by tiles, predicted and measured. */
void tb_report_put_speedups(const tb_report_rows *rows, tb_page *page);

/** Of every problem: its times, and per row why the speedup is below the sparsity. */
void tb_report_put_problems(const tb_report_input *input, const tb_report_rows *rows,
                            tb_page *page);

#endif
