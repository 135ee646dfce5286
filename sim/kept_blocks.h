/* Mask blocks that are kept at random: what block-sparse, topk and the random mask blocks of
 * global-local share. Internal to sim.
 *
 * Queries are cut into rows of block_q, keys into columns of block_kv. Of each row some columns are
 * always kept (a sink at the start, local ones about the row's own tokens), others by chance. */
#ifndef TB_KEPT_BLOCKS_H
#define TB_KEPT_BLOCKS_H

#include "instance.h"
#include "pattern.h"

typedef struct tb_kept {
    int64_t tokens, block_q, block_kv;
    int64_t rows, columns;
    bool by_count; /* `keep` columns a row are drawn without replacement */
    int64_t keep;  /* ... among which always-kept ones count, unless keep_more */
    bool keep_more;
    double density; /* else each is kept with density x decay^distance, independently */
    double decay;
    int64_t sink;  /* columns that every row keeps */
    int64_t local; /* distances from the row's own columns that are kept: 1 = those alone */
    bool causal;   /* keys after the query are hidden */
    uint64_t seed;
} tb_kept;

/** Fill in rows and columns, and cut sizes down to the tokens that there are. */
void tb_kept_init(tb_kept *kept, int64_t tokens);

/** One row of mask blocks. */
typedef struct tb_kept_row {
    int64_t row, begin, end;        /* its queries */
    int64_t available;              /* columns [0, available), of which some query could see */
    int64_t own_begin, own_end;     /* columns that hold the row's own tokens */
    int64_t sink_end;               /* always kept: [0, sink_end) ... */
    int64_t local_begin, local_end; /* ... and these, none before sink_end */
    int64_t candidates;             /* the other available columns */
    int64_t drawn;                  /* how many of them are kept, by count */
} tb_kept_row;

void tb_kept_row_make(const tb_kept *kept, int64_t row, tb_kept_row *out);

/** Is a column of the row always kept? */
static inline bool tb_kept_always(const tb_kept_row *row, int64_t column)
{
    return column < row->sink_end || (column >= row->local_begin && column < row->local_end);
}

/** How many of the columns [begin, end) of a row, all of them available, are always kept. */
int64_t tb_kept_always_count(const tb_kept_row *row, int64_t begin, int64_t end);

/** Columns between a column and the row's own, 0 for those. */
static inline int64_t tb_kept_distance(const tb_kept_row *row, int64_t column)
{
    return column < row->own_begin  ? row->own_begin - column
           : column >= row->own_end ? column - row->own_end + 1
                                    : 0;
}

/** The probability that a column at a distance is kept, by density. */
double tb_kept_probability(const tb_kept *kept, int64_t distance);

/** Pairs of queries [begin, end) with a column that they keep. */
int64_t tb_kept_pairs(const tb_kept *kept, int64_t column, int64_t begin, int64_t end);

/** What a query sees, without working memory: in time proportional to the columns. */
void tb_kept_emit(const tb_kept *kept, int64_t query, tb_interval_fn *emit, void *user);

/** The same of queries [query, query + count), in time proportional to what is kept (density: to
 *  the columns). */
void tb_kept_spans(const tb_kept *kept, int64_t query, int64_t count, tb_spans *out);

/** Does some query see some key? */
bool tb_kept_any(const tb_kept *kept);

/** The kept mask blocks of a block-sparse or topk pattern; false for other kinds. */
bool tb_kept_of(const tb_pattern *pattern, const tb_layout *layout, tb_kept *out);

/** Of a topk pattern; true. */
bool tb_topk_kept(const tb_pattern *pattern, const tb_layout *layout, tb_kept *out);

#endif
