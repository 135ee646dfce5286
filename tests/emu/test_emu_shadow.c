/* The shadow against a history that forgets nothing: random accesses of random threads, warps and
 * CTAs between random barriers are wrong for one when they are for the other. */
#include "emu_shadow.h"
#include "test_support.h"

#include <stdlib.h>
#include <string.h>

enum { BYTES = 96, WARPS = 3, CTAS = 3, MAX_HISTORY = 400 };

/* An access of one byte that was right. */
typedef struct record {
    tb_emu_who who;
    tb_emu_access access;
} record;

typedef struct byte_history {
    record past[MAX_HISTORY];
    int count;
    tb_emu_state state;
} byte_history;

/* The time of the threads of one CTA. */
typedef struct clock {
    uint32_t last, barrier, stamp[WARPS];
} clock;

typedef struct world {
    tb_emu_shadow shadow;
    byte_history bytes[BYTES];
    clock clocks[CTAS];
    int ctas;
    uint32_t run;
    int counts[TB_EMU_BAD_LAUNCH + 1];
} world;

static bool is_ordered(const tb_emu_who *before, const tb_emu_who *who)
{
    if (before->cta != who->cta) {
        return false;
    }
    if (before->stamp < who->barrier) {
        return true;
    }
    if (before->thread == who->thread && !before->is_warp && !who->is_warp) {
        return true;
    }
    return before->thread / 32 == who->thread / 32 && before->stamp < who->stamp;
}

static bool is_write(tb_emu_access access)
{
    return access != TB_EMU_READ;
}

/* What is wrong with an access of a byte: a set of bits 1 << kind. */
static unsigned judge_byte(const byte_history *byte, const tb_emu_who *who, tb_emu_access access)
{
    unsigned wrong = 0;
    if (byte->state == TB_EMU_FLYING) {
        return access == TB_EMU_LAND_COPY ? 0 : 1U << TB_EMU_IN_FLIGHT;
    }
    if (byte->state == TB_EMU_UNSET && (access == TB_EMU_READ || access == TB_EMU_ATOMIC)) {
        return 1U << TB_EMU_UNINITIALISED;
    }
    for (int i = 0; i < byte->count; i++) {
        const record *past = &byte->past[i];
        bool both_atomic = access == TB_EMU_ATOMIC && past->access == TB_EMU_ATOMIC;
        if ((is_write(access) || is_write(past->access)) && !both_atomic &&
            !is_ordered(&past->who, who)) {
            wrong |= 1U << (past->who.cta == who->cta ? TB_EMU_RACE : TB_EMU_CTA_RACE);
        }
    }
    return wrong;
}

static void note_byte(byte_history *byte, const tb_emu_who *who, tb_emu_access access)
{
    assert_true(byte->count < MAX_HISTORY);
    byte->past[byte->count++] = (record){*who, access};
    if (access == TB_EMU_LAUNCH_COPY) {
        byte->state = TB_EMU_FLYING;
    } else if (access != TB_EMU_READ) {
        byte->state = TB_EMU_SET;
    }
}

static tb_emu_who draw_who(world *w, gsl_rng *random)
{
    static const int threads[] = {0, 1, 2, 31, 32, 33, 63, 64, 65, 95};
    tb_emu_who who = {.cta = (uint32_t)tb_test_between(random, 0, w->ctas - 1),
                      .thread = (uint16_t)threads[tb_test_between(random, 0, 9)]};
    who.stamp = w->clocks[who.cta].stamp[who.thread / 32];
    who.barrier = w->clocks[who.cta].barrier;
    return who;
}

/* Atomics keep to the last 16 bytes, and plain writes to the others: see "not seen" in
 * emu_shadow.h. */
static tb_emu_access draw_access(gsl_rng *random, int *at, int *bytes)
{
    static const int sizes[] = {1, 2, 4, 8, 16, 16};
    *bytes = sizes[tb_test_between(random, 0, 5)];
    *at = (int)tb_test_between(random, 0, (BYTES - 16) / *bytes - 1) * *bytes;
    int64_t kind = tb_test_between(random, 0, 19);
    if (kind < 11) {
        return TB_EMU_READ;
    }
    if (kind < 14) {
        *bytes = 4;
        *at = BYTES - 16 + 4 * (int)tb_test_between(random, 0, 3);
        return kind < 13 ? TB_EMU_ATOMIC : TB_EMU_READ;
    }
    return TB_EMU_WRITE;
}

/* Check one access both ways. False when it is wrong: a launch ends there. */
static bool check(world *w, const tb_emu_who *who, tb_emu_access access, int at, int bytes)
{
    unsigned wrong = 0;
    tb_emu_cell other;
    for (int i = at; i < at + bytes; i++) {
        wrong |= judge_byte(&w->bytes[i], who, access);
    }
    tb_emu_fault_kind found =
        tb_emu_shadow_check(&w->shadow, w->run, who, access, at, bytes, &other);
    w->counts[found]++;
    if ((wrong == 0) != (found == TB_EMU_NO_FAULT) || (wrong != 0 && (wrong >> found & 1) == 0)) {
        fail_msg("access %d of [%d, %d) by thread %d of CTA %u: %s; wanted one of %#x", access, at,
                 at + bytes, who->thread, who->cta, tb_emu_fault_names[found], wrong);
    }
    for (int i = at; i < at + bytes && wrong == 0; i++) {
        note_byte(&w->bytes[i], who, access);
    }
    return wrong == 0;
}

