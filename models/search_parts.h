/* What the files of the search share. Internal to models. */
#ifndef TB_SEARCH_PARTS_H
#define TB_SEARCH_PARTS_H

#include "dim_census.h"
#include "search.h"
#include "time_model.h"

/** Dimensions of the layout: at most TB_MAX_RANK, which a compiler that unrolls should know. */
static inline int tb_search_rank(const tb_search_space *space)
{
    int rank = space->problem.layout.rank;
    return rank < TB_MAX_RANK ? rank : TB_MAX_RANK;
}

/** Strides of one window that a kernel cannot tell apart in this dimension: equal counts, and for
 *  times, equal tiles in the same order. */
typedef struct tb_search_class {
    int64_t visited;     /* KV tiles, of all dilation groups */
    int64_t unmasked;    /* of them, as the mask policy counts (search_table.c) */
    int64_t least, most; /* a query tile */
    int64_t tiles;       /* number of the sequence of tiles; 0 where times do not matter */
    size_t first_stride; /* index into the table's strides */
    size_t stride_count; /* ascending */
} tb_search_class;

/** Strides of one window and dilation that see equally many pairs. */
typedef struct tb_search_group {
    int64_t window, dilation;
    int64_t visible; /* pairs of the problem's own tokens */
    int64_t q_tiles, launched, kv_tiles, whole_kv_tiles;
    size_t first_class, class_count; /* by visited, then unmasked, most first, then first stride */
    int64_t entries;                 /* strides in all */
    tb_search_class best;            /* least visited, most unmasked, least of least and most */
    int64_t least_stride;
} tb_search_group;

/** One dimension under one pair of tile extents; groups by visible, window, dilation. */
typedef struct tb_search_table {
    int64_t q_tile, kv_tile;
    tb_search_group *groups;
    size_t group_count;
    tb_search_class *classes;
    size_t class_count;
    int64_t *strides;
    size_t stride_count;
} tb_search_table;

/** What a table is made for. */
typedef struct tb_search_table_ask {
    const tb_search_dim *dim;
    int64_t extent;
    int64_t real; /* of them, from the first on, tokens of the problem; the rest pads */
    int64_t q_tile, kv_tile;
    tb_kv_tiling kv_tiling;
    tb_mask_policy mask;
    tb_pass pass;
    bool is_full_only; /* drop what is not fully block-sparse */
    bool keeps_tiles;  /* tell sequences of tiles apart */
    bool keeps_places; /* also by where their KV tiles are */
    bool is_runs;      /* tiles are runs of tokens: each stride is a class, and the counts are of
                          tokens (tiles of 1) */
} tb_search_table_ask;

/** Count every window, stride and dilation of one dimension. TB_OK; TB_EINVAL where they are too
 *  many; TB_EOVERFLOW; TB_ENOMEM. Free with tb_search_table_free(). */
TB_NODISCARD tb_status tb_search_table_fill(const tb_search_table_ask *ask, tb_search_table *out,
                                            tb_error *err);
void tb_search_table_free(tb_search_table *table);

/** Numbers of one configuration, or the best of each of several: products over dimensions. */
typedef struct tb_search_product {
    int64_t visited, unmasked, least, most;
    int64_t visible, q_tiles, kv_tiles, launched, whole_kv_tiles;
    double stride;
} tb_search_product;

/** A layout, a tile shape and a schedule with their tables, and what of their cost does not depend
 *  on the pattern. */
typedef struct tb_search_shape {
    tb_problem problem; /* with the padded layout */
    const tb_tiling *tiling;
    size_t tiling_index;
    tb_schedule_policy schedule;
    bool is_runs; /* tiles are runs of tokens whose census is no product */
    const tb_search_table *dim[TB_MAX_RANK];
    int64_t q_tokens, kv_tokens;
    int64_t extra_kv_tiles, extra_q_tiles;
    double baseline_tiles;
    tb_mask_policy mask; /* as it applies to this tiling */
} tb_search_shape;

/** Every shape of a space, and the tables that they share. */
typedef struct tb_search_shape_list {
    tb_search_shape *shapes; /* by layout, tiling, schedule */
    size_t count;
    tb_search_table *tables;
    tb_search_table_ask *asks; /* of the tables */
    size_t table_count;
} tb_search_shape_list;

/** Make them. TB_OK; TB_EINVAL where they are too many; what tb_search_table_fill() returns. Free
 *  in any event. */
TB_NODISCARD tb_status tb_search_shapes_make(const tb_search_space *space,
                                             tb_search_shape_list *out, tb_error *err);
void tb_search_shapes_free(tb_search_shape_list *list);

/** Parts of a time that a shape and dilations decide. */
typedef struct tb_search_pace {
    size_t shape;
    int64_t dilation[TB_MAX_RANK];
    double plain, mask, prologue; /* cycles: an unmasked tile, masking one, a CTA */
    double copies, sms, occupancy;
    double boost_mhz, sustained;
    double exposed_us, hbm_us, fixed_us; /* fixed: launch and side launches, at least */
    bool may_split;
} tb_search_pace;

