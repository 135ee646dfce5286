/* From the speedup of attention to that of a whole network. */
#ifndef TB_END_TO_END_H
#define TB_END_TO_END_H

#include "network.h"

typedef struct tb_end_to_end {
    double attention_share; /* of the dense network's time that attention takes */
    double amdahl_limit;    /* speedup if attention took no time */
    double speedup;         /* with attention `speedup` times faster in the sparse steps */
} tb_end_to_end;

/**
 * Amdahl's law with dense steps at first.
 *
 *   time = k + (1 - k) (1 - share + share / speedup), k = dense steps / steps;  1 / time
 *
 * Source: Amdahl 1967. Not modelled: what sparse attention changes elsewhere (memory, clock).
 *
 * @param[in] share        0 to 1
 * @param[in] speedup      of attention, > 0
 * @param[in] dense_steps  0 to steps
 * @param[in] steps        >= 1
 */
tb_end_to_end tb_end_to_end_of(double share, double speedup, int64_t dense_steps, int64_t steps);

/** The number of a fact of a network; false when it has none or it is no number. */
bool tb_network_number(const tb_network *network, const char *name, double *out);

/** `steps` of the network's facts, at least 1. */
int64_t tb_network_steps(const tb_network *network);

/** The fact of a name, or NULL. */
const tb_fact *tb_network_fact(const tb_network *network, const char *name);

#endif
