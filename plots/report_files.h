/* Where a report's files go. */
#ifndef TB_REPORT_FILES_H
#define TB_REPORT_FILES_H

#include "buffer.h"
#include "report_page.h"

/** Write a page: its data, figures, report.md and, last, index.html. TB_OK; TB_EIO; TB_EINVAL;
 *  TB_ENOMEM. */
TB_NODISCARD tb_status tb_report_write_files(const tb_page *page, const char *folder,
                                             tb_error *err);

#endif
