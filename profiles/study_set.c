#include "study_set.h"

#include "study_models.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_NAMES 1024

/* "; did you mean 'sm_count'?", or where the names are to be found. */
static bool is_known(const tb_study *study, const char *name, char advice[static 160])
{
    const char *names[MOST_NAMES];
    size_t count = tb_study_models_set_names(study->models, names, MOST_NAMES);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    const char *nearest = tb_text_nearest(name, names, count);
    if (nearest != NULL) {
        (void)snprintf(advice, 160, "did you mean '%s'?", nearest);
    } else {
        (void)snprintf(advice, 160, "'tilebound list devices NAME' shows what it has");
    }
    return false;
}

static tb_status check_name(const tb_study *study, const tb_yaml_node *node, const char *name,
                            tb_error *err)
{
    char advice[160];
    return is_known(study, name, advice)
               ? TB_OK
               : tb_yaml_fail(node, err, "no device or mechanism here has a value '%s'; %s", name,
                              advice);
}

static tb_status check_number(const tb_yaml_node *node, tb_error *err)
{
    double ignored;
    return tb_yaml_is_null(node) ? TB_OK : tb_yaml_double(node, -HUGE_VAL, HUGE_VAL, &ignored, err);
}

static tb_status check_option(const tb_study *study, const char *assignment, tb_error *err)
{
    char name[64], advice[160];
    double ignored;
    const char *equals = strchr(assignment, '=');
    size_t length = equals != NULL ? (size_t)(equals - assignment) : 0;
    if (length == 0 || length >= sizeof name || !tb_text_double(equals + 1, &ignored)) {
        return tb_fail(err, TB_EINVAL,
                       "'%s' sets nothing; give key=number, as memory_bandwidth_gb_per_s=6000",
                       assignment);
    }
    memcpy(name, assignment, length);
    name[length] = '\0';
    return is_known(study, name, advice)
               ? TB_OK
               : tb_fail(err, TB_EINVAL, "no device or mechanism here has a value '%s'; %s", name,
                         advice);
}

/* Where an entry, or an axis of it, says something; NULL when neither does. */
static const tb_yaml_node *place_of(const tb_study_entry *entry, const char *key)
{
    const tb_yaml_node *place = tb_yaml_get(entry->node, key);
    for (size_t a = 0; place == NULL && a < entry->axes.count; a++) {
        place = strcmp(entry->axes.axis[a].path, key) == 0 ? entry->axes.axis[a].key : NULL;
    }
    return place;
}

static tb_status check_map(const tb_study *study, const tb_yaml_node *set, tb_error *err)
{
    tb_status status = TB_OK;
    if (!tb_yaml_is_map(set)) {
        return tb_yaml_fail(set, err, "a mapping from names to numbers is needed here");
    }
    for (size_t i = 0; status == TB_OK && i < tb_yaml_count(set); i++) {
        status = check_name(study, tb_yaml_key_node(set, i), tb_yaml_key(set, i), err);
        status = status == TB_OK ? check_number(tb_yaml_item(set, i), err) : status;
    }
    return status;
}

static tb_status check_axis(const tb_study *study, const tb_study_axis *axis, tb_error *err)
{
    tb_status status = check_name(study, axis->key, strchr(axis->path, '.') + 1, err);
    for (size_t i = 0; axis->kind == TB_AXIS_LIST && i < tb_yaml_count(axis->values); i++) {
        status = status == TB_OK ? check_number(tb_yaml_item(axis->values, i), err) : status;
    }
    return status;
}

/* Where the entry itself sets a value, or NULL; what it sets is checked. */
static tb_status check_entry(const tb_study *study, const tb_study_entry *entry,
                             const tb_yaml_node **out, tb_error *err)
{
    const tb_yaml_node *set = tb_yaml_get(entry->node, "set");
    tb_status status = set != NULL ? check_map(study, set, err) : TB_OK;
    *out = set;
    for (size_t a = 0; status == TB_OK && a < entry->axes.count; a++) {
        const tb_study_axis *axis = &entry->axes.axis[a];
        if (strncmp(axis->path, "set.", 4) == 0) {
            *out = axis->key;
            status = check_axis(study, axis, err);
        }
    }
    return status;
}

/* Values, and a baseline's kernel, are of a device. */
static tb_status check_device(const tb_study *study, const tb_study_entry *entry,
                              const tb_yaml_node *set, tb_error *err)
{
    const tb_study_options *options = &study->options;
    bool has_device = options->device != NULL || place_of(entry, "device") != NULL;
    bool has_any = has_device || place_of(entry, "mechanism") != NULL;
    const tb_yaml_node *baseline = place_of(entry, "baseline_kernel");
    if (!has_any && set != NULL) {
        return tb_yaml_fail(set, err, "a value is set, of no device; give device");
    }
    if (!has_device && baseline != NULL) {
        return tb_yaml_fail(baseline, err, "a baseline's kernel without a device; give device");
    }
    if ((!has_any && options->set_count > 0) || (!has_device && options->baseline_kernel != NULL)) {
        return tb_fail(err, TB_EINVAL,
                       "--set and --baseline-kernel need a device, and entry '%s' has none; give "
                       "--device",
                       entry->name);
    }
    return TB_OK;
}

tb_status tb_study_set_check(const tb_study *study, tb_error *err)
{
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < study->options.set_count; i++) {
        status = check_option(study, study->options.set[i], err);
    }
    for (size_t e = 0; status == TB_OK && e < study->entry_count; e++) {
        const tb_yaml_node *set = NULL;
        status = check_entry(study, &study->entries[e], &set, err);
        status = status == TB_OK ? check_device(study, &study->entries[e], set, err) : status;
    }
    return status;
}
