/* sweep: what its table says. */
#ifndef TB_SWEEP_VIEW_H
#define TB_SWEEP_VIEW_H

#include "output.h"

typedef struct tb_sweep_view_args {
    const char *where, *group_by, *columns;
    tb_output_args output;
} tb_sweep_view_args;

#define TB_SWEEP_VIEW_OPTION_COUNT 3

/** Of a tb_sweep_view_args at offset 0 of the group. */
extern const tb_option tb_sweep_view_options[TB_SWEEP_VIEW_OPTION_COUNT];

/** See that a study can be shown so, before hours are spent on it. As below. */
TB_NODISCARD tb_status tb_sweep_check(const tb_sweep_view_args *args, const char *path,
                                      const char *study, tb_error *err);

/** Show a study of a database: rows (csv, json), groups, or a summary (table). TB_OK; TB_EINVAL for
 *  a condition or a column that makes no sense; what the view returns. */
TB_NODISCARD tb_status tb_sweep_show(const tb_sweep_view_args *args, const char *path,
                                     const char *study, tb_error *err);

#endif
