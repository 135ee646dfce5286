/* Scalars and lists as YAML that base reads back the same. */
#ifndef TB_YAML_PRINT_H
#define TB_YAML_PRINT_H

#include "buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Is it UTF-8 that may stand in a quoted scalar as it is? (YAML 1.1, c-printable, one line.) */
bool tb_yaml_is_printable(const char *text);

/** A text in quotes: single ones, or double ones with escapes where it is not all printable. */
void tb_yaml_print_text(tb_buffer *out, const char *text);

/** A finite number in the shortest form that reads back the same. */
void tb_yaml_print_double(tb_buffer *out, double value);

/** [30, 48, 80] */
void tb_yaml_print_ints(tb_buffer *out, const int64_t *values, size_t count);

#endif
