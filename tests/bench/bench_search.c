/* bench_search: the search against plain enumeration, on one core of this machine.
 *
 *   bench_search         HunyuanVideo, 80 to 95 % sparsity, every window, stride and legal tile
 *                        shape of cutlass-blackwell-fna; by bound and by time on a B200
 *
 * The enumeration forms the product of every configuration: of visited tiles (by bound), or of all
 * that a time needs without a schedule (by time; a sample of the space). Its least cost must be the
 * search's. */
#include "device.h"
#include "init.h"
#include "kernel.h"
#include "search.h"
#include "search_parts.h"
#include "search_tiles.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SAMPLED 30000000 /* configurations that are timed one by one */

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* One dimension's entries as plain arrays, by window. */
typedef struct entries {
    int64_t count;
    int64_t *window_begin; /* of windows 1 to the extent, and the end */
    double *visited;
    tb_search_class *class;
    tb_search_group group; /* sizes that all windows share */
} entries;

static int die(const char *what, const tb_error *err)
{
    (void)fprintf(stderr, "bench_search: %s: %s\n", what, err->message);
    return 1;
}

static bool fill_entries(const tb_search_space *space, const tb_tiling *tiling, int d, entries *out,
                         tb_error *err)
{
    int64_t extent = space->problem.layout.extent[d];
    tb_search_table table;
    tb_search_table_ask ask = {.dim = &space->dim[d],
                               .extent = extent,
                               .real = extent,
                               .q_tile = tiling->q_tile[d],
                               .kv_tile = tiling->kv_tile[d],
                               .kv_tiling = tiling->kv_tiling,
                               .mask = space->kernel->mask,
                               .keeps_tiles = true};
    if (tb_search_table_fill(&ask, &table, err) != TB_OK) {
        return false;
    }
    *out = (entries){.window_begin = calloc((size_t)extent + 2, sizeof *out->window_begin),
                     .visited = calloc(table.stride_count, sizeof *out->visited),
                     .class = calloc(table.stride_count, sizeof *out->class)};
    for (size_t g = 0; g < table.group_count; g++) { /* one a window, in their order */
        const tb_search_group *group = &table.groups[g];
        out->window_begin[group->window] = out->count;
        for (size_t c = 0; c < group->class_count; c++) {
            const tb_search_class *class = &table.classes[group->first_class + c];
            for (size_t s = 0; s < class->stride_count; s++) {
                out->visited[out->count] = (double)class->visited;
                out->class[out->count++] = *class;
            }
        }
        out->group = *group;
    }
    out->window_begin[extent + 1] = out->count;
    tb_search_table_free(&table);
    return true;
}

static void free_entries(entries *e)
{
    free(e->window_begin);
    free(e->visited);
    free(e->class);
}

/* Windows of the last dimension that a sparsity range leaves: [*first, *last]. */
static void window_range(const tb_search_space *space, int64_t w0, int64_t w1, int64_t *first,
                         int64_t *last)
{
    const int64_t *extent = space->problem.layout.extent;
    double tokens = (double)(extent[0] * extent[1] * extent[2]);
    int64_t most = extent[2];
    *first = 1;
    while (*first <= most &&
           1 - (double)(w0 * w1 * *first) / tokens > space->sparsity_high * (1 + 1e-12)) {
        ++*first;
    }
    *last = *first - 1;
    while (*last < most &&
           1 - (double)(w0 * w1 * (*last + 1)) / tokens >= space->sparsity_low * (1 - 1e-12)) {
        ++*last;
    }
}

/* Does one thing with the strides [begin, end) of the last dimension. */
typedef double inner_fn(void *user, const entries *dim, int64_t e0, int64_t e1, int64_t begin,
                        int64_t end, double least);

