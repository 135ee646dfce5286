/* What is known of the terminal. */
#ifndef TB_TERMINAL_H
#define TB_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

/** Columns of the terminal on standard output, else $COLUMNS, else 80. */
int64_t tb_terminal_columns(void);

/** Rows of the terminal on standard output, else $LINES, else 24. */
int64_t tb_terminal_rows(void);

/** Is standard output a terminal with colours, and NO_COLOR not set? */
bool tb_terminal_has_colour(void);

#endif
