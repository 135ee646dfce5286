/* The closed form of sharded patterns in KV tiles: equal to counting their spans, over all small
 * shapes that it serves. */
#include "test_support.h"

#include "pattern.h"

#include <string.h>

static void give(tb_pattern *pattern, const char *name, int64_t value)
{
    const tb_pattern_type *type = tb_pattern_types[TB_PATTERN_SHARDED];
    for (int i = 0; i < type->parameter_count; i++) {
        if (strcmp(type->parameters[i].name, name) == 0) {
            pattern->value[i].given = true;
            pattern->value[i].integer = value;
        }
    }
}

/* Token by token: is each of these tiles touched, or whole? */
static tb_run_tiles count_spans(const tb_spans *spans, int64_t n, int64_t kv_tile)
{
    tb_run_tiles tiles = {.pairs = spans->pairs};
    for (int64_t begin = 0; begin < n; begin += kv_tile) {
        bool any = false, all = begin + kv_tile <= n;
        for (int64_t token = begin; token < begin + kv_tile; token++) {
            bool in_all = false;
            for (size_t i = 0; i < spans->any_count; i++) {
                any = any || (spans->any[i].begin <= token && token < spans->any[i].end);
            }
            for (size_t i = 0; i < spans->all_count; i++) {
                in_all = in_all || (spans->all[i].begin <= token && token < spans->all[i].end);
            }
            all = all && in_all;
        }
        tiles.visited += any;
        tiles.full += all;
        tiles.past = any ? begin / kv_tile + 1 : tiles.past;
    }
    return tiles;
}

static int check_shape(int64_t block, int64_t stride, int64_t local, int64_t head, int64_t kv_tile)
{
    static const int64_t runs[] = {1, 3, 8, 24};
    const tb_pattern_type *type = tb_pattern_types[TB_PATTERN_SHARDED];
    const tb_layout layout = {.rank = 1, .extent = {70}};
    tb_pattern pattern = tb_pattern_default();
    tb_spans spans = {0};
    tb_error err;
    int served = 0;
    pattern.kind = TB_PATTERN_SHARDED;
    give(&pattern, "block", block);
    give(&pattern, "local_blocks", local);
    give(&pattern, "vert_stride", stride);
    give(&pattern, "head", head);
    for (size_t r = 0; r < sizeof runs / sizeof *runs; r++) {
        for (int64_t query = 0; query + runs[r] <= 70; query += runs[r]) {
            tb_run_tiles got;
            if (!type->tiles(&pattern, &layout, query, runs[r], kv_tile, &got)) {
                continue;
            }
            tb_assert_ok(tb_pattern_spans(&pattern, &layout, query, runs[r], &spans, &err), &err);
            tb_run_tiles want = count_spans(&spans, 70, kv_tile);
            if (got.visited != want.visited || got.full != want.full || got.past != want.past ||
                got.pairs != want.pairs) {
                print_message("block %lld stride %lld local %lld head %lld tile %lld, %lld queries "
                              "from %lld: %lld visited, %lld full; wanted %lld, %lld\n",
                              (long long)block, (long long)stride, (long long)local,
                              (long long)head, (long long)kv_tile, (long long)runs[r],
                              (long long)query, (long long)got.visited, (long long)got.full,
                              (long long)want.visited, (long long)want.full);
                fail();
            }
            served++;
        }
    }
    tb_spans_free(&spans);
    return served;
}

static void sharded_tiles__are_those_of_the_spans(void **state)
{
    (void)state;
    static const int64_t blocks[] = {1, 2, 6, 8, 12, 16}, tiles[] = {1, 2, 3, 4, 6, 8, 12, 24};
    int served = 0;
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
        for (size_t t = 0; t < sizeof tiles / sizeof *tiles; t++) {
            for (int64_t stride = 2; stride <= 5; stride++) {
                for (int64_t local = 1; local <= 3; local++) {
                    for (int64_t head = 0; head < stride; head++) {
                        served += check_shape(blocks[b], stride, local, head, tiles[t]);
                    }
                }
            }
        }
    }
    print_message("%d runs of queries\n", served);
    assert_true(served > 10000);
}

TB_TESTS(cmocka_unit_test(sharded_tiles__are_those_of_the_spans));
