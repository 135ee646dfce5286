/* Cells of comma-separated values: the quoting of RFC 4180. */
#ifndef TB_CSV_H
#define TB_CSV_H

#include "buffer.h"

/**
 * Append one cell, quoted where it has a comma, a quote or a line end.
 *
 * Text that a spreadsheet would run as a formula (its first character is = + - @ a tab or a
 * carriage return) gets a leading apostrophe; numbers are for the caller to append as they are.
 */
void tb_csv_text(tb_buffer *out, const char *text);

#endif
