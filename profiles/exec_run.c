#include "exec_run.h"

#include "file.h"
#include "kernel_log.h"
#include "program.h"
#include "scratch_folder.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COLLECTOR "tilebound/libtilebound_inject.so"

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

tb_status tb_exec_find_collector(tb_arena *arena, const char **out, tb_error *err)
{
    char own[1024];
    char places[3][1200];
    own_folder(own, sizeof own);
    (void)snprintf(places[0], sizeof places[0], "%s/lib/" COLLECTOR, own);
    (void)snprintf(places[1], sizeof places[1], "%s/" TB_INSTALL_LIBRARIES "/" COLLECTOR, own);
    (void)snprintf(places[2], sizeof places[2], TB_INSTALL_FULL_LIBRARIES "/" COLLECTOR);
    for (size_t i = own[0] == '\0' ? 2 : 0; i < 3; i++) {
        if (tb_file_exists(places[i])) {
            *out = tb_arena_text(arena, places[i], strlen(places[i]));
            return *out != NULL ? TB_OK : tb_fail(err, TB_ENOMEM, "no memory for a path");
        }
    }
    return tb_fail(err, TB_EUNAVAILABLE,
                   "there is no %s, %s or %s, which collects the kernels; build or install all of "
                   "tilebound",
                   places[0], places[1], places[2]);
}

tb_status tb_exec_run(const char *command, const char *collector, tb_exec_records *records,
                      int *code, tb_error *err)
{
    char injection[1200], folder[1200];
    tb_scratch_folder *scratch = NULL;
    tb_status status = tb_scratch_folder_make(&scratch, err);
    if (status != TB_OK) {
        return status;
    }
    const char *path = tb_scratch_folder_path(scratch);
    if (snprintf(injection, sizeof injection, "CUDA_INJECTION64_PATH=%s", collector) >=
            (int)sizeof injection ||
        snprintf(folder, sizeof folder, TB_KERNEL_LOG_FOLDER "=%s", path) >= (int)sizeof folder) {
        status = tb_fail(err, TB_EIO, "the path of the collector is too long: %s", collector);
    }
    const char *const settings[] = {injection, folder, NULL};
    if (status == TB_OK) {
        status = tb_program_shell(command, settings, code, err);
    }
    if (status == TB_OK) {
        status = tb_exec_records_read(records, path, err);
    }
    tb_scratch_folder_remove(scratch);
    return status;
}
