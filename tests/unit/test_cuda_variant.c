/* The table of compiled forms: what it must hold whatever its rows are. */
#include "cuda_variant.h"
#include "test_support.h"

#include <string.h>

/* Is there a form of fused attention for this architecture, dtype and head dim, exactly? */
static bool has_fused(int arch, tb_dtype dtype, int dim)
{
    for (int i = 0; i < tb_cuda_variant_count; i++) {
        const tb_cuda_variant *v = &tb_cuda_variants[i];
        if (strcmp(v->kernel, "fmha_fwd") == 0 && (v->arches >> arch & 1U) != 0 &&
            v->dtype == dtype && v->dim == dim && v->dim_value == dim) {
            return true;
        }
    }
    return false;
}

static void names__are_unique_and_found(void **state)
{
    (void)state;
    for (int i = 0; i < tb_cuda_variant_count; i++) {
        assert_ptr_equal(tb_cuda_variant_find(tb_cuda_variants[i].name), &tb_cuda_variants[i]);
    }
    assert_null(tb_cuda_variant_find("fmha_fwd_bf16_d72"));
}

static void shared_memory__fits_each_architecture_that_a_row_names(void **state)
{
    (void)state;
    for (int i = 0; i < tb_cuda_variant_count; i++) {
        const tb_cuda_variant *v = &tb_cuda_variants[i];
        assert_true(v->arches > 0 && v->arches < 1U << TB_CUDA_ARCH_COUNT);
        for (int a = 0; a < TB_CUDA_ARCH_COUNT; a++) {
            if ((v->arches >> a & 1U) != 0 && v->shared_bytes > tb_cuda_arch_shared_bytes[a]) {
                fail_msg("%s needs %lld bytes on sm_%d", v->name, (long long)v->shared_bytes,
                         tb_cuda_arch_sm[a]);
            }
        }
    }
}

static void fused_attention__has_every_head_dim_everywhere(void **state)
{
    (void)state;
    static const int dims[] = {32, 64, 96, 128, 192, 256};
    for (int a = 0; a < TB_CUDA_ARCH_COUNT; a++) {
        for (size_t d = 0; d < sizeof dims / sizeof dims[0]; d++) {
            if (!has_fused(a, TB_DTYPE_BF16, dims[d]) || !has_fused(a, TB_DTYPE_FP16, dims[d])) {
                fail_msg("head dim %d has no form for sm_%d", dims[d], tb_cuda_arch_sm[a]);
            }
        }
    }
}

/* 128 rows of Q and O of 128 dims, 64 of K and of V, 2 bytes each. */
static void shared_memory__is_that_of_the_tiles(void **state)
{
    (void)state;
    const tb_cuda_variant *v = tb_cuda_variant_find("fmha_fwd_bf16_d128_v128_q128_k64_s1");
    assert_non_null(v);
    assert_int_equal(v->shared_bytes, 65536);
    assert_int_equal(v->threads, 128);
    /* the query tile is as wide as the wider of q and o: 128 x 192; K 64 x 192, V 64 x 128 */
    v = tb_cuda_variant_find("fmha_fwd_fp16_d192_v128_q128_k64_s1");
    assert_non_null(v);
    assert_int_equal(v->shared_bytes, 90112);
}

TB_TESTS(cmocka_unit_test(names__are_unique_and_found),
         cmocka_unit_test(shared_memory__fits_each_architecture_that_a_row_names),
         cmocka_unit_test(fused_attention__has_every_head_dim_everywhere),
         cmocka_unit_test(shared_memory__is_that_of_the_tiles));
