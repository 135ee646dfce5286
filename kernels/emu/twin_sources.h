/* Headers of the emulator that twins include, embedded as kernels/cuda is. */
#ifndef TB_TWIN_SOURCES_H
#define TB_TWIN_SOURCES_H

#include "cuda_sources.h"

/** Ended by a name of NULL. */
extern const tb_cuda_source tb_twin_sources[];

#endif
