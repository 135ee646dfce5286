#include "study_models.h"

#include "catalogue.h"
#include "file.h"
#include "link.h"
#include "study.h"

#include <stdlib.h>
#include <string.h>

#define MOST_MODELS ((size_t)256)
#define MOST_BYTES  ((size_t)64 << 20)

typedef struct model {
    tb_catalogue_kind kind;
    char *name;
    char checksum[17];
    tb_device *device; /* owned; of its kind */
    tb_kernel *kernel;
    tb_mechanism *mechanism;
    tb_network *network;
} model;

struct tb_study_models {
    model list[MOST_MODELS]; /* by kind and name */
    size_t count;
};

tb_study_models *tb_study_models_create(void)
{
    return calloc(1, sizeof(tb_study_models));
}

static void destroy_model(model *of)
{
    free(of->name);
    tb_device_destroy(of->device);
    tb_kernel_destroy(of->kernel);
    tb_mechanism_destroy(of->mechanism);
    tb_network_destroy(of->network);
}

void tb_study_models_destroy(tb_study_models *models)
{
    for (size_t i = 0; models != NULL && i < models->count; i++) {
        destroy_model(&models->list[i]);
    }
    free(models);
}

/* Where a name is, or would be put; true when it is there. */
static bool find(const tb_study_models *models, tb_catalogue_kind kind, const char *name,
                 size_t *at)
{
    size_t i = 0;
    int order = -1;
    while (i < models->count && order < 0) {
        const model *here = &models->list[i];
        order = here->kind != kind ? (int)here->kind - (int)kind : strcmp(here->name, name);
        i += order < 0;
    }
    *at = i;
    return i < models->count && order == 0;
}

static tb_status sum_file(tb_catalogue_kind kind, model *of, tb_error *err)
{
    const char *path = NULL;
    tb_file_bytes bytes = {0};
    tb_arena *arena = tb_arena_create();
    tb_status status = arena != NULL ? tb_catalogue_find(kind, of->name, arena, &path, err)
                                     : tb_fail(err, TB_ENOMEM, "no memory for a study's models");
    if (status == TB_OK) {
        status = tb_file_read(path, MOST_BYTES, &bytes, err);
    }
    if (status == TB_OK) {
        (void)tb_study_checksum((const char *)bytes.data, bytes.length, of->checksum);
    }
    tb_file_release(&bytes);
    tb_arena_destroy(arena);
    return status;
}

static tb_status see_link(const char *name, tb_error *err)
{
    tb_link_facts *link = NULL;
    tb_status status = tb_link_load(name, &link, err);
    tb_link_destroy(link);
    return status;
}

static tb_status load(model *of, tb_error *err)
{
    switch (of->kind) {
    case TB_CATALOGUE_DEVICE:
        return tb_device_load(of->name, &of->device, err);
    case TB_CATALOGUE_KERNEL:
        return tb_kernel_load(of->name, &of->kernel, err);
    case TB_CATALOGUE_NETWORK:
        return tb_network_load(of->name, &of->network, err);
    case TB_CATALOGUE_LINK:
        return see_link(of->name, err);
    default:
        return tb_mechanism_load(of->name, &of->mechanism, err);
    }
}

/* A device may be asked for by an alias, which the catalogue does not know. */
static tb_status sum_model(model *of, tb_error *err)
{
    model named = *of;
    char device[256];
    if (of->device == NULL || strchr(of->name, '/') != NULL || strstr(of->name, ".yaml") != NULL ||
        strlen(of->device->name) >= sizeof device) {
        return sum_file(of->kind, of, err);
    }
    memcpy(device, of->device->name, strlen(of->device->name) + 1);
    named.name = device;
    tb_status status = sum_file(of->kind, &named, err);
    memcpy(of->checksum, named.checksum, sizeof of->checksum);
    return status;
}

