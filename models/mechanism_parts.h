/* What the files of mechanisms share. Internal to models. */
#ifndef TB_MECHANISM_PARTS_H
#define TB_MECHANISM_PARTS_H

#include "mechanism.h"

/** Names of the problem that every expression knows: N, N0, N1, N2, B, H, Hkv, G, D, Dv, bytes,
 *  causal. */
#define TB_PROBLEM_NAME_COUNT 12
extern const char *const tb_problem_names[TB_PROBLEM_NAME_COUNT];

/** Their values, the parameters' and the derived ones, arena-owned. TB_OK; TB_EFILE; TB_ENOMEM. */
TB_NODISCARD tb_status tb_mechanism_names(const tb_mechanism *mechanism, const tb_problem *problem,
                                          struct tb_arena *arena, tb_names *out, tb_error *err);

/** Read the file's tree into a mechanism whose arena and path are there. */
TB_NODISCARD tb_status tb_mechanism_read(const tb_yaml_node *root, tb_mechanism *mechanism,
                                         tb_error *err);

/** Read `claims`; NULL is none. */
TB_NODISCARD tb_status tb_mechanism_read_claims(const tb_yaml_node *list, tb_mechanism *mechanism,
                                                tb_error *err);

#endif
