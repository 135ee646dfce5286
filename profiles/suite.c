#include "suite.h"

#include "arena.h"
#include "case_file.h"
#include "catalogue.h"
#include "suite_axes.h"
#include "yaml_doc.h"
#include "yaml_fields.h"

#include <stdlib.h>

static const char *const suite_keys[] = {"schema", "name", "summary", "problems", NULL};
static const char *const item_keys[] = {"name",    "network", "kernel",    "problem",
                                        "pattern", "tiling",  "published", "cross",
                                        "zip",     "sample",  "seed",      NULL};
static const char *const published_keys[] = {
    "flop_speedup", "tile_speedup", "tile_speedup_worst", "fully_block_sparse", "source", NULL};

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a suite");
}

static tb_status read_speedup(const tb_yaml_node *map, const char *key, bool *found, double *out,
                              tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(map, key);
    *found = node != NULL;
    return node == NULL ? TB_OK : tb_yaml_double(node, 0, 1e30, out, err);
}

static tb_status read_published(const tb_yaml_node *map, tb_published *out, tb_error *err)
{
    if (map == NULL) {
        return TB_OK;
    }
    tb_status status = tb_yaml_check_keys(map, published_keys, err);
    if (status == TB_OK) {
        status = read_speedup(map, "flop_speedup", &out->has_flop_speedup, &out->flop_speedup, err);
    }
    if (status == TB_OK) {
        status = read_speedup(map, "tile_speedup", &out->has_tile_speedup, &out->tile_speedup, err);
    }
    if (status == TB_OK) {
        status = read_speedup(map, "tile_speedup_worst", &out->has_tile_speedup_worst,
                              &out->tile_speedup_worst, err);
    }
    const tb_yaml_node *fully = tb_yaml_get(map, "fully_block_sparse");
    if (status == TB_OK && fully != NULL) {
        out->has_fully_block_sparse = true;
        status = tb_yaml_bool(fully, &out->fully_block_sparse, err);
    }
    return status == TB_OK ? tb_field_text(map, "source", true, &out->source, err) : status;
}

static tb_status read_item(const tb_yaml_node *node, const char *path, tb_suite_item *out,
                           tb_error *err)
{
    out->item = tb_case_default();
    tb_status status = tb_field_text(node, "network", false, &out->network, err);
    if (status == TB_OK) {
        status = tb_field_text(node, "kernel", false, &out->kernel, err);
    }
    if (status == TB_OK) {
        status = tb_case_read_objects(node, path, &out->item, err);
    }
    if (status == TB_OK && out->item.problem.layout.rank == 0) {
        status = tb_yaml_fail(node, err, "problem.layout is missing; give the layout's extents");
    }
    if (status == TB_OK) {
        tb_case_normalize(&out->item);
        status = read_published(tb_yaml_get(node, "published"), &out->published, err);
    }
    return status;
}

/* What only studies have (study.h). */
static tb_status refuse_study(const tb_yaml_node *entry, tb_error *err)
{
    static const char *const keys[] = {
        "device",   "baseline_kernel", "set",           "mechanism",    "baseline",    "tiles",
        "parallel", "mechanism_seed",  "whole_network", "network_case", "dense_steps", "schedule"};
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        const tb_yaml_node *node = tb_yaml_get(entry, keys[k]);
        if (node != NULL) {
            return tb_yaml_fail(node, err,
                                "'%s' is read by sweep alone; run tilebound sweep, or leave it out",
                                keys[k]);
        }
    }
    const tb_yaml_node *sample = tb_yaml_get(entry, "sample");
    if (tb_yaml_is_map(sample)) {
        return tb_yaml_fail(sample, err,
                            "samples with a kind are drawn by sweep alone; run tilebound sweep, or "
                            "give the number of combinations to draw");
    }
    return TB_OK;
}

