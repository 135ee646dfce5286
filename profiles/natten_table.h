/* The tables that `python -m natten.profiler` prints: which kernels ran, and for how long.
 *
 * Source: SHI-Labs/NATTEN, src/natten/profiler.py and profiling_utils (formatting.py: names and
 * times; pretty_printer.py: rich's box drawing, or | + - where rich is not installed). */
#ifndef TB_NATTEN_TABLE_H
#define TB_NATTEN_TABLE_H

#include "status.h"
#include "tiling.h"

#include <stddef.h>
#include <stdint.h>

/** One row: a kernel, all its launches together. */
typedef struct tb_natten_op {
    const char *framework; /* "CUTLASS" */
    const char *category;  /* "attention", "elementwise", "token permute" */
    const char *arch;      /* "Sm90", or "-" */
    const char *operation; /* "FnaForward"; names of other frameworks may be cut short */
    int64_t calls;
    double time_us;
    int line;
} tb_natten_op;

/** One "Profiler results". */
typedef struct tb_natten_table {
    int line; /* of its header */
    const tb_natten_op *ops;
    size_t count;
    /* from the "Best configuration" that --optimize prints before it, by pass; 0 entries = not
     * given */
    struct {
        int q_dims, kv_dims;
        int64_t q_tile[TB_MAX_RANK], kv_tile[TB_MAX_RANK];
    } best[TB_PASS_COUNT];
    const char *command; /* the command line before it, if the text has one, else NULL */
    int command_line;
} tb_natten_table;

typedef struct tb_natten_output {
    const char *name; /* of the file */
    const tb_natten_table *tables;
    size_t count;
    struct tb_arena *arena; /* owned */
} tb_natten_output;

/**
 * Find the tables of results in a text; all else is skipped.
 *
 * @param[in]  name  the file's, of messages
 * @param[out] out   free with tb_natten_output_destroy()
 * @return TB_OK; TB_EFILE with the line, for a text without such a table, a table without its end,
 *         a number that is none, or rows that do not add up to the total; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_natten_parse(const char *text, size_t length, const char *name,
                                       tb_natten_output **out, tb_error *err);

/** Read and parse a file ("-" = standard input). What tb_natten_parse() returns. */
TB_NODISCARD tb_status tb_natten_read(const char *path, tb_natten_output **out, tb_error *err);

/** Free; NULL is allowed. */
void tb_natten_output_destroy(tb_natten_output *output);

#endif
