/* The tile shapes that a search chooses from. */
#ifndef TB_SEARCH_TILES_H
#define TB_SEARCH_TILES_H

#include "attention_case.h"
#include "device.h"
#include "kernel.h"

#include <stddef.h>

/** Which shapes. */
typedef enum tb_search_shapes {
    TB_SHAPES_KERNEL,  /* all that the kernel has for the head dim, dtype and device */
    TB_SHAPES_DEFAULT, /* the one that predict takes */
    TB_SHAPES_ALL /* boxes of powers of two with as many tokens as one of the kernel's pairs: they
                     need the registers and the shared memory of that pair */
} tb_search_shapes;

#define TB_SEARCH_SHAPES_COUNT 3

extern const char *const tb_search_shapes_names[TB_SEARCH_SHAPES_COUNT];

typedef struct tb_tiling_list {
    tb_tiling *tilings; /* owned; each once */
    size_t count;
    size_t dropped; /* shapes that the device lacks, or that do not fit its SMs */
} tb_tiling_list;

/**
 * List them, in the kernel's order of work for dense attention. Tiles that the case gives are kept:
 * both, and there is that one shape; one, and there are those with it. With all_orders each shape
 * is there in every order of tokens, which needs tiles that are runs of several dimensions' tokens.
 *
 * @param[in]  item    its problem and its tiling request; the pattern is not looked at
 * @param[in]  kernel  NULL: what predict takes
 * @param[in]  device  NULL: no shape is dropped
 * @param[out] out     release with tb_tiling_list_release(); written only on TB_OK
 * @return TB_OK with at least one; TB_EINVAL where there is none; what tb_tiling_resolve() and
 *         tb_tile_rank() return
 */
TB_NODISCARD tb_status tb_search_tilings(const tb_case *item, const tb_kernel *kernel,
                                         const tb_device *device, tb_search_shapes which,
                                         bool all_orders, tb_tiling_list *out, tb_error *err);

void tb_tiling_list_release(tb_tiling_list *list);

#endif
