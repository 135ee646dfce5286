/* Names of kernels: demangled, and cut short. */
#include "test_support.h"

#include "kernel_name.h"

#include <string.h>

static const char *demangled(tb_arena *arena, const char *mangled)
{
    bool is_demangled = false;
    const char *out = NULL;
    tb_error err;
    tb_assert_ok(tb_kernel_demangle(mangled, arena, &out, &is_demangled, &err), &err);
    if (!is_demangled) {
        skip(); /* no C++ library here */
    }
    return out;
}

static void kernel_name__mangled_names_are_demangled(void **state)
{
    (void)state;
    tb_arena *arena = tb_arena_create();
    assert_string_equal(demangled(arena, "_ZN5flash8fmha_fwdILi64ELb1EEEvNS_6ParamsE"),
                        "void flash::fmha_fwd<64, true>(flash::Params)");
    assert_string_equal(demangled(arena, "fmha_fwd"), "fmha_fwd");
    assert_string_equal(demangled(arena, "i"), "i"); /* no type of C++ */
    assert_string_equal(demangled(arena, "_Zwhatever"), "_Zwhatever");
    assert_string_equal(demangled(arena, ""), "");
    tb_arena_destroy(arena);
}

static void shortened(const char *text, size_t capacity, const char *want)
{
    char out[128];
    assert_true(capacity <= sizeof out);
    tb_kernel_short_name(text, out, capacity);
    assert_string_equal(out, want);
}

static void kernel_name__a_short_name_has_no_types(void **state)
{
    (void)state;
    shortened("void flash::fmha_fwd<64, true>(flash::Params)", 128, "flash::fmha_fwd<...>");
    shortened("fmha_fwd", 128, "fmha_fwd");
    shortened("void a::b<c<d>, e>::f<(int)3>(float*)", 128, "a::b<...>::f<...>");
    shortened("void (anonymous namespace)::k<int>(int)", 128, "(anonymous namespace)::k<...>");
    shortened("void a<(anonymous namespace)::b>(int)", 128, "a<...>");
    shortened("plain(int, int)", 128, "plain");
    shortened("", 128, "");
    shortened("abcdefghij", 8, "abcd...");
    shortened("a very_long_return_type_that_does_not_fit k()", 6, "k");
    shortened("abc", 1, "");
}

static void kernel_name__odd_brackets_end_nothing_but_the_name(void **state)
{
    (void)state;
    shortened("a>b", 128, "a>b");
    shortened("a<b", 128, "a<...");
    shortened("void ", 128, "");
}

TB_TESTS(cmocka_unit_test(kernel_name__mangled_names_are_demangled),
         cmocka_unit_test(kernel_name__a_short_name_has_no_types),
         cmocka_unit_test(kernel_name__odd_brackets_end_nothing_but_the_name));
