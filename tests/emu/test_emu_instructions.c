/* Instructions of one thread, shuffles, votes and copies of the emulator against what the PTX ISA
 * says of them, computed here by itself. */
#include "number.h"
#include "small_kernel.h"
#include "test_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 32 };

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, 4);
    return x;
}

/* Run a kernel that takes 32 (or 128) words to 4 x 32. */
static void run_words(const tb_small *small, const char *kernel, const uint32_t *in, int words,
                      uint32_t out[4][LANES])
{
    struct {
        const void *in;
        void *out;
    } params = {tb_small_buffer(small, "in", words * 4, in),
                tb_small_buffer(small, "out", 4 * LANES * 4, NULL)};
    for (int schedule = TB_EMU_FORWARD; schedule <= TB_EMU_RANDOM; schedule++) {
        tb_emu_launch launch = tb_small_launch(small, kernel, &params, sizeof params);
        launch.schedule = (tb_emu_schedule)schedule;
        launch.seed = 7;
        tb_emu_forget(small->memory, params.out);
        (void)tb_small_run(small, &launch);
    }
    tb_small_download(small, params.out, out, 4 * LANES * 4);
}

static void shuffles__take_the_value_of_the_lane_that_is_named(void **state)
{
    (void)state;
    tb_small small = tb_small_open("instructions.cu", NULL);
    uint32_t in[LANES], out[4][LANES];
    for (uint32_t i = 0; i < LANES; i++) {
        in[i] = 0x3f800000U + 77 * i;
    }
    run_words(&small, "shuffle", in, LANES, out);
    for (unsigned i = 0; i < LANES; i++) {
        assert_int_equal(out[0][i], in[i ^ 5]);
        assert_int_equal(out[1][i], in[(i * 7 + 3) & 31]);
        assert_int_equal(out[2][i], in[i ^ 16]);
        assert_int_equal(out[3][i], in[9]);
    }
    tb_small_close(&small);
}

static void ballots__have_a_bit_a_lane(void **state)
{
    (void)state;
    tb_small small = tb_small_open("instructions.cu", NULL);
    uint32_t in[LANES], out[4][LANES], odd = 0;
    for (uint32_t i = 0; i < LANES; i++) {
        in[i] = i * i * 2654435761U >> 7;
        odd |= (in[i] & 1) << i;
    }
    run_words(&small, "vote", in, LANES, out);
    for (int i = 0; i < LANES; i++) {
        assert_int_equal(out[0][i], odd);
        assert_int_equal(out[1][i], __builtin_popcount(in[i]));
        assert_int_equal(out[2][i], UINT32_MAX);
        assert_int_equal(out[3][i], 0);
    }
    tb_small_close(&small);
}

static void cp_async__copies_bytes_and_fills_up_with_zero(void **state)
{
    (void)state;
    static const int32_t sizes[] = {16, 0, 8, 4};
    tb_small small = tb_small_open("instructions.cu", NULL);
    uint32_t in[128], out[2][128];
    for (uint32_t i = 0; i < 128; i++) {
        in[i] = 1 + i;
    }
    for (int s = 0; s < 4; s++) {
        struct {
            const void *in;
            void *out;
            int32_t bytes;
        } params = {tb_small_buffer(&small, "in", sizeof in, in),
                    tb_small_buffer(&small, "out", sizeof out, NULL), sizes[s]};
        tb_emu_launch launch = tb_small_launch(&small, "copy_async", &params, sizeof params);
        (void)tb_small_run(&small, &launch);
        tb_small_download(&small, params.out, out, sizeof out);
        for (int i = 0; i < 128; i++) {
            assert_int_equal(out[0][i], i % 4 * 4 < sizes[s] ? in[i] : 0);
            assert_int_equal(out[1][i], in[i]);
        }
    }
    tb_small_close(&small);
}

