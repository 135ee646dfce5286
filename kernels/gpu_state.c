#include "gpu_state.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    tb_throttle bit;
    const char *name;
} names[] = {
    {TB_THROTTLE_IDLE, "idle"},
    {TB_THROTTLE_APPLICATION_CLOCKS, "application clocks"},
    {TB_THROTTLE_POWER_CAP, "power cap"},
    {TB_THROTTLE_HARDWARE, "hardware slowdown"},
    {TB_THROTTLE_SYNC_BOOST, "sync boost"},
    {TB_THROTTLE_THERMAL_SOFTWARE, "software thermal slowdown"},
    {TB_THROTTLE_THERMAL_HARDWARE, "hardware thermal slowdown"},
    {TB_THROTTLE_POWER_BRAKE, "power brake"},
    {TB_THROTTLE_DISPLAY_CLOCKS, "display clocks"},
    {TB_THROTTLE_BOARD_LIMIT, "board limit"},
    {TB_THROTTLE_RELIABILITY, "reliability"},
};

static void append(char *text, size_t capacity, const char *word)
{
    size_t length = strlen(text);
    (void)snprintf(text + length, capacity - length, "%s%s", length > 0 ? ", " : "", word);
}

void tb_throttle_text(uint64_t reasons, char *text, size_t capacity)
{
    assert(capacity > 0);
    text[0] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint64_t bit = (uint64_t)names[i].bit;
        if ((reasons & bit) != 0) {
            append(text, capacity, names[i].name);
            reasons &= ~bit;
        }
    }
    if (reasons != 0) {
        char number[24];
        (void)snprintf(number, sizeof number, "0x%" PRIx64, reasons);
        append(text, capacity, number);
    } else if (text[0] == '\0') {
        append(text, capacity, "none");
    }
}
