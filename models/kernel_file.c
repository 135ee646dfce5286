/* Reads kernel files (schema tilebound/kernel/1). */
#include "arena.h"
#include "catalogue.h"
#include "kernel.h"
#include "kernel_time_file.h"
#include "yaml_doc.h"
#include "yaml_fields.h"

#include <stdlib.h>
#include <string.h>

#define MAX_EXTENT (INT64_C(1) << 31) /* tokens of a tile in one dimension */

static const char *const kernel_keys[] = {"schema",
                                          "name",
                                          "summary",
                                          "source",
                                          "compute_capabilities",
                                          "compute_capability_min",
                                          "is_for_cpus",
                                          "dtypes",
                                          "policy",
                                          "schedules",
                                          "notes",
                                          "forward",
                                          "backward",
                                          "time",
                                          "fits",
                                          NULL};
static const char *const policy_keys[] = {
    "tiling",   "kv_tiling",           "mask", "permutation", "extra_kv", "gqa",
    "patterns", "backward_stationary", NULL};
static const char *const set_keys[] = {
    "gemm", "dims", "not_on_compute_capabilities", "tiles", "default", "patterns", NULL};
static const char *const stationary_names[] = {"kv"};
static const char *const rank_names[TB_MAX_RANK] = {"1", "2", "3", "4"};
static const char *const rank_keys[] = {"1", "2", "3", "4", NULL};

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a kernel");
}

/* A list of positive integers of any length; an absent node is an empty list. */
static tb_status read_ints(const tb_yaml_node *node, tb_arena *arena, const int64_t **out,
                           size_t *count, tb_error *err)
{
    *count = 0;
    if (node == NULL) {
        return TB_OK;
    }
    int64_t *values = tb_arena_array(arena, tb_yaml_count(node) + 1, sizeof *values);
    if (values == NULL) {
        return no_memory(err);
    }
    *out = values;
    return tb_yaml_int_list(node, tb_yaml_count(node), 1, INT64_MAX, values, count, err);
}

/* A list of names as flags; an absent node sets all of them. */
static tb_status read_flags(const tb_yaml_node *node, const char *const *names, size_t count,
                            bool *flags, tb_error *err)
{
    for (size_t i = 0; i < count; i++) {
        flags[i] = node == NULL;
    }
    if (node != NULL && !tb_yaml_is_list(node)) {
        return tb_yaml_fail(node, err, "a list of names is needed here");
    }
    for (size_t i = 0; node != NULL && i < tb_yaml_count(node); i++) {
        size_t which = 0;
        tb_status status = tb_yaml_choice(tb_yaml_item(node, i), names, count, &which, err);
        if (status != TB_OK) {
            return status;
        }
        flags[which] = true;
    }
    return TB_OK;
}

/* [[q_tile], [kv_tile]] with `rank` entries each */
static tb_status read_pair(const tb_yaml_node *node, size_t rank, tb_tile_pair *pair, tb_error *err)
{
    if (!tb_yaml_is_list(node) || tb_yaml_count(node) != 2) {
        return tb_yaml_fail(node, err, "a pair [[query tile], [KV tile]] is needed here");
    }
    int64_t *sides[2] = {pair->q_tile, pair->kv_tile};
    for (size_t d = 0; d < TB_MAX_RANK; d++) { /* beyond the rank: what changes no product */
        pair->q_tile[d] = pair->kv_tile[d] = 1;
    }
    for (size_t i = 0; i < 2; i++) {
        const tb_yaml_node *side = tb_yaml_item(node, i);
        size_t count = 0;
        tb_status status =
            tb_yaml_int_list(side, TB_MAX_RANK, 1, MAX_EXTENT, sides[i], &count, err);
        if (status != TB_OK) {
            return status;
        }
        if (count != rank) {
            return tb_yaml_fail(side, err, "a tile of %zu dimensions for rank %zu; it needs %zu",
                                count, rank, rank);
        }
    }
    return TB_OK;
}

/* The rank that key i of a mapping by rank names. */
static tb_status read_rank(const tb_yaml_node *map, size_t i, size_t *rank, tb_error *err)
{
    size_t which = 0;
    tb_status status =
        tb_yaml_choice(tb_yaml_key_node(map, i), rank_names, TB_MAX_RANK, &which, err);
    *rank = which + 1;
    return status;
}

