#include "status.h"

#include <stdio.h>
#include <string.h>

/* User text ends up in messages; a control character in it must not break the one-line form. */
static void keep_one_line(char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f) {
            *text = '?';
        }
    }
}

/* A cut text must not end inside a UTF-8 sequence. */
static void drop_cut_character(char *text, size_t capacity)
{
    size_t length = strlen(text);
    if (length + 1 < capacity) {
        return;
    }
    while (length > 0 && ((unsigned char)text[length - 1] & 0xc0) == 0x80) {
        length--;
    }
    if (length > 0 && (unsigned char)text[length - 1] >= 0xc0) {
        length--;
    }
    text[length] = '\0';
}

tb_status tb_fail_at_v(tb_error *err, tb_status code, const char *file, int line, int column,
                       const char *format, va_list arguments)
{
    if (err == NULL) {
        return code;
    }
    tb_error made = {.code = code, .line = line, .column = column};
    if (file != NULL) {
        (void)snprintf(made.file, sizeof made.file, "%s", file);
        keep_one_line(made.file);
        drop_cut_character(made.file, sizeof made.file);
    }
    (void)vsnprintf(made.message, sizeof made.message, format, arguments);
    keep_one_line(made.message);
    drop_cut_character(made.message, sizeof made.message);
    *err = made; /* last: an argument may point into *err */
    return code;
}

tb_status tb_fail(tb_error *err, tb_status code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)tb_fail_at_v(err, code, NULL, 0, 0, format, arguments);
    va_end(arguments);
    return code;
}

tb_status tb_fail_at(tb_error *err, tb_status code, const char *file, int line, int column,
                     const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)tb_fail_at_v(err, code, file, line, column, format, arguments);
    va_end(arguments);
    return code;
}

const char *tb_status_name(tb_status code)
{
    static const char *const names[TB_STATUS_COUNT] = {
        "TB_OK",         "TB_EINVAL", "TB_EOVERFLOW", "TB_EFILE",     "TB_EUNAVAILABLE",
        "TB_ETHRESHOLD", "TB_EIO",    "TB_ENOMEM",    "TB_EINTERNAL",
    };
    return (unsigned)code < TB_STATUS_COUNT ? names[code] : "unknown status";
}
