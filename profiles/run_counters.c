#include "run_counters.h"

#include "yaml_fields.h"
#include "yaml_print.h"

#include <limits.h>
#include <math.h>

static const char passes_key[] = "passes";

static tb_status check_keys(const tb_yaml_node *map, tb_error *err)
{
    const char *keys[TB_HARDWARE_COUNTER_COUNT + 2] = {NULL};
    for (int c = 0; c < TB_HARDWARE_COUNTER_COUNT; c++) {
        keys[c] = tb_hardware_counter_names[c];
    }
    keys[TB_HARDWARE_COUNTER_COUNT] = passes_key;
    return tb_yaml_check_keys(map, keys, err);
}

static tb_status read_passes(const tb_yaml_node *map, int *out, tb_error *err)
{
    const tb_yaml_node *node = NULL;
    int64_t passes = 0;
    tb_status status = tb_yaml_need(map, passes_key, &node, err);
    if (status == TB_OK) {
        status = tb_yaml_int(node, 1, INT_MAX, &passes, err);
    }
    *out = (int)passes;
    return status;
}

tb_status tb_run_counters_read(const tb_yaml_node *map, tb_hardware_counters *out, tb_error *err)
{
    tb_hardware_counters counters = {0};
    bool has_any = false;
    if (map == NULL) {
        *out = counters;
        return TB_OK;
    }
    tb_status status = check_keys(map, err);
    if (status == TB_OK) {
        status = read_passes(map, &counters.passes, err);
    }
    for (int c = 0; status == TB_OK && c < TB_HARDWARE_COUNTER_COUNT; c++) {
        const tb_yaml_node *node = tb_yaml_get(map, tb_hardware_counter_names[c]);
        counters.of[c].has = node != NULL;
        has_any = has_any || node != NULL;
        if (node != NULL) {
            status = tb_yaml_double(node, 0, HUGE_VAL, &counters.of[c].value, err);
        }
    }
    if (status == TB_OK && !has_any) {
        return tb_yaml_fail(map, err, "no counter but the passes; leave `counters` out");
    }
    if (status == TB_OK) {
        *out = counters;
    }
    return status;
}

void tb_run_counters_print(const tb_hardware_counters *counters, tb_buffer *out)
{
    const char *before = "";
    if (counters->passes == 0) {
        return;
    }
    tb_buffer_text(out, "    counters: {");
    for (int c = 0; c < TB_HARDWARE_COUNTER_COUNT; c++) {
        if (counters->of[c].has) {
            tb_buffer_printf(out, "%s%s: ", before, tb_hardware_counter_names[c]);
            tb_yaml_print_double(out, counters->of[c].value);
            before = ", ";
        }
    }
    tb_buffer_printf(out, "%s%s: %d}\n", before, passes_key, counters->passes);
}

/* The model's term of a counter; TB_WORK_COUNT_COUNT = none. */
static const tb_work_count terms[TB_HARDWARE_COUNTER_COUNT] = {
    [TB_HARDWARE_TENSOR_PERCENT] = TB_WORK_TENSOR_PERCENT,
    [TB_HARDWARE_TENSOR_INSTRUCTIONS] = TB_WORK_TENSOR_INSTRUCTIONS,
    [TB_HARDWARE_XU_INSTRUCTIONS] = TB_WORK_EXP_INSTRUCTIONS,
    [TB_HARDWARE_DRAM_BYTES] = TB_WORK_DRAM_BYTES,
    [TB_HARDWARE_L2_BYTES] = TB_WORK_L2_BYTES,
    [TB_HARDWARE_SHARED_CONFLICTS] = (tb_work_count)TB_WORK_COUNT_COUNT,
    [TB_HARDWARE_OCCUPANCY_PERCENT] = TB_WORK_OCCUPANCY_PERCENT,
};

tb_counter_pair tb_counter_pair_of(const tb_hardware_counters *counters, const tb_work_counts *work,
                                   tb_hardware_counter which)
{
    int term = (int)terms[which];
    bool has_model = term < TB_WORK_COUNT_COUNT && work->known[term];
    tb_counter_pair pair = {.has_counted = counters->passes > 0 && counters->of[which].has,
                            .has_model = has_model,
                            .counted = counters->of[which].value,
                            .model = has_model ? work->value[term] : 0};
    pair.has_ratio = pair.has_counted && has_model && pair.model > 0;
    pair.ratio = pair.has_ratio ? pair.counted / pair.model : 0;
    return pair;
}
