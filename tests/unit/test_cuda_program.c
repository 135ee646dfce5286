/* A launch as a program: what is refused and what would do, buffers, steps, and the tables of the
 * implementations without tiles. Masks: test_cuda_masks.c. */
#include "cuda_program.h"
#include "decode_params.h"
#include "fmha_params.h"
#include "gemm_params.h"
#include "naive_params.h"
#include "permute_params.h"
#include "sim_large.h"
#include "test_support.h"

#include <stdlib.h>
#include <string.h>

static const tb_cuda_device a100 = {.arch = TB_SM_80, .sms = 108};

/* A launch with its tile list. */
typedef struct planned {
    tb_launch launch;
    tb_tile_list *list;
    tb_cuda_program *program;
} planned;

/* 2-D neighborhood attention, boxes of 8x8 and 8x8 that do not divide the layout. */
static tb_launch launch_2d(void)
{
    tb_launch launch = tb_launch_default();
    launch.problem.layout = (tb_layout){.rank = 2, .extent = {20, 27}};
    launch.pattern.kind = TB_PATTERN_GNA;
    launch.pattern.window[0] = launch.pattern.window[1] = 7;
    launch.tiling = (tb_tiling){.q_tile = {8, 8}, .kv_tile = {8, 8}};
    return launch;
}

static tb_status plan(planned *it, tb_launch launch, const tb_cuda_device *device, tb_error *err)
{
    *it = (planned){.launch = launch};
    if (launch.implementation == TB_IMPLEMENTATION_FUSED) {
        tb_assert_ok(
            tb_tile_list_create(&launch.problem, &launch.pattern, &launch.tiling, &it->list, err),
            err);
        it->launch.tiles = it->list;
    }
    return tb_cuda_program_create(&it->launch, device, &it->program, err);
}

static void release(planned *it)
{
    tb_cuda_program_destroy(it->program);
    tb_tile_list_destroy(it->list);
}

static void assert_refused(tb_launch launch, const tb_cuda_device *device, tb_status code,
                           const char *message)
{
    planned it;
    tb_error err;
    tb_assert_fails(plan(&it, launch, device, &err), &err, code, message);
    release(&it);
}

static void what_no_kernel_does__is_refused_with_a_reason(void **state)
{
    (void)state;
    tb_launch launch = launch_2d();
    launch.tiling.kv_tiling = TB_KV_DYNAMIC;
    assert_refused(launch, &a100, TB_EUNAVAILABLE, "use --kv-tiling static");
    launch = launch_2d();
    launch.problem.pass = TB_PASS_BACKWARD;
    assert_refused(launch, &a100, TB_EUNAVAILABLE, "use --pass forward");
    launch = launch_2d();
    launch.problem.dtype = TB_DTYPE_E4M3;
    assert_refused(launch, &a100, TB_EUNAVAILABLE, "fp32, fp16 and bf16, not e4m3");
    launch = launch_2d();
    launch.problem.dim = 100;
    assert_refused(launch, &a100, TB_EUNAVAILABLE, "head dims 100 and 128; ");
    launch = launch_2d();
    launch.problem.dim = 264;
    assert_refused(launch, &a100, TB_EUNAVAILABLE,
                   "no fmha_fwd of bf16 with head dims 264 and 128 for sm_80; the largest are 256");
    launch = launch_2d();
    launch.implementation = TB_IMPLEMENTATION_UNFUSED;
    launch.problem.dtype = TB_DTYPE_FP32;
    assert_refused(launch, &a100, TB_EUNAVAILABLE, "na_gemm runs on tensor cores");
    launch.implementation = TB_IMPLEMENTATION_DECODE;
    assert_refused(launch, &a100, TB_EUNAVAILABLE, "no fmha_decode of fp32 for sm_80");
}

static void tiles_that_are_not_compiled__are_refused_with_those_that_are(void **state)
{
    (void)state;
    tb_launch launch = launch_2d();
    launch.problem.dim = launch.problem.dim_value = 256;
    launch.tiling.q_tile[0] = 16;
    tb_cuda_device small = {.arch = TB_SM_86, .sms = 84};
    assert_refused(
        launch, &small, TB_EUNAVAILABLE,
        "for sm_86 whose query tiles have 128 tokens and KV tiles 64; there are 64 x 32");
    launch.problem.dtype = TB_DTYPE_FP32;
    launch.tiling.kv_tile[0] = 3;
    assert_refused(launch, &a100, TB_EUNAVAILABLE,
                   "KV tiles of 24 tokens; fmha_fwd_fp32 takes multiples of 32");
}

