/* What a measured time is of, where that is not what one would take it for. */
#ifndef TB_CLOCK_LABEL_H
#define TB_CLOCK_LABEL_H

#include "buffer.h"
#include "profile.h"

/** To stand behind a time in a table: "", " (events)", " (emulated)" or " (emulated, events)". */
const char *tb_clock_label(const tb_run *run);

/** Below a table with such labels what they mean, a line each; `before` stands before the first. */
void tb_clock_label_print(bool has_events, bool has_emulated, const char *before, tb_buffer *out);

#endif
