/* An attention that is timed on one device, over several: from a prediction or a stage. */
#ifndef TB_PARALLEL_CASE_H
#define TB_PARALLEL_CASE_H

#include "context_parallel.h"
#include "device.h"
#include "kernel.h"
#include "link.h"
#include "tiling.h"
#include "time_model.h"

#define TB_PARALLEL_USUAL_LINK "nvlink"

/** How it is shared out. */
typedef struct tb_parallel_request {
    int64_t devices;
    int64_t ulysses; /* of hybrid */
    tb_parallel_method method;
    tb_shard_order order;
    bool has_overlap;
    const char *link;       /* name or path; NULL: nvlink */
    const char *group_link; /* of Ulysses groups; NULL: as link */
} tb_parallel_request;

/** What is known of it on one device; all borrowed. */
typedef struct tb_parallel_single {
    const tb_problem *problem;
    const tb_pattern *pattern;
    const tb_tiling *tiling;
    const tb_census *census;
    const tb_kernel *kernel;
    const tb_device *device;
    double attention_us;
} tb_parallel_single;

typedef struct tb_parallel_result {
    tb_parallel_problem item; /* borrows what `single` did */
    tb_parallel_time time;
    tb_parallel_step *steps; /* owned; time.steps of them */
    tb_basis basis;          /* of the links: assumed, or else calibrated */
} tb_parallel_result;

/**
 * Share it out.
 *
 *   us_per_tile = attention_us / (visited x B x H);  slots = SMs x occupancy
 *
 * @param[out] out  release with tb_parallel_result_release()
 * @return TB_OK; TB_EINVAL, also where a ring would need tiles of the flattened order and the
 *         tiling is multi-dim over several dimensions; TB_EFILE of a link; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_parallel_predict(const tb_parallel_request *request,
                                           const tb_parallel_single *single,
                                           tb_parallel_result *out, tb_error *err);
void tb_parallel_result_release(tb_parallel_result *result);

#endif
