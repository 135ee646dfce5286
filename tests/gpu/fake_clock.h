/* What a launch would take on the GPU that is pretended: the emulator's counters over the rates of
 * the device file. */
#ifndef TB_FAKE_CLOCK_H
#define TB_FAKE_CLOCK_H

#include "device.h"
#include "emu.h"

/** Rates of the device, each for all of it but where said. */
typedef struct tb_fake_rates {
    double sms, clock_hz;
    double mma, exp2, fma, shared_transactions; /* a clock and SM */
    double l2_bytes_per_s, hbm_bytes_per_s, l2_bytes;
    double sm_l2_bytes; /* a clock, that one SM can take */
    double pcie_bytes_per_s;
    double launch_ns; /* that a kernel takes which does nothing */
} tb_fake_rates;

/** The rates of a device. What its file does not know is filled in, see fake_clock.c. */
tb_fake_rates tb_fake_rates_of(const tb_device *device);

/**
 * Time of a launch, without noise, ns.
 *
 *   t_cta = max + (1 - overlap) (sum - max) of tensor, exp2, fma and shared-memory cycles of the
 *           mean CTA, + cycles to start one
 *   time  = max(CTAs of the fullest SM x t_cta, L2 bytes / bandwidth, HBM bytes / bandwidth) +
 * launch
 *
 * Source: DESIGN section 4 (docs/model.md). Not modelled: CTAs that differ; latency of a single
 * one.
 *
 * @param[in] hbm_bytes  of the sectors, those that L2 did not have
 */
double tb_fake_launch_ns(const tb_fake_rates *rates, const tb_emu_counters *counters,
                         double hbm_bytes);

/** A factor around 1, with a deviation of 1.5 %, never off by more than 5 %; the same for the same
 *  number. */
double tb_fake_noise(uint64_t number);

#endif
