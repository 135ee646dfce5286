/* What is known of the terminal. */
#ifndef TB_TERMINAL_H
#define TB_TERMINAL_H

#include <stdint.h>

/** Columns of the terminal on standard output, else $COLUMNS, else 80. */
int64_t tb_terminal_columns(void);

#endif
