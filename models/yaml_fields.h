/* Fields that every data file has: texts, numbers, lists of texts. */
#ifndef TB_YAML_FIELDS_H
#define TB_YAML_FIELDS_H

#include "arena.h"
#include "yaml_doc.h"

/** The text under `key`; *out is left alone when it is absent and not required. */
TB_NODISCARD tb_status tb_field_text(const tb_yaml_node *map, const char *key, bool required,
                                     const char **out, tb_error *err);

/** The integer under `key`, at least `min`; *out is left alone when it is absent. */
TB_NODISCARD tb_status tb_field_int(const tb_yaml_node *map, const char *key, int64_t min,
                                    int64_t *out, tb_error *err);

/** A list of texts, arena-owned; an absent node is an empty list. */
TB_NODISCARD tb_status tb_field_texts(const tb_yaml_node *node, tb_arena *arena,
                                      const char *const **out, size_t *count, tb_error *err);

#endif
