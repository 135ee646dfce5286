#include "time_parameters.h"

#include <math.h>
#include <string.h>

const tb_parameter_info tb_time_parameters[TB_TIME_PARAMETER_COUNT] = {
    [TB_TIME_OVERLAP] = {.name = "overlap",
                         .meaning = "tensor and softmax work at the same time",
                         .scale = TB_SCALE_LOGIT,
                         .travels = true},
    [TB_TIME_MASK_CYCLES] = {.name = "mask_cycles",
                             .meaning = "masking a visited tile of 128 keys, rank 1 and 2",
                             .scale = TB_SCALE_LOG,
                             .is_of_source = true,
                             .travels = true},
    [TB_TIME_MASK_3D_FACTOR] = {.name = "mask_3d_factor",
                                .meaning = "on mask_cycles in rank 3 and 4",
                                .scale = TB_SCALE_LOG,
                                .is_of_source = true,
                                .travels = true},
    [TB_TIME_PROLOGUE_CYCLES] = {.name = "prologue_cycles",
                                 .meaning = "prologue and epilogue of a CTA",
                                 .scale = TB_SCALE_LOG,
                                 .travels = true},
    [TB_TIME_LAUNCH_US] = {.name = "launch_us",
                           .meaning = "start and end of a kernel that no tile hides",
                           .scale = TB_SCALE_LOG},
    [TB_TIME_SUSTAINED_CLOCK_FRACTION] = {.name = "sustained_clock_fraction",
                                          .meaning = "clock of long launches over the boost clock",
                                          .scale = TB_SCALE_LOGIT},
    [TB_TIME_PERMUTE_FRACTION] = {.name = "permute_fraction",
                                  .meaning = "of the HBM bandwidth, when tokens are permuted",
                                  .scale = TB_SCALE_LOGIT},
    [TB_TIME_TILE_LATENCY_CYCLES] = {.name = "tile_latency_cycles",
                                     .meaning = "waits in a visited tile that nothing hides",
                                     .scale = TB_SCALE_LOG,
                                     .travels = true,
                                     .is_optional = true},
    [TB_TIME_BACKWARD_OVERLAP] = {.name = "backward_overlap",
                                  .meaning = "overlap in the backward pass",
                                  .scale = TB_SCALE_LOGIT,
                                  .travels = true,
                                  .is_optional = true},
    [TB_TIME_TENSOR_FRACTION] = {.name = "tensor_fraction",
                                 .meaning = "of the tensor rate that products reach",
                                 .scale = TB_SCALE_LOGIT,
                                 .travels = true,
                                 .is_optional = true,
                                 .otherwise = 1},
    [TB_TIME_SOFTMAX_FACTOR] = {.name = "softmax_factor",
                                .meaning = "softmax work over its exponentials and instructions",
                                .scale = TB_SCALE_LOG,
                                .travels = true,
                                .is_optional = true,
                                .otherwise = 1},
    [TB_TIME_PACK_FRACTION] = {.name = "pack_fraction",
                               .meaning = "of the HBM bandwidth, when keys and values are packed",
                               .scale = TB_SCALE_LOGIT,
                               .is_optional = true},
    [TB_TIME_GAP_FACTOR] = {.name = "gap_factor",
                            .meaning =
                                "on packing and prologues, where other heads lie between rows",
                            .scale = TB_SCALE_LOG,
                            .is_optional = true,
                            .otherwise = 1},
    [TB_TIME_CACHED_FACTOR] = {.name = "cached_factor",
                               .meaning =
                                   "on packing and prologues, for data in the cores' own caches",
                               .scale = TB_SCALE_LOG,
                               .is_optional = true,
                               .otherwise = 1},
};

const char *const tb_kernel_class_names[TB_KERNEL_CLASS_COUNT] = {"fused", "unfused", "naive"};
const char *const tb_matrix_instruction_names[TB_MATRIX_INSTRUCTION_COUNT] = {"mma.sync", "wgmma",
                                                                              "tcgen05", "native"};

/* logit at 0 and 1 is infinite; nothing measured tells 1e-6 from either. */
#define LOGIT_MARGIN 1e-6

double tb_parameter_forward(tb_time_parameter parameter, double value)
{
    if (tb_time_parameters[parameter].scale == TB_SCALE_LOG) {
        return log(value);
    }
    double inside = fmin(fmax(value, LOGIT_MARGIN), 1 - LOGIT_MARGIN);
    return log(inside / (1 - inside));
}

double tb_parameter_backward(tb_time_parameter parameter, double scaled)
{
    if (tb_time_parameters[parameter].scale == TB_SCALE_LOG) {
        return exp(scaled);
    }
    return 1 / (1 + exp(-scaled));
}

const tb_fit *tb_time_find_fit(const tb_time_traits *traits, const char *device)
{
    for (size_t i = 0; i < traits->fit_count; i++) {
        if (strcmp(traits->fits[i].device, device) == 0) {
            return &traits->fits[i];
        }
    }
    return NULL;
}
