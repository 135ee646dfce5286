/* What a point asks beside its problem, pattern and tiling: what the speedup is over, which tiles,
 * which instance, how many devices. Internal to profiles/study*. */
#ifndef TB_STUDY_CHOICES_H
#define TB_STUDY_CHOICES_H

#include "bound.h"
#include "parallel_case.h"
#include "schedule.h"
#include "yaml_doc.h"

/** As options of predict: --baseline, --tiles best, --schedule, --seed, --devices, --network, and
 * what goes with them. */
typedef struct tb_point_choices {
    tb_baseline baseline;
    bool wants_best;
    bool has_schedule;
    tb_schedule_policy schedule;
    uint64_t seed;                /* of a mechanism's random patterns */
    tb_parallel_request parallel; /* devices 0: not shared out */
    const char *network;          /* NULL: the problem is one attention */
    const char *network_case;     /* NULL: the pattern is in every layer */
    int64_t dense_steps;
} tb_point_choices;

/** Read them from an entry, and see that they fit together. TB_OK; TB_EFILE with the position. */
TB_NODISCARD tb_status tb_point_choices_read(const tb_yaml_node *entry, tb_point_choices *out,
                                             tb_error *err);

#endif
