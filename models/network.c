/* Reads network files (schema tilebound/network/1). */
#include "network.h"

#include "arena.h"
#include "catalogue.h"
#include "end_to_end.h"
#include "network_fact.h"
#include "pattern_file.h"
#include "yaml_doc.h"
#include "yaml_fields.h"

#include <stdlib.h>
#include <string.h>

#define MAX_LAYERS 100000

static const char *const network_keys[] = {"schema", "name", "summary", "source",   "layout",
                                           "heads",  "dim",  "layers",  "patterns", "cases",
                                           "facts",  "rest", "outside", NULL};
static const char *const gna_keys[] = {"window", "stride", "dilation", "causal", NULL};
static const char *const mixed_keys[] = {"heads", NULL};
static const char *const case_keys[] = {"name", "layers", NULL};

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a network");
}

/* The four values that every network has; `facts` receives them. */
static tb_status read_shape(const tb_yaml_node *root, tb_network *network, tb_fact *facts,
                            tb_error *err)
{
    const tb_yaml_node *value = NULL;
    size_t rank = 0;
    tb_status status = tb_network_fact_need(root, "layout", network->arena, &facts[0], &value, err);
    if (status == TB_OK) {
        status =
            tb_yaml_int_list(value, TB_MAX_RANK, 1, INT64_MAX, network->layout.extent, &rank, err);
    }
    if (status == TB_OK && rank == 0) {
        return tb_yaml_fail(value, err, "an empty layout; it needs 1 to %d extents", TB_MAX_RANK);
    }
    network->layout.rank = (int)rank;
    const struct {
        const char *name;
        int64_t *out, max;
    } integers[] = {{"heads", &network->heads, INT64_MAX},
                    {"dim", &network->dim, INT64_MAX},
                    {"layers", &network->layers, MAX_LAYERS}};
    for (size_t i = 0; status == TB_OK && i < sizeof integers / sizeof *integers; i++) {
        status = tb_network_fact_need(root, integers[i].name, network->arena, &facts[i + 1], &value,
                                      err);
        if (status == TB_OK) {
            status = tb_yaml_int(value, 1, integers[i].max, integers[i].out, err);
        }
    }
    return status;
}

static tb_status read_facts(const tb_yaml_node *root, tb_network *network, tb_error *err)
{
    const tb_yaml_node *map = tb_yaml_get(root, "facts"), *value = NULL;
    size_t extra = map == NULL ? 0 : tb_yaml_count(map);
    tb_fact *facts = tb_arena_array(network->arena, extra + 4, sizeof *facts);
    if (facts == NULL) {
        return no_memory(err);
    }
    if (map != NULL && !tb_yaml_is_map(map)) {
        return tb_yaml_fail(map, err, "a mapping of values with their sources is needed here");
    }
    tb_status status = read_shape(root, network, facts, err);
    for (size_t i = 0; status == TB_OK && i < extra; i++) {
        status = tb_network_fact_read(tb_yaml_item(map, i), tb_yaml_key(map, i), network->arena,
                                      &facts[i + 4], &value, err);
    }
    network->facts = facts;
    network->fact_count = extra + 4;
    return status;
}

/* all, or a list of layer numbers */
static tb_status read_layers(const tb_yaml_node *node, const tb_network *network,
                             tb_layer_group *group, tb_error *err)
{
    bool is_all = tb_yaml_is_scalar(node);
    size_t count = is_all ? (size_t)network->layers : tb_yaml_count(node);
    int64_t *layers = tb_arena_array(network->arena, count + 1, sizeof *layers);
    if (layers == NULL) {
        return no_memory(err);
    }
    group->layers = layers;
    group->layer_count = count;
    if (!is_all) {
        return tb_yaml_int_list(node, count, 0, network->layers - 1, layers, &count, err);
    }
    const char *text = "";
    tb_status status = tb_yaml_text(node, &text, err);
    if (status == TB_OK && strcmp(text, "all") != 0) {
        return tb_yaml_fail(node, err, "layers are 'all' or a list of their numbers from 0");
    }
    for (size_t i = 0; i < count; i++) {
        layers[i] = (int64_t)i;
    }
    return status;
}

/* Every layer must have a pattern, and one only. */
static tb_status check_cover(const tb_yaml_node *node, const tb_network *network,
                             const tb_network_case *which, tb_error *err)
{
    unsigned char *seen = tb_arena_array(network->arena, (size_t)network->layers, 1);
    if (seen == NULL) {
        return no_memory(err);
    }
    for (size_t g = 0; g < which->group_count; g++) {
        for (size_t i = 0; which->groups[g].is_first && i < which->groups[g].layer_count; i++) {
            int64_t layer = which->groups[g].layers[i];
            if (seen[layer]++ > 0) {
                return tb_yaml_fail(node, err, "layer %lld has two patterns in case '%s'",
                                    (long long)layer, which->name);
            }
        }
    }
    for (int64_t layer = 0; layer < network->layers; layer++) {
        if (seen[layer] == 0) {
            return tb_yaml_fail(node, err, "layer %lld has no pattern in case '%s'",
                                (long long)layer, which->name);
        }
    }
    return TB_OK;
}