static tb_status read_pairs(const tb_yaml_node *list, size_t rank, tb_arena *arena,
                            tb_tile_set *set, tb_error *err)
{
    if (!tb_yaml_is_list(list) || tb_yaml_count(list) == 0) {
        return tb_yaml_fail(list, err, "a list of pairs [[query tile], [KV tile]] is needed here");
    }
    tb_tile_pair *pairs = tb_arena_array(arena, tb_yaml_count(list), sizeof *pairs);
    if (pairs == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < tb_yaml_count(list); i++) {
        tb_status status = read_pair(tb_yaml_item(list, i), rank, &pairs[i], err);
        if (status != TB_OK) {
            return status;
        }
    }
    set->pairs[rank - 1] = pairs;
    set->pair_count[rank - 1] = tb_yaml_count(list);
    return TB_OK;
}

static tb_status read_default(const tb_yaml_node *node, size_t rank, tb_tile_set *set,
                              tb_error *err)
{
    tb_tile_pair wanted = {0};
    tb_status status = read_pair(node, rank, &wanted, err);
    if (status != TB_OK) {
        return status;
    }
    for (size_t i = 0; i < set->pair_count[rank - 1]; i++) {
        if (memcmp(&set->pairs[rank - 1][i], &wanted, sizeof wanted) == 0) {
            set->default_pair[rank - 1] = i;
            return TB_OK;
        }
    }
    return tb_yaml_fail(node, err, "the default is not among the tiles of rank %zu", rank);
}

static tb_status read_tiles(const tb_yaml_node *node, tb_arena *arena, tb_tile_set *set,
                            tb_error *err)
{
    const tb_yaml_node *tiles = NULL, *defaults = tb_yaml_get(node, "default");
    size_t rank = 0;
    tb_status status = tb_yaml_need(node, "tiles", &tiles, err);
    if (status == TB_OK) {
        status = tb_yaml_check_keys(tiles, rank_keys, err);
    }
    for (size_t i = 0; status == TB_OK && i < tb_yaml_count(tiles); i++) {
        status = read_rank(tiles, i, &rank, err);
        if (status == TB_OK) {
            status = read_pairs(tb_yaml_item(tiles, i), rank, arena, set, err);
        }
    }
    if (status == TB_OK && defaults != NULL) {
        status = tb_yaml_check_keys(defaults, rank_keys, err);
    }
    for (size_t i = 0; status == TB_OK && defaults != NULL && i < tb_yaml_count(defaults); i++) {
        status = read_rank(defaults, i, &rank, err);
        if (status == TB_OK) {
            status = read_default(tb_yaml_item(defaults, i), rank, set, err);
        }
    }
    return status;
}

/* The kinds of patterns under `patterns`; all of them when it is absent. */
static tb_status read_patterns(const tb_yaml_node *map, bool *out, tb_error *err)
{
    const char *names[TB_PATTERN_COUNT];
    for (size_t i = 0; i < TB_PATTERN_COUNT; i++) {
        names[i] = tb_pattern_name((tb_pattern_kind)i);
    }
    return read_flags(tb_yaml_get(map, "patterns"), names, TB_PATTERN_COUNT, out, err);
}

static tb_status read_set(const tb_yaml_node *node, tb_arena *arena, tb_tile_set *set,
                          tb_error *err)
{
    tb_status status = tb_yaml_check_keys(node, set_keys, err);
    const tb_yaml_node *gemm = tb_yaml_get(node, "gemm");
    if (status == TB_OK && gemm != NULL) {
        status = tb_yaml_text(gemm, &set->gemm, err);
    }
    if (status == TB_OK) {
        status = read_ints(tb_yaml_get(node, "dims"), arena, &set->dims, &set->dim_count, err);
    }
    if (status == TB_OK) {
        status = read_ints(tb_yaml_get(node, "not_on_compute_capabilities"), arena, &set->not_on,
                           &set->not_on_count, err);
    }
    if (status == TB_OK) {
        status = read_patterns(node, set->patterns, err);
    }
    return status == TB_OK ? read_tiles(node, arena, set, err) : status;
}

