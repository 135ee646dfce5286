/* Laws of the time model on random problems: a bound is a bound in time, and more work takes no
 * less time. */
#include "timed_case.h"

#include "sim_case.h"
#include "test_support.h"

#include <math.h>
#include <stdio.h>

/* The two kernels whose models are fitted, each on a device of its own. */
typedef struct lab {
    gsl_rng *random;
    tb_kernel *kernel[2];
    tb_device *device[2];
    int cases;
} lab;

static lab open_lab(void)
{
    return (lab){
        .random = tb_test_random(),
        .kernel = {tb_test_kernel("cutlass-hopper-fna"), tb_test_kernel("cutlass-blackwell-fna")},
        .device = {tb_test_device("h100-sxm"), tb_test_device("b200")}};
}

static void close_lab(lab *l)
{
    print_message("%d problems\n", l->cases);
    for (int i = 0; i < 2; i++) {
        tb_kernel_destroy(l->kernel[i]);
        tb_device_destroy(l->device[i]);
    }
    gsl_rng_free(l->random);
}

static double uniform(lab *l, double low, double high)
{
    return low + (high - low) * gsl_rng_uniform(l->random);
}

static tb_time_values draw_values(lab *l)
{
    tb_time_values values = tb_test_values();
    values.value[TB_TIME_OVERLAP] = uniform(l, 0, 1);
    values.value[TB_TIME_MASK_CYCLES] = uniform(l, 0, 5000);
    values.value[TB_TIME_MASK_3D_FACTOR] = uniform(l, 0.5, 2);
    values.value[TB_TIME_PROLOGUE_CYCLES] = uniform(l, 0, 9600);
    values.value[TB_TIME_LAUNCH_US] = uniform(l, 0, 20);
    values.value[TB_TIME_SUSTAINED_CLOCK_FRACTION] = uniform(l, 0.5, 1);
    return values;
}

static void say(const tb_case *item)
{
    for (int d = 0; d < item->problem.layout.rank; d++) {
        (void)fprintf(stderr,
                      "dimension %d: extent %lld, window %lld, stride %lld, dilation %lld\n", d,
                      (long long)item->problem.layout.extent[d], (long long)item->pattern.window[d],
                      (long long)item->pattern.stride[d], (long long)item->pattern.dilation[d]);
    }
    (void)fprintf(stderr, "%lld heads, head dim %lld\n", (long long)item->problem.heads,
                  (long long)item->problem.dim);
}

static void assert_law(const tb_case *item, bool holds, const char *law)
{
    if (!holds) {
        say(item);
        fail_msg("does not hold: %s", law);
    }
}

/* visited x plain / (SMs x slots) at the boost clock is the least that the attention takes. */
static void check_bound(lab *l, const tb_case *item, int i)
{
    tb_time_values values = draw_values(l);
    tb_timed_case timed;
    tb_timed_open(item, l->kernel[i], l->device[i], &timed);
    tb_time time = tb_timed_run(&timed, &values);
    const tb_census *census = &timed.prediction.census;
    double copies = (double)(item->problem.batch * item->problem.heads);
    double sms = l->device[i]->values[TB_DEVICE_SM_COUNT].value;
    double boost = l->device[i]->values[TB_DEVICE_CLOCK_BOOST_MHZ].value;
    double cycles = (double)census->visited * copies * time.tile.plain / sms;
    double rounding = 1 - 1e-12;
    assert_law(item, time.attention_us >= cycles / boost * rounding, "a bound is a bound in time");
    assert_law(item, time.attention_us >= time.hbm_us * rounding, "HBM bounds the time");
    assert_law(item, time.clock_mhz <= boost && time.clock_mhz > 0, "the clock is at most boost");
    assert_law(item, time.total_us >= time.attention_us, "permuting takes time");
    assert_law(item, time.tile_cycles >= time.plain_cycles * rounding, "masks cost");
    assert_law(item, isfinite(time.total_us), "times are finite");
    double most = (double)census->max * time.tile.masked + values.value[TB_TIME_PROLOGUE_CYCLES];
    assert_law(item, time.schedule.makespan <= (time.schedule.busy / sms + most) / rounding,
               "list scheduling ends within one CTA of the mean load");
    tb_timed_close(&timed);
}

static void bounds__hold_in_time(void **state)
{
    (void)state;
    lab l = open_lab();
    for (; l.cases < tb_test_cases(2000); l.cases++) {
        tb_case item = tb_test_draw_gna(l.random, 60000);
        check_bound(&l, &item, l.cases % 2);
    }
    close_lab(&l);
}

static void more_heads__take_no_less_time(void **state)
{
    (void)state;
    lab l = open_lab();
    for (; l.cases < tb_test_cases(300); l.cases++) {
        int i = l.cases % 2;
        tb_time_values values = draw_values(&l);
        tb_case item = tb_test_draw_gna(l.random, 20000);
        item.problem.heads_kv = 1;
        double last = 0;
        for (int64_t heads = 1; heads <= 8; heads++) {
            item.problem.heads = heads;
            tb_time time = tb_timed_once(&item, l.kernel[i], l.device[i], &values);
            assert_law(&item, time.attention_us >= last * (1 - 1e-12),
                       "more heads take no less time");
            last = time.attention_us;
        }
    }
    close_lab(&l);
}

