/* How predictions look: as a document (JSON, CSV) and as text for people. */
#ifndef TB_PREDICT_VIEW_H
#define TB_PREDICT_VIEW_H

#include "buffer.h"
#include "case_words.h"
#include "document.h"
#include "kernel.h"
#include "predict.h"

/** The object `problem`. */
void tb_view_problem_document(tb_document *doc, const tb_problem *problem);

/** Put the keys of one prediction into the object that is open; kernel may be NULL. */
void tb_view_document(tb_document *doc, const tb_prediction *prediction, const tb_kernel *kernel);

/** The full text of one prediction. */
void tb_view_text(tb_buffer *out, const tb_prediction *prediction, const tb_kernel *kernel);

/** The notes of a prediction, after its text. */
void tb_view_notes(tb_buffer *out, const tb_prediction *prediction);

#endif