static tb_status read_sets(const tb_yaml_node *root, tb_pass pass, tb_kernel *kernel, tb_error *err)
{
    const tb_yaml_node *list = tb_yaml_get(root, tb_pass_names[pass]);
    if (list == NULL) {
        return TB_OK;
    }
    if (!tb_yaml_is_list(list)) {
        return tb_yaml_fail(list, err, "a list of tile sets is needed here");
    }
    tb_tile_set *sets = tb_arena_array(kernel->arena, tb_yaml_count(list) + 1, sizeof *sets);
    if (sets == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < tb_yaml_count(list); i++) {
        tb_status status = read_set(tb_yaml_item(list, i), kernel->arena, &sets[i], err);
        if (status != TB_OK) {
            return status;
        }
    }
    kernel->sets[pass] = sets;
    kernel->set_count[pass] = tb_yaml_count(list);
    return TB_OK;
}

/* The choice under `key` of a mapping, which must be there. */
static tb_status need_choice(const tb_yaml_node *map, const char *key, const char *const *names,
                             size_t count, size_t *out, tb_error *err)
{
    const tb_yaml_node *node = NULL;
    tb_status status = tb_yaml_need(map, key, &node, err);
    return status == TB_OK ? tb_yaml_choice(node, names, count, out, err) : status;
}

/* What a kernel does with extra KV tokens and with grouped heads; the first of each when absent. */
static tb_status read_heads_policy(const tb_yaml_node *policy, tb_kernel *kernel, tb_error *err)
{
    size_t extra_kv = TB_EXTRA_KV_FUSED, gqa = TB_GQA_NATIVE;
    const tb_yaml_node *extra_node = tb_yaml_get(policy, "extra_kv");
    const tb_yaml_node *gqa_node = tb_yaml_get(policy, "gqa");
    tb_status status = TB_OK;
    if (extra_node != NULL) {
        status = tb_yaml_choice(extra_node, tb_extra_kv_policy_names, TB_EXTRA_KV_POLICY_COUNT,
                                &extra_kv, err);
    }
    if (status == TB_OK && gqa_node != NULL) {
        status = tb_yaml_choice(gqa_node, tb_gqa_policy_names, TB_GQA_POLICY_COUNT, &gqa, err);
    }
    kernel->extra_kv = (tb_extra_kv_policy)extra_kv;
    kernel->gqa = (tb_gqa_policy)gqa;
    return status;
}

static tb_status read_policy(const tb_yaml_node *root, tb_kernel *kernel, tb_error *err)
{
    const tb_yaml_node *policy = NULL;
    size_t tiling = 0, kv_tiling = 0, mask = 0, permutation = 0, stationary = 0;
    tb_status status = tb_yaml_need(root, "policy", &policy, err);
    if (status == TB_OK) {
        status = tb_yaml_check_keys(policy, policy_keys, err);
    }
    if (status == TB_OK) {
        status =
            need_choice(policy, "tiling", tb_tiling_kind_names, TB_TILING_KIND_COUNT, &tiling, err);
    }
    if (status == TB_OK) {
        status = need_choice(policy, "kv_tiling", tb_kv_tiling_names, TB_KV_TILING_COUNT,
                             &kv_tiling, err);
    }
    if (status == TB_OK) {
        status =
            need_choice(policy, "mask", tb_mask_policy_names, TB_MASK_POLICY_COUNT, &mask, err);
    }
    if (status == TB_OK) {
        status = need_choice(policy, "permutation", tb_permutation_names, TB_PERMUTATION_COUNT,
                             &permutation, err);
    }
    if (status == TB_OK && kernel->set_count[TB_PASS_BACKWARD] > 0) {
        status = need_choice(policy, "backward_stationary", stationary_names, 1, &stationary, err);
    }
    if (status == TB_OK) {
        status = read_heads_policy(policy, kernel, err);
    }
    kernel->tiling = (tb_tiling_kind)tiling;
    kernel->kv_tiling = (tb_kv_tiling)kv_tiling;
    kernel->mask = (tb_mask_policy)mask;
    kernel->permutation = (tb_permutation)permutation;
    return status == TB_OK ? read_patterns(policy, kernel->patterns, err) : status;
}

