/* How measured runs look: as a document (JSON, CSV) and as a table. */
#ifndef TB_MEASURE_VIEW_H
#define TB_MEASURE_VIEW_H

#include "buffer.h"
#include "document.h"
#include "measure.h"

/** The runs of a measurement's profile, one a line. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_view_measured_text(tb_buffer *out, const tb_measure *measure,
                                             const tb_profile *profile, tb_error *err);

/** The same as an array `runs` in the object that is open. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_view_measured_document(tb_document *doc, const tb_measure *measure,
                                                 const tb_profile *profile, tb_error *err);

/** Warn of runs that something disturbed, and of those that missed the wanted precision. */
void tb_view_measured_warnings(const tb_profile *profile, double precision, tb_messages *out);

#endif
