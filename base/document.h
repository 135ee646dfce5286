/* A result as a tree, printed as JSON or CSV. Built like writing: open, put, close.
 *
 * Failure (memory) is sticky and reported by the print functions. NaN and infinities become null
 * and are counted. Doubles travel in the shortest form that reads back; bytes of text that are not
 * UTF-8 become '?'. A key that an object already has, or a value put where it cannot go, is a
 * caller bug. Home of jansson. */
#ifndef TB_DOCUMENT_H
#define TB_DOCUMENT_H

#include "buffer.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Containers that may be open at once, the document itself included. */
#define TB_DOCUMENT_MAX_DEPTH 16

typedef struct tb_document tb_document;

/** Start an object with `schema`: tilebound/KIND/1 and `tilebound`: the version. NULL when memory
 *  is exhausted (every call below accepts NULL). */
tb_document *tb_document_create(const char *kind, const char *version);

/** Version of jansson in use, as "2.14". */
const char *tb_json_library_version(void);

/** Free; NULL is allowed. */
void tb_document_destroy(tb_document *doc);

/* Containers. `key` names the entry within an object and must be NULL within an array. */
void tb_document_open_object(tb_document *doc, const char *key);
void tb_document_open_array(tb_document *doc, const char *key);
void tb_document_close(tb_document *doc);

/* Values. */
void tb_document_int(tb_document *doc, const char *key, int64_t value);
void tb_document_double(tb_document *doc, const char *key, double value);
void tb_document_bool(tb_document *doc, const char *key, bool value);
void tb_document_text(tb_document *doc, const char *key, const char *value); /* NULL: null */
void tb_document_null(tb_document *doc, const char *key);
void tb_document_ints(tb_document *doc, const char *key, const int64_t *values, size_t count);
void tb_document_bools(tb_document *doc, const char *key, const bool *values, size_t count);

/** Values that were NaN or infinite and became null. */
size_t tb_document_nulled(const tb_document *doc);

/** Append as JSON to `out` (unchanged on failure): two-space indent, arrays of numbers and booleans
 *  on one line, final newline. Every container must be closed. TB_OK or TB_ENOMEM. */
TB_NODISCARD tb_status tb_document_json(const tb_document *doc, tb_buffer *out, tb_error *err);

/**
 * Append as CSV (quoted as RFC 4180 says, lines ending in LF) to `out` (unchanged on failure): a
 * header and rows, nested keys joined by dots, arrays of numbers by 'x' ("30x48x80"), booleans in
 * arrays as 1 and 0, arrays of text by "; ". Null is an empty cell. Text cells that a spreadsheet
 * would run as a formula get a leading apostrophe (csv.h).
 *
 * @param[in] rows  key of a top-level array of objects: one line an element, columns being the
 *                  union of their keys in order of appearance (its siblings are left out); NULL:
 * the whole document is one line, and arrays of objects are left out
 * @return TB_OK or TB_ENOMEM
 */
TB_NODISCARD tb_status tb_document_csv(const tb_document *doc, const char *rows, tb_buffer *out,
                                       tb_error *err);

#endif
