/* Which tile shapes a case runs with: as given, the kernel's default, or the best that it has. */
#ifndef TB_TILE_CHOICE_H
#define TB_TILE_CHOICE_H

#include "attention_case.h"
#include "census.h"
#include "kernel.h"

/** A tile shape of a kernel with the census that a case has under it. */
typedef struct tb_ranked_tiles {
    tb_tiling tiling;
    const char *gemm; /* of the kernel's tile set, or NULL; borrowed from the kernel */
    tb_census census;
    double tile_pairs; /* visited |T| |U|: what the choice minimises */
} tb_ranked_tiles;

/**
 * Fill in what a case's tiling request leaves open.
 *
 * Tiles: as given, else the kernel's default for this rank, head dim and pass, else (no kernel)
 * 128/128, 16x8/16x8, 4x4x8/4x4x8, 2x4x4x4/2x4x4x4. Given only one of the two, the kernel's first
 * pair with it. Kind and KV tiling: as given, else the kernel's, else multi-dim and static; the
 * backward pass and patterns without per-dimension windows always have static KV tiles.
 * tiling.wants_best takes the first of tb_tile_rank().
 *
 * @param[in] kernel  may be NULL
 * @return TB_OK; TB_EINVAL when the kernel has no tiles for this rank, head dim, dtype or pass,
 * when a tile has the wrong number of dimensions, or for wants_best without a kernel; what
 *         tb_census_count() returns for wants_best
 */
TB_NODISCARD tb_status tb_tiling_resolve(const tb_case *item, const tb_kernel *kernel,
                                         tb_tiling *out, tb_error *err);

/**
 * Every legal shape of the kernel, least tile_pairs first (ties: the kernel's order).
 *
 * @param[out] out    caller frees
 * @param[out] count  how many
 */
TB_NODISCARD tb_status tb_tile_rank(const tb_case *item, const tb_kernel *kernel,
                                    tb_ranked_tiles **out, size_t *count, tb_error *err);

/** Does the kernel have these tiles for this problem? */
bool tb_kernel_has_tiles(const tb_kernel *kernel, const tb_problem *problem,
                         const tb_tiling *tiling);

#endif
