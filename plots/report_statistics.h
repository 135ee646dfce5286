/* The sections of a report that are about how far predictions can be trusted, and what they rest
 * on. */
#ifndef TB_REPORT_STATISTICS_H
#define TB_REPORT_STATISTICS_H

#include "report_draft.h"

/** Statistics of the comparison: of all runs, by device, by kernel; verdicts; worst runs. */
void tb_report_put_statistics(tb_report_draft *draft);

/** Runs of whole networks, with a suite only those of its problems. */
void tb_report_put_networks(tb_report_draft *draft);

/** Profiles, kernels and devices, with their sources. */
void tb_report_put_provenance(tb_report_draft *draft);

#endif
