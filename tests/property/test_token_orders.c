/* Orders of tokens: permutations all, and each what its name says. */
#include "sim_case.h"
#include "test_support.h"
#include "token_order.h"

#include <stdlib.h>

static int64_t *fill(const tb_layout *layout, tb_token_order order)
{
    int64_t count = tb_layout_tokens(layout), *tokens = tb_oracle_integers(count);
    tb_error err;
    for (int64_t p = 0; p < count; p++) {
        tokens[p] = -1;
    }
    tb_assert_ok(tb_token_order_fill(layout, order, tokens, &err), &err);
    return tokens;
}

static tb_layout draw_layout(gsl_rng *random)
{
    return tb_sim_case_layout(random, (int)tb_test_between(random, 1, 4), 600);
}

static void orders__are_permutations(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(2000);
    for (int i = 0; i < cases; i++) {
        tb_layout layout = draw_layout(random);
        int64_t count = tb_layout_tokens(&layout);
        int64_t *tokens = fill(&layout, (tb_token_order)(i % TB_TOKEN_ORDER_COUNT));
        int64_t *times = tb_oracle_integers(count);
        for (int64_t p = 0; p < count; p++) {
            assert_true(0 <= tokens[p] && tokens[p] < count);
            times[tokens[p]]++;
        }
        for (int64_t t = 0; t < count; t++) {
            assert_int_equal(times[t], 1);
        }
        free(times);
        free(tokens);
    }
    print_message("%d layouts\n", cases);
    gsl_rng_free(random);
}

static void row_major__is_as_it_comes(void **state)
{
    (void)state;
    tb_layout layout = {.rank = 3, .extent = {5, 7, 9}};
    int64_t *tokens = fill(&layout, TB_ORDER_ROW_MAJOR);
    for (int64_t p = 0; p < 5 * 7 * 9; p++) {
        assert_int_equal(tokens[p], p);
    }
    free(tokens);
}

static void morton__ascends_by_interleaved_bits(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(500);
    for (int i = 0; i < cases; i++) {
        tb_layout layout = draw_layout(random);
        int64_t *tokens = fill(&layout, TB_ORDER_MORTON);
        for (int64_t p = 1; p < tb_layout_tokens(&layout); p++) {
            assert_true(tb_oracle_morton_key(&layout, tokens[p - 1]) <
                        tb_oracle_morton_key(&layout, tokens[p]));
        }
        free(tokens);
    }
    print_message("%d layouts\n", cases);
    gsl_rng_free(random);
}

/* 2 x 4, last dimension least significant: (0,0) (0,1) (1,0) (1,1), then the same two to the right.
 */
static void morton__of_two_by_four(void **state)
{
    (void)state;
    static const int64_t want[] = {0, 1, 4, 5, 2, 3, 6, 7};
    tb_layout layout = {.rank = 2, .extent = {2, 4}};
    int64_t *tokens = fill(&layout, TB_ORDER_MORTON);
    assert_memory_equal(tokens, want, sizeof want);
    free(tokens);
}

static void coordinates(const tb_layout *layout, int64_t token, int64_t *x)
{
    for (int d = layout->rank - 1; d >= 0; d--) {
        x[d] = token % layout->extent[d];
        token /= layout->extent[d];
    }
}

static tb_layout cube(int rank, int64_t side)
{
    tb_layout layout = {.rank = rank};
    for (int d = 0; d < rank; d++) {
        layout.extent[d] = side;
    }
    return layout;
}

static int64_t distance(const tb_layout *layout, int64_t a, int64_t b)
{
    int64_t x[TB_MAX_RANK], y[TB_MAX_RANK], sum = 0;
    coordinates(layout, a, x);
    coordinates(layout, b, y);
    for (int d = 0; d < layout->rank; d++) {
        sum += x[d] > y[d] ? x[d] - y[d] : y[d] - x[d];
    }
    return sum;
}

/* Number of the sub-cube of `side` that a token lies in. */
static int64_t subcube(const tb_layout *layout, int64_t token, int64_t side)
{
    int64_t x[TB_MAX_RANK], number = 0;
    coordinates(layout, token, x);
    for (int d = 0; d < layout->rank; d++) {
        number = number * layout->extent[d] + x[d] / side;
    }
    return number;
}

