/* The `fits` of a kernel file. Internal to models. */
#ifndef TB_KERNEL_FIT_FILE_H
#define TB_KERNEL_FIT_FILE_H

#include "arena.h"
#include "time_parameters.h"
#include "yaml_doc.h"

/** The parameter that key i of a mapping names. */
TB_NODISCARD tb_status tb_fit_file_parameter(const tb_yaml_node *map, size_t i, size_t *parameter,
                                             tb_error *err);

/** The largest value that a parameter can have. */
double tb_fit_file_largest(size_t parameter);

/** Read `fits` of a kernel file's root; absent means none. */
TB_NODISCARD tb_status tb_fit_file_read(const tb_yaml_node *root, tb_arena *arena,
                                        tb_time_traits *out, tb_error *err);

#endif
