/* What a chart hands to gnuplot: data files, a script, a title and a caption.
 *
 * Text from a user reaches gnuplot in two ways only: tb_chart_string() in the script, and
 * tb_chart_field() in a data file. Both know whether TeX will read it. */
#ifndef TB_CHART_DATA_H
#define TB_CHART_DATA_H

#include "buffer.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TB_CHART_FILES 8

/** A data file: lines of fields with a tab between; a line that begins with '#' is a comment. */
typedef struct tb_chart_file {
    const char *name; /* a constant: "tiles.dat" */
    tb_buffer text;
} tb_chart_file;

/** Owned by the caller of tb_chart_data_begin(). */
typedef struct tb_chart_data {
    tb_chart_file files[TB_CHART_FILES];
    size_t file_count;
    tb_buffer script;  /* after the common style: axes, labels and `plot`; reads files by name */
    tb_buffer title;   /* plain text: the chart's own, unless the user gave one */
    tb_buffer caption; /* plain text, wrapped when drawn: what it shows, of which device and kernel,
                          and whether numbers are measured, predicted, bounds ... */
    int64_t width, height; /* pixels that suit the chart; fill() may change them */
    bool is_tex;           /* TeX will read the text */
    bool is_text;          /* a terminal's characters will show it */
} tb_chart_data;

/** An empty one, 800 x 500. */
tb_chart_data tb_chart_data_begin(void);

/** Free what it holds. */
void tb_chart_data_free(tb_chart_data *data);

/** TB_OK, or TB_ENOMEM when an append failed. */
TB_NODISCARD tb_status tb_chart_data_check(const tb_chart_data *data, tb_error *err);

/** Start the next data file; at most TB_CHART_FILES. `name` is a constant. Valid until the data is
 * freed. */
tb_buffer *tb_chart_data_file(tb_chart_data *data, const char *name);

/** Append text as a gnuplot string, quotes included, that stands for just that text. */
void tb_chart_string(const tb_chart_data *data, tb_buffer *out, const char *text);

/** Append text as one field of a data file: tabs, line ends and double quotes become others. */
void tb_chart_field(const tb_chart_data *data, tb_buffer *out, const char *text);

#endif
