/* How decode's KV tiles are divided over the slots of a device. */
#include "kv_division.h"
#include "test_support.h"

#include <math.h>
#include <stdio.h>

static tb_kv_division divide(tb_kv_division_kind kind, int64_t items, int64_t tiles, int64_t sms,
                             int64_t occupancy, int64_t splits)
{
    tb_error err = {0};
    tb_kv_division_problem problem = {.kind = kind,
                                      .items = items,
                                      .tiles = tiles,
                                      .sms = sms,
                                      .occupancy = occupancy,
                                      .splits = splits};
    tb_kv_division division = {0};
    tb_assert_ok(tb_kv_divide(&problem, &division, &err), &err);
    return division;
}

/* What the paper's own figure shows: 2 items of 5 tiles on 5 SMs. */
static void division__two_items_on_five_sms_by_hand(void **state)
{
    (void)state;
    tb_kv_division none = divide(TB_KV_NONE, 2, 5, 5, 1, 1);
    assert_true(none.makespan == 5 && none.ctas == 2 && none.merged == 0);
    tb_assert_close(none.quantisation, 2.5, 1e-12);
    /* in 2: parts of 2 and 3 tiles, 4 CTAs */
    tb_kv_division fixed = divide(TB_KV_FIXED, 2, 5, 5, 1, 2);
    assert_true(fixed.makespan == 3 && fixed.ctas == 4 && fixed.merged == 4);
    /* 5 CTAs of 2: the third has the last tile of one item and the first of the other */
    tb_kv_division stream = divide(TB_KV_STREAM_K, 2, 5, 5, 1, 1);
    assert_true(stream.makespan == 2 && stream.ctas == 5 && stream.parts == 6);
    assert_true(stream.merged == 6 && stream.splits == 3 && stream.quantisation == 1);
}

/* 216 slots of an A100: examples of the heuristic, worked out from its text. 48 items: 5 splits
 * are 1.11 waves (0.56), 4 are 0.89: the best; 4 is also the first of 0.85 of it. */
static void division__flash_decoding_chooses_its_splits(void **state)
{
    (void)state;
    assert_int_equal(tb_flash_decoding_splits(173, 216, 1024), 1);
    assert_int_equal(tb_flash_decoding_splits(172, 216, 4), 1); /* 2 splits are 0.796 of 2 waves */
    assert_int_equal(tb_flash_decoding_splits(48, 108, 64), 2); /* the example of its comment */
    assert_int_equal(tb_flash_decoding_splits(8, 216, 4096), 23); /* 184 of 216: 0.852; 27: 1 */
    assert_int_equal(tb_flash_decoding_splits(8, 216, 3), 3);
    assert_int_equal(tb_flash_decoding_splits(1, 216, 4096),
                     111); /* 128: 0.593; 109, 110 cut as 108 */
    assert_int_equal(tb_flash_decoding_kv_tile(64), 256);
    assert_int_equal(tb_flash_decoding_kv_tile(72), 128);
    assert_int_equal(tb_flash_decoding_kv_tile(192), 64);
}

/* Laws of every division, on random sizes. */
static void division__stream_k_is_within_a_tile_of_the_ideal(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(3000);
    for (int i = 0; i < cases; i++) {
        int64_t items = tb_test_between(random, 1, 300), tiles = tb_test_between(random, 1, 500);
        int64_t sms = tb_test_between(random, 1, 150), occupancy = tb_test_between(random, 1, 2);
        int64_t splits = tb_test_between(random, 1, 40);
        tb_kv_division of[TB_KV_DIVISION_COUNT];
        for (int kind = 0; kind < TB_KV_DIVISION_COUNT; kind++) {
            of[kind] = divide((tb_kv_division_kind)kind, items, tiles, sms, occupancy, splits);
            assert_true(of[kind].makespan >= of[kind].ideal * (1 - 1e-12));
            assert_true(of[kind].makespan >= of[TB_KV_STREAM_K].makespan || kind < TB_KV_STREAM_K);
            assert_true(of[kind].parts >= items && of[kind].merged <= of[kind].parts);
            assert_true(of[kind].utilisation <= 1 + 1e-12);
        }
        const tb_kv_division *stream = &of[TB_KV_STREAM_K];
        assert_true(stream->makespan < stream->ideal + 1);
        assert_true(stream->ctas <= sms * occupancy && stream->parts <= items + stream->ctas - 1);
        for (int kind = 0; kind < TB_KV_STREAM_K; kind++) {
            assert_true(stream->makespan <= of[kind].makespan);
        }
        int64_t waves = (items + sms * occupancy - 1) / (sms * occupancy);
        assert_true(of[TB_KV_NONE].makespan == (double)(waves * tiles));
    }
    printf("%d cases\n", cases);
    gsl_rng_free(random);
}

