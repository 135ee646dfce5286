/* Reads the claims of mechanism files. */
#include "mechanism_parts.h"

#include "arena.h"
#include "checked.h"
#include "yaml_fields.h"

#include <math.h>
#include <string.h>

const char *const tb_claim_scope_names[TB_CLAIM_SCOPE_COUNT] = {"kernel", "end-to-end", "other"};

static const char *const claim_keys[] = {
    "metric",  "value",  "unit",   "stat", "baseline",    "device", "condition", "from", "scope",
    "speedup", "tokens", "layout", "set",  "device_name", "dim",    "heads",     "note", NULL};
static const char *const stats[] = {"exact",   "up_to",  "at_least", "more_than",
                                    "average", "approx", "range",    "qualitative"};

/* A number, [low, high], or null. */
static tb_status read_value(const tb_yaml_node *node, tb_claim *claim, tb_error *err)
{
    claim->value = claim->high = nan("");
    if (node == NULL) {
        return TB_OK;
    }
    if (!tb_yaml_is_list(node)) {
        tb_status status = tb_yaml_double(node, -HUGE_VAL, HUGE_VAL, &claim->value, err);
        claim->high = claim->value;
        return status;
    }
    if (tb_yaml_count(node) != 2) {
        return tb_yaml_fail(node, err, "a range has two values: [low, high]");
    }
    tb_status status =
        tb_yaml_double(tb_yaml_item(node, 0), -HUGE_VAL, HUGE_VAL, &claim->value, err);
    return status == TB_OK
               ? tb_yaml_double(tb_yaml_item(node, 1), claim->value, HUGE_VAL, &claim->high, err)
               : status;
}

/* A layout of the mechanism's rank, of as many tokens as the claim says. */
static tb_status read_layout(const tb_yaml_node *list, const tb_mechanism *mechanism,
                             tb_claim *claim, tb_error *err)
{
    int64_t tokens = 1;
    if (list == NULL) {
        return TB_OK;
    }
    if (!tb_yaml_is_list(list) || tb_yaml_count(list) != (size_t)mechanism->rank) {
        return tb_yaml_fail(list, err, "a layout of this mechanism is a list of %d extents",
                            mechanism->rank);
    }
    tb_layout layout = {.rank = mechanism->rank};
    for (int d = 0; d < layout.rank; d++) {
        tb_status status =
            tb_yaml_int(tb_yaml_item(list, (size_t)d), 1, INT32_MAX, &layout.extent[d], err);
        if (status != TB_OK) {
            return status;
        }
        if (!tb_mul_ok(tokens, layout.extent[d], &tokens)) {
            return tb_yaml_fail(list, err, "the tokens of a layout pass 2^63 - 1");
        }
    }
    if (claim->tokens != tokens) {
        return tb_yaml_fail(list, err, "a layout of %lld tokens; the claim says tokens: %lld",
                            (long long)tokens, (long long)claim->tokens);
    }
    claim->layout = layout;
    return TB_OK;
}

static tb_mechanism_parameter *parameter_of(const tb_mechanism *mechanism, const char *name)
{
    for (size_t i = 0; i < mechanism->parameter_count; i++) {
        if (strcmp(mechanism->parameters[i].name, name) == 0) {
            return &mechanism->parameters[i];
        }
    }
    return NULL;
}

/* Parameters that the mechanism has, each with a number. */
static tb_status read_set(const tb_yaml_node *map, const tb_mechanism *mechanism, tb_claim *claim,
                          tb_error *err)
{
    double value = 0;
    if (map != NULL && !tb_yaml_is_map(map)) {
        return tb_yaml_fail(map, err, "set has parameters with their numbers: {window: 2048}");
    }
    for (size_t i = 0; map != NULL && i < tb_yaml_count(map); i++) {
        const tb_yaml_node *item = tb_yaml_item(map, i);
        if (parameter_of(mechanism, tb_yaml_key(map, i)) == NULL) {
            return tb_yaml_fail(item, err, "mechanism %s has no parameter '%s'", mechanism->name,
                                tb_yaml_key(map, i));
        }
        tb_status status = tb_yaml_double(item, -HUGE_VAL, HUGE_VAL, &value, err);
        if (status != TB_OK) {
            return status;
        }
    }
    claim->set = map;
    return TB_OK;
}

