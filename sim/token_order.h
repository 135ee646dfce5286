/* Orders of tokens that a single-dim tiling may cut into runs. */
#ifndef TB_TOKEN_ORDER_H
#define TB_TOKEN_ORDER_H

#include "problem.h"
#include "tiling.h"

/**
 * The tokens of a layout in an order.
 *
 *   morton:  by the interleaved bits of the coordinates, last dimension least significant
 *   hilbert: along the Hilbert curve of the smallest enclosing power-of-two cube, absent tokens
 *            skipped. Source: J. Skilling, "Programming the Hilbert curve", AIP Conf. Proc. 707
 *            (2004) 381.
 *
 * @param[in]  layout  validated
 * @param[out] tokens  caller-owned, one entry a token: tokens[position] = row-major token number
 * @return TB_OK; TB_EINVAL when the enclosing cube needs more than 64 bits; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_token_order_fill(const tb_layout *layout, tb_token_order order,
                                           int64_t *tokens, tb_error *err);

#endif
