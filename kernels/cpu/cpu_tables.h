/* The tables of the instruction sets, by file; internal to kernels/cpu. */
#ifndef TB_CPU_TABLES_H
#define TB_CPU_TABLES_H

#include "cpu_isa.h"

extern const tb_cpu_isa tb_cpu_avx512;
extern const tb_cpu_isa tb_cpu_avx2;
extern const tb_cpu_isa tb_cpu_neon;
extern const tb_cpu_isa tb_cpu_portable;

#endif
