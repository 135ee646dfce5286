/* Names of data files, and paths. */
#include "test_support.h"

#include "catalogue.h"
#include "data_path.h"
#include "file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int unset_environment(void **state)
{
    (void)state;
    return unsetenv("TILEBOUND_DATA");
}

/* A data folder of our own, in use: two kernels, no networks. */
static int make_data(void **state)
{
    (void)state;
    static const char *const folders[] = {"data", "data/models", "data/models/kernels"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        (void)mkdir(tb_test_path(folders[i]), 0777);
    }
    (void)tb_test_file("data/models/kernels/zeta.yaml", "", 0);
    (void)tb_test_file("data/models/kernels/alpha-72.yaml", "", 0);
    (void)tb_test_file("data/models/kernels/.hidden.yaml", "", 0);
    (void)tb_test_file("data/models/kernels/README.md", "", 0);
    (void)tb_test_file("data/models/kernels/old.yml", "", 0);
    return setenv("TILEBOUND_DATA", tb_test_path("data"), 1);
}

static const char *find(tb_catalogue_kind kind, const char *name, tb_arena *arena)
{
    const char *path = NULL;
    tb_error err;
    tb_assert_ok(tb_catalogue_find(kind, name, arena, &path, &err), &err);
    return path;
}

static void assert_unknown(tb_catalogue_kind kind, const char *name, const char *message)
{
    tb_arena *arena = tb_arena_create();
    const char *path = NULL;
    tb_error err;
    assert_int_equal(tb_catalogue_find(kind, name, arena, &path, &err), TB_EINVAL);
    assert_string_equal(err.message, message);
    assert_null(path);
    tb_arena_destroy(arena);
}

static void catalogue__names_are_the_yaml_files_sorted(void **state)
{
    (void)state;
    tb_arena *arena = tb_arena_create();
    const char *const *names = NULL;
    size_t count = 0;
    tb_error err;
    tb_assert_ok(tb_catalogue_names(TB_CATALOGUE_KERNEL, arena, &names, &count, &err), &err);
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "alpha-72");
    assert_string_equal(names[1], "zeta");
    tb_arena_destroy(arena);
}

static void catalogue__known_names_are_files_of_the_data_folder(void **state)
{
    (void)state;
    tb_arena *arena = tb_arena_create();
    assert_string_equal(find(TB_CATALOGUE_KERNEL, "zeta", arena),
                        tb_test_path("data/models/kernels/zeta.yaml"));
    tb_arena_destroy(arena);
}

static void catalogue__a_slash_or_a_suffix_makes_a_path(void **state)
{
    (void)state;
    tb_arena *arena = tb_arena_create();
    static const char *const paths[] = {"zeta.yaml", "zeta.yml", "./zeta", "a/zeta",
                                        "/zeta",     "zeta/",    ".yaml",  "..yml"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) { /* as they are, there or not */
        assert_string_equal(find(TB_CATALOGUE_KERNEL, paths[i], arena), paths[i]);
    }
    tb_arena_destroy(arena);
}

static void catalogue__paths_need_no_data_folder(void **state)
{
    (void)state;
    assert_int_equal(setenv("TILEBOUND_DATA", tb_test_path("nothing"), 1), 0);
    tb_arena *arena = tb_arena_create();
    assert_string_equal(find(TB_CATALOGUE_SUITE, "mine.yaml", arena), "mine.yaml");
    const char *path = NULL;
    tb_error err;
    tb_assert_fails(tb_catalogue_find(TB_CATALOGUE_SUITE, "gna", arena, &path, &err), &err,
                    TB_EFILE, "which has no folder models/kernels");
    tb_arena_destroy(arena);
}

static void catalogue__unknown_names_name_the_nearest(void **state)
{
    (void)state;
    assert_unknown(TB_CATALOGUE_KERNEL, "zetta", "unknown kernel 'zetta'; did you mean 'zeta'?");
    assert_unknown(TB_CATALOGUE_KERNEL, "alpha",
                   "unknown kernel 'alpha'; did you mean 'alpha-72'?");
    assert_unknown(TB_CATALOGUE_KERNEL, "zeta ", "unknown kernel 'zeta '; did you mean 'zeta'?");
    assert_unknown(TB_CATALOGUE_KERNEL, "cudnn",
                   "unknown kernel 'cudnn'; 'tilebound list kernels' names them, or give the path "
                   "of a .yaml file");
    assert_unknown(TB_CATALOGUE_KERNEL, "",
                   "unknown kernel ''; 'tilebound list kernels' names them, or give the path of a "
                   ".yaml file");
    /* neither hidden files nor other suffixes are known */
    assert_unknown(TB_CATALOGUE_KERNEL, "README",
                   "unknown kernel 'README'; 'tilebound list kernels' names them, or give the path "
                   "of a .yaml file");
}

static void catalogue__long_names_are_unknown_too(void **state)
{
    (void)state;
    char name[2000];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    tb_arena *arena = tb_arena_create();
    const char *path = NULL;
    tb_error err;
    tb_assert_fails(tb_catalogue_find(TB_CATALOGUE_KERNEL, name, arena, &path, &err), &err,
                    TB_EINVAL, "unknown kernel 'xxxx");
    tb_arena_destroy(arena);
}

static void catalogue__a_kind_without_a_folder_is_a_file_error(void **state)
{
    (void)state;
    tb_arena *arena = tb_arena_create();
    const char *const *names = NULL;
    const char *path = NULL;
    size_t count = 0;
    tb_error err;
    tb_assert_fails(tb_catalogue_names(TB_CATALOGUE_NETWORK, arena, &names, &count, &err), &err,
                    TB_EFILE, "cannot read");
    assert_string_equal(err.file, tb_test_path("data/models/networks"));
    tb_assert_fails(tb_catalogue_find(TB_CATALOGUE_NETWORK, "flux", arena, &path, &err), &err,
                    TB_EFILE, "cannot read");
    tb_arena_destroy(arena);
}

static void catalogue__every_kind_has_files_here(void **state)
{
    (void)state;
    for (int kind = 0; kind < TB_CATALOGUE_COUNT; kind++) {
        tb_arena *arena = tb_arena_create();
        const char *const *names = NULL;
        size_t count = 0;
        tb_error err;
        tb_assert_ok(tb_catalogue_names((tb_catalogue_kind)kind, arena, &names, &count, &err),
                     &err);
        print_message("%s: %zu\n", tb_catalogue[kind].plural, count);
        assert_true(count > 0);
        for (size_t i = 0; i < count; i++) {
            assert_true(tb_file_exists(find((tb_catalogue_kind)kind, names[i], arena)));
            assert_true(i == 0 || strcmp(names[i - 1], names[i]) < 0);
        }
        tb_arena_destroy(arena);
    }
}

#define WITH_DATA(test) cmocka_unit_test_setup_teardown(test, make_data, unset_environment)

TB_TESTS(WITH_DATA(catalogue__names_are_the_yaml_files_sorted),
         WITH_DATA(catalogue__known_names_are_files_of_the_data_folder),
         WITH_DATA(catalogue__a_slash_or_a_suffix_makes_a_path),
         WITH_DATA(catalogue__paths_need_no_data_folder),
         WITH_DATA(catalogue__unknown_names_name_the_nearest),
         WITH_DATA(catalogue__long_names_are_unknown_too),
         WITH_DATA(catalogue__a_kind_without_a_folder_is_a_file_error),
         cmocka_unit_test_setup_teardown(catalogue__every_kind_has_files_here, unset_environment,
                                         unset_environment));
