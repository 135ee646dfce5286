/* Other programs that tilebound runs. */
#ifndef TB_PROGRAM_H
#define TB_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Run a fixed command in the shell and keep the first line that it prints.
 *
 * @param[in]  command  a constant of ours: never text from a user
 * @param[out] line     `capacity` bytes; the line without its end, cut where it does not fit
 * @return true when the command printed something and exited 0
 */
bool tb_program_first_line(const char *command, char *line, size_t capacity);

#endif
