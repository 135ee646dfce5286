#include "catalogue.h"

#include "data_path.h"
#include "file.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

const tb_catalogue_entry tb_catalogue[TB_CATALOGUE_COUNT] = {
    [TB_CATALOGUE_KERNEL] = {"kernel", "kernels", "models/kernels"},
    [TB_CATALOGUE_NETWORK] = {"network", "networks", "models/networks"},
    [TB_CATALOGUE_SUITE] = {"suite", "suites", "profiles/suites"},
    [TB_CATALOGUE_DEVICE] = {"device", "devices", "models/devices"},
    [TB_CATALOGUE_PROFILE] = {"profile", "profiles", "profiles/published"},
    [TB_CATALOGUE_MECHANISM] = {"mechanism", "mechanisms", "models/mechanisms"},
    [TB_CATALOGUE_LINK] = {"link", "links", "models/links"},
};

static bool ends_in(const char *text, const char *suffix)
{
    size_t length = strlen(text), tail = strlen(suffix);
    return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

static bool is_path(tb_catalogue_kind kind, const char *name)
{
    return strchr(name, '/') != NULL || ends_in(name, ".yaml") || ends_in(name, ".yml") ||
           (kind == TB_CATALOGUE_PROFILE && ends_in(name, ".csv"));
}

tb_status tb_catalogue_names(tb_catalogue_kind kind, tb_arena *arena, const char *const **names,
                             size_t *count, tb_error *err)
{
    const char *folder = NULL;
    tb_status status = tb_data_path(arena, tb_catalogue[kind].folder, &folder, err);
    if (status != TB_OK) {
        return status;
    }
    return tb_file_list(folder, ".yaml", arena, names, count, err);
}

static tb_status unknown(tb_catalogue_kind kind, const char *name, const char *const *names,
                         size_t count, tb_error *err)
{
    const char *word = tb_catalogue[kind].word, *plural = tb_catalogue[kind].plural;
    const char *nearest = tb_text_nearest(name, names, count);
    if (nearest != NULL) {
        return tb_fail(err, TB_EINVAL, "unknown %s '%s'; did you mean '%s'?", word, name, nearest);
    }
    return tb_fail(
        err, TB_EINVAL,
        "unknown %s '%s'; 'tilebound list %s' names them, or give the path of a .yaml file", word,
        name, plural);
}

tb_status tb_catalogue_find(tb_catalogue_kind kind, const char *name, tb_arena *arena,
                            const char **path, tb_error *err)
{
    if (is_path(kind, name)) {
        const char *copy = tb_arena_text(arena, name, strlen(name));
        if (copy == NULL) {
            return tb_fail(err, TB_ENOMEM, "no memory for a path");
        }
        *path = copy;
        return TB_OK;
    }
    const char *const *names = NULL;
    size_t count = 0;
    tb_status status = tb_catalogue_names(kind, arena, &names, &count, err);
    if (status != TB_OK) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            char relative[512];
            (void)snprintf(relative, sizeof relative, "%s/%s.yaml", tb_catalogue[kind].folder,
                           name);
            return tb_data_path(arena, relative, path, err);
        }
    }
    return unknown(kind, name, names, count, err);
}
