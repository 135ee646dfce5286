/* The closed-form census: products over dimensions of sums over dilation groups. */
#include "census_parts.h"
#include "checked.h"
#include "dim_census.h"

/* One dimension, its dilation groups added up. */
typedef struct dim_total {
    int64_t q_tiles, launched_q_tiles, kv_tiles, whole_kv_tiles;
    int64_t visited, full, visible_pairs, real_pairs;
    int64_t min, max;
    int64_t kv_min, kv_max;
} dim_total;

static tb_status overflow(tb_error *err)
{
    return tb_fail(err, TB_EOVERFLOW, "the tiles of this layout pass 2^63 - 1; make it smaller");
}

static tb_dim_tiles tiles_of(const tb_closed_form *form, int d)
{
    return (tb_dim_tiles){.q_tile = form->dim[d].q_tile,
                          .kv_tile = form->dim[d].kv_tile,
                          .kv_tiling = form->tiling->kv_tiling};
}

static bool add_groups(dim_total *total, const tb_dim_census *group, int64_t times)
{
    total->min = tb_min(total->min, group->min);
    total->max = tb_max(total->max, group->max);
    return tb_mul_add_ok(group->q_tiles, times, &total->q_tiles) &&
           tb_mul_add_ok(group->kv_tiles, times, &total->kv_tiles) &&
           tb_mul_add_ok(group->whole_kv_tiles, times, &total->whole_kv_tiles) &&
           tb_mul_add_ok(group->visited, times, &total->visited) &&
           tb_mul_add_ok(group->full, times, &total->full) &&
           tb_mul_add_ok(group->visible_pairs, times, &total->visible_pairs) &&
           tb_mul_add_ok(group->real_pairs, times, &total->real_pairs);
}

/* Fewest and most query tiles that visit a KV tile. What query tiles visit begins and ends ever
 * later, so that the visitors of KV tile k are a run, found with two pointers. */
static void count_visitors(const tb_dim_rule *rule, const tb_dim_tiles *tiles, dim_total *total)
{
    int64_t q_tiles = tb_ceil_div(rule->length, tiles->q_tile);
    int64_t kv_tiles = tb_ceil_div(rule->length, tiles->kv_tile);
    int64_t first = 0, past = 0;
    for (int64_t k = 0; k < kv_tiles; k++) {
        while (first < q_tiles && tb_dim_tile_at(rule, tiles, first).end <= k) {
            first++;
        }
        while (past < q_tiles && tb_dim_tile_at(rule, tiles, past).begin <= k) {
            past++;
        }
        total->kv_min = tb_min(total->kv_min, past - first);
        total->kv_max = tb_max(total->kv_max, past - first);
    }
}

static tb_status count_dim(const tb_closed_form *form, int d, tb_pass pass, dim_total *out,
                           tb_error *err)
{
    tb_dim_tiles tiles = tiles_of(form, d);
    tb_group_class classes[2];
    int count = tb_group_classes(&form->dim[d], classes);
    dim_total total = {.min = INT64_MAX, .kv_min = INT64_MAX};
    for (int c = 0; c < count; c++) {
        tb_dim_rule rule = tb_closed_form_rule(form, d, classes[c].length);
        tb_dim_census group;
        tb_status status = tb_dim_census_count(&rule, &tiles, &group, err);
        if (status != TB_OK) {
            return status;
        }
        if (!add_groups(&total, &group, classes[c].times)) {
            return overflow(err);
        }
        if (pass == TB_PASS_BACKWARD) {
            count_visitors(&rule, &tiles, &total);
        }
    }
    if (!tb_mul_ok(tb_ceil_div(classes[0].length, tiles.q_tile), form->dim[d].dilation,
                   &total.launched_q_tiles)) {
        return overflow(err);
    }
    *out = total;
    return TB_OK;
}

