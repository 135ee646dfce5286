/* How far a predicted time can be off, worked out by hand. */
#include "timed_case.h"

#include "test_support.h"

#include <math.h>

#define NORMAL 1.959964 /* standard errors that hold 95 % around the middle */

/* A kernel on a device, and the parameters of tb_test_values(). */
typedef struct bench {
    tb_kernel *kernel;
    tb_device *device;
    tb_time_values values;
    tb_timed_case timed;
} bench;

/* As test_time_model.c works out: two waves of 47,256 cycles at 1,980 MHz, 5.005 us in which Q and
 * O cross memory, and 5 us of launch. With stride 255 all tiles are masked. */
#define EXPOSED_US (16777216 / 3352e3)

static void open_bench(bench *b, const char *stride)
{
    b->kernel = tb_test_kernel("cutlass-hopper-fna");
    b->device = tb_test_device("h100-sxm");
    b->values = tb_test_values();
    tb_case item = tb_test_gna("32768", "2048", stride, 1);
    tb_timed_open(&item, b->kernel, b->device, &b->timed);
}

static void close_bench(bench *b)
{
    tb_timed_close(&b->timed);
    tb_kernel_destroy(b->kernel);
    tb_device_destroy(b->device);
}

static tb_time run(const bench *b)
{
    return tb_timed_run(&b->timed, &b->values);
}

static void set_error(bench *b, tb_time_parameter parameter, double error)
{
    b->values.covariance[parameter][parameter] = error * error;
}

static void set_covariance(bench *b, tb_time_parameter p, tb_time_parameter q, double value)
{
    b->values.covariance[p][q] = b->values.covariance[q][p] = value;
}

static void assert_interval(const tb_time *time, double error, double errors_wide)
{
    tb_assert_close(time->relative_error, error, 1e-9);
    tb_assert_close(time->low_us, time->attention_us * exp(-errors_wide * error), 1e-6);
    tb_assert_close(time->high_us, time->attention_us * exp(errors_wide * error), 1e-6);
}

static void without_errors__runs_scatter_all_the_same(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, "256");
    tb_time time = run(&b);
    assert_true(time.low_us == time.attention_us && time.high_us == time.attention_us);
    b.values.scatter = 0.03;
    time = run(&b);
    assert_interval(&time, 0.03, NORMAL);
    b.values.degrees_of_freedom = 7; /* Student's t: 2.3646 */
    time = run(&b);
    assert_interval(&time, 0.03, 2.364624);
    close_bench(&b);
}

/* The launch is 5 of 57.738 us. Moved by half its error of 0.2, the time answers by ln((52.738 + 5
 * e^0.1) / 57.738) in 0.1. */
static void an_error__counts_as_the_time_answers_to_it(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, "256");
    set_error(&b, TB_TIME_LAUNCH_US, 0.2);
    tb_time time = run(&b);
    double makespan = 94512 / 1980.0 + EXPOSED_US;
    double slope = log((makespan + 5 * exp(0.1)) / (makespan + 5)) / 0.1;
    assert_interval(&time, slope * 0.2, NORMAL);
    b.values.scatter = 0.03;
    time = run(&b);
    assert_interval(&time, hypot(slope * 0.2, 0.03), NORMAL);
    b.values.scatter = 0;
    set_error(&b, TB_TIME_LAUNCH_US, 3); /* is moved by 0.25 at most */
    time = run(&b);
    slope = log((makespan + 5 * exp(0.25)) / (makespan + 5)) / 0.25;
    assert_interval(&time, slope * 3, NORMAL);
    close_bench(&b);
}

/* Overlap 0.25 is odds of 1 / 3. Moved by 0.1 on the log of odds it is e^0.1 / (3 + e^0.1), and a
 * tile takes 2,048 and what is not hidden of 1,024 cycles. */
static void an_error_of_overlap__is_of_its_odds(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, "256");
    set_error(&b, TB_TIME_OVERLAP, 0.2);
    tb_time time = run(&b);
    double overlap = exp(0.1) / (3 + exp(0.1)), tile = 2048 + (1 - overlap) * 1024;
    double there = 2 * (2200 + 16 * tile) / 1980 + EXPOSED_US + 5;
    assert_interval(&time, -log(there / time.attention_us) / 0.1 * 0.2, NORMAL);
    close_bench(&b);
}