static void vectors__pass_through_shared_memory(void **state)
{
    (void)state;
    tb_small small = tb_small_open("instructions.cu", NULL);
    uint32_t in[128], out[4][LANES];
    for (uint32_t i = 0; i < 128; i++) {
        in[i] = 1000 + i;
    }
    run_words(&small, "vectors", in, 128, out);
    for (int lane = 0; lane < LANES; lane++) { /* lane ^ 1 of what lane ^ 1 has, word 1; then 1-3 */
        const uint32_t *got = &out[0][0] + lane * 4;
        assert_int_equal(got[0], in[lane * 4 + 1]);
        for (int i = 1; i < 4; i++) {
            assert_int_equal(got[i], in[(lane ^ 1) * 4 + i]);
        }
    }
    tb_small_close(&small);
}

enum { NUMBERS = 512 };

static void run_functions(const tb_small *small, const float *in, bool is_perturbed,
                          float out[4][NUMBERS])
{
    struct {
        const void *in;
        void *out;
        int32_t count;
    } params = {tb_small_buffer(small, "in", NUMBERS * 4, in),
                tb_small_buffer(small, "out", 4 * NUMBERS * 4, NULL), NUMBERS};
    tb_emu_launch launch = tb_small_launch(small, "functions", &params, sizeof params);
    launch.is_exp2_perturbed = is_perturbed;
    tb_emu_counters counters = tb_small_run(small, &launch);
    assert_int_equal(counters.exp2, NUMBERS);
    assert_int_equal(counters.fma, NUMBERS);
    tb_small_download(small, params.out, out, 4 * NUMBERS * 4);
}

/* Largest errors, exp2's relative; log2's absolute in (1/2, 2), relative beyond. */
static void measure(const float *in, float out[4][NUMBERS], double *exp2_error, double *log2_error)
{
    *exp2_error = *log2_error = 0;
    for (int i = 0; i < NUMBERS; i++) {
        double x = (double)in[i], e = exp2(x), l = log2(x);
        double error = fabs((double)out[0][i] - e) / e;
        *exp2_error = fmax(*exp2_error, error);
        error = fabs((double)out[1][i] - l) / (x > 0.5 && x < 2 ? 1 : fabs(l));
        *log2_error = fmax(*log2_error, error);
        assert_true(out[2][i] == fmaf(in[i], in[i], -1));
        assert_true(out[3][i] == fmaxf(in[i], 0.5F));
    }
}

static void exp2_and_log2__are_near_and_perturbed_within_what_ptx_allows(void **state)
{
    (void)state;
    tb_small small = tb_small_open("instructions.cu", NULL);
    gsl_rng *random = tb_test_random();
    static float in[NUMBERS], out[4][NUMBERS];
    double exp2_error, log2_error;
    for (int i = 0; i < NUMBERS; i++) {
        in[i] = i % 2 ? (float)(0.5 + 1.5 * gsl_rng_uniform_pos(random))
                      : (float)(120 * gsl_rng_uniform_pos(random));
    }
    run_functions(&small, in, false, out);
    measure(in, out, &exp2_error, &log2_error);
    assert_true(exp2_error < 0x1p-23 && log2_error < 0x1p-23);
    run_functions(&small, in, true, out);
    measure(in, out, &exp2_error, &log2_error);
    print_message("perturbed by up to %.2f and %.2f of 2^-22\n", exp2_error * 0x1p22,
                  log2_error * 0x1p22);
    assert_true(exp2_error <= 0x1p-22 && log2_error <= 0x1p-22);
    assert_true(exp2_error > 0.7 * 0x1p-22 && log2_error > 0.7 * 0x1p-22);
    gsl_rng_free(random);
    tb_small_close(&small);
}

