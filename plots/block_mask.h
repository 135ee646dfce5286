/* Tile lists in the form of FlexAttention's BlockMask: partial and full KV tiles apart, a count and
 * indices for each query tile. */
#ifndef TB_BLOCK_MASK_H
#define TB_BLOCK_MASK_H

#include "buffer.h"
#include "pattern.h"
#include "problem.h"
#include "tiling.h"

/**
 * Write the tile lists of a case as .npy files (int32) into a folder, which is made: kv_num_blocks
 * [1, 1, Q], kv_indices [1, 1, Q, K] (partial tiles, ascending, padded with 0), and
 * full_kv_num_blocks and full_kv_indices alike. Tiles are numbered as in tile_view.h. They load
 * with numpy and make BlockMask.from_kv_blocks(...).
 *
 * @return TB_OK; TB_EINVAL (dynamic KV tiles, more than 2^31 - 1 tiles); TB_EOVERFLOW; TB_EIO;
 * TB_ENOMEM
 */
TB_NODISCARD tb_status tb_block_mask_write_npy(const tb_problem *problem, const tb_pattern *pattern,
                                               const tb_tiling *tiling, const char *folder,
                                               tb_error *err);

/** The same as JSON text: lists without padding, and the tile sizes. */
TB_NODISCARD tb_status tb_block_mask_json(const tb_problem *problem, const tb_pattern *pattern,
                                          const tb_tiling *tiling, const char *version,
                                          tb_buffer *out, tb_error *err);

#endif
