/* What a GPU's hardware counters say of a run. */
#ifndef TB_HARDWARE_COUNTERS_H
#define TB_HARDWARE_COUNTERS_H

#include <stdbool.h>

/** Quantities, whatever the GPU's metric of it is called. */
typedef enum tb_hardware_counter {
    TB_HARDWARE_TENSOR_PERCENT,      /* of peak: cycles in which a tensor pipe was active */
    TB_HARDWARE_TENSOR_INSTRUCTIONS, /* warp instructions of the tensor pipe */
    TB_HARDWARE_XU_INSTRUCTIONS,     /* warp instructions of the special-function pipe */
    TB_HARDWARE_DRAM_BYTES,
    TB_HARDWARE_L2_BYTES,
    TB_HARDWARE_SHARED_CONFLICTS, /* wavefronts of shared memory beyond those needed */
    TB_HARDWARE_OCCUPANCY_PERCENT /* active warps over the most that an SM holds */
} tb_hardware_counter;

#define TB_HARDWARE_COUNTER_COUNT 7

/** Names with unit, in the order of tb_hardware_counter: "tensor_active_percent". */
extern const char *const tb_hardware_counter_names[TB_HARDWARE_COUNTER_COUNT];

typedef struct tb_hardware_counters {
    struct {
        bool has; /* a GPU that lacks a metric gives none: not 0 */
        double value;
        const char *metric; /* the GPU's name of it */
    } of[TB_HARDWARE_COUNTER_COUNT];
    int passes; /* runs that they took */
} tb_hardware_counters;

#endif
