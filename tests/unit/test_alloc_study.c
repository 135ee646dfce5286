/* Every allocation of loading a study, of its rows, its table and its views fails once: TB_ENOMEM
 * each time, no crash, and (under ASan) no leak. Linked with
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc. SQLite has an allocator of its own. */
#include "failing_alloc.h"
#include "study_run.h"
#include "study_view.h"
#include "test_support.h"

#include <stdio.h>
#include <string.h>

static const char text[] =
    "schema: tilebound/suite/1\n"
    "name: s\n"
    "problems:\n"
    "  - name: a\n"
    "    problem: {layout: [72, 96]}\n"
    "    pattern: {kind: gna, window: [5, 7]}\n"
    "    device: h100-sxm\n"
    "    set: {sm_count: 66}\n"
    "    zip: {pattern.window: [[5, 7], [99, 7]], problem.heads: [2, null]}\n"
    "    cross: {parallel.devices: [2], parallel.method: [ulysses], baseline: [self]}\n"
    "  - name: b\n"
    "    problem: {layout: [96]}\n"
    "    pattern: {kind: explicit, mask: m.pbm, mask_block: [24, 24]}\n"
    "    cross: {problem.dim: {from: 64, to: 128, scale: log}}\n"
    "    sample: {kind: latin, count: 2}\n"
    "  - name: c\n"
    "    mechanism: s2-attention\n"
    "    problem: {layout: [512]}\n"
    "  - name: d\n"
    "    whole_network: flux-1-dev-4k\n"
    "    device: h100-sxm\n"
    "    pattern: {kind: dense}\n";

static const char mask[] = "P1\n4 4\n1 0 0 0\n1 1 0 0\n0 1 1 0\n0 0 1 1\n";
static const char *path;
static tb_study *study;

static tb_status load(tb_error *err)
{
    static const char *const set[] = {"sm_count=70"};
    tb_study_options options = {.device = "a100-80", .set = set, .set_count = 1};
    tb_study *made = NULL;
    tb_status status = tb_study_load(path, &options, &made, err);
    tb_study_destroy(made);
    return status;
}

static void loading_a_study__every_failure_is_reported(void **state)
{
    (void)state;
    tb_test_fail_each("a study", load);
}

static tb_status evaluate(tb_error *err)
{
    tb_study_worker *worker = NULL;
    tb_buffer rows = {0};
    tb_status status = tb_study_worker_create(study, &worker, err);
    for (int64_t p = 0; status == TB_OK && p < study->points; p++) {
        status = tb_study_evaluate(worker, p, &rows, err);
    }
    tb_study_worker_destroy(worker);
    tb_buffer_free(&rows);
    return status;
}

static void evaluating_points__every_failure_is_reported(void **state)
{
    (void)state;
    tb_test_fail_each("points", evaluate);
}

static tb_status keep_and_view(tb_error *err)
{
    static const tb_ranks alone = {.size = 1};
    char database[200];
    tb_study_store *store = NULL;
    tb_study_view *view = NULL;
    tb_study_counts counts;
    tb_study_run_options options = {.threads = 1};
    tb_study_view_options shown = {.group_by = "entry", .columns = "heads", .where = "heads > 1"};
    (void)snprintf(database, sizeof database, "%s.db", path);
    tb_status status = tb_study_store_open(database, study, "test", true, &store, err);
    if (status == TB_OK) {
        status = tb_study_run(study, store, &alone, &options, NULL, err);
    }
    tb_study_store_close(store);
    if (status == TB_OK) {
        status = tb_study_view_open(database, "s", &shown, &view, err);
    }
    if (status == TB_OK) {
        status = tb_study_view_counts(view, &counts, err);
    }
    tb_study_view_close(view);
    return status;
}

static void keeping_and_viewing_rows__every_failure_is_reported(void **state)
{
    (void)state;
    tb_test_fail_each("a table", keep_and_view);
}

static int set_up(void **state)
{
    static const tb_study_options none = {0};
    tb_error err;
    (void)state;
    (void)tb_test_file("m.pbm", mask, sizeof mask - 1);
    path = tb_test_file("suite.yaml", text, sizeof text - 1);
    tb_assert_ok(tb_study_load(path, &none, &study, &err), &err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tb_study_destroy(study);
    return 0;
}

TB_TESTS(cmocka_unit_test_setup_teardown(loading_a_study__every_failure_is_reported, set_up,
                                         tear_down),
         cmocka_unit_test_setup_teardown(evaluating_points__every_failure_is_reported, set_up,
                                         tear_down),
         cmocka_unit_test_setup_teardown(keeping_and_viewing_rows__every_failure_is_reported,
                                         set_up, tear_down));
