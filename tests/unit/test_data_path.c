#include "test_support.h"

#include "data_path.h"
#include "file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int unset_environment(void **state)
{
    (void)state;
    return unsetenv("TILEBOUND_DATA");
}

static void data_path__source_tree_is_found(void **state)
{
    (void)state;
    tb_arena *arena = tb_arena_create();
    const char *root = NULL, *path = NULL;
    tb_error err;
    tb_assert_ok(tb_data_root(arena, &root, &err), &err);
    assert_true(tb_file_is_directory(root));
    assert_int_not_equal(root[strlen(root) - 1], '/');
    tb_assert_ok(tb_data_path(arena, "models/kernels", &path, &err), &err);
    assert_true(tb_file_is_directory(path));
    tb_arena_destroy(arena);
}

static void data_path__environment_comes_first(void **state)
{
    (void)state;
    assert_int_equal(mkdir(tb_test_path("share"), 0777), 0);
    assert_int_equal(mkdir(tb_test_path("share/models"), 0777), 0);
    assert_int_equal(mkdir(tb_test_path("share/models/kernels"), 0777), 0);
    const char *set = tb_test_path("share//"); /* slashes at the end go */
    assert_int_equal(setenv("TILEBOUND_DATA", set, 1), 0);
    tb_arena *arena = tb_arena_create();
    const char *root = NULL, *path = NULL;
    tb_error err;
    tb_assert_ok(tb_data_root(arena, &root, &err), &err);
    assert_string_equal(root, tb_test_path("share"));
    tb_assert_ok(tb_data_path(arena, "profiles/suites/gna.yaml", &path, &err), &err);
    assert_string_equal(path, tb_test_path("share/profiles/suites/gna.yaml"));
    tb_arena_destroy(arena);
}

static void data_path__wrong_environment_is_a_file_error(void **state)
{
    (void)state;
    assert_int_equal(setenv("TILEBOUND_DATA", tb_test_path("nothing"), 1), 0);
    tb_arena *arena = tb_arena_create();
    const char *root = NULL;
    tb_error err;
    tb_assert_fails(tb_data_root(arena, &root, &err), &err, TB_EFILE,
                    "which has no folder models/kernels; set it to a copy");
    tb_assert_fails(tb_data_path(arena, "x", &root, &err), &err, TB_EFILE, "TILEBOUND_DATA is '");
    assert_null(root);
    tb_arena_destroy(arena);
}

static void data_path__empty_environment_is_none(void **state)
{
    (void)state;
    assert_int_equal(setenv("TILEBOUND_DATA", "", 1), 0);
    tb_arena *arena = tb_arena_create();
    const char *root = NULL;
    tb_error err;
    tb_assert_ok(tb_data_root(arena, &root, &err), &err);
    tb_arena_destroy(arena);
}

TB_TESTS(cmocka_unit_test_setup(data_path__source_tree_is_found, unset_environment),
         cmocka_unit_test_setup(data_path__environment_comes_first, unset_environment),
         cmocka_unit_test_setup(data_path__wrong_environment_is_a_file_error, unset_environment),
         cmocka_unit_test_setup(data_path__empty_environment_is_none, unset_environment));