static double least_visited(void *user, const entries *dim, int64_t e0, int64_t e1, int64_t begin,
                            int64_t end, double least)
{
    double outer = dim[0].visited[e0] * dim[1].visited[e1];
    double lanes[8] = {least, least, least, least, least, least, least, least};
    int64_t e = begin;
    (void)user;
    for (; e + 8 <= end; e += 8) { /* eight minima at once: no chain of comparisons */
        for (int k = 0; k < 8; k++) {
            double visited = outer * dim[2].visited[e + k];
            lanes[k] = visited < lanes[k] ? visited : lanes[k];
        }
    }
    for (; e < end; e++) {
        double visited = outer * dim[2].visited[e];
        lanes[0] = visited < lanes[0] ? visited : lanes[0];
    }
    for (int k = 0; k < 8; k++) {
        least = lanes[k] < least ? lanes[k] : least;
    }
    return least;
}

/* A clock, and how much it may still time. */
typedef struct timer {
    tb_search_clock *clock;
    const tb_search_pace *pace;
    int64_t timed;
} timer;

static double least_time(void *user, const entries *dim, int64_t e0, int64_t e1, int64_t begin,
                         int64_t end, double least)
{
    timer *t = user;
    tb_search_product product =
        tb_search_multiply(&tb_search_one, &dim[0].group, &dim[0].class[e0], 1);
    product = tb_search_multiply(&product, &dim[1].group, &dim[1].class[e1], 1);
    for (int64_t e = begin; e < end; e++) {
        tb_search_product all = tb_search_multiply(&product, &dim[2].group, &dim[2].class[e], 1);
        double time = tb_search_clock_bound(t->clock, t->pace, &all);
        least = time < least ? time : least;
    }
    t->timed += end - begin;
    return least;
}

/* Every configuration of one shape; *left goes down with each. */
static double enumerate(const tb_search_space *space, const entries *dim, inner_fn *inner,
                        void *user, int64_t *left, double least)
{
    const int64_t *extent = space->problem.layout.extent;
    for (int64_t w0 = 1; w0 <= extent[0] && *left > 0; w0++) {
        for (int64_t w1 = 1; w1 <= extent[1] && *left > 0; w1++) {
            int64_t first, last;
            window_range(space, w0, w1, &first, &last);
            if (last < first) {
                continue;
            }
            int64_t begin = dim[2].window_begin[first], end = dim[2].window_begin[last + 1];
            for (int64_t e0 = dim[0].window_begin[w0]; e0 < dim[0].window_begin[w0 + 1]; e0++) {
                for (int64_t e1 = dim[1].window_begin[w1]; e1 < dim[1].window_begin[w1 + 1]; e1++) {
                    least = inner(user, dim, e0, e1, begin, end, least);
                    *left -= end - begin;
                }
            }
        }
    }
    return least;
}

static int time_search(const tb_search_space *space, const char *name, tb_search_result *out)
{
    tb_error err = {0};
    double best = HUGE_VAL;
    for (int i = 0; i < 5; i++) {
        if (i > 0) {
            tb_search_release(out);
        }
        if (tb_search_run(space, out, &err) != TB_OK) {
            return die(name, &err);
        }
        best = fmin(best, out->seconds);
    }
    (void)printf(
        "search %-6s %13lld configurations by %lld products and %lld schedules: %.3f s%s\n", name,
        (long long)out->evaluated, (long long)out->enumerated, (long long)out->timed, best,
        out->is_proven ? "" : " (not proven)");
    return 0;
}

static int enumerate_bounds(const tb_search_space *space, const tb_search_result *search)
{
    double least = HUGE_VAL, begin = 0, spent = 0;
    int64_t left = INT64_MAX;
    tb_error err = {0};
    for (size_t t = 0; t < space->tiling_count; t++) {
        entries dim[3];
        for (int d = 0; d < 3; d++) {
            if (!fill_entries(space, &space->tilings[t], d, &dim[d], &err)) {
                return die("tables", &err);
            }
        }
        begin = seconds_now();
        least = enumerate(space, dim, least_visited, NULL, &left, least);
        spent += seconds_now() - begin;
        for (int d = 0; d < 3; d++) {
            free_entries(&dim[d]);
        }
    }
    int64_t count = INT64_MAX - left;
    double want = (double)search->rows[0].visited;
    (void)printf("enumeration  %13lld configurations by bound: %.2f s, %.2e a second; %s\n",
                 (long long)count, spent, (double)count / spent,
                 least >= want && least <= want ? "the search's optimum" : "ANOTHER OPTIMUM");
    return least >= want && least <= want && count == search->evaluated ? 0 : 1;
}

