#include "study.h"

#include "catalogue.h"
#include "checked.h"
#include "file.h"
#include "hash.h"
#include "parallel_case.h"
#include "study_columns.h"
#include "study_masks.h"
#include "study_measure.h"
#include "study_models.h"
#include "study_set.h"
#include "text.h"
#include "yaml_fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST_BYTES ((size_t)16 << 20)

static const char *const suite_keys[] = {"schema", "name", "summary", "problems", NULL};
static const char *const entry_keys[] = {"name",
                                         "network",
                                         "kernel",
                                         "problem",
                                         "pattern",
                                         "tiling",
                                         "published",
                                         "cross",
                                         "zip",
                                         "sample",
                                         "seed",
                                         "device",
                                         "baseline_kernel",
                                         "baseline",
                                         "tiles",
                                         "schedule",
                                         "set",
                                         "mechanism",
                                         "mechanism_seed",
                                         "whole_network",
                                         "network_case",
                                         "dense_steps",
                                         "parallel",
                                         NULL};

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a study");
}

const char *tb_study_checksum(const char *text, size_t length, char out[static 17])
{
    tb_hash hash = tb_hash_begin();
    tb_hash_bytes(&hash, text, length);
    (void)snprintf(out, 17, "%016llx", (unsigned long long)hash.a);
    return out;
}

typedef tb_status add_fn(tb_study_models *models, const char *name, tb_error *err);

/* Load what a node names; complaints get its position. */
static tb_status add_named(tb_study *study, const tb_yaml_node *node, add_fn *adds, tb_error *err)
{
    const char *name = NULL;
    tb_error inner = {0};
    tb_status status = tb_yaml_text(node, &name, err);
    if (status == TB_OK && adds(study->models, name, &inner) != TB_OK) {
        if (inner.code != TB_EINVAL) {
            *err = inner;
            return inner.code;
        }
        return tb_yaml_fail(node, err, "%s", inner.message);
    }
    return status;
}

static const struct {
    const char *key;
    add_fn *adds;
} model_keys[] = {
    {"device", tb_study_models_add_device},
    {"kernel", tb_study_models_add_kernel},
    {"baseline_kernel", tb_study_models_add_kernel},
    {"mechanism", tb_study_models_add_mechanism},
    {"whole_network", tb_study_models_add_network},
    {"parallel.link", tb_study_models_add_link},
    {"parallel.group_link", tb_study_models_add_link},
};

#define MODEL_KEYS (sizeof model_keys / sizeof *model_keys)

/* The models of an axis; a range is none. */
static tb_status add_axis(tb_study *study, const tb_study_axis *axis, add_fn *adds, tb_error *err)
{
    tb_status status = TB_OK;
    if (axis->kind != TB_AXIS_LIST) {
        return tb_yaml_fail(axis->values, err, "a range of names; list them");
    }
    for (size_t i = 0; status == TB_OK && i < tb_yaml_count(axis->values); i++) {
        const tb_yaml_node *name = tb_yaml_item(axis->values, i);
        status = tb_yaml_is_null(name) ? TB_OK : add_named(study, name, adds, err);
    }
    return status;
}

/* The command line decides where it says something; an axis beside it would vary nothing. */
static tb_status refuse_both(const tb_study *study, const tb_study_axis *axis, tb_error *err)
{
    const char *given[MODEL_KEYS] = {study->options.device, study->options.kernel,
                                     study->options.baseline_kernel};
    for (size_t k = 0; k < MODEL_KEYS; k++) {
        if (given[k] != NULL && strcmp(axis->path, model_keys[k].key) == 0) {
            return tb_yaml_fail(axis->key, err,
                                "%s varies here, and is given on the command line too; leave one "
                                "of them out",
                                axis->path);
        }
    }
    return TB_OK;
}

/* What is under "parallel.link", or NULL. */
static const tb_yaml_node *find_path(const tb_yaml_node *node, const char *path)
{
    const char *dot = strchr(path, '.');
    char key[32];
    if (dot == NULL) {
        return tb_yaml_get(node, path);
    }
    (void)snprintf(key, sizeof key, "%.*s", (int)(dot - path), path);
    return find_path(tb_yaml_get(node, key), dot + 1);
}

/* Points on several devices have a link that nobody names. */
static tb_status add_usual_link(tb_study *study, const tb_study_entry *entry, tb_error *err)
{
    bool is_shared = tb_yaml_get(entry->node, "parallel") != NULL;
    for (size_t a = 0; a < entry->axes.count; a++) {
        is_shared = is_shared || strncmp(entry->axes.axis[a].path, "parallel.", 9) == 0;
    }
    return is_shared ? tb_study_models_add_link(study->models, TB_PARALLEL_USUAL_LINK, err) : TB_OK;
}

