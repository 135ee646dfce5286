/* Which kernels of a program are of which problem: those whose names match, in the order of their
 * launches, shared out among the problems of a suite in its order. */
#ifndef TB_EXEC_MATCH_H
#define TB_EXEC_MATCH_H

#include "exec_records.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What the user says of the launches; 0 = not said. */
typedef struct tb_exec_request {
    const char *pattern; /* POSIX extended regular expression, of names as tb_exec_name.text */
    int64_t launches;    /* of each problem, the warm-up's included */
    int64_t warm_up;     /* of them, the first, that do not count */
    int64_t kernels_per_launch; /* that make one launch: their times are added */
} tb_exec_request;

/** All kernels of one name. */
typedef struct tb_exec_share {
    size_t name; /* of the records */
    bool is_matched;
    int64_t launches;
    int64_t untimed; /* of them, without stamps that can be trusted: not in the time */
    double time_us;
} tb_exec_share;

/** The launches of one problem. */
typedef struct tb_exec_series {
    double *samples_us; /* owned by the match; in the order launched */
    size_t count;
    size_t first;     /* of its kernels in tb_exec_match.matched */
    size_t kernels;   /* that it got; fewer than others where the program ended early */
    int64_t untimed;  /* launches without stamps that can be trusted: no samples */
    bool is_complete; /* it has all its launches */
} tb_exec_series;

typedef struct tb_exec_match {
    tb_exec_share *shares; /* by time, the most first */
    size_t share_count;
    double time_us;  /* of all kernels */
    size_t *matched; /* kernels of the records, in order */
    size_t matched_count;
    int64_t overlapping; /* of them, that ran beside the one before: each slows the other down */
    bool lacks_some;     /* records were lost: any of them may be missing */
    bool lacks_last;     /* a process did not end by itself: its last ones may be missing */
    /* of tb_exec_assign(): */
    int64_t launches, kernels_per_launch; /* of a problem, and of a launch */
    bool is_divided;                      /* launches is the total over the problems: not said */
    tb_exec_series *series;               /* one a problem */
    size_t series_count;
    double *samples_us;
} tb_exec_match;

/** See that a pattern is one. TB_OK; TB_EINVAL saying what is wrong with it. */
TB_NODISCARD tb_status tb_exec_pattern_check(const char *pattern, tb_error *err);

/**
 * Add up the kernels by name, and find those that match.
 *
 * @param[out] out  free with tb_exec_match_free(), after a failure too
 * @return TB_OK (also when none matches); TB_EINVAL for a bad pattern; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_exec_match_names(const tb_exec_records *records, const char *pattern,
                                           tb_exec_match *out, tb_error *err);

/**
 * Share the matching kernels out among `count` problems, in order.
 *
 *   problem i gets the launches [i n, (i + 1) n), n = launches of the request, else all / count
 *
 * A launch is as many kernels as the request says, else one where all launches of a problem are
 * alike, else the least number, up to eight, after which the names of a problem repeat. All
 * launches of a problem that count must be alike (name, grid, CTA, registers, shared memory), or
 * the division is no good. Of a program that did not end well the last problems may get less.
 *
 * @param[in]  is_complete  the program ended well: all its launches are there
 * @param[in]  names        of the problems, for messages
 * @return TB_OK; TB_EINVAL when they cannot be shared out, saying what matched and what to say
 *         (nothing is assigned then); TB_ENOMEM
 */
TB_NODISCARD tb_status tb_exec_assign(const tb_exec_records *records,
                                      const tb_exec_request *request, bool is_complete,
                                      const char *const *names, size_t count, tb_exec_match *match,
                                      tb_error *err);

void tb_exec_match_free(tb_exec_match *match);

#endif
