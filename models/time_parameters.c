#include "time_parameters.h"

#include <math.h>
#include <string.h>

const tb_parameter_info tb_time_parameters[TB_TIME_PARAMETER_COUNT] = {
    {"overlap", "tensor and softmax work at the same time", TB_SCALE_LOGIT, false, false},
    {"mask_cycles", "masking a visited tile of 128 keys, rank 1 and 2", TB_SCALE_LOG, true, false},
    {"mask_3d_factor", "on mask_cycles in rank 3 and 4", TB_SCALE_LOG, true, false},
    {"prologue_cycles", "prologue and epilogue of a CTA", TB_SCALE_LOG, false, false},
    {"launch_us", "start and end of a kernel that no tile hides", TB_SCALE_LOG, false, false},
    {"sustained_clock_fraction", "clock of long launches over the boost clock", TB_SCALE_LOGIT,
     false, false},
    {"permute_fraction", "of the HBM bandwidth, when tokens are permuted", TB_SCALE_LOGIT, false,
     false},
    {"product_efficiency", "of the tensor rate, that products reach", TB_SCALE_LOGIT, false, true},
    {"softmax_factor", "softmax work over its exponentials and instructions", TB_SCALE_LOG, false,
     true},
    {"pack_fraction", "of the HBM bandwidth, when keys and values are packed", TB_SCALE_LOGIT,
     false, true},
    {"gap_factor", "on packing and prologues, where other heads lie between rows", TB_SCALE_LOG,
     false, true},
    {"cached_factor", "on packing and prologues, for data in the cores' own caches", TB_SCALE_LOGIT,
     false, true},
};

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