static tb_status add_models(tb_study *study, const tb_study_entry *entry, tb_error *err)
{
    tb_status status = add_usual_link(study, entry, err);
    for (size_t k = 0; status == TB_OK && k < MODEL_KEYS; k++) {
        const tb_yaml_node *node = find_path(entry->node, model_keys[k].key);
        if (node != NULL) {
            status = add_named(study, node, model_keys[k].adds, err);
        }
        for (size_t a = 0; status == TB_OK && a < entry->axes.count; a++) {
            const tb_study_axis *axis = &entry->axes.axis[a];
            if (strcmp(axis->path, model_keys[k].key) == 0) {
                status = refuse_both(study, axis, err);
                status = status == TB_OK ? add_axis(study, axis, model_keys[k].adds, err) : status;
            }
        }
    }
    return status;
}

static tb_status add_given_models(tb_study *study, tb_error *err)
{
    const tb_study_options *options = &study->options;
    tb_status status = TB_OK;
    if (options->device != NULL) {
        status = tb_study_models_add_device(study->models, options->device, err);
    }
    if (status == TB_OK && options->kernel != NULL) {
        status = tb_study_models_add_kernel(study->models, options->kernel, err);
    }
    if (status == TB_OK && options->baseline_kernel != NULL) {
        status = tb_study_models_add_kernel(study->models, options->baseline_kernel, err);
    }
    return status;
}

/* Rows are told apart by the names of their entries; `entry` is the latest. */
static tb_status refuse_second(const tb_study *study, const tb_study_entry *entry, tb_error *err)
{
    for (const tb_study_entry *other = study->entries; other < entry; other++) {
        if (strcmp(other->name, entry->name) == 0) {
            return tb_yaml_fail(tb_yaml_get(entry->node, "name"), err,
                                "a second entry '%s'; name it otherwise, rows are told apart by it",
                                entry->name);
        }
    }
    return TB_OK;
}

static tb_status read_entry(tb_study *study, const tb_yaml_node *node, tb_study_entry *entry,
                            tb_error *err)
{
    entry->node = node;
    entry->first = study->points;
    tb_status status = tb_yaml_check_keys(node, entry_keys, err);
    if (status == TB_OK) {
        status = tb_field_text(node, "name", true, &entry->name, err);
    }
    if (status == TB_OK) {
        status = refuse_second(study, entry, err);
    }
    if (status == TB_OK) {
        status = tb_study_axes_read(node, study->arena, &entry->axes, err);
    }
    if (status == TB_OK) {
        status = add_models(study, entry, err);
    }
    if (status == TB_OK) {
        status = tb_study_columns_add(study, entry, err);
    }
    if (status == TB_OK && !tb_add_ok(study->points, entry->axes.points, &study->points)) {
        return tb_yaml_fail(node, err, "more than 2^63 - 1 points in all");
    }
    return status;
}

static tb_status read_entries(tb_study *study, const tb_yaml_node *list, tb_error *err)
{
    if (!tb_yaml_is_list(list) || tb_yaml_count(list) == 0) {
        return tb_yaml_fail(list, err, "a list of problems is needed here");
    }
    study->entry_count = tb_yaml_count(list);
    study->entries = tb_arena_array(study->arena, study->entry_count, sizeof *study->entries);
    tb_status status = study->entries != NULL ? TB_OK : no_memory(err);
    for (size_t e = 0; status == TB_OK && e < study->entry_count; e++) {
        status = read_entry(study, tb_yaml_item(list, e), &study->entries[e], err);
    }
    return status;
}

/* The suite's name is its table's too. */
static tb_status read_table_name(const tb_yaml_node *root, const char **out, tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(root, "name");
    tb_status status = tb_field_text(root, "name", true, out, err);
    if (status == TB_OK && (strncasecmp(*out, "tilebound_", 10) == 0 ||
                            strncasecmp(*out, "sqlite_", 7) == 0 || (*out)[0] == '\0')) {
        return tb_yaml_fail(node, err,
                            "'%s' is no name for a study's table; name the suite otherwise", *out);
    }
    return status;
}

