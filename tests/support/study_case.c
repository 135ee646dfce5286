#include "study_case.h"

#include "study_view.h"
#include "test_support.h"

#include <stdlib.h>
#include <string.h>

const char tb_test_small_suite[] = "schema: tilebound/suite/1\n"
                                   "name: small\n"
                                   "problems:\n"
                                   "  - name: a\n"
                                   "    problem: {layout: [24, 20], heads: 3, dim: 72}\n"
                                   "    pattern: {kind: gna, window: [3, 5], stride: [1, 1]}\n"
                                   "    tiling: {q_tile: [4, 4], kv_tile: [4, 2]}\n"
                                   "    cross:\n"
                                   "      pattern.window.0: {from: 1, to: 24}\n"
                                   "      pattern.stride.1: {from: 1, to: 5}\n"
                                   "      pattern.stride.0: [1, 2]\n";

tb_study *tb_test_study_load(const char *text, const tb_study_options *options)
{
    static const tb_study_options none = {0};
    tb_study *study = NULL;
    tb_error err;
    const char *path = tb_test_file("suite.yaml", text, strlen(text));
    tb_assert_ok(tb_study_load(path, options != NULL ? options : &none, &study, &err), &err);
    return study;
}

tb_study_store *tb_test_study_store(const char *path, const tb_study *study)
{
    tb_study_store *store = NULL;
    tb_error err;
    tb_assert_ok(tb_study_store_open(path, study, "test", false, &store, &err), &err);
    return store;
}

tb_status tb_test_study_run(const tb_study *study, const char *path, int threads, int64_t batch,
                            tb_error *err)
{
    static const tb_ranks alone = {.size = 1};
    tb_study_store *store = NULL;
    tb_study_run_options options = {.threads = threads, .batch = batch};
    tb_status status = tb_study_store_open(path, study, "test", false, &store, err);
    if (status == TB_OK) {
        status = tb_study_run(study, store, &alone, &options, NULL, err);
    }
    tb_study_store_close(store);
    return status;
}

char *tb_test_study_rows(const char *path, const char *study)
{
    tb_study_view *view = NULL;
    tb_study_view_options options = {0};
    tb_error err;
    size_t length = 0;
    const char *csv = tb_test_path("rows.csv");
    tb_assert_ok(tb_study_view_open(path, study, &options, &view, &err), &err);
    tb_assert_ok(tb_study_view_write(view, false, csv, &err), &err);
    tb_study_view_close(view);
    return tb_test_read(csv, &length);
}

void tb_test_study_same_rows(const char *path, const char *study, const char *expected)
{
    char *rows = tb_test_study_rows(path, study);
    assert_true(strlen(expected) > 1000);
    assert_string_equal(rows, expected);
    free(rows);
}
