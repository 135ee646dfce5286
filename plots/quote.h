/* Text of users (names, titles, paths) made harmless for what it is written into.
 *
 * All of them write control characters, line ends too, as a space, and a byte that is not UTF-8 as
 * '?': what follows is one line of valid UTF-8 that the reader shows and does not run. */
#ifndef TB_QUOTE_H
#define TB_QUOTE_H

#include "buffer.h"

/** A single-quoted string of gnuplot, quotes included: neither backticks nor @macros run in one.
 *  Whether its text is `enhanced` is for the command that takes it to say: noenhanced. */
void tb_quote_gnuplot(tb_buffer *out, const char *text);

/** Text of HTML or SVG, or what stands between the quotes of an attribute. */
void tb_quote_html(tb_buffer *out, const char *text);

/** A cell of CSV: a number as it is, other text by tb_csv_text(), which disarms formulas. */
void tb_quote_csv(tb_buffer *out, const char *text);

/** Text of TeX, in horizontal mode. */
void tb_quote_tex(tb_buffer *out, const char *text);

/** A cell of a Markdown table, or a run of its text: no markup, no HTML, no end of the cell. */
void tb_quote_markdown(tb_buffer *out, const char *text);

/** One word of a POSIX shell's command line, as it is where that is safe, else in single quotes. */
void tb_quote_shell(tb_buffer *out, const char *text);

#endif
