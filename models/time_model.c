#include "time_model.h"

#include "processor_terms.h"
#include "time_parts.h"

#include <math.h>

const char *const tb_limiter_names[TB_LIMITER_COUNT] = {
    "tensor", "exp", "alu", "smem", "l2", "hbm", "latency", "launch", "pcie", "link"};
const char *const tb_basis_names[TB_BASIS_COUNT] = {"calibrated", "uncalibrated", "assumed"};

/* What takes the largest part of the launch. */
static tb_limiter find_limiter(const tb_time_case *item, const tb_time *time, double makespan_us,
                               double prologue_cycles)
{
    const tb_tile_cycles *tile = &time->tile;
    double masked = 0, tiles = 0;
    if (time->hbm_us > makespan_us + time->exposed_us) {
        return TB_LIMITER_HBM;
    }
    if (time->launch_us > time->attention_us / 2) {
        return TB_LIMITER_LAUNCH;
    }
    for (int64_t i = 0; i < item->cta_count; i++) {
        tb_cta_tiles cta = tb_time_cta_tiles(item, &item->ctas[i]);
        tiles += cta.visited;
        masked += cta.masked;
    }
    /* of SMs, not of their slots: CTAs of one SM take turns */
    double ctas = (double)time->schedule.ctas, occupancy = (double)time->occupancy;
    double copies = ctas / ((double)item->cta_count * (double)time->splits);
    double idle = time->schedule.makespan * (double)time->schedule.slots - time->schedule.busy;
    double latency = (idle + prologue_cycles * ctas) / occupancy + tile->latency * tiles * copies;
    double memory = fmax(tile->smem, tile->l2) * tiles * copies;
    if (tile->plain - tile->latency <= fmax(tile->smem, tile->l2) && memory >= latency) {
        return tile->l2 > tile->smem ? TB_LIMITER_L2 : TB_LIMITER_SMEM;
    }
    double tensor = tile->tensor * tiles * copies;
    double exp_cycles = tile->exp * tiles * copies;
    double alu = (fmax(tile->alu - tile->exp, 0) * tiles + tile->mask * masked) * copies;
    double largest = fmax(fmax(latency, tensor), fmax(exp_cycles, alu));
    return largest == tensor       ? TB_LIMITER_TENSOR
           : largest == exp_cycles ? TB_LIMITER_EXP
           : largest == alu        ? TB_LIMITER_ALU
                                   : TB_LIMITER_LATENCY;
}

/* Is a value that this model uses of that origin on the device? */
static bool rests_on(const tb_kernel *kernel, const tb_device *device, tb_value_origin origin)
{
    static const tb_device_key used[] = {
        TB_DEVICE_SM_COUNT,
        TB_DEVICE_CLOCK_BOOST_MHZ,
        TB_DEVICE_TENSOR_FP16_FLOP_PER_CLK_PER_SM,
        TB_DEVICE_TENSOR_FP8_FLOP_PER_CLK_PER_SM,
        TB_DEVICE_MUFU_EX2_PER_CLK_PER_SM,
        TB_DEVICE_EX2_FMA_FRACTION,
        TB_DEVICE_FP32_FMA_LANES_PER_SM,
        TB_DEVICE_SMEM_BANDWIDTH_BYTES_PER_CLK_PER_SM,
        TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S,
        TB_DEVICE_L2_SIZE_MIB,
        TB_DEVICE_MEASURED_L2_READ_GB_PER_S,
        TB_DEVICE_SUSTAINED_CLOCK_FRACTION,
    };
    for (size_t i = 0; i < sizeof used / sizeof *used; i++) {
        if (device->values[used[i]].origin == origin) {
            return true;
        }
    }
    bool by_mma_sync =
        kernel->time.kind != TB_CLASS_NAIVE && tb_time_instructions(kernel, device) == TB_MMA_SYNC;
    return by_mma_sync && device->values[TB_DEVICE_MMA_SYNC_FRACTION].origin == origin;
}

