/* A measurement on a backend that is made up: it counts its plans, and its times are the test's. */
#ifndef TB_MEASURE_BENCH_H
#define TB_MEASURE_BENCH_H

#include "measure.h"

/** A plan of such a backend. */
struct tb_plan_state {
    tb_launch launch;
    bool has_run; /* set by the backend's run() */
};

/** Plans of the bench that is open. */
typedef struct tb_measure_bench_plans {
    int64_t prepared, alive;
    int64_t most_alive; /* that its memory holds; 0 = any number */
} tb_measure_bench_plans;

extern tb_measure_bench_plans tb_test_plans;

/** A measurement with what it borrows. */
typedef struct tb_measure_bench {
    tb_backend backend;
    tb_measure_options options;
    tb_device_facts facts;
    tb_device *device; /* NULL: no model of it */
    tb_environment environment;
    tb_kernel *kernel;
    tb_measure *measure; /* NULL: not begun */
} tb_measure_bench;

/** Make one ready, with kernel cpu and on a quiet host. What `backend` leaves NULL is made up,
 *  where a measurement needs it: it is here, an "Abacus 7300", takes any launch and counts nothing;
 *  of a GPU it is not emulated, its clocks are 0 and its kernel is "beads". */
void tb_measure_bench_open(tb_measure_bench *on, const tb_backend *backend);

/** Begin the measurement with the options as they stand; one that was begun is let go. */
void tb_measure_bench_start(tb_measure_bench *on);

void tb_measure_bench_add(tb_measure_bench *on, const char *id, const tb_case *item);

/** Run it to its end, and give its profile. */
const tb_profile *tb_measure_bench_run(tb_measure_bench *on);

/** What is measured by now; NULL: nothing. */
const tb_profile *tb_measure_bench_profile(tb_measure_bench *on);

/** Let go of all. Fails the test where a plan is left. */
void tb_measure_bench_close(tb_measure_bench *on);

/** 40 tokens that see a window, or with one of 40 all; head dim 16, fp32, tiles of 8. */
tb_case tb_measure_bench_case(int64_t window);

#endif
