#include "twin.h"

#include "cuda_sources.h"
#include "emu_place.h"
#include "file.h"
#include "program.h"
#include "twin_image.h"
#include "twin_sources.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OPTIONS 64
#define MAX_IMAGE   ((size_t)64 << 20)
#define MAX_ENTRY   256
#define OBJECT      "twin.so"

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

static tb_status write_into(const char *folder, const char *name, const void *data, size_t length,
                            tb_error *err)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return tb_file_replace(path, data, length, err);
}

/* The headers that a kernel may include. */
static tb_status write_headers(const char *folder, tb_error *err)
{
    const tb_cuda_source *const lists[] = {tb_cuda_sources, tb_twin_sources};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        for (const tb_cuda_source *source = lists[i]; source->name != NULL; source++) {
            size_t length = strlen(source->name);
            if (length > 2 && strcmp(source->name + length - 2, ".h") == 0) {
                tb_status status =
                    write_into(folder, source->name, source->text, strlen(source->text), err);
                if (status != TB_OK) {
                    return status;
                }
            }
        }
    }
    return TB_OK;
}

/* What makes a twin of a source: every access a call, each as the source has it, no two in one; and
 * not linked with what usually answers these calls. */
static const char *const fixed_options[] = {"-x",
                                            "c",
                                            "-std=gnu17",
                                            "-O2",
                                            "-g1",
                                            "-fno-var-tracking",
                                            "-w",
                                            "-fPIC",
                                            "-shared",
                                            "-nostdlib",
                                            "-fsanitize=thread",
                                            "-fno-unroll-loops",
                                            "-fno-tree-vectorize",
                                            "-fno-tree-slp-vectorize",
                                            "-ffp-contract=off",
                                            "-Wl,--wrap=memcpy,--wrap=memmove,--wrap=memset"};
static const char *const gcc_options[] = {"-fno-store-merging",
                                          "-fno-tree-loop-distribute-patterns"};

static const char *compiler(void)
{
    const char *chosen = getenv("TILEBOUND_TWIN_CC");
    return chosen != NULL && chosen[0] != '\0' ? chosen : TB_TWIN_CC;
}

/* The first line of what the compiler says that is an error. */
static tb_status report(const char *name, const tb_buffer *errors, tb_error *err)
{
    const char *text = errors->data != NULL ? errors->data : "it says nothing";
    const char *at = strstr(text, "error:");
    while (at != NULL && at > text && at[-1] != '\n') {
        at--;
    }
    at = at != NULL ? at : text;
    return tb_fail(err, TB_EINVAL, "%s does not compile: %.*s", name, (int)strcspn(at, "\n"), at);
}

static tb_status compile(const char *folder, const char *name, const char *const *options,
                         tb_error *err)
{
    const char *arguments[MAX_OPTIONS + 1] = {compiler()};
    bool is_clang = strstr(compiler(), "clang") != NULL;
    int count = 1, code = 0;
    for (size_t i = 0; i < sizeof fixed_options / sizeof *fixed_options; i++) {
        arguments[count++] = fixed_options[i];
    }
    for (size_t i = 0; !is_clang && i < sizeof gcc_options / sizeof *gcc_options; i++) {
        arguments[count++] = gcc_options[i];
    }
    for (; options != NULL && *options != NULL; options++) {
        if (strncmp(*options, "-D", 2) == 0) {
            if (count > MAX_OPTIONS - 5) {
                return tb_fail(err, TB_EINVAL, "%s: too many options", name);
            }
            arguments[count++] = *options;
        }
    }
    arguments[count++] = name;
    arguments[count++] = "-o";
    arguments[count++] = OBJECT;
    if (!is_clang) {
        arguments[count++] = "-lgcc"; /* popcount */
    }
    tb_buffer errors = {0};
    tb_status status = tb_program_run(arguments, folder, &errors, &code, err);
    if (status == TB_OK && code != 0) {
        status = report(name, &errors, err);
    }
    tb_buffer_free(&errors);
    return status;
}

/* Open the object; the folder can go then, so its bytes are kept. */
static tb_status open_object(const char *folder, tb_twin *twin, tb_error *err)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", folder, OBJECT);
    tb_status status = tb_file_read(path, MAX_IMAGE, &twin->image, err);
    if (status != TB_OK) {
        return status;
    }
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

tb_status tb_twin_create_text(const char *name, const char *text, const char *const *options,
                              tb_twin **out, tb_error *err)
{
    tb_scratch_folder *scratch = NULL;
    tb_twin *twin = calloc(1, sizeof *twin);
    if (twin == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a twin");
    }
    tb_status status = tb_scratch_folder_make(&scratch, err);
    if (status == TB_OK) {
        const char *folder = tb_scratch_folder_path(scratch);
        status = write_headers(folder, err);
        status = status != TB_OK ? status : write_into(folder, name, text, strlen(text), err);
        status = status != TB_OK ? status : compile(folder, name, options, err);
        status = status != TB_OK ? status : open_object(folder, twin, err);
    }
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

bool tb_twin_image_write(const void *base, const char *name, tb_scratch_folder **folder)
{
    bool is_written = false;
    (void)pthread_mutex_lock(&list_lock);
    const tb_twin *twin = list;
    while (twin != NULL && twin->base != base) {
        twin = twin->next;
    }
    if (twin != NULL && tb_scratch_folder_make(folder, NULL) == TB_OK) {
        is_written = write_into(tb_scratch_folder_path(*folder), name, twin->image.data,
                                twin->image.length, NULL) == TB_OK;
    }
    (void)pthread_mutex_unlock(&list_lock);
    return is_written;
}
