#include "cpu_facts.h"

#include "checked.h"
#include "cpu_threads.h"
#include "file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAMPLES     11
#define SAMPLE_US   4000.0 /* of a rate: long against the clock, short against a scheduler's turn */
#define FMA_STEPS   4096
#define EXP2_FLOATS 2048
#define MEMORY_MAX  (INT64_C(512) << 20)
#define CPUINFO_MAX (1 << 24)
#define STARTS      64 /* parallel regions a sample */

/* "model name : ..." of the first processor, where Linux says it. */
static void name_processor(tb_device_facts *out)
{
    static const char key[] = "model name\t: ";
    tb_file_bytes file;
    (void)strcpy(out->name, "unnamed processor");
    if (tb_file_read("/proc/cpuinfo", CPUINFO_MAX, &file, NULL) != TB_OK) {
        return;
    }
    const char *text = (const char *)file.data;
    for (size_t at = 0; at + sizeof key < file.length; at++) {
        if (memcmp(text + at, key, sizeof key - 1) == 0) {
            size_t size = 0;
            at += sizeof key - 1;
            while (at + size < file.length && text[at + size] != '\n' &&
                   size < sizeof out->name - 1) {
                size++;
            }
            memcpy(out->name, text + at, size);
            out->name[size] = '\0';
            break;
        }
    }
    tb_file_release(&file);
}

static int64_t cache_bytes(int level)
{
    long bytes = -1;
#if defined(_SC_LEVEL1_DCACHE_SIZE) && defined(_SC_LEVEL2_CACHE_SIZE) &&                           \
    defined(_SC_LEVEL3_CACHE_SIZE)
    static const int names[] = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE,
                                _SC_LEVEL3_CACHE_SIZE};
    bytes = sysconf(names[level - 1]);
#endif
    return bytes > 0 ? bytes : 0;
}

/* One run of chains; what comes out must be what the recurrence says, in each lane of each chain.
 */
static tb_status run_chains(const tb_cpu_isa *isa, int chains, int64_t steps, double *us,
                            tb_error *err)
{
    enum { CHAINS_MAX = 12, LANES_MAX = 16 };
    const float a = 0.999F, b = 1e-3F;
    float x[CHAINS_MAX * LANES_MAX], start[CHAINS_MAX * LANES_MAX];
    int values = chains * isa->lanes;
    for (int i = 0; i < values; i++) {
        start[i] = x[i] = 0.25F + 0.01F * (float)i;
    }
    double begin = tb_cpu_own_us();
    isa->fma(chains, steps, a, b, x);
    *us = tb_cpu_own_us() - begin;
    double fixed = (double)b / (1 - (double)a), shrunk = pow((double)a, (double)steps);
    for (int i = 0; i < values; i++) {
        double want = fixed + ((double)start[i] - fixed) * shrunk;
        if (!(fabs((double)x[i] - want) <= 1e-3 * want)) {
            return tb_fail(err, TB_EINTERNAL,
                           "internal check failed: a chain of multiply-adds gives %g, not %g",
                           (double)x[i], want);
        }
    }
    return TB_OK;
}

tb_status tb_cpu_fma_rate(const tb_cpu_isa *isa, int chains, double *out, tb_error *err)
{
    int64_t steps = FMA_STEPS;
    double us;
    tb_status status = run_chains(isa, chains, steps, &us, err);
    while (status == TB_OK && us < SAMPLE_US) {
        steps *= 2;
        status = run_chains(isa, chains, steps, &us, err);
    }
    if (status == TB_OK) {
        *out = 2.0 * chains * isa->lanes * (double)steps / (us * 1e-6);
    }
    return status;
}

/* The rate with the longest chains of chains, one sample. */
static tb_status sample_fma(const tb_cpu_isa *isa, double *out, tb_error *err)
{
    return tb_cpu_fma_rate(isa, 12, out, err);
}

/* All threads at once, over the rate of one: each runs the same chains, and the last one's end
 * counts. */
static tb_status sample_team(const tb_cpu_isa *isa, int threads, double alone, double *out,
                             tb_error *err)
{
    int64_t steps = FMA_STEPS * 64;
    tb_status status = TB_OK;
    double begin = tb_cpu_now_us();
#pragma omp parallel num_threads(threads)
    {
        double us;
        tb_status own = run_chains(isa, 12, steps, &us, NULL);
        if (own != TB_OK) {
#pragma omp atomic write
            status = own;
        }
    }
    double us = tb_cpu_now_us() - begin;
    if (status != TB_OK) {
        return tb_fail(err, status, "internal check failed: multiply-adds of several threads");
    }
    *out = 2.0 * 12 * isa->lanes * (double)steps * threads / (us * 1e-6) / alone;
    return TB_OK;
}

static double sample_exp2(const tb_cpu_isa *isa, const float *x, float *y)
{
    double begin = tb_cpu_own_us(), us = 0;
    int64_t done = 0;
    while (us < SAMPLE_US) {
        for (int i = 0; i < 16; i++) {
            isa->exp2(x, y, EXP2_FLOATS);
        }
        done += 16 * EXP2_FLOATS;
        us = tb_cpu_own_us() - begin;
    }
    return (double)done / (us * 1e-6);
}

/* Bytes a second of passes over `count` floats; the sum goes where no compiler can drop it. */
static double sample_bandwidth(const tb_cpu_isa *isa, const float *x, int64_t count,
                               volatile float *sink)
{
    double begin = tb_cpu_own_us(), us = 0;
    int64_t done = 0;
    do {
        int64_t passes = tb_max((INT64_C(1) << 20) / (4 * count), 1);
        for (int64_t i = 0; i < passes; i++) {
            *sink = *sink + isa->sum(x, count);
        }
        done += passes * count * (int64_t)sizeof *x;
        us = tb_cpu_own_us() - begin;
    } while (us < SAMPLE_US);
    return (double)done / (us * 1e-6);
}

