/* A case: one problem with a pattern and what was asked of the tiling. What users ask about. */
#ifndef TB_ATTENTION_CASE_H
#define TB_ATTENTION_CASE_H

#include "bound.h"
#include "pattern.h"
#include "problem.h"
#include "tiling.h"

#include <stdbool.h>

/** A tiling as far as it was given; tb_tiling_resolve() fills the rest. */
typedef struct tb_tiling_request {
    bool has_kind, has_kv_tiling;
    bool wants_best; /* the legal shape with the least visited |T| |U| */
    tb_tiling_kind kind;
    tb_kv_tiling kv_tiling;
    tb_token_order order;
    int q_dims, kv_dims; /* entries given; 0 = not given */
    int64_t q_tile[TB_MAX_RANK], kv_tile[TB_MAX_RANK];
} tb_tiling_request;

typedef struct tb_case {
    tb_problem problem;
    tb_pattern pattern;     /* its mask, lists and parts are owned by the case */
    char *mask_path;        /* absolute, of the file that the mask came from, or NULL; owned */
    struct tb_arena *arena; /* of the pattern's lists and parts, or NULL; owned */
    tb_tiling_request tiling;
    tb_baseline baseline;
} tb_case;

/** Defaults; layout.rank 0 = no layout yet. */
tb_case tb_case_default(void);

/** Free what the case owns: what its pattern borrows, and the mask's path. A pattern of lists
 *  or parts becomes dense. */
void tb_case_release(tb_case *item);

/** Give the case a mask from a file, replacing another; the pattern becomes explicit. A layout that
 * is not there yet becomes the mask's tokens. TB_OK; TB_EFILE; TB_EINVAL; TB_EOVERFLOW; TB_ENOMEM.
 */
TB_NODISCARD tb_status tb_case_set_mask(tb_case *item, const char *path, int64_t block_q,
                                        int64_t block_kv, tb_error *err);

/** gna windows over the whole axis with stride and dilation 1 become dense, or causal in rank 1;
 * then windows of -1 become extents. Needs a layout. */
void tb_case_normalize(tb_case *item);

#endif
