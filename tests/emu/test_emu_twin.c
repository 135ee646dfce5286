/* Host twins: sources that compile, and what is said of those that do not. */
#include "cuda_sources.h"
#include "file.h"
#include "scratch_folder.h"
#include "test_support.h"
#include "twin.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char source[] = "#define TB_THREADS 32\n"
                             "#include \"ptx.h\"\n"
                             "typedef struct tb_one_params { tb_u32 *out; } tb_one_params;\n"
                             "TB_KERNEL(one, tb_one_params)\n"
                             "{\n"
                             "    params.out[tb_thread()] = TB_NUMBER;\n"
                             "}\n"
                             "TB_KERNEL(two, tb_one_params)\n"
                             "{\n"
                             "    params.out[tb_thread()] = 2 * TB_NUMBER;\n"
                             "}\n";

static tb_twin *open_twin(const char *const *options)
{
    tb_twin *twin = NULL;
    tb_error err;
    tb_assert_ok(tb_twin_create_text("one.cu", source, options, &twin, &err), &err);
    return twin;
}

/* What a kernel of a twin writes. */
static uint32_t run(const tb_twin *twin, const char *kernel)
{
    tb_error err;
    tb_emu_memory *memory = NULL;
    void *out = NULL;
    uint32_t numbers[32];
    tb_assert_ok(tb_emu_memory_create(&memory, &err), &err);
    tb_assert_ok(tb_emu_alloc(memory, "out", sizeof numbers, &out, &err), &err);
    tb_emu_launch launch = {.kernel = kernel,
                            .entry = tb_twin_entry(twin, kernel),
                            .grid = {1, 1, 1},
                            .threads = 32,
                            .params = &out,
                            .params_bytes = sizeof out};
    tb_assert_ok(tb_emu_run(memory, &launch, NULL, NULL, &err), &err);
    tb_assert_ok(tb_emu_download(memory, out, numbers, sizeof numbers, &err), &err);
    tb_emu_memory_destroy(memory);
    return numbers[31];
}

static void twins__are_compiled_with_the_variants_macros(void **state)
{
    (void)state;
    tb_twin *seven = open_twin((const char *const[]){"-DTB_NUMBER=7", "--std=c++17", NULL});
    tb_twin *nine = open_twin((const char *const[]){"-lineinfo", "-DTB_NUMBER=9", NULL});
    assert_int_equal(run(seven, "one"), 7);
    assert_int_equal(run(nine, "one"), 9);
    assert_int_equal(run(seven, "two"), 14);
    assert_true(tb_twin_entry(seven, "three") == NULL);
    tb_twin_destroy(seven);
    assert_int_equal(run(nine, "two"), 18);
    tb_twin_destroy(nine);
    tb_twin_destroy(NULL);
}

static void sources__that_do_not_compile_say_why(void **state)
{
    (void)state;
    tb_twin *twin = NULL;
    tb_error err;
    tb_assert_fails(tb_twin_create_text("one.cu", source, NULL, &twin, &err), &err, TB_EINVAL,
                    "one.cu does not compile: one.cu:6:");
    assert_non_null(strstr(err.message, "TB_NUMBER"));
    tb_assert_fails(tb_twin_create("no_such.cu", NULL, &twin, &err), &err, TB_EINVAL,
                    "no kernel source no_such.cu");
    tb_assert_fails(tb_twin_create_text("two.cu",
                                        "void f(void); void (*g(void))(void);\n"
                                        "void (*h(void))(void) { return f; }\n",
                                        NULL, &twin, &err),
                    &err, TB_EINVAL, "cannot be opened"); /* nobody has f() */
    assert_null(twin);
}

static void a_compiler__that_is_not_there_is_an_error(void **state)
{
    (void)state;
    tb_twin *twin = NULL;
    tb_error err;
    assert_int_equal(setenv("TILEBOUND_TWIN_CC", "no-such-compiler", 1), 0);
    tb_assert_fails(tb_twin_create_text("one.cu", source, NULL, &twin, &err), &err, TB_EUNAVAILABLE,
                    "no-such-compiler");
    assert_int_equal(setenv("TILEBOUND_TWIN_CC", "/no/such/compiler", 1), 0);
    tb_assert_fails(tb_twin_create_text("one.cu", source, NULL, &twin, &err), &err, TB_EUNAVAILABLE,
                    "/no/such/compiler");
    assert_int_equal(unsetenv("TILEBOUND_TWIN_CC"), 0);
    assert_null(twin);
}

/* The only file of a folder. */
static void find_kept(const char *folder, char path[512])
{
    int count = 0;
    DIR *open = opendir(folder);
    assert_non_null(open);
    for (const struct dirent *entry = readdir(open); entry != NULL; entry = readdir(open)) {
        if (entry->d_name[0] != '.') {
            (void)snprintf(path, 512, "%s/%s", folder, entry->d_name);
            count++;
        }
    }
    (void)closedir(open);
    assert_int_equal(count, 1);
}

/* What was compiled before is opened again: also what someone has put in its place. */
static void twins__are_kept_where_they_are_told_to(void **state)
{
    (void)state;
    const char *const seven[] = {"-DTB_NUMBER=7", NULL}, *const nine[] = {"-DTB_NUMBER=9", NULL};
    tb_scratch_folder *scratch = NULL;
    tb_error err;
    char kept[512];
    tb_assert_ok(tb_scratch_folder_make(&scratch, &err), &err);
    assert_int_equal(setenv("TILEBOUND_TWIN_CACHE", tb_scratch_folder_path(scratch), 1), 0);
    tb_twin_destroy(open_twin(seven));
    find_kept(tb_scratch_folder_path(scratch), kept);
    tb_twin *again = open_twin(seven);
    assert_int_equal(run(again, "one"), 7);
    tb_twin_destroy(again);
    tb_assert_ok(tb_file_replace(kept, "no object", strlen("no object"), &err), &err);
    tb_assert_fails(tb_twin_create_text("one.cu", source, seven, &again, &err), &err, TB_EINVAL,
                    "cannot be opened");
    tb_twin *other = open_twin(nine);
    assert_int_equal(run(other, "one"), 9);
    tb_twin_destroy(other);
    assert_int_equal(unsetenv("TILEBOUND_TWIN_CACHE"), 0);
    tb_scratch_folder_remove(scratch);
}

TB_TESTS(cmocka_unit_test(twins__are_compiled_with_the_variants_macros),
         cmocka_unit_test(sources__that_do_not_compile_say_why),
         cmocka_unit_test(a_compiler__that_is_not_there_is_an_error),
         cmocka_unit_test(twins__are_kept_where_they_are_told_to));
