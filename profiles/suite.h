/* Suites: lists of problems (schema tilebound/suite/1). Data in suites/. */
#ifndef TB_SUITE_H
#define TB_SUITE_H

#include "attention_case.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>

/** What was published of a problem; values as printed there, rounded. */
typedef struct tb_published {
    bool has_flop_speedup, has_tile_speedup, has_tile_speedup_worst, has_fully_block_sparse;
    double flop_speedup;
    double tile_speedup;
    double tile_speedup_worst;
    bool fully_block_sparse;
    const char *source; /* NULL when nothing is published */
} tb_published;

typedef struct tb_suite_item {
    const char *name;
    const char *network; /* label, or NULL */
    const char *kernel;  /* name or path, or NULL */
    tb_case item;
    tb_published published;
} tb_suite_item;

typedef struct tb_suite {
    const char *name;
    const char *summary;
    tb_suite_item *items;
    size_t count;
    struct tb_yaml *file;   /* owned */
    struct tb_arena *arena; /* owned */
} tb_suite;

/** Load a suite by known name or path; free with tb_suite_destroy().
 *  TB_OK; TB_EINVAL for an unknown name; TB_EFILE with the position; TB_ENOMEM. */
TB_NODISCARD tb_status tb_suite_load(const char *name, tb_suite **out, tb_error *err);

/** Free a suite; NULL is allowed. */
void tb_suite_destroy(tb_suite *suite);

#endif
