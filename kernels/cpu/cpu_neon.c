/* NEON; see cpu_body.h. */
#include "cpu_tables.h"

#define ISA       tb_cpu_neon
#define ISA_NAME  "neon"
#define ISA_NEEDS "an Arm processor of 64 bits"

static bool isa_is_here(void)
{
    return true;
}

#include "cpu_body.h"
