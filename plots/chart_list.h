/* The entries of tb_charts[], one a file. */
#ifndef TB_CHART_LIST_H
#define TB_CHART_LIST_H

#include "chart.h"

extern const tb_chart tb_chart_tiles;

#endif
