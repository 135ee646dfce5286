/* Profiles from tables: one run a row, the keys of the YAML files with dots as columns. */
#ifndef TB_PROFILE_CSV_H
#define TB_PROFILE_CSV_H

#include "csv_doc.h"
#include "yaml_doc.h"

/** Is this the path of a CSV file? */
bool tb_profile_is_csv(const char *path);

/**
 * Read a CSV file as the tree of a profile file, positions kept, for the reader of those.
 *
 *   columns    id device ... problem.layout problem.heads ... time_us time_us.low ... extra.*
 *   lists      30x48x80 (or 30,48,80 in quotes); pattern.causal 1x0x0; samples 2.1; 1.9; 2.2
 *   time_us    the median; time_ms, time_ms.low ... likewise in milliseconds; n is 1 by default
 *   empty      as if the column were not there
 *   kind       dense, window or sparse by the pattern, where it is not given
 *   pattern    dense, where none is given;  includes: attention
 *
 * @return TB_OK; TB_EFILE with the position, naming the nearest column of an unknown one; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_profile_csv_read(const char *path, tb_yaml **out, tb_error *err);

/** The same of a table that was read already; `path` names the profile. */
TB_NODISCARD tb_status tb_profile_csv_tree(const tb_csv *table, const char *path, tb_yaml **out,
                                           tb_error *err);

/** "runs" of "/some/runs.csv": what a file without a name of its own is called. */
void tb_profile_stem(const char *path, char out[static 128]);

#endif