static tb_status read_names(const tb_yaml_node *root, tb_kernel *kernel, tb_error *err)
{
    const struct {
        const char *key;
        const char **out;
    } texts[] = {
        {"name", &kernel->name}, {"summary", &kernel->summary}, {"source", &kernel->source}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const tb_yaml_node *node = NULL;
        tb_status status = tb_yaml_need(root, texts[i].key, &node, err);
        if (status == TB_OK) {
            status = tb_yaml_text(node, texts[i].out, err);
        }
        if (status != TB_OK) {
            return status;
        }
    }
    return TB_OK;
}

static tb_status read_kernel(tb_kernel *kernel, tb_error *err)
{
    const tb_yaml_node *root = tb_yaml_root(kernel->file);
    tb_status status = tb_yaml_check_schema(kernel->file, "kernel", err);
    if (status == TB_OK) {
        status = tb_yaml_check_keys(root, kernel_keys, err);
    }
    if (status == TB_OK) {
        status = read_names(root, kernel, err);
    }
    if (status == TB_OK) {
        status = read_ints(tb_yaml_get(root, "compute_capabilities"), kernel->arena,
                           &kernel->compute_capabilities, &kernel->compute_capability_count, err);
    }
    const tb_yaml_node *least = tb_yaml_get(root, "compute_capability_min");
    if (status == TB_OK && least != NULL) {
        status = tb_yaml_int(least, 1, 999, &kernel->compute_capability_min, err);
    }
    const tb_yaml_node *for_cpus = tb_yaml_get(root, "is_for_cpus");
    if (status == TB_OK && for_cpus != NULL) {
        status = tb_yaml_bool(for_cpus, &kernel->is_for_cpus, err);
    }
    if (status == TB_OK) {
        status = read_flags(tb_yaml_get(root, "dtypes"), tb_dtype_names, TB_DTYPE_COUNT,
                            kernel->dtypes, err);
    }
    if (status == TB_OK) {
        status = tb_field_texts(tb_yaml_get(root, "schedules"), kernel->arena, &kernel->schedules,
                                &kernel->schedule_count, err);
    }
    if (status == TB_OK) {
        status = tb_field_texts(tb_yaml_get(root, "notes"), kernel->arena, &kernel->notes,
                                &kernel->note_count, err);
    }
    for (int pass = 0; status == TB_OK && pass < TB_PASS_COUNT; pass++) {
        status = read_sets(root, (tb_pass)pass, kernel, err);
    }
    if (status == TB_OK) {
        status = read_policy(root, kernel, err);
    }
    return status == TB_OK ? tb_kernel_read_time(root, kernel->arena, &kernel->time, err) : status;
}

tb_status tb_kernel_load(const char *name, tb_kernel **out, tb_error *err)
{
    tb_kernel *kernel = calloc(1, sizeof *kernel);
    if (kernel == NULL) {
        return no_memory(err);
    }
    const char *path = NULL;
    kernel->arena = tb_arena_create();
    tb_status status = kernel->arena == NULL ? no_memory(err) : TB_OK;
    if (status == TB_OK) {
        status = tb_catalogue_find(TB_CATALOGUE_KERNEL, name, kernel->arena, &path, err);
        kernel->path = path;
        kernel->asked =
            strchr(name, '/') == NULL ? tb_arena_text(kernel->arena, name, strlen(name)) : path;
    }
    if (status == TB_OK && kernel->asked == NULL) {
        status = no_memory(err);
    }
    if (status == TB_OK) {
        status = tb_yaml_read(path, &kernel->file, err);
    }
    if (status == TB_OK) {
        status = read_kernel(kernel, err);
    }
    if (status != TB_OK) {
        tb_kernel_destroy(kernel);
        return status;
    }
    *out = kernel;
    return TB_OK;
}

void tb_kernel_destroy(tb_kernel *kernel)
{
    if (kernel != NULL) {
        tb_yaml_destroy(kernel->file);
        tb_arena_destroy(kernel->arena);
        free(kernel);
    }
}
