/* The sentences that stand under charts. Each call appends one, ended by a full stop. */
#ifndef TB_CHART_CAPTION_H
#define TB_CHART_CAPTION_H

#include "chart.h"
#include "predict_time.h"

/** The title: the user's, else `otherwise` as printf has it. */
void tb_chart_title(const tb_chart_input *input, tb_chart_data *data, const char *otherwise, ...)
    TB_PRINTF(3, 4);

/** Append to the caption as printf does, after a space where there is something before. */
void tb_chart_say(tb_chart_data *data, const char *format, ...) TB_PRINTF(2, 3);

/** "gna window 18x24x24 over 30x48x80, 24 heads, dim 128, bf16, forward." */
void tb_chart_say_problem(const tb_prediction *prediction, tb_chart_data *data);

/** "Query tile 4x8x8, KV tile 2x8x8." */
void tb_chart_say_tiles(const tb_prediction *prediction, tb_chart_data *data);

/** "Predicted: cutlass-hopper-fna (calibrated) and cudnn dense (calibrated) on h100-sxm." */
void tb_chart_say_times(const tb_chart_input *input, const tb_timing *timing, tb_chart_data *data);

/** Mark a chart of emulated times or of an emulated device, in the title and in a last sentence,
 * and one of times that CUDA events took. */
void tb_chart_say_clocks(const tb_chart_input *input, tb_chart_data *data);

/** "tilebound 0.3.0.": the last sentence of every other caption. */
void tb_chart_say_version(tb_chart_data *data);

#endif
