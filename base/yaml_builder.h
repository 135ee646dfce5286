/* Builds a document's tree from what comes in order: events of the YAML parser, or values that a
 * reader of another format places where they stood in its file. What reads such a tree then reads
 * every format. */
#ifndef TB_YAML_BUILDER_H
#define TB_YAML_BUILDER_H

#include "yaml_doc.h"

typedef struct tb_yaml_builder tb_yaml_builder;

/** Where a value stands in its file: line and column, from 1. */
typedef struct tb_yaml_place {
    int line;
    int column;
} tb_yaml_place;

/** Start a document; `name` is the file name of messages. Destroy it in any event. NULL when
 *  memory is exhausted. */
tb_yaml_builder *tb_yaml_builder_create(const char *name);

/** Free a builder and what it holds; NULL is allowed. */
void tb_yaml_builder_destroy(tb_yaml_builder *builder);

/**
 * Add a scalar: a key or a value of the mapping that is open, or an entry of the list.
 *
 * @param[in] plain  without quotes: may be a number, a boolean or a null
 * @return TB_OK; TB_EFILE at the place for a NUL character or an empty key; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_yaml_add_scalar(tb_yaml_builder *builder, tb_yaml_place place,
                                          const char *text, size_t length, bool plain,
                                          tb_error *err);

/** Open a mapping; its keys and values follow, one after the other. TB_OK; TB_EFILE at the place
 *  for one that is a key, or nested too deeply; TB_ENOMEM. */
TB_NODISCARD tb_status tb_yaml_open_map(tb_yaml_builder *builder, tb_yaml_place place,
                                        tb_error *err);

/** Open a list; likewise. */
TB_NODISCARD tb_status tb_yaml_open_list(tb_yaml_builder *builder, tb_yaml_place place,
                                         tb_error *err);

/** Close the mapping or list opened last. TB_OK; TB_EFILE for a key that occurs twice; TB_ENOMEM.
 */
TB_NODISCARD tb_status tb_yaml_close(tb_yaml_builder *builder, tb_error *err);

/** Add a copy of a node with all that it holds; its places stay. TB_OK; TB_EFILE; TB_ENOMEM. */
TB_NODISCARD tb_status tb_yaml_add_copy(tb_yaml_builder *builder, const tb_yaml_node *node,
                                        tb_error *err);

/** Has anything been added? */
bool tb_yaml_builder_has_root(const tb_yaml_builder *builder);

/** Take the document, whose root is all that was added. TB_OK; TB_EFILE when there is nothing;
 *  TB_ENOMEM. */
TB_NODISCARD tb_status tb_yaml_builder_finish(tb_yaml_builder *builder, tb_yaml **out,
                                              tb_error *err);

#endif
