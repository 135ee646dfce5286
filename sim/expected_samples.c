/* Expectations by counting instances: Monte Carlo over seeds. */
#include "checked.h"
#include "expected_parts.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#define BUDGET_NS     4e8 /* of all samples: a million tokens in under a second, on a slow core too */
#define LEAST_Q_TILES 32

/* Instances differ by their seeds; those of parts (union, intersection) go along. */
#define PARTS_IN_ALL 32

typedef struct seeded {
    tb_pattern pattern[PARTS_IN_ALL];
    int count;
} seeded;

static tb_pattern *seed_pattern(seeded *copies, const tb_pattern *pattern, uint64_t more)
{
    if (copies->count == PARTS_IN_ALL) {
        return NULL;
    }
    tb_pattern *copy = &copies->pattern[copies->count++];
    *copy = *pattern;
    copy->seed += more;
    for (int i = 0; i < pattern->parts; i++) {
        copy->part[i] = seed_pattern(copies, pattern->part[i], more);
        if (copy->part[i] == NULL) {
            return NULL;
        }
    }
    return copy;
}

static tb_draw_costs costs_of_kept(const tb_kept *kept, const tb_span_form *form)
{
    double rows = (double)(form->q_tile / kept->block_q + 1), columns = (double)kept->columns;
    double drawn =
        kept->by_count ? 25 * (double)(kept->keep + kept->sink + kept->local) : 2 * columns;
    return (tb_draw_costs){.per_q_tile = rows * drawn + 2 * columns,
                           .apart = tb_ceil_div(kept->block_q, form->q_tile)};
}

static tb_draw_costs costs_of_slashes(const tb_pattern *pattern, const tb_span_form *form)
{
    double vertical = (double)tb_pattern_integer(pattern, "vertical");
    double runs = (double)tb_pattern_integer(pattern, "slash") /
                  (double)tb_pattern_integer(pattern, "slash_run");
    double rows = (double)(form->q_tile / tb_pattern_integer(pattern, "slash_block") + 2);
    double places = fmin(vertical, (double)form->tokens) + fmin(runs, (double)form->tokens);
    return (tb_draw_costs){.per_q_tile = 10 * rows * places + 1000, .per_instance = 150 * places};
}

/* Sorted, clusters are drawn nearly apart: by how the members of two follow each other. */
static tb_draw_costs costs_of_clusters(const tb_pattern *pattern, const tb_span_form *form)
{
    double tokens = (double)form->tokens;
    int64_t clusters = tb_pattern_integer(pattern, "clusters");
    int64_t neighbours = tb_pattern_integer(pattern, "neighbours");
    double size = tokens / (double)clusters;
    if (tb_pattern_integer(pattern, "sorted") == 0) {
        return (tb_draw_costs){.per_q_tile = 3 * tokens, .per_instance = 40 * tokens};
    }
    bool is_drawn = neighbours > 0 && tb_pattern_integer(pattern, "causal") != 0;
    double seen = fmin((double)neighbours + 1, (double)clusters);
    return (tb_draw_costs){.per_q_tile = 1000 + 2 * seen * (size + (double)form->q_tile),
                           .per_instance = is_drawn ? 40 * tokens : 0,
                           .apart = tb_ceil_div(form->tokens / clusters + 1, form->q_tile)};
}

tb_draw_costs tb_draw_costs_of(const tb_pattern *pattern, const tb_span_form *form)
{
    tb_kept kept;
    if (tb_kept_of(pattern, form->layout, &kept)) {
        return costs_of_kept(&kept, form);
    }
    double queries = (double)form->q_tile;
    if (pattern->kind == TB_PATTERN_VERTICAL_SLASH) {
        return costs_of_slashes(pattern, form);
    }
    if (pattern->kind == TB_PATTERN_CLUSTERED) {
        return costs_of_clusters(pattern, form);
    }
    tb_draw_costs sum = {.per_q_tile = 20000 + 1000 * queries};
    for (int i = 0; i < pattern->parts; i++) {
        tb_draw_costs part = tb_draw_costs_of(pattern->part[i], form);
        sum.per_q_tile += part.per_q_tile;
        sum.per_instance += part.per_instance;
    }
    return sum;
}

