/* Censuses and bounds of many kinds of problem, as they were when they were last looked at. The
 * table's first columns are the problem; TB_UPDATE_GOLDEN=1 writes the others anew. Rows that are
 * small enough are enumerated too, also when they are written. */
#include "golden_table.h"
#include "sim_case.h"
#include "test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENUMERATED_TOKENS 1000
#define FIRST_RESULT      "q_tiles"
#define MOST_RESULTS      24

typedef struct cell {
    const char *column;
    bool is_exact; /* an integer */
    char text[32];
} cell;

typedef struct results {
    cell cells[MOST_RESULTS];
    int count;
} results;

static void add_integer(results *out, const char *column, int64_t value)
{
    assert_true(out->count < MOST_RESULTS);
    cell *c = &out->cells[out->count++];
    c->column = column;
    c->is_exact = true;
    (void)snprintf(c->text, sizeof c->text, "%lld", (long long)value);
}

static void add_number(results *out, const char *column, double value)
{
    assert_true(out->count < MOST_RESULTS);
    cell *c = &out->cells[out->count++];
    c->column = column;
    (void)snprintf(c->text, sizeof c->text, "%.17g", value);
}

/* An explicit mask that any language can say: bit (r, c) is set iff (r r + 3 c) mod 11 < 3, and in
 * no row of r mod 13 = 5. */
static void make_mask(tb_sim_case *c, const tb_golden_table *table, int row)
{
    int64_t block[TB_MAX_RANK], tokens = tb_layout_tokens(&c->problem.layout);
    assert_int_equal(tb_golden_sizes(table, row, "mask_block", block), 2);
    tb_error err;
    tb_assert_ok(tb_bit_matrix_create((tokens + block[0] - 1) / block[0],
                                      (tokens + block[1] - 1) / block[1], &c->mask, &err),
                 &err);
    for (int64_t r = 0; r < c->mask->rows; r++) {
        for (int64_t k = 0; k < c->mask->cols; k++) {
            if (r % 13 != 5 && (r * r + 3 * k) % 11 < 3) {
                tb_bits_set(tb_bit_matrix_row(c->mask, r), k);
            }
        }
    }
    c->pattern.mask = c->mask;
    c->pattern.mask_block_q = block[0];
    c->pattern.mask_block_kv = block[1];
}

static void read_pattern(const tb_golden_table *table, int row, tb_sim_case *c)
{
    const char *kinds[TB_PATTERN_FIELD_KINDS];
    for (int k = 0; k < TB_PATTERN_FIELD_KINDS; k++) {
        kinds[k] = tb_pattern_types[k]->name;
    }
    tb_pattern *p = &c->pattern;
    p->kind = (tb_pattern_kind)tb_golden_name(table, row, "kind", kinds, TB_PATTERN_FIELD_KINDS);
    p->left = tb_golden_integer(table, row, "left");
    p->right = tb_golden_integer(table, row, "right");
    if (p->kind == TB_PATTERN_EXPLICIT) {
        make_mask(c, table, row);
    } else if (p->kind == TB_PATTERN_GNA) {
        int64_t causal[TB_MAX_RANK];
        int rank = c->problem.layout.rank;
        assert_int_equal(tb_golden_sizes(table, row, "window", p->window), rank);
        assert_int_equal(tb_golden_sizes(table, row, "stride", p->stride), rank);
        assert_int_equal(tb_golden_sizes(table, row, "dilation", p->dilation), rank);
        assert_int_equal(tb_golden_sizes(table, row, "causal", causal), rank);
        for (int d = 0; d < rank; d++) {
            p->causal[d] = causal[d] != 0;
        }
    }
}

static tb_sim_case read_case(const tb_golden_table *table, int row)
{
    tb_sim_case c = {.problem = tb_problem_default(), .pattern = tb_pattern_default()};
    tb_tiling *t = &c.tiling;
    c.problem.layout.rank = tb_golden_sizes(table, row, "layout", c.problem.layout.extent);
    c.problem.extra_kv = tb_golden_integer(table, row, "extra_kv");
    c.problem.extra_q = tb_golden_integer(table, row, "extra_q");
    c.problem.pass = (tb_pass)tb_golden_name(table, row, "pass", tb_pass_names, TB_PASS_COUNT);
    t->kind = (tb_tiling_kind)tb_golden_name(table, row, "tiling", tb_tiling_kind_names,
                                             TB_TILING_KIND_COUNT);
    t->kv_tiling = (tb_kv_tiling)tb_golden_name(table, row, "kv_tiling", tb_kv_tiling_names,
                                                TB_KV_TILING_COUNT);
    t->order = (tb_token_order)tb_golden_name(table, row, "order", tb_token_order_names,
                                              TB_TOKEN_ORDER_COUNT);
    tb_golden_sizes(table, row, "q_tile", t->q_tile);
    tb_golden_sizes(table, row, "kv_tile", t->kv_tile);
    read_pattern(table, row, &c);
    return c;
}