static void exp2_and_log2__know_the_ends(void **state)
{
    (void)state;
    tb_small small = tb_small_open("instructions.cu", NULL);
    static float in[NUMBERS], out[4][NUMBERS];
    const float ends[] = {0, -0.0F, -HUGE_VALF, HUGE_VALF, nanf(""), -126.5F, -0x1p-130F, 128, -1};
    for (int perturbed = 0; perturbed < 2; perturbed++) {
        memset(in, 0, sizeof in);
        memcpy(in, ends, sizeof ends);
        run_functions(&small, in, perturbed != 0, out);
        assert_true(out[0][0] == 1 && out[0][1] == 1);
        assert_true(out[0][2] == 0 && !signbit(out[0][2]));
        assert_true(isinf(out[0][3]) && isnan(out[0][4]));
        assert_true(out[0][5] == 0); /* flushed */
        assert_true(out[0][6] == 1);
        assert_true(isinf(out[0][7]));
        assert_true(isinf(out[1][0]) && out[1][0] < 0);
        assert_true(isinf(out[1][3]) && isnan(out[1][4]) && isnan(out[1][8]));
        assert_true(out[3][4] == 0.5F); /* the larger of NaN and a number is the number */
    }
    tb_small_close(&small);
}

static float value_of(uint16_t bits, bool is_bf16)
{
    return is_bf16 ? tb_bf16_to_float(bits) : tb_fp16_to_float(bits);
}

static void check_half(const char *what, float in, float back, uint32_t bits, bool is_bf16)
{
    uint32_t want = is_bf16 ? tb_float_to_bf16(in) : tb_float_to_fp16(in);
    if (isnan(in)) {
        want = 0x7fff; /* the one NaN that cvt makes */
        assert_true(isnan(back));
    } else if (back != value_of((uint16_t)want, is_bf16)) {
        fail_msg("%s: %a came back as %a", what, (double)in, (double)back);
    }
    if (bits != want) {
        fail_msg("%s: %a became %#x; wanted %#x", what, (double)in, bits, want);
    }
}

static void halves__are_rounded_to_nearest_even(void **state)
{
    (void)state;
    tb_small small = tb_small_open("instructions.cu", NULL);
    gsl_rng *random = tb_test_random();
    static float in[2 * NUMBERS], back[4][NUMBERS];
    static uint32_t out[2][NUMBERS];
    static const float special[] = {0,          -0.0F,     HUGE_VALF, -HUGE_VALF,   65504,
                                    65519.99F,  65520,     -65536,    0x1p-24F,     0x1p-25F,
                                    0x1.8p-25F, -0x1p-26F, 0x1p-14F,  0x1.ffcp-15F, 0x1.ffep-15F,
                                    2049,       2051,      0x1.01p0F, 0x1.03p0F,    3.4e38F};
    for (int i = 0; i < 2 * NUMBERS; i++) {
        uint32_t bits = (uint32_t)gsl_rng_uniform_int(random, 0xffffffffUL);
        in[i] = i % 3 ? float_of(bits) : ldexpf((float)gsl_rng_uniform(random), i % 45 - 28);
    }
    in[100] = nanf("");
    memcpy(in, special, sizeof special);
    struct {
        const void *in;
        void *out, *back;
        int32_t count;
    } params = {tb_small_buffer(&small, "in", sizeof in, in),
                tb_small_buffer(&small, "out", sizeof out, NULL),
                tb_small_buffer(&small, "back", sizeof back, NULL), NUMBERS};
    tb_emu_launch launch = tb_small_launch(&small, "halves", &params, sizeof params);
    (void)tb_small_run(&small, &launch);
    tb_small_download(&small, params.out, out, sizeof out);
    tb_small_download(&small, params.back, back, sizeof back);
    for (int i = 0; i < NUMBERS; i++) {
        check_half("low bf16", in[2 * i], back[0][i], out[0][i] & 0xffff, true);
        check_half("high bf16", in[2 * i + 1], back[1][i], out[0][i] >> 16, true);
        check_half("low fp16", in[2 * i], back[2][i], out[1][i] & 0xffff, false);
        check_half("high fp16", in[2 * i + 1], back[3][i], out[1][i] >> 16, false);
    }
    gsl_rng_free(random);
    tb_small_close(&small);
}

/* Sums of what tb_count_unmasked() is told, by entry. One host thread. */
static void add_unmasked(void *user, const int cta[3], int entry, int slot, int count)
{
    int64_t *sums = user;
    assert_true(slot >= 0 && slot < 96 && cta[2] < 2);
    sums[entry] += count;
}

