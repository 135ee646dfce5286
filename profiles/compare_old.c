#include "compare_old.h"

#include "arena.h"
#include "yaml_doc.h"
#include "yaml_fields.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAME_ERROR_PERCENT 0.005

const char *const tb_change_kind_names[TB_CHANGE_KIND_COUNT] = {"error", "new", "gone"};

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for an old comparison");
}

static tb_status need_number(const tb_yaml_node *map, const char *key, double *out, tb_error *err)
{
    const tb_yaml_node *node = NULL;
    tb_status status = tb_yaml_need(map, key, &node, err);
    return status == TB_OK ? tb_yaml_double(node, -HUGE_VAL, HUGE_VAL, out, err) : status;
}

static tb_status read_run(const tb_yaml_node *node, tb_old_run *out, tb_error *err)
{
    tb_status status = tb_field_text(node, "profile", true, &out->profile, err);
    if (status == TB_OK) {
        status = tb_field_text(node, "id", true, &out->id, err);
    }
    return status == TB_OK ? need_number(node, "error_percent", &out->error_percent, err) : status;
}

static tb_status read_summary(const tb_yaml_node *root, tb_old_comparison *old, tb_error *err)
{
    const tb_yaml_node *summary = NULL, *mape;
    int64_t n = 0;
    tb_status status = tb_yaml_need(root, "summary", &summary, err);
    if (status == TB_OK) {
        status = tb_field_int(summary, "n", 0, &n, err);
    }
    if (status != TB_OK) {
        return status;
    }
    old->n = (size_t)n;
    mape = tb_yaml_get(summary, "mape_percent");
    old->mape_percent.given = mape != NULL;
    return mape == NULL ? TB_OK : tb_yaml_double(mape, 0, HUGE_VAL, &old->mape_percent.value, err);
}

static tb_status read_runs(const tb_yaml_node *root, tb_old_comparison *old, tb_error *err)
{
    const tb_yaml_node *list = NULL;
    tb_status status = tb_yaml_need(root, "runs", &list, err);
    if (status != TB_OK) {
        return status;
    }
    if (!tb_yaml_is_list(list)) {
        return tb_yaml_fail(list, err, "a list of runs is needed here");
    }
    old->runs = tb_arena_array(old->arena, tb_yaml_count(list), sizeof *old->runs);
    if (old->runs == NULL) {
        return no_memory(err);
    }
    for (; status == TB_OK && old->count < tb_yaml_count(list); old->count++) {
        status = read_run(tb_yaml_item(list, old->count), &old->runs[old->count], err);
    }
    return status;
}

static tb_status read_old(tb_old_comparison *old, tb_error *err)
{
    tb_status status = tb_yaml_read(old->path, &old->file, err);
    if (status == TB_OK) {
        status = tb_yaml_check_schema(old->file, "compare", err);
    }
    if (status == TB_OK) {
        status = read_summary(tb_yaml_root(old->file), old, err);
    }
    return status == TB_OK ? read_runs(tb_yaml_root(old->file), old, err) : status;
}

tb_status tb_old_comparison_load(const char *path, tb_old_comparison **out, tb_error *err)
{
    tb_old_comparison *old = calloc(1, sizeof *old);
    if (old == NULL) {
        return no_memory(err);
    }
    old->arena = tb_arena_create();
    old->path = old->arena != NULL ? tb_arena_text(old->arena, path, strlen(path)) : NULL;
    tb_status status = old->path == NULL ? no_memory(err) : read_old(old, err);
    if (status != TB_OK) {
        tb_old_comparison_destroy(old);
        return status;
    }
    *out = old;
    return TB_OK;
}

void tb_old_comparison_destroy(tb_old_comparison *old)
{
    if (old != NULL) {
        tb_yaml_destroy(old->file);
        tb_arena_destroy(old->arena);
        free(old);
    }
}

static const tb_old_run *find_old(const tb_old_comparison *old, const tb_compared_run *run)
{
    for (size_t i = 0; i < old->count; i++) {
        if (strcmp(old->runs[i].id, run->run->id) == 0 &&
            strcmp(old->runs[i].profile, run->profile->name) == 0) {
            return &old->runs[i];
        }
    }
    return NULL;
}

static bool is_compared_now(const tb_comparison *now, const tb_old_run *old)
{
    for (size_t i = 0; i < now->count; i++) {
        const tb_compared_run *run = &now->runs[i];
        if (run->why_not == NULL && strcmp(run->run->id, old->id) == 0 &&
            strcmp(run->profile->name, old->profile) == 0) {
            return true;
        }
    }
    return false;
}

size_t tb_compare_changes(const tb_comparison *now, const tb_old_comparison *old, tb_change *out)
{
    size_t count = 0;
    for (size_t i = 0; i < now->count; i++) {
        const tb_compared_run *run = &now->runs[i];
        if (run->why_not != NULL) {
            continue;
        }
        const tb_old_run *before = find_old(old, run);
        double was = before != NULL ? before->error_percent : 0;
        if (before == NULL || fabs(run->error_percent - was) > SAME_ERROR_PERCENT) {
            out[count++] = (tb_change){.kind = before != NULL ? TB_CHANGE_ERROR : TB_CHANGE_NEW,
                                       .profile = run->profile->name,
                                       .id = run->run->id,
                                       .old_error_percent = was,
                                       .error_percent = run->error_percent};
        }
    }
    for (size_t i = 0; i < old->count; i++) {
        if (!is_compared_now(now, &old->runs[i])) {
            out[count++] = (tb_change){.kind = TB_CHANGE_GONE,
                                       .profile = old->runs[i].profile,
                                       .id = old->runs[i].id,
                                       .old_error_percent = old->runs[i].error_percent};
        }
    }
    return count;
}

bool tb_compare_is_worse(const tb_comparison *now, const tb_old_comparison *old)
{
    double mape = now->summary.mape_percent;
    if (!old->mape_percent.given) {
        return false;
    }
    return isnan(mape) || mape > old->mape_percent.value + TB_MAPE_SLACK_PERCENT;
}
