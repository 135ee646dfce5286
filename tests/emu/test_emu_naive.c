/* na_naive on the emulator: every query of random problems, against double precision. */
#include "emu_attention.h"
#include "kernel_run.h"
#include "naive_params.h"
#include "test_support.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *variant;
    tb_dtype dtype;
} dtypes[] = {{"na_naive_bf16", TB_DTYPE_BF16},
              {"na_naive_fp16", TB_DTYPE_FP16},
              {"na_naive_fp32", TB_DTYPE_FP32}};

#define DTYPES (sizeof dtypes / sizeof dtypes[0])

/* Dims of one and of several keys a warp, padded to powers of two, and v of another dim. */
static const int64_t dims[][2] = {{32, 32},   {64, 64}, {96, 96}, {128, 128}, {192, 192},
                                  {256, 256}, {8, 8},   {40, 72}, {192, 128}, {24, 256}};

static void draw_axis(gsl_rng *random, int rank, int d, tb_launch *launch)
{
    static const int64_t longest[] = {0, 150, 13, 6, 4};
    int64_t extent = tb_test_between(random, 2, longest[rank]);
    tb_pattern *pattern = &launch->pattern;
    launch->problem.layout.extent[d] = extent;
    pattern->dilation[d] = tb_test_between(random, 1, extent < 4 ? 1 : 3);
    pattern->window[d] = tb_test_between(random, 1, extent / pattern->dilation[d]);
    pattern->stride[d] = tb_test_between(random, 1, pattern->window[d]);
    pattern->causal[d] = gsl_rng_uniform_int(random, 4) == 0;
}

static tb_launch draw(gsl_rng *random, int number, tb_dtype dtype)
{
    tb_launch launch = tb_launch_default();
    tb_problem *p = &launch.problem;
    launch.implementation = TB_IMPLEMENTATION_NAIVE;
    launch.pattern.kind = TB_PATTERN_GNA;
    p->dtype = dtype;
    p->dim = dims[(size_t)number % (sizeof dims / sizeof dims[0])][0];
    p->dim_value = dims[(size_t)number % (sizeof dims / sizeof dims[0])][1];
    p->layout.rank = 1 + number % TB_NAIVE_AXES;
    for (int d = 0; d < p->layout.rank; d++) {
        draw_axis(random, p->layout.rank, d, &launch);
    }
    p->batch = tb_test_between(random, 1, 2);
    p->heads_kv = tb_test_between(random, 1, 2);
    p->heads = p->heads_kv * tb_test_between(random, 1, 2);
    p->extra_kv = tb_test_between(random, 0, 3) * tb_test_between(random, 0, 2);
    p->extra_q = tb_test_between(random, 0, 2);
    return launch;
}

/* What coordinate c of an axis sees, in coordinates of the layout: DESIGN's rule of a dilation
 * group, spread out again. */
static tb_naive_window window_of(const tb_launch *launch, int d, int64_t c)
{
    const tb_pattern *pattern = &launch->pattern;
    int64_t dilation = pattern->dilation[d], window = pattern->window[d], s = pattern->stride[d];
    int64_t group = c % dilation, i = c / dilation;
    int64_t n = (launch->problem.layout.extent[d] - group + dilation - 1) / dilation, start, end;
    if (pattern->causal[d]) {
        int64_t leader = i / s * s + s - 1;
        leader = leader < n - 1 ? leader : n - 1;
        start = leader - window + 1 > 0 ? leader - window + 1 : 0;
        end = i + 1;
    } else {
        int64_t leader = i / s * s + s / 2;
        leader = leader < n - 1 ? leader : n - 1;
        start = leader - window / 2 > 0 ? leader - window / 2 : 0;
        start = start < n - window ? start : n - window;
        end = start + window;
    }
    return (tb_naive_window){.start = (tb_i32)(start * dilation + group),
                             .end = (tb_i32)((end - 1) * dilation + group + 1)};
}

static void add_windows(const tb_launch *launch, tb_emu_memory *memory, tb_naive_params *params)
{
    const tb_layout *layout = &launch->problem.layout;
    for (int a = 0; a < TB_NAIVE_AXES; a++) {
        int d = a - TB_NAIVE_AXES + layout->rank;
        params->extent[a] = params->dilation[a] = 1;
        if (d >= 0) {
            size_t bytes = (size_t)layout->extent[d] * sizeof(tb_naive_window);
            tb_naive_window *windows = malloc(bytes);
            assert_non_null(windows);
            for (int64_t c = 0; c < layout->extent[d]; c++) {
                windows[c] = window_of(launch, d, c);
            }
            params->extent[a] = (tb_i32)layout->extent[d];
            params->dilation[a] = (tb_i32)launch->pattern.dilation[d];
            params->window[a] = tb_kernel_buffer(memory, "window", (int64_t)bytes, windows);
            free(windows);
        }
    }
}

