/* List scheduling: hardware, persistent-dynamic, longest-first. */
#include "schedule_parts.h"

#include "checked.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* When a slot is free. A time is kept as its bits, for those of non-negative doubles are ordered as
 * the doubles are (IEEE 754). */
typedef struct slot_end {
    uint64_t bits;
    uint64_t slot;
} slot_end;

static inline uint64_t bits_of(double time)
{
    uint64_t bits;
    memcpy(&bits, &time, sizeof bits);
    return bits;
}

static inline double time_of(slot_end end)
{
    double time;
    memcpy(&time, &end.bits, sizeof time);
    return time;
}

/* The earlier of two, the lower slot on a tie; by a mask, for a branch would go either way at
 * random, which took twice the time (bench_sim). */
static inline slot_end earlier(slot_end a, slot_end b)
{
    bool is_b = (b.bits < a.bits) | ((b.bits == a.bits) & (b.slot < a.slot));
    uint64_t mask = 0 - (uint64_t)is_b;
    return (slot_end){.bits = a.bits ^ ((a.bits ^ b.bits) & mask),
                      .slot = a.slot ^ ((a.slot ^ b.slot) & mask)};
}

/* A tournament over slots: the leaf of slot s is node[leaves + s], and every node above two holds
 * the earlier of them; so node[1] is free first. One more CTA replays the games of its slot, one a
 * level. */
typedef struct tournament {
    slot_end *node;
    int64_t leaves; /* a power of two */
} tournament;

/* False without memory for it. */
static bool tournament_create(int64_t slots, tournament *out)
{
    int64_t leaves = 1, bytes;
    while (leaves < slots && tb_mul_ok(leaves, 2, &leaves)) {
    }
    slot_end *node = NULL;
    if (leaves >= slots && tb_mul_ok(leaves, 2 * (int64_t)sizeof *node, &bytes)) {
        node = malloc((size_t)bytes);
    }
    if (node == NULL) {
        return false;
    }
    for (int64_t s = 0; s < leaves; s++) { /* leaves past the slots are never free */
        node[leaves + s] =
            (slot_end){.bits = bits_of(s < slots ? 0 : HUGE_VAL), .slot = (uint64_t)s};
    }
    for (int64_t i = leaves - 1; i >= 1; i--) {
        node[i] = earlier(node[2 * i], node[2 * i + 1]);
    }
    *out = (tournament){.node = node, .leaves = leaves};
    return true;
}

/* The slot that is free first is busy until `time`. */
static inline void tournament_extend(tournament *tree, double time)
{
    slot_end winner = {.bits = bits_of(time), .slot = tree->node[1].slot};
    for (uint64_t i = (uint64_t)tree->leaves + winner.slot; i > 1; i /= 2) {
        tree->node[i] = winner;
        winner = earlier(winner, tree->node[i ^ 1]);
    }
    tree->node[1] = winner;
}

static inline void place(const tb_schedule_launch *launch, tournament *tree, int64_t cta,
                         double cost)
{
    slot_end first = tree->node[1];
    double start = time_of(first);
    tb_schedule_tell(launch, cta, (int64_t)first.slot, start, start + cost);
    tournament_extend(tree, start + cost);
}

static void place_in_order(const tb_schedule_launch *launch, tournament *tree)
{
    const tb_schedule_problem *problem = launch->problem;
    int64_t cta = 0;
    for (int64_t copy = 0; copy < problem->copies; copy++) {
        for (int64_t q = 0; q < problem->q_tiles; q++) {
            place(launch, tree, cta++, problem->cost[q]);
        }
    }
}

typedef struct ranked_cta {
    double cost;
    int64_t q;
} ranked_cta;

static int compare_ranks(const void *left, const void *right)
{
    const ranked_cta *a = left, *b = right;
    if (a->cost < b->cost || a->cost > b->cost) {
        return a->cost < b->cost ? 1 : -1;
    }
    return (a->q > b->q) - (a->q < b->q);
}

/* Query tiles of equal cost [begin, end) of the ranking: launch order is copy by copy. */
static void place_equal(const tb_schedule_launch *launch, tournament *tree,
                        const ranked_cta *ranked, int64_t begin, int64_t end)
{
    for (int64_t copy = 0; copy < launch->problem->copies; copy++) {
        for (int64_t i = begin; i < end; i++) {
            int64_t cta = copy * launch->problem->q_tiles + ranked[i].q;
            place(launch, tree, cta, ranked[i].cost);
        }
    }
}

static tb_status place_longest_first(const tb_schedule_launch *launch, tournament *tree,
                                     tb_error *err)
{
    int64_t count = launch->problem->q_tiles;
    ranked_cta *ranked = calloc((size_t)count, sizeof *ranked);
    if (ranked == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory to sort %lld query tiles", (long long)count);
    }
    for (int64_t q = 0; q < count; q++) {
        ranked[q] = (ranked_cta){.cost = launch->problem->cost[q], .q = q};
    }
    qsort(ranked, (size_t)count, sizeof *ranked, compare_ranks);
    for (int64_t begin = 0, end = 0; begin < count; begin = end) {
        while (end < count && !(ranked[end].cost < ranked[begin].cost)) {
            end++;
        }
        place_equal(launch, tree, ranked, begin, end);
    }
    free(ranked);
    return TB_OK;
}

tb_status tb_schedule_list(const tb_schedule_launch *launch, double *finish, tb_error *err)
{
    tournament tree = {0};
    tb_status status = TB_OK;
    if (!tournament_create(launch->used, &tree)) {
        return tb_fail(err, TB_ENOMEM, "no memory for %lld slots", (long long)launch->used);
    }
    if (launch->problem->policy == TB_SCHEDULE_LONGEST_FIRST) {
        status = place_longest_first(launch, &tree, err);
    } else {
        place_in_order(launch, &tree);
    }
    for (int64_t s = 0; status == TB_OK && s < launch->used; s++) {
        finish[s] = time_of(tree.node[tree.leaves + s]);
    }
    free(tree.node);
    return status;
}
