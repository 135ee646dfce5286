/* The front of a search as a chart: part of `pareto`. Internal to plots. */
#ifndef TB_CHART_SEARCH_H
#define TB_CHART_SEARCH_H

#include "chart.h"

/** Read input->search (search's JSON) and draw its front. TB_OK; TB_EFILE with the position;
 *  TB_EINVAL where there is no front; TB_ENOMEM. */
TB_NODISCARD tb_status tb_chart_search_fill(const tb_chart_input *input, tb_chart_data *data,
                                            tb_error *err);

#endif
