/* The kernels of models/: that they make sense, and that their tiles are legal. */
#include "data_files.h"
#include "predict.h"
#include "random_case.h"
#include "test_support.h"
#include "tile_choice.h"
#include "timed_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_set(const tb_tile_set *set)
{
    for (size_t i = 0; i < set->dim_count; i++) { /* "head dims served, ascending" */
        assert_true(set->dims[i] >= 1 && (i == 0 || set->dims[i - 1] < set->dims[i]));
    }
    for (int rank = 1; rank <= TB_MAX_RANK; rank++) {
        const tb_tile_pair *pairs = set->pairs[rank - 1];
        size_t count = set->pair_count[rank - 1];
        assert_true(count == 0 || set->default_pair[rank - 1] < count);
        for (size_t i = 0; i < count; i++) {
            int64_t q = 1, kv = 1, q_of_first = 1, kv_of_first = 1;
            for (int d = 0; d < rank; d++) {
                assert_true(pairs[i].q_tile[d] >= 1 && pairs[i].kv_tile[d] >= 1);
                q *= pairs[i].q_tile[d];
                kv *= pairs[i].kv_tile[d];
                q_of_first *= pairs[0].q_tile[d];
                kv_of_first *= pairs[0].kv_tile[d];
            }
            assert_true(q >= 1 && q <= 4096 && kv >= 1 && kv <= 4096);
            if (set->gemm != NULL) { /* one GEMM, one size of its operands */
                assert_true(q == q_of_first && kv == kv_of_first);
                char gemm[64];
                (void)snprintf(gemm, sizeof gemm, "%lldx%lld", (long long)q, (long long)kv);
                assert_string_equal(set->gemm, gemm);
            }
            for (size_t j = 0; j < i; j++) {
                assert_memory_not_equal(&pairs[i], &pairs[j], sizeof pairs[i]);
            }
        }
    }
}

static void kernels_data__they_make_sense(void **state)
{
    (void)state;
    tb_test_names n = tb_test_names_of(TB_CATALOGUE_KERNEL);
    for (size_t i = 0; i < n.count; i++) {
        tb_kernel *k = tb_test_kernel(n.list[i]);
        tb_test_sentence(k->summary);
        tb_test_sentence(k->source);
        for (size_t s = 0; s < k->schedule_count; s++) {
            tb_test_sentence(k->schedules[s]);
        }
        for (size_t s = 0; s < k->note_count; s++) {
            tb_test_sentence(k->notes[s]);
        }
        /* either a list of devices, or a least one, or none of both */
        assert_true(k->compute_capability_count == 0 || k->compute_capability_min == 0);
        assert_true(k->set_count[TB_PASS_FORWARD] > 0);
        bool any_dtype = false, any_pattern = false;
        for (size_t d = 0; d < TB_DTYPE_COUNT; d++) {
            any_dtype = any_dtype || k->dtypes[d];
        }
        for (size_t p = 0; p < TB_PATTERN_COUNT; p++) {
            any_pattern = any_pattern || k->patterns[p];
        }
        assert_true(any_dtype && any_pattern);
        for (int pass = 0; pass < TB_PASS_COUNT; pass++) {
            for (size_t s = 0; s < k->set_count[pass]; s++) {
                check_set(&k->sets[pass][s]);
            }
        }
        tb_kernel_destroy(k);
    }
    tb_arena_destroy(n.arena);
}

/* A problem of a rank that a kernel has tiles for, in a dtype that it runs. */
static tb_case case_for(const tb_kernel *kernel, tb_pass pass, int rank, int64_t dim)
{
    tb_case item = tb_case_default();
    item.problem.layout.rank = rank;
    for (int d = 0; d < rank; d++) {
        item.problem.layout.extent[d] = rank == 1 ? 7200 : 72 + 24 * d;
    }
    item.problem.pass = pass;
    item.problem.dim = item.problem.dim_value = dim;
    while (!kernel->dtypes[item.problem.dtype]) {
        item.problem.dtype = (tb_dtype)((item.problem.dtype + 1) % TB_DTYPE_COUNT);
    }
    if (!kernel->patterns[TB_PATTERN_GNA]) { /* a kernel of flat sequences */
        item.pattern.kind = TB_PATTERN_LOCAL;
        item.pattern.left = item.pattern.right = 1200;
        return item;
    }
    item.pattern.kind = TB_PATTERN_GNA;
    for (int d = 0; d < rank; d++) {
        item.pattern.window[d] = item.problem.layout.extent[d] / 3;
    }
    return item;
}

/* Until the kernel runs it and the set is for it: the next kind, or kept mask blocks. */
static void choose_pattern(const tb_kernel *kernel, const tb_tile_set *set, tb_case *item)
{
    for (int tries = 0; !set->patterns[item->pattern.kind] || !kernel->patterns[item->pattern.kind];
         tries++) {
        item->pattern.kind = (tb_pattern_kind)((item->pattern.kind + 1) % TB_PATTERN_FIELD_KINDS);
        if (tries == TB_PATTERN_FIELD_KINDS) { /* it runs none whose parameters are fields */
            item->pattern = tb_pattern_default();
            item->pattern.kind = TB_PATTERN_BLOCK_SPARSE;
            tb_random_case_integer(&item->pattern, "topk", 5);
            assert_true(kernel->patterns[item->pattern.kind]);
        }
    }
}

