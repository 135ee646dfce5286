/* Terms of the time model that only kernels on processors have: sizes that cycles grow with, rows
 * that are trimmed, packing. Internal to models; see docs/model.md. */
#ifndef TB_PROCESSOR_TERMS_H
#define TB_PROCESSOR_TERMS_H

#include "time_model.h"

/** How much larger a size is than the one that cycles are stated for; 1 where they do not grow. */
double tb_time_growth(double size, double stated);

/** Rows of a query tile that are worked on: |T|, or where rows are trimmed, the mean over tiles of
 *  the number of their last real row. */
double tb_time_worked_rows(const tb_time_case *item);

/** Time of packing keys and values; 0 for a kernel without that term. Bandwidth in GB/s. */
double tb_time_pack_us(const tb_time_case *item, const tb_time_values *values, double bandwidth);

/** Cycles of a CTA's prologue, at the size of its query tile. TB_OK; TB_EINVAL when unknown. */
TB_NODISCARD tb_status tb_time_prologue(const tb_time_case *item, const tb_time_values *values,
                                        double *out, tb_error *err);

#endif