/* The pattern of a name. */
static tb_status read_pattern(const tb_yaml_node *patterns, const char *name,
                              const tb_yaml_node *where, int rank, tb_pattern *out, tb_error *err)
{
    const tb_yaml_node *pattern = tb_yaml_get(patterns, name);
    if (pattern == NULL) {
        return tb_yaml_fail(where, err, "no pattern is named '%s'; name one of `patterns`", name);
    }
    *out = tb_pattern_default();
    tb_status status = tb_yaml_check_keys(pattern, gna_keys, err);
    return status == TB_OK ? tb_pattern_read_gna(pattern, rank, out, err) : status;
}

/* heads: {near: 18, whole: 6}: one group a pattern, for the layers of `group`. */
static tb_status read_heads(const tb_yaml_node *patterns, const tb_yaml_node *heads,
                            const tb_network *network, tb_layer_group *group, tb_error *err)
{
    int64_t sum = 0;
    tb_layer_group common = *group;
    for (size_t i = 0; i < tb_yaml_count(heads); i++) {
        tb_layer_group *part = &group[i];
        *part = common;
        part->is_first = i == 0;
        part->pattern_name = tb_yaml_key(heads, i);
        tb_status status = read_pattern(patterns, part->pattern_name, tb_yaml_key_node(heads, i),
                                        network->layout.rank, &part->pattern, err);
        if (status == TB_OK) {
            status = tb_yaml_int(tb_yaml_item(heads, i), 1, network->heads, &part->heads, err);
        }
        if (status != TB_OK) {
            return status;
        }
        sum += part->heads;
    }
    if (sum != network->heads) {
        return tb_yaml_fail(heads, err, "%lld heads have a pattern; the network has %lld",
                            (long long)sum, (long long)network->heads);
    }
    return TB_OK;
}

/* The heads of a pattern that says them, or NULL. */
static const tb_yaml_node *heads_of(const tb_yaml_node *patterns, const char *name)
{
    return tb_yaml_get(tb_yaml_get(patterns, name), "heads");
}

/* How many groups the layers of one pattern make. */
static size_t count_groups(const tb_yaml_node *patterns, const char *name)
{
    const tb_yaml_node *heads = heads_of(patterns, name);
    return heads != NULL && tb_yaml_count(heads) > 0 ? tb_yaml_count(heads) : 1;
}

static tb_status read_group(const tb_yaml_node *patterns, const tb_yaml_node *layers, size_t i,
                            const tb_network *network, tb_layer_group *group, tb_error *err)
{
    const char *name = tb_yaml_key(layers, i);
    const tb_yaml_node *heads = heads_of(patterns, name);
    *group = (tb_layer_group){.pattern_name = name, .heads = network->heads, .is_first = true};
    tb_status status = TB_OK;
    if (heads == NULL) {
        status = read_pattern(patterns, name, tb_yaml_key_node(layers, i), network->layout.rank,
                              &group->pattern, err);
        return status == TB_OK ? read_layers(tb_yaml_item(layers, i), network, group, err) : status;
    }
    if (!tb_yaml_is_map(heads) || tb_yaml_count(heads) == 0) {
        return tb_yaml_fail(heads, err, "a mapping from pattern names to heads is needed here");
    }
    status = tb_yaml_check_keys(tb_yaml_get(patterns, name), mixed_keys, err);
    if (status == TB_OK) {
        status = read_layers(tb_yaml_item(layers, i), network, group, err);
    }
    return status == TB_OK ? read_heads(patterns, heads, network, group, err) : status;
}

static tb_status read_groups(const tb_yaml_node *patterns, const tb_yaml_node *layers,
                             const tb_network *network, tb_network_case *which, tb_error *err)
{
    if (!tb_yaml_is_map(layers)) {
        return tb_yaml_fail(layers, err, "a mapping from pattern names to layers is needed here");
    }
    size_t count = 0;
    for (size_t i = 0; i < tb_yaml_count(layers); i++) {
        count += count_groups(patterns, tb_yaml_key(layers, i));
    }
    tb_layer_group *groups = tb_arena_array(network->arena, count + 1, sizeof *groups);
    if (groups == NULL) {
        return no_memory(err);
    }
    which->groups = groups;
    which->group_count = count;
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < tb_yaml_count(layers); i++) {
        status = read_group(patterns, layers, i, network, groups, err);
        groups += count_groups(patterns, tb_yaml_key(layers, i));
    }
    return status == TB_OK ? check_cover(layers, network, which, err) : status;
}

