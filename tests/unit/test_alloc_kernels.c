/* Every allocation of tile lists, maskers and plans fails once: TB_ENOMEM each time, no crash, and
 * (under ASan) no leak. Linked with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc. */
#include "backend.h"
#include "failing_alloc.h"
#include "reference.h"
#include "test_support.h"
#include "tile_mask.h"

#include <string.h>

static tb_launch launch;

static tb_status make_list(tb_error *err)
{
    tb_tile_list *list = NULL;
    tb_status status =
        tb_tile_list_create(&launch.problem, &launch.pattern, &launch.tiling, &list, err);
    tb_tile_list_destroy(list);
    return status;
}

static tb_status make_masker(tb_error *err)
{
    tb_tile_masker *masker = tb_tile_masker_create(launch.tiles);
    tb_tile_masker_destroy(masker);
    return masker == NULL ? tb_fail(err, TB_ENOMEM, "no memory for a masker") : TB_OK;
}

static tb_status make_plan(tb_error *err)
{
    tb_plan *plan = NULL;
    tb_status status = tb_plan_create(tb_backends[0], &launch, &plan, err);
    tb_plan_destroy(plan);
    return status;
}

static tb_status make_reference(tb_error *err)
{
    static float zeros[640 * 16];
    double o[16], abs_pv[16];
    tb_tensors tensors = {.q = zeros, .k = zeros, .v = zeros};
    tb_reference reference = {.o = o, .abs_pv = abs_pv};
    return tb_reference_rows(&launch, &tensors, &(tb_reference_row){0}, 1, &reference, err);
}

/* All of it for the launch as it stands. */
static void fail_all(const char *what)
{
    tb_error err;
    tb_tile_list *list = NULL;
    print_message("%s\n", what);
    tb_test_fail_each("list", make_list);
    tb_assert_ok(tb_tile_list_create(&launch.problem, &launch.pattern, &launch.tiling, &list, &err),
                 &err);
    launch.tiles = list;
    tb_test_fail_each("masker", make_masker);
    for (int i = 0; i < TB_IMPLEMENTATION_COUNT; i++) {
        launch.implementation = (tb_implementation)i;
        tb_test_fail_each(tb_implementation_names[i], make_plan);
    }
    launch.implementation = TB_IMPLEMENTATION_FUSED;
    tb_test_fail_each("reference", make_reference);
    tb_tile_list_destroy(list);
}

/* 20 x 30 tokens, window 6 x 9. */
static void begin(void)
{
    launch = tb_launch_default();
    launch.problem.layout = (tb_layout){.rank = 2, .extent = {20, 30}};
    launch.problem.dim = launch.problem.dim_value = 16;
    launch.problem.dtype = TB_DTYPE_FP32;
    launch.pattern.kind = TB_PATTERN_GNA;
    launch.pattern.window[0] = 6;
    launch.pattern.window[1] = 9;
    launch.tiling = (tb_tiling){.q_tile = {2, 3}, .kv_tile = {2, 3}};
    launch.threads = 2;
    launch.is_counting = true;
}

static void alloc_failures__boxes(void **state)
{
    (void)state;
    begin();
    fail_all("static KV tiles");
    launch.tiling.kv_tiling = TB_KV_DYNAMIC;
    launch.problem.extra_kv = 5;
    fail_all("dynamic KV tiles");
}

static void alloc_failures__an_order_of_tokens(void **state)
{
    (void)state;
    begin();
    launch.tiling.kind = TB_TILING_SINGLE_DIM;
    launch.tiling.order = TB_ORDER_HILBERT;
    fail_all("tiles along a Hilbert curve");
}

static void alloc_failures__stored_masks(void **state)
{
    (void)state;
    tb_bit_matrix *mask = NULL;
    tb_error err;
    begin();
    tb_assert_ok(tb_bit_matrix_create(600, 600, &mask, &err), &err);
    tb_bits_set(tb_bit_matrix_row(mask, 7), 96);
    launch.pattern = tb_pattern_default();
    launch.pattern.kind = TB_PATTERN_EXPLICIT;
    launch.pattern.mask = mask;
    fail_all("stored masks");
    tb_bit_matrix_destroy(mask);
}

TB_TESTS(cmocka_unit_test(alloc_failures__boxes),
         cmocka_unit_test(alloc_failures__an_order_of_tokens),
         cmocka_unit_test(alloc_failures__stored_masks));
