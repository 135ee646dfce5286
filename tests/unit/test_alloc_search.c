/* Every allocation of a search fails once: TB_ENOMEM each time, no crash, and (under ASan) no leak.
 * Linked with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc. */
#include "failing_alloc.h"
#include "search.h"
#include "search_tiles.h"
#include "test_support.h"
#include "timed_case.h"

/* Loaded once, so that only the search allocates. */
static tb_case item;
static tb_kernel *kernel;
static tb_device *device;
static tb_search_space space;

static tb_status run_search(tb_error *err)
{
    tb_tiling_list shapes = {0};
    tb_search_result result;
    bool all_orders = item.tiling.has_kind;
    tb_status status =
        tb_search_tilings(&item, kernel, device, TB_SHAPES_KERNEL, all_orders, &shapes, err);
    if (status == TB_OK) {
        space.tilings = shapes.tilings;
        space.tiling_count = shapes.count;
        status = tb_search_run(&space, &result, err);
    }
    tb_tiling_list_release(&shapes);
    if (status == TB_OK) {
        assert_true(result.row_count > 0);
        tb_search_release(&result);
    }
    return status;
}

static void begin(const char *layout, tb_search_goal goal)
{
    item = tb_test_gna(layout, NULL, NULL, 2);
    kernel = tb_test_kernel("cutlass-hopper-fna");
    device = tb_test_device("h100-sxm");
    space = (tb_search_space){.problem = item.problem,
                              .kernel = kernel,
                              .device = device,
                              .goal = goal,
                              .sparsity_high = 1,
                              .top = 5};
    for (int d = 0; d < item.problem.layout.rank; d++) {
        space.dim[d] = (tb_search_dim){
            .dilation = 1, .min_window = 1, .window_step = 3, .max_dilation = 1, .min_field = 1};
    }
}

static void end(void)
{
    tb_case_release(&item);
    tb_kernel_destroy(kernel);
    tb_device_destroy(device);
}

static void search__reports_every_failure(void **state)
{
    (void)state;
    begin("12x12", TB_SEARCH_BOUND);
    tb_test_fail_each("a search by bound", run_search);
    end();
    begin("6x4", TB_SEARCH_TIME);
    space.all_schedules = true;
    space.dim[1].max_padding = 1;
    tb_test_fail_each("a search by time", run_search);
    end();
    begin("4x4", TB_SEARCH_BOUND);
    item.tiling.has_kind = true;
    item.tiling.kind = TB_TILING_SINGLE_DIM;
    item.tiling.q_dims = item.tiling.kv_dims = 1;
    item.tiling.q_tile[0] = item.tiling.kv_tile[0] = 4;
    tb_test_fail_each("a search of runs", run_search);
    end();
}

TB_TESTS(cmocka_unit_test(search__reports_every_failure));
