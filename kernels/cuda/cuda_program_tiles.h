/* A tile list in the form that kernels read it (fmha_params.h); internal to kernels/cuda. */
#ifndef TB_CUDA_PROGRAM_TILES_H
#define TB_CUDA_PROGRAM_TILES_H

#include "cuda_program_parts.h"
#include "fmha_params.h"

/* Slots of a tile, at most: offsets of query slots are bytes. */
#define TB_CUDA_SLOTS_MAX 256

/* Buffers of tables, -1 = none. */
typedef struct tb_cuda_tables {
    int q_tiles, kv_tiles, entries;
    int window[TB_AXES], q_coordinate[TB_AXES], kv_coordinate[TB_AXES];
    int q_offset, below, mask_bits;
} tb_cuda_tables;

/** A list with the rows of its two sides. */
typedef struct tb_cuda_tiles {
    const tb_tile_list *list; /* borrowed */
    tb_slots q, kv;           /* to be freed by the caller */
    int64_t q_rows, kv_rows;  /* of the tensors that the kernel reads, a batch entry */
} tb_cuda_tiles;

/** The slots of a list, checked against 32-bit limits. On failure nothing is left to free. */
TB_NODISCARD tb_status tb_cuda_tiles_create(const tb_cuda_plan *plan, const tb_tile_list *list,
                                            tb_cuda_tiles *out, tb_error *err);
void tb_cuda_tiles_free(tb_cuda_tiles *tiles);

/** Add the tables of a list as constants, and fill in what of `params` tells of tiles and masks:
 *  axes, mask_kind, box, below_row, q_rows, kv_rows. */
TB_NODISCARD tb_status tb_cuda_add_tables(tb_cuda_plan *plan, const tb_cuda_tiles *tiles,
                                          tb_fmha_params *params, tb_cuda_tables *tables,
                                          tb_error *err);

/** The part of it that is about masks; in cuda_masks.c. */
TB_NODISCARD tb_status tb_cuda_add_masks(tb_cuda_plan *plan, const tb_cuda_tiles *tiles,
                                         tb_fmha_params *params, tb_cuda_tables *tables,
                                         tb_error *err);

/** Stored masks: those of an explicit pattern, and those of keys that there are, for the entries
 *  that no rule masks (needs_present()). Fills in entry.mask. */
TB_NODISCARD tb_status tb_cuda_add_bits(tb_cuda_plan *plan, const tb_cuda_tiles *tiles,
                                        tb_fmha_entry *entries, tb_cuda_tables *tables,
                                        tb_error *err);

/** Point a step whose params begin with tb_fmha_params at its tables. */
void tb_cuda_point_tables(tb_cuda_step *step, const tb_cuda_tables *tables);

#endif
