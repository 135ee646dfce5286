/* A document's tree as YAML text. */
#ifndef TB_YAML_WRITE_H
#define TB_YAML_WRITE_H

#include "buffer.h"
#include "yaml_doc.h"

/**
 * Append a document whose root is a mapping: its keys and the entries of its lists in lines of
 * their own, all below in flow style. What is read back is the same, but for places in the file and
 * comments: plain scalars that need quotes get them, and stay text.
 */
void tb_yaml_write(tb_buffer *out, const tb_yaml *doc);

#endif
