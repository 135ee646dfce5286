#include "stage.h"

#include "stage_parts.h"
#include "yaml_fields.h"

#include <stdlib.h>
#include <string.h>

const tb_stage_kind *const tb_stage_kinds[TB_STAGE_KIND_COUNT] = {
    &tb_stage_attention, &tb_stage_cross,  &tb_stage_product,
    &tb_stage_stream,    &tb_stage_linear, &tb_stage_fft,
    &tb_stage_transfer,  &tb_stage_decode, &tb_stage_distribute,
};

/* Of every kind. */
static const char *const common_keys[] = {"name", "kind", "what", "repeats", "hidden"};
#define COMMON_KEY_COUNT (sizeof common_keys / sizeof *common_keys)
#define KEYS_MAX         40

static tb_status check_keys(const tb_yaml_node *node, const tb_stage_kind *kind, tb_error *err)
{
    const char *keys[KEYS_MAX + 1];
    size_t count = 0;
    for (; count < COMMON_KEY_COUNT; count++) {
        keys[count] = common_keys[count];
    }
    for (const char *const *key = kind->keys; *key != NULL && count < KEYS_MAX; key++) {
        keys[count++] = *key;
    }
    keys[count] = NULL;
    return tb_yaml_check_keys(node, keys, err);
}

tb_status tb_stage_read(const tb_yaml_node *node, tb_stage *out, tb_error *err)
{
    const char *names[TB_STAGE_KIND_COUNT];
    const tb_yaml_node *kind = NULL;
    size_t which = 0;
    tb_stage stage = {.node = node};
    for (size_t i = 0; i < TB_STAGE_KIND_COUNT; i++) {
        names[i] = tb_stage_kinds[i]->name;
    }
    if (!tb_yaml_is_map(node)) {
        return tb_yaml_fail(node, err, "a stage is a mapping with a name, a kind and its keys");
    }
    tb_status status = tb_field_text(node, "name", true, &stage.name, err);
    if (status == TB_OK) {
        status = tb_yaml_need(node, "kind", &kind, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_choice(kind, names, TB_STAGE_KIND_COUNT, &which, err);
    }
    if (status == TB_OK) {
        stage.kind = tb_stage_kinds[which];
        status = check_keys(node, stage.kind, err);
    }
    if (status == TB_OK) {
        *out = stage;
    }
    return status;
}

/* Everything that a repeat does again; what is live is the same memory. */
static void repeat_work(tb_work *work, double times)
{
    work->matrix_flop *= times;
    work->fma_flop *= times;
    work->special *= times;
    work->hbm_bytes *= times;
    work->pcie_bytes *= times;
    work->link_bytes *= times;
    work->launches *= times;
}

tb_status tb_stage_evaluate(const tb_stage *stage, const tb_stage_context *context,
                            tb_stage_result *out, tb_error *err)
{
    tb_stage_result result = {.name = stage->name, .kind = stage->kind->name};
    double hidden = 0;
    tb_status status = tb_stage_number(stage, context, "repeats", 1, 0, &result.repeats, err);
    if (status == TB_OK) {
        status = tb_stage_fraction(stage, context, "hidden", 0, &hidden, err);
    }
    if (status == TB_OK && result.repeats > 0) {
        status = stage->kind->evaluate(stage, context, &result, err);
    }
    if (status != TB_OK) {
        tb_stage_result_release(&result);
        return status;
    }
    repeat_work(&result.work, result.repeats);
    result.least_us *= result.repeats * (1 - hidden);
    result.time_us *= result.repeats * (1 - hidden);
    *out = result;
    return TB_OK;
}

void tb_stage_result_release(tb_stage_result *result)
{
    if (result->has_census) {
        tb_case_release(&result->item);
        result->has_census = false;
    }
}