static bool multiply_dim(tb_own_census *own, const dim_total *dim)
{
    tb_census *census = &own->census;
    return tb_mul_ok(census->q_tiles, dim->q_tiles, &census->q_tiles) &&
           tb_mul_ok(census->launched_q_tiles, dim->launched_q_tiles, &census->launched_q_tiles) &&
           tb_mul_ok(census->kv_tiles, dim->kv_tiles, &census->kv_tiles) &&
           tb_mul_ok(own->whole_kv_tiles, dim->whole_kv_tiles, &own->whole_kv_tiles) &&
           tb_mul_ok(census->visited, dim->visited, &census->visited) &&
           tb_mul_ok(census->full, dim->full, &census->full) &&
           tb_mul_ok(census->visible_pairs, dim->visible_pairs, &census->visible_pairs) &&
           tb_mul_ok(census->real_pairs, dim->real_pairs, &census->real_pairs) &&
           tb_mul_ok(census->min, dim->min, &census->min) &&
           tb_mul_ok(census->max, dim->max, &census->max) &&
           tb_mul_ok(census->kv_min, dim->kv_min, &census->kv_min) &&
           tb_mul_ok(census->kv_max, dim->kv_max, &census->kv_max);
}

/* How many tiles the query tiles of one dimension visit. */
static tb_status dim_histogram(const tb_closed_form *form, int d, tb_histogram *out, tb_error *err)
{
    tb_dim_tiles tiles = tiles_of(form, d);
    tb_group_class classes[2];
    int count = tb_group_classes(&form->dim[d], classes);
    for (int c = 0; c < count; c++) {
        tb_dim_rule rule = tb_closed_form_rule(form, d, classes[c].length);
        tb_dim_walk walk = tb_dim_walk_begin(&rule, &tiles);
        tb_dim_tile tile;
        int64_t times, all_times;
        while (tb_dim_walk_next(&walk, &tile, &times)) {
            if (!tb_mul_ok(times, classes[c].times, &all_times)) {
                return overflow(err);
            }
            tb_status status = tb_histogram_add(out, tile.end - tile.begin, all_times, err);
            if (status != TB_OK) {
                return status;
            }
        }
    }
    return TB_OK;
}

static tb_status fill_histogram(const tb_closed_form *form, tb_histogram *out, tb_error *err)
{
    tb_status status = tb_histogram_add(out, 1, 1, err);
    for (int d = 0; status == TB_OK && d < form->dims; d++) {
        tb_histogram dim = {0}, product = {0};
        status = dim_histogram(form, d, &dim, err);
        if (status == TB_OK) {
            status = tb_histogram_multiply(out, &dim, &product, err);
        }
        tb_histogram_free(&dim);
        tb_histogram_free(out);
        *out = product;
    }
    return status;
}

tb_status tb_census_closed(const tb_closed_form *form, const tb_problem *problem,
                           tb_histogram *visited_tiles, tb_own_census *out, tb_error *err)
{
    bool is_backward = problem->pass == TB_PASS_BACKWARD;
    tb_own_census own = {
        .census = {.q_tiles = 1,
                   .launched_q_tiles = 1,
                   .kv_tiles = 1,
                   .visited = 1,
                   .full = 1,
                   .visible_pairs = 1,
                   .real_pairs = 1,
                   .min = 1,
                   .max = 1,
                   .kv_min = is_backward,
                   .kv_max = is_backward,
                   .closed_form = true},
        .whole_kv_tiles = 1,
    };
    for (int d = 0; d < form->dims; d++) {
        dim_total dim = {0};
        tb_status status = count_dim(form, d, problem->pass, &dim, err);
        if (status != TB_OK) {
            return status;
        }
        if (!is_backward) {
            dim.kv_min = 0; /* not counted */
        }
        if (!multiply_dim(&own, &dim)) {
            return overflow(err);
        }
    }
    if (visited_tiles != NULL) {
        tb_status status = fill_histogram(form, visited_tiles, err);
        if (status != TB_OK) {
            return status;
        }
    }
    *out = own;
    return TB_OK;
}
