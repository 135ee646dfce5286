/* How decode attention's keys are shared out among CTAs. */
#include "checked.h"
#include "cuda_decode_division.h"
#include "test_support.h"

#include <stdlib.h>

#define CASES 400

/* Parts stand in the order of items and positions, each position in one of them; tables agree. */
static void check_cover(const tb_decode_work *work, const tb_decode_division *division)
{
    int64_t part = 0, cta = 0;
    assert_int_equal(division->item_first[0], 0);
    assert_int_equal(division->cta_first[0], 0);
    assert_int_equal(division->cta_first[division->ctas], division->parts);
    for (int64_t item = 0; item < division->items; item++) {
        int64_t stripe = item / division->row_sets;
        int64_t batch = stripe / work->heads_kv, head = stripe % work->heads_kv;
        int64_t keys =
            work->sequences[batch * work->sequence_batch + head * work->sequence_head].keys;
        int64_t at = 0;
        assert_int_equal(division->item_first[item], part);
        for (; part < division->item_first[item + 1]; part++) {
            assert_int_equal(division->part[part].item, item);
            assert_int_equal(division->part[part].begin, at);
            assert_in_range(division->part[part].end, at, keys);
            at = division->part[part].end;
        }
        assert_int_equal(at, keys);
    }
    assert_int_equal(part, division->parts);
    for (; cta < division->ctas; cta++) {
        assert_true(division->cta_first[cta] <= division->cta_first[cta + 1]);
    }
}

static int64_t tiles_of_cta(const tb_decode_division *division, int64_t cta)
{
    int64_t tiles = 0;
    for (tb_i32 p = division->cta_first[cta]; p < division->cta_first[cta + 1]; p++) {
        tiles += tb_ceil_div(division->part[p].end - division->part[p].begin, TB_DECODE_KV_TILE);
    }
    return tiles;
}

/* Ragged sequences, some of them empty, in room for `count`. */
static tb_decode_work random_work(gsl_rng *random, tb_decode_sequence *sequences)
{
    tb_decode_work work = {.batch = tb_test_between(random, 1, 5),
                           .heads_kv = tb_test_between(random, 1, 4),
                           .sequences = sequences};
    work.heads = work.heads_kv * tb_test_between(random, 1, 40);
    work.sequence_head = tb_test_between(random, 0, 1);
    work.sequence_batch = work.sequence_head == 1 ? work.heads_kv : tb_test_between(random, 0, 1);
    for (int i = 0; i < 20; i++) {
        sequences[i].keys =
            (tb_i32)(tb_test_between(random, 0, 3) * tb_test_between(random, 0, 700));
    }
    return work;
}

static void division__covers_every_key_once_and_evenly(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(CASES);
    for (int i = 0; i < cases; i++) {
        tb_decode_sequence sequences[20] = {{0}};
        tb_decode_work work = random_work(random, sequences);
        tb_decode_division division;
        tb_error err;
        int64_t count = tb_test_between(random, 1, 150);
        tb_assert_ok(tb_decode_split(&work, count, &division, &err), &err);
        check_cover(&work, &division);
        assert_int_equal(division.parts, division.items * count);
        for (int64_t p = 1; p < division.parts; p++) {
            const tb_decode_part *a = &division.part[p - 1], *b = &division.part[p];
            if (a->item == b->item) { /* as many keys, but for one */
                assert_in_range(b->end - b->begin - (a->end - a->begin) + 1, 0, 2);
            }
        }
        tb_decode_division_release(&division);
        tb_assert_ok(tb_decode_stream(&work, count, &division, &err), &err);
        check_cover(&work, &division);
        assert_true(division.parts <= division.items + count);
        assert_int_equal(division.ctas, count);
        for (int64_t c = 1; c < count; c++) { /* as many tiles, or one less */
            int64_t less = tiles_of_cta(&division, c - 1) - tiles_of_cta(&division, c);
            assert_in_range(less, 0, 1);
        }
        tb_decode_division_release(&division);
    }
    printf("%d problems, each split and as stream-K\n", cases);
    gsl_rng_free(random);
}

/* 1 batch entry, 2 KV heads of 150 keys (3 tiles of 64), 4 CTAs: 2, 2, 1, 1 tiles. */
static void division__stream_crosses_items(void **state)
{
    (void)state;
    const tb_decode_sequence sequence = {.keys = 150};
    const tb_decode_work work = {.batch = 1, .heads = 12, .heads_kv = 2, .sequences = &sequence};
    static const tb_decode_part want[] = {
        {0, 0, 128, 0}, {0, 128, 150, 0}, {1, 0, 64, 0}, {1, 64, 128, 0}, {1, 128, 150, 0}};
    tb_decode_division division;
    tb_error err;
    tb_assert_ok(tb_decode_stream(&work, 4, &division, &err), &err);
    assert_int_equal(division.parts, 5);
    assert_memory_equal(division.part, want, sizeof want);
    assert_int_equal(division.cta_first[1], 1);
    assert_int_equal(division.cta_first[2], 3);
    assert_int_equal(division.cta_first[3], 4);
    assert_int_equal(division.rows, 6);
    tb_decode_division_release(&division);
}

/* 40 query heads a KV head: 3 row sets of 14, 14, 12 rows rather than 16, 16, 8. */
static void division__row_sets_are_even(void **state)
{
    (void)state;
    const tb_decode_sequence sequence = {.keys = 72};
    const tb_decode_work work = {.batch = 2, .heads = 40, .heads_kv = 1, .sequences = &sequence};
    tb_decode_division division;
    tb_error err;
    tb_assert_ok(tb_decode_split(&work, 2, &division, &err), &err);
    assert_int_equal(division.row_sets, 3);
    assert_int_equal(division.rows, 14);
    assert_int_equal(division.items, 6);
    assert_int_equal(division.part[1].begin, 36);
    tb_decode_division_release(&division);
}

static void division__refuses_what_makes_no_sense(void **state)
{
    (void)state;
    const tb_decode_sequence sequence = {.keys = 72};
    tb_decode_work work = {.batch = 2, .heads = 7, .heads_kv = 2, .sequences = &sequence};
    tb_decode_division division;
    tb_error err;
    tb_assert_fails(tb_decode_split(&work, 2, &division, &err), &err, TB_EINVAL, "do not divide");
    work.heads = 8;
    tb_assert_fails(tb_decode_stream(&work, 0, &division, &err), &err, TB_EINVAL, "nothing");
    work.batch = 1 << 20;
    tb_assert_fails(tb_decode_split(&work, 1 << 20, &division, &err), &err, TB_EOVERFLOW,
                    "parts of the keys");
    work.batch = INT64_MAX / 2;
    tb_assert_fails(tb_decode_split(&work, 2, &division, &err), &err, TB_EOVERFLOW, "too much");
}

TB_TESTS(cmocka_unit_test(division__covers_every_key_once_and_evenly),
         cmocka_unit_test(division__stream_crosses_items),
         cmocka_unit_test(division__row_sets_are_even),
         cmocka_unit_test(division__refuses_what_makes_no_sense));
