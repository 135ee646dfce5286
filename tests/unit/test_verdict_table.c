/* The table of verdicts: read, looked up, written back; what is wrong with a broken one. */
#include "test_support.h"
#include "verdict_table.h"

#include <math.h>
#include <string.h>

static const char table_text[] =
    "mechanism,claim,metric,verdict,bound_min,bound_max\n"
    "gna,1,\"speedup, end to end\",not decided by attention cost alone,1.5,95.81\n"
    "gna,2,utilisation,not decided by attention cost alone,,\n"
    "sale,1,speedup,possible,2.5,2.5\n"
    "zipvl,1,speedup,needs more than the tiles allow,1.25,3\n";

static tb_verdict_table *read_text(void)
{
    tb_error err;
    tb_verdict_table *table = NULL;
    const char *path = tb_test_file("verdicts.csv", table_text, sizeof table_text - 1);
    tb_assert_ok(tb_verdict_table_read(path, &table, &err), &err);
    return table;
}

static void rows__are_found_by_mechanism_and_number(void **state)
{
    (void)state;
    tb_verdict_table *table = read_text();
    const tb_verdict_row *first = tb_verdict_table_find(table, "gna", 1);
    const tb_verdict_row *second = tb_verdict_table_find(table, "gna", 2);
    const tb_verdict_row *last = tb_verdict_table_find(table, "zipvl", 1);
    assert_int_equal(table->count, 4);
    assert_non_null(first);
    assert_string_equal(first->metric, "speedup, end to end");
    assert_int_equal(first->verdict, TB_CLAIM_NOT_DECIDED);
    tb_assert_close(first->bound_max, 95.81, 1e-15);
    assert_true(isnan(second->bound_min));
    assert_int_equal(last->verdict, TB_CLAIM_NEEDS_MORE);
    assert_null(tb_verdict_table_find(table, "gna", 3));
    assert_null(tb_verdict_table_find(table, "fna", 1));
    tb_verdict_table_destroy(table);
}

static void lines__are_read_as_they_were_written(void **state)
{
    (void)state;
    tb_verdict_table *table = read_text();
    tb_buffer text = {0};
    tb_verdict_table_head(&text);
    for (size_t i = 0; i < table->count; i++) {
        const tb_verdict_row *row = &table->rows[i];
        tb_claim claim = {.metric = row->metric};
        tb_judgement j = {
            .claim = &claim,
            .has_bound = !isnan(row->bound_min),
            .verdict = row->verdict,
            .range = {.bound_min = row->bound_min, .bound_max = row->bound_max},
        };
        tb_verdict_table_line(row->mechanism, row->number, &j, &text);
    }
    assert_string_equal(text.data, table_text);
    tb_buffer_free(&text);
    tb_verdict_table_destroy(table);
}

static tb_status load_and_drop(const char *path, tb_error *err)
{
    tb_verdict_table *table = NULL;
    tb_status status = tb_verdict_table_read(path, &table, err);
    tb_verdict_table_destroy(table);
    return status;
}

static void broken_tables__are_refused_at_their_place(void **state)
{
    (void)state;
    static const tb_test_refusal refusals[] = {
        {"claim,metric", "number,metric", "column 2 of a table of verdicts is 'claim'", 1, 11},
        {"gna,2,", "gna,0,", "'0' is no claim", 3, 5},
        {"gna,2,", "gna,x,", "'x' is no claim", 3, 5},
        {"possible,2.5", "likely,2.5", "'likely' is no verdict", 4, 16},
        {"1.25,3", "high,3", "'high' is no bound", 5, 49},
    };
    tb_test_refusals("verdicts.csv", table_text, refusals, sizeof refusals / sizeof *refusals,
                     load_and_drop);
}

static void absent_table__is_named(void **state)
{
    (void)state;
    tb_error err;
    tb_assert_fails(load_and_drop(tb_test_path("none.csv"), &err), &err, TB_EFILE, "No such file");
}

TB_TESTS(cmocka_unit_test(rows__are_found_by_mechanism_and_number),
         cmocka_unit_test(lines__are_read_as_they_were_written),
         cmocka_unit_test(broken_tables__are_refused_at_their_place),
         cmocka_unit_test(absent_table__is_named));
