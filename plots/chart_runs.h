/* What charts of measured runs rest on: the runs of the input, compared with their predictions. */
#ifndef TB_CHART_RUNS_H
#define TB_CHART_RUNS_H

#include "chart.h"
#include "compare.h"

typedef struct tb_chart_runs {
    tb_comparison *comparison;    /* owned */
    const tb_compared_run **runs; /* owned; those that can be compared, in their order */
    size_t count;
} tb_chart_runs;

/**
 * Compare the runs of an input's profiles.
 *
 * @param[in]  with_baseline  only runs whose dense baseline was measured too, and no dense ones
 * @param[out] out            release with tb_chart_runs_release() in any event
 * @return TB_OK; TB_EINVAL where there is none; what tb_compare() returns; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_chart_runs_make(const tb_chart_input *input, bool with_baseline,
                                          tb_chart_runs *out, tb_error *err);

void tb_chart_runs_release(tb_chart_runs *runs);

#define TB_CHART_SERIES 8 /* line types that differ */

/** Names of which each is listed once. */
typedef struct tb_chart_names {
    const char *names[TB_CHART_SERIES];
    size_t count;
} tb_chart_names;

/** The number of a name, added where it is new; the last number for all that do not fit. */
size_t tb_chart_names_put(tb_chart_names *list, const char *name);

/** The name of a number: "others" for the last one where names did not fit. */
const char *tb_chart_names_get(const tb_chart_names *list, size_t number);

/** Say of which profiles and devices the runs are, and what their numbers are. */
void tb_chart_say_runs(const tb_chart_runs *runs, tb_chart_data *data);

/** Dense time over a run's own as measured, without permuting tokens and with it; NaN where the run
 *  does not say. */
double tb_chart_measured_speedup(const tb_compared_run *run, bool with_permutation);

#endif
