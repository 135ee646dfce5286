/* Home of OpenMP's library in sim; its pragmas stand where loops are. */
#include "loop_threads.h"

#include <omp.h>

int tb_threads(void)
{
    return omp_get_max_threads();
}

int tb_thread_number(void)
{
    return omp_get_thread_num();
}
