/* Tiles by their work: the best of a kernel, and all of them in order. */
#include "test_support.h"

#include "tile_case.h"

#include <stdlib.h>
#include <string.h>

/* visited |T| |U| of one pair, counted here. */
static double work_of(const tb_case *item, const tb_tile_pair *pair, tb_kv_tiling kv_tiling)
{
    tb_tiling tiling = {.kv_tiling = kv_tiling};
    memcpy(tiling.q_tile, pair->q_tile, sizeof tiling.q_tile);
    memcpy(tiling.kv_tile, pair->kv_tile, sizeof tiling.kv_tile);
    tb_census census;
    tb_error err;
    tb_assert_ok(tb_census_count(&item->problem, &item->pattern, &tiling, NULL, &census, &err),
                 &err);
    double pairs = 1;
    for (int d = 0; d < item->problem.layout.rank; d++) {
        pairs *= (double)(pair->q_tile[d] * pair->kv_tile[d]);
    }
    return (double)census.visited * pairs;
}

/* The pairs of the sets that serve head dim 128, in the file's order. */
static size_t pairs_of(const tb_kernel *kernel, tb_pass pass, int rank, const tb_tile_pair **out,
                       size_t capacity)
{
    size_t count = 0;
    for (size_t s = 0; s < kernel->set_count[pass]; s++) {
        const tb_tile_set *set = &kernel->sets[pass][s];
        bool serves = set->dim_count == 0;
        for (size_t i = 0; i < set->dim_count; i++) {
            serves = serves || set->dims[i] == 128;
        }
        for (size_t i = 0; serves && i < set->pair_count[rank - 1]; i++) {
            assert_true(count < capacity);
            out[count++] = &set->pairs[rank - 1][i];
        }
    }
    return count;
}

/* A plain loop over the kernel's list: the first of the least work. Returns how many it saw. */
static size_t check_best(const tb_kernel *kernel, const tb_case *item)
{
    const tb_tile_pair *pairs[512];
    int rank = item->problem.layout.rank;
    tb_pass pass = item->problem.pass;
    size_t count = pairs_of(kernel, pass, rank, pairs, 512), best = 0;
    double least = 0;
    tb_kv_tiling kv_tiling = pass == TB_PASS_FORWARD ? kernel->kv_tiling : TB_KV_STATIC;
    for (size_t i = 0; i < count; i++) {
        double work = work_of(item, pairs[i], kv_tiling);
        if (i == 0 || work < least) {
            least = work;
            best = i;
        }
    }
    tb_case wanting = *item;
    wanting.tiling.wants_best = true;
    tb_tiling tiling = tb_test_resolve(&wanting, kernel);
    tb_test_same_tile(tiling.q_tile, pairs[best]->q_tile, rank);
    tb_test_same_tile(tiling.kv_tile, pairs[best]->kv_tile, rank);

    tb_ranked_tiles *ranked = NULL;
    size_t ranked_count = 0;
    tb_error err;
    tb_assert_ok(tb_tile_rank(item, kernel, &ranked, &ranked_count, &err), &err);
    assert_int_equal(ranked_count, count);
    tb_assert_close(ranked[0].tile_pairs, least, 0);
    for (size_t i = 1; i < ranked_count; i++) {
        assert_true(ranked[i - 1].tile_pairs <= ranked[i].tile_pairs);
    }
    free(ranked);
    return count;
}

static void tile_rank__the_best_is_the_least_work_of_a_plain_loop(void **state)
{
    (void)state;
    static const char *const names[] = {"cutlass-hopper-fna", "cutlass-blackwell-fna",
                                        "cutlass-fna", "flex-fna"};
    static const int64_t windows[][3][3] = {{{1000}, {77, 31}, {18, 24, 24}},
                                            {{96}, {8, 96}, {3, 5, 7}},
                                            {{7680}, {192, 2}, {48, 72, 5}}};
    size_t shapes = 0, cases = 0;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        tb_kernel *kernel = tb_test_known_kernel(names[k]);
        for (int pass = 0; pass < TB_PASS_COUNT && kernel->set_count[pass] > 0; pass++) {
            for (size_t w = 0; w < sizeof windows / sizeof *windows; w++) {
                for (int rank = 1; rank <= 3; rank++) {
                    tb_case item = tb_test_gna_case(rank, windows[w][rank - 1]);
                    item.problem.pass = (tb_pass)pass;
                    shapes += check_best(kernel, &item);
                    cases++;
                }
            }
        }
        tb_kernel_destroy(kernel);
    }
    print_message("%zu cases, %zu shapes\n", cases, shapes);
}

