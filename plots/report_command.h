/* The commands that a report prints, so that what it shows can be made again. */
#ifndef TB_REPORT_COMMAND_H
#define TB_REPORT_COMMAND_H

#include "chart.h"
#include "report_page.h"
#include "report_rows.h"

/** "tilebound WORDS NAME NAME ...": every name is quoted for a shell, with `option` before each
 *  ("" = none). The page's. */
const char *tb_report_command(tb_page *page, const char *words, const char *option,
                              const char *const *names, size_t count);

/** `tilebound explain` of a row: of its run where it has a measured speedup, else of its problem,
 *  tiles, kernel and device. */
const char *tb_report_explain_command(tb_page *page, const tb_report_row *row);

/** `tilebound plot CHART` of a row's problem, tiles and kernel, and of its device where the chart
 *  draws times. */
const char *tb_report_plot_command(tb_page *page, const char *chart, const tb_report_row *row,
                                   bool with_device);

/** `tilebound plot network` of an input's network, device and kernel. */
const char *tb_report_network_command(tb_page *page, const tb_chart_input *input);

#endif
