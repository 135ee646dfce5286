/* Launches that tests of backends begin with. */
#ifndef TB_SMALL_LAUNCH_H
#define TB_SMALL_LAUNCH_H

#include "backend.h"

/** A backend by its name. */
const tb_backend *tb_test_backend(const char *name);

/** 72 tokens, head dim 16, fp32; without its list of tiles. */
tb_launch tb_test_small_launch(void);

/** The tiles of a launch, to be destroyed by the caller. */
tb_tile_list *tb_test_tile_list(const tb_launch *launch);

#endif
