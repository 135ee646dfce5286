/* Kernels and cases for tests of which tiles a case runs with. */
#ifndef TB_TILE_CASE_H
#define TB_TILE_CASE_H

#include "kernel.h"
#include "tile_choice.h"

/** A kernel by its name or path. */
tb_kernel *tb_test_known_kernel(const char *name);

/** A kernel of one file with these lines after its policy. */
tb_kernel *tb_test_kernel_of_text(const char *lines);

/** A dense case over a layout that every tile of the tests fits in. */
tb_case tb_test_dense_case(int rank);

/** The same with a window. */
tb_case tb_test_gna_case(int rank, const int64_t *window);

/** Its tiling, where there is one. */
tb_tiling tb_test_resolve(const tb_case *item, const tb_kernel *kernel);

/** Check the first `dims` extents of a tile. */
void tb_test_same_tile(const int64_t *tile, const int64_t *want, int dims);

#endif
