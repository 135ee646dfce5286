/* What a GPU's clocks and limits are at a moment. */
#ifndef TB_GPU_STATE_H
#define TB_GPU_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why clocks are held down, as bits; the values of NVML's clocks event reasons. */
typedef enum tb_throttle {
    TB_THROTTLE_IDLE = 0x1,
    TB_THROTTLE_APPLICATION_CLOCKS = 0x2,
    TB_THROTTLE_POWER_CAP = 0x4, /* the power limit: usual for long launches */
    TB_THROTTLE_HARDWARE = 0x8,
    TB_THROTTLE_SYNC_BOOST = 0x10,
    TB_THROTTLE_THERMAL_SOFTWARE = 0x20,
    TB_THROTTLE_THERMAL_HARDWARE = 0x40,
    TB_THROTTLE_POWER_BRAKE = 0x80,
    TB_THROTTLE_DISPLAY_CLOCKS = 0x100,
    TB_THROTTLE_BOARD_LIMIT = 0x200, /* the board's operating policy */
    TB_THROTTLE_RELIABILITY = 0x400
} tb_throttle;

/** Reasons that make a sample no measure of the GPU: heat and the hardware's brakes. The power
 *  limit is none of them: it is how the GPU runs, and counted apart. */
#define TB_THROTTLE_DISTURBS                                                                       \
    (TB_THROTTLE_HARDWARE | TB_THROTTLE_THERMAL_SOFTWARE | TB_THROTTLE_THERMAL_HARDWARE |          \
     TB_THROTTLE_POWER_BRAKE)

typedef struct tb_gpu_state {
    double sm_clock_mhz, memory_clock_mhz; /* 0 = not known */
    bool has_throttle;
    uint64_t throttle;    /* set of tb_throttle */
    double power_w;       /* 0 = not known */
    double temperature_c; /* 0 = not known */
} tb_gpu_state;

/** "power cap, hardware slowdown"; "none" for no reason. Bits without a name follow as one number:
 *  "power cap, 0x800". What does not fit is cut off. */
void tb_throttle_text(uint64_t reasons, char *text, size_t capacity);

#endif
