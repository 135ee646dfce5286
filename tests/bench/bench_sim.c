/* bench_sim: medians of what the simulator takes, on this machine.
 *
 *   bench_sim [TILEBOUND]    path of the command, for the time of whole processes */
#include "bound.h"
#include "census.h"
#include "dim_census.h"
#include "init.h"
#include "schedule.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#define SAMPLES 21

extern char **environ;

static double now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* One thing to time. */
typedef struct subject {
    const char *name;
    double limit_us; /* what the project asks for; 0 = no figure */
    int repeats;     /* runs a sample */
    tb_problem problem;
    tb_pattern pattern;
    tb_tiling tiling;
} subject;

static void print_times(const char *name, double *samples, double limit_us)
{
    qsort(samples, SAMPLES, sizeof *samples, compare_doubles);
    (void)printf("%-52s %12.2f us  (min %.2f, max %.2f", name, samples[SAMPLES / 2], samples[0],
                 samples[SAMPLES - 1]);
    if (limit_us > 0) {
        (void)printf("; asked %.0f", limit_us);
    }
    (void)printf(")\n");
    (void)fflush(stdout);
}

static int time_census(const subject *item)
{
    double samples[SAMPLES];
    tb_error err = {0};
    for (int s = -1; s < SAMPLES; s++) { /* the first is warm-up */
        double begin = now_us();
        for (int r = 0; r < item->repeats; r++) {
            tb_census census;
            if (tb_census_count(&item->problem, &item->pattern, &item->tiling, NULL, &census,
                                &err) != TB_OK) {
                (void)fprintf(stderr, "bench_sim: %s: %s\n", item->name, err.message);
                return 1;
            }
        }
        if (s >= 0) {
            samples[s] = (now_us() - begin) / item->repeats;
        }
    }
    print_times(item->name, samples, item->limit_us);
    return 0;
}

static int run_process(char *const *words)
{
    pid_t child;
    int status = 0;
    posix_spawn_file_actions_t actions;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1, 0);
    int failed = posix_spawn(&child, words[0], &actions, NULL, words, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (failed != 0 || waitpid(child, &status, 0) != child) {
        return 1;
    }
    return status != 0;
}

static int time_process(const char *name, char *const *words, double limit_us)
{
    double samples[SAMPLES];
    for (int s = -1; s < SAMPLES; s++) {
        double begin = now_us();
        if (run_process(words) != 0) {
            (void)fprintf(stderr, "bench_sim: %s failed\n", words[0]);
            return 1;
        }
        if (s >= 0) {
            samples[s] = now_us() - begin;
        }
    }
    print_times(name, samples, limit_us);
    return 0;
}

static subject hunyuan(const char *name, double limit_us, int repeats, tb_tiling tiling)
{
    subject item = {.name = name,
                    .limit_us = limit_us,
                    .repeats = repeats,
                    .problem = tb_problem_default(),
                    .pattern = tb_pattern_default(),
                    .tiling = tiling};
    item.problem.layout = (tb_layout){.rank = 3, .extent = {30, 48, 80}};
    item.pattern.kind = TB_PATTERN_GNA;
    item.pattern.window[0] = 18;
    item.pattern.window[1] = 24;
    item.pattern.window[2] = 24;
    return item;
}

/* Random bits of density 1/2: the worst case for runs of visible keys. */
static int time_explicit(void)
{
    int64_t n = 16384;
    tb_bit_matrix *mask = NULL;
    if (tb_bit_matrix_create(n, n, &mask, NULL) != TB_OK) {
        return 1;
    }
    uint64_t state = 1;
    for (int64_t w = 0; w < n * mask->row_words; w++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        mask->words[w] = state ^ state >> 29;
    }
    subject item = {.name = "explicit mask, 16384 x 16384 tokens, random",
                    .limit_us = 300e3,
                    .repeats = 1,
                    .problem = tb_problem_default(),
                    .pattern = tb_pattern_default(),
                    .tiling = {.q_tile = {128}, .kv_tile = {128}}};
    item.problem.layout = (tb_layout){.rank = 1, .extent = {n}};
    item.pattern.kind = TB_PATTERN_EXPLICIT;
    item.pattern.mask = mask;
    int failed = time_census(&item);
    tb_bit_matrix_destroy(mask);
    return failed;
}

