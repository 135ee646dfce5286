/* The `counters` of a run in a profile: what the GPU's hardware counted in a run of its own. */
#ifndef TB_RUN_COUNTERS_H
#define TB_RUN_COUNTERS_H

#include "buffer.h"
#include "hardware_counters.h"
#include "work_counts.h"
#include "yaml_doc.h"

/** Read `{dram_bytes: 7.2e9, ..., passes: 2}`: at least one counter by tb_hardware_counter_names,
 *  and the passes. A NULL node is none: out->passes 0. The metrics' names are not kept. TB_OK;
 *  TB_EFILE with the position. */
TB_NODISCARD tb_status tb_run_counters_read(const tb_yaml_node *map, tb_hardware_counters *out,
                                            tb_error *err);

/** Write the mapping with its key, as a line of a run; nothing for none. */
void tb_run_counters_print(const tb_hardware_counters *counters, tb_buffer *out);

/** One counter beside the model's term of the same quantity. */
typedef struct tb_counter_pair {
    bool has_counted, has_model;
    double counted, model;
    bool has_ratio; /* both are there, and the model's is not 0 */
    double ratio;   /* counted / model */
} tb_counter_pair;

/** Put a counter beside its term; the model has none of shared-memory conflicts. */
tb_counter_pair tb_counter_pair_of(const tb_hardware_counters *counters, const tb_work_counts *work,
                                   tb_hardware_counter which);

#endif