static void explicit_masks__are_not_for_naive_attention(void **state)
{
    (void)state;
    tb_error err;
    tb_bit_matrix *mask;
    tb_assert_ok(tb_bit_matrix_create(72, 72, &mask, &err), &err);
    tb_bits_set(tb_bit_matrix_row(mask, 3), 5);
    tb_launch launch = tb_launch_default();
    launch.problem.layout = (tb_layout){.rank = 1, .extent = {72}};
    launch.pattern.kind = TB_PATTERN_EXPLICIT;
    launch.pattern.mask = mask;
    launch.pattern.mask_block_q = launch.pattern.mask_block_kv = 1;
    launch.implementation = TB_IMPLEMENTATION_NAIVE;
    assert_refused(launch, &a100, TB_EUNAVAILABLE, "takes no explicit one");
    tb_bit_matrix_destroy(mask);
}

static void numbers_past_32_bits__are_refused(void **state)
{
    (void)state;
    tb_launch launch = tb_launch_default();
    launch.problem.layout = (tb_layout){.rank = 1, .extent = {INT64_C(3000000000)}};
    launch.implementation = TB_IMPLEMENTATION_NAIVE;
    assert_refused(launch, &a100, TB_EOVERFLOW, "3000000000 query tokens");
    launch.problem.layout.extent[0] = 720;
    launch.problem.batch = 70000;
    assert_refused(launch, &a100, TB_EOVERFLOW, "70000 batch entries or heads");
    launch.problem.batch = 1;
    launch.problem.heads = launch.problem.heads_kv = 9000000;
    assert_refused(launch, &a100, TB_EOVERFLOW, "2304000000 bytes a token of all heads");
    launch = launch_2d(); /* more than 64 GiB of q */
    launch.problem.heads = 4000;
    launch.problem.batch = 100;
    assert_refused(launch, &a100, TB_EOVERFLOW, "16-byte words of q");
    launch.implementation = TB_IMPLEMENTATION_DECODE;
    launch.problem.heads = launch.problem.heads_kv = 40000;
    launch.problem.batch = 60000;
    assert_refused(launch, &a100, TB_EOVERFLOW, "is too much");
}

static const tb_cuda_buffer *buffer_of(const tb_cuda_step *step, size_t at,
                                       const tb_cuda_program *program)
{
    for (int i = 0; i < step->pointers; i++) {
        if (step->pointer[i].at == (int)at) {
            return &program->buffer[step->pointer[i].buffer];
        }
    }
    fail_msg("no pointer at byte %zu", at);
    return NULL;
}

/* 20x27 in boxes of 8x8: 3 x 4 tiles of 64 slots are 768 rows for 540 tokens. */
static void a_permuted_launch__copies_both_sides_and_brings_the_output_back(void **state)
{
    (void)state;
    planned it;
    tb_error err;
    tb_launch launch = launch_2d();
    launch.problem.heads = 6;
    launch.problem.heads_kv = 2;
    launch.problem.batch = 3;
    launch.problem.dim_value = 72;
    tb_assert_ok(plan(&it, launch, &a100, &err), &err);
    const tb_cuda_program *program = it.program;
    static const struct {
        const char *kernel;
        tb_cuda_stage stage;
        int64_t grid[3];
    } want[] = {{"token_permute", TB_CUDA_PERMUTE, {0, 1, 1}},
                {"token_permute", TB_CUDA_PERMUTE, {0, 2, 1}},
                {"fmha_fwd", TB_CUDA_ATTENTION, {12, 3, 6}},
                {"token_unpermute", TB_CUDA_UNPERMUTE, {0, 2, 1}}};
    assert_int_equal(program->steps, 4);
    for (int i = 0; i < program->steps; i++) {
        const tb_cuda_step *step = &program->step[i];
        assert_string_equal(step->variant->kernel, want[i].kernel);
        assert_int_equal(step->stage, want[i].stage);
        for (int d = 0; d < 3; d++) {
            assert_true(step->grid[d] >= 1);
            assert_true(want[i].grid[d] == 0 || step->grid[d] == want[i].grid[d]);
        }
    }
    const tb_cuda_step *attention = &program->step[2];
    const tb_cuda_buffer *q = buffer_of(attention, offsetof(tb_fmha_params, q), program);
    const tb_cuda_buffer *v = buffer_of(attention, offsetof(tb_fmha_params, v), program);
    const tb_cuda_buffer *o = buffer_of(attention, offsetof(tb_fmha_params, o), program);
    assert_int_equal(q->role, TB_CUDA_SCRATCH);
    assert_int_equal(q->bytes, 3 * 768 * 6 * 128 * 2);
    assert_int_equal(v->bytes, 3 * 768 * 2 * 72 * 2);
    assert_int_equal(o->bytes, 3 * 768 * 6 * 72 * 2);
    assert_int_equal(program->buffer[TB_CUDA_O].bytes, 3 * 540 * 6 * 72 * 2);
    assert_int_equal(program->buffer[TB_CUDA_LSE].bytes, 3 * 540 * 6 * 4);
    int64_t bytes = 0;
    for (int i = 0; i < program->buffers; i++) {
        bytes += program->buffer[i].bytes;
        assert_true((program->buffer[i].role == TB_CUDA_CONSTANT) ==
                    (program->buffer[i].data != NULL));
    }
    assert_int_equal(program->device_bytes, bytes);
    release(&it);
}

