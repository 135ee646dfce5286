#include "twin.h"

#include "cuda_sources.h"
#include "emu_place.h"
#include "file.h"
#include "twin_compile.h"
#include "twin_image.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ENTRY 256
#define OBJECT    "twin.so"

struct tb_twin {
    void *handle;
    const void *base;    /* where it is loaded */
    tb_file_bytes image; /* the object file, whose folder is gone */
    tb_twin *next;
};

/* A fault knows an instruction, not whose it is: as the loader has one list of the objects that
 * are open, we have one of the twins among them. */
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static tb_twin *list;

static tb_status write_image(const char *folder, const char *name, const void *data, size_t length,
                             tb_error *err)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return tb_file_replace(path, data, length, err);
}

/* Write the object, and open it; the folder can go then. */
static tb_status open_object(const char *folder, tb_twin *twin, tb_error *err)
{
    char path[1024];
    tb_status status = write_image(folder, OBJECT, twin->image.data, twin->image.length, err);
    if (status != TB_OK) {
        return status;
    }
    (void)snprintf(path, sizeof path, "%s/%s", folder, OBJECT);
    twin->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (twin->handle == NULL) {
        return tb_fail(err, TB_EINVAL, "a twin cannot be opened: %s", dlerror());
    }
    return TB_OK;
}

/* dlsym() gives an object pointer; ISO C has no cast from it to a function. */
static void (*find(void *handle, const char *name))(const void *)
{
    void (*entry)(const void *) = NULL;
    void *found = dlsym(handle, name);
    memcpy(&entry, &found, sizeof found);
    return entry;
}

static void enlist(tb_twin *twin)
{
    (void)pthread_mutex_lock(&list_lock);
    twin->next = list;
    list = twin;
    (void)pthread_mutex_unlock(&list_lock);
}

static void delist(const tb_twin *twin)
{
    (void)pthread_mutex_lock(&list_lock);
    for (tb_twin **at = &list; *at != NULL; at = &(*at)->next) {
        if (*at == twin) {
            *at = twin->next;
            break;
        }
    }
    (void)pthread_mutex_unlock(&list_lock);
}

/* Takes `image` over, also where it fails. */
static tb_status open_twin(tb_file_bytes image, tb_twin **out, tb_error *err)
{
    tb_scratch_folder *scratch = NULL;
    tb_twin *twin = calloc(1, sizeof *twin);
    if (twin == NULL) {
        tb_file_release(&image);
        return tb_fail(err, TB_ENOMEM, "no memory for a twin");
    }
    twin->image = image;
    tb_status status = tb_scratch_folder_make(&scratch, err);
    status = status != TB_OK ? status : open_object(tb_scratch_folder_path(scratch), twin, err);
    tb_scratch_folder_remove(scratch);
    if (status != TB_OK) {
        tb_file_release(&twin->image);
        free(twin);
        return status;
    }
    twin->base = tb_emu_place_base(dlsym(twin->handle, "tb_twin_mark"));
    enlist(twin);
    *out = twin;
    return TB_OK;
}

tb_status tb_twin_create_text(const char *name, const char *text, const char *const *options,
                              tb_twin **out, tb_error *err)
{
    tb_buffer log = {0};
    tb_file_bytes image = {0};
    tb_status status = tb_twin_compile(name, text, tb_cuda_sources, options, &log, &image, err);
    tb_buffer_free(&log);
    return status == TB_OK ? open_twin(image, out, err) : status;
}

tb_status tb_twin_create_image(const void *image, size_t bytes, tb_twin **out, tb_error *err)
{
    unsigned char *copy = malloc(bytes + 1);
    if (copy == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a twin of %zu bytes", bytes);
    }
    memcpy(copy, image, bytes);
    return open_twin((tb_file_bytes){.data = copy, .length = bytes, .owned = copy}, out, err);
}

tb_status tb_twin_create(const char *source, const char *const *options, tb_twin **out,
                         tb_error *err)
{
    const char *text = tb_cuda_source_find(source);
    if (text == NULL) {
        return tb_fail(err, TB_EINVAL, "there is no kernel source %s", source);
    }
    return tb_twin_create_text(source, text, options, out, err);
}

void tb_twin_destroy(tb_twin *twin)
{
    if (twin == NULL) {
        return;
    }
    delist(twin);
    (void)dlclose(twin->handle);
    tb_file_release(&twin->image);
    free(twin);
}

void (*tb_twin_entry(const tb_twin *twin, const char *kernel))(const void *params)
{
    char name[MAX_ENTRY];
    (void)snprintf(name, sizeof name, "%s__host", kernel);
    return find(twin->handle, name);
}

/* What TB_KERNEL says of a kernel, or 0. */
static unsigned fact(const tb_twin *twin, const char *kernel, const char *what)
{
    char name[MAX_ENTRY];
    (void)snprintf(name, sizeof name, "%s__%s", kernel, what);
    const unsigned *found = dlsym(twin->handle, name);
    return found != NULL ? *found : 0;
}

size_t tb_twin_params_bytes(const tb_twin *twin, const char *kernel)
{
    return fact(twin, kernel, "params_bytes");
}

int tb_twin_threads(const tb_twin *twin, const char *kernel)
{
    return (int)fact(twin, kernel, "threads");
}

bool tb_twin_image_write(const void *base, const char *name, tb_scratch_folder **folder)
{
    bool is_written = false;
    (void)pthread_mutex_lock(&list_lock);
    const tb_twin *twin = list;
    while (twin != NULL && twin->base != base) {
        twin = twin->next;
    }
    if (twin != NULL && tb_scratch_folder_make(folder, NULL) == TB_OK) {
        is_written = write_image(tb_scratch_folder_path(*folder), name, twin->image.data,
                                 twin->image.length, NULL) == TB_OK;
    }
    (void)pthread_mutex_unlock(&list_lock);
    return is_written;
}
