/* Is a census a product of per-dimension sums, and of which? Internal to sim. */
#ifndef TB_CLOSED_FORM_H
#define TB_CLOSED_FORM_H

#include "dim_rule.h"
#include "pattern.h"
#include "problem.h"
#include "tiling.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct tb_closed_dim {
    int64_t extent;
    int64_t dilation;
    int64_t q_tile;
    int64_t kv_tile;
} tb_closed_dim;

/** A pattern and tiling whose tiles are products over `dims` dimensions. Borrows both. */
typedef struct tb_closed_form {
    int dims;
    bool is_flat; /* one rule over the flattened layout rather than one a dimension */
    tb_closed_dim dim[TB_MAX_RANK];
    const tb_pattern *pattern;
    const tb_layout *layout;
    const tb_tiling *tiling;
} tb_closed_form;

/** Dilation groups of one dimension that have the same length. */
typedef struct tb_group_class {
    int64_t length; /* tokens a group; >= 1 */
    int64_t times;  /* groups of this length */
} tb_group_class;

/** Fill *form and return true when the pattern has a closed form under this tiling. */
bool tb_closed_form_of(const tb_problem *problem, const tb_pattern *pattern,
                       const tb_tiling *tiling, tb_closed_form *form);

/** The window rule of dimension `dim` in dilation groups of `length` tokens. */
tb_dim_rule tb_closed_form_rule(const tb_closed_form *form, int dim, int64_t length);

/** The one or two lengths that the dilation groups of a dimension have, longest first; returns how
 *  many. ceil((L - g)/d) is ceil(L/d) for g < L mod d, else floor(L/d). */
int tb_group_classes(const tb_closed_dim *dim, tb_group_class classes[2]);

#endif
