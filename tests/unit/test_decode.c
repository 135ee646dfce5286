/* Decode attention: bytes, operations and times worked out by hand. */
#include "decode.h"
#include "test_support.h"

#include <math.h>
#include <stdio.h>

/* 2 sequences of 5000 tokens, 24 heads in 3 groups of 8, dims 128. */
static tb_decode_problem sample(void)
{
    tb_problem shape = tb_problem_default();
    shape.batch = 2;
    shape.heads = 24;
    shape.heads_kv = 3;
    tb_decode_problem problem = tb_decode_default(&shape);
    problem.cache = problem.kept = 5000;
    return problem;
}

static tb_decode_time predict(const tb_decode_problem *problem, const tb_device *device)
{
    tb_error err = {0};
    tb_decode_time time = {0};
    tb_assert_ok(tb_decode_predict(problem, device, &time, &err), &err);
    return time;
}

static void decode__bytes_and_flop_by_hand(void **state)
{
    (void)state;
    tb_decode_problem problem = sample();
    tb_decode_time time = predict(&problem, NULL);
    /* K and V: 2 x 3 heads x 5000 x 256 elements x 2 bytes; q and o: 2 x 24 x 256 x 2 */
    assert_true(time.kv_bytes == 15360000 && time.cache_bytes == 15360000);
    assert_true(time.work.hbm_bytes == 15360000 + 24576);
    /* 8 rows of a group are padded to 16: 2 x 6 x 16 x 5000 x 256 */
    assert_true(time.work.matrix_flop == 245760000);
    assert_true(time.work.special == 480000 && time.work.fma_flop == 0);
    assert_true(time.items == 6 && time.tiles == 40 && time.work.launches == 1);
    problem.queries = 3; /* 24 rows: two sets, which read the keys once each from L2 */
    time = predict(&problem, NULL);
    assert_true(time.items == 12 && time.work.matrix_flop == 2 * 245760000.0);
    assert_true(time.work.hbm_bytes == 15360000 + 3 * 24576);
}

static void decode__fewer_bits_shrink_bytes_not_flop(void **state)
{
    (void)state;
    tb_decode_problem problem = sample();
    double flop = predict(&problem, NULL).work.matrix_flop;
    static const double bits[] = {8, 4, 2};
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        problem.k_bits = problem.v_bits = bits[i];
        tb_decode_time time = predict(&problem, NULL);
        assert_true(time.kv_bytes == 15360000 * bits[i] / 16 && time.work.matrix_flop >= flop &&
                    time.work.matrix_flop <= flop);
    }
    /* KIVI at 2 bits: 32 bits more for each 32 elements are 3 bits an element */
    problem.group = 32;
    problem.dequant = 2;
    tb_decode_time time = predict(&problem, NULL);
    assert_true(time.kv_bytes == 15360000.0 * 3 / 16);
    assert_true(time.work.fma_flop == 2 * 7680000.0);
}

/* Pages of 16: 5000 tokens are 313 pages, 8 tokens more than are kept; an entry of 4 bytes each. */
static void decode__pages_are_read_whole(void **state)
{
    (void)state;
    tb_decode_problem problem = sample();
    problem.page = 16;
    tb_decode_time time = predict(&problem, NULL);
    assert_true(time.kv_bytes == 6 * 5008 * 512.0 && time.partial_bytes == 6 * 8 * 512.0);
    assert_true(time.page_table_bytes == 6 * 313 * 4.0);
    assert_true(time.cache_bytes == 6 * 5008 * 512.0 + 2 * 313 * 4.0);
    problem.kept = 100; /* 7 pages */
    time = predict(&problem, NULL);
    assert_true(time.kv_bytes == 6 * 112 * 512.0 &&
                time.work.matrix_flop == 2 * 6 * 16 * 100 * 256.0);
}

static tb_device *load(const char *name)
{
    tb_error err = {0};
    tb_device *device = NULL;
    tb_assert_ok(tb_device_load(name, &device, &err), &err);
    return device;
}

