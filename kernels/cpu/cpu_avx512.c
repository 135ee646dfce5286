/* AVX-512; see cpu_body.h. */
#include "cpu_tables.h"

#define ISA       tb_cpu_avx512
#define ISA_NAME  "avx512"
#define ISA_NEEDS "AVX-512 (F, DQ, BW, VL)"

static bool isa_is_here(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

#include "cpu_body.h"
