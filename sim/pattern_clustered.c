/* clustered: tokens in clusters of equal size, or in buckets of a hash; a query sees the keys of
 * its own and, with neighbours, of those before it, the first one after the last.
 *
 * Sorted, tokens are numbered cluster by cluster, in each by their place in the sequence: the block
 * diagonal that Routing Transformer (arXiv 2003.05997, balanced clusters of w = N / clusters) and
 * Reformer (2001.04451: sorted by bucket, each chunk sees itself and the one before) compute. What
 * is random is then only how the tokens of different clusters follow each other, which causal masks
 * of neighbours depend on. Not sorted, tokens keep their places and their clusters are random: what
 * a kernel visits that does not sort. */
#include "checked.h"
#include "instance.h"
#include "pattern_types.h"

#include <string.h>

enum { CLUSTERS, NEIGHBOURS, CAUSAL, SORTED, PARAMETERS };

static const tb_pattern_parameter parameters[PARAMETERS] = {
    [CLUSTERS] = {"clusters", "clusters of equal size", TB_PARAMETER_TOKENS, true, 1, INT64_MAX, 0},
    [NEIGHBOURS] = {"neighbours", "clusters before the own that are seen too", TB_PARAMETER_TOKENS,
                    false, 0, INT64_MAX, 0},
    [CAUSAL] = {"causal", "keys that are later in the sequence are hidden", TB_PARAMETER_FLAG,
                false, 0, 1, 0},
    [SORTED] = {"sorted", "tokens are numbered cluster by cluster", TB_PARAMETER_FLAG, false, 0, 1,
                1},
};

enum { DRAW_ORDER = 3, DRAW_CLUSTERS = 4 };

typedef struct clusters {
    int64_t tokens, count, neighbours;
    bool causal, sorted;
    uint64_t seed;
} clusters;

static clusters clusters_of(const tb_pattern *pattern, const tb_layout *layout)
{
    clusters c = {
        .tokens = tb_layout_tokens(layout),
        .count = tb_parameter_integer(pattern, CLUSTERS),
        .causal = tb_parameter_integer(pattern, CAUSAL) != 0,
        .sorted = tb_parameter_integer(pattern, SORTED) != 0,
        .seed = pattern->seed,
    };
    c.neighbours = tb_min(tb_parameter_integer(pattern, NEIGHBOURS), c.count - 1);
    return c;
}

static tb_status check(const tb_pattern *pattern, const tb_layout *layout, tb_error *err)
{
    int64_t count = tb_parameter_integer(pattern, CLUSTERS), n = tb_layout_tokens(layout);
    if (count <= n) {
        return TB_OK;
    }
    return tb_fail(err, TB_EINVAL, "%lld clusters of %lld tokens; at most one a token",
                   (long long)count, (long long)n);
}

/* Cluster c is [floor(c n / C), floor((c + 1) n / C)) of the sorted order; n C <= n^2 fits. */
static int64_t begin_of(const clusters *c, int64_t cluster)
{
    return cluster * c->tokens / c->count;
}

static int64_t cluster_at(const clusters *c, int64_t place)
{
    return ((place + 1) * c->count - 1) / c->tokens;
}

/* Does a query of one cluster see keys of another? */
static bool sees_cluster(const clusters *c, int64_t own, int64_t other)
{
    int64_t behind = own >= other ? own - other : own - other + c->count;
    return behind <= c->neighbours;
}

/* How many keys of each cluster that it sees are not later than sorted token `place`, needs the
 * sequence: asked token by token. */
typedef struct sequence {
    const clusters *c;
    tb_shuffle shuffle;
} sequence;

static void start_sequence(sequence *s, const clusters *c)
{
    s->c = c;
    tb_shuffle_make(&s->shuffle, c->tokens, c->seed, DRAW_ORDER);
}

/* The cluster of token number i of the sequence. */
static int64_t cluster_of(const sequence *s, int64_t i)
{
    return cluster_at(s->c, tb_shuffle_rank(&s->shuffle, i));
}

