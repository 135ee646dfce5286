#include "exec_run.h"

#include "kernel_log.h"
#include "own_library.h"
#include "program.h"
#include "scratch_folder.h"

#include <stdio.h>

#define COLLECTOR "libtilebound_inject.so"

tb_status tb_exec_find_collector(tb_arena *arena, const char **out, tb_error *err)
{
    return tb_own_library_find(COLLECTOR, "which collects the kernels", arena, out, err);
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
