/* Where tilebound's data (kernels, networks, suites, ...) is found. */
#ifndef TB_DATA_PATH_H
#define TB_DATA_PATH_H

#include "arena.h"
#include "status.h"

/**
 * The data root: $TILEBOUND_DATA when set and not empty, else the source tree of the build when it
 * is still there, else the installed share/tilebound, beside the executable or at the configured
 * prefix. It has the folders of the source tree (profiles/suites, ...); a root is a directory in
 * which models/kernels is one.
 *
 * @param[out] out  arena-owned path without a trailing slash
 * @return TB_OK; TB_EFILE saying where it was looked for; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_data_root(tb_arena *arena, const char **out, tb_error *err);

/** The data root and a relative path ("models/kernels/x.yaml"), joined; arena-owned. The statuses
 *  of tb_data_root(). */
TB_NODISCARD tb_status tb_data_path(tb_arena *arena, const char *relative, const char **out,
                                    tb_error *err);

#endif
