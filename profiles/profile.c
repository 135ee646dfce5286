#include "profile.h"

#include "catalogue.h"
#include "profile_csv.h"
#include "profile_file.h"
#include "yaml_fields.h"

#include <stdlib.h>
#include <string.h>

const char *const tb_run_kind_names[TB_RUN_KIND_COUNT] = {"dense", "window", "sparse",
                                                          "end-to-end"};
const char *const tb_run_includes_names[TB_RUN_INCLUDES_COUNT] = {
    "attention", "attention+permutation", "end-to-end"};

static const char *const profile_keys[] = {"schema", "name",        "summary", "source", "notes",
                                           "runs",   "environment", "device",  "bounds", NULL};

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a profile");
}

const tb_run *tb_profile_find(const tb_profile *profile, const char *id)
{
    for (size_t i = 0; i < profile->count; i++) {
        if (strcmp(profile->runs[i].id, id) == 0) {
            return &profile->runs[i];
        }
    }
    return NULL;
}

tb_case tb_run_case(const tb_run *run, const tb_kernel *kernel)
{
    tb_case item = run->item;
    tb_layout *layout = &item.problem.layout;
    bool sees_order_only =
        item.pattern.kind == TB_PATTERN_DENSE || item.pattern.kind == TB_PATTERN_CAUSAL;
    if (sees_order_only && kernel->tiling == TB_TILING_SINGLE_DIM) {
        *layout = (tb_layout){.rank = 1, .extent = {tb_layout_tokens(layout)}};
    }
    return item;
}

static tb_status resolve_baseline(const tb_profile *profile, const tb_yaml_node *node, tb_run *run,
                                  tb_error *err)
{
    const tb_yaml_node *name = tb_yaml_get(node, "baseline");
    const char *id = NULL;
    if (name == NULL) {
        return TB_OK;
    }
    tb_status status = tb_yaml_text(name, &id, err);
    if (status != TB_OK) {
        return status;
    }
    const tb_run *baseline = tb_profile_find(profile, id);
    if (baseline == NULL || baseline == run) {
        return tb_yaml_fail(name, err, "baseline '%s' is %s; name another run of this file", id,
                            baseline == NULL ? "no run here" : "the run itself");
    }
    run->has_baseline = true;
    run->baseline = (size_t)(baseline - profile->runs);
    return TB_OK;
}

static tb_status read_runs(tb_profile *profile, const tb_yaml_node *list, tb_error *err)
{
    size_t count = tb_yaml_count(list);
    profile->runs = tb_arena_array(profile->arena, count + 1, sizeof *profile->runs);
    if (profile->runs == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        const tb_yaml_node *node = tb_yaml_item(list, i);
        tb_run *run = &profile->runs[i];
        tb_status status = tb_run_read(node, profile, run, err);
        if (status == TB_OK && tb_profile_find(profile, run->id) != NULL) {
            status = tb_yaml_fail(tb_yaml_get(node, "id"), err,
                                  "a second run '%s'; an id stands for one run", run->id);
        }
        if (status != TB_OK) {
            tb_case_release(&run->item);
            return status;
        }
        profile->count++;
    }
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        status = resolve_baseline(profile, tb_yaml_item(list, i), &profile->runs[i], err);
    }
    return status;
}

static tb_status read_head(tb_profile *profile, const tb_yaml_node *root, tb_error *err)
{
    tb_status status = tb_yaml_check_schema(profile->file, "profile", err);
    if (status == TB_OK) {
        status = tb_yaml_check_keys(root, profile_keys, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(root, "name", true, &profile->name, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(root, "summary", true, &profile->summary, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(root, "source", false, &profile->source, err);
    }
    if (status == TB_OK) {
        status = tb_environment_parse(tb_yaml_get(root, "environment"), &profile->environment, err);
    }
    const tb_yaml_node *device = tb_yaml_get(root, "device");
    if (status == TB_OK && device != NULL) {
        status = tb_device_read(device, &profile->device, err);
    }
    return status == TB_OK ? tb_field_texts(tb_yaml_get(root, "notes"), profile->arena,
                                            &profile->notes, &profile->note_count, err)
                           : status;
}

static tb_status read_profile(tb_profile *profile, tb_error *err)
{
    const tb_yaml_node *root = tb_yaml_root(profile->file);
    tb_status status = read_head(profile, root, err);
    if (status != TB_OK) {
        return status;
    }
    const tb_yaml_node *runs = tb_yaml_get(root, "runs"), *bounds = tb_yaml_get(root, "bounds");
    if ((runs == NULL) == (bounds == NULL)) {
        return tb_yaml_fail(root, err, "%s; a profile has a list of runs, or one of bounds",
                            runs == NULL ? "neither runs nor bounds" : "both runs and bounds");
    }
    profile->holds_bounds = bounds != NULL;
    const tb_yaml_node *list = bounds != NULL ? bounds : runs;
    /* a measurement of which nothing came says why */
    size_t least = runs != NULL && profile->note_count > 0 ? 0 : 1;
    if (!tb_yaml_is_list(list) || tb_yaml_count(list) < least) {
        return tb_yaml_fail(list, err, "a list of at least one is needed here");
    }
    return read_runs(profile, list, err);
}

static tb_profile *make_profile(void)
{
    tb_profile *profile = calloc(1, sizeof *profile);
    if (profile == NULL) {
        return NULL;
    }
    profile->arena = tb_arena_create();
    if (profile->arena == NULL) {
        free(profile);
        return NULL;
    }
    return profile;
}

static tb_status finish(tb_profile *profile, tb_status status, tb_profile **out, tb_error *err)
{
    if (status == TB_OK) {
        status = read_profile(profile, err);
    }
    if (status != TB_OK) {
        tb_profile_destroy(profile);
        return status;
    }
    *out = profile;
    return TB_OK;
}

tb_status tb_profile_load(const char *name, tb_profile **out, tb_error *err)
{
    tb_profile *profile = make_profile();
    if (profile == NULL) {
        return no_memory(err);
    }
    tb_status status =
        tb_catalogue_find(TB_CATALOGUE_PROFILE, name, profile->arena, &profile->path, err);
    if (status == TB_OK) {
        status = tb_profile_is_csv(profile->path)
                     ? tb_profile_csv_read(profile->path, &profile->file, err)
                     : tb_yaml_read(profile->path, &profile->file, err);
    }
    return finish(profile, status, out, err);
}

tb_status tb_profile_from_tree(struct tb_yaml *tree, const char *path, tb_profile **out,
                               tb_error *err)
{
    tb_profile *profile = make_profile();
    if (profile == NULL) {
        tb_yaml_destroy(tree);
        return no_memory(err);
    }
    profile->file = tree;
    profile->path = tb_arena_text(profile->arena, path, strlen(path));
    return finish(profile, profile->path == NULL ? no_memory(err) : TB_OK, out, err);
}

void tb_profile_destroy(tb_profile *profile)
{
    if (profile == NULL) {
        return;
    }
    for (size_t i = 0; i < profile->count; i++) {
        tb_case_release(&profile->runs[i].item);
    }
    tb_device_destroy(profile->device);
    tb_yaml_destroy(profile->file);
    tb_arena_destroy(profile->arena);
    free(profile);
}
