#include "work_counts.h"

#include "time_parts.h"
#include "timed_prediction.h"

#include <math.h>

#define WARP     32.0
#define PERCENT  100.0
#define MMA_FLOP 4096.0 /* 16 x 8 x 16 multiply-adds */

static void set(tb_work_counts *out, tb_work_count which, double value)
{
    out->known[which] = isfinite(value) && value >= 0;
    out->value[which] = out->known[which] ? value : 0;
}

static double tile_flop(const tb_time_case *item, double rows, double kv)
{
    double d = 0, dv = 0;
    tb_time_padded_dims(item->kernel, item->problem, &d, &dv);
    return rows * kv *
           (item->problem->pass == TB_PASS_FORWARD ? 2 * (d + dv) : 2 * (3 * d + 2 * dv));
}

/* A naive kernel has no tiles, and one that is not fused takes its exponentials elsewhere. */
static void count_instructions(const tb_time_case *item, double scores, tb_work_counts *out)
{
    bool is_sync = tb_time_instructions(item->kernel, item->device) == TB_MMA_SYNC;
    bool is_half = tb_dtype_bytes(item->problem->dtype) == 2;
    if (tb_time_has_tensor(item) && is_sync) {
        set(out, TB_WORK_TENSOR_INSTRUCTIONS, out->flop / (is_half ? MMA_FLOP : 2 * MMA_FLOP));
    } else if (!tb_time_has_tensor(item)) {
        set(out, TB_WORK_TENSOR_INSTRUCTIONS, 0);
    }
    if (item->kernel->time.kind == TB_CLASS_FUSED) {
        set(out, TB_WORK_EXP_INSTRUCTIONS, scores * (1 - tb_time_exp_fma_fraction(item)) / WARP);
    }
}

static void count_bytes(const tb_time_case *item, const tb_time *time, double rows, double kv,
                        double tiles, tb_work_counts *out)
{
    set(out, TB_WORK_DRAM_BYTES, tb_time_hbm_bytes(item, &time->schedule));
    if (item->kernel->time.kind == TB_CLASS_FUSED) {
        set(out, TB_WORK_L2_BYTES,
            tiles * tb_time_l2_tile_bytes(item, rows, kv) + tb_time_exposed_bytes(item));
    }
}

/* Over the launch's own time, without what launching takes. */
static void count_tensor_share(const tb_time_case *item, const tb_time *time, tb_work_counts *out)
{
    double rate = 0, sms = tb_device_get(item->device, TB_DEVICE_SM_COUNT, 0);
    double launch_us =
        fmax(time->schedule.makespan / time->clock_mhz + time->exposed_us, time->hbm_us);
    if (!tb_time_has_tensor(item)) {
        set(out, TB_WORK_TENSOR_PERCENT, 0);
    } else if (tb_time_tensor_rate(item, &rate, NULL) == TB_OK && rate > 0 && sms > 0) {
        set(out, TB_WORK_TENSOR_PERCENT,
            PERCENT * out->flop / (rate * launch_us * time->clock_mhz * sms));
    }
}

static void count_occupancy(const tb_time_case *item, const tb_time *time, tb_work_counts *out)
{
    double most = tb_device_get(item->device, TB_DEVICE_MAX_WARPS_PER_SM, 0);
    double warps = tb_time_cta_warps(item->kernel, item->problem, item->tiling, item->device);
    if (most > 0 && warps > 0) {
        set(out, TB_WORK_OCCUPANCY_PERCENT, PERCENT * (double)time->occupancy * warps / most);
    }
}

tb_status tb_work_counts_of(const tb_prediction *prediction, const tb_kernel *kernel,
                            const tb_device *device, const tb_time *time, tb_work_counts *out,
                            tb_error *err)
{
    tb_cta_counts counts = {0};
    int64_t copies = 0;
    tb_status status = tb_cta_counts_fill(prediction, kernel, device, &counts, err);
    if (status != TB_OK) {
        return status;
    }
    tb_time_case item = tb_time_case_of(prediction, kernel, device, &counts);
    status = tb_time_copies(&item, &copies, err);
    if (status == TB_OK) {
        double rows = tb_time_q_rows(&item);
        double kv = (double)tb_tiling_kv_tokens(item.tiling, &item.problem->layout);
        double tiles = (double)prediction->census.visited * (double)copies;
        bool is_naive = kernel->time.kind == TB_CLASS_NAIVE;
        *out = (tb_work_counts){.flop = is_naive ? prediction->launch.visible_flop
                                                 : tiles * tile_flop(&item, rows, kv)};
        count_instructions(&item, tiles * rows * kv, out);
        count_bytes(&item, time, rows, kv, tiles, out);
        count_tensor_share(&item, time, out);
        count_occupancy(&item, time, out);
    }
    tb_cta_counts_release(&counts);
    return status;
}
