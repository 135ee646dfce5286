/* What every report's HTML begins and ends with; internal to report_html.c. */
#ifndef TB_REPORT_HTML_FRAME_H
#define TB_REPORT_HTML_FRAME_H

/** Style sheet: light and dark, narrow and wide, printed. */
extern const char tb_report_style[];

/** Sorts a table by the column whose head is pressed; unfolds what is folded for printing. */
extern const char tb_report_script[];

#endif