tb_status tb_mechanism_set_claim(tb_mechanism *mechanism, const tb_claim *claim, tb_error *err)
{
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && claim->set != NULL && i < tb_yaml_count(claim->set);
         i++) {
        const tb_yaml_node *item = tb_yaml_item(claim->set, i);
        tb_mechanism_parameter *parameter = parameter_of(mechanism, tb_yaml_key(claim->set, i));
        if (parameter == NULL) {
            return tb_yaml_fail(item, err, "mechanism %s has no parameter '%s'", mechanism->name,
                                tb_yaml_key(claim->set, i));
        }
        status = tb_yaml_double(item, -HUGE_VAL, HUGE_VAL, &parameter->value, err);
        parameter->is_set = true;
    }
    return status;
}

/* What we add: scope, speedup, and the condition as inputs. */
static tb_status read_ours(const tb_yaml_node *map, const tb_mechanism *mechanism, tb_claim *claim,
                           tb_error *err)
{
    const tb_yaml_node *scope = NULL, *speedup = tb_yaml_get(map, "speedup");
    size_t which = 0;
    claim->speedup = nan("");
    tb_status status = tb_yaml_need(map, "scope", &scope, err);
    if (status == TB_OK) {
        status = tb_yaml_choice(scope, tb_claim_scope_names, TB_CLAIM_SCOPE_COUNT, &which, err);
    }
    claim->scope = (tb_claim_scope)which;
    if (status == TB_OK && speedup != NULL) {
        status = tb_yaml_double(speedup, 1e-6, HUGE_VAL, &claim->speedup, err);
    }
    if (status == TB_OK) {
        status = tb_field_int(map, "tokens", 1, &claim->tokens, err);
    }
    if (status == TB_OK) {
        status = tb_field_int(map, "dim", 1, &claim->dim, err);
    }
    if (status == TB_OK) {
        status = tb_field_int(map, "heads", 1, &claim->heads, err);
    }
    if (status == TB_OK) {
        status = read_layout(tb_yaml_get(map, "layout"), mechanism, claim, err);
    }
    if (status == TB_OK) {
        status = read_set(tb_yaml_get(map, "set"), mechanism, claim, err);
    }
    return status == TB_OK ? tb_field_text(map, "device_name", false, &claim->device_name, err)
                           : status;
}

static tb_status read_claim(const tb_yaml_node *map, const tb_mechanism *mechanism, tb_claim *claim,
                            tb_error *err)
{
    const struct {
        const char *key;
        bool is_needed;
        const char **out;
    } texts[] = {{"metric", true, &claim->metric},  {"unit", false, &claim->unit},
                 {"stat", true, &claim->stat},      {"baseline", false, &claim->baseline},
                 {"device", false, &claim->device}, {"condition", false, &claim->condition},
                 {"from", true, &claim->from},      {"note", false, &claim->note}};
    const tb_yaml_node *stat = tb_yaml_get(map, "stat");
    size_t which = 0;
    tb_status status = tb_yaml_check_keys(map, claim_keys, err);
    for (size_t i = 0; status == TB_OK && i < sizeof texts / sizeof *texts; i++) {
        status = tb_field_text(map, texts[i].key, texts[i].is_needed, texts[i].out, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_choice(stat, stats, sizeof stats / sizeof *stats, &which, err);
    }
    if (status == TB_OK) {
        status = read_value(tb_yaml_get(map, "value"), claim, err);
    }
    return status == TB_OK ? read_ours(map, mechanism, claim, err) : status;
}

tb_status tb_mechanism_read_claims(const tb_yaml_node *list, tb_mechanism *mechanism, tb_error *err)
{
    size_t count = list == NULL ? 0 : tb_yaml_count(list);
    if (list != NULL && !tb_yaml_is_list(list)) {
        return tb_yaml_fail(list, err, "a list of claims is needed here");
    }
    tb_claim *claims = tb_arena_array(mechanism->arena, count + 1, sizeof *claims);
    if (claims == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a mechanism's claims");
    }
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        status = read_claim(tb_yaml_item(list, i), mechanism, &claims[i], err);
    }
    mechanism->claims = claims;
    mechanism->claim_count = count;
    return status;
}
