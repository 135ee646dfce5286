/* The best windows, strides, dilations, tile shapes, token orders, schedules and padded layouts of
 * a problem, exactly: every configuration of a space, ranked, without going through them one by
 * one.
 */
#ifndef TB_SEARCH_H
#define TB_SEARCH_H

#include "attention_case.h"
#include "device.h"
#include "kernel.h"

/** What is best. */
typedef enum tb_search_goal {
    TB_SEARCH_BOUND, /* the largest tile_speedup */
    TB_SEARCH_TIME,  /* the least predicted time, permutation included; needs a device */
    TB_SEARCH_STRIDE /* the least product of strides that is fully block-sparse, ties by the strides
                        as a list */
} tb_search_goal;

#define TB_SEARCH_GOAL_COUNT 3

extern const char *const tb_search_goal_names[TB_SEARCH_GOAL_COUNT];

/** What is open in one dimension: 0 = every one, else as given. */
typedef struct tb_search_dim {
    int64_t window;      /* 0: multiples of window_step from min_window, and the whole axis */
    int64_t stride;      /* 0: 1 to the window */
    int64_t dilation;    /* 0: 1 to max_dilation */
    int64_t min_window;  /* >= 1 */
    int64_t window_step; /* >= 1 */
    int64_t max_dilation;
    int64_t
        min_field; /* tokens from the first one that a window can hold to its last: (w-1) d + 1 */
    int64_t max_padding; /* tokens that the axis may be made longer by: 0 to this; >= 0 */
    bool causal;
} tb_search_dim;

/** A space, and what is wanted of it; everything is borrowed. */
typedef struct tb_search_space {
    tb_problem problem;
    tb_search_dim dim[TB_MAX_RANK];
    const tb_tiling *tilings; /* shapes to choose from; runs of tokens with their orders */
    size_t tiling_count;
    bool all_schedules;      /* every schedule of CTAs, not the kernel's alone; goal of times */
    const tb_kernel *kernel; /* NULL: bounds only */
    const tb_device *device; /* NULL: bounds only; with a kernel */
    tb_search_goal goal;
    double sparsity_low, sparsity_high; /* 0 and 1: any */
    double max_bytes;                   /* of tb_search_bytes(); 0 = any */
    bool fully_block_sparse; /* also where the kernel masks nothing: its results would be wrong */
    bool equal_window;       /* the same window in all dimensions */
    bool one_per_window;     /* of a window, dilation and tile shape: only its best stride */
    size_t top;              /* rows, >= 1 */
    int64_t max_timed;       /* schedules to run before giving up a proof; 0 = 20000 */
    int64_t max_counted;     /* likewise, censuses of runs of tokens to take; 0 = 2000 */
} tb_search_space;

/** One configuration. What it sees is counted over the tokens of the problem: those that pad a
 *  layout neither see nor are seen. */
typedef struct tb_search_row {
    int64_t window[TB_MAX_RANK], stride[TB_MAX_RANK], dilation[TB_MAX_RANK];
    int64_t extent[TB_MAX_RANK]; /* of the layout, padded */
    size_t tiling;               /* index into the space's tilings */
    tb_schedule_policy schedule;
    size_t shape;    /* its number in the order of layouts (as lists), tilings, schedules (the
                        kernel's own first) */
    int64_t visited; /* KV tiles, as in the census */
    int64_t visible_pairs;
    double stride_product;
    double tile_speedup; /* over dense attention to the problem's own tokens */
    double sparsity;
    double time_us; /* total; 0 where the goal is not time */
    double cost;    /* what is ranked by, least first: visited / baseline tiles, us, or strides */
} tb_search_row;

typedef struct tb_search_result {
    int64_t evaluated;  /* configurations of the space that meet the constraints: all are covered */
    int64_t enumerated; /* products that were formed to cover them */
    int64_t timed;      /* schedules that were run */
    int64_t counted;    /* censuses of runs of tokens that were taken */
    double seconds;
    bool is_proven; /* false: max_timed or max_counted was reached, and a better row may exist */
    tb_search_row *rows; /* owned; best first */
    size_t row_count;
    tb_search_row *pareto; /* owned; most visible pairs first: no configuration sees as much at less
                              cost; empty for the goal of strides */
    size_t pareto_count;
} tb_search_result;

/**
 * Search a space.
 *
 *   rows are ordered by cost, then more visible pairs, then a smaller product of strides, then
 *   window, stride, dilation (each as a list, smaller first), then shape;
 *   the goal of strides: by product, the strides as a list, tile_speedup, and then as above
 *
 * Exact: the rows are the first of that order over the whole space, and no row of the front is
 * beaten; docs/search.md and search_walk.c argue why. Times are those of tb_predict_time().
 *
 * Runs of tokens (single-dim tiling) of several dimensions, or with dilation, have a census that is
 * no product: what their bound does not rule out is counted. `evaluated` counts those of them that
 * meet all constraints but fully_block_sparse.
 *
 * @param[out] out  release with tb_search_release(); written only on TB_OK
 * @return TB_OK, also when nothing meets the constraints (no rows); TB_EINVAL for a space that is
 *         too large to tabulate (it says what to narrow), or that the kernel has no time model for;
 * TB_EOVERFLOW; TB_ENOMEM; what tb_time_predict() returns
 */
TB_NODISCARD tb_status tb_search_run(const tb_search_space *space, tb_search_result *out,
                                     tb_error *err);

void tb_search_release(tb_search_result *result);

/** The gna pattern of a row. */
tb_pattern tb_search_pattern(const tb_search_space *space, const tb_search_row *row);

/** The problem with a row's layout. */
tb_problem tb_search_problem(const tb_search_space *space, const tb_search_row *row);

/** The space's kernel with a row's schedule; borrows what the kernel owns. */
tb_kernel tb_search_kernel(const tb_search_space *space, const tb_search_row *row);

/** Is the row's layout longer than the problem's? */
bool tb_search_is_padded(const tb_search_space *space, const tb_search_row *row);

/** Does `a` come before `b`? A strict total order over different configurations. */
bool tb_search_before(const tb_search_space *space, const tb_search_row *a, const tb_search_row *b);

/**
 * Bytes that attention holds: Q, K, V, O, and where the kernel copies tokens into tiles, those
 * copies as they are padded to whole tiles of every dilation group.
 */
double tb_search_bytes(const tb_search_space *space, const tb_layout *layout,
                       const tb_tiling *tiling, double padded_q_tokens, double padded_kv_tokens);

#endif