/* The default tiles of a set can be counted, and are the kernel's own. */
static void check_default(const tb_kernel *kernel, tb_pass pass, const tb_tile_set *set, int rank)
{
    tb_case item = case_for(kernel, pass, rank, set->dim_count > 0 ? set->dims[0] : 128);
    choose_pattern(kernel, set, &item);
    bool is_dense = item.pattern.kind == TB_PATTERN_DENSE;
    tb_prediction p;
    tb_error err;
    memset(&p, 0, sizeof p);
    tb_assert_ok(tb_predict(&item, kernel, &p, &err), &err);
    /* the layout is none that all tiles divide */
    assert_int_equal(p.warnings.count, tb_prediction_lacks_a_mask(&p, kernel) ? 1 : 0);
    assert_true(tb_kernel_has_tiles(kernel, &item.problem, &p.tiling));
    assert_true(is_dense ? p.bound.flop_speedup == 1 : p.bound.flop_speedup > 1);
    if (set->dim_count > 0) { /* its own, or those of an earlier set for the same dim and pattern */
        const tb_tile_set *first = set;
        for (const tb_tile_set *s = kernel->sets[pass]; s < set; s++) {
            bool serves = tb_tile_set_serves(s, set->dims[0]) && s->pair_count[rank - 1] > 0 &&
                          s->patterns[item.pattern.kind];
            first = serves && first == set ? s : first;
        }
        const tb_tile_pair *pair = &first->pairs[rank - 1][first->default_pair[rank - 1]];
        assert_int_equal(p.tiling.q_tile[0], pair->q_tile[0]);
        assert_int_equal(p.tiling.kv_tile[0], pair->kv_tile[0]);
    }
    tb_prediction_release(&p);
}

static void kernels_data__default_tiles_are_legal(void **state)
{
    (void)state;
    int checked = 0;
    tb_test_names n = tb_test_names_of(TB_CATALOGUE_KERNEL);
    for (size_t i = 0; i < n.count; i++) {
        tb_kernel *k = tb_test_kernel(n.list[i]);
        for (int pass = 0; pass < TB_PASS_COUNT; pass++) {
            for (size_t s = 0; s < k->set_count[pass]; s++) {
                const tb_tile_set *set = &k->sets[pass][s];
                for (int rank = 1; rank <= TB_MAX_RANK; rank++) {
                    if (set->pair_count[rank - 1] > 0) {
                        check_default(k, (tb_pass)pass, set, rank);
                        checked++;
                    }
                }
            }
        }
        tb_kernel_destroy(k);
    }
    print_message("%d defaults\n", checked);
    assert_true(checked > 0);
    tb_arena_destroy(n.arena);
}

/* Has the kernel tiles of this rank for a case? Single-dim tiles are of rank 1, whatever the
 * layout's. */
static bool has_rank(const tb_kernel *kernel, const tb_case *item, int rank)
{
    int64_t padded = tb_kernel_padded_dim(kernel, &item->problem);
    for (size_t s = 0; s < kernel->set_count[item->problem.pass]; s++) {
        const tb_tile_set *set = &kernel->sets[item->problem.pass][s];
        if (tb_tile_set_serves(set, padded) && set->pair_count[rank - 1] > 0) {
            return true;
        }
    }
    return false;
}

/* Every shape of every kernel can be counted, not only the defaults; what it has none for is
 * refused. */
static void kernels_data__all_tiles_are_legal(void **state)
{
    (void)state;
    size_t shapes = 0;
    tb_test_names n = tb_test_names_of(TB_CATALOGUE_KERNEL);
    for (size_t i = 0; i < n.count; i++) {
        tb_kernel *k = tb_test_kernel(n.list[i]);
        for (int pass = 0; pass < TB_PASS_COUNT && k->set_count[pass] > 0; pass++) {
            for (int rank = 1; rank <= (k->tiling == TB_TILING_SINGLE_DIM ? 1 : 3); rank++) {
                const tb_tile_set *first = &k->sets[pass][0];
                tb_case item =
                    case_for(k, (tb_pass)pass, rank, first->dim_count > 0 ? first->dims[0] : 128);
                tb_ranked_tiles *ranked = NULL;
                size_t count = 0;
                tb_error err;
                tb_status status = tb_tile_rank(&item, k, &ranked, &count, &err);
                if (has_rank(k, &item, rank)) {
                    tb_assert_ok(status, &err);
                } else {
                    tb_assert_fails(status, &err, TB_EINVAL, "tiles for a layout of");
                }
                shapes += count;
                free(ranked);
            }
        }
        tb_kernel_destroy(k);
    }
    print_message("%zu shapes\n", shapes);
    tb_arena_destroy(n.arena);
}

TB_TESTS(cmocka_unit_test(kernels_data__they_make_sense),
         cmocka_unit_test(kernels_data__default_tiles_are_legal),
         cmocka_unit_test(kernels_data__all_tiles_are_legal));