static tb_status read_study(tb_study *study, tb_error *err)
{
    const tb_yaml_node *root = tb_yaml_root(study->file), *problems = NULL;
    tb_status status = tb_yaml_check_schema(study->file, "suite", err);
    if (status == TB_OK) {
        status = tb_yaml_check_keys(root, suite_keys, err);
    }
    if (status == TB_OK) {
        status = read_table_name(root, &study->name, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(root, "summary", false, &study->summary, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_need(root, "problems", &problems, err);
    }
    return status == TB_OK ? read_entries(study, problems, err) : status;
}

/* Keep the file's text, and parse that: what is compared later is what was read. */
static tb_status read_text(tb_study *study, const char *name, tb_error *err)
{
    const char *path = NULL;
    tb_file_bytes bytes = {0};
    tb_status status = tb_catalogue_find(TB_CATALOGUE_SUITE, name, study->arena, &path, err);
    if (status == TB_OK) {
        status = tb_file_read(path, MOST_BYTES, &bytes, err);
    }
    study->path = path;
    if (status == TB_OK) {
        status = tb_yaml_parse((const char *)bytes.data, bytes.length, path, &study->file, err);
    }
    if (status == TB_OK) {
        study->text = tb_arena_text(study->arena, (const char *)bytes.data, bytes.length);
        status = study->text != NULL ? TB_OK : no_memory(err);
    }
    tb_file_release(&bytes);
    return status;
}

static tb_status print_settings(tb_study *study, tb_error *err)
{
    const tb_study_options *options = &study->options;
    tb_buffer text = {0};
    tb_buffer_printf(&text, "--device: %s\n", options->device != NULL ? options->device : "-");
    tb_buffer_printf(&text, "--kernel: %s\n", options->kernel != NULL ? options->kernel : "-");
    tb_buffer_printf(&text, "--baseline-kernel: %s\n",
                     options->baseline_kernel != NULL ? options->baseline_kernel : "-");
    for (size_t i = 0; i < options->set_count; i++) {
        tb_buffer_printf(&text, "--set: %s\n", options->set[i]);
    }
    tb_buffer_printf(&text, "--backend: %s\n",
                     options->backend != NULL ? options->backend->name : "-");
    if (options->max_time_s > 0) {
        char number[32];
        tb_buffer_printf(&text, "--max-time: %s\n", tb_text_shortest(options->max_time_s, number));
    }
    tb_study_models_print(study->models, &text);
    tb_study_masks_print(study, &text);
    tb_status status = tb_buffer_check(&text, err);
    if (status == TB_OK) {
        study->settings = tb_arena_text(study->arena, text.data, text.length);
        status = study->settings != NULL ? TB_OK : no_memory(err);
    }
    tb_buffer_free(&text);
    return status;
}

tb_status tb_study_load(const char *name, const tb_study_options *options, tb_study **out,
                        tb_error *err)
{
    tb_study *study = calloc(1, sizeof *study);
    if (study == NULL) {
        return no_memory(err);
    }
    study->options = *options;
    study->arena = tb_arena_create();
    study->models = tb_study_models_create();
    memcpy(study->column, tb_study_columns, sizeof tb_study_columns);
    study->column_count = TB_COLUMN_COUNT;
    tb_status status = study->arena != NULL && study->models != NULL ? TB_OK : no_memory(err);
    if (status == TB_OK) {
        status = read_text(study, name, err);
    }
    if (status == TB_OK) {
        status = add_given_models(study, err);
    }
    if (status == TB_OK) {
        status = read_study(study, err);
    }
    if (status == TB_OK) {
        status = print_settings(study, err);
    }
    if (status == TB_OK) {
        status = tb_study_set_check(study, err);
    }
    if (status == TB_OK) {
        status = tb_study_check(study, err);
    }
    if (status != TB_OK) {
        tb_study_destroy(study);
        return status;
    }
    *out = study;
    return TB_OK;
}

void tb_study_destroy(tb_study *study)
{
    if (study == NULL) {
        return;
    }
    tb_study_measurer_destroy(study->measurer);
    tb_study_models_destroy(study->models);
    tb_yaml_destroy(study->file);
    tb_arena_destroy(study->arena);
    free(study);
}

tb_status tb_study_prepare(tb_study *study, const tb_ranks *ranks, tb_error *err)
{
    const tb_study_options *options = &study->options;
    return options->backend == NULL
               ? TB_OK
               : tb_study_measurer_create(options->backend, options->max_time_s, ranks,
                                          &study->measurer, err);
}

const tb_study_entry *tb_study_entry_of(const tb_study *study, int64_t point)
{
    size_t low = 0, high = study->entry_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (study->entries[middle].first <= point) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return &study->entries[low];
}
