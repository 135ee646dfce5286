#include "random_case.h"

#include "checked.h"
#include "test_support.h"

#include <stdio.h>
#include <stdlib.h>

const tb_pattern_kind tb_random_kinds[TB_RANDOM_KINDS] = {
    TB_PATTERN_BLOCK_SPARSE,
    TB_PATTERN_TOPK,
    TB_PATTERN_VERTICAL_SLASH,
    TB_PATTERN_CLUSTERED,
};

void tb_random_case_integer(tb_pattern *pattern, const char *name, int64_t value)
{
    int index = tb_pattern_parameter_index(pattern->kind, name);
    assert_true(index >= 0);
    pattern->value[index].given = true;
    pattern->value[index].integer = value;
}

void tb_random_case_real(tb_pattern *pattern, const char *name, double value)
{
    int index = tb_pattern_parameter_index(pattern->kind, name);
    assert_true(index >= 0);
    pattern->value[index].given = true;
    pattern->value[index].real = value;
}

static void draw_block_sparse(gsl_rng *random, int64_t tokens, tb_pattern *out)
{
    int64_t block_q = tb_test_between(random, 1, 9), block_kv = tb_test_between(random, 1, 9);
    int64_t columns = tb_ceil_div(tokens, block_kv);
    tb_random_case_integer(out, "block_q", block_q);
    tb_random_case_integer(out, "block_kv", block_kv);
    if (tb_test_between(random, 0, 1) == 0) {
        tb_random_case_real(out, "density", 0.05 + 0.6 * gsl_rng_uniform(random));
        if (tb_test_between(random, 0, 1) == 0) {
            tb_random_case_real(out, "decay", gsl_rng_uniform(random));
        }
    } else {
        tb_random_case_integer(out, "topk", tb_test_between(random, 1, columns + 1));
    }
    tb_random_case_integer(out, "causal", tb_test_between(random, 0, 1));
    tb_random_case_integer(out, "sink", tb_test_between(random, 0, 2));
    tb_random_case_integer(out, "local", tb_test_between(random, 0, 2));
}

static void draw_topk(gsl_rng *random, int64_t tokens, tb_pattern *out)
{
    tb_random_case_integer(out, "keys", tb_test_between(random, 1, tokens / 3 + 1));
    tb_random_case_integer(out, "group", tb_test_between(random, 1, 9));
    tb_random_case_integer(out, "causal", tb_test_between(random, 0, 1));
    tb_random_case_integer(out, "sink", tb_test_between(random, 0, 3));
    tb_random_case_integer(out, "local", tb_test_between(random, 0, 5));
}

static void draw_vertical_slash(gsl_rng *random, int64_t tokens, tb_pattern *out)
{
    tb_random_case_integer(out, "vertical", tb_test_between(random, 0, tokens / 3));
    tb_random_case_integer(out, "slash", tb_test_between(random, 1, tokens / 3 + 1));
    tb_random_case_integer(out, "slash_block", tb_test_between(random, 1, 9));
    tb_random_case_integer(out, "slash_run", tb_test_between(random, 1, 9));
    tb_random_case_integer(out, "first", tb_test_between(random, 0, 3));
    tb_random_case_integer(out, "near", tb_test_between(random, 0, 5));
}

static void draw_clustered(gsl_rng *random, int64_t tokens, tb_pattern *out)
{
    int64_t most = tokens < 12 ? tokens : 12;
    tb_random_case_integer(out, "clusters", tb_test_between(random, 1, most));
    tb_random_case_integer(out, "neighbours", tb_test_between(random, 0, 2));
    tb_random_case_integer(out, "causal", tb_test_between(random, 0, 1));
    tb_random_case_integer(out, "sorted", tb_test_between(random, 0, 1));
}

void tb_random_case_pattern(gsl_rng *random, tb_pattern_kind kind, int64_t tokens, tb_pattern *out)
{
    *out = tb_pattern_default();
    out->kind = kind;
    out->seed = (uint64_t)tb_test_between(random, 0, 1000000);
    switch (kind) {
    case TB_PATTERN_BLOCK_SPARSE:
        draw_block_sparse(random, tokens, out);
        break;
    case TB_PATTERN_TOPK:
        draw_topk(random, tokens, out);
        break;
    case TB_PATTERN_VERTICAL_SLASH:
        draw_vertical_slash(random, tokens, out);
        break;
    default:
        draw_clustered(random, tokens, out);
        break;
    }
}

