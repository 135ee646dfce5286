/* NVRTC as the library opens it: what it is asked for and cannot give is said. */
#include "cuda_sources.h"
#include "nvrtc_open.h"

#include "test_support.h"

#include <stdlib.h>
#include <string.h>

/* The first variant of the table, to be spoilt. */
static tb_cuda_variant first_variant(void)
{
    return tb_cuda_variants[0];
}

static int newest_of(const tb_nvrtc *nvrtc, const tb_cuda_variant *variant)
{
    int newest = 0;
    for (int a = 0; a < TB_CUDA_ARCH_COUNT; a++) {
        bool is_there = (variant->arches & 1U << a) != 0;
        newest =
            is_there && tb_nvrtc_knows(nvrtc, tb_cuda_arch_sm[a]) ? tb_cuda_arch_sm[a] : newest;
    }
    assert_true(newest > 0);
    return newest;
}

static void assert_refused(const tb_nvrtc *nvrtc, const tb_cuda_variant *variant, int sm,
                           tb_status code, const char *part)
{
    tb_error err;
    tb_cubin cubin = {.bytes = 72};
    tb_assert_fails(tb_nvrtc_compile(nvrtc, variant, sm, &cubin, &err), &err, code, part);
    assert_int_equal(cubin.bytes, 72); /* left alone */
}

static void variants__that_cannot_be_compiled_are_refused(void **state)
{
    (void)state;
    tb_nvrtc *nvrtc = tb_test_nvrtc();
    tb_cuda_variant variant = first_variant();
    int sm = newest_of(nvrtc, &variant);
    assert_refused(nvrtc, &variant, 7, TB_EUNAVAILABLE, "does not compile for sm_7");
    variant.source = "fmha_fwd.c";
    assert_refused(nvrtc, &variant, sm, TB_EINVAL, "there is no source fmha_fwd.c");
    variant = first_variant();
    variant.options[0] = "-DTB_FN=)";
    assert_refused(nvrtc, &variant, sm, TB_EINVAL, "error");
    variant = first_variant();
    variant.kernel = "fmha_bwd";
    assert_refused(nvrtc, &variant, sm, TB_EINVAL, "has no kernel fmha_bwd");
    tb_nvrtc_close(nvrtc);
}

static void cubin__is_an_elf_file_with_the_kernel(void **state)
{
    (void)state;
    tb_nvrtc *nvrtc = tb_test_nvrtc();
    const tb_cuda_variant variant = first_variant();
    tb_cubin cubin = {0};
    tb_error err;
    tb_assert_ok(tb_nvrtc_compile(nvrtc, &variant, newest_of(nvrtc, &variant), &cubin, &err), &err);
    assert_true(cubin.bytes > 4 && memcmp(cubin.data, "\177ELF", 4) == 0);
    bool found = false;
    for (size_t i = 0; i + strlen(variant.kernel) < cubin.bytes && !found; i++) {
        found = memcmp(cubin.data + i, variant.kernel, strlen(variant.kernel)) == 0;
    }
    assert_true(found);
    assert_true(cubin.usage.registers >= 16 && cubin.usage.registers <= 255);
    assert_true(strlen(cubin.compiler) >= strlen("13.0"));
    print_message("%s, compiler %s\n", tb_nvrtc_path(nvrtc), cubin.compiler);
    tb_cubin_release(&cubin);
    tb_nvrtc_close(nvrtc);
}

/* What a kernel includes travels with it; the emulator's half of ptx.h is for the host. */
static void embedded_texts__are_all_that_there_is(void **state)
{
    (void)state;
    int kernels = 0;
    for (int i = 0; i < tb_cuda_variant_count; i++) {
        const tb_cuda_variant *v = &tb_cuda_variants[i];
        const char *text = tb_cuda_source_find(v->source);
        if (text == NULL || strstr(text, v->kernel) == NULL) {
            fail_msg("%s: source %s with kernel %s is not embedded", v->name, v->source, v->kernel);
        }
        kernels++;
    }
    assert_true(kernels > 0);
    for (const tb_cuda_source *s = tb_cuda_sources; s->name != NULL; s++) {
        if (strstr(s->text, "#include <") != NULL) {
            fail_msg("%s includes a system header", s->name);
        }
        for (const char *at = strstr(s->text, "#include \""); at != NULL;
             at = strstr(at, "#include \"")) {
            char name[64] = "";
            at += strlen("#include \"");
            assert_true(strcspn(at, "\"") < sizeof name);
            memcpy(name, at, strcspn(at, "\""));
            if (tb_cuda_source_find(name) == NULL && strcmp(name, "emu_device.h") != 0) {
                fail_msg("%s includes %s, which is not embedded", s->name, name);
            }
        }
    }
}

TB_TESTS(cmocka_unit_test(embedded_texts__are_all_that_there_is),
         cmocka_unit_test(variants__that_cannot_be_compiled_are_refused),
         cmocka_unit_test(cubin__is_an_elf_file_with_the_kernel));