static int time_censuses(void)
{
    tb_tiling boxes = {.q_tile = {4, 8, 8}, .kv_tile = {2, 8, 8}};
    tb_tiling runs = {.kind = TB_TILING_SINGLE_DIM, .q_tile = {128}, .kv_tile = {128}};
    subject item = hunyuan("closed form, HunyuanVideo 30x48x80, 18x24x24", 2, 10000, boxes);
    int failed = time_census(&item);
    item = hunyuan("single-dim row-major, the same", 50e3, 1, runs);
    failed |= time_census(&item);
    runs.order = TB_ORDER_MORTON;
    item = hunyuan("single-dim Morton, the same", 0, 1, runs);
    failed |= time_census(&item);
    runs.order = TB_ORDER_HILBERT;
    item = hunyuan("single-dim Hilbert, the same", 0, 1, runs);
    failed |= time_census(&item);
    runs.order = TB_ORDER_ROW_MAJOR;
    item = hunyuan("single-dim row-major, innermost dilation 3", 0, 1, runs);
    item.pattern.dilation[2] = 3;
    failed |= time_census(&item);
    return failed | time_explicit();
}

/* The query tiles of HunyuanVideo at tile 2x8x8 both ways, 15 x 6 x 10, in launch order; us as on
 * an H100: 2 + 1.7 for each visited tile. */
static void fill_hunyuan_costs(double cost[900])
{
    static const tb_dim_rule rules[] = {{.length = 30, .window = 18, .stride = 1},
                                        {.length = 48, .window = 24, .stride = 1},
                                        {.length = 80, .window = 24, .stride = 1}};
    static const tb_dim_tiles tiles[] = {
        {2, 2, TB_KV_STATIC}, {8, 8, TB_KV_STATIC}, {8, 8, TB_KV_STATIC}};
    for (int64_t i = 0; i < 900; i++) {
        const int64_t q[] = {i / 60, i / 10 % 6, i % 10};
        int64_t visited = 1;
        for (int d = 0; d < 3; d++) {
            tb_dim_tile tile = tb_dim_tile_at(&rules[d], &tiles[d], q[d]);
            visited *= tile.end - tile.begin;
        }
        cost[i] = 2 + 1.7 * (double)visited;
    }
}

static int time_schedule(const char *name, const tb_schedule_problem *problem, int repeats,
                         double limit_us)
{
    double samples[SAMPLES];
    tb_schedule out;
    tb_error err;
    for (int s = -1; s < SAMPLES; s++) {
        double begin = now_us();
        for (int r = 0; r < repeats; r++) {
            if (tb_schedule_run(problem, NULL, NULL, &out, &err) != TB_OK) {
                (void)fprintf(stderr, "bench_sim: %s: %s\n", name, err.message);
                return 1;
            }
        }
        if (s >= 0) {
            samples[s] = (now_us() - begin) / repeats;
        }
    }
    print_times(name, samples, limit_us);
    return 0;
}

static int time_schedules(void)
{
    double cost[900];
    int failed = 0;
    fill_hunyuan_costs(cost);
    for (int policy = 0; policy < TB_SCHEDULE_POLICY_COUNT; policy++) {
        char name[64];
        tb_schedule_problem problem = {.cost = cost,
                                       .q_tiles = 900,
                                       .copies = 24,
                                       .sms = 132,
                                       .occupancy = 1,
                                       .policy = (tb_schedule_policy)policy};
        (void)snprintf(name, sizeof name, "21,600 CTAs, 132 slots, %s",
                       tb_schedule_policy_names[policy]);
        failed |= time_schedule(name, &problem, 10, 2e3);
        if (policy == TB_SCHEDULE_HARDWARE) {
            problem.copies = 24000;
            failed |= time_schedule("21,600,000 CTAs, 132 slots, hardware", &problem, 1, 0);
        }
    }
    return failed;
}

int main(int argc, char **argv)
{
    tb_init();
    (void)printf("medians of %d samples; %d threads\n", SAMPLES, tb_census_threads());
    int failed = time_censuses() | time_schedules();
    if (argc > 1) {
        char command[] = "predict", i[] = "-i", layout[] = "30x48x80", w[] = "-w",
             window[] = "18x24x24", k[] = "--kernel", kernel[] = "cutlass-blackwell-fna";
        char *words[] = {argv[1], command, i, layout, w, window, k, kernel, NULL};
        failed |= time_process("whole process: predict with a kernel", words, 5e3);
    }
    return failed != 0;
}
