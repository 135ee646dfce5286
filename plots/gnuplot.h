/* The gnuplot program, which is needed at run time only. */
#ifndef TB_GNUPLOT_H
#define TB_GNUPLOT_H

#include "status.h"

#include <stdbool.h>

/** What `gnuplot --version` says ("gnuplot 5.4 patchlevel 4"); false when there is none. */
bool tb_gnuplot_version(char out[static 128]);

/**
 * Run a script, without the user's start-up files.
 *
 * @param[in] script  name of a file in `folder`, where gnuplot runs
 * @return TB_OK; TB_EUNAVAILABLE without gnuplot, or where it lacks the output format;
 *         TB_EINTERNAL when it refuses the script, with what it says; TB_EIO; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_gnuplot_run(const char *script, const char *folder, tb_error *err);

#endif
