#include "data_path.h"

#include "file.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* What every data root has; a folder without it is something else of that name. */
#define SIGN_OF_DATA "models/kernels"

static char *join(tb_arena *arena, const char *folder, const char *relative)
{
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/') {
        length--;
    }
    size_t size = length + strlen(relative) + 2;
    char *path = tb_arena_array(arena, size, 1);
    if (path != NULL) {
        (void)snprintf(path, size, "%.*s/%s", (int)length, folder, relative);
    }
    return path;
}

static tb_status fail_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for the path of the data");
}

/* Set *out to `folder` when it holds data, leave it otherwise. TB_OK or TB_ENOMEM. */
static tb_status take_root(tb_arena *arena, const char *folder, const char **out, tb_error *err)
{
    char *sign = join(arena, folder, SIGN_OF_DATA);
    if (sign == NULL) {
        return fail_memory(err);
    }
    if (tb_file_is_directory(sign)) {
        sign[strlen(sign) - strlen("/" SIGN_OF_DATA)] = '\0';
        *out = sign;
    }
    return TB_OK;
}

/* PREFIX/share/tilebound for an executable in PREFIX/bin, so that an installation can be moved.
 * An empty path where /proc cannot say. */
static void beside_executable(char *path, size_t capacity)
{
    char executable[4096];
    ssize_t length = readlink("/proc/self/exe", executable, sizeof executable - 1);
    executable[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(executable, '/');
    if (slash == NULL) {
        path[0] = '\0';
        return;
    }
    *slash = '\0';
    (void)snprintf(path, capacity, "%s/../share/tilebound", executable);
}

static tb_status root_from_environment(tb_arena *arena, const char *folder, const char **out,
                                       tb_error *err)
{
    const char *root = NULL;
    tb_status status = take_root(arena, folder, &root, err);
    if (status == TB_OK && root == NULL) {
        return tb_fail(err, TB_EFILE,
                       "TILEBOUND_DATA is '%s', which has no folder " SIGN_OF_DATA
                       "; set it to a copy of share/tilebound or unset it",
                       folder);
    }
    if (status == TB_OK) {
        *out = root;
    }
    return status;
}

tb_status tb_data_root(tb_arena *arena, const char **out, tb_error *err)
{
    const char *set = getenv("TILEBOUND_DATA");
    if (set != NULL && set[0] != '\0') {
        return root_from_environment(arena, set, out, err);
    }
    char moved[4096 + 32];
    beside_executable(moved, sizeof moved);
    const char *const places[] = {TB_SOURCE_DATA, moved, TB_INSTALL_DATA};
    const char *root = NULL;
    for (size_t i = 0; i < sizeof places / sizeof places[0] && root == NULL; i++) {
        tb_status status = places[i][0] == '\0' ? TB_OK : take_root(arena, places[i], &root, err);
        if (status != TB_OK) {
            return status;
        }
    }
    if (root == NULL) {
        return tb_fail(err, TB_EFILE,
                       "no data (kernels, devices, ...) in %s, %s or %s; set TILEBOUND_DATA to the "
                       "folder that has " SIGN_OF_DATA,
                       places[0], places[1], places[2]);
    }
    *out = root;
    return TB_OK;
}

tb_status tb_data_path(tb_arena *arena, const char *relative, const char **out, tb_error *err)
{
    const char *root = NULL;
    tb_status status = tb_data_root(arena, &root, err);
    if (status != TB_OK) {
        return status;
    }
    assert(root != NULL);
    const char *path = join(arena, root, relative);
    if (path == NULL) {
        return fail_memory(err);
    }
    *out = path;
    return TB_OK;
}
