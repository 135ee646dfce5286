/* How an attention over several devices looks. */
#ifndef TB_PARALLEL_VIEW_H
#define TB_PARALLEL_VIEW_H

#include "buffer.h"
#include "document.h"
#include "parallel_case.h"

/** The object `parallel` of predict's JSON; nothing for NULL. */
void tb_view_parallel_document(tb_document *doc, const tb_parallel_request *request,
                               const tb_parallel_result *result);

/** The same for people. */
void tb_view_parallel_text(tb_buffer *out, const tb_parallel_request *request,
                           const tb_device *device, const tb_parallel_result *result);

#endif