static void unsorted_row(const clusters *c, int64_t query, tb_interval_fn *emit, void *user)
{
    sequence s;
    start_sequence(&s, c);
    int64_t own = cluster_of(&s, query), begin = -1;
    int64_t end = c->causal ? query + 1 : c->tokens;
    for (int64_t key = 0; key < end; key++) {
        bool is_seen = sees_cluster(c, own, cluster_of(&s, key));
        if (is_seen && begin < 0) {
            begin = key;
        } else if (!is_seen && begin >= 0) {
            emit(begin, key, user);
            begin = -1;
        }
    }
    if (begin >= 0) {
        emit(begin, end, user);
    }
}

/* Members of cluster `other` that come before member number `rank` of cluster `own`. */
static int64_t members_before(const clusters *c, int64_t own, int64_t rank, int64_t other)
{
    sequence s;
    start_sequence(&s, c);
    int64_t before = 0;
    for (int64_t i = 0;; i++) {
        int64_t cluster = cluster_of(&s, i);
        before += cluster == other;
        if (cluster == own && rank-- == 0) {
            return before;
        }
    }
}

static void sorted_row(const clusters *c, int64_t query, tb_interval_fn *emit, void *user)
{
    int64_t own = cluster_at(c, query);
    for (int64_t other = 0; other < c->count; other++) { /* ascending: the wrapped ones come last */
        if (!sees_cluster(c, own, other)) {
            continue;
        }
        int64_t begin = begin_of(c, other), end = begin_of(c, other + 1);
        if (c->causal && other == own) {
            end = query + 1;
        } else if (c->causal) {
            end = begin + members_before(c, own, query - begin_of(c, own), other);
        }
        if (begin < end) {
            emit(begin, end, user);
        }
    }
}

static void row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                tb_interval_fn *emit, void *user)
{
    clusters c = clusters_of(pattern, layout);
    if (c.sorted) {
        sorted_row(&c, query, emit, user);
    } else {
        unsorted_row(&c, query, emit, user);
    }
}

/* Places in the sequence, cluster by cluster; NULL when memory is exhausted. */
static const int64_t *draw_order(const clusters *c, tb_draws *draws)
{
    bool is_drawn;
    uint32_t *filled = tb_draws_counts(draws, c->count); /* first: a list that is had is filled */
    int64_t *order = filled == NULL ? NULL
                                    : tb_draws_list(draws, 0, c->seed, DRAW_ORDER, c->count,
                                                    c->tokens, &is_drawn);
    if (order == NULL || is_drawn) {
        return order;
    }
    sequence s;
    start_sequence(&s, c);
    for (int64_t i = 0; i < c->tokens; i++) {
        int64_t cluster = cluster_of(&s, i);
        order[begin_of(c, cluster) + filled[cluster]++] = i;
    }
    memset(filled, 0, (size_t)c->count * sizeof *filled);
    return order;
}

/* The cluster of each token of the sequence. */
static const int64_t *draw_clusters(const clusters *c, tb_draws *draws)
{
    bool is_drawn;
    int64_t *of = tb_draws_list(draws, 1, c->seed, DRAW_CLUSTERS, c->count, c->tokens, &is_drawn);
    if (of == NULL || is_drawn) {
        return of;
    }
    sequence s;
    start_sequence(&s, c);
    for (int64_t i = 0; i < c->tokens; i++) {
        of[i] = cluster_of(&s, i);
    }
    return of;
}

/* Add the queries' view of one cluster to the windows' counts. */
static void count_windows(const clusters *c, int64_t own, uint32_t step, uint32_t *windows)
{
    for (int64_t back = 0; back <= c->neighbours; back++) {
        int64_t other = own >= back ? own - back : own - back + c->count;
        windows[other] += step;
    }
}

/* Not sorted: windows[k] of the queries at hand see cluster k. In causal runs a query leaves them
 * when its place has passed. */
