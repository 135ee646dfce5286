/* bench_emu: mma a second a core that the emulator executes, all checks on.
 *
 *   bench_emu [HOST_THREADS]
 *
 * A fused attention kernel in tiles of 64 x 64 x 128 (bench_emu.cu), by default on one thread:
 * median and quartiles of several runs, by processor time. */
#include "file.h"
#include "init.h"
#include "number.h"
#include "twin.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUNS    11
#define Q_TILES 2
#define TILES   16
#define DIM     128

typedef struct bench_params {
    const void *q, *k, *v;
    void *o;
    int32_t tiles;
    float scale_log2;
} bench_params;

static void check(tb_status status, const tb_error *err)
{
    if (status != TB_OK) {
        (void)fprintf(stderr, "bench_emu: %s\n", err->message);
        exit(1);
    }
}

/* Processor time of all threads: leaves out what other programs take. */
static double own_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* A buffer of bf16 numbers in [-1, 1). */
static void *upload_random(tb_emu_memory *memory, const char *name, int count)
{
    tb_error err;
    void *buffer = NULL;
    int64_t bytes = count * 2;
    uint16_t *numbers = malloc((size_t)bytes);
    if (numbers == NULL) {
        exit(1);
    }
    for (int i = 0; i < count; i++) {
        numbers[i] = tb_float_to_bf16((float)rand() / (float)RAND_MAX * 2 - 1);
    }
    check(tb_emu_alloc(memory, name, bytes, &buffer, &err), &err);
    check(tb_emu_upload(memory, buffer, numbers, bytes, &err), &err);
    free(numbers);
    return buffer;
}

static tb_twin *compile(void)
{
    tb_error err;
    tb_file_bytes text;
    tb_twin *twin = NULL;
    check(tb_file_read(TB_SOURCE_DIR "/tests/bench/bench_emu.cu", 1 << 20, &text, &err), &err);
    char *copy = calloc(text.length + 1, 1);
    if (copy == NULL) {
        exit(1);
    }
    memcpy(copy, text.data, text.length);
    check(tb_twin_create_text("bench_emu.cu", copy, NULL, &twin, &err), &err);
    free(copy);
    tb_file_release(&text);
    return twin;
}

int main(int argc, char **argv)
{
    tb_init();
    tb_error err;
    tb_emu_memory *memory = NULL;
    check(tb_emu_memory_create(&memory, &err), &err);
    tb_twin *twin = compile();
    bench_params params = {.q = upload_random(memory, "q", Q_TILES * 64 * DIM),
                           .k = upload_random(memory, "k", TILES * 64 * DIM),
                           .v = upload_random(memory, "v", TILES * 64 * DIM),
                           .tiles = TILES,
                           .scale_log2 = (float)(1.4426950408889634 / sqrt(DIM))};
    check(tb_emu_alloc(memory, "o", Q_TILES * 64 * DIM * 4, &params.o, &err), &err);
    tb_emu_launch launch = {.kernel = "bench",
                            .entry = tb_twin_entry(twin, "bench"),
                            .grid = {Q_TILES, 1, 1},
                            .threads = 128,
                            .shared_bytes = 5 * 64 * DIM * 2,
                            .params = &params,
                            .params_bytes = sizeof params,
                            .host_threads = argc > 1 ? atoi(argv[1]) : 1};
    double rates[RUNS];
    tb_emu_counters counters;
    for (int i = 0; i < RUNS; i++) {
        double begun = own_s();
        check(tb_emu_run(memory, &launch, &counters, NULL, &err), &err);
        rates[i] = (double)counters.mma / (own_s() - begun);
    }
    qsort(rates, RUNS, sizeof *rates, compare_doubles);
    (void)printf("%lld mma, %lld ldmatrix, %lld exp2, %lld load sectors (%lld ideal), %lld bank "
                 "conflicts a run\n",
                 (long long)counters.mma, (long long)counters.ldmatrix, (long long)counters.exp2,
                 (long long)counters.load_sectors, (long long)counters.load_sectors_ideal,
                 (long long)counters.shared_conflicts);
    (void)printf("mma a second a core: median %.0f (quartiles %.0f to %.0f)\n", rates[RUNS / 2],
                 rates[RUNS / 4], rates[RUNS - 1 - RUNS / 4]);
    tb_twin_destroy(twin);
    tb_emu_memory_destroy(memory);
    return 0;
}