static tb_status read_case(const tb_yaml_node *patterns, const tb_yaml_node *node,
                           const tb_network *network, tb_network_case *which, tb_error *err)
{
    const tb_yaml_node *layers = NULL;
    tb_status status = tb_yaml_check_keys(node, case_keys, err);
    if (status == TB_OK) {
        status = tb_field_text(node, "name", true, &which->name, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_need(node, "layers", &layers, err);
    }
    return status == TB_OK ? read_groups(patterns, layers, network, which, err) : status;
}

static tb_status read_cases(const tb_yaml_node *root, tb_network *network, tb_error *err)
{
    const tb_yaml_node *patterns = NULL, *cases = NULL;
    tb_status status = tb_yaml_need(root, "patterns", &patterns, err);
    if (status == TB_OK) {
        status = tb_yaml_need(root, "cases", &cases, err);
    }
    if (status != TB_OK) {
        return status;
    }
    if (!tb_yaml_is_list(cases) || tb_yaml_count(cases) == 0) {
        return tb_yaml_fail(cases, err, "a list of cases is needed here");
    }
    tb_network_case *made = tb_arena_array(network->arena, tb_yaml_count(cases), sizeof *made);
    if (made == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; status == TB_OK && i < tb_yaml_count(cases); i++) {
        status = read_case(patterns, tb_yaml_item(cases, i), network, &made[i], err);
    }
    network->cases = made;
    network->case_count = tb_yaml_count(cases);
    return status;
}

/* The run that tells what happens outside the layers is of a case, and of steps, that there are. */
static tb_status check_outside(const tb_yaml_node *root, const tb_network *network, tb_error *err)
{
    const tb_outside_run *run = &network->rest.outside;
    const tb_yaml_node *outside = tb_yaml_get(root, "outside");
    if (!run->given) {
        return TB_OK;
    }
    if (strcmp(run->case_name, TB_DENSE_CASE) != 0 &&
        tb_network_find_case(network, run->case_name) == NULL) {
        return tb_yaml_fail(tb_yaml_get(outside, "case"), err,
                            "no case is named '%s'; name one of `cases`, or '" TB_DENSE_CASE "'",
                            run->case_name);
    }
    if (run->dense_steps > tb_network_steps(network)) {
        return tb_yaml_fail(tb_yaml_get(outside, "dense_steps"), err,
                            "%lld dense steps; the fact `steps` of the network says %lld",
                            (long long)run->dense_steps, (long long)tb_network_steps(network));
    }
    return TB_OK;
}

static tb_status read_network(tb_network *network, tb_error *err)
{
    const tb_yaml_node *root = tb_yaml_root(network->file);
    tb_status status = tb_yaml_check_schema(network->file, "network", err);
    if (status == TB_OK) {
        status = tb_yaml_check_keys(root, network_keys, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(root, "name", true, &network->name, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(root, "summary", true, &network->summary, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(root, "source", true, &network->source, err);
    }
    if (status == TB_OK) {
        status = read_facts(root, network, err);
    }
    if (status == TB_OK) {
        status = read_cases(root, network, err);
    }
    if (status == TB_OK) {
        status = tb_network_rest_read(root, network->layout.rank, network->layers, network->arena,
                                      &network->rest, err);
    }
    return status == TB_OK ? check_outside(root, network, err) : status;
}

tb_status tb_network_load(const char *name, tb_network **out, tb_error *err)
{
    tb_network *network = calloc(1, sizeof *network);
    if (network == NULL) {
        return no_memory(err);
    }
    const char *path = NULL;
    network->arena = tb_arena_create();
    tb_status status = network->arena == NULL ? no_memory(err) : TB_OK;
    if (status == TB_OK) {
        status = tb_catalogue_find(TB_CATALOGUE_NETWORK, name, network->arena, &path, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_read(path, &network->file, err);
    }
    if (status == TB_OK) {
        status = read_network(network, err);
    }
    if (status != TB_OK) {
        tb_network_destroy(network);
        return status;
    }
    *out = network;
    return TB_OK;
}

void tb_network_destroy(tb_network *network)
{
    if (network != NULL) {
        tb_yaml_destroy(network->file);
        tb_arena_destroy(network->arena);
        free(network);
    }
}

const tb_network_case *tb_network_find_case(const tb_network *network, const char *name)
{
    for (size_t i = 0; i < network->case_count; i++) {
        if (strcmp(network->cases[i].name, name) == 0) {
            return &network->cases[i];
        }
    }
    return NULL;
}

const tb_layer_group *tb_network_layer(const tb_network_case *which, int64_t layer)
{
    for (size_t g = 0; g < which->group_count; g++) {
        for (size_t i = 0; i < which->groups[g].layer_count; i++) {
            if (which->groups[g].layers[i] == layer) {
                return &which->groups[g];
            }
        }
    }
    return NULL;
}
