/* The proof: random problems, each planned as for a GPU, executed on the emulator, and held against
 * attention in double precision by enumerating pairs, which knows of no tile.
 *
 * See proof_check.c for what is checked of each. Bounds are those of reference.h. */
#include "proof_check.h"
#include "test_support.h"

#include <time.h>

#define FMHA_VARIANTS 26 /* with those of the other kernels, 40 are compiled */

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Of all tests so far; the last one asks whether it is enough. */
static tb_proof_totals totals;
static double seconds;

static void prove(gsl_rng *random, tb_proof_kernel kernel, const tb_cuda_variant *variant,
                  int64_t mma)
{
    bool is_done = false;
    while (!is_done) { /* another form of the kernel would serve it */
        tb_proof_case *item = tb_proof_draw(random, kernel, variant, mma);
        uint64_t seed = (uint64_t)tb_test_between(random, 1, 1000000);
        is_done = tb_proof_check(item, variant, seed, &totals);
        tb_proof_free(item);
    }
}

static void report(tb_proof_kernel kernel, double took)
{
    seconds += took;
    print_message("%s: %d problems, worst %.2f of its bound; %.1f s\n",
                  tb_proof_kernel_names[kernel], totals.problems[kernel], totals.worst[kernel],
                  took);
}

static void fmha_fwd__is_proved(void **state)
{
    (void)state;
    const tb_cuda_variant *variants[FMHA_VARIANTS];
    int count = tb_proof_variants(variants, FMHA_VARIANTS);
    gsl_rng *random = tb_test_random();
    double begin = now_s();
    for (int i = 0; i < tb_test_cases(1500); i++) {
        const tb_cuda_variant *variant = variants[i % count];
        prove(random, TB_PROOF_FMHA, variant, 7000);
    }
    gsl_rng_free(random);
    report(TB_PROOF_FMHA, now_s() - begin);
}

static void prove_other(tb_proof_kernel kernel, int cases, int64_t mma)
{
    gsl_rng *random = tb_test_random();
    double begin = now_s();
    for (int i = 0; i < tb_test_cases(cases); i++) {
        prove(random, kernel, NULL, mma);
    }
    gsl_rng_free(random);
    report(kernel, now_s() - begin);
}

static void fmha_fwd_fp32__is_proved(void **state)
{
    (void)state;
    prove_other(TB_PROOF_FMHA_FP32, 120, 250);
}

static void na_naive__is_proved(void **state)
{
    (void)state;
    prove_other(TB_PROOF_NAIVE, 140, 1000);
}

static void na_gemm__is_proved(void **state)
{
    (void)state;
    prove_other(TB_PROOF_GEMM, 140, 2000);
}

static void fmha_decode__is_proved(void **state)
{
    (void)state;
    prove_other(TB_PROOF_DECODE, 140, 3000);
}

static void assert_all(const char *what, const int *counts, int count)
{
    for (int i = 0; i < count; i++) {
        if (counts[i] == 0) {
            fail_msg("no problem has %s number %d", what, i);
        }
    }
}

static void enough__is_proved(void **state)
{
    (void)state;
    const tb_proof_totals *t = &totals;
    int problems = 0;
    for (int k = 0; k < TB_PROOF_KERNELS; k++) {
        problems += t->problems[k];
    }
    double sectors = (double)t->load_sectors / (double)t->load_sectors_ideal;
    print_message("%d problems in %d compiled variants; %d runs and %d inexact ones; %.1f million "
                  "mma and %.1f million unmasked scores checked; %.1f s\n",
                  problems, tb_emu_twins(), t->runs, t->inexact, (double)t->mma / 1e6,
                  (double)t->unmasked / 1e6, seconds);
    print_message(
        "of fmha_fwd: %d permuted, %d padded, %d boxes, runs of 3 orders %d %d %d; masks by "
        "box %d, tokens %d, bits %d\n",
        t->permuted, t->padded, t->boxes, t->orders[0], t->orders[1], t->orders[2],
        t->mask_kinds[0], t->mask_kinds[1], t->mask_kinds[2]);
    print_message("fmha_fwd's shared memory: %.4f conflicts a transaction; whole tiles (%d "
                  "problems): %.3f times the least sectors\n",
                  (double)t->shared_conflicts / (double)t->shared_transactions, t->whole, sectors);
    assert_true(problems >= tb_test_cases(1500) + 4 * tb_test_cases(120));
    assert_true(tb_emu_twins() <= 40);
    assert_true(t->inexact > 0 && t->whole > 0 && sectors < 1.05);
    assert_all("dtype", t->dtypes, 3);
    assert_all("rank", t->ranks, 4);
    assert_all("pattern", t->kinds, TB_PATTERN_FIELD_KINDS);
    assert_all("order", t->orders, 3);
    assert_all("mask kind", t->mask_kinds, 3);
    const int others[] = {t->boxes,   t->permuted, t->dilated,    t->strided,
                          t->causal,  t->extra_kv, t->extra_q,    t->grouped,
                          t->batched, t->padded,   t->other_value};
    assert_all("feature", others, sizeof others / sizeof *others);
}

TB_TESTS(cmocka_unit_test(fmha_fwd__is_proved), cmocka_unit_test(fmha_fwd_fp32__is_proved),
         cmocka_unit_test(na_naive__is_proved), cmocka_unit_test(na_gemm__is_proved),
         cmocka_unit_test(fmha_decode__is_proved), cmocka_unit_test(enough__is_proved));