/* 6 items on an A100's 216 slots. */
static void decode__time_is_bytes_times_quantisation(void **state)
{
    (void)state;
    tb_device *device = load("a100-80");
    tb_decode_problem problem = sample();
    problem.cache = problem.kept = 128 * 2160;
    problem.division = TB_KV_NONE;
    tb_decode_time none = predict(&problem, device);
    tb_assert_close(none.division.quantisation, 36, 1e-12);
    problem.division = TB_KV_STREAM_K;
    tb_decode_time stream = predict(&problem, device);
    tb_assert_close(stream.division.quantisation, 1, 1e-12); /* 60 tiles a slot */
    tb_assert_close(none.least_us, stream.least_us, 1e-12);
    tb_assert_close(stream.least_us, stream.kv_bytes / 2039e3, 0.002);
    double launch = tb_device_get(device, TB_DEVICE_MEASURED_LAUNCH_US, 2.5);
    tb_assert_close((none.time_us - launch) / (stream.time_us - launch), 36, 0.02);
    assert_true(stream.limiter == TB_LIMITER_HBM && stream.work.launches == 1);
    problem.division = TB_KV_SPLIT_KV;
    tb_decode_time split = predict(&problem, device);
    assert_true(split.work.launches == 2 && split.merge_bytes > 0);
    assert_true(split.time_us > stream.time_us && split.time_us < none.time_us);
    /* parts x 8 rows x 130 floats, written and read */
    tb_assert_close(split.merge_bytes, 2.0 * (double)split.division.merged * 8 * 130 * 4, 1e-12);
    tb_device_destroy(device);
}

/* Fewer kept tokens, fewer bits, larger division: never slower by the bound, and never below it. */
static void decode__laws_hold_for_random_problems(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    tb_device *device = load("h100-sxm");
    int cases = tb_test_cases(1000);
    for (int i = 0; i < cases; i++) {
        tb_problem shape = tb_problem_default();
        shape.batch = tb_test_between(random, 1, 40);
        shape.heads_kv = tb_test_between(random, 1, 16);
        shape.heads = shape.heads_kv * tb_test_between(random, 1, 20);
        shape.dim = shape.dim_value = 32 * tb_test_between(random, 1, 8);
        tb_decode_problem problem = tb_decode_default(&shape);
        problem.queries = tb_test_between(random, 1, 5);
        problem.cache = tb_test_between(random, 1, 300000);
        problem.kept = tb_test_between(random, 1, problem.cache);
        problem.page = tb_test_between(random, 0, 1) * tb_test_between(random, 1, 300);
        problem.division = (tb_kv_division_kind)tb_test_between(random, 0, 3);
        problem.splits = tb_test_between(random, 1, 30);
        tb_decode_time time = predict(&problem, device), less;
        assert_true(isfinite(time.time_us) && time.time_us >= time.least_us && time.least_us > 0);
        assert_true(time.division.quantisation >= 1 - 1e-12);
        tb_decode_problem fewer = problem;
        fewer.kept = tb_test_between(random, 1, problem.kept);
        less = predict(&fewer, device);
        assert_true(less.least_us <= time.least_us && less.kv_bytes <= time.kv_bytes);
        fewer = problem;
        fewer.k_bits = 4;
        less = predict(&fewer, device);
        assert_true(less.kv_bytes < time.kv_bytes && less.least_us <= time.least_us);
    }
    printf("%d cases\n", cases);
    tb_device_destroy(device);
    gsl_rng_free(random);
}

static void decode__bad_input_is_refused(void **state)
{
    (void)state;
    tb_error err = {0};
    tb_decode_time out;
    tb_decode_problem bad = sample();
    bad.kept = 5001;
    tb_assert_fails(tb_decode_predict(&bad, NULL, &out, &err), &err, TB_EINVAL,
                    "keeps 5001 of 5000 tokens");
    bad = sample();
    bad.cache = 0;
    tb_assert_fails(tb_decode_predict(&bad, NULL, &out, &err), &err, TB_EINVAL, "cache 0");
    bad = sample();
    bad.heads_kv = 5;
    tb_assert_fails(tb_decode_predict(&bad, NULL, &out, &err), &err, TB_EINVAL,
                    "5 KV heads do not divide 24 heads");
    bad = sample();
    bad.k_bits = -1;
    tb_assert_fails(tb_decode_predict(&bad, NULL, &out, &err), &err, TB_EINVAL, "-1 bits");
    bad = sample();
    bad.batch = INT64_MAX;
    tb_assert_fails(tb_decode_predict(&bad, NULL, &out, &err), &err, TB_EOVERFLOW, "too much");
    bad = sample();
    bad.queries = INT64_MAX;
    tb_assert_fails(tb_decode_predict(&bad, NULL, &out, &err), &err, TB_EOVERFLOW, "too much");
}

TB_TESTS(cmocka_unit_test(decode__bytes_and_flop_by_hand),
         cmocka_unit_test(decode__fewer_bits_shrink_bytes_not_flop),
         cmocka_unit_test(decode__pages_are_read_whole),
         cmocka_unit_test(decode__time_is_bytes_times_quantisation),
         cmocka_unit_test(decode__laws_hold_for_random_problems),
         cmocka_unit_test(decode__bad_input_is_refused));
