/* Kernels, devices and cases for the tests of the time model. Whatever fails to load fails the
 * test. */
#ifndef TB_TIMED_CASE_H
#define TB_TIMED_CASE_H

#include "predict.h"
#include "timed_prediction.h"

#include <gsl/gsl_rng.h>

/** A known kernel or device, to be destroyed by the caller. */
tb_kernel *tb_test_kernel(const char *name);
tb_device *tb_test_device(const char *name);

/** "sm_count=132": see that it is taken. */
void tb_test_set(tb_device *device, const char *assignment);

/** Every known device, and how many; free with tb_test_devices_free(). */
tb_device **tb_test_devices(size_t *count);
void tb_test_devices_free(tb_device **devices, size_t count);

/** gna over "30x48x80"; window or stride NULL: whole axes, 1. Normalized; 24 heads are 24. */
tb_case tb_test_gna(const char *layout, const char *window, const char *stride, int64_t heads);

/** Ask for these tiles ("2x8x8"). */
void tb_test_tiles(tb_case *item, const char *q_tile, const char *kv_tile);

/** Parameters for hand-worked times: overlap 0.25, mask 1500 cycles (x 1.5 in 3-D), prologue 2200
 *  cycles, launch 5 us, sustained clock 0.8, permutation at a quarter of the bandwidth. */
tb_time_values tb_test_values(void);

/** A case with all that its time rests on. */
typedef struct tb_timed_case {
    tb_prediction prediction;
    tb_cta_counts counts;
    tb_time_case time; /* points into this struct: do not copy it */
} tb_timed_case;

/** Predict a case; kernel and device are borrowed. */
void tb_timed_open(const tb_case *item, const tb_kernel *kernel, const tb_device *device,
                   tb_timed_case *out);
void tb_timed_close(tb_timed_case *timed);

/** The tiles of the case, and its time. */
tb_tile_cycles tb_timed_tile(const tb_timed_case *timed, const tb_time_values *values);
tb_time tb_timed_run(const tb_timed_case *timed, const tb_time_values *values);

/** Open, time and close. */
tb_time tb_timed_once(const tb_case *item, const tb_kernel *kernel, const tb_device *device,
                      const tb_time_values *values);

/** A kernel on a device, with the parameters of tb_test_values(). */
typedef struct tb_bench {
    tb_kernel *kernel;
    tb_device *device;
    tb_time_values values;
} tb_bench;

/** Load both; close the bench when done. */
tb_bench tb_bench_of(const char *kernel, const char *device);
void tb_bench_close(tb_bench *bench);

/** The tile of a case there, and its time. */
tb_tile_cycles tb_bench_tile(const tb_bench *bench, const tb_case *item);
tb_time tb_bench_time(const tb_bench *bench, const tb_case *item);

/** gna of random rank (1 to 3), window, stride, dilation, heads and head dim (64 or 128), in
 *  layouts of up to `tokens` tokens. */
tb_case tb_test_draw_gna(gsl_rng *random, int64_t tokens);

#endif