static double sample_start(int threads, volatile int *sink)
{
    double begin = tb_cpu_now_us();
    for (int i = 0; i < STARTS; i++) {
#pragma omp parallel num_threads(threads)
        {
            if (tb_cpu_thread() == 0) {
                *sink = i;
            }
        }
    }
    return (tb_cpu_now_us() - begin) / STARTS;
}

static tb_status measure_arithmetic(const tb_cpu_isa *isa, tb_device_facts *out, tb_error *err)
{
    double samples[SAMPLES], more[SAMPLES];
    tb_status status = TB_OK;
    int threads = (int)tb_min(out->cores, 2);
    for (int s = 0; status == TB_OK && s < SAMPLES; s++) { /* paired: a clock change meets both */
        status = sample_fma(isa, &samples[s], err);
        if (status == TB_OK && threads > 1) {
            status = sample_team(isa, threads, samples[s], &more[s], err);
        }
    }
    if (status != TB_OK) {
        return status;
    }
    tb_device_facts_add(out, "fma_flop_per_s", "fp32 multiply-adds of one core, two flop each",
                        samples, SAMPLES);
    if (threads > 1) {
        tb_device_facts_add(out, "second_thread_speedup",
                            "multiply-adds of two threads over those of one", more, SAMPLES);
    }
    return TB_OK;
}

static tb_status measure_exp2(const tb_cpu_isa *isa, tb_device_facts *out, tb_error *err)
{
    float *x = tb_cpu_floats(EXP2_FLOATS), *y = tb_cpu_floats(EXP2_FLOATS);
    if (x == NULL || y == NULL) {
        free(x);
        free(y);
        return tb_fail(err, TB_ENOMEM, "no memory for microbenchmarks");
    }
    for (int i = 0; i < EXP2_FLOATS; i++) {
        x[i] = -20 * (float)i / EXP2_FLOATS;
    }
    double samples[SAMPLES];
    for (int s = 0; s < SAMPLES; s++) {
        samples[s] = sample_exp2(isa, x, y);
    }
    tb_device_facts_add(out, "exp2_per_s", "the kernels' exponentials of one core", samples,
                        SAMPLES);
    free(x);
    free(y);
    return TB_OK;
}

/* Reads that hit one level: a buffer of half its size, or where it is much larger than the level
 * above, of four times that one (a shared or virtual last level is seldom all ours). */
static tb_status measure_memory(const tb_cpu_isa *isa, tb_device_facts *out, tb_error *err)
{
    const struct {
        const char *name, *summary;
        int64_t bytes;
    } levels[] = {
        {"l1_bytes_per_s", "reads of one core from L1", out->l1_bytes / 2},
        {"l2_bytes_per_s", "reads of one core from L2", out->l2_bytes / 2},
        {"l3_bytes_per_s", "reads of one core from L3",
         tb_min(out->l3_bytes / 2, 4 * out->l2_bytes)},
        {"dram_bytes_per_s", "reads of one core past the caches", 2 * out->l3_bytes},
    };
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (levels[i].bytes <= 0) { /* a level that is not known, or not there */
            continue;
        }
        int64_t count = tb_min(levels[i].bytes, MEMORY_MAX) / (int64_t)sizeof(float);
        float *x = tb_cpu_floats(count);
        if (x == NULL) {
            return tb_fail(err, TB_ENOMEM, "no memory for microbenchmarks");
        }
        volatile float sink = 0;
        double samples[SAMPLES];
        (void)sample_bandwidth(isa, x, count, &sink);
        for (int s = 0; s < SAMPLES; s++) {
            samples[s] = sample_bandwidth(isa, x, count, &sink);
        }
        tb_device_facts_add(out, levels[i].name, levels[i].summary, samples, SAMPLES);
        free(x);
    }
    return TB_OK;
}

static void measure_start(tb_device_facts *out)
{
    volatile int sink = 0;
    double samples[SAMPLES];
    (void)sample_start(out->cores, &sink);
    for (int s = 0; s < SAMPLES; s++) {
        samples[s] = sample_start(out->cores, &sink);
    }
    tb_device_facts_add(out, "thread_start_us", "begin and end of a parallel region of all threads",
                        samples, SAMPLES);
}

tb_status tb_cpu_facts(bool is_measuring, tb_device_facts *out, tb_error *err)
{
    const tb_cpu_isa *isa;
    tb_status status = tb_cpu_isa_here(&isa, err);
    if (status != TB_OK) {
        return status;
    }
    tb_device_facts facts = {.cores = tb_cpu_threads(),
                             .vector_bits = 32 * isa->lanes,
                             .l1_bytes = cache_bytes(1),
                             .l2_bytes = cache_bytes(2),
                             .l3_bytes = cache_bytes(3)};
    name_processor(&facts);
    (void)strcpy(facts.isa, isa->name);
    if (is_measuring) {
        status = measure_arithmetic(isa, &facts, err);
        if (status == TB_OK) {
            status = measure_exp2(isa, &facts, err);
        }
        if (status == TB_OK) {
            status = measure_memory(isa, &facts, err);
        }
        if (status == TB_OK) {
            measure_start(&facts);
        }
    }
    if (status == TB_OK) {
        *out = facts;
    }
    return status;
}
