/* Reads `rest` and `outside` of network files. */
#include "network_rest.h"

#include "network_fact.h"
#include "yaml_fields.h"

#include <math.h>

const char *const tb_rest_token_words[TB_REST_WORD_COUNT] = {"layout", "text", "both"};

#define MAX_LINEAR 16

static const char *const rest_keys[] = {"width",       "text_tokens", "forwards",
                                        "permutation", "parts",       NULL};
static const char *const part_keys[] = {"name",         "layers", "on",      "linear", "passes",
                                        "attends_text", "source", "assumed", NULL};
static const char *const outside_keys[] = {"what",   "device",  "case",    "dense_steps",
                                           "q_tile", "kv_tile", "total_s", NULL};
static const char *const permutations[] = {"layer", "once"};

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a network's layers");
}

static tb_status read_linear(const tb_yaml_node *list, tb_arena *arena, tb_rest_part *part,
                             tb_error *err)
{
    size_t count = tb_yaml_count(list);
    if (!tb_yaml_is_list(list) || count == 0 || count > MAX_LINEAR) {
        return tb_yaml_fail(list, err, "needs a list of 1 to %d pairs [in, out] of features",
                            MAX_LINEAR);
    }
    tb_linear *linear = tb_arena_array(arena, count, sizeof *linear);
    if (linear == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        int64_t pair[2] = {0};
        size_t entries = 0;
        tb_status status =
            tb_yaml_int_list(tb_yaml_item(list, i), 2, 1, INT32_MAX, pair, &entries, err);
        if (status != TB_OK) {
            return status;
        }
        if (entries != 2) {
            return tb_yaml_fail(tb_yaml_item(list, i), err, "needs a pair [in, out] of features");
        }
        linear[i] = (tb_linear){.in = pair[0], .out = pair[1]};
    }
    part->linear = linear;
    part->linear_count = count;
    return TB_OK;
}

/* on: layout, text, both, or a number of tokens */
static tb_status read_tokens(const tb_yaml_node *node, tb_rest_part *part, tb_error *err)
{
    tb_error other;
    size_t word = 0;
    if (tb_yaml_int(node, 1, INT32_MAX, &part->tokens, &other) == TB_OK) {
        part->on = TB_REST_COUNT_GIVEN;
        return TB_OK;
    }
    if (tb_yaml_choice(node, tb_rest_token_words, TB_REST_WORD_COUNT, &word, &other) == TB_OK) {
        part->on = (tb_rest_tokens)word;
        return TB_OK;
    }
    return tb_yaml_fail(node, err, "tokens are layout, text, both, or a number of at least 1");
}

static tb_status read_work(const tb_yaml_node *map, tb_arena *arena, tb_rest_part *part,
                           tb_error *err)
{
    const tb_yaml_node *linear = tb_yaml_get(map, "linear"), *passes = tb_yaml_get(map, "passes");
    const tb_yaml_node *attends = tb_yaml_get(map, "attends_text");
    if ((linear != NULL) + (passes != NULL) + (attends != NULL) != 1) {
        return tb_yaml_fail(map, err, "a part is one of linear, passes and attends_text");
    }
    if (linear != NULL) {
        return read_linear(linear, arena, part, err);
    }
    return passes != NULL ? tb_yaml_double(passes, 0, 1e6, &part->passes, err)
                          : tb_yaml_bool(attends, &part->attends_text, err);
}

