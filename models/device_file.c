/* Reads device files (schema tilebound/device/1). */
#include "arena.h"
#include "catalogue.h"
#include "device.h"
#include "yaml_doc.h"
#include "yaml_fields.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const device_keys[] = {
    "schema",  "name",         "summary",        "aliases",
    "like",    "values",       "assumed",        "compute_capability",
    "derived", "doubtful",     "unsupported",    "notes",
    "sources", "dense_kernel", "default_kernel", "measured",
    "is_cpu",  "base",         "from_base",      "emulated",
    NULL};
static const char *const measured_keys[] = {"median", "low",       "high", "samples",
                                            "method", "published", NULL};
static const char *const assumed_keys[] = {"value", "why", NULL};

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a device");
}

/* The value that key i of a mapping names. */
static tb_status read_key(const tb_yaml_node *map, size_t i, size_t *key, tb_error *err)
{
    return tb_yaml_choice(tb_yaml_key_node(map, i), tb_device_value_names, TB_DEVICE_KEY_COUNT, key,
                          err);
}

static tb_status read_number(const tb_yaml_node *node, tb_device_key key, tb_value_origin origin,
                             tb_device *device, tb_error *err)
{
    double value = 0;
    tb_error range = {0};
    tb_status status = tb_yaml_double(node, 0, HUGE_VAL, &value, err);
    if (status != TB_OK) {
        return status;
    }
    status = tb_device_put(device, key, value, origin, &range);
    return status == TB_OK ? TB_OK : tb_yaml_fail(node, err, "%s", range.message);
}

static tb_status read_values(const tb_yaml_node *root, tb_device *device, tb_error *err)
{
    const tb_yaml_node *map = NULL;
    tb_status status = tb_yaml_need(root, "values", &map, err);
    if (status == TB_OK && !tb_yaml_is_map(map)) {
        return tb_yaml_fail(map, err, "a mapping of values is needed here");
    }
    for (size_t i = 0; status == TB_OK && i < tb_yaml_count(map); i++) {
        size_t key = 0;
        status = read_key(map, i, &key, err);
        if (status != TB_OK || tb_yaml_is_null(tb_yaml_item(map, i))) {
            continue;
        }
        status = read_number(tb_yaml_item(map, i), (tb_device_key)key, TB_VALUE_KNOWN, device, err);
    }
    return status;
}

/* An assumed value fills an unknown one, and never replaces a known one. */
static tb_status read_assumed(const tb_yaml_node *root, tb_device *device, tb_error *err)
{
    const tb_yaml_node *map = tb_yaml_get(root, "assumed");
    tb_status status = TB_OK;
    if (map != NULL && !tb_yaml_is_map(map)) {
        return tb_yaml_fail(map, err, "a mapping of assumed values is needed here");
    }
    for (size_t i = 0; status == TB_OK && map != NULL && i < tb_yaml_count(map); i++) {
        const tb_yaml_node *entry = tb_yaml_item(map, i), *number = NULL, *why = NULL;
        size_t key = 0;
        status = read_key(map, i, &key, err);
        if (status == TB_OK) {
            status = tb_yaml_check_keys(entry, assumed_keys, err);
        }
        if (status == TB_OK) {
            status = tb_yaml_need(entry, "value", &number, err);
        }
        if (status == TB_OK) {
            status = tb_yaml_need(entry, "why", &why, err);
        }
        if (status != TB_OK) {
            return status;
        }
        if (device->values[key].origin == TB_VALUE_KNOWN) {
            return tb_yaml_fail(entry, err, "%s is known; leave the assumption out",
                                tb_device_value_names[key]);
        }
        status = read_number(number, (tb_device_key)key, TB_VALUE_ASSUMED, device, err);
        if (status == TB_OK) {
            status = tb_yaml_text(why, &device->values[key].why, err);
        }
    }
    return status;
}