/* A Hilbert curve goes from neighbor to neighbor, and through each aligned sub-cube of a
 * power-of-two side in one go. Together they rule out snakes, which leave sub-cubes, and Morton,
 * which jumps. */
static void check_cube(int rank, int64_t side)
{
    tb_layout layout = cube(rank, side);
    int64_t *tokens = fill(&layout, TB_ORDER_HILBERT), count = tb_layout_tokens(&layout);
    for (int64_t p = 1; p < count; p++) {
        assert_int_equal(distance(&layout, tokens[p - 1], tokens[p]), 1);
    }
    int64_t inside = 1; /* tokens of a sub-cube */
    for (int64_t s = 1; s <= side; s *= 2) {
        for (int64_t p = 0; p < count; p++) {
            int64_t begin = p / inside * inside;
            assert_int_equal(subcube(&layout, tokens[p], s), subcube(&layout, tokens[begin], s));
        }
        inside <<= rank;
    }
    free(tokens);
}

static void hilbert__is_a_curve_through_sub_cubes(void **state)
{
    (void)state;
    static const int64_t largest[] = {0, 1024, 64, 16, 8};
    int cubes = 0;
    for (int rank = 1; rank <= 4; rank++) {
        for (int64_t side = 1; side <= largest[rank]; side *= 2) {
            check_cube(rank, side);
            cubes++;
        }
    }
    print_message("%d cubes of rank 1 to 4\n", cubes);
}

/* The layout's tokens in the order in which the curve of the enclosing cube meets them. */
static void check_skips(const tb_layout *layout)
{
    int64_t side = 1;
    for (int d = 0; d < layout->rank; d++) {
        while (side < layout->extent[d]) {
            side *= 2;
        }
    }
    tb_layout around = cube(layout->rank, side);
    int64_t *curve = fill(&around, TB_ORDER_HILBERT), *tokens = fill(layout, TB_ORDER_HILBERT);
    int64_t met = 0;
    for (int64_t p = 0; p < tb_layout_tokens(&around); p++) {
        int64_t x[TB_MAX_RANK], token = 0;
        bool is_there = true;
        coordinates(&around, curve[p], x);
        for (int d = 0; d < layout->rank; d++) {
            is_there = is_there && x[d] < layout->extent[d];
            token = token * layout->extent[d] + x[d];
        }
        if (is_there) {
            assert_int_equal(tokens[met], token);
            met++;
        }
    }
    assert_int_equal(met, tb_layout_tokens(layout));
    free(curve);
    free(tokens);
}

static void hilbert__skips_absent_tokens(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(300);
    for (int i = 0; i < cases; i++) {
        tb_layout layout = tb_sim_case_layout(random, (int)tb_test_between(random, 1, 4), 300);
        check_skips(&layout);
    }
    print_message("%d layouts\n", cases);
    gsl_rng_free(random);
}

/* 65537 needs 17 bits a dimension: 68 in rank 4. */
static void curves__of_more_than_64_bits_are_refused(void **state)
{
    (void)state;
    tb_layout layout = {.rank = 4, .extent = {65537, 1, 1, 1}};
    int64_t *tokens = tb_oracle_integers(65537);
    tb_error err;
    tb_assert_fails(tb_token_order_fill(&layout, TB_ORDER_HILBERT, tokens, &err), &err, TB_EINVAL,
                    "at most 64");
    layout.extent[0] = 65536;
    tb_assert_ok(tb_token_order_fill(&layout, TB_ORDER_HILBERT, tokens, &err), &err);
    free(tokens);
}

TB_TESTS(cmocka_unit_test(orders__are_permutations), cmocka_unit_test(row_major__is_as_it_comes),
         cmocka_unit_test(morton__ascends_by_interleaved_bits),
         cmocka_unit_test(morton__of_two_by_four),
         cmocka_unit_test(hilbert__is_a_curve_through_sub_cubes),
         cmocka_unit_test(hilbert__skips_absent_tokens),
         cmocka_unit_test(curves__of_more_than_64_bits_are_refused));
