/* What the charts over strides and windows share: both vary the dimensions that are innermost. */
#ifndef TB_CHART_STRIDE_H
#define TB_CHART_STRIDE_H

#include "attention_case.h"

/** The first dimension that varies: the last two do, or the only one. */
int tb_chart_first_varied(const tb_layout *layout);

/** TB_OK for a pattern with a window and a stride in each dimension, else TB_EINVAL naming the
 *  chart. */
TB_NODISCARD tb_status tb_chart_need_gna(const tb_case *item, const char *chart, tb_error *err);

/** Give the varied dimensions this stride, or their window where that is smaller. */
void tb_chart_set_stride(tb_case *item, int64_t stride);

/** "of the last two dimensions", "of both dimensions", or nothing. */
const char *tb_chart_varied_words(const tb_layout *layout);

#endif
