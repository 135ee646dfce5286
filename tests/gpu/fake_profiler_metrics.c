/* Metrics of the emulated GPU, from what the emulator counted. It has no cache: DRAM's bytes are
 * those that the kernels asked of L2. */
#include "fake_profiler.h"

#include <string.h>

#define SECTOR_BYTES    32.0
#define FLOP_OF_MMA     4096.0 /* m16n8k16 */
#define LANES           32.0
#define REGISTERS       65536.0
#define RESERVED_SHARED 1024.0 /* a CTA */

/* Source: CUDA programming guide, compute capabilities; dense fp16 of the architectures'
 * whitepapers. */
static const struct {
    int sm;
    const char *chip;
    double shared_bytes, warps, ctas; /* an SM */
    double flop_per_cycle;            /* of its tensor cores */
} chips[] = {
    {80, "GA100", 167936, 64, 32, 2048},  {86, "GA102", 102400, 48, 16, 1024},
    {89, "AD102", 102400, 48, 24, 1024},  {90, "GH100", 233472, 64, 32, 4096},
    {100, "GB100", 233472, 64, 32, 8192}, {120, "GB202", 102400, 48, 24, 1024},
};

enum { TENSOR_PERCENT, TENSOR, XU, DRAM, L2, CONFLICTS, OCCUPANCY, TIME };

static const struct {
    const char *name, *unit;
    bool is_ratio;
} metrics[TB_FAKE_METRICS] = {
    [TENSOR_PERCENT] = {"sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_active", "sm",
                        true},
    [TENSOR] = {"sm__inst_executed_pipe_tensor.sum", "sm", false},
    [XU] = {"sm__inst_executed_pipe_xu.sum", "sm", false},
    [DRAM] = {"dram__bytes.sum", "dram", false},
    [L2] = {"lts__t_bytes.sum", "lts", false},
    [CONFLICTS] = {"l1tex__data_bank_conflicts_pipe_lsu_mem_shared.sum", "l1tex", false},
    [OCCUPANCY] = {"sm__warps_active.avg.pct_of_peak_sustained_active", "sm", true},
    [TIME] = {"gpu__time_duration.sum", "gpu", false},
};

static int chip_at(int sm)
{
    for (int i = 0; i < (int)(sizeof chips / sizeof *chips); i++) {
        if (chips[i].sm == sm) {
            return i;
        }
    }
    return -1;
}

const char *tb_fake_chip_of(int sm)
{
    int at = chip_at(sm);
    return at >= 0 ? chips[at].chip : NULL;
}

bool tb_fake_chip_is_known(const char *chip)
{
    for (size_t i = 0; i < sizeof chips / sizeof *chips; i++) {
        if (strcmp(chips[i].chip, chip) == 0) {
            return true;
        }
    }
    return false;
}

int tb_fake_metric(const char *name)
{
    for (int i = 0; i < TB_FAKE_METRICS; i++) {
        if (strcmp(metrics[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

const char *tb_fake_metric_unit(int metric)
{
    return metrics[metric].unit;
}

bool tb_fake_metric_is_ratio(int metric)
{
    return metrics[metric].is_ratio;
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* Part of an SM's warps that a launch keeps there, were its CTAs spread evenly. */
static double occupancy(const tb_fake_launch *launch, const tb_fake_device *device)
{
    int at = chip_at(device->sm);
    double threads = (double)launch->cta[0] * launch->cta[1] * launch->cta[2];
    double warps = (double)(long)((threads + LANES - 1) / LANES);
    double ctas = (double)launch->grid[0] * launch->grid[1] * launch->grid[2] / device->sms;
    if (at < 0) {
        return 0;
    }
    double shared = (double)(launch->static_shared_bytes + launch->dynamic_shared_bytes);
    ctas = least(ctas, chips[at].ctas);
    ctas = least(ctas, (double)(long)(chips[at].warps / warps));
    ctas = least(ctas, (double)(long)(chips[at].shared_bytes / (shared + RESERVED_SHARED)));
    if (launch->registers > 0) {
        ctas = least(ctas, (double)(long)(REGISTERS / (launch->registers * warps * LANES)));
    }
    return ctas * warps / chips[at].warps;
}

void tb_fake_counts_add(tb_fake_counts *counts, const tb_fake_launch *launch,
                        const tb_fake_device *device)
{
    double time_ns = (double)(launch->end_ns - launch->start_ns);
    counts->mma += (double)launch->mma;
    counts->exp2 += (double)launch->exp2;
    counts->sectors += (double)(launch->load_sectors + launch->store_sectors);
    counts->conflicts += (double)launch->shared_conflicts;
    counts->time_ns += time_ns;
    counts->occupied_ns += time_ns * occupancy(launch, device);
}

static double tensor_percent(const tb_fake_counts *counts, const tb_fake_device *device)
{
    int at = chip_at(device->sm);
    double cycles = counts->time_ns * device->clock_mhz / 1000;
    double peak = at >= 0 ? cycles * device->sms * chips[at].flop_per_cycle : 0;
    return peak > 0 ? least(100, 100 * counts->mma * FLOP_OF_MMA / peak) : 0;
}

double tb_fake_metric_value(int metric, const tb_fake_counts *counts, const tb_fake_device *device)
{
    switch (metric) {
    case TENSOR_PERCENT:
        return tensor_percent(counts, device);
    case TENSOR:
        return counts->mma;
    case XU: /* of warps; the emulator counts by thread */
        return counts->exp2 / LANES;
    case DRAM:
    case L2:
        return counts->sectors * SECTOR_BYTES;
    case CONFLICTS:
        return counts->conflicts;
    case OCCUPANCY:
        return counts->time_ns > 0 ? 100 * counts->occupied_ns / counts->time_ns : 0;
    default:
        return counts->time_ns;
    }
}

size_t tb_fake_passes(const tb_fake_config_image *config)
{
    return (config->count + TB_FAKE_METRICS_A_PASS - 1) / TB_FAKE_METRICS_A_PASS;
}

bool tb_fake_is_of_pass(const tb_fake_config_image *config, size_t pass, size_t index)
{
    return index < config->count && index / TB_FAKE_METRICS_A_PASS == pass;
}

bool tb_fake_config_is_good(const uint8_t *image, size_t bytes, tb_fake_config_image *out)
{
    if (image == NULL || bytes < sizeof *out) {
        return false;
    }
    memcpy(out, image, sizeof *out);
    if (out->magic != TB_FAKE_CONFIG || out->count == 0 || out->count > TB_FAKE_METRICS) {
        return false;
    }
    for (uint32_t i = 0; i < out->count; i++) {
        if (out->metric[i] >= TB_FAKE_METRICS) {
            return false;
        }
    }
    return true;
}

bool tb_fake_data_is_good(const uint8_t *image, size_t bytes, tb_fake_data_image *out)
{
    if (image == NULL || bytes < sizeof *out) {
        return false;
    }
    memcpy(out, image, sizeof *out);
    return out->magic == TB_FAKE_DATA;
}
