/* A growing text buffer. Failure is sticky: append freely, ask once at the end. */
#ifndef TB_BUFFER_H
#define TB_BUFFER_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct tb_buffer {
    char *data; /* owned; always NUL-terminated once anything was appended, else NULL */
    size_t length;
    size_t capacity;
    bool failed; /* memory ran out; later appends do nothing */
} tb_buffer;

/** Start with `(tb_buffer){0}`; append formatted text. */
void tb_buffer_printf(tb_buffer *buffer, const char *format, ...) TB_PRINTF(2, 3);

/** Append a NUL-terminated text. */
void tb_buffer_text(tb_buffer *buffer, const char *text);

/** Append `length` bytes. */
void tb_buffer_append(tb_buffer *buffer, const void *bytes, size_t length);

/** Append `character` `times` times. */
void tb_buffer_repeat(tb_buffer *buffer, char character, size_t times);

/** TB_OK, or TB_ENOMEM when an append failed. */
TB_NODISCARD tb_status tb_buffer_check(const tb_buffer *buffer, tb_error *err);

/** Free the storage and make the buffer empty. */
void tb_buffer_free(tb_buffer *buffer);

#endif
