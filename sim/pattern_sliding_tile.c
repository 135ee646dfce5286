/* sliding-tile: the queries of a tile see a window of whole tiles around it, moved back into the
 * layout at its ends. Sliding Tile Attention (arXiv 2502.04507) sec. 3: gna whose stride is the
 * tile. */
#include "checked.h"
#include "pattern_types.h"

enum { WINDOW, TILE };

static const tb_pattern_parameter parameters[] = {
    {"window", "tokens a dimension: an odd number of tiles, or the whole axis", TB_PARAMETER_LIST,
     true, 1, INT64_MAX, 0},
    {"tile", "tokens a dimension of a tile; they divide the layout", TB_PARAMETER_LIST, true, 1,
     INT64_MAX, 0},
};

static tb_status check_dim(int64_t window, int64_t tile, int64_t extent, int dim, tb_error *err)
{
    if (extent % tile != 0) {
        return tb_fail(
            err, TB_EINVAL,
            "sliding tiles of %lld in dimension %d of %lld tokens; a tile must divide it",
            (long long)tile, dim + 1, (long long)extent);
    }
    if (window == extent || (window < extent && window % tile == 0 && window / tile % 2 == 1)) {
        return TB_OK;
    }
    return tb_fail(err, TB_EINVAL,
                   "a window of %lld with sliding tiles of %lld in dimension %d of %lld tokens; it "
                   "must be an odd number of tiles, or the whole axis",
                   (long long)window, (long long)tile, dim + 1, (long long)extent);
}

static tb_status check(const tb_pattern *pattern, const tb_layout *layout, tb_error *err)
{
    const tb_parameter_value *window = &pattern->value[WINDOW], *tile = &pattern->value[TILE];
    if (window->count != (size_t)layout->rank || tile->count != (size_t)layout->rank) {
        return tb_fail(err, TB_EINVAL,
                       "a sliding-tile pattern with a window of %zu and a tile of %zu entries over "
                       "%d %s; one a dimension",
                       window->count, tile->count, layout->rank,
                       layout->rank == 1 ? "dimension" : "dimensions");
    }
    tb_status status = TB_OK;
    for (int d = 0; status == TB_OK && d < layout->rank; d++) {
        status = check_dim(window->list[d], tile->list[d], layout->extent[d], d, err);
    }
    return status;
}

static tb_pattern as_gna(const tb_pattern *pattern, const tb_layout *layout)
{
    tb_pattern gna = tb_pattern_default();
    gna.kind = TB_PATTERN_GNA;
    for (int d = 0; d < layout->rank; d++) {
        gna.window[d] = pattern->value[WINDOW].list[d];
        gna.stride[d] = tb_min(pattern->value[TILE].list[d], gna.window[d]);
    }
    return gna;
}

static void row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                tb_interval_fn *emit, void *user)
{
    tb_pattern gna = as_gna(pattern, layout);
    tb_pattern_gna.row(&gna, layout, query, emit, user);
}

static int64_t unite(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                     int64_t count, tb_row_sets *sets)
{
    tb_pattern gna = as_gna(pattern, layout);
    return tb_pattern_gna.unite(&gna, layout, query, count, sets);
}

static bool dim_rule(const tb_pattern *pattern, const tb_layout *layout, int dim, int64_t length,
                     tb_dim_rule *rule)
{
    tb_pattern gna = as_gna(pattern, layout);
    return tb_pattern_gna.dim_rule(&gna, layout, dim, length, rule);
}

static bool flat_rule(const tb_pattern *pattern, const tb_layout *layout, tb_dim_rule *rule)
{
    tb_pattern gna = as_gna(pattern, layout);
    return tb_pattern_gna.flat_rule(&gna, layout, rule);
}

static bool is_causal(const tb_pattern *pattern, const tb_layout *layout)
{
    tb_pattern gna = as_gna(pattern, layout);
    return tb_pattern_gna.is_causal(&gna, layout);
}

const tb_pattern_type tb_pattern_sliding_tile = {
    .name = "sliding-tile",
    .summary = "a window of whole tiles around the query's tile, inside the layout (STA)",
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof *parameters,
    .is_by_dimension = true,
    .check = check,
    .row = row,
    .unite = unite,
    .dim_rule = dim_rule,
    .flat_rule = flat_rule,
    .is_causal = is_causal,
};
