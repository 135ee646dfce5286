/* What disturbs a measurement from outside: counters of the operating system, read before and after
 * a launch. */
#ifndef TB_NOISE_H
#define TB_NOISE_H

#include "gpu_state.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Readings at one moment. */
typedef struct tb_noise_reading {
    int64_t preemptions;  /* of this process so far: involuntary context switches */
    bool has_steal;       /* the host of a virtual machine says what it took away */
    int64_t steal_ticks;  /* so far, of all CPUs */
    double frequency_mhz; /* highest of any CPU now; 0 = not readable */
    tb_gpu_state gpu;     /* of a GPU that is measured; else all unknown */
} tb_noise_reading;

/** What happened in some launches. */
typedef struct tb_noise {
    int64_t samples;     /* looked at */
    int64_t disturbed;   /* of them, by any of these */
    int64_t preemptions; /* in all */
    bool has_steal;
    double steal_us; /* in all, of all CPUs */
    bool has_frequency;
    double frequency_min_mhz, frequency_max_mhz;
    /* of a GPU: */
    bool has_sm_clock;
    double sm_clock_min_mhz, sm_clock_max_mhz;
    int64_t power_capped; /* samples at the power limit: how the GPU runs, and no disturbance */
    uint64_t throttle;    /* all that held clocks down: set of tb_throttle */
    int64_t retries;      /* launches made again because their stamps could not be trusted */
    int64_t discarded;    /* samples of another clock, from before CUPTI was given up */
} tb_noise;

/** Read the counters; what cannot be read is left out. `root` stands before the paths of the system
 *  ("" but in tests). TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_noise_read(const char *root, tb_noise_reading *out, tb_error *err);

/** Steal time of the first line of /proc/stat; false when it has none. */
bool tb_noise_parse_steal(const char *text, int64_t *ticks);

/**
 * Count one sample.
 *
 * Disturbed: a preemption, stolen time, or a frequency that changed by more than 2 %; of a GPU a
 * reason of TB_THROTTLE_DISTURBS, or an SM clock that changed by more than 2 % without the power
 * limit being the reason.
 *
 * @param[in] is_of_host  the host's clock took the time, so that what happens to the host is in it;
 *                        a GPU's own stamps do not see it, and such noise is counted but does not
 *                        disturb
 * @return whether it was
 */
bool tb_noise_count(tb_noise *noise, const tb_noise_reading *before, const tb_noise_reading *after,
                    bool is_of_host);

/** Add what another run saw. */
void tb_noise_add(tb_noise *noise, const tb_noise *other);

/** A warning for people when the noise makes a time doubtful (more than a quarter of the samples
 *  disturbed); false, and nothing written, when it does not. */
bool tb_noise_warning(const tb_noise *noise, char *text, size_t capacity);

#endif