static int enumerate_times(const tb_search_space *space)
{
    tb_error err = {0};
    tb_search_shape shape = {.problem = space->problem,
                             .tiling = &space->tilings[0],
                             .schedule = space->kernel->time.schedule,
                             .mask = space->kernel->mask};
    int64_t ones[TB_MAX_RANK] = {1, 1, 1, 1}, left = SAMPLED;
    timer t = {0};
    entries dim[3];
    shape.q_tokens = tb_tiling_q_tokens(shape.tiling, &space->problem.layout);
    shape.kv_tokens = tb_tiling_kv_tokens(shape.tiling, &space->problem.layout);
    if (tb_search_clock_create(space, &shape, &t.clock, &err) != TB_OK ||
        tb_search_clock_pace(t.clock, 0, ones, &t.pace, &err) != TB_OK) {
        return die("the time model", &err);
    }
    for (int d = 0; d < 3; d++) {
        if (!fill_entries(space, shape.tiling, d, &dim[d], &err)) {
            return die("tables", &err);
        }
    }
    double begin = seconds_now();
    double least = enumerate(space, dim, least_time, &t, &left, HUGE_VAL);
    double spent = seconds_now() - begin;
    (void)printf("enumeration  %13lld configurations by time without schedule: %.2f s, %.2e a "
                 "second (least %.0f us)\n",
                 (long long)t.timed, spent, (double)t.timed / spent, least);
    for (int d = 0; d < 3; d++) {
        free_entries(&dim[d]);
    }
    tb_search_clock_destroy(t.clock);
    return 0;
}

static int bench(const tb_case *item, const tb_kernel *kernel, const tb_device *device)
{
    tb_tiling_list shapes;
    tb_search_result by_bound = {0}, by_time = {0};
    tb_error err = {0};
    if (tb_search_tilings(item, kernel, device, TB_SHAPES_KERNEL, false, &shapes, &err) != TB_OK) {
        return die("tile shapes", &err);
    }
    tb_search_space space = {.problem = item->problem,
                             .tilings = shapes.tilings,
                             .tiling_count = shapes.count,
                             .kernel = kernel,
                             .device = device,
                             .goal = TB_SEARCH_BOUND,
                             .sparsity_low = 0.8,
                             .sparsity_high = 0.95,
                             .top = 10};
    for (int d = 0; d < 3; d++) {
        space.dim[d] = (tb_search_dim){
            .dilation = 1, .min_window = 1, .window_step = 1, .max_dilation = 1, .min_field = 1};
    }
    int failed = time_search(&space, "bound", &by_bound);
    space.goal = TB_SEARCH_TIME;
    failed |= time_search(&space, "time", &by_time);
    if (failed == 0) {
        failed = enumerate_bounds(&space, &by_bound) | enumerate_times(&space);
    }
    tb_search_release(&by_bound);
    tb_search_release(&by_time);
    tb_tiling_list_release(&shapes);
    return failed;
}

int main(void)
{
    tb_kernel *kernel = NULL;
    tb_device *device = NULL;
    tb_error err = {0};
    tb_init();
    tb_case item = tb_case_default();
    item.problem.layout = (tb_layout){.rank = 3, .extent = {30, 48, 80}};
    item.problem.heads = item.problem.heads_kv = 24;
    int failed = tb_kernel_load("cutlass-blackwell-fna", &kernel, &err) != TB_OK ||
                         tb_device_load("b200", &device, &err) != TB_OK
                     ? die("data", &err)
                     : bench(&item, kernel, device);
    tb_device_destroy(device);
    tb_kernel_destroy(kernel);
    return failed;
}
