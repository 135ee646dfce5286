/* Arithmetic in mechanism files: "N / block", "ceil(density * N)". muParser reads it. */
#ifndef TB_EXPRESSION_H
#define TB_EXPRESSION_H

#include "yaml_doc.h"

#include <stddef.h>

/** What names stand for: those of the problem (N, B, H, Hkv, G, D, Dv, bytes) and parameters. */
typedef struct tb_names {
    const char *const *name;
    const double *value;
    size_t count;
} tb_names;

/**
 * Evaluate a scalar node: a number, or an expression of + - * / ^ ( ), comparisons, `a ? b : c`,
 * and min max ceil floor sqrt log2 exp.
 *
 * @return TB_OK; TB_EFILE with the node's position for what cannot be read, a name that stands for
 *         nothing (naming the nearest), or a value that is no finite number; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_expression_value(const tb_yaml_node *node, const tb_names *names,
                                           double *out, tb_error *err);

#endif
