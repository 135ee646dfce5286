/* The costs that a timeline is drawn of are those that the time was made of. */
#include "test_support.h"

#include "timed_case.h"

#include <stdlib.h>

static void check(const tb_case *item, const tb_kernel *kernel, const tb_device *device)
{
    tb_timed_case timed;
    tb_time_values values = tb_time_values_of(kernel, device);
    tb_schedule again;
    tb_error err;
    double sum = 0;
    tb_timed_open(item, kernel, device, &timed);
    tb_time time = tb_timed_run(&timed, &values);
    int64_t costs = timed.counts.cta_count * time.splits;
    double *cost = calloc((size_t)costs, sizeof *cost);
    assert_non_null(cost);
    tb_time_cta_costs(&timed.time, &time, cost);
    int64_t copies = time.schedule.ctas / costs;
    for (int64_t i = 0; i < costs; i++) {
        sum += cost[i];
    }
    tb_assert_close(sum * (double)copies, time.schedule.busy, 1e-9);
    tb_schedule_problem problem = {.cost = cost,
                                   .q_tiles = costs,
                                   .copies = copies,
                                   .sms = time.schedule.slots / time.occupancy,
                                   .occupancy = time.occupancy,
                                   .policy = kernel->time.schedule};
    tb_assert_ok(tb_schedule_run(&problem, NULL, NULL, &again, &err), &err);
    tb_assert_close(again.makespan, time.schedule.makespan, 1e-12);
    tb_assert_close(again.tail + 1, time.schedule.tail + 1, 1e-12);
    free(cost);
    tb_timed_close(&timed);
}

static void cta_costs__give_the_schedule_that_the_time_has(void **state)
{
    (void)state;
    static const struct {
        const char *kernel, *device, *layout, *window;
        int64_t heads;
    } cases[] = {{"cutlass-hopper-fna", "h100-sxm", "30x48x80", "18x24x24", 24},
                 {"cutlass-blackwell-fna", "b200", "72x96", "24x24", 3},
                 {"fa2", "a100-80", "7296", NULL, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tb_kernel *kernel = tb_test_kernel(cases[i].kernel);
        tb_device *device = tb_test_device(cases[i].device);
        tb_case item = tb_test_gna(cases[i].layout, cases[i].window, NULL, cases[i].heads);
        check(&item, kernel, device);
        tb_case_release(&item);
        tb_kernel_destroy(kernel);
        tb_device_destroy(device);
    }
}

TB_TESTS(cmocka_unit_test(cta_costs__give_the_schedule_that_the_time_has));
