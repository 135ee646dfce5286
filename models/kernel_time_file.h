/* Reads the `time` and `fits` sections of kernel files. */
#ifndef TB_KERNEL_TIME_FILE_H
#define TB_KERNEL_TIME_FILE_H

#include "arena.h"
#include "time_parameters.h"
#include "yaml_doc.h"

/** Read both sections of a kernel file's root, where they are there. */
TB_NODISCARD tb_status tb_kernel_read_time(const tb_yaml_node *root, tb_arena *arena,
                                           tb_time_traits *out, tb_error *err);

#endif