/* Parameters that only cost: more of each takes no less time. */
static void dearer_parameters__take_no_less_time(void **state)
{
    (void)state;
    static const tb_time_parameter costs[] = {TB_TIME_MASK_CYCLES, TB_TIME_MASK_3D_FACTOR,
                                              TB_TIME_PROLOGUE_CYCLES, TB_TIME_LAUNCH_US};
    static const tb_time_parameter helps[] = {TB_TIME_OVERLAP, TB_TIME_SUSTAINED_CLOCK_FRACTION};
    lab l = open_lab();
    for (; l.cases < tb_test_cases(500); l.cases++) {
        int i = l.cases % 2;
        tb_time_values values = draw_values(&l), other = values;
        tb_case item = tb_test_draw_gna(l.random, 30000);
        tb_timed_case timed;
        tb_timed_open(&item, l.kernel[i], l.device[i], &timed);
        double before = tb_timed_run(&timed, &values).attention_us * (1 - 1e-12);
        for (size_t p = 0; p < sizeof costs / sizeof *costs; p++) {
            other = values;
            other.value[costs[p]] *= uniform(&l, 1, 1.5);
            assert_law(&item, tb_timed_run(&timed, &other).attention_us >= before,
                       tb_time_parameters[costs[p]].name);
        }
        for (size_t p = 0; p < sizeof helps / sizeof *helps; p++) {
            other = values;
            other.value[helps[p]] *= uniform(&l, 0.5, 1);
            assert_law(&item, tb_timed_run(&timed, &other).attention_us >= before,
                       tb_time_parameters[helps[p]].name);
        }
        tb_timed_close(&timed);
    }
    close_lab(&l);
}

/* A wider window of stride 1 holds the narrower one, so that no query tile visits fewer tiles.
 * NATTEN masks all of them until the window is the whole layout, or else none. */
static void wider_windows__take_no_less_time(void **state)
{
    (void)state;
    lab l = open_lab();
    for (; l.cases < tb_test_cases(300); l.cases++) {
        int i = l.cases % 2, d = 0;
        tb_time_values values = draw_values(&l);
        tb_case item = tb_test_draw_gna(l.random, 20000);
        for (int e = 0; e < item.problem.layout.rank; e++) {
            item.pattern.stride[e] = 1;
            d = item.problem.layout.extent[e] > item.problem.layout.extent[d] ? e : d;
        }
        item.pattern.dilation[d] = 1;
        item.pattern.causal[d] = false;
        double last = 0;
        int64_t extent = item.problem.layout.extent[d], step = 1 + extent / 12;
        for (int64_t window = 1; window < extent; window += step) {
            item.pattern.window[d] = window;
            tb_time time = tb_timed_once(&item, l.kernel[i], l.device[i], &values);
            assert_law(&item, time.attention_us >= last * (1 - 1e-12),
                       "a wider window takes no less time");
            last = time.attention_us;
        }
    }
    close_lab(&l);
}

/* A device that is better in one thing, and alike in the rest, is no slower. */
static void better_devices__take_no_more_time(void **state)
{
    (void)state;
    static const tb_device_key better[] = {TB_DEVICE_CLOCK_BOOST_MHZ,
                                           TB_DEVICE_TENSOR_FP16_FLOP_PER_CLK_PER_SM,
                                           TB_DEVICE_FP32_FMA_LANES_PER_SM,
                                           TB_DEVICE_MUFU_EX2_PER_CLK_PER_SM,
                                           TB_DEVICE_SMEM_BANDWIDTH_BYTES_PER_CLK_PER_SM,
                                           TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S};
    lab l = open_lab();
    for (; l.cases < tb_test_cases(300); l.cases++) {
        int i = l.cases % 2;
        tb_time_values values = draw_values(&l);
        tb_case item = tb_test_draw_gna(l.random, 20000);
        double before = tb_timed_once(&item, l.kernel[i], l.device[i], &values).attention_us;
        for (size_t k = 0; k < sizeof better / sizeof *better; k++) {
            double *value = &l.device[i]->values[better[k]].value, was = *value;
            *value *= uniform(&l, 1, 3);
            tb_time time = tb_timed_once(&item, l.kernel[i], l.device[i], &values);
            assert_law(&item, time.attention_us <= before * (1 + 1e-12),
                       tb_device_value_names[better[k]]);
            *value = was;
        }
    }
    close_lab(&l);
}

static void permutation__is_free_in_one_dimension(void **state)
{
    (void)state;
    lab l = open_lab();
    for (; l.cases < tb_test_cases(500); l.cases++) {
        tb_time_values values = draw_values(&l);
        tb_case item = tb_test_draw_gna(l.random, 20000);
        bool is_dilated = false;
        for (int d = 0; d < item.problem.layout.rank; d++) {
            is_dilated = is_dilated || item.pattern.dilation[d] > 1;
        }
        double permute_us = tb_timed_once(&item, l.kernel[0], l.device[0], &values).permute_us;
        assert_law(&item, (permute_us == 0) == (item.problem.layout.rank == 1 && !is_dilated),
                   "rank 1 without dilation, and nothing else, is not permuted");
    }
    close_lab(&l);
}

TB_TESTS(cmocka_unit_test(bounds__hold_in_time), cmocka_unit_test(more_heads__take_no_less_time),
         cmocka_unit_test(dearer_parameters__take_no_less_time),
         cmocka_unit_test(wider_windows__take_no_less_time),
         cmocka_unit_test(better_devices__take_no_more_time),
         cmocka_unit_test(permutation__is_free_in_one_dimension));
