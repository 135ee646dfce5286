/* How kernels of another program look: as a document (JSON, CSV) and as a table. */
#ifndef TB_EXEC_VIEW_H
#define TB_EXEC_VIEW_H

#include "document.h"
#include "exec_profile.h"

/** The runs, then all other kernels by share of time. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_view_exec_text(tb_buffer *out, const tb_exec_facts *facts,
                                         const tb_profile *profile, tb_error *err);

/** Arrays `runs` and `kernels` in the object that is open. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_view_exec_document(tb_document *doc, const tb_exec_facts *facts,
                                             const tb_profile *profile, tb_error *err);

#endif
