#include "csv.h"

#include <string.h>

void tb_csv_text(tb_buffer *out, const char *text)
{
    const char *guard = text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL ? "'" : "";
    if (strpbrk(text, ",\"\r\n") == NULL) {
        tb_buffer_text(out, guard);
        tb_buffer_text(out, text);
        return;
    }
    tb_buffer_text(out, "\"");
    tb_buffer_text(out, guard);
    for (; *text != '\0'; text++) {
        tb_buffer_append(out, "\"\"", *text == '"' ? 2 : 0);
        if (*text != '"') {
            tb_buffer_append(out, text, 1);
        }
    }
    tb_buffer_text(out, "\"");
}
