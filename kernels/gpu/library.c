#include "library.h"

#include "arena.h"
#include "file.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOOLKIT  "/usr/local/cuda"
#define EMULATED "tilebound_emulated"

/* What is looked through: the first library with all calls ends the search. */
typedef struct search {
    const tb_library_wanted *wanted;
    const tb_library_call *calls;
    size_t count;
    void *table;
    tb_library *out;
    tb_arena *arena;
    bool is_found;
    char lacking[256]; /* of the first that was opened and is of no use: "PATH lacks CALL" */
} search;

/* ISO C has no conversion of what dlsym() gives; POSIX promises that the bytes are a function's. */
bool tb_library_symbol(const tb_library *library, const char *name, void *to)
{
    void *found = dlsym(library->handle, name);
    memcpy(to, &found, sizeof found);
    return found != NULL;
}

static bool find_calls(search *s, const tb_library *library)
{
    for (size_t i = 0; i < s->count; i++) {
        const tb_library_call *call = &s->calls[i];
        if (!tb_library_symbol(library, call->name, (char *)s->table + call->at) &&
            !call->is_optional) {
            if (s->lacking[0] == '\0') {
                (void)snprintf(s->lacking, sizeof s->lacking, "%.160s lacks %s", library->path,
                               call->name);
            }
            return false;
        }
    }
    return true;
}

static void try_file(search *s, const char *path)
{
    void *symbol = NULL;
    tb_library library = {.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
    if (library.handle == NULL) {
        return;
    }
    (void)snprintf(library.path, sizeof library.path, "%s", path);
    library.is_emulated = tb_library_symbol(&library, EMULATED, &symbol);
    s->is_found = find_calls(s, &library);
    if (s->is_found) {
        *s->out = library;
    } else {
        (void)dlclose(library.handle);
    }
}

/* Libraries that this one looks for along the loader's path alone: where they lie beside it, they
 * must be open before. */
static void open_beside(search *s, const char *folder)
{
    const char *const *names = NULL;
    size_t count = 0;
    if (s->wanted->beside == NULL ||
        tb_file_list(folder, "", s->arena, &names, &count, NULL) != TB_OK) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        for (const char *const *begin = s->wanted->beside; *begin != NULL; begin++) {
            char path[1024];
            if (strncmp(names[i], *begin, strlen(*begin)) == 0 &&
                snprintf(path, sizeof path, "%s/%s", folder, names[i]) < (int)sizeof path) {
                (void)dlopen(path, RTLD_NOW | RTLD_GLOBAL);
            }
        }
    }
}

static void try_folder(search *s, const char *folder)
{
    for (const char *const *name = s->wanted->names; !s->is_found && *name != NULL; name++) {
        char path[1024];
        if (snprintf(path, sizeof path, "%s/%s", folder, *name) < (int)sizeof path &&
            tb_file_exists(path)) {
            open_beside(s, folder);
            try_file(s, path);
        }
    }
}

/* `within` of each folder of `parent` whose name begins so. */
static void try_each(search *s, const char *parent, const char *begin, const char *within)
{
    const char *const *names = NULL;
    size_t count = 0;
    if (s->is_found || tb_file_list(parent, "", s->arena, &names, &count, NULL) != TB_OK) {
        return;
    }
    for (size_t i = 0; !s->is_found && i < count; i++) {
        char folder[1024];
        if (strncmp(names[i], begin, strlen(begin)) == 0 &&
            snprintf(folder, sizeof folder, "%s/%s/%s", parent, names[i], within) <
                (int)sizeof folder) {
            try_folder(s, folder);
        }
    }
}

static bool is_folder_name(const char *folder)
{
    return folder != NULL && folder[0] == '/' && strlen(folder) < 512;
}

static void try_toolkit(search *s, const char *toolkit)
{
    static const char *const within[] = {"lib64", "lib", "extras/CUPTI/lib64"};
    char folder[768];
    if (!is_folder_name(toolkit)) {
        return;
    }
    for (size_t i = 0; !s->is_found && i < sizeof within / sizeof *within; i++) {
        (void)snprintf(folder, sizeof folder, "%s/%s", toolkit, within[i]);
        try_folder(s, folder);
    }
    (void)snprintf(folder, sizeof folder, "%s/targets", toolkit);
    try_each(s, folder, "", "lib");
}

/* NVIDIA's packages of PyPI: lib/python3.x/site-packages/nvidia/cu13/lib. */
static void try_python(search *s, const char *environment)
{
    char folder[768];
    const char *const *names = NULL;
    size_t count = 0;
    if (!is_folder_name(environment)) {
        return;
    }
    (void)snprintf(folder, sizeof folder, "%s/lib", environment);
    if (tb_file_list(folder, "", s->arena, &names, &count, NULL) != TB_OK) {
        return;
    }
    for (size_t i = 0; !s->is_found && i < count; i++) {
        if (strncmp(names[i], "python3", 7) == 0 &&
            snprintf(folder, sizeof folder, "%s/lib/%s/site-packages/nvidia", environment,
                     names[i]) < (int)sizeof folder) {
            try_each(s, folder, "", "lib");
        }
    }
}

/* What the process already has of it, of whatever name: two of one kind disturb each other, and in
 * a program of others (kernels/inject) it is theirs that sees their kernels. */
static void try_loaded(search *s)
{
    for (const char *const *name = s->wanted->names; !s->is_found && *name != NULL; name++) {
        void *loaded = dlopen(*name, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
        if (loaded != NULL) {
            try_file(s, *name);
            (void)dlclose(loaded);
        }
    }
}

static void look_everywhere(search *s)
{
    try_loaded(s);
    for (const char *const *name = s->wanted->names; !s->is_found && *name != NULL; name++) {
        try_file(s, *name);
    }
    if (!s->wanted->is_of_toolkit) {
        return;
    }
    const char *const toolkits[] = {getenv("CUDA_HOME"), getenv("CUDA_PATH"), TOOLKIT};
    for (size_t i = 0; !s->is_found && i < sizeof toolkits / sizeof *toolkits; i++) {
        try_toolkit(s, toolkits[i]);
    }
    if (!s->is_found) {
        try_python(s, getenv("VIRTUAL_ENV"));
    }
}

static tb_status not_found(const search *s, tb_error *err)
{
    const tb_library_wanted *wanted = s->wanted;
    if (s->lacking[0] != '\0') {
        return tb_fail(err, TB_EUNAVAILABLE, "%s is of no use here: %s; %s", wanted->what,
                       s->lacking, wanted->remedy);
    }
    return tb_fail(
        err, TB_EUNAVAILABLE, "%s is not here: no %s%s%s along the loader's path%s; %s",
        wanted->what, wanted->names[0], wanted->names[1] != NULL ? " or " : "",
        wanted->names[1] != NULL ? wanted->names[1] : "",
        wanted->is_of_toolkit ? ", in $CUDA_HOME, $CUDA_PATH, " TOOLKIT " or $VIRTUAL_ENV" : "",
        wanted->remedy);
}

tb_status tb_library_open(const tb_library_wanted *wanted, const tb_library_call *calls,
                          size_t count, void *table, tb_library *out, tb_error *err)
{
    search s = {.wanted = wanted,
                .calls = calls,
                .count = count,
                .table = table,
                .out = out,
                .arena = tb_arena_create()};
    if (s.arena == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory to look for %s", wanted->what);
    }
    look_everywhere(&s);
    tb_arena_destroy(s.arena);
    return s.is_found ? TB_OK : not_found(&s, err);
}
