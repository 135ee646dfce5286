/* A launch on a GPU: the operations of the backend table that have a plan. */
#ifndef TB_GPU_PLAN_H
#define TB_GPU_PLAN_H

#include "backend.h"

tb_status tb_gpu_plan_prepare(const tb_launch *launch, tb_plan_state **out, tb_error *err);
tb_status tb_gpu_plan_run(tb_plan_state *state, const tb_tensors *tensors, tb_run_times *times,
                          tb_error *err);
tb_status tb_gpu_plan_repeat(tb_plan_state *state, tb_run_times *times, tb_error *err);
tb_status tb_gpu_plan_flush(tb_plan_state *state, tb_error *err);
tb_status tb_gpu_plan_hardware(tb_plan_state *state, tb_hardware_counters *out, tb_error *err);
int tb_gpu_plan_kernels(const tb_plan_state *state, tb_run_kernel *out);
void tb_gpu_plan_counters(const tb_plan_state *state, tb_run_counters *out);
void tb_gpu_plan_destroy(tb_plan_state *state);

#endif
