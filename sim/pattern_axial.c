/* axial: a query sees its own row, its own column, ...: the lines through it along some axes. Axial
 * attention (arXiv 1912.12180). */
#include "checked.h"
#include "pattern_types.h"

enum { AXES };

static const tb_pattern_parameter parameters[] = {
    {"axes", "dimensions along which it sees, from 1; all where they are not given",
     TB_PARAMETER_LIST, false, 1, TB_MAX_RANK, 0},
};

static tb_status check(const tb_pattern *pattern, const tb_layout *layout, tb_error *err)
{
    const tb_parameter_value *axes = &pattern->value[AXES];
    if (layout->rank < 2) {
        return tb_fail(err, TB_EINVAL,
                       "an axial pattern needs a layout of two dimensions or more; this one has %d",
                       layout->rank);
    }
    if (axes->given && axes->count == 0) {
        return tb_fail(err, TB_EINVAL, "an axial pattern of no axes; name at least one");
    }
    for (size_t i = 0; axes->given && i < axes->count; i++) {
        if (axes->list[i] > layout->rank || (i > 0 && axes->list[i] <= axes->list[i - 1])) {
            return tb_fail(err, TB_EINVAL,
                           "axis %lld of an axial pattern over %d dimensions; axes ascend, from 1 "
                           "to that",
                           (long long)axes->list[i], layout->rank);
        }
    }
    return TB_OK;
}

bool tb_axial_has_axis(const tb_pattern *pattern, int dim)
{
    const tb_parameter_value *axes = &pattern->value[AXES];
    for (size_t i = 0; axes->given && i < axes->count; i++) {
        if (axes->list[i] == dim + 1) {
            return true;
        }
    }
    return !axes->given;
}

/* What queries of one innermost line see beside that line: runs as long as there are queries, at
 * `pitch` tokens from one to the next along each other axis. */
typedef struct lines {
    int64_t pitch[TB_MAX_RANK];
    int64_t at[TB_MAX_RANK]; /* the queries' own coordinate */
} lines;

static lines lines_of(const tb_layout *layout, int64_t query)
{
    lines made;
    int64_t pitch = 1;
    for (int d = layout->rank - 1; d >= 0; d--) {
        made.pitch[d] = pitch;
        made.at[d] = query / pitch % layout->extent[d];
        pitch *= layout->extent[d];
    }
    return made;
}

/* The queries' own line: all of it, or themselves. */
static tb_span own_line(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                        int64_t count)
{
    int64_t width = layout->extent[layout->rank - 1];
    int64_t begin = query - query % width;
    return tb_axial_has_axis(pattern, layout->rank - 1)
               ? (tb_span){.begin = begin, .end = begin + width}
               : (tb_span){.begin = query, .end = query + count};
}

/* Emit what queries [query, query + count) of one innermost line see together, ascending: the
 * outermost axis up to them, the next one, ..., their line, and back. */
static void emit_run(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                     int64_t count, tb_interval_fn *emit, void *user)
{
    lines l = lines_of(layout, query);
    int last = layout->rank - 1;
    for (int d = 0; d < last; d++) {
        for (int64_t x = l.at[d]; tb_axial_has_axis(pattern, d) && x > 0; x--) {
            emit(query - x * l.pitch[d], query - x * l.pitch[d] + count, user);
        }
    }
    tb_span own = own_line(pattern, layout, query, count);
    emit(own.begin, own.end, user);
    for (int d = last - 1; d >= 0; d--) {
        int64_t after = tb_axial_has_axis(pattern, d) ? layout->extent[d] - 1 - l.at[d] : 0;
        for (int64_t x = 1; x <= after; x++) {
            emit(query + x * l.pitch[d], query + x * l.pitch[d] + count, user);
        }
    }
}

static void row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                tb_interval_fn *emit, void *user)
{
    emit_run(pattern, layout, query, 1, emit, user);
}

static void set_any(int64_t begin, int64_t end, void *user)
{
    tb_bits_set_range(((tb_row_sets *)user)->any, begin, end);
}

static int64_t pairs_of_one(const tb_pattern *pattern, const tb_layout *layout)
{
    int64_t pairs = 1;
    for (int d = 0; d < layout->rank; d++) {
        pairs += tb_axial_has_axis(pattern, d) ? layout->extent[d] - 1 : 0;
    }
    return pairs;
}

/* Line by line: several queries of a line have in common what they see of it. */
static int64_t unite(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                     int64_t count, tb_row_sets *sets)
{
    int64_t width = layout->extent[layout->rank - 1];
    bool is_along = tb_axial_has_axis(pattern, layout->rank - 1);
    for (int64_t at = query; at < query + count;) {
        int64_t run = tb_min(query + count - at, width - at % width);
        emit_run(pattern, layout, at, run, set_any, sets);
        if (!sets->none_for_all) {
            tb_row_sink sink = {.sets = sets};
            if (run == 1) {
                emit_run(pattern, layout, at, 1, tb_row_sink_add, &sink);
            } else if (is_along) {
                tb_span own = own_line(pattern, layout, at, run);
                tb_row_sink_add(own.begin, own.end, &sink);
            }
            tb_row_sets_meet(sets);
        }
        at += run;
    }
    return count * pairs_of_one(pattern, layout);
}

static bool is_causal(const tb_pattern *pattern, const tb_layout *layout)
{
    return pairs_of_one(pattern, layout) == 1;
}

const tb_pattern_type tb_pattern_axial = {
    .name = "axial",
    .summary = "the lines through the query along some axes: its row, its column (rank 2 and more)",
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof *parameters,
    .check = check,
    .row = row,
    .unite = unite,
    .is_causal = is_causal,
};
