#include "yaml_print.h"

#include "text.h"

/* The code point of a character that tb_text_utf8_step() gave `step` bytes. */
static uint32_t code_point(const char *text, size_t step)
{
    static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = (unsigned char)text[0] & first_bits[step];
    for (size_t i = 1; i < step; i++) {
        code = code << 6 | ((unsigned char)text[i] & 0x3f);
    }
    return code;
}

/* May it stand in a quoted scalar as it is? YAML 1.1, c-printable, without its line breaks. */
static bool is_printable(uint32_t code)
{
    return (code >= 0x20 && code <= 0x7e) ||
           (code >= 0xa0 && code <= 0xd7ff && code != 0x2028 && code != 0x2029) ||
           (code >= 0xe000 && code <= 0xfffd && code != 0xfeff) || code >= 0x10000;
}

bool tb_yaml_is_printable(const char *text)
{
    size_t step;
    while ((step = tb_text_utf8_step(text)) != 0) {
        if (!is_printable(code_point(text, step))) {
            return false;
        }
        text += step;
    }
    return *text == '\0';
}

static void print_escaped(tb_buffer *out, const char *text)
{
    size_t step;
    tb_buffer_text(out, "\"");
    for (; *text != '\0'; text += step) {
        step = tb_text_utf8_step(text);
        if (step == 0) { /* no UTF-8; no reader of ours gives such text */
            tb_buffer_text(out, "\\ufffd");
            step = 1;
            continue;
        }
        uint32_t code = code_point(text, step);
        if (!is_printable(code)) {
            tb_buffer_printf(out, "\\u%04x", (unsigned)code);
        } else {
            tb_buffer_append(out, "\\", *text == '"' || *text == '\\' ? 1 : 0);
            tb_buffer_append(out, text, step);
        }
    }
    tb_buffer_text(out, "\"");
}

static void print_single_quoted(tb_buffer *out, const char *text)
{
    tb_buffer_text(out, "'");
    for (; *text != '\0'; text++) {
        tb_buffer_append(out, "''", *text == '\'' ? 2 : 0);
        tb_buffer_append(out, text, *text == '\'' ? 0 : 1);
    }
    tb_buffer_text(out, "'");
}

void tb_yaml_print_text(tb_buffer *out, const char *text)
{
    if (tb_yaml_is_printable(text)) {
        print_single_quoted(out, text);
    } else {
        print_escaped(out, text);
    }
}

void tb_yaml_print_double(tb_buffer *out, double value)
{
    char number[32];
    tb_buffer_text(out, tb_text_shortest(value, number));
}

void tb_yaml_print_ints(tb_buffer *out, const int64_t *values, size_t count)
{
    tb_buffer_text(out, "[");
    for (size_t i = 0; i < count; i++) {
        tb_buffer_printf(out, "%s%lld", i > 0 ? ", " : "", (long long)values[i]);
    }
    tb_buffer_text(out, "]");
}
