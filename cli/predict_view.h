/* How predictions look: as a document (JSON, CSV) and as text for people. */
#ifndef TB_PREDICT_VIEW_H
#define TB_PREDICT_VIEW_H

#include "buffer.h"
#include "document.h"
#include "kernel.h"
#include "predict.h"

/** Put the keys of one prediction into the object that is open; kernel may be NULL. */
void tb_view_document(tb_document *doc, const tb_prediction *prediction, const tb_kernel *kernel);

/** The full text of one prediction. */
void tb_view_text(tb_buffer *out, const tb_prediction *prediction, const tb_kernel *kernel);

/** The notes of a prediction, after its text. */
void tb_view_notes(tb_buffer *out, const tb_prediction *prediction);

/** "4x8x8"; `out` holds 96 bytes. */
const char *tb_view_dims(const int64_t *values, int count, char out[static 96]);

/** The pattern in few words: "gna 18x24x24 stride 16x8x8"; `out` holds 256 bytes. */
const char *tb_view_pattern(const tb_pattern *pattern, int rank, char out[static 256]);

/** "-" where the entries are all 1, else as tb_view_dims(). */
const char *tb_view_dims_or_dash(const int64_t *values, int count, char out[static 96]);

#endif
