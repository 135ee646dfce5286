/* Laws of the time model for every kernel file on every device that it runs on: a bound is a bound
 * in time, more heads take no less, and the interval holds the prediction. */
#include "timed_case.h"

#include "catalogue.h"
#include "sim_case.h"
#include "test_support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct lab {
    gsl_rng *random;
    tb_device **devices;
    size_t device_count;
    tb_kernel *kernel[64];
    size_t kernel_count;
    int timed, refused, backward, extra, split;
} lab;

static void open_lab(lab *l)
{
    const char *const *names;
    size_t count;
    tb_error err;
    *l = (lab){.random = tb_test_random()};
    l->devices = tb_test_devices(&l->device_count);
    tb_arena *arena = tb_arena_create();
    assert_non_null(arena);
    tb_assert_ok(tb_catalogue_names(TB_CATALOGUE_KERNEL, arena, &names, &count, &err), &err);
    for (size_t i = 0; i < count; i++) {
        tb_kernel *kernel = tb_test_kernel(names[i]);
        if (kernel->time.given) {
            assert_true(l->kernel_count + 1 < sizeof l->kernel / sizeof *l->kernel);
            l->kernel[l->kernel_count++] = kernel;
        } else {
            tb_kernel_destroy(kernel);
        }
    }
    tb_arena_destroy(arena);
}

/* One more: what no file says yet. */
static void add_splitting(lab *l)
{
    tb_kernel *kernel = tb_test_kernel("fa2");
    kernel->time.splits_kv = true;
    kernel->gqa = TB_GQA_PACKED;
    kernel->extra_kv = TB_EXTRA_KV_SECOND_LAUNCH;
    l->kernel[l->kernel_count++] = kernel;
}

static void close_lab(lab *l)
{
    for (size_t i = 0; i < l->kernel_count; i++) {
        tb_kernel_destroy(l->kernel[i]);
    }
    tb_test_devices_free(l->devices, l->device_count);
    gsl_rng_free(l->random);
}

/* What is drawn of a kernel and a device. */
typedef struct drawn {
    const tb_kernel *kernel;
    const tb_device *device;
    tb_case item;
} drawn;

static const tb_tile_set *draw_set(lab *l, const tb_kernel *kernel, tb_pass pass)
{
    return &kernel->sets[pass][tb_test_between(l->random, 0, (int64_t)kernel->set_count[pass] - 1)];
}

static int draw_rank(lab *l, const tb_kernel *kernel, const tb_tile_set *set)
{
    int rank = 0;
    if (kernel->tiling == TB_TILING_SINGLE_DIM) {
        return kernel->patterns[TB_PATTERN_GNA] ? (int)tb_test_between(l->random, 1, 3) : 1;
    }
    do {
        rank = (int)tb_test_between(l->random, 1, 3);
    } while (set->pair_count[rank - 1] == 0);
    return rank;
}

/* A pattern that kernel and tiles are for, but explicit masks. */
static void draw_pattern(lab *l, const tb_kernel *kernel, const tb_tile_set *set, tb_case *item)
{
    tb_pattern *pattern = &item->pattern;
    tb_pattern_kind kind = TB_PATTERN_EXPLICIT;
    while (kind == TB_PATTERN_EXPLICIT || !kernel->patterns[kind] || !set->patterns[kind] ||
           (kind == TB_PATTERN_LOCAL && item->problem.layout.rank > 1)) {
        kind = (tb_pattern_kind)tb_test_between(l->random, 0, TB_PATTERN_FIELD_KINDS - 1);
    }
    *pattern = tb_pattern_default();
    if (kind == TB_PATTERN_GNA) {
        tb_sim_case_gna(l->random, &item->problem.layout, pattern);
    }
    pattern->kind = kind;
    if (kind == TB_PATTERN_LOCAL) {
        pattern->left = tb_test_between(l->random, 0, item->problem.layout.extent[0]);
        pattern->right = tb_test_between(l->random, 0, item->problem.layout.extent[0]);
    }
}

