#include "models_in_use.h"

#include <stdlib.h>
#include <string.h>

#define GROWTH 16

/* A name as asked for, and what it stands for; one of the others is set. */
typedef struct entry {
    const char *name;
    tb_kernel *kernel;     /* owned */
    tb_device *device;     /* owned */
    const tb_device *lent; /* by a profile; borrowed */
} entry;

struct tb_models {
    const tb_kernel *const *kernels; /* given by the user, NULL-terminated, or NULL; borrowed */
    const tb_device *const *devices; /* likewise */
    entry *entries;
    size_t count;
};

tb_models *tb_models_create(const tb_kernel *const *kernels, const tb_device *const *devices)
{
    tb_models *models = calloc(1, sizeof *models);
    if (models != NULL) {
        models->kernels = kernels;
        models->devices = devices;
    }
    return models;
}

void tb_models_destroy(tb_models *models)
{
    if (models == NULL) {
        return;
    }
    for (size_t i = 0; i < models->count; i++) {
        tb_kernel_destroy(models->entries[i].kernel);
        tb_device_destroy(models->entries[i].device);
    }
    free(models->entries);
    free(models);
}

static entry *find(tb_models *models, const char *name, bool is_kernel)
{
    for (size_t i = 0; i < models->count; i++) {
        entry *at = &models->entries[i];
        if ((at->kernel != NULL) == is_kernel && strcmp(at->name, name) == 0) {
            return at;
        }
    }
    return NULL;
}

/* Room for one more; the entry is counted by the caller once it is filled. */
static entry *next(tb_models *models, tb_error *err)
{
    if (models->count % GROWTH == 0) {
        entry *grown = realloc(models->entries, (models->count + GROWTH) * sizeof *grown);
        if (grown == NULL) {
            (void)tb_fail(err, TB_ENOMEM, "no memory for the models");
            return NULL;
        }
        models->entries = grown;
    }
    models->entries[models->count] = (entry){0};
    return &models->entries[models->count];
}

tb_status tb_models_lend(tb_models *models, const tb_device *device, tb_error *err)
{
    if (device == NULL) {
        return TB_OK;
    }
    const entry *known = find(models, device->name, false);
    if (known != NULL && known->lent != NULL) { /* measured anew, the same machine differs a bit */
        return strcmp(known->lent->summary, device->summary) == 0
                   ? TB_OK
                   : tb_fail(err, TB_EINVAL,
                             "profiles of two machines call their device '%s' (%s; %s); take one "
                             "at a time",
                             device->name, known->lent->summary, device->summary);
    }
    entry *at = next(models, err);
    if (at == NULL) {
        return TB_ENOMEM;
    }
    *at = (entry){.name = device->name, .lent = device};
    models->count++;
    return TB_OK;
}

static const tb_kernel *given_kernel(const tb_models *models, const char *name)
{
    for (size_t i = 0; models->kernels != NULL && models->kernels[i] != NULL; i++) {
        if (strcmp(models->kernels[i]->name, name) == 0) {
            return models->kernels[i];
        }
    }
    return NULL;
}

static const tb_device *given_device(const tb_models *models, const char *name)
{
    for (size_t i = 0; models->devices != NULL && models->devices[i] != NULL; i++) {
        if (strcmp(models->devices[i]->name, name) == 0) {
            return models->devices[i];
        }
    }
    return NULL;
}

tb_status tb_models_kernel(tb_models *models, const char *name, const tb_kernel **out,
                           tb_error *err)
{
    const tb_kernel *given = given_kernel(models, name);
    entry *at = given == NULL ? find(models, name, true) : NULL;
    if (given == NULL && at == NULL) {
        at = next(models, err);
        if (at == NULL) {
            return TB_ENOMEM;
        }
        tb_status status = tb_kernel_load(name, &at->kernel, err);
        if (status != TB_OK) {
            return status;
        }
        at->name = name;
        models->count++;
    }
    *out = given != NULL ? given : at->kernel;
    return TB_OK;
}

tb_status tb_models_device(tb_models *models, const char *name, const tb_device **out,
                           tb_error *err)
{
    const tb_device *given = given_device(models, name);
    entry *at = given == NULL ? find(models, name, false) : NULL;
    if (given == NULL && at == NULL) {
        at = next(models, err);
        if (at == NULL) {
            return TB_ENOMEM;
        }
        tb_status status = tb_device_load(name, &at->device, err);
        if (status != TB_OK) {
            return status;
        }
        at->name = name;
        models->count++;
    }
    if (given == NULL) { /* the name may be an alias of what stands in */
        const tb_device *found = at->lent != NULL ? at->lent : at->device;
        given = given_device(models, found->name);
        given = given != NULL ? given : found;
    }
    *out = given;
    return TB_OK;
}
