/* Predicates of the kinds from sink-local on, as their papers and docs/patterns.md state them. */
#include "oracle.h"

#include "test_support.h"

static int64_t value_of(const tb_pattern *pattern, const char *name)
{
    return tb_pattern_integer(pattern, name);
}

static const tb_parameter_value *list_of(const tb_pattern *pattern, const char *name)
{
    int index = tb_pattern_parameter_index(pattern->kind, name);
    assert_true(index >= 0);
    return &pattern->value[index];
}

static int64_t distance(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

static bool strided_sees(const tb_pattern *p, int64_t query, int64_t key)
{
    bool is_near = distance(query, key) < value_of(p, "window");
    bool is_column = distance(query, key) % value_of(p, "stride") == 0;
    return (is_near || is_column) && (value_of(p, "causal") == 0 || key <= query);
}

static bool fixed_sees(const tb_pattern *p, int64_t query, int64_t key)
{
    int64_t segment = value_of(p, "segment");
    bool is_summary = key % segment >= segment - value_of(p, "summary");
    return key <= query && (key / segment == query / segment || is_summary);
}

static bool global_local_sees(const tb_pattern *p, int64_t query, int64_t key)
{
    int64_t block = value_of(p, "block"), global = value_of(p, "global");
    int64_t i = query / block, j = key / block;
    bool is_seen = i < global || j < global || distance(i, j) <= value_of(p, "window");
    return is_seen && (value_of(p, "causal") == 0 || key <= query);
}

static bool sharded_sees(const tb_pattern *p, int64_t query, int64_t key)
{
    int64_t block = value_of(p, "block"), i = query / block, j = key / block;
    bool is_column = (j + value_of(p, "head") + 1) % value_of(p, "vert_stride") == 0;
    return key <= query && (i - j < value_of(p, "local_blocks") || is_column);
}

static int64_t document_of(const tb_pattern *p, int64_t token)
{
    const tb_parameter_value *list = list_of(p, "cu_seqlens");
    int64_t document = 0;
    if (!list->given) {
        return token / value_of(p, "length");
    }
    while (list->list[document + 1] <= token) {
        document++;
    }
    return document;
}

static bool document_sees(const tb_pattern *p, int64_t query, int64_t key)
{
    return document_of(p, query) == document_of(p, key) &&
           (value_of(p, "causal") == 0 || key <= query);
}

/* Both differ in one coordinate at most, and that is of one of the axes. */
static bool axial_sees(const tb_layout *layout, const tb_pattern *p, int64_t query, int64_t key)
{
    const tb_parameter_value *axes = list_of(p, "axes");
    int different = 0;
    bool is_axis = true;
    for (int d = layout->rank - 1; d >= 0; d--) {
        if (query % layout->extent[d] != key % layout->extent[d]) {
            different++;
            is_axis = !axes->given;
            for (size_t i = 0; axes->given && i < axes->count; i++) {
                is_axis = is_axis || axes->list[i] == d + 1;
            }
        }
        query /= layout->extent[d];
        key /= layout->extent[d];
    }
    return different == 0 || (different == 1 && is_axis);
}

/* Tiles are counted; the center of the query's window is moved inside, as in STA's masks. */
static bool sliding_tile_sees(const tb_layout *layout, const tb_pattern *p, int64_t query,
                              int64_t key)
{
    for (int d = layout->rank - 1; d >= 0; d--) {
        int64_t extent = layout->extent[d], window = list_of(p, "window")->list[d];
        int64_t tile = list_of(p, "tile")->list[d], tiles = extent / tile;
        int64_t center = query % extent / tile, other = key % extent / tile;
        int64_t half = window / tile / 2;
        center = center < half ? half : center;
        center = center > tiles - 1 - half ? tiles - 1 - half : center;
        if (window != extent && distance(center, other) > half) {
            return false;
        }
        query /= extent;
        key /= extent;
    }
    return true;
}

static bool combined_sees(const tb_problem *problem, const tb_pattern *p, int64_t query,
                          int64_t key)
{
    int seeing = 0;
    for (int i = 0; i < p->parts; i++) {
        seeing += tb_oracle_sees(problem, p->part[i], query, key);
    }
    return p->kind == TB_PATTERN_UNION ? seeing > 0 : seeing == p->parts;
}

bool tb_oracle_kind_sees(const tb_problem *problem, const tb_pattern *p, int64_t query, int64_t key)
{
    switch (p->kind) {
    case TB_PATTERN_SINK_LOCAL:
        return key <= query && (key < value_of(p, "sink") || query - key < value_of(p, "local"));
    case TB_PATTERN_STRIDED:
        return strided_sees(p, query, key);
    case TB_PATTERN_FIXED:
        return fixed_sees(p, query, key);
    case TB_PATTERN_GLOBAL_LOCAL:
        return global_local_sees(p, query, key);
    case TB_PATTERN_SHARDED:
        return sharded_sees(p, query, key);
    case TB_PATTERN_PREFIX:
        return key <= query || key < value_of(p, "prefix");
    case TB_PATTERN_DOCUMENT:
        return document_sees(p, query, key);
    case TB_PATTERN_AXIAL:
        return axial_sees(&problem->layout, p, query, key);
    case TB_PATTERN_SLIDING_TILE:
        return sliding_tile_sees(&problem->layout, p, query, key);
    case TB_PATTERN_UNION:
    case TB_PATTERN_INTERSECTION:
        return combined_sees(problem, p, query, key);
    default:
        fail_msg("no predicate of %s", tb_pattern_name(p->kind));
        return false;
    }
}
