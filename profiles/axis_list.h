/* The axes of a suite's entry as they stand in the file, of suites and studies alike.
 *
 *   zip:   {problem.heads: [1, 8], problem.dim: [128, 64]}    these advance together
 *   cross: {pattern.window: [[256], [512]]}                   with each of these
 */
#ifndef TB_AXIS_LIST_H
#define TB_AXIS_LIST_H

#include "yaml_doc.h"

#define TB_AXES_MAX 12

typedef struct tb_axis {
    const tb_yaml_node *key; /* names the value that varies: pattern.window */
    const char *path;        /* its text */
    const tb_yaml_node *values;
} tb_axis;

typedef struct tb_axis_list {
    tb_axis axis[TB_AXES_MAX]; /* those of zip first */
    size_t count, zip_count;
} tb_axis_list;

/** What an axis may be. */
typedef struct tb_axis_rules {
    bool (*is_path)(const char *path);
    const char *paths;  /* what a path is: "begins with problem., pattern. or tiling." */
    const char *values; /* what an axis has: "lists of values" */

    /** Read the values of axis `which`. TB_OK; TB_EFILE with the position. */
    tb_status (*read_values)(const tb_axis *axis, size_t which, void *user, tb_error *err);
} tb_axis_rules;

/** Read `zip` and `cross` of an entry, which may have neither; no path stands twice. TB_OK;
 * TB_EFILE with the position; what `rules` returns for values, to which `user` is handed on. */
TB_NODISCARD tb_status tb_axis_list_read(const tb_yaml_node *entry, const tb_axis_rules *rules,
                                         tb_axis_list *out, void *user, tb_error *err);

/** See that an axis of zip has as many values as the first one. TB_OK; TB_EFILE. */
TB_NODISCARD tb_status tb_axis_check_zip(const tb_yaml_node *values, int64_t count, int64_t first,
                                         tb_error *err);

#endif
