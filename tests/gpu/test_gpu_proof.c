/* Random problems through the whole CUDA backend (compiler, cache, driver, launches), held against
 * attention in double precision. On the emulated GPU a few; where a real GPU is,
 * scripts/gpu-validate runs it on that, with all kernels and many problems. */
#include "attention_check.h"
#include "gpu.h"
#include "proof_case.h"
#include "test_support.h"

#include <math.h>

#define EMULATED_VARIANTS 4
#define ALL_VARIANTS      64

static double worst[TB_PROOF_KERNELS];

static bool is_emulated(void)
{
    const tb_backend *cuda = NULL;
    tb_error err;
    tb_assert_ok(tb_backend_find("cuda", &cuda, &err), &err);
    if (cuda->available(&err) != TB_OK) {
        print_message("skipped: %s\n", err.message);
        skip();
    }
    return cuda->is_emulated();
}

static int cases_of(int emulated, int real)
{
    return is_emulated() ? tb_test_cases(emulated) : real;
}

static void run_case(const tb_proof_case *item, uint64_t seed)
{
    const tb_backend *cuda = NULL;
    tb_error err;
    tb_attention_check check = {.logit_size = item->logit_size,
                                .seed = seed,
                                .rows = 10,
                                .is_gpu = true,
                                .arithmetic = tb_reference_gpu_arithmetic(&item->launch)};
    tb_assert_ok(tb_backend_find("cuda", &cuda, &err), &err);
    tb_status status = tb_attention_run(cuda, &item->launch, &check, &err);
    if (status != TB_OK || !(check.worst <= 1)) {
        tb_proof_print(item);
        fail_msg("%s; %g of its bound", status == TB_OK ? "wrong" : err.message, check.worst);
    }
    if (check.times.total_us <= 0 || check.times.attention_us <= 0) {
        tb_proof_print(item);
        fail_msg("took %g us, attention %g", check.times.total_us, check.times.attention_us);
    }
    worst[item->kernel] = fmax(worst[item->kernel], check.worst);
}

static void prove(tb_proof_kernel kernel, int cases, int64_t mma)
{
    const tb_cuda_variant *variants[ALL_VARIANTS];
    int count = tb_proof_variants(variants, is_emulated() ? EMULATED_VARIANTS : ALL_VARIANTS);
    gsl_rng *random = tb_test_random();
    for (int i = 0; i < cases; i++) {
        const tb_cuda_variant *variant = kernel == TB_PROOF_FMHA ? variants[i % count] : NULL;
        tb_proof_case *item = tb_proof_draw(random, kernel, variant, mma);
        run_case(item, (uint64_t)tb_test_between(random, 1, 1000000));
        tb_proof_free(item);
    }
    gsl_rng_free(random);
    print_message("%s: %d problems, worst %.2f of its bound\n", tb_proof_kernel_names[kernel],
                  cases, worst[kernel]);
}

static void fmha_fwd__is_right(void **state)
{
    (void)state;
    prove(TB_PROOF_FMHA, cases_of(20, 1000), 7000);
}

static void fmha_fwd_fp32__is_right(void **state)
{
    (void)state;
    prove(TB_PROOF_FMHA_FP32, cases_of(4, 100), 250);
}

static void na_naive__is_right(void **state)
{
    (void)state;
    prove(TB_PROOF_NAIVE, cases_of(4, 100), 1000);
}

static void na_gemm__is_right(void **state)
{
    (void)state;
    prove(TB_PROOF_GEMM, cases_of(4, 100), 2000);
}

static void fmha_decode__is_right(void **state)
{
    (void)state;
    prove(TB_PROOF_DECODE, cases_of(4, 100), 3000);
}

static void the_gpu__is_let_go(void **state)
{
    tb_gpu *gpu = NULL;
    const char *why = NULL;
    (void)state;
    (void)is_emulated();
    tb_assert_ok(tb_gpu_get(&gpu, NULL), NULL);
    const tb_gpu_info *info = tb_gpu_info_of(gpu);
    print_message("%s, sm_%d, %s\n", info->name, info->sm,
                  tb_gpu_cupti(gpu, &why) != NULL ? "timed by CUPTI" : why);
    tb_backends_close();
}

TB_TESTS(cmocka_unit_test(fmha_fwd__is_right), cmocka_unit_test(fmha_fwd_fp32__is_right),
         cmocka_unit_test(na_naive__is_right), cmocka_unit_test(na_gemm__is_right),
         cmocka_unit_test(fmha_decode__is_right), cmocka_unit_test(the_gpu__is_let_go));