static tb_status read_lists(const tb_yaml_node *root, tb_device *device, tb_error *err)
{
    const struct {
        const char *key;
        const char *const **out;
        size_t *count;
    } lists[] = {{"aliases", &device->aliases, &device->alias_count},
                 {"notes", &device->notes, &device->note_count},
                 {"doubtful", &device->doubtful, &device->doubtful_count},
                 {"sources", &device->sources, &device->source_count}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        tb_status status = tb_field_texts(tb_yaml_get(root, lists[i].key), device->arena,
                                          lists[i].out, lists[i].count, err);
        if (status != TB_OK) {
            return status;
        }
    }
    return TB_OK;
}

/* A number under `key`; *out is left alone when it is absent. */
static tb_status read_optional(const tb_yaml_node *map, const char *key, double *out, tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(map, key);
    return node == NULL ? TB_OK : tb_yaml_double(node, 0, HUGE_VAL, out, err);
}

static tb_status read_fact(const tb_yaml_node *map, tb_measured_fact *out, tb_error *err)
{
    const tb_yaml_node *median = NULL;
    tb_status status = tb_yaml_check_keys(map, measured_keys, err);
    if (status == TB_OK) {
        status = tb_yaml_need(map, "median", &median, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_double(median, 0, HUGE_VAL, &out->median, err);
    }
    out->low = out->high = out->median;
    if (status == TB_OK) {
        status = read_optional(map, "low", &out->low, err);
    }
    if (status == TB_OK) {
        status = read_optional(map, "high", &out->high, err);
    }
    if (status == TB_OK) {
        status = read_optional(map, "published", &out->published, err);
    }
    if (status == TB_OK) {
        status = tb_field_int(map, "samples", 1, &out->samples, err);
    }
    return status == TB_OK ? tb_field_text(map, "method", false, &out->method, err) : status;
}

static tb_status read_measured(const tb_yaml_node *root, tb_device *device, tb_error *err)
{
    const tb_yaml_node *map = tb_yaml_get(root, "measured");
    if (map == NULL) {
        return TB_OK;
    }
    if (!tb_yaml_is_map(map)) {
        return tb_yaml_fail(map, err, "a mapping of measured facts is needed here");
    }
    size_t count = tb_yaml_count(map);
    tb_measured_fact *facts = tb_arena_array(device->arena, count + 1, sizeof *facts);
    if (facts == NULL) {
        return no_memory(err);
    }
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        facts[i].name = tb_yaml_key(map, i);
        status = read_fact(tb_yaml_item(map, i), &facts[i], err);
    }
    device->measured = facts;
    device->measured_count = count;
    return status;
}

/* Each must be a value that is there. */
static tb_status read_from_base(const tb_yaml_node *root, tb_device *device, tb_error *err)
{
    const tb_yaml_node *list = tb_yaml_get(root, "from_base");
    tb_status status =
        tb_field_texts(list, device->arena, &device->from_base, &device->from_base_count, err);
    for (size_t i = 0; status == TB_OK && i < device->from_base_count; i++) {
        const tb_yaml_node *item = tb_yaml_item(list, i);
        size_t key = 0;
        status = tb_yaml_choice(item, tb_device_value_names, TB_DEVICE_KEY_COUNT, &key, err);
        if (status == TB_OK && device->values[key].origin == TB_VALUE_UNKNOWN) {
            return tb_yaml_fail(item, err, "%s has no value here; leave it out of from_base",
                                tb_device_value_names[key]);
        }
    }
    return status;
}

/* What a device file has that `measure` wrote of a GPU. */
static tb_status read_measurement(const tb_yaml_node *root, tb_device *device, tb_error *err)
{
    const tb_yaml_node *emulated = tb_yaml_get(root, "emulated");
    tb_status status = tb_field_text(root, "base", false, &device->base, err);
    if (status == TB_OK && emulated != NULL) {
        status = tb_yaml_bool(emulated, &device->is_emulated, err);
    }
    if (status == TB_OK) {
        status = read_from_base(root, device, err);
    }
    return status == TB_OK ? read_measured(root, device, err) : status;
}

