/* Other programs that tilebound runs. */
#ifndef TB_PROGRAM_H
#define TB_PROGRAM_H

#include "buffer.h"
#include "status.h"

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

/**
 * Run a program without a shell and wait for it. It reads nothing; what it prints to standard
 * output is dropped. It takes all signals, whichever the caller blocks.
 *
 * @param[in]  arguments  NULL-terminated; the first is the program, found on the PATH or
 *                        named with its folder
 * @param[in]  folder     that it runs in
 * @param[out] errors     what it printed to standard error is appended
 * @param[out] code       its exit code, or 128 + the signal that ended it
 * @return TB_OK when it ran; TB_EUNAVAILABLE when there is no such program; TB_EIO when it could
 *         not be started; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_program_run(const char *const *arguments, const char *folder,
                                      tb_buffer *errors, int *code, tb_error *err);

/** As tb_program_run(), but it is what the program prints to standard output that is kept. */
TB_NODISCARD tb_status tb_program_read(const char *const *arguments, const char *folder,
                                       tb_buffer *output, int *code, tb_error *err);

/**
 * Run a user's own command line in the shell and wait for it. It reads our standard input; what it
 * prints, to either stream, goes to our standard error, for standard output is the result's. It
 * takes all signals, whichever the caller blocks.
 *
 * @param[in]  settings  NULL-terminated: "NAME=value" to be added to its environment
 * @param[out] code      as of tb_program_run()
 * @return TB_OK when it ran; TB_EIO when the shell could not be started; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_program_shell(const char *command, const char *const *settings, int *code,
                                        tb_error *err);

#endif
