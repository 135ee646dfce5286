/* union and intersection of other patterns: what any of them, or each of them, lets through.
 *
 * Rows are merged a stretch of keys at a time, so that they need no memory: as far as the first few
 * intervals of every part reach. */
#include "checked.h"
#include "pattern_types.h"

#define STRETCH 32 /* intervals of a part that are held */

/* The first intervals of a part's row at or after `from`. */
typedef struct held {
    int64_t from;
    int64_t known_until; /* the first interval that is not held begins here */
    int count;
    tb_span span[STRETCH];
} held;

static void hold(int64_t begin, int64_t end, void *user)
{
    held *h = user;
    if (end <= h->from) {
        return;
    }
    if (h->count == STRETCH) {
        h->known_until = tb_min(h->known_until, begin);
        return;
    }
    h->span[h->count++] = (tb_span){.begin = tb_max(begin, h->from), .end = end};
}

/* Joins intervals that touch before they are emitted. */
typedef struct joint {
    tb_interval_fn *emit;
    void *user;
    tb_span open;
} joint;

static void add(joint *j, int64_t begin, int64_t end)
{
    if (begin >= end) {
        return;
    }
    if (begin <= j->open.end && j->open.begin < j->open.end) {
        j->open.end = tb_max(j->open.end, end);
        return;
    }
    if (j->open.begin < j->open.end) {
        j->emit(j->open.begin, j->open.end, j->user);
    }
    j->open = (tb_span){.begin = begin, .end = end};
}

/* All that is held below `until`, ascending. */
static void add_union(const held *h, int parts, int64_t until, joint *j)
{
    int at[TB_PATTERN_PARTS_MAX] = {0};
    for (;;) {
        int next = -1;
        for (int p = 0; p < parts; p++) {
            if (at[p] < h[p].count &&
                (next < 0 || h[p].span[at[p]].begin < h[next].span[at[next]].begin)) {
                next = p;
            }
        }
        if (next < 0) {
            return;
        }
        const tb_span *span = &h[next].span[at[next]++];
        add(j, span->begin, tb_min(span->end, until));
    }
}

/* What every part holds below `until`, ascending: the part whose interval ends first goes on. */
static void add_intersection(const held *h, int parts, int64_t until, joint *j)
{
    int at[TB_PATTERN_PARTS_MAX] = {0};
    for (;;) {
        int64_t begin = 0, end = until;
        int first = 0;
        for (int p = 0; p < parts; p++) {
            if (at[p] == h[p].count) {
                return;
            }
            begin = tb_max(begin, h[p].span[at[p]].begin);
            end = tb_min(end, h[p].span[at[p]].end);
            first = h[p].span[at[p]].end < h[first].span[at[first]].end ? p : first;
        }
        add(j, begin, end);
        at[first]++;
    }
}

tb_pattern tb_pattern_part(const tb_pattern *pattern, int p, const tb_layout *layout)
{
    tb_pattern part = *pattern->part[p];
    part.seed += pattern->seed + (uint64_t)p; /* parts of one kind draw apart */
    tb_pattern_resolve(&part, layout);
    return part;
}

static void row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                tb_interval_fn *emit, void *user)
{
    held h[TB_PATTERN_PARTS_MAX];
    int64_t n = tb_layout_tokens(layout), from = 0;
    joint j = {.emit = emit, .user = user};
    while (from < n) {
        int64_t until = n;
        for (int p = 0; p < pattern->parts; p++) {
            tb_pattern part = tb_pattern_part(pattern, p, layout);
            h[p].from = from;
            h[p].known_until = n;
            h[p].count = 0;
            tb_pattern_row(&part, layout, query, hold, &h[p]);
            until = tb_min(until, h[p].known_until);
        }
        if (pattern->kind == TB_PATTERN_UNION) {
            add_union(h, pattern->parts, until, &j);
        } else {
            add_intersection(h, pattern->parts, until, &j);
        }
        from = until;
    }
    if (j.open.begin < j.open.end) {
        emit(j.open.begin, j.open.end, user);
    }
}

static void note(int64_t begin, int64_t end, void *user)
{
    (void)begin;
    (void)end;
    *(bool *)user = true;
}

static bool sees_something(const tb_pattern *pattern, const tb_layout *layout)
{
    bool seen = false;
    for (int64_t i = 0; i < tb_layout_tokens(layout) && !seen; i++) {
        row(pattern, layout, i, note, &seen);
    }
    return seen;
}

static tb_status check(const tb_pattern *pattern, const tb_layout *layout, tb_error *err)
{
    const char *name = tb_pattern_name(pattern->kind);
    if (pattern->parts < 2 || pattern->parts > TB_PATTERN_PARTS_MAX) {
        return tb_fail(err, TB_EINVAL, "%s of %d %s; it needs 2 to %d parts", name, pattern->parts,
                       pattern->parts == 1 ? "pattern" : "patterns", TB_PATTERN_PARTS_MAX);
    }
    for (int p = 0; p < pattern->parts; p++) {
        tb_pattern part = tb_pattern_part(pattern, p, layout);
        tb_status status = tb_pattern_check(&part, layout, err);
        if (status != TB_OK) {
            return status;
        }
    }
    if (pattern->kind == TB_PATTERN_UNION || sees_something(pattern, layout)) {
        return TB_OK;
    }
    return tb_fail(err, TB_EINVAL,
                   "an intersection that hides every pair; its parts must have one in common");
}

static void keep_last(int64_t begin, int64_t end, void *user)
{
    (void)begin;
    *(int64_t *)user = end - 1;
}

/* A union is iff each part is; an intersection also where its parts have no later key in common. */
static bool is_causal(const tb_pattern *pattern, const tb_layout *layout)
{
    int causal = 0;
    for (int p = 0; p < pattern->parts; p++) {
        tb_pattern part = tb_pattern_part(pattern, p, layout);
        causal += tb_pattern_types[part.kind]->is_causal(&part, layout);
    }
    if (pattern->kind == TB_PATTERN_UNION || causal > 0) {
        return causal == pattern->parts || pattern->kind == TB_PATTERN_INTERSECTION;
    }
    bool is_earlier = true;
    for (int64_t i = 0; i < tb_layout_tokens(layout) && is_earlier; i++) {
        int64_t last = -1;
        row(pattern, layout, i, keep_last, &last);
        is_earlier = last <= i;
    }
    return is_earlier;
}

const tb_pattern_type tb_pattern_union = {
    .name = "union",
    .summary = "what any of 2 to 4 other patterns lets through",
    .check = check,
    .row = row,
    .spans = tb_combined_spans,
    .is_causal = is_causal,
};

const tb_pattern_type tb_pattern_intersection = {
    .name = "intersection",
    .summary = "what each of 2 to 4 other patterns lets through",
    .check = check,
    .row = row,
    .spans = tb_combined_spans,
    .is_causal = is_causal,
};
