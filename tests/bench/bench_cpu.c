/* bench_cpu: how near the CPU kernels come to what this processor can do. Medians of paired runs.
 *
 *   bench_cpu [THREADS [CORE]]
 *
 * THREADS: of the sparse part, by default 1. CORE: the kernels that OpenBLAS is made to use
 * (SkylakeX), where it does not know the processor and takes narrower ones; its own choice
 * otherwise.
 *
 * Dense attention (fp32, head dim 128, 4096 tokens, one thread; its processor time) against the
 * rate of multiply-adds and against OpenBLAS (sgemm, our vectorised softmax, sgemm), where CMake
 * found it; then sparse problems against the dense kernel and their tile bounds (of one thread its
 * processor time, of more the wall time). */
#include "backend.h"
#include "bound.h"
#include "cpu_facts.h"
#include "cpu_threads.h"
#include "init.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES 15
#define TOKENS  4096
#define DIM     128

/* What is used of OpenBLAS; its header is not needed to run without it. */
typedef void sgemm_fn(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                      const float *a, int lda, const float *b, int ldb, float beta, float *c,
                      int ldc);
enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111, TRANSPOSE = 112 };

typedef struct openblas {
    sgemm_fn *sgemm;
    const char *core; /* NULL: not here */
} openblas;

static void fail(const char *what)
{
    (void)fprintf(stderr, "bench_cpu: %s\n", what);
    exit(1);
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(const double *samples, int count)
{
    double sorted[64];
    memcpy(sorted, samples, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, compare_doubles);
    return sorted[count / 2];
}

static void print_spread(const double *samples, int count, double unit)
{
    double sorted[64];
    memcpy(sorted, samples, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, compare_doubles);
    (void)printf("median %.3f (quartiles %.3f to %.3f)", sorted[count / 2] * unit,
                 sorted[count / 4] * unit, sorted[count - 1 - count / 4] * unit);
}

/* A function of a shared library; ISO C has no cast from an object pointer. */
static void find(void *library, const char *name, void *out)
{
    void *found = dlsym(library, name);
    if (found == NULL) {
        fail("OpenBLAS lacks a function");
    }
    memcpy(out, &found, sizeof found);
}

/* Opened here, not linked, so that it sees the environment without what would steer it. */
static openblas open_blas(const char *core)
{
    openblas blas = {0};
    (void)core;
#ifdef TB_OPENBLAS
    (void)unsetenv("OPENBLAS_CORETYPE");
    (void)unsetenv("OPENBLAS_L2_SIZE");
    if (core != NULL) {
        (void)setenv("OPENBLAS_CORETYPE", core, 1);
    }
    void *library = dlopen(TB_OPENBLAS, RTLD_NOW);
    if (library != NULL) {
        void (*set_threads)(int);
        char *(*core_name)(void);
        find(library, "cblas_sgemm", &blas.sgemm);
        find(library, "openblas_set_num_threads", &set_threads);
        find(library, "openblas_get_corename", &core_name);
        set_threads(1);
        blas.core = core_name();
    }
#endif
    return blas;
}

/* Does OpenBLAS use vectors as wide as ours? */
static bool is_fair(const openblas *blas, const tb_cpu_isa *isa)
{
    static const char *const wide[] = {"SkylakeX", "Cooperlake", "SapphireRapids"};
    if (strcmp(isa->name, "avx512") != 0) {
        return true;
    }
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        if (strcmp(blas->core, wide[i]) == 0) {
            return true;
        }
    }
    return false;
}

typedef struct tensor_set {
    float *q, *k, *v, *o, *lse;
} tensor_set;

static float *random_floats(int64_t count, float size)
{
    static uint64_t state = 1;
    float *made = tb_cpu_floats(count);
    if (made == NULL) {
        fail("no memory");
    }
    for (int64_t i = 0; i < count; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        made[i] = size * ((float)(state >> 40) / 16777216 - 0.5F);
    }
    return made;
}

static tensor_set make_tensors(int64_t tokens)
{
    return (tensor_set){.q = random_floats(tokens * DIM, 4),
                        .k = random_floats(tokens * DIM, 2),
                        .v = random_floats(tokens * DIM, 1),
                        .o = random_floats(tokens * DIM, 1),
                        .lse = random_floats(tokens, 1)};
}

