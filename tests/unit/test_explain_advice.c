/* What the waterfall advises is true: every stride is tried on small problems. */
#include "explain_advice.h"

#include "sim_case.h"
#include "test_support.h"
#include "text.h"
#include "timed_case.h"

#include <stdio.h>
#include <string.h>

/* A small gna problem with tiles of its own, predicted without a kernel. */
static tb_prediction predict(const tb_case *item)
{
    tb_prediction p;
    tb_error err;
    tb_assert_ok(tb_predict(item, NULL, &p, &err), &err);
    return p;
}

static tb_case draw_small(gsl_rng *random)
{
    tb_case item = tb_case_default();
    int rank = (int)tb_test_between(random, 1, 2);
    item.problem.layout.rank = rank;
    item.pattern.kind = TB_PATTERN_GNA;
    item.tiling.q_dims = item.tiling.kv_dims = rank;
    for (int d = 0; d < rank; d++) {
        int64_t q_tile = tb_test_between(random, 2, 4), kv_tile = tb_test_between(random, 1, 4);
        int64_t window = tb_test_between(random, 1, 4) * kv_tile;
        item.problem.layout.extent[d] = window + tb_test_between(random, 0, 5) * kv_tile;
        item.pattern.window[d] = window - (tb_test_between(random, 0, 4) == 0 && window > 1);
        item.pattern.causal[d] = tb_test_between(random, 0, 11) == 0;
        if (tb_test_between(random, 0, 4) == 0) {
            item.pattern.dilation[d] = 2;
            item.problem.layout.extent[d] =
                2 * item.problem.layout.extent[d] + tb_test_between(random, 0, 1);
        }
        item.tiling.q_tile[d] = q_tile;
        item.tiling.kv_tile[d] = kv_tile;
    }
    item.tiling.has_kv_tiling = tb_test_between(random, 0, 3) == 0;
    item.tiling.kv_tiling = TB_KV_DYNAMIC;
    return item;
}

/* Partial tiles of the prediction's problem under other strides. */
static int64_t partial_with(const tb_prediction *p, const int64_t *stride)
{
    tb_pattern pattern = p->pattern;
    tb_census census;
    tb_error err;
    memcpy(pattern.stride, stride, sizeof pattern.stride);
    tb_assert_ok(tb_census_count(&p->problem, &pattern, &p->tiling, NULL, &census, &err), &err);
    return tb_census_partial(&census);
}

/* The least strides of which every tile is full, found by trying them all; false if none is. */
static bool find_strides(const tb_prediction *p, int64_t *least)
{
    int64_t stride[TB_MAX_RANK] = {1, 1, 1, 1};
    int rank = p->problem.layout.rank;
    bool found = false;
    int64_t last = rank == 2 ? p->pattern.window[1] : 1;
    for (stride[0] = 1; stride[0] <= p->pattern.window[0]; stride[0]++) {
        for (stride[1] = 1; stride[1] <= last; stride[1]++) {
            if (partial_with(p, stride) != 0) {
                continue;
            }
            for (int d = 0; d < rank; d++) { /* each dimension by itself */
                least[d] = found && least[d] < stride[d] ? least[d] : stride[d];
            }
            found = true;
        }
    }
    return found;
}

static void assert_advice(const tb_prediction *p, const char *advice, const char *want)
{
    if (strncmp(advice, want, strlen(want)) != 0) {
        for (int d = 0; d < p->problem.layout.rank; d++) {
            (void)fprintf(stderr, "extent %lld, window %lld, dilation %lld, tiles %lld / %lld\n",
                          (long long)p->problem.layout.extent[d], (long long)p->pattern.window[d],
                          (long long)p->pattern.dilation[d], (long long)p->tiling.q_tile[d],
                          (long long)p->tiling.kv_tile[d]);
        }
        fail_msg("advice '%s'; wanted '%s'", advice, want);
    }
}

/* What the advice should begin with. */
static void wanted_advice(const tb_prediction *p, char *out, size_t capacity)
{
    int64_t least[TB_MAX_RANK] = {1, 1, 1, 1};
    bool exists = find_strides(p, least);
    bool has_second = p->problem.layout.rank == 2;
    if (tb_census_partial(&p->census) == 0) {
        out[0] = '\0';
    } else if (!exists) {
        (void)snprintf(out, capacity, "no stride makes every tile full here");
    } else if (has_second) {
        assert_int_equal(partial_with(p, least), 0);
        (void)snprintf(out, capacity, "stride %lldx%lld makes every tile full", (long long)least[0],
                       (long long)least[1]);
    } else {
        (void)snprintf(out, capacity, "stride %lld makes every tile full", (long long)least[0]);
    }
}

static void advised_stride__is_the_least_that_fills_every_tile(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(1500), strides = 0, none = 0;
    for (int i = 0; i < cases; i++) {
        char advice[240], want[240];
        tb_case item = draw_small(random);
        tb_prediction p = predict(&item);
        tb_advise_stride(&p, advice);
        wanted_advice(&p, want, sizeof want);
        assert_advice(&p, advice, want);
        assert_true((want[0] == '\0') == (advice[0] == '\0'));
        strides += strncmp(advice, "stride", 6) == 0;
        none += strncmp(advice, "no stride", 9) == 0;
        tb_prediction_release(&p);
    }
    print_message("%d problems: %d strides, %d without one\n", cases, strides, none);
    assert_true(strides > 0 && none > 0);
    gsl_rng_free(random);
}

