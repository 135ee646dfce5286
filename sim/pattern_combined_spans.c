/* What runs of queries see of unions and intersections, from what they see of the parts.
 *
 * Rows are needed only where the parts meet:
 *
 *   union: a key that the run sees in one part alone counts as in that part. Of the others, R, rows
 *   are united: pairs = sum of the parts' - their pairs in R + the union's pairs in R, and all =
 * the parts' all + what every united row has of R.
 *
 *   intersection: nothing is seen outside R = what the run sees in every part; there rows are met.
 */
#include "checked.h"
#include "pattern_types.h"

/* Places in the working memory of `out`, after those of tb_spans_join(). */
enum { REGION = 2, JOINED, FIRST_PART };

/* A row of a part, cut to the region. */
typedef struct cut {
    const tb_span *region, *region_end;
    tb_spans *row;
} cut;

static void cut_interval(int64_t begin, int64_t end, void *user)
{
    cut *c = user;
    while (c->region < c->region_end && c->region->end <= begin) {
        c->region++;
    }
    for (const tb_span *at = c->region; at < c->region_end && at->begin < end; at++) {
        int64_t from = tb_max(begin, at->begin), to = tb_min(end, at->end);
        tb_spans_any(c->row, from, to);
        c->row->pairs += to - from;
    }
}

/* The part whose next interval begins first; -1 at the end of all. `at`: the next of each. */
static int first_of(const tb_spans *part, int parts, bool of_all, const size_t *at)
{
    int first = -1;
    int64_t least = INT64_MAX;
    for (int p = 0; p < parts; p++) {
        size_t count = of_all ? part[p].all_count : part[p].any_count;
        const tb_span *list = of_all ? part[p].all : part[p].any;
        if (at[p] < count && list[at[p]].begin < least) {
            least = list[at[p]].begin;
            first = p;
        }
    }
    return first;
}

/* any = the union of the parts' any, and region = what at least two of them have. */
static void unite_any(const tb_spans *part, int parts, tb_spans *any, tb_spans *region)
{
    size_t at[TB_PATTERN_PARTS_MAX] = {0};
    int64_t reach = 0; /* of those so far; the one that reaches furthest covers all up to there */
    for (int p = first_of(part, parts, false, at); p >= 0; p = first_of(part, parts, false, at)) {
        const tb_span *next = &part[p].any[at[p]++];
        if (region != NULL) {
            tb_spans_any(region, next->begin, tb_min(next->end, reach));
        }
        tb_spans_any(any, next->begin, next->end);
        reach = tb_max(reach, next->end);
    }
}

static void unite_all(const tb_spans *part, int parts, tb_spans *out)
{
    size_t at[TB_PATTERN_PARTS_MAX] = {0};
    for (int p = first_of(part, parts, true, at); p >= 0; p = first_of(part, parts, true, at)) {
        const tb_span *next = &part[p].all[at[p]++];
        tb_spans_all(out, next->begin, next->end);
    }
}

/* What every part has in `any`: the part whose interval ends first goes on. */
static void meet_any(const tb_spans *part, int parts, tb_spans *into)
{
    size_t at[TB_PATTERN_PARTS_MAX] = {0};
    for (;;) {
        int64_t begin = 0, end = INT64_MAX;
        int first = 0;
        for (int p = 0; p < parts; p++) {
            if (at[p] == part[p].any_count) {
                return;
            }
            const tb_span *span = &part[p].any[at[p]];
            begin = tb_max(begin, span->begin);
            first = span->end < end ? p : first;
            end = tb_min(end, span->end);
        }
        tb_spans_any(into, begin, end);
        at[first]++;
    }
}

static int64_t length_of(const tb_spans *spans)
{
    int64_t length = 0;
    for (size_t i = 0; i < spans->any_count; i++) {
        length += spans->any[i].end - spans->any[i].begin;
    }
    return length;
}

/* Combine the rows of queries in the region, and join them; returns the pairs of the parts there.
 */
static int64_t join_rows(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                         int64_t count, const tb_spans *region, tb_spans *rows, tb_spans *joined)
{
    int64_t pairs = 0;
    for (int64_t i = 0; i < count && !joined->failed; i++) {
        for (int p = 0; p < pattern->parts; p++) {
            tb_pattern part = tb_pattern_part(pattern, p, layout);
            cut c = {.region = region->any,
                     .region_end = region->any + region->any_count,
                     .row = &rows[p]};
            tb_spans_empty(&rows[p]);
            tb_pattern_row(&part, layout, query + i, cut_interval, &c);
            pairs += rows[p].pairs;
            joined->failed |= rows[p].failed;
        }
        tb_spans *row = tb_spans_part(joined);
        if (row == NULL) {
            return 0;
        }
        if (pattern->kind == TB_PATTERN_UNION) {
            unite_any(rows, pattern->parts, row, NULL);
        } else {
            meet_any(rows, pattern->parts, row);
        }
        for (size_t s = 0; s < row->any_count; s++) {
            tb_spans_all(row, row->any[s].begin, row->any[s].end);
        }
        row->pairs = length_of(row);
        tb_spans_join(joined, row, i == 0);
    }
    return pairs;
}

static void copy(const tb_spans *from, tb_spans *to, bool of_any, bool of_all)
{
    for (size_t i = 0; of_any && i < from->any_count; i++) {
        tb_spans_any(to, from->any[i].begin, from->any[i].end);
    }
    for (size_t i = 0; of_all && i < from->all_count; i++) {
        tb_spans_all(to, from->all[i].begin, from->all[i].end);
    }
}

/* out->all = out->all and joined->all, both ascending; `room` is working memory. */
static void add_all(const tb_spans *joined, tb_spans *out, tb_spans *room)
{
    tb_spans_empty(&room[0]);
    tb_spans_empty(&room[1]);
    copy(out, &room[0], false, true);
    copy(joined, &room[1], false, true);
    out->all_count = 0;
    unite_all(room, 2, out);
    out->failed |= room[0].failed || room[1].failed;
}

void tb_combined_spans(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                       int64_t count, tb_spans *out)
{
    if (!tb_spans_prepare(out)) {
        return;
    }
    tb_spans *region = &out->work[REGION], *joined = &out->work[JOINED];
    tb_spans *parts = &out->work[FIRST_PART];
    bool is_union = pattern->kind == TB_PATTERN_UNION;
    tb_spans_empty(region);
    tb_spans_empty(joined);
    for (int p = 0; p < pattern->parts; p++) {
        tb_pattern part = tb_pattern_part(pattern, p, layout);
        tb_error ignored;
        out->failed |= tb_pattern_spans(&part, layout, query, count, &parts[p], &ignored) != TB_OK;
        out->pairs += is_union ? parts[p].pairs : 0;
    }
    if (out->failed) {
        return;
    }
    if (is_union) {
        unite_any(parts, pattern->parts, out, region);
        unite_all(parts, pattern->parts, out);
    } else {
        meet_any(parts, pattern->parts, region);
    }
    if (region->any_count > 0) { /* from here the parts' memory holds rows */
        int64_t counted = join_rows(pattern, layout, query, count, region, parts, joined);
        out->pairs += joined->pairs - (is_union ? counted : 0);
        if (is_union) {
            add_all(joined, out, parts);
        } else {
            copy(joined, out, true, true);
        }
    }
    out->failed |= region->failed || joined->failed;
}
