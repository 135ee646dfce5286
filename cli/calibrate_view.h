/* calibrate: the report of a fit. */
#ifndef TB_CALIBRATE_VIEW_H
#define TB_CALIBRATE_VIEW_H

#include "calibrate.h"
#include "output.h"

/** Print it. What tb_output_text() and tb_output_document() return. */
TB_NODISCARD tb_status tb_view_calibration(const tb_calibration *c, const tb_output_args *output,
                                           tb_error *err);

#endif
