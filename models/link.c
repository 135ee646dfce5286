#include "link.h"

#include "arena.h"
#include "catalogue.h"
#include "yaml_fields.h"

#include <math.h>
#include <stdlib.h>

static const char *const link_keys[] = {"schema",     "name",    "summary", "gb_per_s", "of_device",
                                        "latency_us", "assumed", "sources", NULL};
static const char *const of_device_keys[] = {"value", "part", NULL};

static tb_status need_number(const tb_yaml_node *map, const char *key, double *out, tb_error *err)
{
    const tb_yaml_node *node = NULL;
    tb_status status = tb_yaml_need(map, key, &node, err);
    return status == TB_OK ? tb_yaml_double(node, 0, HUGE_VAL, out, err) : status;
}

static tb_status read_bandwidth(const tb_yaml_node *root, tb_link_facts *link, tb_error *err)
{
    const tb_yaml_node *map = tb_yaml_get(root, "of_device"), *value = NULL;
    const tb_yaml_node *number = tb_yaml_get(root, "gb_per_s");
    size_t key = 0;
    if ((map == NULL) == (number == NULL)) {
        return tb_yaml_fail(root, err, "a link has gb_per_s or of_device; give one of them");
    }
    if (map == NULL) {
        tb_status status = tb_yaml_double(number, 0, HUGE_VAL, &link->gb_per_s, err);
        return status == TB_OK && !(link->gb_per_s > 0)
                   ? tb_yaml_fail(number, err, "a link's bandwidth is above 0")
                   : status;
    }
    tb_status status = tb_yaml_check_keys(map, of_device_keys, err);
    if (status == TB_OK) {
        status = tb_yaml_need(map, "value", &value, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_choice(value, tb_device_value_names, TB_DEVICE_KEY_COUNT, &key, err);
    }
    link->is_of_device = true;
    link->key = (tb_device_key)key;
    return status == TB_OK ? need_number(map, "part", &link->part, err) : status;
}

static tb_status read_link(tb_link_facts *link, tb_error *err)
{
    const tb_yaml_node *root = tb_yaml_root(link->file);
    tb_status status = tb_yaml_check_keys(root, link_keys, err);
    if (status == TB_OK) {
        status = tb_field_text(root, "name", true, &link->name, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(root, "summary", true, &link->summary, err);
    }
    if (status == TB_OK) {
        status = read_bandwidth(root, link, err);
    }
    if (status == TB_OK) {
        status = need_number(root, "latency_us", &link->latency_us, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(root, "assumed", false, &link->assumed, err);
    }
    return status == TB_OK ? tb_field_texts(tb_yaml_get(root, "sources"), link->arena,
                                            &link->sources, &link->source_count, err)
                           : status;
}

static tb_status load(const char *name, tb_link_facts *link, tb_error *err)
{
    const char *path = NULL;
    tb_status status = tb_catalogue_find(TB_CATALOGUE_LINK, name, link->arena, &path, err);
    if (status == TB_OK) {
        status = tb_yaml_read(path, &link->file, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_check_schema(link->file, "link", err);
    }
    return status == TB_OK ? read_link(link, err) : status;
}

tb_status tb_link_load(const char *name, tb_link_facts **out, tb_error *err)
{
    tb_link_facts *link = calloc(1, sizeof *link);
    if (link == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a link");
    }
    link->arena = tb_arena_create();
    tb_status status = link->arena == NULL ? tb_fail(err, TB_ENOMEM, "no memory for a link")
                                           : load(name, link, err);
    if (status != TB_OK) {
        tb_link_destroy(link);
        return status;
    }
    *out = link;
    return TB_OK;
}

void tb_link_destroy(tb_link_facts *link)
{
    if (link != NULL) {
        tb_yaml_destroy(link->file);
        tb_arena_destroy(link->arena);
        free(link);
    }
}

tb_status tb_link_of(const tb_link_facts *facts, const tb_device *device, tb_link *out,
                     bool *is_assumed, tb_error *err)
{
    double gb_per_s = facts->gb_per_s;
    if (facts->is_of_device) {
        double value = 0;
        tb_status status = tb_device_need(device, facts->key, &value, err);
        if (status != TB_OK) {
            return status;
        }
        if (!(value > 0)) {
            return tb_fail(err, TB_EINVAL, "%s has no %s (%s is 0); name another link",
                           device->name, facts->name, tb_device_value_names[facts->key]);
        }
        gb_per_s = value * facts->part;
    }
    *out = (tb_link){.latency_us = facts->latency_us, .gb_per_s = gb_per_s};
    *is_assumed = facts->assumed != NULL ||
                  (facts->is_of_device && device->values[facts->key].origin == TB_VALUE_ASSUMED);
    return TB_OK;
}
