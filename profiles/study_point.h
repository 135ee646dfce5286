/* One point of a study, and the devices and mechanisms that points set values of. Internal to
 * profiles/study*. */
#ifndef TB_STUDY_POINT_H
#define TB_STUDY_POINT_H

#include "attention_case.h"
#include "device.h"
#include "mechanism.h"
#include "study.h"
#include "study_choices.h"

struct tb_study_worker {
    const tb_study *study;
    tb_study_sampler sampler;
    tb_yaml *tree; /* owned; of the nodes that points need beside the suite's */
    int tree_uses;
    /* what needs a copy of its own, for values are set in it; kept until others are */
    tb_buffer device_key, mechanism_key, wanted;
    tb_buffer warnings; /* of the row that is being made */
    tb_device *device, *mechanism_device;
    tb_mechanism *mechanism;
};

/** A point as the suite states it. */
typedef struct tb_point_case {
    const tb_yaml_node *node;
    const char *device, *kernel, *baseline_kernel, *mechanism;
    tb_point_choices choices;
    tb_case item;
} tb_point_case;

/**
 * The entry with the values that its axes have at a point, which the row gets too.
 *
 * @param[out] row  its texts live until the worker's next point
 * @param[out] out  likewise
 * @return TB_OK; TB_EFILE for values that are no numbers, texts or lists of them; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_point_place(tb_study_worker *worker, const tb_study_entry *entry,
                                      int64_t point, tb_study_row *row, const tb_yaml_node **out,
                                      tb_error *err);

/** The device of a point: shared, or the worker's copy with values set; NULL where it has none.
 *  TB_OK; TB_EINVAL for a value that no device has, or without a device; TB_EFILE; TB_ENOMEM. */
TB_NODISCARD tb_status tb_point_device(tb_study_worker *worker, const tb_point_case *point,
                                       const tb_device **out, tb_error *err);

/** The mechanism of a point as worker->mechanism, and its device; copies with values set. Likewise.
 */
TB_NODISCARD tb_status tb_point_mechanism(tb_study_worker *worker, const tb_point_case *point,
                                          const tb_device **out, tb_error *err);

#endif
