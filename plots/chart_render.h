/* From a chart to a picture, by gnuplot. */
#ifndef TB_CHART_RENDER_H
#define TB_CHART_RENDER_H

#include "chart.h"

typedef enum tb_chart_format {
    TB_CHART_SVG,
    TB_CHART_PNG,
    TB_CHART_PDF,
    TB_CHART_TEX, /* TikZ */
    TB_CHART_TEXT /* a terminal's characters */
} tb_chart_format;

#define TB_CHART_FORMAT_COUNT 5

/** As file names end: "svg", "png", "pdf", "tex", "txt". */
extern const char *const tb_chart_format_names[TB_CHART_FORMAT_COUNT];

/** The format that a file name's ending asks for. TB_OK; TB_EINVAL. */
TB_NODISCARD tb_status tb_chart_format_of(const char *path, tb_chart_format *out, tb_error *err);

typedef struct tb_chart_target {
    tb_chart_format format;
    int64_t width, height;     /* pixels (pdf, tex: 96 an inch), or characters; 0 = the chart's */
    bool in_colour;            /* of TB_CHART_TEXT */
    const char *script_folder; /* script and data are left there; NULL = nowhere */
} tb_chart_target;

/**
 * Draw a chart.
 *
 * Safe from several threads: each drawing has a temporary folder of its own.
 *
 * @param[out] out  the picture's bytes, appended
 * @return TB_OK; TB_EUNAVAILABLE without gnuplot; TB_EINTERNAL when gnuplot refuses the script;
 *         TB_EIO; TB_ENOMEM; what tb_chart_check() and the chart return
 */
TB_NODISCARD tb_status tb_chart_render(const tb_chart *chart, const tb_chart_input *input,
                                       const tb_chart_target *target, tb_buffer *out,
                                       tb_error *err);

#endif
