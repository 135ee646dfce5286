/* The gnuplot program, which is needed at run time only. */
#ifndef TB_GNUPLOT_H
#define TB_GNUPLOT_H

#include <stdbool.h>

/** What `gnuplot --version` says ("gnuplot 5.4 patchlevel 4"); false when there is none. */
bool tb_gnuplot_version(char out[static 128]);

#endif