/** Times of configurations: a lower bound of any, and the exact one of a few. */
typedef struct tb_search_clock tb_search_clock;

TB_NODISCARD tb_status tb_search_clock_create(const tb_search_space *space,
                                              const tb_search_shape *shapes, tb_search_clock **out,
                                              tb_error *err);
void tb_search_clock_destroy(tb_search_clock *clock);

/** The pace of a shape with these dilations; borrowed until the next call. */
TB_NODISCARD tb_status tb_search_clock_pace(tb_search_clock *clock, size_t shape,
                                            const int64_t *dilation, const tb_search_pace **out,
                                            tb_error *err);

/** No configuration with at least these counts is faster: the time model without its schedule. */
double tb_search_clock_bound(const tb_search_clock *clock, const tb_search_pace *pace,
                             const tb_search_product *product);

/** The predicted total time of a row, by tb_time_predict(); remembered by its shape and `tiles`,
 * one number a dimension. *is_known is false where it is new and the space's max_timed are run
 * already. TB_OK; what predicting returns. */
TB_NODISCARD tb_status tb_search_clock_time(tb_search_clock *clock, const tb_search_row *row,
                                            const int64_t *tiles, bool *is_known, double *out,
                                            tb_error *err);

/** Schedules that were run. */
int64_t tb_search_clock_runs(const tb_search_clock *clock);

/** A row, and the classes that its strides are of. */
typedef struct tb_search_pick {
    tb_search_row row;
    const tb_search_class *class[TB_MAX_RANK];
} tb_search_pick;

/** The first rows of the order, and the front. */
typedef struct tb_search_kept {
    const tb_search_space *space;
    tb_search_pick *picks; /* room for `room` */
    size_t room, count;
    tb_search_pick *front; /* most visible pairs first, each at less cost than those before */
    size_t front_count, front_room;
    bool has_front;
} tb_search_kept;

/** Room for that many rows. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_search_kept_begin(const tb_search_space *space, size_t room,
                                            tb_search_kept *out, tb_error *err);
void tb_search_kept_free(tb_search_kept *kept);

/** May a configuration that costs at least `cost`, sees `visible` pairs and has at least this
 *  product of strides still be kept? Never false for one that belongs there. */
bool tb_search_kept_wants(const tb_search_kept *kept, double cost, int64_t visible, double stride);

/** Keep a row where it belongs; one that is there already changes nothing. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_search_kept_put(tb_search_kept *kept, const tb_search_pick *pick,
                                          tb_error *err);

/** A way through a space. */
typedef struct tb_search_walk {
    const tb_search_space *space;
    const tb_search_shape *shapes;
    tb_search_clock *clock;  /* NULL: costs are no times */
    bool is_exact;           /* costs are predicted times; else lower bounds of them */
    tb_search_kept *kept;    /* what it is offered to */
    tb_search_result *tally; /* counts go here */
    size_t shape_count;
} tb_search_walk;

/** Offer to `kept` whatever it may want of a space. TB_OK; TB_ENOMEM; TB_EOVERFLOW; what timing
 *  returns. */
TB_NODISCARD tb_status tb_search_walk_all(tb_search_walk *walk, tb_error *err);

/** The least that a configuration with these sums over tokens has in runs of tokens: query tile by
 *  query tile no fewer KV tiles than the keys of one of its queries fill, and in all no fewer than
 *  the visible pairs fill. */
tb_search_product tb_search_runs_at_least(const tb_search_shape *shape,
                                          const tb_search_product *tokens);

/** Count a row of runs of tokens by its census, and fill it. *is_counted is false where the space's
 *  max_counted are taken already, or where it lacks full tiles that the space asks for. TB_OK; what
 *  tb_census_count() returns. */
TB_NODISCARD tb_status tb_search_runs_count(const tb_search_walk *walk, tb_search_row *row,
                                            bool *is_counted, tb_error *err);

/** Is only what is fully block-sparse looked at: asked for, or because the kernel masks nothing? */
bool tb_search_needs_full(const tb_search_space *space);

/** The product of no dimension. */
extern const tb_search_product tb_search_one;

/** The product of one dimension's class more. */
tb_search_product tb_search_multiply(const tb_search_product *product, const tb_search_group *group,
                                     const tb_search_class *class, int64_t stride);

/** Set a row's numbers from its product; its cost is set where that is no time. */
void tb_search_row_fill(const tb_search_space *space, const tb_search_shape *shape,
                        const tb_search_product *product, tb_search_row *row);

/** Visited KV tiles, and visible pairs, with those of extra tokens. */
int64_t tb_search_all_visited(const tb_search_shape *shape, const tb_search_product *product);
int64_t tb_search_all_visible(const tb_search_space *space, int64_t visible);

#endif
