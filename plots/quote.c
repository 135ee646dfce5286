#include "quote.h"

#include "csv.h"
#include "text.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* A character and what stands for it. */
typedef struct escape {
    char from;
    const char *to;
} escape;

/* Source: the gnuplot manual, "Quote marks": in single quotes only '' is special. */
static const escape gnuplot_escapes[] = {{'\'', "''"}, {0, NULL}};

static const escape html_escapes[] = {{'&', "&amp;"},  {'<', "&lt;"},   {'>', "&gt;"},
                                      {'"', "&quot;"}, {'\'', "&#39;"}, {0, NULL}};

static const escape tex_escapes[] = {{'\\', "\\textbackslash{}"},
                                     {'{', "\\{"},
                                     {'}', "\\}"},
                                     {'$', "\\$"},
                                     {'&', "\\&"},
                                     {'#', "\\#"},
                                     {'%', "\\%"},
                                     {'_', "\\_"},
                                     {'~', "\\textasciitilde{}"},
                                     {'^', "\\textasciicircum{}"},
                                     {'<', "\\textless{}"},
                                     {'>', "\\textgreater{}"},
                                     {'"', "\\textquotedbl{}"},
                                     {'`', "\\textasciigrave{}"},
                                     {0, NULL}};

/* Source: CommonMark 0.31 sec. 2.4: any ASCII punctuation may be escaped; GFM sec. 4.10 for '|'. */
static const escape markdown_escapes[] = {
    {'\\', "\\\\"}, {'`', "\\`"},   {'*', "\\*"},  {'_', "\\_"},  {'[', "\\["},
    {']', "\\]"},   {'#', "\\#"},   {'|', "\\|"},  {'~', "\\~"},  {'!', "\\!"},
    {'$', "\\$"},   {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {0, NULL}};

static const escape shell_escapes[] = {{'\'', "'\\''"}, {0, NULL}};

static const escape no_escapes[] = {{0, NULL}};

/* C0, DEL, and C1, which UTF-8 writes as C2 80 to C2 9F. */
static bool is_control(const char *text, size_t length)
{
    unsigned char first = (unsigned char)text[0];
    return first < 0x20 || first == 0x7f ||
           (length == 2 && first == 0xc2 && (unsigned char)text[1] < 0xa0);
}

static const char *replacement(const escape *escapes, char of)
{
    for (; escapes->to != NULL; escapes++) {
        if (escapes->from == of) {
            return escapes->to;
        }
    }
    return NULL;
}

static void append(tb_buffer *out, const char *text, const escape *escapes)
{
    while (*text != '\0') {
        size_t length = tb_text_utf8_step(text);
        const char *to = length == 1 ? replacement(escapes, *text) : NULL;
        if (length == 0) {
            tb_buffer_text(out, "?");
            length = 1;
        } else if (is_control(text, length)) {
            tb_buffer_text(out, " ");
        } else if (to != NULL) {
            tb_buffer_text(out, to);
        } else {
            tb_buffer_append(out, text, length);
        }
        text += length;
    }
}

void tb_quote_gnuplot(tb_buffer *out, const char *text)
{
    tb_buffer_text(out, "'");
    append(out, text, gnuplot_escapes);
    tb_buffer_text(out, "'");
}

void tb_quote_html(tb_buffer *out, const char *text)
{
    append(out, text, html_escapes);
}

void tb_quote_csv(tb_buffer *out, const char *text)
{
    double number;
    tb_buffer plain = {0};
    if (tb_text_double(text, &number)) {
        tb_buffer_text(out, text);
        return;
    }
    append(&plain, text, no_escapes);
    tb_csv_text(out, plain.data != NULL ? plain.data : "");
    out->failed = out->failed || plain.failed;
    tb_buffer_free(&plain);
}

void tb_quote_tex(tb_buffer *out, const char *text)
{
    append(out, text, tex_escapes);
}

void tb_quote_markdown(tb_buffer *out, const char *text)
{
    append(out, text, markdown_escapes);
}

void tb_quote_shell(tb_buffer *out, const char *text)
{
    bool is_safe = text[0] != '\0';
    for (const char *at = text; is_safe && *at != '\0'; at++) {
        is_safe = isalnum((unsigned char)*at) || strchr("_-./:,=+%", *at) != NULL;
    }
    tb_buffer_text(out, is_safe ? "" : "'");
    append(out, text, is_safe ? no_escapes : shell_escapes);
    tb_buffer_text(out, is_safe ? "" : "'");
}
