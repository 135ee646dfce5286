/* How predicted times look. */
#ifndef TB_TIMING_VIEW_H
#define TB_TIMING_VIEW_H

#include "predict_lists.h"
#include "predict_time.h"

/** The object `time` of predict's JSON; nothing for NULL. */
void tb_view_timing_document(tb_document *doc, const tb_timing *timing,
                             const tb_predict_request *request);

/** The same for people. */
void tb_view_timing_text(tb_buffer *out, const tb_timing *timing,
                         const tb_predict_request *request);

#endif
