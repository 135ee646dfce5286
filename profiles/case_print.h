/* A case as the objects `problem`, `pattern` and `tiling` of YAML files. */
#ifndef TB_CASE_PRINT_H
#define TB_CASE_PRINT_H

#include "attention_case.h"
#include "buffer.h"

/** Print the three objects, a line each, every line after `indent`. Equal cases print alike. The
 *  tiling is left out where nothing was asked of it. */
void tb_case_print(const tb_case *item, const char *indent, tb_buffer *out);

#endif