tb_sim_case tb_random_case(gsl_rng *random, tb_pattern_kind kind)
{
    tb_sim_case c = {.problem = tb_problem_default()};
    tb_status status;
    do {
        /* now and then past the sizes that are shuffled by table */
        int64_t most = tb_test_between(random, 0, 7) == 0 ? 600 : 90;
        int64_t tokens = tb_test_between(random, 1, most);
        c.problem.layout = (tb_layout){.rank = 1, .extent = {tokens}};
        c.problem.extra_kv = tb_test_between(random, 0, 3) == 0 ? tb_test_between(random, 1, 9) : 0;
        c.problem.extra_q = tb_test_between(random, 0, 3) == 0 ? tb_test_between(random, 1, 9) : 0;
        c.tiling = (tb_tiling){.q_tile = {tb_test_between(random, 1, 16)},
                               .kv_tile = {tb_test_between(random, 1, 16)}};
        c.tiling.kind = tb_test_between(random, 0, 1) ? TB_TILING_SINGLE_DIM : TB_TILING_MULTI_DIM;
        tb_random_case_pattern(random, kind, tokens, &c.pattern);
        tb_error err;
        status = tb_pattern_check(&c.pattern, &c.problem.layout, &err);
    } while (status != TB_OK); /* an instance that shows nothing */
    return c;
}

void tb_random_case_print(const tb_sim_case *c)
{
    const tb_pattern_type *type = tb_pattern_types[c->pattern.kind];
    fprintf(stderr,
            "%s over %lld tokens, tiles %lld x %lld, extra %lld x %lld, seed %llu:", type->name,
            (long long)c->problem.layout.extent[0], (long long)c->tiling.q_tile[0],
            (long long)c->tiling.kv_tile[0], (long long)c->problem.extra_q,
            (long long)c->problem.extra_kv, (unsigned long long)c->pattern.seed);
    for (int i = 0; i < type->parameter_count; i++) {
        if (!c->pattern.value[i].given) {
            continue;
        }
        if (type->parameters[i].kind == TB_PARAMETER_REAL) {
            fprintf(stderr, " %s %.17g", type->parameters[i].name, c->pattern.value[i].real);
        } else {
            fprintf(stderr, " %s %lld", type->parameters[i].name,
                    (long long)c->pattern.value[i].integer);
        }
    }
    fputc('\n', stderr);
}

typedef struct row_bytes {
    uint8_t *bytes;
    int64_t tokens, end;
    bool is_sorted;
} row_bytes;

static void set_bytes(int64_t begin, int64_t end, void *user)
{
    row_bytes *row = user;
    row->is_sorted = row->is_sorted && begin >= row->end && begin < end && end <= row->tokens;
    for (int64_t key = begin; row->is_sorted && key < end; key++) {
        row->bytes[key] = 1;
    }
    row->end = end;
}

uint8_t *tb_random_case_rows(const tb_sim_case *c)
{
    int64_t n = tb_layout_tokens(&c->problem.layout);
    uint8_t *rows = calloc((size_t)(n * n), 1);
    assert_non_null(rows);
    for (int64_t q = 0; q < n; q++) {
        row_bytes row = {.bytes = rows + q * n, .tokens = n, .is_sorted = true};
        tb_pattern_row(&c->pattern, &c->problem.layout, q, set_bytes, &row);
        if (!row.is_sorted) {
            tb_random_case_print(c);
            fail_msg("intervals of query %lld are no ascending, disjoint runs", (long long)q);
        }
    }
    return rows;
}

static int64_t pairs_of_tile(const uint8_t *rows, int64_t n, int64_t q, int64_t q_end, int64_t k,
                             int64_t k_end)
{
    int64_t pairs = 0;
    for (int64_t i = q; i < q_end; i++) {
        for (int64_t j = k; j < k_end; j++) {
            pairs += rows[i * n + j];
        }
    }
    return pairs;
}

void tb_random_case_count(const tb_sim_case *c, const uint8_t *rows, tb_census *out)
{
    int64_t n = tb_layout_tokens(&c->problem.layout);
    int64_t q_tile = c->tiling.q_tile[0], kv_tile = c->tiling.kv_tile[0];
    *out = (tb_census){.min = INT64_MAX};
    for (int64_t q = 0; q < n; q += q_tile) {
        int64_t visited = 0, q_end = tb_min(q + q_tile, n);
        for (int64_t k = 0; k < n; k += kv_tile) {
            int64_t pairs = pairs_of_tile(rows, n, q, q_end, k, tb_min(k + kv_tile, n));
            visited += pairs > 0;
            out->full += pairs == (q_end - q) * kv_tile;
            out->visible_pairs += pairs;
        }
        out->visited += visited;
        out->max = tb_max(out->max, visited);
        out->min = tb_min(out->min, visited);
        out->q_tiles++;
    }
}