static tb_case draw_case(lab *l, const tb_kernel *kernel)
{
    static const int64_t longest[] = {0, 20000, 120, 28};
    tb_case item = tb_case_default();
    tb_problem *problem = &item.problem;
    bool may_go_back = kernel->time.has_backward && kernel->set_count[TB_PASS_BACKWARD] > 0;
    problem->pass =
        may_go_back && tb_test_between(l->random, 0, 1) == 1 ? TB_PASS_BACKWARD : TB_PASS_FORWARD;
    const tb_tile_set *set = draw_set(l, kernel, problem->pass);
    problem->layout.rank = draw_rank(l, kernel, set);
    for (int d = 0; d < problem->layout.rank; d++) {
        problem->layout.extent[d] = tb_test_between(l->random, 1, longest[problem->layout.rank]);
    }
    problem->dim = set->dim_count > 0
                       ? set->dims[tb_test_between(l->random, 0, (int64_t)set->dim_count - 1)]
                       : 128;
    problem->dim_value = problem->dim;
    problem->batch = tb_test_between(l->random, 1, 3);
    problem->heads_kv = tb_test_between(l->random, 1, 4);
    problem->heads = problem->heads_kv * tb_test_between(l->random, 1, 4);
    problem->extra_kv =
        tb_test_between(l->random, 0, 3) == 0 ? tb_test_between(l->random, 1, 600) : 0;
    while (!kernel->dtypes[problem->dtype]) {
        problem->dtype = (tb_dtype)((problem->dtype + 1) % TB_DTYPE_COUNT);
    }
    draw_pattern(l, kernel, set, &item);
    return item;
}

static void assert_law(const drawn *of, bool holds, const char *law)
{
    if (!holds) {
        const tb_problem *problem = &of->item.problem;
        for (int d = 0; d < problem->layout.rank; d++) {
            (void)fprintf(stderr, "dimension %d: extent %lld, window %lld, stride %lld\n", d,
                          (long long)problem->layout.extent[d],
                          (long long)of->item.pattern.window[d],
                          (long long)of->item.pattern.stride[d]);
        }
        (void)fprintf(stderr,
                      "%s on %s: pattern %d, %s, batch %lld, %lld heads of %lld, dim %lld, %lld "
                      "extra\n",
                      of->kernel->name, of->device->name, (int)of->item.pattern.kind,
                      tb_pass_names[problem->pass], (long long)problem->batch,
                      (long long)problem->heads, (long long)problem->heads_kv,
                      (long long)problem->dim, (long long)problem->extra_kv);
        fail_msg("does not hold: %s", law);
    }
}

/* Time a case; false where it is refused for what is unknown of the device. */
static bool try_time(lab *l, const drawn *of, const tb_time_values *values, tb_time *out,
                     double *visited)
{
    tb_prediction prediction = {0};
    tb_cta_counts counts = {0};
    tb_error err = {0};
    tb_assert_ok(tb_predict(&of->item, of->kernel, &prediction, &err), &err);
    *visited = (double)prediction.census.visited;
    tb_status status = tb_cta_counts_fill(&prediction, of->kernel, of->device, &counts, &err);
    if (status == TB_OK) {
        tb_time_case item = tb_time_case_of(&prediction, of->kernel, of->device, &counts);
        status = tb_time_predict(&item, values, out, &err);
    }
    tb_cta_counts_release(&counts);
    tb_prediction_release(&prediction);
    if (status != TB_OK) {
        l->refused++;
        assert_law(of, status == TB_EINVAL, err.message);
        bool is_known_reason = strstr(err.message, "is unknown; give it with --set") != NULL ||
                               strstr(err.message, "cannot hold it") != NULL ||
                               strstr(err.message, "neither a prior nor a fit") != NULL;
        assert_law(of, is_known_reason, err.message);
    }
    return status == TB_OK;
}

