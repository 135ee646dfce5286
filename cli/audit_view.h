/* How an audit looks. */
#ifndef TB_AUDIT_VIEW_H
#define TB_AUDIT_VIEW_H

#include "audit_list.h"
#include "buffer.h"
#include "document.h"

/** A line a claim, a summary, and where the verdicts differ from the table's; with the sentences
 *  that say why where they are asked for. */
void tb_view_audit_text(tb_buffer *out, const tb_audit_list *list, bool says_why);

/** The keys of an audit. */
void tb_view_audit_document(tb_document *doc, const tb_audit_list *list);

#endif
