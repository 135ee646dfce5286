/* Plain C; see cpu_body.h. */
#include "cpu_tables.h"

#define TB_CPU_PORTABLE
#define ISA       tb_cpu_portable
#define ISA_NAME  "portable"
#define ISA_NEEDS "nothing"

static bool isa_is_here(void)
{
    return true;
}

#include "cpu_body.h"
