/* Which keys a query sees.
 *
 * Each kind is one row of a table of functions (pattern_<kind>.c). A kind gives the row of a query
 * and, where it has them, the closed forms. Adding a kind = one file and one line in pattern.c. */
#ifndef TB_PATTERN_H
#define TB_PATTERN_H

#include "bits.h"
#include "dim_rule.h"
#include "problem.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum tb_pattern_kind {
    TB_PATTERN_DENSE,
    TB_PATTERN_CAUSAL,
    TB_PATTERN_GNA,
    TB_PATTERN_LOCAL,
    TB_PATTERN_EXPLICIT,
    TB_PATTERN_SINK_LOCAL,     /* A-shape: first keys and a window */
    TB_PATTERN_VERTICAL_SLASH, /* columns and diagonals (MInference) */
    TB_PATTERN_STRIDED,        /* a window and every stride-th key (Sparse Transformer) */
    TB_PATTERN_FIXED,          /* a segment and the last keys of each segment before it */
    TB_PATTERN_GLOBAL_LOCAL,   /* global tokens, a window, random blocks (Longformer, BigBird) */
    TB_PATTERN_SHARDED,        /* a head's share of the blocks (S2-Attention) */
    TB_PATTERN_BLOCK_SPARSE,   /* kept mask blocks, by density, top-k or distance */
    TB_PATTERN_TOPK,           /* keys gathered for each query, or for runs of queries */
    TB_PATTERN_CLUSTERED,      /* tokens in clusters or buckets, after sorting */
    TB_PATTERN_PREFIX,         /* a prefix that all see, causal after it */
    TB_PATTERN_DOCUMENT,       /* documents packed one after another (cu_seqlens) */
    TB_PATTERN_AXIAL,          /* the query's own row, column, ... */
    TB_PATTERN_SLIDING_TILE,   /* STA: a window of whole tiles */
    TB_PATTERN_UNION,          /* of other patterns */
    TB_PATTERN_INTERSECTION
} tb_pattern_kind;

#define TB_PATTERN_COUNT       20
#define TB_PATTERN_FIELD_KINDS 5 /* the first ones: their parameters are fields of tb_pattern */

#define TB_UNLIMITED  (-1) /* in left and right of local */
#define TB_WHOLE_AXIS (-1) /* in window of gna */

/* What a parameter of a kind is. */
typedef enum tb_parameter_kind {
    TB_PARAMETER_TOKENS, /* an integer >= its least value */
    TB_PARAMETER_REAL,   /* a number between 0 and 1 */
    TB_PARAMETER_FLAG,   /* true or false */
    TB_PARAMETER_LIST    /* integers >= their least value */
} tb_parameter_kind;

/** A parameter of the kinds from sink-local on: one row of the kind's table. The YAML form, the
 *  printed form and the checks follow from it. */
typedef struct tb_pattern_parameter {
    const char *name; /* "sink": the key in YAML files */
    const char *summary;
    tb_parameter_kind kind;
    bool is_needed;      /* else `initial` holds where it is not given */
    int64_t least, most; /* of integers */
    double initial;
} tb_pattern_parameter;

/** Its value: `integer` of tokens and flags. */
typedef struct tb_parameter_value {
    bool given;
    int64_t integer;
    double real;
    const int64_t *list; /* owned by whoever owns the pattern (tb_case) */
    size_t count;
} tb_parameter_value;

#define TB_PATTERN_PARAMETERS_MAX 8
#define TB_PATTERN_PARTS_MAX      4

typedef struct tb_pattern {
    tb_pattern_kind kind;
    /* gna: one entry a dimension */
    int64_t window[TB_MAX_RANK];
    int64_t stride[TB_MAX_RANK];
    int64_t dilation[TB_MAX_RANK];
    bool causal[TB_MAX_RANK];
    /* local: tokens seen before and after, or TB_UNLIMITED */
    int64_t left;
    int64_t right;
    /* explicit: rows = ceil(N / mask_block_q), columns = ceil(N / mask_block_kv); borrowed */
    const tb_bit_matrix *mask;
    int64_t mask_block_q;
    int64_t mask_block_kv;
    /* kinds from sink-local on: in the order of the kind's parameters */
    tb_parameter_value value[TB_PATTERN_PARAMETERS_MAX];
    uint64_t seed; /* of kinds that depend on content: which instance this is */
    /* union, intersection: owned by whoever owns the pattern (tb_case) */
    const struct tb_pattern *part[TB_PATTERN_PARTS_MAX];
    int parts;
} tb_pattern;

/** Takes one of a query's KV intervals [begin, end); called in order, intervals are disjoint. */
typedef void tb_interval_fn(int64_t begin, int64_t end, void *user);

/** What a run of queries sees, as sets of tokens (bit i = token i, row-major). */
typedef struct tb_row_sets {
    uint64_t *any;          /* seen by some query so far */
    uint64_t *all;          /* seen by every query so far */
    uint64_t *scratch;      /* all zero between calls */
    int64_t words;          /* of each set */
    bool none_for_all;      /* `all` is empty: no key is left to meet */
    struct tb_spans *spans; /* working memory, or NULL; its owner frees it */
} tb_row_sets;

/** What a run of queries sees, as token intervals: `any` of those that some query sees, `all` of
 *  those that every query sees, each ascending, disjoint and not touching. */
typedef struct tb_span {
    int64_t begin, end;
} tb_span;

#define TB_SPANS_WORK (4 + TB_PATTERN_PARTS_MAX)

typedef struct tb_spans {
    tb_span *any, *all;
    size_t any_count, all_count;
    size_t any_capacity, all_capacity;
    int64_t pairs;          /* visible ones of these queries */
    bool failed;            /* no memory */
    struct tb_spans *work;  /* TB_SPANS_WORK more, for the kinds without a fast form; owned */
    struct tb_draws *draws; /* what random kinds draw; owned */
} tb_spans;

