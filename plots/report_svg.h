/* SVG pictures within a page: several in one document must not share ids. */
#ifndef TB_REPORT_SVG_H
#define TB_REPORT_SVG_H

#include "buffer.h"

/**
 * Append the <svg> element of an SVG file, fit to stand within HTML.
 *
 * Every id gets `prefix` and a dash before it, and so does every reference to one (url(#x), href).
 * What comes before <svg> (XML declaration, document type) is left out, scripts and event handlers
 * (gnuplot's `mousing` writes them) and the name "Gnuplot", which would show on hovering, too. The
 * name of the picture is `label`, for who cannot see it.
 *
 * @param[in] prefix  letters, digits and dashes
 * @return TB_OK; TB_EINVAL when there is no <svg> element
 */
TB_NODISCARD tb_status tb_svg_inline(const char *svg, const char *prefix, const char *label,
                                     tb_buffer *out, tb_error *err);

#endif
