#include "hardware_counters.h"

const char *const tb_hardware_counter_names[TB_HARDWARE_COUNTER_COUNT] = {
    "tensor_active_percent", "tensor_instructions", "xu_instructions", "dram_bytes", "l2_bytes",
    "shared_conflicts",      "occupancy_percent"};
