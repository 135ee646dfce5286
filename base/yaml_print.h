/* Scalars and lists as YAML that base reads back the same. */
#ifndef TB_YAML_PRINT_H
#define TB_YAML_PRINT_H

#include "buffer.h"

#include <stddef.h>
#include <stdint.h>

/** A text in single quotes; ends of lines become spaces. */
void tb_yaml_print_text(tb_buffer *out, const char *text);

/** A finite number in the shortest form that reads back the same. */
void tb_yaml_print_double(tb_buffer *out, double value);

/** [30, 48, 80] */
void tb_yaml_print_ints(tb_buffer *out, const int64_t *values, size_t count);

#endif
