#include "timed_prediction.h"

#include "kv_tile_counts.h"

#include <stdlib.h>

static tb_status fill(const tb_prediction *p, const tb_kernel *kernel, const tb_device *device,
                      int64_t every, tb_cta_counts *out, tb_error *err)
{
    if (p->problem.pass == TB_PASS_BACKWARD) {
        return tb_kv_tile_counts_fill(&p->problem, &p->pattern, &p->tiling, out->cta_count,
                                      out->ctas, err);
    }
    int64_t occupancy = 0;
    double sms = 0;
    tb_status status = tb_q_tile_counts_sample(&p->problem, &p->pattern, &p->tiling, out->cta_count,
                                               every, out->ctas, err);
    if (status == TB_OK) {
        status = tb_device_need(device, TB_DEVICE_SM_COUNT, &sms, err);
    }
    if (status == TB_OK) {
        status = tb_time_occupancy(kernel, &p->problem, &p->tiling, device, &occupancy, err);
    }
    return status == TB_OK ? tb_wave_kv_tiles(&p->problem, &p->pattern, &p->tiling,
                                              (int64_t)sms * occupancy, &out->wave_kv_tiles, err)
                           : status;
}

tb_status tb_cta_counts_sample(const tb_prediction *prediction, const tb_kernel *kernel,
                               const tb_device *device, int64_t every, tb_cta_counts *out,
                               tb_error *err)
{
    const tb_census *census = &prediction->census;
    if (!kernel->time.given) {
        return tb_fail(
            err, TB_EINVAL,
            "kernel %s has no time model; give another --kernel, or write one into its file "
            "(docs/model.md)",
            kernel->name);
    }
    bool is_backward = prediction->problem.pass == TB_PASS_BACKWARD;
    tb_cta_counts counts = {.cta_count = is_backward ? census->kv_tiles : census->q_tiles};
    counts.ctas = calloc((size_t)counts.cta_count, sizeof *counts.ctas);
    if (counts.ctas == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %lld CTAs", (long long)counts.cta_count);
    }
    tb_status status = fill(prediction, kernel, device, every, &counts, err);
    if (status != TB_OK) {
        tb_cta_counts_release(&counts);
        return status;
    }
    *out = counts;
    return TB_OK;
}

tb_status tb_cta_counts_fill(const tb_prediction *prediction, const tb_kernel *kernel,
                             const tb_device *device, tb_cta_counts *out, tb_error *err)
{
    return tb_cta_counts_sample(prediction, kernel, device, 1, out, err);
}

void tb_cta_counts_release(tb_cta_counts *counts)
{
    free(counts->ctas);
    *counts = (tb_cta_counts){0};
}

tb_time_case tb_time_case_of(const tb_prediction *prediction, const tb_kernel *kernel,
                             const tb_device *device, const tb_cta_counts *counts)
{
    return (tb_time_case){.problem = &prediction->problem,
                          .pattern = &prediction->pattern,
                          .tiling = &prediction->tiling,
                          .census = &prediction->census,
                          .masks = prediction->has_masks ? &prediction->masks : NULL,
                          .kernel = kernel,
                          .device = device,
                          .ctas = counts->ctas,
                          .cta_count = counts->cta_count,
                          .wave_kv_tiles = counts->wave_kv_tiles};
}