/* Causal attention over one axis needs no permutation, nor do boxes as wide as the layout. */
static void runs_of_tokens__are_not_permuted(void **state)
{
    (void)state;
    planned it;
    tb_error err;
    tb_launch launch = launch_2d();
    launch.problem.layout = (tb_layout){.rank = 2, .extent = {20, 16}};
    launch.tiling = (tb_tiling){.q_tile = {8, 16}, .kv_tile = {8, 8}};
    tb_assert_ok(plan(&it, launch, &a100, &err), &err);
    assert_int_equal(it.program->steps, 2); /* k and v, but not q */
    const tb_cuda_step *attention = &it.program->step[1];
    assert_ptr_equal(buffer_of(attention, offsetof(tb_fmha_params, q), it.program),
                     &it.program->buffer[TB_CUDA_Q]);
    assert_ptr_equal(buffer_of(attention, offsetof(tb_fmha_params, o), it.program),
                     &it.program->buffer[TB_CUDA_O]);
    release(&it);
}

static void the_variant__is_the_one_that_pads_least(void **state)
{
    (void)state;
    static const struct {
        int64_t dim, dim_value;
        int want, want_value;
    } cases[] = {{64, 64, 64, 64},     {72, 72, 96, 96},     {40, 24, 64, 64},
                 {8, 8, 32, 32},       {192, 128, 192, 192}, {200, 128, 256, 256},
                 {136, 136, 192, 192}, {96, 128, 128, 128}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        planned it;
        tb_error err;
        tb_launch launch = launch_2d();
        launch.problem.dim = cases[i].dim;
        launch.problem.dim_value = cases[i].dim_value;
        tb_assert_ok(plan(&it, launch, &a100, &err), &err);
        assert_int_equal(it.program->step[2].variant->dim, cases[i].want);
        assert_int_equal(it.program->step[2].variant->dim_value, cases[i].want_value);
        release(&it);
    }
}

/* 10 query tiles of 10 visits each over 640 tokens, 64 x 64 scores of 4 bytes: with sums, 1641 KiB
 * for each of 6 heads. */
static void unfused_attention__takes_as_many_heads_as_the_workspace_holds(void **state)
{
    (void)state;
    static const struct {
        int64_t workspace;
        int steps;
    } cases[] = {{0, 3}, {1, 18}, {4 << 20, 9}, {10 << 20, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        planned it;
        tb_error err;
        tb_launch launch = tb_launch_default();
        launch.problem.layout = (tb_layout){.rank = 1, .extent = {640}};
        launch.problem.heads = 3;
        launch.problem.batch = 2;
        launch.implementation = TB_IMPLEMENTATION_UNFUSED;
        launch.workspace_bytes = cases[i].workspace;
        tb_assert_ok(plan(&it, launch, &a100, &err), &err);
        assert_int_equal(it.program->steps, cases[i].steps);
        int64_t pairs = 0;
        for (int s = 0; s < it.program->steps; s += 3) {
            tb_gemm_params params;
            memcpy(&params, it.program->step[s].params, sizeof params);
            assert_int_equal(params.first_pair, pairs);
            pairs += it.program->step[s].grid[1];
        }
        assert_int_equal(pairs, 6);
        release(&it);
    }
}

TB_TESTS(cmocka_unit_test(what_no_kernel_does__is_refused_with_a_reason),
         cmocka_unit_test(tiles_that_are_not_compiled__are_refused_with_those_that_are),
         cmocka_unit_test(explicit_masks__are_not_for_naive_attention),
         cmocka_unit_test(numbers_past_32_bits__are_refused),
         cmocka_unit_test(a_permuted_launch__copies_both_sides_and_brings_the_output_back),
         cmocka_unit_test(runs_of_tokens__are_not_permuted),
         cmocka_unit_test(the_variant__is_the_one_that_pads_least),
         cmocka_unit_test(unfused_attention__takes_as_many_heads_as_the_workspace_holds));
