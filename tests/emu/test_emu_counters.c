/* What the emulator counts of warp instructions, where it can be worked out by hand: sectors of 32
 * bytes in global memory, transactions and conflicts of 32 banks in shared memory. */
#include "small_kernel.h"
#include "test_support.h"

#include <stdlib.h>
#include <string.h>

enum { LANES = 32, BYTES = 8192 };

/* Where the lanes go. */
typedef struct pattern {
    int32_t where[LANES];
} pattern;

static pattern strided(int first, int stride)
{
    pattern p;
    for (int i = 0; i < LANES; i++) {
        p.where[i] = first + i * stride;
    }
    return p;
}

/* What one more time of it costs: a run of three times less one of two. */
static tb_emu_counters cost_of(const tb_small *small, const char *kernel, const pattern *p)
{
    static unsigned char zeros[BYTES];
    struct {
        void *memory, *out, *where;
        int32_t times;
    } params = {tb_small_buffer(small, "memory", BYTES, zeros),
                tb_small_buffer(small, "out", LANES * 4, NULL),
                tb_small_buffer(small, "where", sizeof p->where, p->where), 0};
    tb_emu_counters counters[2];
    for (int i = 0; i < 2; i++) {
        params.times = 2 + i;
        tb_emu_launch launch = tb_small_launch(small, kernel, &params, sizeof params);
        launch.shared_bytes = BYTES;
        launch.schedule = i == 0 ? TB_EMU_FORWARD : TB_EMU_RANDOM;
        counters[i] = tb_small_run(small, &launch);
    }
    int64_t a[sizeof counters[0] / 8], b[sizeof counters[0] / 8];
    memcpy(a, &counters[0], sizeof a);
    memcpy(b, &counters[1], sizeof b);
    for (size_t i = 0; i < sizeof a / 8; i++) {
        b[i] -= a[i];
    }
    tb_emu_counters cost;
    memcpy(&cost, b, sizeof cost);
    tb_emu_free(small->memory, params.memory);
    tb_emu_free(small->memory, params.out);
    tb_emu_free(small->memory, params.where);
    return cost;
}

static void expect_loads(const tb_small *small, const char *kernel, pattern p, int64_t sectors,
                         int64_t ideal)
{
    tb_emu_counters cost = cost_of(small, kernel, &p);
    if (cost.global_loads != 1 || cost.load_sectors != sectors ||
        cost.load_sectors_ideal != ideal || cost.global_stores != 0) {
        fail_msg("%s, %d, %d, ...: %d loads, %d sectors of %d; wanted %d of %d", kernel, p.where[0],
                 p.where[1], (int)cost.global_loads, (int)cost.load_sectors,
                 (int)cost.load_sectors_ideal, (int)sectors, (int)ideal);
    }
}

static void loads__touch_sectors_of_32_bytes(void **state)
{
    (void)state;
    tb_small small = tb_small_open("counters.cu", NULL);
    pattern half = strided(0, 4), swapped = strided(0, 4);
    for (int i = 0; i < LANES; i++) {
        half.where[i] = i % 2 ? -1 : i * 2; /* every other lane, 64 bytes in a row */
        swapped.where[i] = (i * 5 % 32) * 4;
    }
    expect_loads(&small, "global_load_4", strided(0, 4), 4, 4);
    expect_loads(&small, "global_load_4", swapped, 4, 4);
    expect_loads(&small, "global_load_4", strided(4, 4), 5, 4);    /* across one boundary more */
    expect_loads(&small, "global_load_4", strided(0, 8), 8, 4);    /* half of each sector */
    expect_loads(&small, "global_load_4", strided(0, 32), 32, 4);  /* a word of each */
    expect_loads(&small, "global_load_4", strided(0, 128), 32, 4); /* a column of a matrix */
    expect_loads(&small, "global_load_4", strided(64, 0), 1, 1);   /* all the same word */
    expect_loads(&small, "global_load_4", half, 2, 2);
    expect_loads(&small, "global_load_2", strided(0, 2), 2, 2);
    expect_loads(&small, "global_load_2", strided(30, 2), 3, 2);
    expect_loads(&small, "global_load_8", strided(0, 8), 8, 8);
    expect_loads(&small, "global_load_16", strided(0, 16), 16, 16);
    expect_loads(&small, "global_load_16", strided(0, 32), 32, 16);
    tb_small_close(&small);
}

