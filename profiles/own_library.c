#include "own_library.h"

#include "file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The folder of our executable; "" where /proc cannot say. */
static void own_folder(char *path, size_t capacity)
{
    ssize_t length = readlink("/proc/self/exe", path, capacity - 1);
    path[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(path, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
}

tb_status tb_own_library_find(const char *name, const char *what, tb_arena *arena, const char **out,
                              tb_error *err)
{
    char own[1024];
    char places[3][1300];
    own_folder(own, sizeof own);
    (void)snprintf(places[0], sizeof places[0], "%s/lib/tilebound/%s", own, name);
    (void)snprintf(places[1], sizeof places[1], "%s/" TB_INSTALL_LIBRARIES "/tilebound/%s", own,
                   name);
    (void)snprintf(places[2], sizeof places[2], TB_INSTALL_FULL_LIBRARIES "/tilebound/%s", name);
    for (size_t i = own[0] == '\0' ? 2 : 0; i < 3; i++) {
        if (tb_file_exists(places[i])) {
            *out = tb_arena_text(arena, places[i], strlen(places[i]));
            return *out != NULL ? TB_OK : tb_fail(err, TB_ENOMEM, "no memory for a path");
        }
    }
    return tb_fail(err, TB_EUNAVAILABLE,
                   "there is no %s, %s or %s, %s; build or install all of "
                   "tilebound",
                   places[0], places[1], places[2], what);
}
