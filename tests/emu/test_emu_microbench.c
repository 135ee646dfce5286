/* Microbenchmarks on the emulator: they do the work that cuda_microbench.h says, and store what
 * shows that they did it. */
#include "cuda_microbench.h"
#include "kernel_run.h"
#include "test_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CTAS    5
#define THREADS (CTAS * TB_MICROBENCH_THREADS)

typedef struct bench {
    tb_microbench_params params;
    const tb_u32 *in; /* read, copy */
    tb_u32 *out;      /* `params.bytes` of a copy, else one a thread */
    tb_i64 cycles[CTAS];
    tb_emu_counters counters;
} bench;

/* Runs under three schedules, and once more for the clocks, which differ between them. */
static void run(bench *b)
{
    tb_kernel kernel = tb_kernel_open("microbench");
    tb_emu_memory *memory = NULL;
    tb_error err;
    tb_assert_ok(tb_emu_memory_create(&memory, &err), &err);
    int64_t out_bytes = b->params.kind == TB_MICROBENCH_COPY    ? b->params.bytes
                        : b->params.kind == TB_MICROBENCH_EMPTY ? 0
                                                                : THREADS * 4;
    void *cycles = tb_kernel_buffer(memory, "cycles", sizeof b->cycles, NULL);
    b->params.in = tb_kernel_buffer(memory, "in", b->params.bytes, b->in);
    b->params.out = tb_kernel_buffer(memory, "out", out_bytes, NULL);
    tb_kernel_run kernel_run = {
        .memory = memory,
        .step = {{&kernel, {CTAS, 1, 1}, &b->params, sizeof b->params}},
        .steps = 1,
        .output = {{.buffer = b->params.out, .host = b->out, .bytes = out_bytes}},
        .outputs = 1};
    tb_kernel_run_all(&kernel_run);
    b->counters = kernel_run.counters[0];
    if (b->params.kind != TB_MICROBENCH_EMPTY) {
        b->params.cycles = cycles;
        tb_kernel_run_all(&kernel_run);
        tb_assert_ok(tb_emu_download(memory, cycles, b->cycles, sizeof b->cycles, &err), &err);
    }
    tb_emu_memory_destroy(memory);
    tb_kernel_close(&kernel);
}

static bench of_kind(tb_microbench_kind kind, int turns)
{
    bench b = {.params = {.kind = (tb_i32)kind, .turns = turns}};
    b.out = calloc(THREADS, sizeof *b.out);
    assert_non_null(b.out);
    return b;
}

