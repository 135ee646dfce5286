#include "buffer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for `more` bytes and the final NUL; false, and failed from now on, when there is none. */
static bool reserve(tb_buffer *buffer, size_t more)
{
    if (buffer->failed) {
        return false;
    }
    if (more < buffer->capacity - buffer->length) {
        return true;
    }
    if (more > SIZE_MAX / 4 - buffer->length) {
        buffer->failed = true;
        return false;
    }
    size_t capacity = buffer->capacity < 64 ? 64 : buffer->capacity * 2;
    if (capacity <= buffer->length + more) {
        capacity = buffer->length + more + 1;
    }
    char *data = realloc(buffer->data, capacity);
    if (data == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

/* Take `more` bytes, written behind the end, into the text. */
static void advance(tb_buffer *buffer, size_t more)
{
    buffer->length += more;
    buffer->data[buffer->length] = '\0';
}

static void TB_PRINTF(2, 0)
    append_formatted(tb_buffer *buffer, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    if (length < 0) {
        buffer->failed = true;
    } else if (reserve(buffer, (size_t)length)) {
        (void)vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, again);
        advance(buffer, (size_t)length);
    }
    va_end(again);
}

void tb_buffer_printf(tb_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    append_formatted(buffer, format, arguments);
    va_end(arguments);
}

void tb_buffer_text(tb_buffer *buffer, const char *text)
{
    tb_buffer_append(buffer, text, strlen(text));
}

void tb_buffer_append(tb_buffer *buffer, const void *bytes, size_t length)
{
    if (!reserve(buffer, length)) {
        return;
    }
    if (length > 0) { /* memcpy from NULL is undefined even for no bytes */
        memcpy(buffer->data + buffer->length, bytes, length);
    }
    advance(buffer, length);
}

void tb_buffer_repeat(tb_buffer *buffer, char character, size_t times)
{
    if (reserve(buffer, times)) {
        memset(buffer->data + buffer->length, character, times);
        advance(buffer, times);
    }
}

tb_status tb_buffer_check(const tb_buffer *buffer, tb_error *err)
{
    return buffer->failed ? tb_fail(err, TB_ENOMEM, "no memory for a text buffer") : TB_OK;
}

void tb_buffer_free(tb_buffer *buffer)
{
    free(buffer->data);
    *buffer = (tb_buffer){0};
}