/* visited x plain / (SMs x slots) at the boost clock is the least that the attention takes. */
static void check_time(lab *l, const drawn *of)
{
    tb_time time;
    double visited, rounding = 1 - 1e-12;
    tb_time_values values = tb_time_values_of(of->kernel, of->device);
    if (!try_time(l, of, &values, &time, &visited)) {
        return;
    }
    const tb_problem *problem = &of->item.problem;
    bool packs = of->kernel->gqa == TB_GQA_PACKED && of->kernel->tiling == TB_TILING_SINGLE_DIM &&
                 problem->pass == TB_PASS_FORWARD;
    double copies = (double)(problem->batch * (packs ? problem->heads_kv : problem->heads));
    double sms = of->device->values[TB_DEVICE_SM_COUNT].value;
    double boost = of->device->values[TB_DEVICE_CLOCK_BOOST_MHZ].value;
    double least = visited * copies * time.tile.plain / sms / boost;
    assert_law(of, time.attention_us >= least * rounding, "a bound is a bound in time");
    assert_law(of, time.attention_us >= time.hbm_us * rounding, "HBM bounds the time");
    assert_law(of, time.low_us <= time.attention_us && time.attention_us <= time.high_us,
               "the interval holds the prediction");
    assert_law(of, time.low_us > 0 && isfinite(time.high_us), "the interval is finite");
    assert_law(of, time.relative_error >= values.scatter * rounding, "single runs scatter");
    assert_law(of, time.tile_cycles >= time.plain_cycles * rounding, "masks cost");
    assert_law(of, time.tile.masked >= time.tile.plain, "a masked tile costs no less");
    assert_law(of, time.clock_mhz > 0 && time.clock_mhz <= boost, "the clock is at most boost");
    assert_law(of, time.occupancy >= 1 && time.splits >= 1, "an SM holds a CTA");
    assert_law(of, time.total_us >= time.attention_us, "permuting takes time");
    l->timed++;
    l->backward += problem->pass == TB_PASS_BACKWARD;
    l->extra += time.side_us[TB_SIDE_EXTRA_KV] > 0;
    l->split += time.splits > 1;
}

/* Is the kernel for a pattern that draw_pattern() can draw, one whose parameters are fields? */
static bool runs_a_field_kind(const tb_kernel *kernel)
{
    bool runs = false;
    for (int kind = 0; kind < TB_PATTERN_FIELD_KINDS; kind++) {
        runs = runs || (kind != TB_PATTERN_EXPLICIT && kernel->patterns[kind]);
    }
    return runs;
}

/* Draw for each kernel and device that it runs on; every kernel must have been timed somewhere.
 * Left out are kernels for selected mask blocks alone. */
static void each_pair(lab *l, int cases, void (*check)(lab *l, const drawn *of))
{
    for (size_t k = 0; k < l->kernel_count; k++) {
        int before = l->timed;
        if (!runs_a_field_kind(l->kernel[k])) {
            continue;
        }
        for (size_t i = 0; i < l->device_count; i++) {
            for (int n = 0; tb_kernel_runs_on(l->kernel[k], l->devices[i]) && n < cases; n++) {
                drawn of = {l->kernel[k], l->devices[i], draw_case(l, l->kernel[k])};
                check(l, &of);
            }
        }
        if (l->timed == before && !l->kernel[k]->is_for_cpus) { /* no known device is one */
            fail_msg("kernel %s has a time on no device", l->kernel[k]->name);
        }
    }
}

static void bounds__hold_for_every_kernel_and_device(void **state)
{
    (void)state;
    lab l;
    open_lab(&l);
    add_splitting(&l);
    each_pair(&l, tb_test_cases(30), check_time);
    print_message("%d times of %zu kernels, %d of them backward, %d with a launch of extra tokens, "
                  "%d split; %d refused\n",
                  l.timed, l.kernel_count, l.backward, l.extra, l.split, l.refused);
    assert_true(l.timed > l.refused && l.backward > 0 && l.extra > 0 && l.split > 0);
    close_lab(&l);
}

static void check_heads(lab *l, const drawn *drawn_case)
{
    drawn of = *drawn_case;
    tb_time_values values = tb_time_values_of(of.kernel, of.device);
    double last = 0, visited;
    of.item.problem.heads_kv = 1;
    for (int64_t heads = 1; heads <= 9; heads += 2) {
        tb_time time;
        of.item.problem.heads = heads;
        if (!try_time(l, &of, &values, &time, &visited)) {
            return;
        }
        assert_law(&of, time.attention_us >= last * (1 - 1e-12), "more heads take no less time");
        last = time.attention_us;
    }
    l->timed++;
}

static void more_heads__take_no_less_time_with_any_kernel(void **state)
{
    (void)state;
    lab l;
    open_lab(&l);
    each_pair(&l, tb_test_cases(6), check_heads);
    print_message("%d problems\n", l.timed);
    close_lab(&l);
}

TB_TESTS(cmocka_unit_test(bounds__hold_for_every_kernel_and_device),
         cmocka_unit_test(more_heads__take_no_less_time_with_any_kernel));
