/* Inside of a document, shared by its builder (document.c) and its printers (document_json.c,
 * document_csv.c). The only place that includes jansson. */
#ifndef TB_DOCUMENT_TREE_H
#define TB_DOCUMENT_TREE_H

#include "document.h"

#include <jansson.h>

struct tb_document {
    json_t *root;                        /* owned */
    json_t *open[TB_DOCUMENT_MAX_DEPTH]; /* borrowed from root; open[0] is root itself */
    size_t depth;
    size_t nulled;
    bool failed;
};

/** TB_OK when the document is complete; TB_ENOMEM when building it failed. */
TB_NODISCARD tb_status tb_document_check(const tb_document *doc, tb_error *err);

/** Take back what was printed past `length` when memory ran out meanwhile. TB_OK or TB_ENOMEM. */
TB_NODISCARD tb_status tb_document_check_printed(tb_buffer *out, size_t length, tb_error *err);

#endif
