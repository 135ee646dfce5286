#include "clock_label.h"

const char *tb_clock_label(const tb_run *run)
{
    bool is_events = run->clock == TB_CLOCK_EVENTS;
    return run->emulated ? is_events ? " (emulated, events)" : " (emulated)"
           : is_events   ? " (events)"
                         : "";
}

void tb_clock_label_print(bool has_events, bool has_emulated, const char *before, tb_buffer *out)
{
    if (has_events || has_emulated) {
        tb_buffer_text(out, before);
    }
    if (has_events) {
        tb_buffer_text(out, "(events): timed by CUDA events, not by CUPTI: with what lies between "
                            "the kernels of a run\n");
    }
    if (has_emulated) {
        tb_buffer_text(out, "(emulated): no GPU ran; these times say nothing of one\n");
    }
}
