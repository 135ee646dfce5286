/* OpenMP's numbers of threads, clocks and aligned memory: what every CPU kernel needs of the
 * system. */
#ifndef TB_CPU_THREADS_H
#define TB_CPU_THREADS_H

#include <stdint.h>

/** Threads that a run uses where none are asked for: OpenMP's number. */
int tb_cpu_threads(void);

/** Number of the calling thread in its team, from 0. */
int tb_cpu_thread(void);

/** Monotonic time. */
double tb_cpu_now_us(void);

/** Processor time of the calling thread: leaves out what other programs take. */
double tb_cpu_own_us(void);

/** `count` zeroed floats on a cache line of their own, to be freed with free(); NULL when exhausted
 * or count is absurd. */
float *tb_cpu_floats(int64_t count);

/** The same for bytes, not zeroed. */
void *tb_cpu_bytes(int64_t bytes);

#endif
