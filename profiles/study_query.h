/* The SQL of a view: its columns, groups and condition. Internal to profiles/study*. */
#ifndef TB_STUDY_QUERY_H
#define TB_STUDY_QUERY_H

#include "arena.h"
#include "buffer.h"
#include "study_view.h"

struct tb_study_view {
    char *study;
    const char *path;
    tb_database *database;
    tb_statement *statement;
    tb_arena *arena;
    const char **names; /* the table's columns */
    bool *is_text;      /* of each */
    size_t name_count;
    tb_study_counts counts;
};

/** Prepare SQL that was put together in a buffer, and free it. As tb_database_prepare(). */
TB_NODISCARD tb_status tb_study_view_prepare(tb_study_view *view, tb_buffer *sql,
                                             tb_statement **out, tb_error *err);

/** Append the SQL that `options` ask for. TB_OK; TB_EINVAL for columns that there are not, are
 * named twice, or have no mean; TB_ENOMEM. */
TB_NODISCARD tb_status tb_study_query_print(tb_study_view *view,
                                            const tb_study_view_options *options, tb_buffer *sql,
                                            tb_error *err);

#endif
