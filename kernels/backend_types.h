/* The rows of the backend table; internal to kernels. */
#ifndef TB_BACKEND_TYPES_H
#define TB_BACKEND_TYPES_H

#include "backend.h"

extern const tb_backend tb_backend_cpu;
extern const tb_backend tb_backend_cuda;

/** A launch's scale of the logits: its own, or 1 / sqrt(dim). */
double tb_launch_scale(const tb_launch *launch);

#endif
