/* YAML documents with positions, read through libyaml: a tree, typed getters, exact complaints.
 *
 * Refused: anchors, aliases and tags, nesting deeper than TB_YAML_MAX_DEPTH, duplicate keys, keys
 * that are not scalars, more than one document, NUL characters, files over TB_YAML_MAX_BYTES. JSON
 * is read too. Unquoted ~, null and nothing at all are null; quoted scalars are always text. Lines
 * and columns count from 1, columns in characters. */
#ifndef TB_YAML_DOC_H
#define TB_YAML_DOC_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TB_YAML_MAX_DEPTH 32
#define TB_YAML_MAX_BYTES ((size_t)64 << 20)

typedef struct tb_yaml tb_yaml;           /* a document; owns its nodes */
typedef struct tb_yaml_node tb_yaml_node; /* borrowed from the document */

/** Read and parse a file ("-" = standard input). TB_EFILE with file, line and column when it is not
 *  YAML as above; TB_ENOMEM. */
TB_NODISCARD tb_status tb_yaml_read(const char *path, tb_yaml **out, tb_error *err);

/** Parse `length` bytes of text (NULL allowed for none); `name` is the file name of messages. */
TB_NODISCARD tb_status tb_yaml_parse(const char *text, size_t length, const char *name,
                                     tb_yaml **out, tb_error *err);

/** Version of libyaml in use, as "0.2.5". */
const char *tb_yaml_library_version(void);

/** Free a document; NULL is allowed. */
void tb_yaml_destroy(tb_yaml *doc);

/** The root node. */
const tb_yaml_node *tb_yaml_root(const tb_yaml *doc);

/** Bytes that the document's tree takes, for tests of memory bounds. */
size_t tb_yaml_bytes(const tb_yaml *doc);

/** See that the root is a mapping whose `schema` is tilebound/KIND/1; TB_EFILE otherwise. */
TB_NODISCARD tb_status tb_yaml_check_schema(const tb_yaml *doc, const char *kind, tb_error *err);

/** See that `node` is a mapping with no key outside the NULL-terminated `keys`; the complaint
 *  names the nearest known key. */
TB_NODISCARD tb_status tb_yaml_check_keys(const tb_yaml_node *node, const char *const *keys,
                                          tb_error *err);

/** The value of `key` in mapping `node`; NULL when absent, null (~) or `node` is no mapping (or
 *  itself NULL, so that lookups chain). */
const tb_yaml_node *tb_yaml_get(const tb_yaml_node *node, const char *key);

/** As tb_yaml_get(), but an absent or null value is TB_EFILE. */
TB_NODISCARD tb_status tb_yaml_need(const tb_yaml_node *node, const char *key,
                                    const tb_yaml_node **out, tb_error *err);

/* What a node is; each is false for NULL. A null is none of map, list and scalar. */
bool tb_yaml_is_map(const tb_yaml_node *node);
bool tb_yaml_is_list(const tb_yaml_node *node);
bool tb_yaml_is_scalar(const tb_yaml_node *node);
bool tb_yaml_is_null(const tb_yaml_node *node);

/** Entries of a mapping or list; 0 for anything else. */
size_t tb_yaml_count(const tb_yaml_node *node);

/** Entry i of a list, or value i of a mapping; i < tb_yaml_count(). It may be a null. */
const tb_yaml_node *tb_yaml_item(const tb_yaml_node *node, size_t i);

/** Key i of a mapping. */
const char *tb_yaml_key(const tb_yaml_node *node, size_t i);

/** Key i as a node, for complaints about the key itself. */
const tb_yaml_node *tb_yaml_key_node(const tb_yaml_node *node, size_t i);

/* Typed getters: TB_OK, or TB_EFILE at the node's position saying what would be right.
 * Integers and doubles are unquoted and plain decimal, min <= value <= max (INT64_MIN, INT64_MAX
 * and -HUGE_VAL, HUGE_VAL: no bound); booleans are true and false, no yes or on; text is any scalar
 * but a null, borrowed from the document. */
TB_NODISCARD tb_status tb_yaml_int(const tb_yaml_node *node, int64_t min, int64_t max, int64_t *out,
                                   tb_error *err);
TB_NODISCARD tb_status tb_yaml_double(const tb_yaml_node *node, double min, double max, double *out,
                                      tb_error *err);
TB_NODISCARD tb_status tb_yaml_bool(const tb_yaml_node *node, bool *out, tb_error *err);
TB_NODISCARD tb_status tb_yaml_text(const tb_yaml_node *node, const char **out, tb_error *err);

/** Index of the scalar in `names` (count of them); the complaint names the nearest one. */
TB_NODISCARD tb_status tb_yaml_choice(const tb_yaml_node *node, const char *const *names,
                                      size_t count, size_t *out, tb_error *err);

/** A list of at most `capacity` integers; it may be empty. */
TB_NODISCARD tb_status tb_yaml_int_list(const tb_yaml_node *node, size_t capacity, int64_t min,
                                        int64_t max, int64_t *out, size_t *count, tb_error *err);

/** A list of at most `capacity` booleans; it may be empty. */
TB_NODISCARD tb_status tb_yaml_bool_list(const tb_yaml_node *node, size_t capacity, bool *out,
                                         size_t *count, tb_error *err);

/**
 * A copy of a mapping with one value replaced, or added where its keys were not there; the document
 * owns it, and its nodes keep their positions.
 *
 * @param[in] map    of `doc`, or of another that outlives it; NULL = an empty one
 * @param[in] path   scalar that names the keys, for positions
 * @param[in] rest   the keys from `map` on, joined by dots: "pattern.window"; a number is an entry
 *                   of a list, from 0: "pattern.window.2"
 * @param[in] value  likewise
 * @return TB_OK; TB_EFILE for a path through what is no mapping; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_yaml_overlay(tb_yaml *doc, const tb_yaml_node *map,
                                       const tb_yaml_node *path, const char *rest,
                                       const tb_yaml_node *value, const tb_yaml_node **out,
                                       tb_error *err);

/** A plain scalar that stands where `at` does; `doc` owns it. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_yaml_scalar(tb_yaml *doc, const tb_yaml_node *at, const char *text,
                                      const tb_yaml_node **out, tb_error *err);

/** Complain at a node's position; returns TB_EFILE. */
tb_status tb_yaml_fail(const tb_yaml_node *node, tb_error *err, const char *format, ...)
    TB_PRINTF(3, 4);

#endif