/* Query tiles are taken in units that draw together, one of each of `strata` runs of units. */
typedef struct sampling {
    const tb_span_form *form;
    int64_t unit, units, strata;
    uint64_t seed;
} sampling;

/* Sums of one instance, and over instances. */
typedef struct sums {
    double visited, full, pairs, max;
} sums;

static tb_status count_unit(const tb_span_form *form, int64_t first, int64_t end, double weight,
                            tb_spans *spans, sums *out, tb_error *err)
{
    for (int64_t q = first; q < end; q++) {
        tb_span_tile tile;
        tb_status status = tb_span_tile_at(form, q, spans, NULL, NULL, &tile, err);
        if (status != TB_OK) {
            return status;
        }
        out->visited += weight * (double)tile.visited;
        out->full += weight * (double)tile.full;
        out->pairs += weight * (double)tile.pairs;
        out->max = fmax(out->max, (double)tile.visited);
    }
    return TB_OK;
}

/* One instance: of each stratum a unit at random, which stands for all of it. */
static tb_status count_instance(const sampling *s, const tb_pattern *pattern, tb_spans *spans,
                                sums *out, tb_error *err)
{
    tb_span_form form = *s->form;
    form.pattern = pattern;
    *out = (sums){0};
    tb_status status = TB_OK;
    for (int64_t i = 0; status == TB_OK && i < s->strata; i++) {
        int64_t begin = i * s->units / s->strata, end = (i + 1) * s->units / s->strata;
        uint64_t random = tb_instance_random(s->seed, UINT64_C(0x5354524154554d), (uint64_t)i);
        int64_t unit = begin + tb_instance_scale(random, end - begin);
        int64_t q = unit * s->unit;
        status = count_unit(&form, q, tb_min(q + s->unit, form.q_tiles), (double)(end - begin),
                            spans, out, err);
    }
    return status;
}

/* The 97.5 % quantile of Student's t. Source: Abramowitz, Stegun, 26.7.5; 1 and 2 degrees exactly.
 */
static double student(int64_t freedom)
{
    const double z = 1.959963984540054;
    double z2 = z * z, v = (double)freedom;
    if (freedom <= 2) {
        return freedom == 1 ? 12.706204736174698 : 4.302652729749464;
    }
    return z + (z2 + 1) * z / (4 * v) + ((5 * z2 + 16) * z2 + 3) * z / (96 * v * v) +
           (((3 * z2 + 19) * z2 + 17) * z2 - 15) * z / (384 * v * v * v);
}

/* Mean and deviation of a column of sums. */
static tb_moments moments_of(const sums *all, int64_t samples, size_t offset)
{
    double mean = 0, square = 0;
    for (int64_t i = 0; i < samples; i++) {
        mean += *(const double *)((const char *)&all[i] + offset) / (double)samples;
    }
    for (int64_t i = 0; i < samples; i++) {
        double off = *(const double *)((const char *)&all[i] + offset) - mean;
        square += off * off;
    }
    return (tb_moments){.mean = mean, .variance = square / (double)(samples - 1)};
}

/* The interval of the samples' spread about their mean, or about the exact one where that is known,
 * in whole counts. Where units draw apart and one stands for w, the sum of an instance varies 1 / w
 * as much. */
static tb_expectation expect(const sums *all, int64_t samples, size_t offset, double shrink,
                             const tb_moments *exact, double most)
{
    tb_moments m = moments_of(all, samples, offset);
    double mean = exact == NULL ? m.mean : exact->mean;
    double spread = student(samples - 1) * sqrt(m.variance * shrink * (1 + 1 / (double)samples));
    if (m.variance <= 0) {
        bool is_whole = fabs(mean - round(mean)) < 1e-9 * fmax(mean, 1);
        return (tb_expectation){.mean = mean,
                                .low = is_whole ? mean : floor(mean),
                                .high = is_whole ? mean : ceil(mean)};
    }
    return (tb_expectation){.mean = mean,
                            .low = fmax(floor(mean - spread), 0),
                            .high = fmin(ceil(mean + spread), most)};
}

