/* The common look of all charts, and the colours that stand for the same thing in each. */
#ifndef TB_CHART_STYLE_H
#define TB_CHART_STYLE_H

#include "buffer.h"
#include "chart_data.h"

/* Okabe and Ito, Color Universal Design (2008): told apart by the colour-blind. Their greys differ
 * too little to rely on, so that lines differ in dashes as well and areas in fill. As gnuplot takes
 * them: `lc rgb TB_INK_BLUE`. */
#define TB_INK_BLACK  "'#000000'"
#define TB_INK_ORANGE "'#e69f00'"
#define TB_INK_SKY    "'#56b4e9'"
#define TB_INK_GREEN  "'#009e73'"
#define TB_INK_YELLOW "'#f0e442'"
#define TB_INK_BLUE   "'#0072b2'"
#define TB_INK_RED    "'#d55e00'"
#define TB_INK_PURPLE "'#cc79a7'"
#define TB_INK_GREY   "'#8c8c8c'"
#define TB_INK_PALE   "'#e6e6e6'"

/* What a series shows has the same colour in all charts. */
#define TB_INK_MEASURED  TB_INK_BLUE
#define TB_INK_PREDICTED TB_INK_ORANGE
#define TB_INK_BOUND     TB_INK_GREEN
#define TB_INK_FLOP      TB_INK_BLACK

/** Append a grid of other axes than y's to the script: "xtics", "xtics ytics". Text has none. */
void tb_chart_grid(tb_chart_data *data, const char *axes);

/** Append the commands that come before a chart's own script: encoding, line types, axes, the lines
 * of title and caption (labels from 9000 on), and `size` and `origin` of the area between them,
 * whose place a chart of several panels finds in area_bottom and area_height (parts of the
 * height); its panels after the first begin with `unset label`. `width` and `height` are of the
 * target, pixels or characters. */
void tb_chart_style(const tb_chart_data *data, int64_t width, int64_t height, tb_buffer *out);

#endif