/* How far the time can be trusted: a fit is of the device as it is, and of the passes it saw. */
static tb_basis basis_of(const tb_time_case *item, const tb_time_values *values)
{
    bool is_backward = item->problem->pass == TB_PASS_BACKWARD;
    const tb_fit *fit = tb_time_find_fit(&item->kernel->time, item->device->name);
    bool is_emulated = item->device->is_emulated || (fit != NULL && fit->is_emulated);
    if (is_emulated || rests_on(item->kernel, item->device, TB_VALUE_ASSUMED) ||
        item->device->like != NULL) {
        return TB_BASIS_ASSUMED;
    }
    return (is_backward && !values->fitted[TB_TIME_BACKWARD_OVERLAP]) ||
                   rests_on(item->kernel, item->device, TB_VALUE_SET)
               ? TB_BASIS_UNCALIBRATED
               : values->basis;
}

/* The attention launch: its tile, its schedule, its clock. */
static tb_status time_launch(const tb_time_case *item, const tb_time_values *values,
                             double prologue, tb_time *time, tb_error *err)
{
    double boost = 0, bandwidth = 0, sustained = 0;
    tb_status status = tb_time_tile_cycles(item, values, &time->tile, err);
    if (status == TB_OK) {
        status = tb_time_occupancy(item->kernel, item->problem, item->tiling, item->device,
                                   &time->occupancy, err);
    }
    if (status == TB_OK) {
        status = tb_device_need(item->device, TB_DEVICE_CLOCK_BOOST_MHZ, &boost, err);
    }
    if (status == TB_OK) {
        status = tb_device_need(item->device, TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S, &bandwidth, err);
    }
    if (status == TB_OK) {
        status = tb_time_need(item, values, TB_TIME_SUSTAINED_CLOCK_FRACTION, &sustained, err);
    }
    if (status == TB_OK) {
        status = tb_time_need(item, values, TB_TIME_LAUNCH_US, &time->launch_us, err);
    }
    if (status == TB_OK) {
        status = tb_time_schedule(item, prologue, time, err);
    }
    if (status != TB_OK) {
        return status;
    }
    if (item->kernel->time.kind != TB_CLASS_FUSED) {
        time->launch_us *= 2; /* one a product; the softmax's is its own */
    }
    time->clock_mhz = tb_time_clock_mhz(boost, sustained, time->schedule.makespan / boost);
    double us_per_byte = TB_US_PER_S / (bandwidth * TB_BYTES_PER_GB);
    time->hbm_us = tb_time_hbm_bytes(item, &time->schedule) * us_per_byte;
    time->exposed_us = tb_time_exposed_bytes(item) * us_per_byte;
    return TB_OK;
}

double tb_time_launch_us(const tb_time *time, double makespan_us)
{
    return fmax(makespan_us + time->exposed_us, time->hbm_us) + time->launch_us;
}

tb_status tb_time_predict(const tb_time_case *item, const tb_time_values *values, tb_time *out,
                          tb_error *err)
{
    tb_time time = {0};
    double prologue = 0;
    tb_status status = tb_time_prologue(item, values, &prologue, err);
    if (status == TB_OK) {
        status = time_launch(item, values, prologue, &time, err);
    }
    if (status == TB_OK) {
        status = tb_time_side_launches(item, values, prologue, &time, err);
    }
    if (status != TB_OK) {
        return status;
    }
    double makespan_us = time.schedule.makespan / time.clock_mhz;
    time.attention_us = tb_time_launch_us(&time, makespan_us);
    for (int side = 0; side < TB_SIDE_COUNT; side++) {
        time.attention_us += side == TB_SIDE_PERMUTE ? 0 : time.side_us[side];
    }
    time.permute_us = time.side_us[TB_SIDE_PERMUTE];
    time.total_us = time.attention_us + time.permute_us;
    time.limiter = find_limiter(item, &time, makespan_us, prologue);
    time.basis = basis_of(item, values);
    status = tb_time_interval(item, values, &time, err);
    if (status == TB_OK) {
        *out = time;
    }
    return status;
}