static void tile_rank__ties_keep_the_order_of_the_file(void **state)
{
    (void)state;
    tb_kernel *kernel = tb_test_kernel_of_text(
        "forward: [{tiles: {2: [[[4, 8], [8, 4]], [[8, 4], [4, 8]], [[8, 4], [8, 4]]]}}]\n");
    tb_case item = tb_test_dense_case(2); /* dense, and all of them divide it: all alike */
    tb_ranked_tiles *ranked = NULL;
    size_t count = 0;
    tb_error err;
    tb_assert_ok(tb_tile_rank(&item, kernel, &ranked, &count, &err), &err);
    assert_int_equal(count, 3);
    tb_test_same_tile(ranked[0].tiling.q_tile, (const int64_t[]){4, 8}, 2);
    tb_test_same_tile(ranked[1].tiling.kv_tile, (const int64_t[]){4, 8}, 2);
    tb_test_same_tile(ranked[2].tiling.kv_tile, (const int64_t[]){8, 4}, 2);
    free(ranked);
    tb_kernel_destroy(kernel);
}

static void tile_rank__takes_no_notice_of_given_tiles(void **state)
{
    (void)state;
    tb_kernel *kernel = tb_test_known_kernel("flex-fna");
    tb_case item = tb_test_dense_case(2);
    item.tiling.q_dims = item.tiling.kv_dims = 2;
    item.tiling.q_tile[0] = item.tiling.kv_tile[0] = 7;
    item.tiling.q_tile[1] = item.tiling.kv_tile[1] = 9;
    tb_ranked_tiles *ranked = NULL;
    size_t count = 0;
    tb_error err;
    tb_assert_ok(tb_tile_rank(&item, kernel, &ranked, &count, &err), &err);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(tb_tiling_q_tokens(&ranked[i].tiling, &item.problem.layout), 64);
    }
    free(ranked);
    tb_kernel_destroy(kernel);
}

static void tile_rank__tiles_of_rank_four_are_chosen_too(void **state)
{
    (void)state;
    tb_kernel *kernel =
        tb_test_kernel_of_text("forward:\n"
                               "- tiles:\n"
                               "    4: [[[1, 2, 4, 8], [2, 2, 4, 4]], [[2, 2, 4, 4], [1, 2, 4, "
                               "8]]]\n"
                               "  default: {4: [[2, 2, 4, 4], [1, 2, 4, 8]]}\n");
    tb_case item = tb_test_gna_case(4, (const int64_t[]){3, 5, 7, 9});
    tb_tiling tiling = tb_test_resolve(&item, kernel);
    tb_test_same_tile(tiling.q_tile, (const int64_t[]){2, 2, 4, 4}, 4);
    tb_test_same_tile(tiling.kv_tile, (const int64_t[]){1, 2, 4, 8}, 4);
    item.tiling.q_dims = 4;
    memcpy(item.tiling.q_tile, (const int64_t[]){1, 2, 4, 8}, sizeof item.tiling.q_tile);
    tiling = tb_test_resolve(&item, kernel);
    tb_test_same_tile(tiling.kv_tile, (const int64_t[]){2, 2, 4, 4}, 4);
    item.tiling.q_dims = 0;
    assert_int_equal(check_best(kernel, &item), 2);
    tb_kernel_destroy(kernel);
}

TB_TESTS(cmocka_unit_test(tile_rank__the_best_is_the_least_work_of_a_plain_loop),
         cmocka_unit_test(tile_rank__ties_keep_the_order_of_the_file),
         cmocka_unit_test(tile_rank__takes_no_notice_of_given_tiles),
         cmocka_unit_test(tile_rank__tiles_of_rank_four_are_chosen_too));