static void stores__touch_sectors_too(void **state)
{
    (void)state;
    tb_small small = tb_small_open("counters.cu", NULL);
    pattern dense = strided(256, 4), column = strided(0, 64);
    tb_emu_counters cost = cost_of(&small, "global_store_4", &dense);
    assert_int_equal(cost.global_stores, 1);
    assert_int_equal(cost.store_sectors, 4);
    assert_int_equal(cost.store_sectors_ideal, 4);
    assert_int_equal(cost.global_loads, 0);
    cost = cost_of(&small, "global_store_2", &column);
    assert_int_equal(cost.store_sectors, 32);
    assert_int_equal(cost.store_sectors_ideal, 2);
    tb_small_close(&small);
}

static void expect_shared(const tb_small *small, const char *kernel, pattern p,
                          int64_t transactions, int64_t conflicts)
{
    tb_emu_counters cost = cost_of(small, kernel, &p);
    if (cost.shared_loads + cost.shared_stores != 1 || cost.shared_transactions != transactions ||
        cost.shared_conflicts != conflicts) {
        fail_msg("%s, %d, %d, ...: %d transactions, %d conflicts; wanted %d and %d", kernel,
                 p.where[0], p.where[1], (int)cost.shared_transactions, (int)cost.shared_conflicts,
                 (int)transactions, (int)conflicts);
    }
}

static void words__conflict_where_they_share_a_bank(void **state)
{
    (void)state;
    tb_small small = tb_small_open("counters.cu", NULL);
    pattern two = strided(0, 4);
    for (int i = 0; i < LANES; i++) {
        two.where[i] = i < 16 ? i * 4 : 128 + (i - 16) * 4; /* 16 banks, two words each */
    }
    const char *const loads = "shared_load_4";
    expect_shared(&small, loads, strided(0, 4), 1, 0);
    expect_shared(&small, loads, strided(400, 4), 1, 0);
    expect_shared(&small, loads, strided(0, 132), 1, 0); /* rows padded by a word */
    expect_shared(&small, loads, strided(0, 0), 1, 0);   /* all the same word */
    expect_shared(&small, loads, strided(0, 8), 2, 1);
    expect_shared(&small, loads, strided(0, 16), 4, 3);
    expect_shared(&small, loads, strided(0, 128), 32, 31);
    expect_shared(&small, loads, two, 2, 1);
    expect_shared(&small, "shared_load_2", strided(0, 2), 1, 0); /* two lanes a word */
    expect_shared(&small, "shared_load_2", strided(0, 128), 32, 31);
    expect_shared(&small, "shared_store_4", strided(0, 4), 1, 0);
    expect_shared(&small, "shared_store_4", strided(0, 128), 32, 31);
    tb_small_close(&small);
}

/* 8 bytes: half a warp at a time; 16: a quarter. */
static void wide_accesses__go_in_parts_of_128_bytes(void **state)
{
    (void)state;
    tb_small small = tb_small_open("counters.cu", NULL);
    pattern quarter = strided(0, 16);
    for (int i = 8; i < LANES; i++) {
        quarter.where[i] = -1;
    }
    expect_shared(&small, "shared_load_8", strided(0, 8), 2, 0);
    expect_shared(&small, "shared_load_8", strided(0, 16), 4, 2);
    expect_shared(&small, "shared_load_8", strided(0, 128), 32, 30);
    expect_shared(&small, "shared_load_16", strided(0, 16), 4, 0);
    expect_shared(&small, "shared_load_16", quarter, 1, 0);
    expect_shared(&small, "shared_load_16", strided(0, 32), 8, 4);
    expect_shared(&small, "shared_load_16", strided(0, 128), 32, 28);
    expect_shared(&small, "shared_load_16", strided(0, 144), 4, 0); /* rows padded by 16 bytes */
    expect_shared(&small, "shared_load_16", strided(0, 0), 4, 0);
    tb_small_close(&small);
}