static void unsorted_spans(const clusters *c, int64_t query, int64_t count, tb_spans *out)
{
    tb_draws *draws = tb_spans_draws(out);
    const int64_t *of = draws == NULL ? NULL : draw_clusters(c, draws);
    uint32_t *windows = of == NULL ? NULL : tb_draws_counts(draws, c->count);
    if (windows == NULL) {
        out->failed = true;
        return;
    }
    for (int64_t q = query; q < query + count; q++) {
        count_windows(c, of[q], 1, windows);
    }
    for (int64_t key = 0; key < (c->causal ? query + count : c->tokens); key++) {
        if (c->causal && key > query) {
            count_windows(c, of[key - 1], (uint32_t)-1, windows);
        }
        uint32_t seen = windows[of[key]];
        out->pairs += seen;
        if (seen > 0) {
            tb_spans_any(out, key, key + 1);
        }
        if (seen == count) {
            tb_spans_all(out, key, key + 1);
        }
    }
    memset(windows, 0, (size_t)c->count * sizeof *windows);
}

/* Of sorted queries [query, last] of one cluster: the keys of another one that they see. */
static void add_cluster(const clusters *c, const int64_t *order, int64_t query, int64_t last,
                        int64_t other, tb_spans *out)
{
    int64_t begin = begin_of(c, other), end = begin_of(c, other + 1);
    if (!c->causal) {
        tb_spans_any(out, begin, end);
        tb_spans_all(out, begin, end);
        out->pairs += (end - begin) * (last + 1 - query);
        return;
    }
    if (begin <= query && query < end) {
        tb_spans_any(out, begin, last + 1);
        tb_spans_all(out, begin, query + 1);
        out->pairs += tb_causal_pairs(begin, end, query, last + 1);
        return;
    }
    int64_t seen = begin; /* keys [begin, seen) are not later than query q */
    for (int64_t q = query; q <= last; q++) {
        while (seen < end && order[seen] < order[q]) {
            seen++;
        }
        out->pairs += seen - begin;
        if (q == query) {
            tb_spans_all(out, begin, seen);
        }
    }
    tb_spans_any(out, begin, seen);
}

/* Of sorted queries [query, last] of one cluster: the clusters that they see, ascending. */
static void add_clusters(const clusters *c, const int64_t *order, int64_t query, int64_t last,
                         tb_spans *out)
{
    int64_t own = cluster_at(c, query), first = own - c->neighbours;
    for (int64_t other = tb_max(first, 0); other <= own; other++) {
        add_cluster(c, order, query, last, other, out);
    }
    for (int64_t other = first + c->count; first < 0 && other < c->count; other++) {
        add_cluster(c, order, query, last, other, out);
    }
}

static void sorted_spans(const clusters *c, int64_t query, int64_t count, tb_spans *out)
{
    const int64_t *order = NULL;
    if (c->causal && c->neighbours > 0) {
        tb_draws *draws = tb_spans_draws(out);
        order = draws == NULL ? NULL : draw_order(c, draws);
        if (order == NULL) {
            out->failed = true;
            return;
        }
    }
    for (int64_t q = query; q < query + count && !out->failed;) {
        int64_t end = tb_min(begin_of(c, cluster_at(c, q) + 1), query + count);
        tb_spans *part = tb_spans_part(out);
        if (part == NULL) {
            return;
        }
        add_clusters(c, order, q, end - 1, part);
        tb_spans_join(out, part, q == query);
        q = end;
    }
}

static void spans(const tb_pattern *pattern, const tb_layout *layout, int64_t query, int64_t count,
                  tb_spans *out)
{
    clusters c = clusters_of(pattern, layout);
    if (c.sorted) {
        sorted_spans(&c, query, count, out);
    } else {
        unsorted_spans(&c, query, count, out);
    }
}

static bool is_causal(const tb_pattern *pattern, const tb_layout *layout)
{
    clusters c = clusters_of(pattern, layout);
    return c.causal && (!c.sorted || c.neighbours == 0);
}

const tb_pattern_type tb_pattern_clustered = {
    .name = "clustered",
    .summary = "tokens in clusters or buckets of equal size that see themselves (sorted: a block "
               "diagonal)",
    .parameters = parameters,
    .parameter_count = PARAMETERS,
    .is_random = true,
    .check = check,
    .row = row,
    .spans = spans,
    .is_causal = is_causal,
};