static tb_status read_part(const tb_yaml_node *map, int64_t layers, tb_arena *arena,
                           tb_rest_part *part, tb_error *err)
{
    const tb_yaml_node *on = NULL, *count = tb_yaml_get(map, "layers");
    *part = (tb_rest_part){.layers = layers};
    tb_status status = tb_yaml_check_keys(map, part_keys, err);
    if (status == TB_OK) {
        status = tb_field_text(map, "name", true, &part->name, err);
    }
    if (status == TB_OK && count != NULL) {
        status = tb_yaml_int(count, 1, layers, &part->layers, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_need(map, "on", &on, err);
    }
    if (status == TB_OK) {
        status = read_tokens(on, part, err);
    }
    if (status != TB_OK) {
        return status;
    }
    const tb_yaml_node *source = tb_yaml_get(map, "source"), *assumed = tb_yaml_get(map, "assumed");
    if ((source == NULL) == (assumed == NULL)) {
        return tb_yaml_fail(map, err, "a part needs either a source or why it is assumed");
    }
    part->is_assumed = assumed != NULL;
    status = tb_yaml_text(assumed != NULL ? assumed : source, &part->source, err);
    return status == TB_OK ? read_work(map, arena, part, err) : status;
}

static tb_status read_parts(const tb_yaml_node *map, int64_t layers, tb_arena *arena,
                            tb_network_rest *out, tb_error *err)
{
    const tb_yaml_node *list = NULL;
    tb_status status = tb_yaml_need(map, "parts", &list, err);
    if (status != TB_OK) {
        return status;
    }
    if (!tb_yaml_is_list(list) || tb_yaml_count(list) == 0) {
        return tb_yaml_fail(list, err, "a list of parts is needed here");
    }
    tb_rest_part *parts = tb_arena_array(arena, tb_yaml_count(list), sizeof *parts);
    if (parts == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; status == TB_OK && i < tb_yaml_count(list); i++) {
        status = read_part(tb_yaml_item(list, i), layers, arena, &parts[i], err);
    }
    out->parts = parts;
    out->part_count = tb_yaml_count(list);
    return status;
}

static tb_status read_rest(const tb_yaml_node *map, int64_t layers, tb_arena *arena,
                           tb_network_rest *out, tb_error *err)
{
    const struct {
        const char *name;
        int64_t min, *out;
    } integers[] = {{"width", 1, &out->width},
                    {"text_tokens", 0, &out->text_tokens},
                    {"forwards", 1, &out->forwards}};
    const tb_yaml_node *value = NULL;
    size_t word = 0;
    tb_status status = tb_yaml_check_keys(map, rest_keys, err);
    for (size_t i = 0; status == TB_OK && i < sizeof integers / sizeof *integers; i++) {
        status = tb_network_fact_need(map, integers[i].name, arena, &out->facts[i], &value, err);
        if (status == TB_OK) {
            status = tb_yaml_int(value, integers[i].min, INT32_MAX, integers[i].out, err);
        }
    }
    if (status == TB_OK) {
        status = tb_network_fact_need(map, "permutation", arena, &out->facts[3], &value, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_choice(value, permutations, 2, &word, err);
    }
    out->permutes_once = word == 1;
    out->given = true;
    return status == TB_OK ? read_parts(map, layers, arena, out, err) : status;
}

static tb_status read_tile(const tb_yaml_node *map, const char *key, int rank, int64_t *out,
                           int *dims, tb_error *err)
{
    const tb_yaml_node *list = tb_yaml_get(map, key);
    size_t count = 0;
    if (list == NULL) {
        return TB_OK;
    }
    tb_status status = tb_yaml_int_list(list, TB_MAX_RANK, 1, INT32_MAX, out, &count, err);
    if (status == TB_OK && count != (size_t)rank) {
        return tb_yaml_fail(list, err, "%s has %zu entries; one a dimension of the layout: %d", key,
                            count, rank);
    }
    *dims = (int)count;
    return status;
}

static tb_status read_outside(const tb_yaml_node *map, int rank, tb_arena *arena,
                              tb_outside_run *out, tb_error *err)
{
    const tb_yaml_node *value = NULL;
    tb_status status = tb_yaml_check_keys(map, outside_keys, err);
    if (status == TB_OK) {
        status = tb_field_text(map, "what", true, &out->what, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(map, "device", true, &out->device, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(map, "case", true, &out->case_name, err);
    }
    if (status == TB_OK) {
        status = tb_field_int(map, "dense_steps", 0, &out->dense_steps, err);
    }
    if (status == TB_OK) {
        status = read_tile(map, "q_tile", rank, out->q_tile, &out->q_dims, err);
    }
    if (status == TB_OK) {
        status = read_tile(map, "kv_tile", rank, out->kv_tile, &out->kv_dims, err);
    }
    if (status == TB_OK) {
        status = tb_network_fact_need(map, "total_s", arena, &out->total, &value, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_double(value, 1e-6, 1e9, &out->total_s, err);
    }
    out->given = status == TB_OK;
    return status;
}

tb_status tb_network_rest_read(const tb_yaml_node *root, int rank, int64_t layers, tb_arena *arena,
                               tb_network_rest *out, tb_error *err)
{
    const tb_yaml_node *rest = tb_yaml_get(root, "rest"), *outside = tb_yaml_get(root, "outside");
    if (outside != NULL && rest == NULL) {
        return tb_yaml_fail(outside, err,
                            "what runs outside the layers is worked out beside `rest`; give it");
    }
    tb_status status = rest != NULL ? read_rest(rest, layers, arena, out, err) : TB_OK;
    return status == TB_OK && outside != NULL
               ? read_outside(outside, rank, arena, &out->outside, err)
               : status;
}

bool tb_network_rest_is_assumed(const tb_network_rest *rest)
{
    bool assumed = rest->outside.given && rest->outside.total.is_assumed;
    for (size_t i = 0; i < TB_REST_FACT_COUNT; i++) {
        assumed = assumed || rest->facts[i].is_assumed;
    }
    for (size_t i = 0; i < rest->part_count; i++) {
        assumed = assumed || rest->parts[i].is_assumed;
    }
    return assumed;
}
