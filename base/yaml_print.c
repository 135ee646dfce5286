#include "yaml_print.h"

#include "text.h"

void tb_yaml_print_text(tb_buffer *out, const char *text)
{
    tb_buffer_text(out, "'");
    for (; *text != '\0'; text++) {
        char character = *text == '\n' || *text == '\r' || *text == '\t' ? ' ' : *text;
        tb_buffer_append(out, character == '\'' ? "''" : &character, character == '\'' ? 2 : 1);
    }
    tb_buffer_text(out, "'");
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
