/* What the parts of a tile list share; internal to sim. */
#ifndef TB_TILE_LIST_PARTS_H
#define TB_TILE_LIST_PARTS_H

#include "closed_form.h"
#include "tile_list.h"

/** Tokens of dilation group `group` in each dimension of a multi-dim tiling. */
void tb_tile_group_lengths(const tb_tile_list *list, int64_t group, int64_t *length);

/** Append an entry; `capacity` is what list->entries has room for. */
TB_NODISCARD tb_status tb_tile_list_append(tb_tile_list *list, int64_t kv_tile, int32_t mask,
                                           int64_t *capacity, tb_error *err);

/** Fill entries and KV tiles of dynamic KV tiling; the query tiles are placed. */
TB_NODISCARD tb_status tb_tile_list_fill_dynamic(tb_tile_list *list, tb_error *err);

/** Store the masks of an explicit pattern's partial tiles. */
TB_NODISCARD tb_status tb_tile_list_store_masks(tb_tile_list *list, tb_error *err);

/** Places of the layout's tiles of `tile` tokens, then of those of `extra` tokens. */
TB_NODISCARD tb_status tb_tile_places(const tb_tile_list *list, const int64_t *tile, int64_t extra,
                                      tb_tile_place **out, int64_t *count, tb_error *err);

#endif
