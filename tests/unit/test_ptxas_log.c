/* What ptxas writes under -v, as CUDA 12.8 and 13.0 do: which numbers are read, and what warns. */
#include "ptxas_log.h"

#include "test_support.h"

#include <string.h>

/* Two kernels of one source, one of which calls a function that is not inlined. */
#define LOG                                                                                        \
    "ptxas info    : 0 bytes gmem\n"                                                               \
    "ptxas info    : Compiling entry function 'token_unpermute' for 'sm_86'\n"                     \
    "ptxas info    : Function properties for token_unpermute\n"                                    \
    "    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"                         \
    "ptxas info    : Used 40 registers, used 1 barriers, 400 bytes cmem[0]\n"                      \
    "ptxas info    : Compiling entry function 'token_permute' for 'sm_86'\n"                       \
    "ptxas info    : Function properties for token_permute\n"                                      \
    "ptxas         .     72 bytes stack frame, 96 bytes spill stores, 108 bytes spill loads\n"     \
    "ptxas info    : Used 255 registers, used 1 barriers, 72 bytes cumulative stack size, "        \
    "1040 bytes smem, 400 bytes cmem[0]\n"                                                         \
    "ptxas info    : Compile time = 200.049 ms\n"

static void log__of_a_kernel_is_read(void **state)
{
    (void)state;
    tb_ptxas_usage usage;
    memset(&usage, 0xff, sizeof usage);
    assert_true(tb_ptxas_log_read(LOG, "token_permute", &usage));
    assert_int_equal(usage.registers, 255);
    assert_int_equal(usage.stack_bytes, 72);
    assert_int_equal(usage.spill_store_bytes, 96);
    assert_int_equal(usage.spill_load_bytes, 108);
    assert_int_equal(usage.static_shared_bytes, 1040);
}

/* The shared memory of the kernel that comes next is none of its own. */
static void log__is_read_up_to_the_next_kernel(void **state)
{
    (void)state;
    tb_ptxas_usage usage;
    memset(&usage, 0xff, sizeof usage);
    assert_true(tb_ptxas_log_read(LOG, "token_unpermute", &usage));
    assert_int_equal(usage.registers, 40);
    assert_int_equal(usage.stack_bytes + usage.spill_store_bytes + usage.spill_load_bytes, 0);
    assert_int_equal(usage.static_shared_bytes, 0);
}

static void log__without_the_kernel_or_its_numbers_is_refused(void **state)
{
    (void)state;
    static const char *const cut[] = {"96 bytes spill", "registers, used 1 barriers, 72"};
    tb_ptxas_usage usage = {.registers = 72};
    assert_false(tb_ptxas_log_read(LOG, "token", &usage));
    assert_false(tb_ptxas_log_read("", "token_permute", &usage));
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
        char text[sizeof LOG] = LOG;
        *strstr(text, cut[i]) = '\0';
        assert_false(tb_ptxas_log_read(text, "token_permute", &usage));
    }
    assert_int_equal(usage.registers, 72); /* left alone */
}

static void log__warns_by_the_whole_line(void **state)
{
    (void)state;
    assert_null(tb_ptxas_log_warning(LOG));
    const char *line =
        tb_ptxas_log_warning(LOG "fmha_fwd.cu(72): warning #177-D: variable \"x\" was "
                                 "declared but never referenced\n");
    assert_non_null(line);
    assert_int_equal(strncmp(line, "fmha_fwd.cu(72): warning", 24), 0);
    line = tb_ptxas_log_warning("ptxas Warning: late\nptxas warning: later");
    assert_non_null(line);
    assert_int_equal(strncmp(line, "ptxas Warning", 13), 0);
}

TB_TESTS(cmocka_unit_test(log__of_a_kernel_is_read),
         cmocka_unit_test(log__is_read_up_to_the_next_kernel),
         cmocka_unit_test(log__without_the_kernel_or_its_numbers_is_refused),
         cmocka_unit_test(log__warns_by_the_whole_line));
