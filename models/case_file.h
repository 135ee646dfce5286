/* Reads problem files (schema tilebound/problem/1) and their objects, which suites and networks use
 * too: `problem`, `pattern`, `tiling`, with the keys of predict's JSON. */
#ifndef TB_CASE_FILE_H
#define TB_CASE_FILE_H

#include "attention_case.h"
#include "yaml_doc.h"

/**
 * Read a problem file into a case that holds defaults.
 *
 * @param[out] conflict  NULL, or: code TB_EFILE with the place where values of the file do not fit
 *                       together, which options that override them may mend; else code TB_OK
 * @return TB_OK; TB_EFILE; TB_ENOMEM; ...
 */
TB_NODISCARD tb_status tb_case_read_file(const char *path, tb_case *item, tb_error *conflict,
                                         tb_error *err);

/**
 * Read the objects `problem`, `pattern` and `tiling` of a mapping, those that are there; whether
 * problem.layout is is the caller's to check. Relative mask paths start at the file's folder.
 *
 * @param[in] path  of the file, for mask paths
 */
TB_NODISCARD tb_status tb_case_read_objects(const tb_yaml_node *map, const char *path,
                                            tb_case *item, tb_error *err);

#endif
