/* vertical-slash: some key columns and some diagonals, which the content chooses for the whole head
 * and which are random here; causal.
 *
 * As in MInference's source (minference/modules/minference_forward.py): the first 30 columns and
 * the 100 diagonals nearest to the main one are always among them, and the kernel takes diagonals
 * by rows of 64 queries: row b, from query b x 64 on, visits for the diagonal at distance s the
 * keys [64 b - s, 64 b - s + 64), all of its queries alike.
 *
 * The diagonals that are drawn come in runs of slash_run next to each other, which is an
 * assumption: 6096 lone ones of a million would touch a third of all tiles. A number of them that
 * is no whole number of runs is rounded up.
 *
 * Not modelled: that MInference's kernel gathers columns into tiles of their own; the census counts
 * what a kernel that visits whole KV tiles touches, a tile for nearly every lone column. Gathered,
 * they are a product of each query with `vertical` keys: vertical: 0 here, and a stage for them.
 *
 * Source: MInference 1.0 (arXiv 2407.02490) sec. 3 and figure 3. */
#include "checked.h"
#include "instance.h"
#include "pattern_types.h"

enum { VERTICAL, SLASH, SLASH_BLOCK, SLASH_RUN, FIRST, NEAR, PARAMETERS };

static const tb_pattern_parameter parameters[PARAMETERS] = {
    [VERTICAL] = {"vertical", "columns kept, the first ones among them", TB_PARAMETER_TOKENS, true,
                  0, INT64_MAX, 0},
    [SLASH] = {"slash", "diagonals kept, the nearest ones among them", TB_PARAMETER_TOKENS, true, 1,
               INT64_MAX, 0},
    [SLASH_BLOCK] = {"slash_block", "queries that see the same of a diagonal, and keys seen",
                     TB_PARAMETER_TOKENS, false, 1, INT64_MAX, 64},
    [SLASH_RUN] = {"slash_run", "diagonals next to each other that are drawn together",
                   TB_PARAMETER_TOKENS, false, 1, INT64_MAX, 64},
    [FIRST] = {"first", "first columns, always kept", TB_PARAMETER_TOKENS, false, 0, INT64_MAX, 30},
    [NEAR] = {"near", "diagonals always kept, from the main one on", TB_PARAMETER_TOKENS, false, 1,
              INT64_MAX, 100},
};

enum { DRAW_COLUMNS = 1, DRAW_RUNS = 2 };

typedef struct places {
    int64_t tokens, block, run;
    int64_t first, columns; /* columns [0, first) and so many of the others */
    int64_t near;           /* diagonals [0, near) ... */
    int64_t groups, runs;   /* ... and so many of the groups of `run` after them */
    uint64_t seed;
} places;

static places places_of(const tb_pattern *pattern, const tb_layout *layout)
{
    int64_t n = tb_layout_tokens(layout);
    places p = {.tokens = n, .seed = pattern->seed};
    int64_t vertical = tb_min(tb_parameter_integer(pattern, VERTICAL), n);
    int64_t slash = tb_min(tb_parameter_integer(pattern, SLASH), n);
    p.block = tb_min(tb_parameter_integer(pattern, SLASH_BLOCK), n);
    p.run = tb_min(tb_parameter_integer(pattern, SLASH_RUN), n);
    p.first = tb_min(tb_parameter_integer(pattern, FIRST), vertical);
    p.columns = vertical - p.first;
    p.near = tb_min(tb_parameter_integer(pattern, NEAR), slash);
    p.groups = tb_ceil_div(n - p.near, p.run);
    p.runs = tb_min(tb_ceil_div(slash - p.near, p.run), p.groups);
    return p;
}

/* Which columns and runs are drawn, asked one by one. */
typedef struct members {
    tb_shuffle columns, runs;
} members;

static void start_members(const places *p, members *m)
{
    if (p->columns > 0) {
        tb_shuffle_make(&m->columns, p->tokens - p->first, p->seed, DRAW_COLUMNS);
    }
    if (p->runs > 0) {
        tb_shuffle_make(&m->runs, p->groups, p->seed, DRAW_RUNS);
    }
}

static bool has_column(const places *p, const members *m, int64_t key)
{
    return key < p->first ||
           (p->columns > 0 && tb_shuffle_rank(&m->columns, key - p->first) < p->columns);
}