static void add_census(const tb_census *census, results *out)
{
#define ADD(field) add_integer(out, #field, census->field)
    ADD(q_tiles);
    ADD(launched_q_tiles);
    ADD(kv_tiles);
    ADD(visited);
    ADD(full);
    ADD(visible_pairs);
    ADD(dense_pairs);
    ADD(real_pairs);
    ADD(min);
    ADD(max);
    ADD(kv_min);
    ADD(kv_max);
    ADD(closed_form);
#undef ADD
}

static void add_bound(const tb_bound *bound, results *out)
{
#define ADD(field) add_number(out, #field, bound->field)
    add_integer(out, "baseline_tiles", bound->baseline_tiles);
    ADD(flop_speedup);
    ADD(tile_speedup);
    ADD(tile_speedup_worst);
    ADD(sparsity);
    ADD(padding_waste);
    ADD(mask_waste);
    ADD(waste);
#undef ADD
}

static results simulate(const tb_sim_case *c)
{
    results out = {.count = 0};
    tb_census census;
    tb_bound bound;
    tb_error err;
    tb_assert_ok(tb_census_count(&c->problem, &c->pattern, &c->tiling, NULL, &census, &err), &err);
    tb_assert_ok(tb_bound_compute(&c->problem, &c->pattern, &c->tiling, &census, TB_BASELINE_SELF,
                                  &bound, &err),
                 &err);
    add_census(&census, &out);
    add_bound(&bound, &out);
    return out;
}

static void compare(const tb_golden_table *table, int row, const results *found)
{
    for (int i = 0; i < found->count; i++) {
        const cell *c = &found->cells[i];
        double want = tb_golden_number(table, row, c->column), value = strtod(c->text, NULL);
        bool is_same = c->is_exact ? strcmp(c->text, tb_golden_cell(table, row, c->column)) == 0
                                   : value >= want - 1e-9 && value <= want + 1e-9;
        if (!is_same) {
            fail_msg("%s: %s is %s; the table says %s (TB_UPDATE_GOLDEN=1 rewrites it)",
                     tb_golden_cell(table, row, "name"), c->column, c->text,
                     tb_golden_cell(table, row, c->column));
        }
    }
}

static bool enumerate(const tb_sim_case *c)
{
    int64_t extra = c->problem.extra_kv + c->problem.extra_q;
    if (tb_layout_tokens(&c->problem.layout) + extra > ENUMERATED_TOKENS) {
        return false;
    }
    (void)tb_sim_case_check(c);
    return true;
}

/* The problem's columns as they are, and the results anew. */
static void write_row(FILE *file, const tb_golden_table *table, int row, const results *found)
{
    for (int c = 0; strcmp(table->cells[c], FIRST_RESULT) != 0; c++) {
        (void)fprintf(file, "%s,", table->cells[(row + 1) * table->columns + c]);
    }
    for (int i = 0; i < found->count; i++) {
        (void)fprintf(file, "%s%c", found->cells[i].text, i + 1 < found->count ? ',' : '\n');
    }
}

static void write_table(const tb_golden_table *table, const results *found)
{
    FILE *file = fopen(TB_SOURCE_DIR "/tests/golden/census.csv", "w");
    assert_non_null(file);
    for (int c = 0; strcmp(table->cells[c], FIRST_RESULT) != 0; c++) {
        (void)fprintf(file, "%s,", table->cells[c]);
    }
    for (int i = 0; i < found[0].count; i++) {
        (void)fprintf(file, "%s%c", found[0].cells[i].column, i + 1 < found[0].count ? ',' : '\n');
    }
    for (int row = 0; row < table->rows; row++) {
        write_row(file, table, row, &found[row]);
    }
    assert_int_equal(fclose(file), 0);
}

static void censuses__are_as_in_the_table(void **state)
{
    (void)state;
    tb_golden_table *table = tb_golden_read("census.csv");
    results *found = calloc((size_t)table->rows, sizeof *found);
    assert_non_null(found);
    int enumerated = 0;
    for (int row = 0; row < table->rows; row++) {
        tb_sim_case c = read_case(table, row);
        found[row] = simulate(&c);
        enumerated += enumerate(&c);
        if (!tb_golden_is_update()) {
            compare(table, row, &found[row]);
        }
        tb_sim_case_free(&c);
    }
    if (tb_golden_is_update()) {
        write_table(table, found);
    }
    print_message("%d problems, %d of them enumerated\n", table->rows, enumerated);
    free(found);
    tb_golden_free(table);
}

TB_TESTS(cmocka_unit_test(censuses__are_as_in_the_table));