static tb_status add(tb_study_models *models, tb_catalogue_kind kind, const char *name,
                     tb_error *err)
{
    size_t at = 0;
    if (find(models, kind, name, &at)) {
        return TB_OK;
    }
    if (models->count == MOST_MODELS) {
        return tb_fail(err, TB_EINVAL, "more than %zu devices, kernels and mechanisms in a study",
                       MOST_MODELS);
    }
    model made = {.kind = kind, .name = strdup(name)};
    tb_status status =
        made.name != NULL ? load(&made, err) : tb_fail(err, TB_ENOMEM, "no memory for a name");
    if (status == TB_OK) {
        status = sum_model(&made, err);
    }
    if (status != TB_OK) {
        destroy_model(&made);
        return status;
    }
    memmove(&models->list[at + 1], &models->list[at],
            (models->count - at) * sizeof models->list[0]);
    models->list[at] = made;
    models->count++;
    return TB_OK;
}

tb_status tb_study_models_add_kernel(tb_study_models *models, const char *name, tb_error *err)
{
    return add(models, TB_CATALOGUE_KERNEL, name, err);
}

tb_status tb_study_models_add_mechanism(tb_study_models *models, const char *name, tb_error *err)
{
    return add(models, TB_CATALOGUE_MECHANISM, name, err);
}

tb_status tb_study_models_add_link(tb_study_models *models, const char *name, tb_error *err)
{
    return add(models, TB_CATALOGUE_LINK, name, err);
}

tb_status tb_study_models_add_device(tb_study_models *models, const char *name, tb_error *err)
{
    tb_status status = add(models, TB_CATALOGUE_DEVICE, name, err);
    const tb_device *device = status == TB_OK ? tb_study_models_device(models, name) : NULL;
    if (status == TB_OK && device->default_kernel != NULL) {
        status = tb_study_models_add_kernel(models, device->default_kernel, err);
    }
    if (status == TB_OK && device->dense_kernel != NULL) {
        status = tb_study_models_add_kernel(models, device->dense_kernel, err);
    }
    return status;
}

tb_status tb_study_models_add_network(tb_study_models *models, const char *name, tb_error *err)
{
    tb_status status = add(models, TB_CATALOGUE_NETWORK, name, err);
    const tb_network *network = status == TB_OK ? tb_study_models_network(models, name) : NULL;
    return network != NULL && network->rest.given && network->rest.outside.given
               ? tb_study_models_add_device(models, network->rest.outside.device, err)
               : status;
}

const tb_device *tb_study_models_device(const tb_study_models *models, const char *name)
{
    size_t at = 0;
    return name != NULL && find(models, TB_CATALOGUE_DEVICE, name, &at) ? models->list[at].device
                                                                        : NULL;
}

const tb_network *tb_study_models_network(const tb_study_models *models, const char *name)
{
    size_t at = 0;
    return name != NULL && find(models, TB_CATALOGUE_NETWORK, name, &at) ? models->list[at].network
                                                                         : NULL;
}

const tb_kernel *tb_study_models_kernel(const tb_study_models *models, const char *name)
{
    size_t at = 0;
    return name != NULL && find(models, TB_CATALOGUE_KERNEL, name, &at) ? models->list[at].kernel
                                                                        : NULL;
}

size_t tb_study_models_set_names(const tb_study_models *models, const char **out, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < TB_DEVICE_KEY_COUNT && count < most; i++) {
        out[count++] = tb_device_value_names[i];
    }
    for (size_t i = 0; i < models->count; i++) {
        const tb_mechanism *mechanism = models->list[i].mechanism;
        for (size_t p = 0; mechanism != NULL && p < mechanism->parameter_count; p++) {
            if (count < most) {
                out[count++] = mechanism->parameters[p].name;
            }
        }
    }
    return count;
}

void tb_study_models_print(const tb_study_models *models, tb_buffer *out)
{
    for (size_t i = 0; i < models->count; i++) {
        tb_buffer_printf(out, "%s %s: %s\n", tb_catalogue[models->list[i].kind].word,
                         models->list[i].name, models->list[i].checksum);
    }
}
