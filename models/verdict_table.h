/* The verdicts of the audit as they were committed: models/mechanisms/verdicts.csv, a line a claim.
 */
#ifndef TB_VERDICT_TABLE_H
#define TB_VERDICT_TABLE_H

#include "audit.h"
#include "buffer.h"

/** A line of the table. */
typedef struct tb_verdict_row {
    const char *mechanism; /* borrowed from the table */
    int64_t number;        /* of the claim in the mechanism's file, from 1 */
    const char *metric;
    tb_claim_verdict verdict;
    double bound_min, bound_max; /* NaN: none */
} tb_verdict_row;

typedef struct tb_verdict_table {
    tb_verdict_row *rows; /* owned */
    size_t count;
    struct tb_csv *file; /* owned */
} tb_verdict_table;

/** Read the table among the data. TB_OK; TB_EFILE with the position; TB_ENOMEM. */
TB_NODISCARD tb_status tb_verdict_table_load(tb_verdict_table **out, tb_error *err);

/** Read a table by its path. As above. */
TB_NODISCARD tb_status tb_verdict_table_read(const char *path, tb_verdict_table **out,
                                             tb_error *err);
void tb_verdict_table_destroy(tb_verdict_table *table);

/** The line of a claim, or NULL. */
const tb_verdict_row *tb_verdict_table_find(const tb_verdict_table *table, const char *mechanism,
                                            int64_t number);

/** Append the header, and a claim's line. */
void tb_verdict_table_head(tb_buffer *out);
void tb_verdict_table_line(const char *mechanism, int64_t number, const tb_judgement *judgement,
                           tb_buffer *out);

#endif