/* The key is on a kept diagonal of the row of queries that begins at `base`. */
static bool has_slash(const places *p, const members *m, int64_t base, int64_t key)
{
    int64_t from = tb_max(base - key, 0), to = tb_min(base - key + p->block, p->tokens);
    if (from < p->near) {
        return true;
    }
    for (int64_t g = (from - p->near) / p->run; p->runs > 0 && g * p->run + p->near < to; g++) {
        if (tb_shuffle_rank(&m->runs, g) < p->runs) {
            return true;
        }
    }
    return false;
}

static void row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                tb_interval_fn *emit, void *user)
{
    places p = places_of(pattern, layout);
    members m;
    start_members(&p, &m);
    int64_t base = query - query % p.block, begin = -1;
    for (int64_t key = 0; key <= query; key++) {
        bool is_seen = has_slash(&p, &m, base, key) || has_column(&p, &m, key);
        if (is_seen && begin < 0) {
            begin = key;
        } else if (!is_seen && begin >= 0) {
            emit(begin, key, user);
            begin = -1;
        }
    }
    if (begin >= 0) {
        emit(begin, query + 1, user);
    }
}

/* Collects the intervals of one row of queries, which may overlap, as spans of its queries. */
typedef struct row_union {
    int64_t begin, end; /* the run at hand */
    int64_t query, last;
    tb_spans *out;
} row_union;

static void flush(row_union *u)
{
    if (u->begin < u->end) {
        u->out->pairs += tb_causal_pairs(u->begin, u->end, u->query, u->last + 1);
        tb_spans_any(u->out, u->begin, tb_min(u->end, u->last + 1));
        tb_spans_all(u->out, u->begin, tb_min(u->end, u->query + 1));
    }
}

static void add(row_union *u, int64_t begin, int64_t end)
{
    if (begin > u->end) {
        flush(u);
        u->begin = begin;
    }
    u->end = tb_max(u->end, end);
}

/* What queries [query, last] of one row see: columns and diagonals merged by their first key. */
static void unite_row(const places *p, const int64_t *columns, const int64_t *runs, int64_t query,
                      int64_t last, tb_spans *out)
{
    int64_t base = query - query % p->block, c = 0;
    row_union u = {.end = p->first, .query = query, .last = last, .out = out};
    for (int64_t r = p->runs; r >= 0; r--) { /* far diagonals have the first keys; 0: the nearest */
        int64_t from = r == 0 ? 0 : p->near + runs[r - 1] * p->run;
        int64_t to = r == 0 ? p->near : tb_min(from + p->run, p->tokens);
        int64_t begin = tb_max(base - to + 1, 0), end = base - from + p->block;
        for (; c < p->columns && columns[c] + p->first < begin; c++) {
            add(&u, columns[c] + p->first, columns[c] + p->first + 1);
        }
        if (end > 0) {
            add(&u, begin, tb_min(end, p->tokens));
        }
    }
    for (; c < p->columns && columns[c] + p->first <= last; c++) {
        add(&u, columns[c] + p->first, columns[c] + p->first + 1);
    }
    flush(&u);
}

static void spans(const tb_pattern *pattern, const tb_layout *layout, int64_t query, int64_t count,
                  tb_spans *out)
{
    places p = places_of(pattern, layout);
    tb_draws *draws = tb_spans_draws(out);
    const int64_t *columns = draws == NULL ? NULL
                                           : tb_draws_sorted(draws, 0, p.seed, DRAW_COLUMNS,
                                                             p.tokens - p.first, p.columns);
    const int64_t *runs =
        columns == NULL ? NULL : tb_draws_sorted(draws, 1, p.seed, DRAW_RUNS, p.groups, p.runs);
    if (runs == NULL) {
        out->failed = true;
        return;
    }
    for (int64_t first = query; first < query + count && !out->failed;) {
        int64_t end = tb_min(first - first % p.block + p.block, query + count);
        if (end - query == count && first == query) {
            unite_row(&p, columns, runs, first, end - 1, out);
            return;
        }
        tb_spans *part = tb_spans_part(out);
        if (part == NULL) {
            return;
        }
        unite_row(&p, columns, runs, first, end - 1, part);
        tb_spans_join(out, part, first == query);
        first = end;
    }
}

static bool is_causal(const tb_pattern *pattern, const tb_layout *layout)
{
    (void)pattern;
    (void)layout;
    return true;
}

const tb_pattern_type tb_pattern_vertical_slash = {
    .name = "vertical-slash",
    .summary = "key columns and diagonals drawn at random, causal (MInference)",
    .parameters = parameters,
    .parameter_count = PARAMETERS,
    .is_random = true,
    .check = tb_accept_any_layout,
    .row = row,
    .spans = spans,
    .is_causal = is_causal,
};
