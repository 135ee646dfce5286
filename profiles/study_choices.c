#include "study_choices.h"

#include "yaml_fields.h"

static const char *const parallel_keys[] = {"devices", "method",     "shards",  "ulysses",
                                            "link",    "group_link", "overlap", NULL};

/* One of some names under a key, if it is there. */
static tb_status read_choice(const tb_yaml_node *map, const char *key, const char *const *names,
                             size_t count, size_t *out, tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(map, key);
    return node == NULL ? TB_OK : tb_yaml_choice(node, names, count, out, err);
}

static tb_status check_parallel(const tb_yaml_node *map, const tb_parallel_request *request,
                                tb_error *err)
{
    const tb_yaml_node *ulysses = tb_yaml_get(map, "ulysses"), *shards = tb_yaml_get(map, "shards");
    if ((ulysses != NULL) != (request->method == TB_PARALLEL_HYBRID)) {
        return tb_yaml_fail(ulysses != NULL ? ulysses : map, err,
                            "ulysses is the group of method hybrid; give both or none");
    }
    if (request->method == TB_PARALLEL_ULYSSES && shards != NULL) {
        return tb_yaml_fail(shards, err,
                            "shards of method ulysses, whose devices see all tokens; leave it out");
    }
    return TB_OK;
}

static tb_status read_parallel(const tb_yaml_node *map, tb_parallel_request *out, tb_error *err)
{
    tb_parallel_request made = {.ulysses = 1, .has_overlap = true};
    const tb_yaml_node *devices = NULL, *overlap = NULL;
    size_t method = TB_PARALLEL_RING, order = TB_SHARD_CONTIGUOUS;
    tb_status status = tb_yaml_check_keys(map, parallel_keys, err);
    if (status == TB_OK) {
        status = tb_yaml_need(map, "devices", &devices, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_int(devices, 1, INT64_MAX, &made.devices, err);
    }
    if (status == TB_OK) {
        status = read_choice(map, "method", tb_parallel_method_names, TB_PARALLEL_METHOD_COUNT,
                             &method, err);
    }
    if (status == TB_OK) {
        status =
            read_choice(map, "shards", tb_shard_order_names, TB_SHARD_ORDER_COUNT, &order, err);
    }
    if (status == TB_OK) {
        status = tb_field_int(map, "ulysses", 1, &made.ulysses, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(map, "link", false, &made.link, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(map, "group_link", false, &made.group_link, err);
    }
    overlap = status == TB_OK ? tb_yaml_get(map, "overlap") : NULL;
    if (overlap != NULL) {
        status = tb_yaml_bool(overlap, &made.has_overlap, err);
    }
    made.method = (tb_parallel_method)method;
    made.order = (tb_shard_order)order;
    *out = made;
    return status == TB_OK ? check_parallel(map, &made, err) : status;
}

/* What goes with a problem does not go with a mechanism, and the other way round. */
static tb_status check_mechanism(const tb_yaml_node *entry, tb_error *err)
{
    static const struct {
        const char *key, *why;
        bool of_mechanism;
    } rules[] = {
        {"baseline", "a mechanism states its baseline; leave baseline out", false},
        {"tiles", "a mechanism's stages state their tiles; leave tiles out", false},
        {"schedule", "a mechanism's kernels have their own schedules; leave schedule out", false},
        {"parallel", "parallel shares one problem out; leave it or mechanism out", false},
        {"mechanism_seed", "mechanism_seed of which patterns? give mechanism", true},
    };
    bool has_mechanism = tb_yaml_get(entry, "mechanism") != NULL;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const tb_yaml_node *node = tb_yaml_get(entry, rules[i].key);
        if (node != NULL && rules[i].of_mechanism != has_mechanism) {
            return tb_yaml_fail(node, err, "%s", rules[i].why);
        }
    }
    return TB_OK;
}

static tb_status read_tiles(const tb_yaml_node *entry, bool *wants_best, tb_error *err)
{
    static const char *const names[] = {"default", "best"};
    const tb_yaml_node *tiles = tb_yaml_get(entry, "tiles"), *tiling = tb_yaml_get(entry, "tiling");
    size_t which = 0;
    if (tiles != NULL &&
        (tb_yaml_get(tiling, "q_tile") != NULL || tb_yaml_get(tiling, "kv_tile") != NULL)) {
        return tb_yaml_fail(tiles, err,
                            "tiles beside tiling.q_tile or kv_tile; give the shapes or the choice");
    }
    tb_status status = read_choice(entry, "tiles", names, 2, &which, err);
    *wants_best = which == 1;
    return status;
}

/* A network has a case of its own, or one pattern in every layer. */
static tb_status read_network(const tb_yaml_node *entry, tb_point_choices *out, tb_error *err)
{
    static const char *const others[] = {"mechanism", "baseline", "parallel"};
    const tb_yaml_node *network = tb_yaml_get(entry, "whole_network");
    const tb_yaml_node *name = tb_yaml_get(entry, "network_case");
    const tb_yaml_node *steps = tb_yaml_get(entry, "dense_steps");
    const tb_yaml_node *belongs = name != NULL ? name : steps;
    if (network == NULL && belongs != NULL) {
        return tb_yaml_fail(belongs, err, "%s of which network? give whole_network",
                            name != NULL ? "network_case" : "dense_steps");
    }
    for (size_t i = 0; network != NULL && i < sizeof others / sizeof *others; i++) {
        const tb_yaml_node *other = tb_yaml_get(entry, others[i]);
        if (other != NULL) {
            return tb_yaml_fail(other, err, "%s beside whole_network; leave one of them out",
                                others[i]);
        }
    }
    if (network != NULL && (name != NULL) == (tb_yaml_get(entry, "pattern") != NULL)) {
        return tb_yaml_fail(network, err,
                            "a whole network with %s; give network_case, or the pattern of every "
                            "layer",
                            name != NULL ? "both" : "neither");
    }
    tb_status status = tb_field_text(entry, "whole_network", false, &out->network, err);
    if (status == TB_OK) {
        status = tb_field_text(entry, "network_case", false, &out->network_case, err);
    }
    return status == TB_OK ? tb_field_int(entry, "dense_steps", 0, &out->dense_steps, err) : status;
}

tb_status tb_point_choices_read(const tb_yaml_node *entry, tb_point_choices *out, tb_error *err)
{
    const tb_yaml_node *parallel = tb_yaml_get(entry, "parallel");
    size_t baseline = TB_BASELINE_SELF, schedule = TB_SCHEDULE_HARDWARE;
    int64_t seed = 0;
    *out = (tb_point_choices){.seed = 0};
    tb_status status = check_mechanism(entry, err);
    if (status == TB_OK) {
        status =
            read_choice(entry, "baseline", tb_baseline_names, TB_BASELINE_COUNT, &baseline, err);
    }
    if (status == TB_OK) {
        status = read_tiles(entry, &out->wants_best, err);
    }
    if (status == TB_OK) {
        status = read_choice(entry, "schedule", tb_schedule_policy_names, TB_SCHEDULE_POLICY_COUNT,
                             &schedule, err);
    }
    if (status == TB_OK) {
        status = tb_field_int(entry, "mechanism_seed", 0, &seed, err);
    }
    if (status == TB_OK) {
        status = read_network(entry, out, err);
    }
    if (status == TB_OK && parallel != NULL) {
        status = read_parallel(parallel, &out->parallel, err);
    }
    out->has_schedule = tb_yaml_get(entry, "schedule") != NULL;
    out->schedule = (tb_schedule_policy)schedule;
    out->baseline = (tb_baseline)baseline;
    out->seed = (uint64_t)seed;
    return status;
}
