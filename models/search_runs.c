/* Runs of tokens (single-dim tiling) of layouts with several dimensions: what a search knows of
 * them without a census, and their census. */
#include "search_parts.h"

#include "census.h"
#include "checked.h"

#define MOST_COUNTED 2000 /* censuses; each some 10 ms for 4,096 tokens, 0.3 s for 100,000 */

tb_search_product tb_search_runs_at_least(const tb_search_shape *shape,
                                          const tb_search_product *tokens)
{
    int64_t n = tb_layout_tokens(&shape->problem.layout);
    int64_t q_tiles = tb_ceil_div(n, shape->q_tokens);
    int64_t least = tb_ceil_div(tokens->least, shape->kv_tokens);
    int64_t in_all = tb_ceil_div(tokens->visited, shape->q_tokens * shape->kv_tokens);
    int64_t visited = tb_max(q_tiles * least, in_all);
    return (tb_search_product){
        .visited = visited,
        .unmasked = visited,
        .least = least,
        .most = least,
        .visible = tokens->visible,
        .q_tiles = q_tiles,
        .kv_tiles = tb_ceil_div(n, shape->kv_tokens),
        .launched = q_tiles,
        .whole_kv_tiles = n / shape->kv_tokens,
        .stride = tokens->stride,
    };
}

tb_status tb_search_runs_count(const tb_search_walk *walk, tb_search_row *row, bool *is_counted,
                               tb_error *err)
{
    const tb_search_space *space = walk->space;
    const tb_search_shape *shape = &walk->shapes[row->shape];
    int64_t most = space->max_counted > 0 ? space->max_counted : MOST_COUNTED;
    tb_pattern pattern = tb_search_pattern(space, row);
    tb_census census;
    *is_counted = false;
    if (walk->tally->counted == most) {
        walk->tally->is_proven = false;
        return TB_OK;
    }
    tb_status status =
        tb_census_count(&shape->problem, &pattern, shape->tiling, NULL, &census, err);
    if (status != TB_OK) {
        return status;
    }
    walk->tally->counted++;
    row->visited = census.visited;
    row->tile_speedup = shape->baseline_tiles / (double)census.visited;
    *is_counted = !tb_search_needs_full(space) || census.full == census.visited;
    if (space->goal == TB_SEARCH_BOUND) {
        row->cost = (double)census.visited / shape->baseline_tiles;
    }
    return TB_OK;
}
