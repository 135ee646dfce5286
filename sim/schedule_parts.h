/* The two ways to fill slots with CTAs of unequal cost; internal to sim. */
#ifndef TB_SCHEDULE_PARTS_H
#define TB_SCHEDULE_PARTS_H

#include "schedule.h"

#include <stddef.h>

/** A validated problem and its listener. */
typedef struct tb_schedule_launch {
    const tb_schedule_problem *problem;
    int64_t ctas;
    int64_t used; /* slots that may get a CTA: min(slots, ctas) */
    tb_schedule_cta_fn *fn;
    void *user;
} tb_schedule_launch;

/** Tell the listener, if there is one. */
static inline void tb_schedule_tell(const tb_schedule_launch *launch, int64_t cta, int64_t slot,
                                    double start, double end)
{
    if (launch->fn != NULL) {
        launch->fn(cta, slot, start, end, launch->user);
    }
}

/* Each fills finish[0 .. used): when a slot runs out of work for good, which is its busy time too,
 * for no slot idles before. TB_OK, TB_ENOMEM. */

TB_NODISCARD tb_status tb_schedule_list(const tb_schedule_launch *launch, double *finish,
                                        tb_error *err);

TB_NODISCARD tb_status tb_schedule_static(const tb_schedule_launch *launch, double *finish,
                                          tb_error *err);

#endif
