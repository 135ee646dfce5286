/* The entries of tb_charts[], one a file. */
#ifndef TB_CHART_LIST_H
#define TB_CHART_LIST_H

#include "chart.h"

extern const tb_chart tb_chart_tiles;
extern const tb_chart tb_chart_waterfall;
extern const tb_chart tb_chart_breakdown;
extern const tb_chart tb_chart_speedups;
extern const tb_chart tb_chart_scatter;
extern const tb_chart tb_chart_errors;
extern const tb_chart tb_chart_network;
extern const tb_chart tb_chart_study;
extern const tb_chart tb_chart_pareto;
extern const tb_chart tb_chart_roofline;
extern const tb_chart tb_chart_timeline;
extern const tb_chart tb_chart_stride_sweep;
extern const tb_chart tb_chart_window_stride;
extern const tb_chart tb_chart_scaling;

#endif
