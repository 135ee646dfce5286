#include "kernel.h"

#include "checked.h"

#include <stdlib.h>
#include <string.h>

const char *const tb_permutation_names[TB_PERMUTATION_COUNT] = {"none", "copy", "kernel"};
const char *const tb_extra_kv_policy_names[TB_EXTRA_KV_POLICY_COUNT] = {"fused", "second-launch"};
const char *const tb_gqa_policy_names[TB_GQA_POLICY_COUNT] = {"native", "packed", "expanded"};

bool tb_tile_set_serves(const tb_tile_set *set, int64_t padded)
{
    for (size_t i = 0; i < set->dim_count; i++) {
        if (set->dims[i] == padded) {
            return true;
        }
    }
    return set->dim_count == 0;
}

int64_t tb_kernel_padded_to(const tb_kernel *kernel, tb_pass pass, int64_t wanted)
{
    int64_t padded = 0;
    for (size_t s = 0; s < kernel->set_count[pass]; s++) {
        const tb_tile_set *set = &kernel->sets[pass][s];
        if (set->dim_count == 0) {
            return wanted;
        }
        for (size_t i = 0; i < set->dim_count; i++) {
            if (set->dims[i] >= wanted && (padded == 0 || set->dims[i] < padded)) {
                padded = set->dims[i];
            }
        }
    }
    return padded;
}

int64_t tb_kernel_padded_dim(const tb_kernel *kernel, const tb_problem *problem)
{
    return tb_kernel_padded_to(kernel, problem->pass, tb_max(problem->dim, problem->dim_value));
}

int64_t tb_kernel_packed_heads(const tb_kernel *kernel, const tb_problem *problem,
                               tb_tiling_kind tiling)
{
    bool packs = kernel->gqa == TB_GQA_PACKED && tiling == TB_TILING_SINGLE_DIM &&
                 problem->pass == TB_PASS_FORWARD;
    return packs ? problem->heads / problem->heads_kv : 1;
}

bool tb_kernel_runs_on(const tb_kernel *kernel, const tb_device *device)
{
    if (kernel->is_for_cpus || device->is_cpu) {
        return kernel->is_for_cpus && device->is_cpu;
    }
    for (size_t i = 0; i < kernel->compute_capability_count; i++) {
        if (kernel->compute_capabilities[i] == device->compute_capability) {
            return true;
        }
    }
    return kernel->compute_capability_count == 0 &&
           device->compute_capability >= tb_max(kernel->compute_capability_min, 1);
}
