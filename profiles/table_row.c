#include "table_row.h"

#include <stdio.h>
#include <string.h>

/* Bytes of a column separator at `text`: | or one of rich's; 0 for anything else. */
static size_t separator(const char *text)
{
    if (*text == '|') {
        return 1;
    }
    return strncmp(text, "\u2502", 3) == 0 || strncmp(text, "\u2503", 3) == 0 ? 3 : 0;
}

void tb_text_strip_colours(char *line)
{
    char *to = line;
    for (const char *from = line; *from != '\0';) {
        if (from[0] == '\x1b' && from[1] == '[') {
            from += 2;
            from += strspn(from, "0123456789;");
            from += *from != '\0';
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

static void copy_trimmed(const char *text, size_t length, char out[static TB_TABLE_CELL_BYTES])
{
    while (length > 0 && *text == ' ') {
        text++;
        length--;
    }
    while (length > 0 && text[length - 1] == ' ') {
        length--;
    }
    (void)snprintf(out, TB_TABLE_CELL_BYTES, "%.*s", (int)length, text);
}

bool tb_table_row_split(const char *line, tb_table_row *out)
{
    line += strspn(line, " ");
    size_t step = separator(line);
    out->count = 0;
    if (step == 0) {
        return false;
    }
    line += step;
    while (*line != '\0' && out->count < TB_TABLE_MAX_CELLS) {
        size_t length = 0;
        while (line[length] != '\0' && separator(line + length) == 0) {
            length++;
        }
        if (line[length] == '\0') { /* what follows the last separator */
            break;
        }
        copy_trimmed(line, length, out->cells[out->count++]);
        line += length + separator(line + length);
    }
    return out->count > 0;
}

bool tb_table_row_find(const tb_table_row *row, const char *text, size_t *out)
{
    for (size_t i = 0; i < row->count; i++) {
        if (strcmp(row->cells[i], text) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

void tb_table_row_append(tb_table_row *to, const tb_table_row *from)
{
    for (size_t i = 0; i < to->count && i < from->count; i++) {
        size_t used = strlen(to->cells[i]);
        (void)snprintf(to->cells[i] + used, TB_TABLE_CELL_BYTES - used, "%s", from->cells[i]);
    }
}
