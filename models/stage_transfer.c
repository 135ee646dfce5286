/* From the host over PCIe: what the device does not hold already.
 *
 *   time = bytes x miss / PCIe bandwidth + latency
 *
 * Not modelled: transfers of pages smaller than PCIe reaches its bandwidth with; give latency_us.
 */
#include "stage_parts.h"

static const char *const keys[] = {"bytes",    "miss", "gb_per_s", "latency_us",
                                   "launches", "live", NULL};

#define BYTES_US_OF_GB_PER_S 1e3

/* Its own bandwidth instead of the device's. */
static tb_status time_own(const tb_stage_context *context, double gb_per_s, tb_stage_result *out,
                          tb_error *err)
{
    tb_work rest = out->work;
    double us = rest.pcie_bytes / (gb_per_s * BYTES_US_OF_GB_PER_S);
    rest.pcie_bytes = 0;
    tb_status status = tb_work_time(&rest, context->device, &out->least_us, &out->time_us,
                                    &out->limiter, &out->basis, err);
    out->limiter = us > out->time_us ? TB_LIMITER_PCIE : out->limiter;
    out->least_us += us;
    out->time_us += us;
    return status;
}

static tb_status evaluate(const tb_stage *stage, const tb_stage_context *context,
                          tb_stage_result *out, tb_error *err)
{
    double bytes = 0, miss = 1, gb_per_s = 0, latency = 0;
    tb_work *work = &out->work;
    tb_status status = tb_stage_need(stage, "bytes", err);
    if (status == TB_OK) {
        status = tb_stage_number(stage, context, "bytes", 0, 0, &bytes, err);
    }
    if (status == TB_OK) {
        status = tb_stage_fraction(stage, context, "miss", 1, &miss, err);
    }
    if (status == TB_OK) {
        status = tb_stage_number(stage, context, "gb_per_s", 0, 1e-3, &gb_per_s, err);
    }
    if (status == TB_OK) {
        status = tb_stage_number(stage, context, "latency_us", 0, 0, &latency, err);
    }
    if (status == TB_OK) {
        status = tb_stage_number(stage, context, "launches", 1, 0, &work->launches, err);
    }
    work->pcie_bytes = bytes * miss;
    if (status == TB_OK) {
        status =
            tb_stage_number(stage, context, "live", work->pcie_bytes, 0, &work->live_bytes, err);
    }
    if (status != TB_OK || context->device == NULL) {
        return status;
    }
    status = gb_per_s > 0 ? time_own(context, gb_per_s, out, err)
                          : tb_stage_time_work(context, out, err);
    out->time_us += latency;
    return status;
}

const tb_stage_kind tb_stage_transfer = {
    .name = "transfer",
    .summary = "from the host over PCIe: bytes times the part that misses",
    .keys = keys,
    .evaluate = evaluate,
};
