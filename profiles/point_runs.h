/* Which points of a study are there, as runs of points that follow each other. */
#ifndef TB_POINT_RUNS_H
#define TB_POINT_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Points first to last. */
typedef struct tb_point_range {
    int64_t first, last;
} tb_point_range;

/** Begins as {0}. */
typedef struct tb_point_runs {
    tb_point_range *run; /* owned; in order, none touching the next */
    size_t count, capacity;
    int64_t points; /* of all of them */
} tb_point_runs;

void tb_point_runs_release(tb_point_runs *runs);

/** Add points that are not there yet; *joined is the run that they are in then. False without
 *  memory: the runs are then only to be released. */
bool tb_point_runs_add(tb_point_runs *runs, tb_point_range points, tb_point_range *joined);

/** The first range of points from `from` on, of `total` ones, that are not there; false when there
 *  is none. */
bool tb_point_runs_missing(const tb_point_runs *runs, int64_t from, int64_t total,
                           tb_point_range *out);

#endif