/* A copy of 16 bytes, and now and then somebody who does not wait for it. */
static bool check_copy(world *w, gsl_rng *random, const tb_emu_who *who)
{
    int at = 16 * (int)tb_test_between(random, 0, BYTES / 16 - 2);
    if (!check(w, who, TB_EMU_LAUNCH_COPY, at, 16)) {
        return false;
    }
    if (tb_test_between(random, 0, 3) == 0) {
        tb_emu_who hasty = draw_who(w, random);
        tb_emu_access access = tb_test_between(random, 0, 1) == 0 ? TB_EMU_READ : TB_EMU_WRITE;
        return check(w, &hasty, access, at + (int)tb_test_between(random, 0, 3) * 4, 4);
    }
    return check(w, who, TB_EMU_LAND_COPY, at, 16);
}

static void pass_time(world *w, gsl_rng *random)
{
    clock *c = &w->clocks[tb_test_between(random, 0, w->ctas - 1)];
    if (tb_test_between(random, 0, 2) == 0) {
        c->barrier = ++c->last;
        for (int i = 0; i < WARPS; i++) {
            c->stamp[i] = c->barrier;
        }
    } else {
        c->stamp[tb_test_between(random, 0, WARPS - 1)] = ++c->last;
    }
}

/* A new launch: what is written stays, who did it is over. */
static void begin(world *w, gsl_rng *random, bool is_shared)
{
    w->run++;
    w->ctas = is_shared ? 1 : (int)tb_test_between(random, 1, CTAS);
    for (int i = 0; i < CTAS; i++) {
        w->clocks[i] = (clock){1, 1, {1, 1, 1}};
    }
    if (is_shared) {
        tb_emu_shadow_restart(&w->shadow, BYTES);
    }
    for (int i = 0; i < BYTES; i++) {
        w->bytes[i].count = 0;
        if (is_shared || w->bytes[i].state == TB_EMU_FLYING) {
            w->bytes[i].state = TB_EMU_UNSET;
        }
    }
}

/* The host writes some bytes of global memory before a launch. */
static void upload(world *w, gsl_rng *random)
{
    bool is_whole = tb_test_between(random, 0, 3) != 0;
    int from = is_whole ? 0 : (int)tb_test_between(random, 0, BYTES - 1);
    int to = is_whole ? BYTES : (int)tb_test_between(random, from, BYTES);
    assert_true(tb_emu_shadow_set(&w->shadow, from, to - from));
    for (int i = from; i < to; i++) {
        w->bytes[i].state = TB_EMU_SET;
    }
    int64_t first = 0;
    while (first < BYTES && w->bytes[first].state == TB_EMU_SET) {
        first++;
    }
    assert_int_equal(tb_emu_shadow_first_unset(&w->shadow, 0, BYTES), first < BYTES ? first : -1);
}

static void forget(world *w)
{
    tb_emu_shadow_forget(&w->shadow);
    for (int i = 0; i < BYTES; i++) {
        w->bytes[i].state = TB_EMU_UNSET;
    }
}

/* Accesses until one is wrong, or there were enough: true then. */
static bool run_once(world *w, gsl_rng *random, bool is_shared)
{
    int steps = (int)tb_test_between(random, 5, 100);
    begin(w, random, is_shared);
    if (is_shared) { /* one thread writes nearly all of it, so that not all is uninitialised */
        tb_emu_who who = {.stamp = 1, .barrier = 1};
        (void)check(w, &who, TB_EMU_WRITE, 16 * (int)tb_test_between(random, 0, 1), BYTES - 16);
        w->clocks[0] = (clock){2, 2, {2, 2, 2}};
    } else {
        upload(w, random);
    }
    for (int i = 0; i < steps; i++) {
        int at, bytes;
        tb_emu_who who = draw_who(w, random);
        tb_emu_access access = draw_access(random, &at, &bytes);
        if (access == TB_EMU_READ && bytes == 16 && tb_test_between(random, 0, 1) == 0) {
            who.is_warp = true;
        }
        if (tb_test_between(random, 0, 1) == 0) {
            pass_time(w, random);
        } else if (is_shared && tb_test_between(random, 0, 9) == 0) {
            who.is_warp = false;
            if (!check_copy(w, random, &who)) {
                return false;
            }
        } else if (!check(w, &who, access, at, bytes)) {
            return false;
        }
    }
    return true;
}

static void run_many(bool is_shared, int cases)
{
    gsl_rng *random = tb_test_random();
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    assert_true(tb_emu_shadow_create(&w->shadow, BYTES, is_shared));
    for (int i = 0; i < cases; i++) {
        bool is_good = run_once(w, random, is_shared);
        if (!is_shared && (!is_good || i % 50 == 49)) { /* half of a wrong access may be noted */
            forget(w);
        }
    }
    for (int kind = 0; kind <= TB_EMU_BAD_LAUNCH; kind++) {
        print_message("%d %s, ", w->counts[kind], tb_emu_fault_names[kind]);
    }
    print_message("in %d runs\n", cases);
    assert_true(w->counts[TB_EMU_RACE] > cases / 20);
    assert_true(w->counts[TB_EMU_UNINITIALISED] > cases / 50);
    assert_true(w->counts[is_shared ? TB_EMU_IN_FLIGHT : TB_EMU_CTA_RACE] > cases / 50);
    tb_emu_shadow_destroy(&w->shadow);
    free(w);
    gsl_rng_free(random);
}

static void shared_memory__agrees_with_its_history(void **state)
{
    (void)state;
    run_many(true, tb_test_cases(40000));
}

static void global_memory__agrees_with_its_history(void **state)
{
    (void)state;
    run_many(false, tb_test_cases(40000));
}

TB_TESTS(cmocka_unit_test(shared_memory__agrees_with_its_history),
         cmocka_unit_test(global_memory__agrees_with_its_history));
