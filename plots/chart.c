/* The list of charts. */
#include "chart.h"

#include "chart_list.h"
#include "text.h"

#include <string.h>

const tb_chart *const tb_charts[] = {
    &tb_chart_tiles,
    &tb_chart_waterfall,
    &tb_chart_breakdown,
    &tb_chart_roofline,
    &tb_chart_timeline,
    &tb_chart_stride_sweep,
    &tb_chart_window_stride,
    &tb_chart_scaling,
    /* of measured runs, and of networks */
    &tb_chart_speedups,
    &tb_chart_scatter,
    &tb_chart_errors,
    &tb_chart_pareto,
    &tb_chart_network,
    &tb_chart_study,
};
const size_t tb_chart_count = sizeof tb_charts / sizeof *tb_charts;

#define MOST_CHARTS 32

tb_status tb_chart_find(const char *name, const tb_chart **out, tb_error *err)
{
    const char *names[MOST_CHARTS];
    _Static_assert(sizeof tb_charts / sizeof *tb_charts <= MOST_CHARTS, "more charts than names");
    for (size_t i = 0; i < tb_chart_count; i++) {
        names[i] = tb_charts[i]->name;
        if (strcmp(name, names[i]) == 0) {
            *out = tb_charts[i];
            return TB_OK;
        }
    }
    const char *nearest = tb_text_nearest(name, names, tb_chart_count);
    return nearest != NULL
               ? tb_fail(err, TB_EINVAL, "no chart '%s'; did you mean '%s'?", name, nearest)
               : tb_fail(err, TB_EINVAL, "no chart '%s'; 'tilebound list charts' names them", name);
}

tb_status tb_chart_check(const tb_chart *chart, const tb_chart_input *input, tb_error *err)
{
    if ((chart->needs & TB_CHART_NEEDS_PROBLEM) != 0 && input->item == NULL) {
        return tb_fail(err, TB_EINVAL, "%s draws a problem; give -i, --config or --mask",
                       chart->name);
    }
    if ((chart->needs & TB_CHART_NEEDS_DEVICE) != 0 && input->device == NULL) {
        return tb_fail(err, TB_EINVAL, "%s draws times on a device; give --device", chart->name);
    }
    if ((chart->needs & TB_CHART_NEEDS_DEVICE) != 0 && input->kernel == NULL) {
        return tb_fail(err, TB_EINVAL, "device %s has no default kernel; give --kernel",
                       input->device->name);
    }
    if ((chart->needs & TB_CHART_NEEDS_DENSE) != 0 && input->baseline == NULL) {
        return tb_fail(err, TB_EINVAL,
                       "%s compares with dense attention, and no kernel of it is known; give "
                       "--baseline-kernel",
                       chart->name);
    }
    bool may_search = (chart->needs & TB_CHART_MAY_SEARCH) != 0;
    if ((chart->needs & TB_CHART_NEEDS_PROFILES) != 0 && input->profile_count == 0 &&
        !(may_search && input->search != NULL)) {
        return tb_fail(err, TB_EINVAL, "%s draws measured runs; give --profile%s", chart->name,
                       may_search ? ", or a search by --search" : "");
    }
    if ((chart->needs & TB_CHART_NEEDS_NETWORK) != 0 && input->network == NULL) {
        return tb_fail(err, TB_EINVAL, "%s draws the layers of a network; give --network",
                       chart->name);
    }
    if ((chart->needs & TB_CHART_NEEDS_STUDY) != 0 && input->study == NULL) {
        return tb_fail(err, TB_EINVAL, "%s draws groups of a sweep; give --study FILE.csv",
                       chart->name);
    }
    return TB_OK;
}
