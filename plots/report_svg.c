#include "report_svg.h"

#include "quote.h"

#include <stdbool.h>
#include <string.h>

static bool starts_with(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* What stands before an id, or before a reference to one, within a tag. */
static const char *const id_marks[] = {" id=\"", " id='",   "url(#",   "href=\"#",   "href='#",
                                       "url('#", "\tid=\"", "\nid=\"", "url(&quot;#"};

/* Length of the mark that `text` begins with; 0 = none. */
static size_t mark_length(const char *text)
{
    for (size_t i = 0; i < sizeof id_marks / sizeof *id_marks; i++) {
        if (starts_with(text, id_marks[i])) {
            return strlen(id_marks[i]);
        }
    }
    return 0;
}

/* Length of an attribute that would run a script (" onclick="..."), or 0. */
static size_t handler_length(const char *text)
{
    if (!starts_with(text, " on")) {
        return 0;
    }
    size_t name = strspn(text + 1, "abcdefghijklmnopqrstuvwxyz") + 1;
    char quote = text[name] == '=' ? text[name + 1] : '\0';
    const char *end = quote == '"' || quote == '\'' ? strchr(text + name + 2, quote) : NULL;
    return end != NULL ? (size_t)(end + 1 - text) : 0;
}

/* Append the tag that begins at `text`; returns what follows it. Text between tags has no ids. */
static const char *append_tag(const char *text, const char *prefix, tb_buffer *out)
{
    while (*text != '\0' && *text != '>') {
        size_t handler = handler_length(text), mark = mark_length(text);
        if (handler > 0) {
            text += handler;
            continue;
        }
        if (mark > 0) {
            tb_buffer_append(out, text, mark);
            tb_buffer_printf(out, "%s-", prefix);
            text += mark;
            continue;
        }
        tb_buffer_append(out, text++, 1);
    }
    if (*text == '>') {
        tb_buffer_append(out, text++, 1);
    }
    return text;
}

/* After an element that is left out, or NULL: `text` begins none. */
static const char *skip_element(const char *text)
{
    static const char *const names[][2] = {
        {"<script", "</script>"},        {"<!--", "-->"},      {"<?", "?>"}, {"<!DOCTYPE", ">"},
        {"<title>Gnuplot<", "</title>"}, {"<desc>", "</desc>"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (starts_with(text, names[i][0])) {
            const char *end = strstr(text, names[i][1]);
            const char *tag = strchr(text, '>');
            if (i == 0 && tag != NULL && tag[-1] == '/') {
                return tag + 1;
            }
            return end != NULL ? end + strlen(names[i][1]) : text + strlen(text);
        }
    }
    return NULL;
}

tb_status tb_svg_inline(const char *svg, const char *prefix, const char *label, tb_buffer *out,
                        tb_error *err)
{
    const char *text = strstr(svg, "<svg");
    if (text == NULL) {
        return tb_fail(err, TB_EINVAL, "a picture without an <svg> element");
    }
    tb_buffer_text(out, "<svg role=\"img\" aria-label=\"");
    tb_quote_html(out, label);
    tb_buffer_text(out, "\"");
    text = append_tag(text + strlen("<svg"), prefix, out);
    while (*text != '\0') {
        const char *after = *text == '<' ? skip_element(text) : NULL;
        if (after != NULL) {
            text = after;
        } else if (*text == '<') {
            text = append_tag(text, prefix, out);
        } else {
            size_t length = strcspn(text, "<");
            tb_buffer_append(out, text, length);
            text += length;
        }
    }
    return TB_OK;
}