static tb_status read_device(const tb_yaml_node *root, tb_device *device, tb_error *err)
{
    tb_status status = tb_yaml_check_keys(root, device_keys, err);
    if (status == TB_OK) {
        status = tb_field_text(root, "name", true, &device->name, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(root, "summary", true, &device->summary, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(root, "like", false, &device->like, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(root, "dense_kernel", false, &device->dense_kernel, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(root, "default_kernel", false, &device->default_kernel, err);
    }
    if (status == TB_OK) {
        status = tb_field_int(root, "compute_capability", 10, &device->compute_capability, err);
    }
    const tb_yaml_node *is_cpu = tb_yaml_get(root, "is_cpu");
    if (status == TB_OK && is_cpu != NULL) {
        status = tb_yaml_bool(is_cpu, &device->is_cpu, err);
    }
    if (status == TB_OK) {
        status = read_values(root, device, err);
    }
    if (status == TB_OK) {
        status = read_assumed(root, device, err);
    }
    if (status == TB_OK) {
        status = read_measurement(root, device, err);
    }
    return status == TB_OK ? read_lists(root, device, err) : status;
}

tb_status tb_device_read(const tb_yaml_node *node, tb_device **out, tb_error *err)
{
    tb_device *device = calloc(1, sizeof *device);
    if (device == NULL) {
        return no_memory(err);
    }
    device->arena = tb_arena_create();
    tb_status status = device->arena == NULL ? no_memory(err) : read_device(node, device, err);
    if (status != TB_OK) {
        tb_device_destroy(device);
        return status;
    }
    *out = device;
    return TB_OK;
}

static tb_status load_path(const char *path, tb_device **out, tb_error *err)
{
    tb_device *device = calloc(1, sizeof *device);
    if (device == NULL) {
        return no_memory(err);
    }
    device->arena = tb_arena_create();
    tb_status status = device->arena == NULL ? no_memory(err) : TB_OK;
    if (status == TB_OK) {
        status = tb_yaml_read(path, &device->file, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_check_schema(device->file, "device", err);
    }
    if (status == TB_OK) {
        status = read_device(tb_yaml_root(device->file), device, err);
    }
    if (status != TB_OK) {
        tb_device_destroy(device);
        return status;
    }
    *out = device;
    return TB_OK;
}

/* Aliases stand in the files, so that finding one reads them all. *out stays NULL if none has it.
 */
static tb_status find_alias(const char *name, tb_arena *arena, tb_device **out, tb_error *err)
{
    const char *const *names = NULL, *path = NULL;
    size_t count = 0;
    tb_status status = tb_catalogue_names(TB_CATALOGUE_DEVICE, arena, &names, &count, err);
    for (size_t i = 0; status == TB_OK && *out == NULL && i < count; i++) {
        tb_device *device = NULL;
        status = tb_catalogue_find(TB_CATALOGUE_DEVICE, names[i], arena, &path, err);
        if (status == TB_OK) {
            status = load_path(path, &device, err);
        }
        if (status == TB_OK && tb_device_is_named(device, name)) {
            *out = device;
        } else {
            tb_device_destroy(device);
        }
    }
    return status;
}

tb_status tb_device_load(const char *name, tb_device **out, tb_error *err)
{
    tb_arena *arena = tb_arena_create();
    if (arena == NULL) {
        return no_memory(err);
    }
    const char *path = NULL;
    tb_device *device = NULL;
    tb_error unknown = {0};
    tb_status status = tb_catalogue_find(TB_CATALOGUE_DEVICE, name, arena, &path, &unknown);
    if (status == TB_OK) {
        status = load_path(path, &device, err);
    } else if (status == TB_EINVAL) { /* no file of that name: perhaps an alias */
        status = find_alias(name, arena, &device, err);
        if (status == TB_OK && device == NULL) {
            status = tb_fail(err, TB_EINVAL, "%s", unknown.message);
        }
    } else {
        (void)tb_fail_at(err, status, unknown.file[0] != '\0' ? unknown.file : NULL, unknown.line,
                         unknown.column, "%s", unknown.message);
    }
    tb_arena_destroy(arena);
    if (status == TB_OK) {
        *out = device;
    }
    return status;
}

void tb_device_destroy(tb_device *device)
{
    if (device != NULL) {
        tb_yaml_destroy(device->file);
        tb_arena_destroy(device->arena);
        free(device);
    }
}
