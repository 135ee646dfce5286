#include "cuda_microbench.h"

#define STEPS         (TB_MICROBENCH_CHAINS * TB_MICROBENCH_UNROLL) /* a turn */
#define FLOP_OF_MMA   (2 * 16 * 8 * 16)
#define WARPS_OF_CTA  (TB_MICROBENCH_THREADS / 32)
#define BYTES_OF_TURN (TB_MICROBENCH_PIECES * 16)

tb_microbench_work tb_microbench_work_of(const tb_microbench_params *params, int64_t ctas)
{
    int64_t turns = ctas * params->turns;
    tb_microbench_work work = {0};
    switch ((tb_microbench_kind)params->kind) {
    case TB_MICROBENCH_MMA_BF16:
    case TB_MICROBENCH_MMA_FP16:
        work.mma = turns * WARPS_OF_CTA * STEPS;
        break;
    case TB_MICROBENCH_EXP2:
        work.exp2 = turns * TB_MICROBENCH_THREADS * STEPS;
        break;
    case TB_MICROBENCH_FMA:
        work.fma = turns * TB_MICROBENCH_THREADS * STEPS;
        break;
    case TB_MICROBENCH_SHARED:
        work.shared_bytes = turns * TB_MICROBENCH_THREADS * BYTES_OF_TURN;
        break;
    case TB_MICROBENCH_READ:
        work.read_bytes = params->bytes * params->turns;
        break;
    case TB_MICROBENCH_COPY:
        work.read_bytes = work.write_bytes = params->bytes;
        break;
    case TB_MICROBENCH_EMPTY:
        break;
    }
    work.flop = work.mma * FLOP_OF_MMA + work.fma * 2;
    return work;
}
