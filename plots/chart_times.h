/* What charts of one problem's time rest on: its prediction, timed on the device. */
#ifndef TB_CHART_TIMES_H
#define TB_CHART_TIMES_H

#include "chart.h"
#include "predict_time.h"

typedef struct tb_chart_times {
    tb_prediction prediction;
    tb_timing timing; /* where the input has a device */
} tb_chart_times;

/** Predict `item` with the kernel of an input, and time it where there is a device. Release with
 *  tb_chart_times_release() in any event. What tb_predict() and tb_predict_time() return. */
TB_NODISCARD tb_status tb_chart_times_fill(const tb_chart_input *input, const tb_case *item,
                                           tb_chart_times *out, tb_error *err);

void tb_chart_times_release(tb_chart_times *times);

/** The unit of an axis of times up to `most_us`: "us", "ms" or "s", and what a microsecond is of
 *  it. */
const char *tb_chart_time_unit(double most_us, double *scale);

#endif
