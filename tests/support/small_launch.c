#include "small_launch.h"

#include "test_support.h"

const tb_backend *tb_test_backend(const char *name)
{
    const tb_backend *found = NULL;
    tb_error err;
    tb_assert_ok(tb_backend_find(name, &found, &err), &err);
    return found;
}

tb_launch tb_test_small_launch(void)
{
    tb_launch launch = tb_launch_default();
    launch.problem.layout = (tb_layout){.rank = 1, .extent = {72}};
    launch.problem.dtype = TB_DTYPE_FP32;
    launch.problem.dim = launch.problem.dim_value = 16;
    launch.tiling = (tb_tiling){.q_tile = {24}, .kv_tile = {20}};
    return launch;
}

tb_tile_list *tb_test_tile_list(const tb_launch *launch)
{
    tb_tile_list *list = NULL;
    tb_error err;
    tb_assert_ok(
        tb_tile_list_create(&launch->problem, &launch->pattern, &launch->tiling, &list, &err),
        &err);
    return list;
}
