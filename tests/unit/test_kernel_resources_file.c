/* The compiled forms in a kernel file: what is read, what is refused and where. */
#include "kernel_time_file.h"

#include "test_support.h"

#include <string.h>

/* Two compiled forms. */
#define FORMS                                                                                      \
    "time:\n"                                                                                      \
    "  resources:\n"                                                                               \
    "    threads: 96\n"                                                                            \
    "    registers: 168\n"                                                                         \
    "    variants:\n"                                                                              \
    "      - {dtype: fp16, dim: 192, dim_value: 96, q_tile: 72, kv_tile: 48, threads: 144,"        \
    " registers: 72, smem_bytes: 7200, compiled_for: [80, 120]}\n"                                 \
    "      - {dtype: bf16, dim: 32, dim_value: 32, q_tile: 64, kv_tile: 128, threads: 128,"        \
    " registers: 90, smem_bytes: 0, compiled_for: [90]}\n"                                         \
    "  tensor_efficiency: 1\n"                                                                     \
    "  alu_ops_per_score: 3.5\n"                                                                   \
    "  source: counted\n"                                                                          \
    "  parameters: {}\n"

static tb_status try_read(const char *path, tb_time_traits *traits, tb_arena *arena, tb_yaml **file,
                          tb_error *err)
{
    tb_status status = tb_yaml_read(path, file, err);
    return status == TB_OK ? tb_kernel_read_time(tb_yaml_root(*file), arena, traits, err) : status;
}

static void compiled_forms__are_read(void **state)
{
    (void)state;
    tb_arena *arena = tb_arena_create();
    tb_yaml *file = NULL;
    tb_time_traits traits = {.given = false};
    tb_error err;
    assert_non_null(arena);
    tb_assert_ok(
        try_read(tb_test_file("k.yaml", FORMS, strlen(FORMS)), &traits, arena, &file, &err), &err);
    const tb_kernel_resources *resources = &traits.resources;
    assert_true(resources->given);
    assert_int_equal(resources->variant_count, 2);
    const tb_kernel_variant *first = &resources->variants[0], *second = &resources->variants[1];
    assert_true(first->dtype == TB_DTYPE_FP16 && second->dtype == TB_DTYPE_BF16);
    assert_true(first->dim == 192 && first->dim_value == 96 && second->dim == 32);
    assert_true(first->q_tile == 72 && first->kv_tile == 48 && second->kv_tile == 128);
    assert_true(first->threads == 144 && first->registers == 72 && first->smem_bytes == 7200);
    assert_int_equal(first->compute_capability_count, 2);
    assert_int_equal(first->compute_capabilities[1], 120);
    assert_true(second->registers == 90 && second->compute_capabilities[0] == 90);
    tb_yaml_destroy(file);
    tb_arena_destroy(arena);
}

static tb_status load(const char *path, tb_error *err)
{
    tb_arena *arena = tb_arena_create();
    tb_yaml *file = NULL;
    tb_time_traits traits = {.given = false};
    assert_non_null(arena);
    tb_status status = try_read(path, &traits, arena, &file, err);
    assert_true(traits.given == (status == TB_OK));
    tb_yaml_destroy(file);
    tb_arena_destroy(arena);
    return status;
}

static void compiled_forms__that_are_wrong_have_a_place(void **state)
{
    (void)state;
    static const tb_test_refusal refusals[] = {
        {"fp16", "fp12", "'fp12' is not known here", 6, 17},
        {"dim: 192, ", "", "needs key 'dim'", 6, 9},
        {"dim_value: 96, ", "", "needs key 'dim_value'", 6, 9},
        {"q_tile: 72", "q_tile: 0", "out of range", 6, 56},
        {"kv_tile: 48", "kv_tiles: 48", "did you mean 'kv_tile'?", 6, 60},
        {"threads: 144", "threads: 1025", "out of range", 6, 82},
        {"registers: 72", "registers: 256", "out of range", 6, 98},
        {"smem_bytes: 7200", "smem_bytes: -1", "out of range", 6, 114},
        {"smem_bytes: 7200, ", "", "needs key 'smem_bytes'", 6, 9},
        {", compiled_for: [80, 120]", "", "needs key 'compiled_for'", 6, 9},
        {"[80, 120]", "80", "needs a list of integers", 6, 134},
        {"[80, 120]", "[80, 0]", "out of range", 6, 139},
        {"variants:", "variant:", "did you mean 'variants'?", 5, 5},
    };
    tb_test_refusals("k.yaml", FORMS, refusals, sizeof refusals / sizeof *refusals, load);
}

static void compiled_forms__are_a_list(void **state)
{
    (void)state;
    static const char text[] = "time: {resources: {threads: 96, registers: 72, variants: 7}}\n";
    tb_error err;
    tb_assert_fails(load(tb_test_file("k.yaml", text, strlen(text)), &err), &err, TB_EFILE,
                    "a list of compiled forms is needed here");
    tb_assert_position(&err, 1, 58);
}

TB_TESTS(cmocka_unit_test(compiled_forms__are_read),
         cmocka_unit_test(compiled_forms__that_are_wrong_have_a_place),
         cmocka_unit_test(compiled_forms__are_a_list));