static tb_status read_axes(const tb_yaml_node *entry, tb_arena *arena, tb_suite_axes *out,
                           tb_error *err)
{
    tb_status status = refuse_study(entry, err);
    if (status == TB_OK) {
        status = tb_yaml_check_keys(entry, item_keys, err);
    }
    if (status == TB_OK) {
        status = tb_suite_axes_read(entry, arena, out, err);
    }
    const tb_yaml_node *published = tb_yaml_get(entry, "published");
    if (status == TB_OK && published != NULL && out->list.count > 0) {
        return tb_yaml_fail(published, err,
                            "published values are of one problem; leave out the "
                            "axes, or these");
    }
    return status;
}

/* The problems that one entry stands for. */
static tb_status read_entry(tb_suite *suite, const tb_yaml_node *entry, const tb_suite_axes *axes,
                            const char *path, tb_error *err)
{
    const char *name = NULL;
    tb_status status = tb_field_text(entry, "name", true, &name, err);
    for (size_t i = 0; status == TB_OK && i < axes->problems; i++) {
        const tb_yaml_node *node = NULL;
        tb_suite_item *item = &suite->items[suite->count];
        status = tb_suite_axes_problem(axes, suite->file, entry, name, i, suite->arena, &node,
                                       &item->name, err);
        if (status == TB_OK) {
            status = read_item(node, path, item, err);
            suite->count++; /* also what was read in part is released */
        }
    }
    return status;
}

static tb_status read_entries(tb_suite *suite, const tb_yaml_node *list, const char *path,
                              tb_error *err)
{
    size_t entries = tb_yaml_count(list), total = 0;
    tb_suite_axes *axes = tb_arena_array(suite->arena, entries, sizeof *axes);
    tb_status status = axes == NULL ? no_memory(err) : TB_OK;
    for (size_t e = 0; status == TB_OK && e < entries; e++) {
        status = read_axes(tb_yaml_item(list, e), suite->arena, &axes[e], err);
        total += axes[e].problems;
    }
    if (status != TB_OK) {
        return status;
    }
    suite->items = tb_arena_array(suite->arena, total, sizeof *suite->items);
    if (suite->items == NULL) {
        return no_memory(err);
    }
    for (size_t e = 0; status == TB_OK && e < entries; e++) {
        status = read_entry(suite, tb_yaml_item(list, e), &axes[e], path, err);
    }
    return status;
}

static tb_status read_suite(tb_suite *suite, const char *path, tb_error *err)
{
    const tb_yaml_node *root = tb_yaml_root(suite->file), *problems = NULL;
    tb_status status = tb_yaml_check_schema(suite->file, "suite", err);
    if (status == TB_OK) {
        status = tb_yaml_check_keys(root, suite_keys, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(root, "name", true, &suite->name, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(root, "summary", true, &suite->summary, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_need(root, "problems", &problems, err);
    }
    if (status != TB_OK) {
        return status;
    }
    if (!tb_yaml_is_list(problems) || tb_yaml_count(problems) == 0) {
        return tb_yaml_fail(problems, err, "a list of problems is needed here");
    }
    return read_entries(suite, problems, path, err);
}

tb_status tb_suite_load(const char *name, tb_suite **out, tb_error *err)
{
    tb_suite *suite = calloc(1, sizeof *suite);
    if (suite == NULL) {
        return no_memory(err);
    }
    const char *path = NULL;
    suite->arena = tb_arena_create();
    tb_status status = suite->arena == NULL ? no_memory(err) : TB_OK;
    if (status == TB_OK) {
        status = tb_catalogue_find(TB_CATALOGUE_SUITE, name, suite->arena, &path, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_read(path, &suite->file, err);
    }
    if (status == TB_OK) {
        status = read_suite(suite, path, err);
    }
    if (status != TB_OK) {
        tb_suite_destroy(suite);
        return status;
    }
    *out = suite;
    return TB_OK;
}

void tb_suite_destroy(tb_suite *suite)
{
    if (suite == NULL) {
        return;
    }
    for (size_t i = 0; i < suite->count; i++) {
        tb_case_release(&suite->items[i].item);
    }
    tb_yaml_destroy(suite->file);
    tb_arena_destroy(suite->arena);
    free(suite);
}
