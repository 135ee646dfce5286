#include "system_text.h"

#include "file.h"

#include <stdio.h>
#include <string.h>

#define MAX_BYTES ((size_t)4 << 20) /* /proc/cpuinfo of a thousand CPUs */

static bool read_whole(const char *root, const char *path, tb_file_bytes *out)
{
    char whole[1024];
    int length = snprintf(whole, sizeof whole, "%s%s", root, path);
    return length > 0 && (size_t)length < sizeof whole &&
           tb_file_read(whole, MAX_BYTES, out, NULL) == TB_OK;
}

static void copy(const char *from, size_t length, char *out, size_t capacity)
{
    size_t kept = length < capacity ? length : capacity - 1;
    memcpy(out, from, kept);
    out[kept] = '\0';
}

static size_t line_length(const char *text, size_t left)
{
    const char *end = memchr(text, '\n', left);
    return end == NULL ? left : (size_t)(end - text);
}

bool tb_system_line(const char *root, const char *path, char *out, size_t capacity)
{
    tb_file_bytes bytes = {0};
    if (!read_whole(root, path, &bytes)) {
        return false;
    }
    const char *text = (const char *)bytes.data;
    copy(text, line_length(text, bytes.length), out, capacity);
    tb_file_release(&bytes);
    return true;
}

bool tb_system_value(const char *root, const char *path, const char *key, char *out,
                     size_t capacity)
{
    tb_file_bytes bytes = {0};
    bool found = false;
    size_t key_length = strlen(key);
    if (!read_whole(root, path, &bytes)) {
        return false;
    }
    for (size_t at = 0; !found && at < bytes.length;) {
        const char *line = (const char *)bytes.data + at;
        size_t length = line_length(line, bytes.length - at);
        const char *colon = memchr(line, ':', length);
        if (colon != NULL && length > key_length && memcmp(line, key, key_length) == 0 &&
            strspn(line + key_length, " \t") == (size_t)(colon - line) - key_length) {
            const char *value = colon + 1;
            size_t blanks = 0, left = length - (size_t)(value - line);
            while (blanks < left && (value[blanks] == ' ' || value[blanks] == '\t')) {
                blanks++;
            }
            copy(value + blanks, left - blanks, out, capacity);
            found = true;
        }
        at += length + 1;
    }
    tb_file_release(&bytes);
    return found;
}
