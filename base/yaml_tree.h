/* Inside of a YAML document, shared by its parser (yaml_doc.c), its builder and printer, and its
 * getters (yaml_node.c). */
#ifndef TB_YAML_TREE_H
#define TB_YAML_TREE_H

#include "arena.h"
#include "yaml_doc.h"

typedef enum tb_yaml_kind { TB_YAML_NULL, TB_YAML_SCALAR, TB_YAML_LIST, TB_YAML_MAP } tb_yaml_kind;

/* 32 bytes, for a file of commas makes a node of every two bytes. */
struct tb_yaml_node {
    const tb_yaml *doc;
    union {
        const char *text;          /* scalars and nulls, as written; "" for nothing at all */
        const tb_yaml_node *items; /* lists; mappings: key, value, key, value, ... */
    } as;
    int line;
    int column;
    int count;          /* entries of a list or mapping */
    unsigned char kind; /* tb_yaml_kind */
    bool plain;         /* a scalar without quotes */
};

struct tb_yaml {
    tb_arena *arena; /* owns all else, this struct included */
    const char *name;
    const tb_yaml_node *root;
};

/** Is a plain scalar of this text a null? */
bool tb_yaml_is_null_text(const char *text);

#endif