/* Masking is 1,500 of a masked tile's cycles; its error is of no matter where no tile is masked. */
static void an_error_of_masks__counts_where_tiles_are_masked(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, "256");
    set_error(&b, TB_TIME_MASK_CYCLES, 0.2);
    tb_time time = run(&b);
    assert_interval(&time, 0, NORMAL);
    close_bench(&b);
    open_bench(&b, "255");
    set_error(&b, TB_TIME_MASK_CYCLES, 0.2);
    time = run(&b);
    double busy = time.tile_cycles + 2200.0 * (double)time.schedule.ctas;
    double masked = time.tile_cycles / time.tile.masked * 1500 * (exp(0.1) - 1);
    double makespan = time.schedule.makespan / 1980;
    double there = makespan * (busy + masked) / busy + EXPOSED_US + 5;
    assert_interval(&time, log(there / time.attention_us) / 0.1 * 0.2, NORMAL);
    close_bench(&b);
}

static void errors_of_what_does_not_count__are_left_out(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, "256");
    b.values.scatter = 0.03;
    set_error(&b, TB_TIME_PERMUTE_FRACTION, 2);         /* it is not in attention_us */
    set_error(&b, TB_TIME_MASK_3D_FACTOR, 2);           /* rank 1 */
    set_error(&b, TB_TIME_SUSTAINED_CLOCK_FRACTION, 2); /* a launch of 50 us boosts */
    set_error(&b, TB_TIME_BACKWARD_OVERLAP, 2);
    tb_time time = run(&b);
    assert_interval(&time, 0.03, NORMAL);
    close_bench(&b);
}

static void a_larger_error__widens_the_interval(void **state)
{
    (void)state;
    static const tb_time_parameter of[] = {TB_TIME_OVERLAP, TB_TIME_MASK_CYCLES,
                                           TB_TIME_PROLOGUE_CYCLES, TB_TIME_LAUNCH_US};
    bench b;
    open_bench(&b, "255");
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        double last = 0;
        for (double error = 0.1; error < 4; error *= 2) {
            set_error(&b, of[i], error);
            tb_time time = run(&b);
            assert_true(time.high_us / time.low_us > last);
            assert_true(time.low_us < time.attention_us && time.attention_us < time.high_us);
            last = time.high_us / time.low_us;
        }
        set_error(&b, of[i], 0);
    }
    close_bench(&b);
}

/* Prologue and launch both lengthen the time: where the runs tell their sum better than either, one
 * is the larger as the other is the smaller. Fully against each other they leave the difference. */
static void parameters_that_trade_off__narrow_the_interval(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, "256");
    set_error(&b, TB_TIME_PROLOGUE_CYCLES, 0.2);
    double prologue = run(&b).relative_error;
    set_error(&b, TB_TIME_PROLOGUE_CYCLES, 0);
    set_error(&b, TB_TIME_LAUNCH_US, 0.1);
    double launch = run(&b).relative_error;
    set_error(&b, TB_TIME_PROLOGUE_CYCLES, 0.2);
    assert_true(prologue > 0 && launch > 0);
    tb_time time = run(&b);
    assert_interval(&time, hypot(prologue, launch), NORMAL);
    set_covariance(&b, TB_TIME_PROLOGUE_CYCLES, TB_TIME_LAUNCH_US, -0.02); /* -0.2 x 0.1 */
    time = run(&b);
    assert_interval(&time, fabs(prologue - launch), NORMAL);
    set_covariance(&b, TB_TIME_PROLOGUE_CYCLES, TB_TIME_LAUNCH_US, 0.02);
    time = run(&b);
    assert_interval(&time, prologue + launch, NORMAL);
    close_bench(&b);
}

TB_TESTS(cmocka_unit_test(without_errors__runs_scatter_all_the_same),
         cmocka_unit_test(an_error__counts_as_the_time_answers_to_it),
         cmocka_unit_test(an_error_of_overlap__is_of_its_odds),
         cmocka_unit_test(an_error_of_masks__counts_where_tiles_are_masked),
         cmocka_unit_test(errors_of_what_does_not_count__are_left_out),
         cmocka_unit_test(a_larger_error__widens_the_interval),
         cmocka_unit_test(parameters_that_trade_off__narrow_the_interval));