static double as_float(tb_u32 bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

/* The counters say what the host's formula does, of each kind of work: no less, and no more. */
static void assert_work(const bench *b)
{
    tb_microbench_work work = tb_microbench_work_of(&b->params, CTAS);
    const tb_emu_counters *c = &b->counters;
    assert_int_equal(c->ctas, CTAS);
    assert_int_equal(c->mma, work.mma);
    assert_int_equal(c->exp2, work.exp2);
    assert_int_equal(c->fma, work.fma);
    assert_int_equal(work.flop, work.mma * 4096 + work.fma * 2);
    assert_int_equal(c->shared_loads * 512, work.shared_bytes);
    assert_int_equal(c->load_sectors * 32, work.read_bytes);
    assert_int_equal(c->load_sectors, c->load_sectors_ideal);
    assert_int_equal(c->store_sectors, c->store_sectors_ideal);
    int64_t results =
        work.write_bytes > 0 || b->params.kind == TB_MICROBENCH_EMPTY ? 0 : THREADS * 4;
    assert_int_equal(c->store_sectors * 32, work.write_bytes + results);
    assert_int_equal(c->shared_conflicts, 0);
    for (int i = 0; i < CTAS && b->params.cycles != NULL; i++) {
        assert_true(b->cycles[i] > 0);
    }
}

/* a b is 1 in every element: an accumulator that began at its chain's number ends that many steps
 * later. */
static void microbench__mma_adds_one_a_step(void **state)
{
    (void)state;
    for (int kind = TB_MICROBENCH_MMA_BF16; kind <= TB_MICROBENCH_MMA_FP16; kind++) {
        bench b = of_kind((tb_microbench_kind)kind, 7);
        run(&b);
        assert_work(&b);
        /* 5 CTAs x 8 warps x 7 turns x 32 */
        assert_int_equal(b.counters.mma, 8960);
        for (int i = 0; i < THREADS; i++) {
            /* 4 elements of chains 0 to 7, each 7 x 4 more */
            assert_true(as_float(b.out[i]) == 4.0 * (28 + 8 * 28));
        }
        free(b.out);
    }
}

static void microbench__exp2_ends_at_its_fixed_point(void **state)
{
    (void)state;
    bench b = of_kind(TB_MICROBENCH_EXP2, 9);
    run(&b);
    assert_work(&b);
    assert_int_equal(b.counters.exp2, THREADS * 9 * 32);
    double x = 1; /* of x = 2^-x: 36 steps have come closer than fp32 can tell */
    for (int step = 0; step < 99; step++) {
        x = exp2(-x);
    }
    for (int i = 0; i < THREADS; i++) {
        tb_assert_close(as_float(b.out[i]), 8 * x, 2e-6);
    }
    free(b.out);
}

static void microbench__fma_is_its_recurrence(void **state)
{
    (void)state;
    bench b = of_kind(TB_MICROBENCH_FMA, 3);
    b.params.a = 0.75F;
    b.params.b = -1.375F;
    run(&b);
    assert_work(&b);
    assert_int_equal(b.counters.fma, THREADS * 3 * 32);
    for (int i = 0; i < THREADS; i++) {
        float sum = 0;
        for (int chain = 0; chain < TB_MICROBENCH_CHAINS; chain++) {
            float x = (float)(chain + i % 32);
            for (int step = 0; step < 3 * TB_MICROBENCH_UNROLL; step++) {
                x = fmaf(x, 0.75F, -1.375F);
            }
            sum += x;
        }
        assert_true(as_float(b.out[i]) == (double)sum);
    }
    free(b.out);
}

/* Word i is i: a thread reads words of place p + 32 turns, of each of 8 pieces of 256 places. */
static void microbench__shared_memory_is_read_without_conflicts(void **state)
{
    (void)state;
    bench b = of_kind(TB_MICROBENCH_SHARED, 11);
    run(&b);
    assert_work(&b);
    /* of 128 bytes: 11 turns read, and once written */
    assert_int_equal(b.counters.shared_transactions,
                     (11 + 1) * CTAS * TB_MICROBENCH_SHARED_BYTES / 128);
    for (int i = 0; i < THREADS; i++) {
        tb_u32 sum = 0;
        for (int turn = 0; turn < 11; turn++) {
            for (int piece = 0; piece < TB_MICROBENCH_PIECES; piece++) {
                int place = piece * 256 + (i % 256 + 32 * turn) % 256;
                for (int word = 0; word < 4; word++) {
                    sum += (tb_u32)(place * 4 + word);
                }
            }
        }
        assert_int_equal(b.out[i], sum);
    }
    free(b.out);
}

/* An `in` of random words. */
static tb_u32 *random_words(gsl_rng *random, int64_t bytes)
{
    tb_u32 *words = calloc((size_t)bytes / 4 + 1, sizeof *words);
    assert_non_null(words);
    for (int64_t i = 0; i < bytes / 4; i++) {
        words[i] = (tb_u32)gsl_rng_get(random);
    }
    return words;
}

/* Fewer bytes than one run of a CTA, a last run that is short, and more runs than CTAs. */
static const int64_t sizes[] = {4096 + 32, 3 * 32768, 7 * 32768 + 13 * 512};

static void microbench__reading_reads_all_in_each_pass(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    for (int i = 0; i < 3; i++) {
        bench b = of_kind(TB_MICROBENCH_READ, 3);
        tb_u32 *in = random_words(random, sizes[i]), want = 0, sum = 0;
        b.in = in;
        b.params.bytes = sizes[i];
        b.params.step = (tb_i32)(tb_test_between(random, 0, CTAS - 1));
        run(&b);
        assert_work(&b);
        for (int64_t w = 0; w < sizes[i] / 4; w++) {
            want += 3 * in[w];
        }
        for (int t = 0; t < THREADS; t++) {
            sum += b.out[t];
        }
        assert_int_equal(sum, want);
        free(in);
        free(b.out);
    }
    gsl_rng_free(random);
}

/* Bytes count once, however often they are read; those of the last launch alone. */
static void microbench__touches_what_it_reads(void **state)
{
    (void)state;
    const int64_t bytes = 3 * 32768, half = 32768 + 4096;
    tb_kernel kernel = tb_kernel_open("microbench");
    tb_emu_memory *memory = NULL;
    tb_error err;
    tb_assert_ok(tb_emu_memory_create(&memory, &err), &err);
    tb_u32 *data = calloc((size_t)bytes, 1);
    assert_non_null(data);
    tb_microbench_params params = {.kind = TB_MICROBENCH_READ, .turns = 2, .bytes = bytes};
    params.in = tb_kernel_buffer(memory, "in", bytes, data);
    params.out = tb_kernel_buffer(memory, "out", THREADS * 4, NULL);
    void *other = tb_kernel_buffer(memory, "other", bytes, data);
    tb_kernel_run kernel_run = {
        .memory = memory, .step = {{&kernel, {CTAS, 1, 1}, &params, sizeof params}}, .steps = 1};
    tb_kernel_run_all(&kernel_run);
    assert_int_equal(tb_emu_touched(memory, params.in), bytes);
    assert_int_equal(tb_emu_touched(memory, params.out), THREADS * 4);
    assert_int_equal(tb_emu_touched(memory, other), 0);
    assert_int_equal(tb_emu_touched(memory, (char *)other + 8), 0); /* none begins there */
    params.bytes = half;
    tb_kernel_run_all(&kernel_run);
    assert_int_equal(tb_emu_touched(memory, params.in), half);
    free(data);
    tb_emu_memory_destroy(memory);
    tb_kernel_close(&kernel);
}

static void microbench__a_copy_is_the_same(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    for (int i = 0; i < 3; i++) {
        bench b = of_kind(TB_MICROBENCH_COPY, 1);
        tb_u32 *in = random_words(random, sizes[i]);
        free(b.out);
        b.out = calloc((size_t)sizes[i], 1);
        assert_non_null(b.out);
        b.in = in;
        b.params.bytes = sizes[i];
        run(&b);
        assert_work(&b);
        assert_memory_equal(b.out, in, (size_t)sizes[i]);
        free(in);
        free(b.out);
    }
    gsl_rng_free(random);
}

static void microbench__an_empty_cta_touches_nothing(void **state)
{
    (void)state;
    bench b = of_kind(TB_MICROBENCH_EMPTY, 1);
    run(&b);
    assert_work(&b);
    assert_int_equal(b.counters.global_loads + b.counters.global_stores, 0);
    assert_int_equal(b.counters.shared_loads + b.counters.shared_stores, 0);
    free(b.out);
}

TB_TESTS(cmocka_unit_test(microbench__mma_adds_one_a_step),
         cmocka_unit_test(microbench__exp2_ends_at_its_fixed_point),
         cmocka_unit_test(microbench__fma_is_its_recurrence),
         cmocka_unit_test(microbench__shared_memory_is_read_without_conflicts),
         cmocka_unit_test(microbench__reading_reads_all_in_each_pass),
         cmocka_unit_test(microbench__touches_what_it_reads),
         cmocka_unit_test(microbench__a_copy_is_the_same),
         cmocka_unit_test(microbench__an_empty_cta_touches_nothing));
