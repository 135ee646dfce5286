#include "study_point.h"

#include "study_models.h"

#include <stdio.h>
#include <string.h>

/* The assignments of options and entry, joined by '\n', into worker->wanted behind a name. */
static tb_status list_set(tb_study_worker *worker, const char *name, const tb_yaml_node *node,
                          tb_error *err)
{
    const tb_study_options *options = &worker->study->options;
    const tb_yaml_node *set = tb_yaml_get(node, "set");
    tb_buffer *out = &worker->wanted;
    out->length = 0;
    tb_buffer_text(out, name);
    for (size_t i = 0; i < options->set_count; i++) {
        tb_buffer_printf(out, "\n%s", options->set[i]);
    }
    if (set != NULL && !tb_yaml_is_map(set)) {
        return tb_yaml_fail(set, err, "a mapping from names to numbers is needed here");
    }
    for (size_t i = 0; set != NULL && i < tb_yaml_count(set); i++) {
        const char *value = "";
        if (tb_yaml_is_null(tb_yaml_item(set, i))) {
            continue;
        }
        tb_status status = tb_yaml_text(tb_yaml_item(set, i), &value, err);
        if (status != TB_OK) {
            return status;
        }
        tb_buffer_printf(out, "\n%s=%s", tb_yaml_key(set, i), value);
    }
    return tb_buffer_check(out, err);
}

static bool has_parameter(const tb_mechanism *mechanism, const char *assignment)
{
    size_t length = strcspn(assignment, "=");
    for (size_t i = 0; mechanism != NULL && i < mechanism->parameter_count; i++) {
        const char *name = mechanism->parameters[i].name;
        if (strlen(name) == length && strncmp(name, assignment, length) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_of_device(const char *assignment)
{
    size_t length = strcspn(assignment, "=");
    for (size_t i = 0; i < TB_DEVICE_KEY_COUNT; i++) {
        const char *name = tb_device_value_names[i];
        if (strlen(name) == length && strncmp(name, assignment, length) == 0) {
            return true;
        }
    }
    return false;
}

/* As predict has it: a mechanism's parameter first, else a value of the device. */
static tb_status apply_set(tb_study_worker *worker, tb_mechanism *mechanism, tb_device *device,
                           tb_error *err)
{
    char assignment[200];
    tb_status status = TB_OK;
    const char *at = strchr(worker->wanted.data, '\n');
    while (status == TB_OK && at != NULL) {
        const char *end = strchr(at + 1, '\n');
        int length = end != NULL ? (int)(end - at - 1) : (int)strlen(at + 1);
        if (length >= (int)sizeof assignment) {
            return tb_fail(err, TB_EINVAL, "a value of %d characters is set; give a number",
                           length);
        }
        (void)snprintf(assignment, sizeof assignment, "%.*s", length, at + 1);
        bool of_mechanism = mechanism != NULL &&
                            (has_parameter(mechanism, assignment) || !is_of_device(assignment));
        if (of_mechanism) {
            status = tb_mechanism_set(mechanism, assignment, err);
        } else if (device != NULL) {
            status = tb_device_set(device, assignment, err);
        } else {
            return tb_fail(err, TB_EINVAL, "set '%s' without a device; give device", assignment);
        }
        at = end;
    }
    return status;
}

static tb_status copy_key(const tb_buffer *from, tb_buffer *to, tb_error *err)
{
    to->length = 0;
    tb_buffer_append(to, from->data, from->length);
    return tb_buffer_check(to, err);
}

static bool is_key(const tb_buffer *key, const tb_buffer *wanted)
{
    return key->length == wanted->length && key->length > 0 &&
           memcmp(key->data, wanted->data, key->length) == 0;
}

/* The device of a point: shared, or a copy with values set. */
tb_status tb_point_device(tb_study_worker *worker, const tb_point_case *point,
                          const tb_device **out, tb_error *err)
{
    *out = tb_study_models_device(worker->study->models, point->device);
    tb_status status =
        list_set(worker, point->device != NULL ? point->device : "", point->node, err);
    if (status != TB_OK || strchr(worker->wanted.data, '\n') == NULL) {
        return status;
    }
    if (point->device == NULL) {
        return tb_fail(err, TB_EINVAL, "values are set, of no device; give device");
    }
    if (!is_key(&worker->device_key, &worker->wanted)) {
        tb_device_destroy(worker->device);
        worker->device = NULL;
        worker->device_key.length = 0;
        status = tb_device_load(point->device, &worker->device, err);
        status = status == TB_OK ? apply_set(worker, NULL, worker->device, err) : status;
        status = status == TB_OK ? copy_key(&worker->wanted, &worker->device_key, err) : status;
    }
    *out = worker->device;
    return status;
}

/* The mechanism of a point and its device, copies with values set. */
tb_status tb_point_mechanism(tb_study_worker *worker, const tb_point_case *point,
                             const tb_device **out, tb_error *err)
{
    char name[400];
    (void)snprintf(name, sizeof name, "%s@%s", point->mechanism,
                   point->device != NULL ? point->device : "");
    tb_status status = list_set(worker, name, point->node, err);
    if (status == TB_OK && !is_key(&worker->mechanism_key, &worker->wanted)) {
        tb_mechanism_destroy(worker->mechanism);
        tb_device_destroy(worker->mechanism_device);
        worker->mechanism = NULL;
        worker->mechanism_device = NULL;
        worker->mechanism_key.length = 0;
        status = tb_mechanism_load(point->mechanism, &worker->mechanism, err);
        if (status == TB_OK && point->device != NULL) {
            status = tb_device_load(point->device, &worker->mechanism_device, err);
        }
        status = status == TB_OK
                     ? apply_set(worker, worker->mechanism, worker->mechanism_device, err)
                     : status;
        status = status == TB_OK ? copy_key(&worker->wanted, &worker->mechanism_key, err) : status;
    }
    *out = worker->mechanism_device;
    return status;
}
