/* Every allocation of a program for a GPU fails once: TB_ENOMEM each time, no crash, and (under
 * ASan) no leak. Linked with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc. */
#include "cuda_program.h"
#include "failing_alloc.h"
#include "test_support.h"

static tb_launch launch;

static tb_status make_program(tb_error *err)
{
    tb_cuda_device device = {.arch = TB_SM_90, .sms = 132};
    tb_cuda_program *program = NULL;
    tb_status status = tb_cuda_program_create(&launch, &device, &program, err);
    tb_cuda_program_destroy(program);
    return status;
}

/* 20 x 30 tokens, window 6 x 9, and some extra ones. */
static void begin(void)
{
    launch = tb_launch_default();
    launch.problem.layout = (tb_layout){.rank = 2, .extent = {20, 30}};
    launch.problem.extra_kv = launch.problem.extra_q = 7;
    launch.pattern.kind = TB_PATTERN_GNA;
    launch.pattern.window[0] = 6;
    launch.pattern.window[1] = 9;
    launch.tiling = (tb_tiling){.q_tile = {8, 8}, .kv_tile = {8, 8}};
}

static void fail_fused(const char *what)
{
    tb_error err;
    tb_tile_list *list = NULL;
    tb_assert_ok(tb_tile_list_create(&launch.problem, &launch.pattern, &launch.tiling, &list, &err),
                 &err);
    launch.tiles = list;
    tb_test_fail_each(what, make_program);
    tb_tile_list_destroy(list);
    launch.tiles = NULL;
}

static void alloc_failures__fused(void **state)
{
    (void)state;
    begin();
    fail_fused("boxes");
    launch.tiling.kind = TB_TILING_SINGLE_DIM;
    launch.tiling.order = TB_ORDER_HILBERT;
    launch.tiling.q_tile[0] = launch.tiling.kv_tile[0] = 64;
    fail_fused("tiles along a Hilbert curve");
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
    fail_fused("stored masks");
    tb_bit_matrix_destroy(mask);
}

static void alloc_failures__without_tiles(void **state)
{
    (void)state;
    begin();
    launch.implementation = TB_IMPLEMENTATION_NAIVE;
    tb_test_fail_each("naive", make_program);
    launch.implementation = TB_IMPLEMENTATION_UNFUSED;
    tb_test_fail_each("unfused", make_program);
    launch.implementation = TB_IMPLEMENTATION_DECODE;
    launch.problem.extra_q = 0;
    tb_test_fail_each("decode", make_program);
    launch.splits = 3;
    tb_test_fail_each("decode in splits", make_program);
}

TB_TESTS(cmocka_unit_test(alloc_failures__fused), cmocka_unit_test(alloc_failures__stored_masks),
         cmocka_unit_test(alloc_failures__without_tiles));
