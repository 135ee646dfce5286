/* Reads `resources` of a kernel file's time section. */
#ifndef TB_KERNEL_RESOURCES_FILE_H
#define TB_KERNEL_RESOURCES_FILE_H

#include "arena.h"
#include "time_parameters.h"
#include "yaml_doc.h"

/** Read the mapping; NULL means none. */
TB_NODISCARD tb_status tb_kernel_read_resources(const tb_yaml_node *map, tb_arena *arena,
                                                tb_kernel_resources *out, tb_error *err);

#endif
