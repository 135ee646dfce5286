#include "gpu_metrics.h"

#include <stddef.h>

/* The pipe's metric of before Blackwell names the kind of product; there it counts the same cycles,
 * for these kernels have no other. */
const char *const tb_gpu_metric_names[TB_HARDWARE_COUNTER_COUNT][TB_GPU_METRIC_NAMES_MAX + 1] = {
    [TB_HARDWARE_TENSOR_PERCENT] =
        {"sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_active",
         "sm__pipe_tensor_op_hmma_cycles_active.avg.pct_of_peak_sustained_active"},
    [TB_HARDWARE_TENSOR_INSTRUCTIONS] = {"sm__inst_executed_pipe_tensor.sum",
                                         "sm__inst_executed_pipe_tensor_op_hmma.sum"},
    [TB_HARDWARE_XU_INSTRUCTIONS] = {"sm__inst_executed_pipe_xu.sum",
                                     "smsp__inst_executed_pipe_xu.sum"},
    [TB_HARDWARE_DRAM_BYTES] = {"dram__bytes.sum"},
    [TB_HARDWARE_L2_BYTES] = {"lts__t_bytes.sum"},
    [TB_HARDWARE_SHARED_CONFLICTS] = {"l1tex__data_bank_conflicts_pipe_lsu_mem_shared.sum"},
    [TB_HARDWARE_OCCUPANCY_PERCENT] = {"sm__warps_active.avg.pct_of_peak_sustained_active"},
};

const char *tb_gpu_chip_of(int sm)
{
    static const struct {
        int sm;
        const char *chip;
    } chips[] = {{80, "GA100"}, {86, "GA102"},  {89, "AD102"},
                 {90, "GH100"}, {100, "GB100"}, {120, "GB202"}};
    for (size_t i = 0; i < sizeof chips / sizeof *chips; i++) {
        if (chips[i].sm == sm) {
            return chips[i].chip;
        }
    }
    return NULL;
}

int tb_gpu_metrics_choose(tb_gpu_metric_known_fn *is_known, void *user, tb_hardware_counters *out)
{
    int chosen = 0;
    *out = (tb_hardware_counters){0};
    for (int c = 0; c < TB_HARDWARE_COUNTER_COUNT; c++) {
        const char *const *name = tb_gpu_metric_names[c];
        while (*name != NULL && !is_known(*name, user)) {
            name++;
        }
        out->of[c].metric = *name;
        chosen += *name != NULL;
    }
    return chosen;
}