/* A ragged tile of extra tokens is partial whatever the stride. */
static void advised_stride__counts_extra_tokens(void **state)
{
    (void)state;
    char advice[240];
    tb_case item = tb_test_gna("32768", "2048", NULL, 1);
    item.problem.extra_kv = 256; /* two whole tiles */
    tb_prediction p = predict(&item);
    tb_advise_stride(&p, advice);
    assert_advice(&p, advice, "stride 256 makes every tile full: bound ");
    tb_prediction_release(&p);
    item.problem.extra_kv = 100;
    p = predict(&item);
    tb_advise_stride(&p, advice);
    assert_true(strstr(advice, "stride 256 makes every tile full") == NULL);
    tb_prediction_release(&p);
}

/* HunyuanVideo in tiles of 4x8x8 / 2x8x8 is fully block-sparse from 16x8x8 on, as published; by
 * tiles in total the bound goes from 4.917 to 11.11 x 30/32, for the query tiles pad 30 to 32. */
static void advised_stride__is_the_published_one(void **state)
{
    (void)state;
    char advice[240];
    tb_case item = tb_test_gna("30x48x80", "18x24x24", NULL, 24);
    tb_test_tiles(&item, "4x8x8", "2x8x8");
    tb_prediction p = predict(&item);
    tb_advise_stride(&p, advice);
    int64_t stride[TB_MAX_RANK] = {16, 8, 8, 1};
    assert_int_equal(partial_with(&p, stride), 0);
    for (stride[0] = 15; stride[0] >= 1; stride[0]--) {
        if (partial_with(&p, stride) == 0) {
            fail_msg("stride %lldx8x8 is enough", (long long)stride[0]);
        }
    }
    assert_advice(&p, advice, "stride 16x8x8 makes every tile full: bound 4.92 -> 10.42");
    tb_prediction_release(&p);
}

static void other_patterns__get_no_stride(void **state)
{
    (void)state;
    char advice[240] = "x";
    tb_case item = tb_case_default();
    item.problem.layout = (tb_layout){.rank = 1, .extent = {9600}};
    item.pattern.kind = TB_PATTERN_LOCAL;
    item.pattern.left = 720;
    tb_prediction p = predict(&item);
    assert_true(tb_census_partial(&p.census) > 0);
    tb_advise_stride(&p, advice);
    assert_string_equal(advice, "");
    tb_prediction_release(&p);
}

/* The least extent from `extent` on whose dilation groups the tiles divide, by trying. */
static int64_t padded_extent(int64_t extent, int64_t dilation, int64_t tile)
{
    for (;; extent++) {
        bool divides = true;
        for (int64_t g = 0; g < dilation; g++) {
            divides = divides && tb_oracle_group_length(extent, dilation, g) % tile == 0;
        }
        if (divides) {
            return extent;
        }
    }
}

static void advised_padding__is_what_query_tiles_divide(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(1500), padded = 0;
    for (int i = 0; i < cases; i++) {
        char advice[240], want[240] = "";
        size_t used = 0;
        tb_case item = draw_small(random);
        tb_prediction p = predict(&item);
        for (int d = 0; d < p.problem.layout.rank; d++) {
            int64_t extent = p.problem.layout.extent[d];
            int64_t to = padded_extent(extent, p.pattern.dilation[d], p.tiling.q_tile[d]);
            if (to != extent) {
                used += (size_t)snprintf(want + used, sizeof want - used,
                                         "%s%lld -> %lld in dimension %d",
                                         used == 0 ? "query tiles fill " : ", ", (long long)extent,
                                         (long long)to, d + 1);
            }
        }
        tb_advise_padding(&p, advice);
        assert_string_equal(advice, want);
        padded += want[0] != '\0';
        tb_prediction_release(&p);
    }
    print_message("%d problems, %d padded\n", cases, padded);
    assert_true(padded > 0 && padded < cases);
    gsl_rng_free(random);
}

static void advised_waves__follow_the_schedule(void **state)
{
    (void)state;
    char advice[240];
    tb_timing timing = {0};
    tb_schedule *schedule = &timing.time.schedule;
    *schedule = (tb_schedule){.ctas = 96, .slots = 132, .waves = 1, .utilisation = 0.72};
    tb_advise_waves(&timing, advice);
    assert_string_equal(advice, "96 CTAs on 132 slots: split KV, or more heads or batch");
    *schedule = (tb_schedule){.ctas = 144, .slots = 132, .waves = 2, .utilisation = 0.55};
    tb_advise_waves(&timing, advice);
    assert_non_null(strstr(advice, "144 CTAs are 2 waves on 132 slots"));
    *schedule = (tb_schedule){.ctas = 263, .slots = 132, .waves = 2, .utilisation = 0.996};
    tb_advise_waves(&timing, advice);
    assert_string_equal(advice, "");
}

TB_TESTS(cmocka_unit_test(advised_stride__is_the_least_that_fills_every_tile),
         cmocka_unit_test(advised_stride__counts_extra_tokens),
         cmocka_unit_test(advised_stride__is_the_published_one),
         cmocka_unit_test(other_patterns__get_no_stride),
         cmocka_unit_test(advised_padding__is_what_query_tiles_divide),
         cmocka_unit_test(advised_waves__follow_the_schedule));
