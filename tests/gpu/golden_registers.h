/* tests/golden/cuda_variants.csv, embedded by tests/gpu/CMakeLists.txt. */
#ifndef TB_GOLDEN_REGISTERS_H
#define TB_GOLDEN_REGISTERS_H

#include "cuda_sources.h"

extern const tb_cuda_source golden_registers[];

#endif
