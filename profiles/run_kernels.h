/* The `kernels` of a run in a profile: what it launched, as the GPU's tools saw it. */
#ifndef TB_RUN_KERNELS_H
#define TB_RUN_KERNELS_H

#include "arena.h"
#include "backend.h"
#include "buffer.h"
#include "yaml_doc.h"

/** Read the list; a NULL node is none. TB_OK; TB_EFILE with the position; TB_ENOMEM. */
TB_NODISCARD tb_status tb_run_kernels_read(const tb_yaml_node *list, tb_arena *arena,
                                           const tb_run_kernel **out, size_t *count, tb_error *err);

/** Write the list with its key, as lines of a run; nothing for none. */
void tb_run_kernels_print(const tb_run_kernel *kernels, size_t count, tb_buffer *out);

#endif