static void free_tensors(tensor_set *set)
{
    free(set->q);
    free(set->k);
    free(set->v);
    free(set->o);
    free(set->lse);
}

/* A prepared launch. */
typedef struct subject {
    tb_launch launch;
    tb_tile_list *tiles;
    tb_plan *plan;
} subject;

static tb_launch launch_of(tb_layout layout, tb_tiling tiling, int threads)
{
    tb_launch launch = tb_launch_default();
    launch.problem.layout = layout;
    launch.problem.dtype = TB_DTYPE_FP32;
    launch.tiling = tiling;
    launch.threads = threads;
    return launch;
}

static subject open_subject(const tb_launch *launch)
{
    subject made = {.launch = *launch};
    tb_error err;
    if (tb_tile_list_create(&launch->problem, &launch->pattern, &launch->tiling, &made.tiles,
                            &err) != TB_OK) {
        fail(err.message);
    }
    made.launch.tiles = made.tiles;
    if (tb_plan_create(tb_backends[0], &made.launch, &made.plan, &err) != TB_OK) {
        fail(err.message);
    }
    return made;
}

static void close_subject(subject *it)
{
    tb_plan_destroy(it->plan);
    tb_tile_list_destroy(it->tiles);
}

/* Time in attention: without what other programs take, where one thread runs. */
static double attention_us(const tb_run_times *times)
{
    return times->threads == 1 ? times->own_us : times->attention_us;
}

static tb_run_times run_subject(const subject *it, const tensor_set *set)
{
    tb_tensors tensors = {.q = set->q, .k = set->k, .v = set->v, .o = set->o, .lse = set->lse};
    tb_run_times times;
    tb_error err;
    if (tb_plan_run(it->plan, &tensors, &times, &err) != TB_OK) {
        fail(err.message);
    }
    return times;
}

/* Dense attention by two matrix products, with what they need of memory. */
static double run_blas(const openblas *blas, const tb_cpu_isa *isa, const tensor_set *set,
                       float *scores, float *rows, float *o)
{
    float scale = 1.44269504F / sqrtf(DIM), *m = rows, *l = rows + TOKENS;
    double begin = tb_cpu_own_us();
    blas->sgemm(ROW_MAJOR, NO_TRANSPOSE, TRANSPOSE, TOKENS, TOKENS, DIM, scale, set->q, DIM, set->k,
                DIM, 0, scores, TOKENS);
    for (int i = 0; i < TOKENS; i++) {
        m[i] = -HUGE_VALF;
        l[i] = 0;
    }
    isa->softmax(&(tb_cpu_softmax){
        .s = scores, .s_stride = TOKENS, .rows = TOKENS, .keys = TOKENS, .m = m, .l = l, .o = o});
    blas->sgemm(ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, TOKENS, DIM, TOKENS, 1, scores, TOKENS,
                set->v, DIM, 0, o, DIM);
    for (int i = 0; i < TOKENS; i++) {
        for (int d = 0; d < DIM; d++) {
            o[i * DIM + d] /= l[i];
        }
    }
    return tb_cpu_own_us() - begin;
}

static double largest_difference(const float *x, const float *y, int64_t count)
{
    double most = 0;
    for (int64_t i = 0; i < count; i++) {
        most = fmax(most, fabs((double)x[i] - (double)y[i]));
    }
    return most;
}

/* The rate of multiply-adds, by two numbers of chains; they must agree. */
static double fma_rate(const tb_cpu_isa *isa)
{
    double rate[2];
    tb_error err;
    for (int i = 0; i < 2; i++) {
        if (tb_cpu_fma_rate(isa, i == 0 ? 12 : 10, &rate[i], &err) != TB_OK) {
            fail(err.message);
        }
    }
    return fmax(rate[0], rate[1]);
}

static void check_chains(const tb_cpu_isa *isa)
{
    double with_12[SAMPLES], with_10[SAMPLES];
    tb_error err;
    for (int s = 0; s < SAMPLES; s++) {
        if (tb_cpu_fma_rate(isa, 12, &with_12[s], &err) != TB_OK ||
            tb_cpu_fma_rate(isa, 10, &with_10[s], &err) != TB_OK) {
            fail(err.message);
        }
    }
    /* the fastest of each: what slows a sample down is another program, not the chains */
    qsort(with_12, SAMPLES, sizeof *with_12, compare_doubles);
    qsort(with_10, SAMPLES, sizeof *with_10, compare_doubles);
    double best_12 = with_12[SAMPLES - 1], best_10 = with_10[SAMPLES - 1],
           ratio = best_12 / best_10;
    (void)printf("multiply-adds     at most %.1f GFLOP/s with 12 chains, %.1f with 10: %s\n",
                 best_12 * 1e-9, best_10 * 1e-9,
                 fabs(ratio - 1) < 0.05 ? "they agree" : "THEY DIFFER, do not trust this run");
}

