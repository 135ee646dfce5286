/* Patterns as text: the `pattern` object of YAML files, and the short form of the command line,
 *
 *   sink-local,sink=128,local=4096        sliding-tile,window=18x24x24,tile=6x8x8
 *   A + B: their union                    A & B: their intersection
 */
#ifndef TB_PATTERN_FILE_H
#define TB_PATTERN_FILE_H

#include "attention_case.h"
#include "buffer.h"
#include "yaml_doc.h"

/** Read a `pattern` object into a case, whose layout gna and its like need; what it had before is
 *  released. Relative mask paths start at the folder of the file `path`.
 *  TB_OK; TB_EFILE with the position; TB_ENOMEM. */
TB_NODISCARD tb_status tb_pattern_read(const tb_yaml_node *map, const char *path, tb_case *item,
                                       tb_error *err);

/** A mask's path as the file `file` means it: relative to that file's folder. malloc'd; NULL
 * without memory. */
char *tb_pattern_mask_path(const char *file, const char *mask);

/** Read the gna keys (window, stride, dilation, causal) of a mapping for a layout of `rank`
 *  dimensions. Other keys are not looked at. */
TB_NODISCARD tb_status tb_pattern_read_gna(const tb_yaml_node *map, int rank, tb_pattern *pattern,
                                           tb_error *err);

/** Read a pattern in the short form, or as a YAML mapping where it begins with a brace. As above,
 *  but TB_EINVAL without a position for what cannot be read. */
TB_NODISCARD tb_status tb_pattern_read_text(const char *text, tb_case *item, tb_error *err);

/** A pattern of a kind with parameters by table as the short form, as a YAML mapping in one line,
 *  or in words ("sink-local sink 128 local 4096"). Values that were not given are left out. */
void tb_pattern_print_text(const tb_pattern *pattern, int rank, tb_buffer *out);
void tb_pattern_print_yaml(const tb_pattern *pattern, int rank, tb_buffer *out);
void tb_pattern_print_words(const tb_pattern *pattern, int rank, tb_buffer *out);

#endif
