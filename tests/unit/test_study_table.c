/* Tables of studies: whose they are, what --restart may drop, when rows are there to stay. */
#include "study_run.h"

#include "test_support.h"

#include <stdlib.h>
#include <string.h>

static const char suite[] = "schema: tilebound/suite/1\n"
                            "name: results\n"
                            "problems:\n"
                            "  - name: a\n"
                            "    problem: {layout: [72, 96]}\n"
                            "    pattern: {kind: gna, window: [5, 7]}\n"
                            "    cross: {problem.heads: {from: 1, to: 40}}\n";

static tb_study *load_text(const char *text)
{
    tb_study_options none = {0};
    tb_study *study = NULL;
    tb_error err;
    const char *path = tb_test_file("suite.yaml", text, strlen(text));
    tb_assert_ok(tb_study_load(path, &none, &study, &err), &err);
    return study;
}

static tb_status open_it(const char *path, const tb_study *study, bool restart, tb_error *err)
{
    tb_study_store *store = NULL;
    tb_status status = tb_study_store_open(path, study, "test", restart, &store, err);
    tb_study_store_close(store);
    return status;
}

static void run_sql(const char *path, const char *sql)
{
    tb_database *database = NULL;
    tb_error err;
    tb_assert_ok(tb_database_open(path, true, &database, &err), &err);
    tb_assert_ok(tb_database_run(database, sql, &err), &err);
    tb_database_close(database);
}

static int64_t count(const char *path, const char *sql)
{
    tb_database *database = NULL;
    tb_statement *statement = NULL;
    bool has_row;
    tb_error err;
    tb_assert_ok(tb_database_open(path, false, &database, &err), &err);
    tb_assert_ok(tb_database_prepare(database, sql, &statement, &err), &err);
    tb_assert_ok(tb_statement_step(statement, &has_row, &err), &err);
    assert_true(has_row);
    int64_t value = tb_statement_cell(statement, 0).integer;
    tb_statement_destroy(statement);
    tb_database_close(database);
    return value;
}

static void table__of_another_program_is_never_dropped(void **state)
{
    (void)state;
    const char *path = tb_test_path("other.db");
    tb_study *study = load_text(suite);
    tb_error err;
    run_sql(path, "CREATE TABLE Results (a); INSERT INTO Results VALUES (7), (72)");
    for (int restart = 0; restart < 2; restart++) {
        tb_assert_fails(open_it(path, study, restart == 1, &err), &err, TB_EINVAL,
                        "has a table 'Results', which is not of study 'results'");
        assert_int_equal(count(path, "SELECT sum(a) FROM Results"), 79);
    }
    tb_study_destroy(study);
}

/* SQL takes Results and results for one table; the studies keep their rows. */
static void table__of_a_study_whose_name_differs_in_case_is_left_alone(void **state)
{
    (void)state;
    const char *path = tb_test_path("case.db");
    tb_study *study = load_text(suite);
    tb_error err;
    tb_assert_ok(open_it(path, study, false, &err), &err);
    tb_study_destroy(study);
    const char *other = tb_test_variant("other.yaml", suite, "name: results", "name: Results");
    tb_study_options none = {0};
    tb_assert_ok(tb_study_load(other, &none, &study, &err), &err);
    tb_assert_fails(open_it(path, study, true, &err), &err, TB_EINVAL, "a table 'results'");
    assert_int_equal(count(path, "SELECT count(*) FROM tilebound_studies"), 1);
    assert_int_equal(count(path, "SELECT count(*) FROM results"), 0);
    tb_study_destroy(study);
}

static void table__of_a_reserved_name_is_refused_with_its_place(void **state)
{
    static const char *const names[] = {"name: tilebound_studies", "name: SQLITE_x", "name: ''"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *path = tb_test_variant("named.yaml", suite, "name: results", names[i]);
        tb_study_options none = {0};
        tb_study *study = NULL;
        tb_error err;
        tb_assert_fails(tb_study_load(path, &none, &study, &err), &err, TB_EFILE,
                        "is no name for a study's table");
        tb_assert_position(&err, 2, 7);
    }
}

/* What a second program sees while the run goes on: the progress function is called between runs.
 */
typedef struct witness {
    const char *path;
    int64_t calls, behind;
} witness;

static void look(const tb_study_progress *at, void *user, bool *stop)
{
    witness *seen = user;
    (void)stop;
    int64_t there = count(seen->path, "SELECT count(*) FROM results");
    seen->behind += there < at->done;
    seen->calls++;
}

static void rows__are_committed_before_the_next_run_begins(void **state)
{
    (void)state;
    const char *path = tb_test_path("committed.db");
    const char *many =
        tb_test_variant("many.yaml", suite, "to: 40", "to: 20000"); /* longer than a second */
    static const tb_ranks alone = {.size = 1};
    tb_study_options none = {0};
    tb_study *study = NULL;
    tb_study_store *store = NULL;
    tb_error err;
    witness seen = {.path = path};
    tb_study_run_options options = {.threads = 1, .progress = look, .user = &seen};
    tb_assert_ok(tb_study_load(many, &none, &study, &err), &err);
    tb_assert_ok(tb_study_store_open(path, study, "test", false, &store, &err), &err);
    tb_assert_ok(tb_study_run(study, store, &alone, &options, NULL, &err), &err);
    tb_study_store_close(store);
    assert_true(seen.calls >= 1);
    assert_int_equal(seen.behind, 0);
    tb_study_destroy(study);
}

TB_TESTS(cmocka_unit_test(table__of_another_program_is_never_dropped),
         cmocka_unit_test(table__of_a_study_whose_name_differs_in_case_is_left_alone),
         cmocka_unit_test(table__of_a_reserved_name_is_refused_with_its_place),
         cmocka_unit_test(rows__are_committed_before_the_next_run_begins));