/** KV tiles of a run of queries, counted. */
typedef struct tb_run_tiles {
    int64_t visited, full;
    int64_t past;  /* one past the last visited one */
    int64_t pairs; /* visible ones */
} tb_run_tiles;

typedef struct tb_pattern_type {
    const char *name;
    const char *summary;

    /** Its parameters, `parameter_count` of them; none for the first five kinds. */
    const tb_pattern_parameter *parameters;
    int parameter_count;

    /** Does it depend on the content (scores, hashes)? Then a pattern is the instance of its seed,
     * drawn by a function of the seed and the place alone, so that rows come in any order; and
     * tb_census_expect() says what to expect of all instances. */
    bool is_random;

    /** Are its rules per dimension? Else over the flattened order, where it has rules. */
    bool is_by_dimension;

    /** Fast form for runs of queries, or NULL: what queries [query, query + count) see, written to
     * `out` by tb_spans_any() and tb_spans_all(). Equal to what row() gives. */
    void (*spans)(const tb_pattern *pattern, const tb_layout *layout, int64_t query, int64_t count,
                  tb_spans *out);

    /** Closed form, or NULL: what the spans of queries [query, query + count) are in KV tiles of
     *  `kv_tile` tokens. False where it has none for such tiles. Equal to counting the spans. */
    bool (*tiles)(const tb_pattern *pattern, const tb_layout *layout, int64_t query, int64_t count,
                  int64_t kv_tile, tb_run_tiles *out);

    /** Validate against a layout that passed tb_problem_check(). */
    tb_status (*check)(const tb_pattern *pattern, const tb_layout *layout, tb_error *err);

    /** The KV intervals of `query` (row-major token number). */
    void (*row)(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                tb_interval_fn *emit, void *user);

    /** Fast form of many rows, or NULL: unite the rows of queries [query, query + count) into
     * `sets` and return their visible pairs. Equal to what row() gives. */
    int64_t (*unite)(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                     int64_t count, tb_row_sets *sets);

    /** Closed form, or NULL: the rule of dimension `dim` for dilation groups of length `length`.
     *  False when this pattern is no product of per-dimension rules over this layout. */
    bool (*dim_rule)(const tb_pattern *pattern, const tb_layout *layout, int dim, int64_t length,
                     tb_dim_rule *rule);

    /** Closed form, or NULL: the pattern as one rule over the flattened layout; false if it is
     * none. */
    bool (*flat_rule)(const tb_pattern *pattern, const tb_layout *layout, tb_dim_rule *rule);

    /** Does no query see a key that comes after it in the flattened order? */
    bool (*is_causal)(const tb_pattern *pattern, const tb_layout *layout);
} tb_pattern_type;

/** All kinds in the order of tb_pattern_kind. */
extern const tb_pattern_type *const tb_pattern_types[TB_PATTERN_COUNT];

/** A dense pattern with stride, dilation and mask blocks of 1. */
tb_pattern tb_pattern_default(void);

/** Turn TB_WHOLE_AXIS windows of gna into extents: floor(L / dilation). Other kinds stay. */
void tb_pattern_resolve(tb_pattern *pattern, const tb_layout *layout);

/** Validate a resolved pattern. TB_OK, TB_EINVAL. */
TB_NODISCARD tb_status tb_pattern_check(const tb_pattern *pattern, const tb_layout *layout,
                                        tb_error *err);

/** The KV intervals of one query; see tb_pattern_type. */
void tb_pattern_row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                    tb_interval_fn *emit, void *user);

/** Unite the rows of queries [query, query + count): any |= union, all &= intersection.
 *  Returns their visible pairs. Uses the kind's fast forms or else its rows. */
int64_t tb_pattern_unite(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                         int64_t count, tb_row_sets *sets);

/** Add an interval, which begins at or after the end of the last one (touching ones are joined). */
void tb_spans_any(tb_spans *spans, int64_t begin, int64_t end);
void tb_spans_all(tb_spans *spans, int64_t begin, int64_t end);

/** What queries [query, query + count) see: by the kind's fast form, else by sweeping over their
 *  rows. *out is emptied first and keeps its memory. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_pattern_spans(const tb_pattern *pattern, const tb_layout *layout,
                                        int64_t query, int64_t count, tb_spans *out, tb_error *err);
void tb_spans_free(tb_spans *spans);

/** The value of a parameter by name, the initial one where it is not given; asserts that the kind
 *  has it. */
int64_t tb_pattern_integer(const tb_pattern *pattern, const char *name);
double tb_pattern_real(const tb_pattern *pattern, const char *name);

/** Which parameter of a kind is called so: an index into its table and `value`, or -1. */
int tb_pattern_parameter_index(tb_pattern_kind kind, const char *name);

/** Have two patterns the same kind, parameters by table, seed and number of parts? (Of union
 *  and intersection, the parts are to be compared too.) */
bool tb_pattern_same_values(const tb_pattern *a, const tb_pattern *b);

/** The name of a kind. */
const char *tb_pattern_name(tb_pattern_kind kind);

/** Is the pattern, or a part of it, an instance of a random kind? */
bool tb_pattern_is_random(const tb_pattern *pattern);

/** Is the pattern a product of window rules: per dimension, or over the flattened order? Else a
 *  kernel is handed its masks as bits. */
bool tb_pattern_has_rules(const tb_pattern *pattern);

/** Dilation of dimension d: gna's, else 1. */
int64_t tb_pattern_dilation(const tb_pattern *pattern, int dim);

#endif