static void bench_dense(const tb_cpu_isa *isa, const char *core)
{
    openblas blas = open_blas(core);
    tensor_set set = make_tensors(TOKENS);
    tb_layout layout = {.rank = 1, .extent = {TOKENS}};
    tb_launch launch = launch_of(layout, (tb_tiling){.q_tile = {128}, .kv_tile = {128}}, 1);
    subject dense = open_subject(&launch);
    float *scores = random_floats((int64_t)TOKENS * TOKENS, 1),
          *rows = random_floats(2 * TOKENS, 1);
    float *o = random_floats(TOKENS * DIM, 1);
    double flop = 4.0 * TOKENS * TOKENS * DIM, of_rate[SAMPLES], ratio[SAMPLES], ours[SAMPLES];
    check_chains(isa);
    for (int s = -1; s < SAMPLES; s++) { /* the first is warm-up */
        double rate = fma_rate(isa), begin = tb_cpu_own_us();
        (void)run_subject(&dense, &set); /* on this thread */
        double us = tb_cpu_own_us() - begin, after = fma_rate(isa);
        double theirs = blas.core == NULL ? 0 : run_blas(&blas, isa, &set, scores, rows, o);
        if (s >= 0) {
            ours[s] = flop / (us * 1e-6);
            of_rate[s] = ours[s] / fmax(rate, after); /* whatever the clock does meanwhile */
            ratio[s] = theirs / us;
        }
    }
    (void)printf("dense attention   GFLOP/s: ");
    print_spread(ours, SAMPLES, 1e-9);
    (void)printf("\n  of multiply-adds  ");
    print_spread(of_rate, SAMPLES, 1);
    (void)printf("; asked 0.80\n");
    if (blas.core == NULL) {
        (void)printf("  over OpenBLAS     not measured: OpenBLAS was not found\n");
    } else {
        (void)printf("  over OpenBLAS     ");
        print_spread(ratio, SAMPLES, 1);
        (void)printf("; asked 1.15; core %s%s; outputs differ by %.1e\n", blas.core,
                     is_fair(&blas, isa) ? ""
                                         : " (INVALID: narrower vectors than this processor's)",
                     largest_difference(o, set.o, TOKENS * DIM));
    }
    free(o);
    free(rows);
    free(scores);
    close_subject(&dense);
    free_tensors(&set);
}

/* A sparse problem, and the same tiles dense. */
typedef struct sparse_case {
    const char *name;
    double asked; /* of the tile bound */
    tb_layout layout;
    int64_t window[TB_MAX_RANK], stride[TB_MAX_RANK];
    tb_tiling tiling;
} sparse_case;

