/* A report as one HTML file that needs nothing else: no network, no fonts, and no script to be
 * read; a small script sorts tables. */
#ifndef TB_REPORT_HTML_H
#define TB_REPORT_HTML_H

#include "buffer.h"
#include "report_page.h"

/** Append the page. TB_OK; TB_EINVAL for a figure that is no SVG; TB_ENOMEM. */
TB_NODISCARD tb_status tb_report_html(const tb_page *page, tb_buffer *out, tb_error *err);

#endif
