/* A time under other parameters, without another schedule. */
#include "processor_terms.h"
#include "time_parts.h"

#include <math.h>

static tb_status rescale_permutation(const tb_time_case *item, const tb_time_values *values,
                                     const tb_time *now, double *out, tb_error *err)
{
    double fraction = 0;
    *out = 0;
    if (!(now->permute_us > 0)) {
        return TB_OK;
    }
    tb_status status = tb_time_need(item, values, TB_TIME_PERMUTE_FRACTION, &fraction, err);
    *out = now->permute_us * now->permute_fraction / fraction;
    return status;
}

tb_status tb_time_rescale(const tb_time_case *item, const tb_time_values *values,
                          const tb_time *now, double *attention_us, double *permute_us,
                          double *pack_us, tb_error *err)
{
    double boost = 0, bandwidth = 0, prologue = 0, sustained = 0, launch = 0;
    tb_time moved = *now;
    tb_status status = tb_time_tile_cycles(item, values, &moved.tile, err);
    if (status == TB_OK) {
        status = tb_time_prologue(item, values, &prologue, err);
    }
    if (status == TB_OK) {
        status = tb_time_need(item, values, TB_TIME_LAUNCH_US, &launch, err);
    }
    if (status == TB_OK) {
        status = tb_time_need(item, values, TB_TIME_SUSTAINED_CLOCK_FRACTION, &sustained, err);
    }
    if (status == TB_OK) {
        status = tb_device_need(item->device, TB_DEVICE_CLOCK_BOOST_MHZ, &boost, err);
    }
    if (status == TB_OK) {
        status = tb_device_need(item->device, TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S, &bandwidth, err);
    }
    if (status != TB_OK) {
        return status;
    }
    /* tile_cycles = plain_cycles + masked tiles x (masked - plain) */
    double plain = now->plain_cycles * moved.tile.plain / now->tile.plain;
    double extra = now->tile.masked - now->tile.plain;
    double masked = extra > 0 ? (now->tile_cycles - now->plain_cycles) / extra : 0;
    double tiles = plain + masked * (moved.tile.masked - moved.tile.plain);
    double busy = tiles + prologue * (double)now->schedule.ctas;
    double makespan = now->schedule.makespan * busy / now->schedule.busy;
    double clock = tb_time_clock_mhz(boost, sustained, makespan / boost);
    double sides = now->attention_us -
                   tb_time_launch_us(now, now->schedule.makespan / now->clock_mhz) -
                   now->side_us[TB_SIDE_PACK];
    double launches = item->kernel->time.kind == TB_CLASS_FUSED ? 1 : 2; /* as tb_time_predict() */
    moved.launch_us = launches * launch;
    double pack = now->side_us[TB_SIDE_PACK] > 0 ? tb_time_pack_us(item, values, bandwidth) : 0;
    *attention_us = tb_time_launch_us(&moved, makespan / clock) + sides + pack;
    if (pack_us != NULL) {
        *pack_us = pack;
    }
    return permute_us == NULL ? TB_OK : rescale_permutation(item, values, now, permute_us, err);
}