static void threads__know_where_they_are(void **state)
{
    (void)state;
    enum { X = 5, Y = 3, Z = 2, THREADS = 96, ALL = X * Y * Z * THREADS };
    tb_small small = tb_small_open("instructions.cu", NULL);
    static int32_t out[ALL][6];
    uint32_t zero = 0, sum = 0;
    struct {
        void *out, *sum;
        int32_t threads, grid_y;
    } params = {tb_small_buffer(&small, "out", sizeof out, NULL),
                tb_small_buffer(&small, "sum", 4, &zero), THREADS, Y};
    for (int schedule = TB_EMU_FORWARD; schedule <= TB_EMU_RANDOM; schedule++) {
        int64_t sums[3] = {0};
        tb_emu_launch launch = tb_small_launch(&small, "whereabouts", &params, sizeof params);
        launch.grid[0] = X;
        launch.grid[1] = Y;
        launch.grid[2] = Z;
        launch.threads = THREADS;
        launch.schedule = (tb_emu_schedule)schedule;
        launch.seed = 3;
        launch.unmasked = add_unmasked;
        launch.user = sums;
        tb_emu_forget(small.memory, params.out);
        tb_emu_counters counters = tb_small_run(&small, &launch);
        assert_int_equal(counters.ctas, X * Y * Z);
        assert_int_equal(counters.barriers, X * Y * Z);
        assert_int_equal(sums[1], THREADS * (X * Y * Z * (X * Y * Z - 1) / 2 + X * Y * Z));
        tb_small_download(&small, params.out, out, sizeof out);
        for (int i = 0; i < ALL; i++) {
            int cta = i / THREADS;
            const int32_t want[] = {i % THREADS, i % THREADS, cta % X, cta / X % Y, cta / X / Y, 1};
            assert_memory_equal(out[i], want, sizeof want);
        }
    }
    tb_small_download(&small, params.sum, &sum, sizeof sum);
    assert_int_equal(sum, 3 * ALL);
    tb_small_close(&small);
}

/* All host threads take CTAs; sums are the same. */
static void host_threads__share_the_ctas(void **state)
{
    (void)state;
    enum { CTAS = 64, THREADS = 64 };
    tb_small small = tb_small_open("instructions.cu", NULL);
    static int32_t out[CTAS * THREADS][6];
    uint32_t zero = 0, sum = 0;
    struct {
        void *out, *sum;
        int32_t threads, grid_y;
    } params = {tb_small_buffer(&small, "out", sizeof out, NULL),
                tb_small_buffer(&small, "sum", 4, &zero), THREADS, 1};
    for (int threads = 0; threads < 5; threads++) {
        tb_emu_launch launch = tb_small_launch(&small, "whereabouts", &params, sizeof params);
        launch.grid[0] = CTAS;
        launch.threads = THREADS;
        launch.host_threads = threads;
        tb_emu_forget(small.memory, params.out);
        assert_int_equal(tb_small_run(&small, &launch).ctas, CTAS);
    }
    tb_small_download(&small, params.sum, &sum, sizeof sum);
    assert_int_equal(sum, 5 * CTAS * THREADS);
    tb_small_close(&small);
}

TB_TESTS(cmocka_unit_test(shuffles__take_the_value_of_the_lane_that_is_named),
         cmocka_unit_test(ballots__have_a_bit_a_lane),
         cmocka_unit_test(cp_async__copies_bytes_and_fills_up_with_zero),
         cmocka_unit_test(vectors__pass_through_shared_memory),
         cmocka_unit_test(exp2_and_log2__are_near_and_perturbed_within_what_ptx_allows),
         cmocka_unit_test(exp2_and_log2__know_the_ends),
         cmocka_unit_test(halves__are_rounded_to_nearest_even),
         cmocka_unit_test(threads__know_where_they_are),
         cmocka_unit_test(host_threads__share_the_ctas));