static void ldmatrix__conflicts_by_rows_of_a_matrix(void **state)
{
    (void)state;
    tb_small small = tb_small_open("counters.cu", NULL);
    pattern swizzled = strided(0, 128);
    for (int i = 0; i < LANES; i++) {
        swizzled.where[i] = i * 128 + (i & 7) * 16;
    }
    expect_shared(&small, "matrix_load", strided(0, 16), 4, 0);
    expect_shared(&small, "matrix_load", strided(0, 128), 32, 28);
    expect_shared(&small, "matrix_load", strided(0, 64), 16, 12); /* two banks of four */
    expect_shared(&small, "matrix_load", strided(0, 144), 4, 0);
    expect_shared(&small, "matrix_load", strided(512, 0), 4, 0);
    expect_shared(&small, "matrix_load", swizzled, 4, 0);
    pattern column = strided(0, 128);
    tb_emu_counters cost = cost_of(&small, "matrix_load", &column);
    assert_int_equal(cost.ldmatrix, 1);
    assert_int_equal(cost.ldmatrix_conflicts, 28);
    assert_int_equal(cost.cp_async_conflicts, 0);
    tb_small_close(&small);
}

static void cp_async__is_a_load_here_and_a_store_there(void **state)
{
    (void)state;
    tb_small small = tb_small_open("counters.cu", NULL);
    pattern dense = strided(0, 16), column = strided(0, 128);
    tb_emu_counters cost = cost_of(&small, "copy", &dense);
    assert_int_equal(cost.global_loads, 1);
    assert_int_equal(cost.load_sectors, 16);
    assert_int_equal(cost.load_sectors_ideal, 16);
    assert_int_equal(cost.shared_stores, 1);
    assert_int_equal(cost.shared_transactions, 4);
    assert_int_equal(cost.shared_conflicts, 0);
    cost = cost_of(&small, "copy", &column);
    assert_int_equal(cost.shared_transactions, 32);
    assert_int_equal(cost.shared_conflicts, 28);
    assert_int_equal(cost.cp_async_conflicts, 28);
    assert_int_equal(cost.ldmatrix_conflicts, 0);
    tb_small_close(&small);
}

/* Lanes 3, 7, ... go round four times as often as lanes 0, 4, ...: four warp instructions, of 32,
 * 24, 16 and 8 lanes, each of which touches all four sectors. */
static void lanes__that_go_round_more_often_are_fewer(void **state)
{
    (void)state;
    tb_small small = tb_small_open("counters.cu", NULL);
    pattern unused = strided(0, 4);
    tb_emu_counters cost = cost_of(&small, "ragged", &unused);
    assert_int_equal(cost.global_loads, 4);
    assert_int_equal(cost.load_sectors, 16);
    assert_int_equal(cost.load_sectors_ideal, 4 + 3 + 2 + 1);
    cost = cost_of(&small, "branches", &unused);
    assert_int_equal(cost.global_loads, 2);
    assert_int_equal(cost.load_sectors, 2 + 16);
    assert_int_equal(cost.load_sectors_ideal, 2 + 1);
    tb_small_close(&small);
}

/* More than the emulator notes of a lane before it counts. */
static void long_loops__are_counted_to_the_end(void **state)
{
    (void)state;
    enum { TIMES = 5000 };
    static unsigned char zeros[BYTES];
    tb_small small = tb_small_open("counters.cu", NULL);
    pattern p = strided(4, 4);
    struct {
        void *memory, *out, *where;
        int32_t times;
    } params = {tb_small_buffer(&small, "memory", BYTES, zeros),
                tb_small_buffer(&small, "out", LANES * 4, NULL),
                tb_small_buffer(&small, "where", sizeof p.where, p.where), TIMES};
    for (int schedule = TB_EMU_FORWARD; schedule <= TB_EMU_RANDOM; schedule++) {
        tb_emu_launch launch = tb_small_launch(&small, "global_load_4", &params, sizeof params);
        launch.schedule = (tb_emu_schedule)schedule;
        tb_emu_counters counters = tb_small_run(&small, &launch);
        assert_int_equal(counters.global_loads, TIMES + 1); /* `where` is the other */
        assert_int_equal(counters.load_sectors, 5 * TIMES + 4);
        assert_int_equal(counters.global_stores, 1);
    }
    tb_small_close(&small);
}

TB_TESTS(cmocka_unit_test(loads__touch_sectors_of_32_bytes),
         cmocka_unit_test(stores__touch_sectors_too),
         cmocka_unit_test(words__conflict_where_they_share_a_bank),
         cmocka_unit_test(wide_accesses__go_in_parts_of_128_bytes),
         cmocka_unit_test(ldmatrix__conflicts_by_rows_of_a_matrix),
         cmocka_unit_test(cp_async__is_a_load_here_and_a_store_there),
         cmocka_unit_test(lanes__that_go_round_more_often_are_fewer),
         cmocka_unit_test(long_loops__are_counted_to_the_end));