/* Lean Attention's claims (arXiv 2405.10480, abstract): 2.6x over FlashAttention-2 on average, up
 * to 8.33x at 512k. On an A100's 108 SMs with two CTAs each the schedule alone gives 216 / items
 * where items are fewer than slots: 8.33 lies between 24 items (9) and 32 (6.75). */
static void division__what_lean_attention_claims_is_quantisation(void **state)
{
    (void)state;
    double sum = 0, most = 0, sum_split = 0, most_split = 0;
    int count = 0, tiles = 524288 / 128;
    static const int64_t heads[] = {8, 12, 16, 24, 32, 40, 48, 56, 64, 96, 128};
    for (size_t h = 0; h < sizeof heads / sizeof *heads; h++) {
        for (int64_t batch = 1; batch <= 8; batch *= 2) {
            int64_t items = heads[h] * batch;
            double none = divide(TB_KV_NONE, items, tiles, 108, 2, 1).makespan;
            double split = divide(TB_KV_SPLIT_KV, items, tiles, 108, 2, 1).makespan;
            double stream = divide(TB_KV_STREAM_K, items, tiles, 108, 2, 1).makespan;
            sum += none / stream;
            most = fmax(most, none / stream);
            sum_split += split / stream;
            most_split = fmax(most_split, split / stream);
            count++;
        }
    }
    printf("over none: mean %.3f, most %.3f; over split-KV: mean %.3f, most %.3f\n", sum / count,
           most, sum_split / count, most_split);
    tb_assert_close(divide(TB_KV_NONE, 24, tiles, 108, 2, 1).quantisation, 9, 1e-12);
    tb_assert_close(divide(TB_KV_NONE, 32, tiles, 108, 2, 1).quantisation, 6.75, 1e-12);
    /* 26 items: 216 / 26 = 8.31, the claim to a quarter of a percent */
    tb_assert_close(divide(TB_KV_NONE, 26, tiles, 108, 2, 1).quantisation, 8.33, 0.003);
    assert_true(sum / count > 2.6 && most > 8.33);
    assert_true(most_split < 2.18);
}

static void division__bad_input_is_refused(void **state)
{
    (void)state;
    tb_error err = {0};
    tb_kv_division out;
    tb_kv_division_problem good = {TB_KV_FIXED, 3, 7, 11, 2, 4, 0}, bad = good;
    bad.items = 0;
    tb_assert_fails(tb_kv_divide(&bad, &out, &err), &err, TB_EINVAL, "the number of items is 0");
    bad = good;
    bad.splits = -1;
    tb_assert_fails(tb_kv_divide(&bad, &out, &err), &err, TB_EINVAL, "splits is -1");
    bad = good;
    bad.part_tiles = nan("");
    tb_assert_fails(tb_kv_divide(&bad, &out, &err), &err, TB_EINVAL, "a part costs");
    bad = good;
    bad.items = INT64_MAX / 2;
    tb_assert_fails(tb_kv_divide(&bad, &out, &err), &err, TB_EOVERFLOW, "too many");
}

TB_TESTS(cmocka_unit_test(division__two_items_on_five_sms_by_hand),
         cmocka_unit_test(division__flash_decoding_chooses_its_splits),
         cmocka_unit_test(division__stream_k_is_within_a_tile_of_the_ideal),
         cmocka_unit_test(division__what_lean_attention_claims_is_quantisation),
         cmocka_unit_test(division__bad_input_is_refused));