static const sparse_case sparse_cases[] = {
    {"8192, window 1024, stride 256, block-sparse",
     0.90,
     {1, {8192}},
     {1024},
     {256},
     {.q_tile = {128}, .kv_tile = {128}}},
    {"8192, window 2048, stride 256, block-sparse",
     0.90,
     {1, {8192}},
     {2048},
     {256},
     {.q_tile = {128}, .kv_tile = {128}}},
    {"64x128, window 24x128, stride 8, single-dim",
     0.90,
     {2, {64, 128}},
     {24, 128},
     {8, 1},
     {.kind = TB_TILING_SINGLE_DIM, .q_tile = {128}, .kv_tile = {128}}},
    {"8192, window 1024, stride 1",
     0.75,
     {1, {8192}},
     {1024},
     {1},
     {.q_tile = {128}, .kv_tile = {128}}},
    {"8192, window 1024, stride 1, tiles of 64",
     0.75,
     {1, {8192}},
     {1024},
     {1},
     {.q_tile = {64}, .kv_tile = {64}}},
    {"64x128, window 24x48, stride 1",
     0.75,
     {2, {64, 128}},
     {24, 48},
     {1, 1},
     {.q_tile = {8, 16}, .kv_tile = {8, 16}}},
    {"64x128, window 24x48, stride 1, single-dim",
     0.75,
     {2, {64, 128}},
     {24, 48},
     {1, 1},
     {.kind = TB_TILING_SINGLE_DIM, .q_tile = {128}, .kv_tile = {128}}},
    {"64x128, window 24x48, stride 1, Morton",
     0.75,
     {2, {64, 128}},
     {24, 48},
     {1, 1},
     {.kind = TB_TILING_SINGLE_DIM, .order = TB_ORDER_MORTON, .q_tile = {128}, .kv_tile = {128}}},
    {"64x128, window 24x48, stride 1, dynamic",
     0.75,
     {2, {64, 128}},
     {24, 48},
     {1, 1},
     {.kv_tiling = TB_KV_DYNAMIC, .q_tile = {8, 16}, .kv_tile = {8, 16}}},
    {"16x16x32, window 8x8x16, stride 1",
     0.75,
     {3, {16, 16, 32}},
     {8, 8, 16},
     {1, 1, 1},
     {.q_tile = {4, 4, 8}, .kv_tile = {4, 4, 8}}},
    {"16x16x32, window 8x8x16, stride 8x8x16",
     0.90,
     {3, {16, 16, 32}},
     {8, 8, 16},
     {8, 8, 16},
     {.q_tile = {4, 4, 8}, .kv_tile = {4, 4, 8}}},
};

static void bench_sparse(const sparse_case *c, int threads)
{
    tensor_set set = make_tensors(tb_layout_tokens(&c->layout));
    tb_tiling dense_tiling = {.kind = TB_TILING_SINGLE_DIM};
    tb_launch launch = launch_of(c->layout, c->tiling, threads);
    dense_tiling.q_tile[0] = tb_tiling_q_tokens(&c->tiling, &c->layout);
    dense_tiling.kv_tile[0] = tb_tiling_kv_tokens(&c->tiling, &c->layout);
    tb_launch dense_launch = launch_of(c->layout, dense_tiling, threads);
    launch.pattern.kind = TB_PATTERN_GNA;
    for (int d = 0; d < c->layout.rank; d++) {
        launch.pattern.window[d] = c->window[d];
        launch.pattern.stride[d] = c->stride[d];
    }
    subject dense = open_subject(&dense_launch), sparse = open_subject(&launch);
    double efficiency[SAMPLES], attention[SAMPLES], permutation[SAMPLES];
    double bound = (double)dense.tiles->visited / (double)sparse.tiles->visited;
    for (int s = -1; s < SAMPLES; s++) {
        tb_run_times dense_times = run_subject(&dense, &set), times = run_subject(&sparse, &set);
        if (s >= 0) {
            attention[s] = attention_us(&times);
            permutation[s] = times.permute_us + times.unpermute_us;
            efficiency[s] = attention_us(&dense_times) / attention_us(&times) / bound;
        }
    }
    (void)printf(
        "%-46s bound %5.2f, %4.0f %% partial, %7.2f ms + %.2f permuting; of the bound: ", c->name,
        bound, 100 - 100 * (double)sparse.tiles->full / (double)sparse.tiles->visited,
        median(attention, SAMPLES) * 1e-3, median(permutation, SAMPLES) * 1e-3);
    print_spread(efficiency, SAMPLES, 1);
    (void)printf("; asked %.2f\n", c->asked);
    (void)fflush(stdout);
    close_subject(&sparse);
    close_subject(&dense);
    free_tensors(&set);
}

int main(int argc, char **argv)
{
    const tb_cpu_isa *isa;
    tb_error err;
    tb_init();
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    if (tb_cpu_isa_here(&isa, &err) != TB_OK) {
        fail(err.message);
    }
    (void)printf(
        "instruction set   %s; dense: one thread, head dim %d, %d tokens, tiles 128 x 128\n",
        isa->name, DIM, TOKENS);
    bench_dense(isa, argc > 2 ? argv[2] : NULL);
    (void)printf("\nsparse against dense, %d threads\n", threads);
    for (size_t i = 0; i < sizeof sparse_cases / sizeof *sparse_cases; i++) {
        bench_sparse(&sparse_cases[i], threads);
    }
    return 0;
}
