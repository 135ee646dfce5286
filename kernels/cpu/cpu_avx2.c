/* AVX2 and FMA; see cpu_body.h. */
#include "cpu_tables.h"

#define ISA       tb_cpu_avx2
#define ISA_NAME  "avx2"
#define ISA_NEEDS "AVX2 and FMA"

static bool isa_is_here(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

#include "cpu_body.h"