static void take_sums(const sums *all, int64_t samples, double shrink, const sums *most,
                      const tb_kept_moments *exact, tb_expected_census *out)
{
    const tb_moments *visited = exact == NULL ? NULL : &exact->visited;
    const tb_moments *full = exact == NULL ? NULL : &exact->full;
    const tb_moments *pairs = exact == NULL ? NULL : &exact->pairs;
    out->visited = expect(all, samples, offsetof(sums, visited), shrink, visited, most->visited);
    out->full = expect(all, samples, offsetof(sums, full), shrink, full, most->full);
    out->visible_pairs = expect(all, samples, offsetof(sums, pairs), shrink, pairs, most->pairs);
    out->max = expect(all, samples, offsetof(sums, max), 1, NULL, most->max);
    out->samples = samples;
}

static sampling plan(const tb_span_form *form, const tb_draw_costs *costs, int64_t samples)
{
    sampling s = {.form = form, .unit = tb_max(costs->apart, 1)};
    s.unit = tb_min(s.unit, form->q_tiles);
    s.units = tb_ceil_div(form->q_tiles, s.unit);
    double each = BUDGET_NS / (double)samples - costs->per_instance;
    double strata = each / costs->per_q_tile / (double)s.unit;
    double least = LEAST_Q_TILES / (double)s.unit + 1;
    s.strata = tb_min((int64_t)fmin(fmax(strata, least), 1e15), s.units);
    return s;
}

tb_status tb_expect_by_samples(const tb_pattern *pattern, const tb_span_form *form, int64_t samples,
                               const tb_kept_moments *exact, tb_expected_census *out, tb_error *err)
{
    tb_draw_costs costs = tb_draw_costs_of(pattern, form);
    sampling s = plan(form, &costs, samples);
    sums *all = samples < 2 ? NULL : calloc((size_t)samples, sizeof *all);
    tb_spans spans = {0};
    tb_status status =
        all != NULL ? TB_OK
                    : tb_fail(err, TB_ENOMEM, "no memory for %lld samples", (long long)samples);
    for (int64_t i = 0; status == TB_OK && i < samples; i++) {
        seeded copies = {.count = 0};
        s.seed = pattern->seed + (uint64_t)i;
        tb_pattern *instance = seed_pattern(&copies, pattern, (uint64_t)i);
        status = instance != NULL
                     ? count_instance(&s, instance, &spans, &all[i], err)
                     : tb_fail(err, TB_EINVAL, "a pattern of more than %d parts; use fewer",
                               PARTS_IN_ALL);
    }
    if (status == TB_OK) {
        double tiles = (double)form->q_tiles * (double)form->kv_tiles;
        sums most = {.visited = tiles,
                     .full = tiles,
                     .pairs = (double)form->tokens * (double)form->tokens,
                     .max = (double)form->kv_tiles};
        double shrink = costs.apart > 0 ? (double)s.strata / (double)s.units : 1;
        take_sums(all, samples, shrink, &most, exact, out);
        out->q_tiles_counted = tb_min(s.strata * s.unit, form->q_tiles);
    }
    tb_spans_free(&spans);
    free(all);
    return status;
}

tb_status tb_expect_by_census(const tb_problem *problem, const tb_pattern *pattern,
                              const tb_tiling *tiling, int64_t samples, tb_expected_census *out,
                              tb_error *err)
{
    sums *all = calloc((size_t)samples, sizeof *all);
    tb_census census = {0};
    tb_status status =
        all != NULL ? TB_OK
                    : tb_fail(err, TB_ENOMEM, "no memory for %lld samples", (long long)samples);
    for (int64_t i = 0; status == TB_OK && i < samples; i++) {
        seeded copies = {.count = 0};
        tb_pattern *instance = seed_pattern(&copies, pattern, (uint64_t)i);
        status = instance != NULL
                     ? tb_census_count(problem, instance, tiling, NULL, &census, err)
                     : tb_fail(err, TB_EINVAL, "a pattern of more than %d parts; use fewer",
                               PARTS_IN_ALL);
        all[i] = (sums){.visited = (double)census.visited,
                        .full = (double)census.full,
                        .pairs = (double)census.visible_pairs,
                        .max = (double)census.max};
    }
    if (status == TB_OK) {
        double tiles = (double)census.q_tiles * (double)census.kv_tiles;
        sums most = {.visited = tiles,
                     .full = tiles,
                     .pairs = (double)census.dense_pairs,
                     .max = (double)census.kv_tiles};
        take_sums(all, samples, 1, &most, NULL, out);
        out->q_tiles_counted = census.q_tiles;
    }
    free(all);
    return status;
}
