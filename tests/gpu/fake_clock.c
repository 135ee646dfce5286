#include "fake_clock.h"

#include <math.h>

#define OVERLAP     0.5   /* of the pipes, within a CTA */
#define CTA_CYCLES  150.0 /* to start a CTA, where others of the SM are at work */
#define DEVIATION   0.015
#define FURTHEST    0.05
#define MMA_FLOP    4096.0 /* m16n8k16 */
#define TRANSACTION 128.0
#define SECTOR      32.0
#define MIB         1048576.0

tb_fake_rates tb_fake_rates_of(const tb_device *device)
{
    double hbm = tb_device_get(device, TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S, 1000) * 1e9;
    double mma_sync = tb_device_get(device, TB_DEVICE_MMA_SYNC_FRACTION, 1);
    return (tb_fake_rates){
        .sms = tb_device_get(device, TB_DEVICE_SM_COUNT, 100),
        .clock_hz = tb_device_get(device, TB_DEVICE_CLOCK_BOOST_MHZ, 1500) * 1e6,
        .mma = tb_device_get(device, TB_DEVICE_TENSOR_FP16_FLOP_PER_CLK_PER_SM, 2048) * mma_sync /
               MMA_FLOP,
        .exp2 = tb_device_get(device, TB_DEVICE_MUFU_EX2_PER_CLK_PER_SM, 16),
        .fma = tb_device_get(device, TB_DEVICE_FP32_FMA_LANES_PER_SM, 128),
        .shared_transactions =
            tb_device_get(device, TB_DEVICE_SMEM_BANDWIDTH_BYTES_PER_CLK_PER_SM, 128) / TRANSACTION,
        /* read in a loop, L2 gives about three times what HBM does (A100, H100, H200) */
        .l2_bytes_per_s =
            tb_device_get(device, TB_DEVICE_MEASURED_L2_READ_GB_PER_S, 3 * hbm * 1e-9) * 1e9,
        .hbm_bytes_per_s =
            tb_device_get(device, TB_DEVICE_MEASURED_DRAM_READ_GB_PER_S, 0.92 * hbm * 1e-9) * 1e9,
        .l2_bytes = tb_device_get(device, TB_DEVICE_L2_SIZE_MIB, 40) * MIB,
        .sm_l2_bytes = 64,
        .pcie_bytes_per_s = tb_device_get(device, TB_DEVICE_PCIE_GB_PER_S, 25) * 1e9,
        .launch_ns = tb_device_get(device, TB_DEVICE_MEASURED_LAUNCH_US, 1.5) * 1e3,
    };
}

/* Of the mean CTA. */
static double cta_cycles(const tb_fake_rates *rates, const tb_emu_counters *counters, double ctas)
{
    const double part[] = {(double)counters->mma / rates->mma, (double)counters->exp2 / rates->exp2,
                           (double)counters->fma / rates->fma,
                           (double)counters->shared_transactions / rates->shared_transactions};
    double most = 0, sum = 0;
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        most = fmax(most, part[i]);
        sum += part[i];
    }
    return (most + (1 - OVERLAP) * (sum - most)) / ctas + CTA_CYCLES;
}

double tb_fake_launch_ns(const tb_fake_rates *rates, const tb_emu_counters *counters,
                         double hbm_bytes)
{
    double ctas = (double)counters->ctas, fullest = ceil(ctas / rates->sms);
    double bytes = (double)(counters->load_sectors + counters->store_sectors) * SECTOR;
    double cycles =
        fullest * fmax(cta_cycles(rates, counters, ctas), bytes / ctas / rates->sm_l2_bytes);
    double seconds = fmax(cycles / rates->clock_hz,
                          fmax(bytes / rates->l2_bytes_per_s, hbm_bytes / rates->hbm_bytes_per_s));
    return seconds * 1e9 + rates->launch_ns;
}

/* splitmix64; 0 < x < 1 */
static double uniform(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return ((double)((x ^ (x >> 31)) >> 12) + 0.5) * 0x1p-52;
}

double tb_fake_noise(uint64_t number)
{
    uint64_t state = number * 0xd1342543de82ef95U + 72;
    double radius = sqrt(-2 * log(uniform(&state)));
    double normal = radius * cos(2 * acos(-1.0) * uniform(&state));
    return exp(fmin(fmax(DEVIATION * normal, -FURTHEST), FURTHEST));
}
