#include "tile_case.h"

#include "test_support.h"
#include "timed_case.h"

#include <stdlib.h>
#include <string.h>

tb_kernel *tb_test_known_kernel(const char *name)
{
    assert_int_equal(unsetenv("TILEBOUND_DATA"), 0);
    return tb_test_kernel(name);
}

tb_kernel *tb_test_kernel_of_text(const char *lines)
{
    char text[1024] = "schema: tilebound/kernel/1\nname: probe\nsummary: s\nsource: x\n"
                      "policy: {tiling: multi-dim, kv_tiling: static, mask: never, "
                      "permutation: none, backward_stationary: kv}\n";
    assert_true(strlen(lines) < 700);
    strcat(text, lines);
    return tb_test_known_kernel(tb_test_file("probe.yaml", text, strlen(text)));
}

tb_case tb_test_dense_case(int rank)
{
    static const int64_t extents[TB_MAX_RANK][TB_MAX_RANK] = {
        {7680}, {192, 96}, {48, 72, 96}, {8, 12, 16, 24}};
    tb_case item = tb_case_default();
    item.problem.layout.rank = rank;
    memcpy(item.problem.layout.extent, extents[rank - 1], sizeof extents[rank - 1]);
    return item;
}

tb_case tb_test_gna_case(int rank, const int64_t *window)
{
    tb_case item = tb_test_dense_case(rank);
    item.pattern.kind = TB_PATTERN_GNA;
    memcpy(item.pattern.window, window, (size_t)rank * sizeof *window);
    return item;
}

tb_tiling tb_test_resolve(const tb_case *item, const tb_kernel *kernel)
{
    tb_tiling tiling;
    tb_error err;
    tb_assert_ok(tb_tiling_resolve(item, kernel, &tiling, &err), &err);
    return tiling;
}

void tb_test_same_tile(const int64_t *tile, const int64_t *want, int dims)
{
    assert_memory_equal(tile, want, (size_t)dims * sizeof *want);
}
