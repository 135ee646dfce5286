/* A report as Markdown (GitHub's), and its tables as CSV. */
#ifndef TB_REPORT_MD_H
#define TB_REPORT_MD_H

#include "buffer.h"
#include "report_page.h"

/** Append the page; figures are links to figures/ID.svg. TB_OK or TB_ENOMEM. */
TB_NODISCARD tb_status tb_report_md(const tb_page *page, tb_buffer *out, tb_error *err);

/** Append a table: a head, then a line a row; numbers in full, times in microseconds. */
void tb_report_csv(const tb_page_table *table, tb_buffer *out);

#endif
