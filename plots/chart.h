/* Charts: what gnuplot draws. A chart is one file (chart_<name>.c) that fills a tb_chart_data, and
 * one line in chart.c; chart_render.h makes a picture of it. */
#ifndef TB_CHART_H
#define TB_CHART_H

#include "attention_case.h"
#include "chart_data.h"
#include "device.h"
#include "kernel.h"
#include "network.h"
#include "profile.h"

#include <stddef.h>

/** What a chart takes; flags. What has no flag is refused (cli), never passed over. */
typedef enum tb_chart_needs {
    TB_CHART_NEEDS_PROBLEM = 1, /* item; a kernel may be given */
    TB_CHART_NEEDS_DEVICE = 2,  /* device and kernel */
    TB_CHART_NEEDS_DENSE = 4,   /* baseline */
    TB_CHART_NEEDS_PROFILES = 8,
    TB_CHART_NEEDS_NETWORK = 16,
    TB_CHART_MAY_PROBLEM = 32, /* not needed, but looked at where it is given */
    TB_CHART_MAY_DEVICE = 64,
    TB_CHART_MAY_SEARCH = 128, /* in place of profiles */
    TB_CHART_NEEDS_STUDY = 256
} tb_chart_needs;

/** What a chart draws; everything is borrowed, and NULL where it was not given. */
typedef struct tb_chart_input {
    const tb_case *item; /* normalized */
    const tb_kernel *kernel;
    const tb_kernel *baseline; /* of the dense baseline */
    const tb_device *device;
    const tb_profile *const *profiles;
    size_t profile_count;
    const tb_network *network;
    const char *search; /* path of a search's JSON, "-" = standard input */
    const char *study;  /* path of a sweep's groups as CSV, likewise */
    const char *title;  /* a user's, in place of the chart's own */
} tb_chart_input;

typedef struct tb_chart {
    const char *name;
    const char *summary; /* one line */
    unsigned needs;      /* of tb_chart_needs */

    /**
     * Write the data files, the script, the title and the caption.
     *
     * @param[in]     input  has what the chart needs (tb_chart_check())
     * @param[in,out] data   from tb_chart_data_begin(); freed by the caller in any event
     * @return TB_OK; TB_EINVAL for what cannot be drawn; TB_ENOMEM; what the models return
     */
    tb_status (*fill)(const tb_chart_input *input, tb_chart_data *data, tb_error *err);
} tb_chart;

/** All charts, in the order in which `list charts` shows them. */
extern const tb_chart *const tb_charts[];
extern const size_t tb_chart_count;

/** The chart of a name. TB_OK; TB_EINVAL, naming the nearest. */
TB_NODISCARD tb_status tb_chart_find(const char *name, const tb_chart **out, tb_error *err);

/** Is there everything that the chart needs? TB_OK; TB_EINVAL, saying which option to give. */
TB_NODISCARD tb_status tb_chart_check(const tb_chart *chart, const tb_chart_input *input,
                                      tb_error *err);

#endif