static tb_naive_params params_of(const tb_emu_attention *attention, tb_emu_memory *memory)
{
    const tb_launch *launch = &attention->launch;
    const tb_problem *p = &launch->problem;
    tb_naive_params params = {.q = tb_kernel_buffer(memory, "q", attention->q_bytes, attention->q),
                              .k = tb_kernel_buffer(memory, "k", attention->k_bytes, attention->k),
                              .v = tb_kernel_buffer(memory, "v", attention->v_bytes, attention->v),
                              .o = tb_kernel_buffer(memory, "o", attention->o_bytes, NULL),
                              .lse = tb_kernel_buffer(memory, "lse", attention->lse_bytes, NULL),
                              .tokens = tb_layout_tokens(&p->layout),
                              .q_rows = tb_launch_q_tokens(launch),
                              .kv_rows = tb_launch_kv_tokens(launch),
                              .heads = (tb_i32)p->heads,
                              .heads_kv = (tb_i32)p->heads_kv,
                              .dim = (tb_i32)p->dim,
                              .dim_value = (tb_i32)p->dim_value,
                              .scale_log2 = (float)(1.4426950408889634 / sqrt((double)p->dim))};
    add_windows(launch, memory, &params);
    return params;
}

typedef struct counter {
    _Atomic int64_t n;
} counter;

static void add_unmasked(void *user, const int cta[3], int entry, int slot, int count)
{
    (void)cta;
    (void)entry;
    assert_int_equal(slot, 0);
    atomic_fetch_add(&((counter *)user)->n, count);
}

/* All rows; returns the worst error in units of its bound. */
static double run(const tb_kernel *kernel, tb_emu_attention *attention, bool is_inexact,
                  tb_emu_counters *counters)
{
    tb_emu_memory *memory = NULL;
    tb_error err;
    tb_assert_ok(tb_emu_memory_create(&memory, &err), &err);
    const tb_problem *p = &attention->launch.problem;
    tb_naive_params params = params_of(attention, memory);
    counter unmasked = {0};
    tb_kernel_run run = {
        .memory = memory,
        .steps = 1,
        .step = {{.kernel = kernel,
                  .grid = {(int)((params.q_rows + TB_NAIVE_QUERIES - 1) / TB_NAIVE_QUERIES),
                           (int)p->batch, (int)p->heads},
                  .params = &params,
                  .params_bytes = sizeof params}},
        .outputs = 2,
        .output = {{.buffer = params.o, .host = attention->o, .bytes = attention->o_bytes},
                   {.buffer = params.lse, .host = attention->lse, .bytes = attention->lse_bytes}},
        .is_inexact = is_inexact,
        .unmasked = add_unmasked,
        .user = &unmasked};
    tb_kernel_run_all(&run);
    int64_t visible;
    double worst = tb_emu_attention_worst(attention, false, &visible);
    assert_int_equal(unmasked.n, visible);
    *counters = run.counters[0];
    tb_emu_memory_destroy(memory);
    return worst;
}

static void every_query__is_within_its_bound(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(40);
    for (size_t t = 0; t < DTYPES; t++) {
        tb_kernel kernel = tb_kernel_open(dtypes[t].variant);
        double worst = 0;
        for (int n = 0; n < cases; n++) {
            tb_launch launch = draw(random, n, dtypes[t].dtype);
            double size = n % 5 == 4 ? 300 : 3;
            tb_emu_attention attention = tb_emu_attention_create(random, &launch, size);
            tb_emu_counters counters;
            double here = run(&kernel, &attention, n % 2 != 0, &counters);
            worst = fmax(worst, here);
            assert_true(here <= 1);
            tb_emu_attention_free(&attention);
        }
        print_message("%s: %d problems, errors up to %.3f of their bound\n", dtypes[t].variant,
                      cases, worst);
        tb_kernel_close(&kernel);
    }
    gsl_rng_free(random);
}

/* Rows of whole sectors, each lane's 16 bytes beside its neighbour's: q and o once, K and V once a
 * key that a query sees, and tables of windows and lse beside that. */
static void loads__touch_no_sector_in_vain(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    for (size_t t = 0; t < DTYPES; t++) {
        tb_kernel kernel = tb_kernel_open(dtypes[t].variant);
        tb_launch launch = tb_launch_default();
        tb_problem *p = &launch.problem;
        p->layout = (tb_layout){.rank = 2, .extent = {7, 11}};
        p->dtype = dtypes[t].dtype;
        p->dim = p->dim_value = 96;
        launch.pattern.kind = TB_PATTERN_GNA;
        launch.pattern.window[0] = 3;
        launch.pattern.window[1] = 5;
        tb_emu_attention attention = tb_emu_attention_create(random, &launch, 3);
        tb_emu_counters counters;
        assert_true(run(&kernel, &attention, false, &counters) <= 1);
        int64_t row_sectors = p->dim * tb_dtype_bytes(p->dtype) / 32;
        int64_t queries = 77, keys = 77 * 15;
        int64_t data = (queries + 2 * keys) * row_sectors;
        assert_true(counters.load_sectors >= data);
        assert_true(counters.load_sectors <= data + queries * 2 * 2); /* a window an axis */
        assert_int_equal(counters.store_sectors, queries * row_sectors + queries);
        tb_emu_attention_free(&attention);
        tb_kernel_close(&kernel);
    }
    gsl_rng_free(random);
}

TB_TESTS(cmocka_unit_test(every_query__is_within_its_bound),
         cmocka_unit_test(loads__touch_no_sector_in_vain));
