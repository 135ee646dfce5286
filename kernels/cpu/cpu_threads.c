/* Home of OpenMP's functions in kernels. */
#include "cpu_threads.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE 64

int tb_cpu_threads(void)
{
    return omp_get_max_threads();
}

int tb_cpu_thread(void)
{
    return omp_get_thread_num();
}

static double clock_us(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

double tb_cpu_now_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

double tb_cpu_own_us(void)
{
    return clock_us(CLOCK_THREAD_CPUTIME_ID);
}

void *tb_cpu_bytes(int64_t bytes)
{
    if (bytes < 0 || bytes > INT64_MAX - 2 * LINE) {
        return NULL;
    }
    return aligned_alloc(LINE, ((size_t)bytes / LINE + 1) * LINE);
}

float *tb_cpu_floats(int64_t count)
{
    if (count < 0 || count > INT64_MAX / (int64_t)sizeof(float)) {
        return NULL;
    }
    float *made = tb_cpu_bytes(count * (int64_t)sizeof(float));
    if (made != NULL) {
        memset(made, 0, (size_t)count * sizeof *made);
    }
    return made;
}
