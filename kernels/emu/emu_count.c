#include "emu_count.h"

#include <stdlib.h>
#include <string.h>

#define LANES       32
#define SECTOR      32
#define BANKS       32
#define BANK_BYTES  4
#define TRANSACTION 128

/* One warp instruction: its lanes' accesses. */
typedef struct warp_access {
    tb_emu_traffic traffic;
    int lanes;
    uint64_t address[LANES];
    uint64_t bytes[LANES];
    int lane[LANES];
} warp_access;

bool tb_emu_log_create(tb_emu_log *log)
{
    memset(log, 0, sizeof *log);
    size_t notes = LANES * (size_t)TB_EMU_LOG_LENGTH;
    log->map = tb_emu_map_create(notes * (sizeof(tb_emu_note) + sizeof(tb_emu_note *)), 0);
    if (log->map.data == NULL) {
        return false;
    }
    log->notes = (tb_emu_note *)(void *)log->map.data;
    log->sorted = (tb_emu_note **)(void *)(log->map.data + notes * sizeof(tb_emu_note));
    log->is_empty = true;
    return true;
}

void tb_emu_log_destroy(tb_emu_log *log)
{
    tb_emu_map_destroy(&log->map);
}

/* How many different numbers there are in values[count], count <= 64; sorts them. Most often they
 * come in order. */
static int count_distinct(uint64_t *values, int count)
{
    int distinct = 0;
    for (int i = 0; i < count; i++) {
        int at = distinct;
        while (at > 0 && values[at - 1] > values[i]) {
            at--;
        }
        if (at > 0 && values[at - 1] == values[i]) {
            continue;
        }
        uint64_t value = values[i];
        memmove(values + at + 1, values + at, (size_t)(distinct - at) * sizeof *values);
        values[at] = value;
        distinct++;
    }
    return distinct;
}

/* Sectors that the lanes touch; and how many would do for their bytes, those that several lanes
 * share counted once. */
static void count_sectors(const warp_access *access, int64_t *touched, int64_t *ideal)
{
    uint64_t sectors[2 * LANES], starts[LANES], bytes = 0;
    int count = 0;
    for (int i = 0; i < access->lanes; i++) {
        uint64_t first = access->address[i] / SECTOR;
        uint64_t last = (access->address[i] + access->bytes[i] - 1) / SECTOR;
        starts[i] = access->address[i];
        sectors[count++] = first;
        if (last != first) {
            sectors[count++] = last;
        }
        bytes = access->bytes[i] > bytes ? access->bytes[i] : bytes;
    }
    *touched += count_distinct(sectors, count);
    uint64_t distinct = (uint64_t)count_distinct(starts, access->lanes);
    *ideal += (int64_t)((distinct * bytes + SECTOR - 1) / SECTOR);
}

int tb_emu_row_conflicts(const uint64_t *rows, unsigned lanes)
{
    unsigned banks = 0;
    int most = 0;
    for (unsigned left = lanes; left != 0; left &= left - 1) {
        banks |= 1U << (rows[__builtin_ctz(left)] / 16 & 7);
    }
    if (__builtin_popcount(banks) == __builtin_popcount(lanes)) {
        return 0; /* each in four banks of its own */
    }
    for (unsigned bank = 0; bank < 8; bank++) {
        uint64_t there[8];
        int count = 0;
        for (unsigned left = lanes; left != 0; left &= left - 1) {
            uint64_t row = rows[__builtin_ctz(left)] / 16;
            if ((row & 7) == bank) {
                there[count++] = row;
            }
        }
        count = count_distinct(there, count);
        most = count > most ? count : most;
    }
    return most > 0 ? most - 1 : 0;
}

/* Transactions that a part of a warp needs: the most words that one bank is asked for. */
static int count_transactions(const warp_access *access, int first_lane, int last_lane)
{
    uint64_t words[LANES * 4];
    int count = 0, most = 0, of_bank[BANKS] = {0};
    for (int i = 0; i < access->lanes; i++) {
        if (access->lane[i] < first_lane || access->lane[i] >= last_lane) {
            continue;
        }
        uint64_t begin = access->address[i] / BANK_BYTES;
        uint64_t end = (access->address[i] + access->bytes[i] - 1) / BANK_BYTES;
        for (uint64_t word = begin; word <= end && count < LANES * 4; word++) {
            bool is_new = true;
            for (int k = count - 1; k >= 0 && is_new; k--) {
                is_new = words[k] != word;
            }
            if (is_new) {
                words[count++] = word;
                int now = ++of_bank[word % BANKS];
                most = now > most ? now : most;
            }
        }
    }
    return most;
}

/* 16 bytes a lane, aligned: a transaction for eight lanes, and those that conflict. */
static int count_rows(const warp_access *access, int *transactions)
{
    uint64_t rows[8];
    unsigned lanes = 0;
    int conflicts = 0;
    for (int i = 0; i <= access->lanes; i++) {
        if (lanes != 0 && (i == access->lanes || access->lane[i] / 8 != access->lane[i - 1] / 8)) {
            int more = tb_emu_row_conflicts(rows, lanes);
            conflicts += more;
            *transactions += 1 + more;
            lanes = 0;
        }
        if (i < access->lanes) {
            rows[access->lane[i] & 7] = access->address[i];
            lanes |= 1U << (access->lane[i] & 7);
        }
    }
    return conflicts;
}

static bool is_rows(const warp_access *access)
{
    for (int i = 0; i < access->lanes; i++) {
        if (access->bytes[i] != 16 || access->address[i] % 16 != 0) {
            return false;
        }
    }
    return true;
}

static int count_words(const warp_access *access, int *transactions)
{
    int step = access->bytes[0] >= 16 ? LANES / 4 : access->bytes[0] == 8 ? LANES / 2 : LANES;
    int conflicts = 0;
    for (int lane = 0; lane < LANES; lane += step) {
        int needed = count_transactions(access, lane, lane + step);
        *transactions += needed;
        conflicts += needed > 0 ? needed - 1 : 0;
    }
    return conflicts;
}

static void count_shared(const warp_access *access, tb_emu_counters *counters)
{
    int transactions = 0;
    int conflicts =
        is_rows(access) ? count_rows(access, &transactions) : count_words(access, &transactions);
    counters->shared_transactions += transactions;
    counters->shared_conflicts += conflicts;
    if (access->traffic == TB_EMU_SHARED_COPY) {
        counters->cp_async_conflicts += conflicts;
    }
}

static void count_access(const warp_access *access, tb_emu_counters *counters)
{
    if (access->lanes == 0) {
        return;
    }
    switch (access->traffic) {
    case TB_EMU_GLOBAL_LOAD:
        counters->global_loads++;
        count_sectors(access, &counters->load_sectors, &counters->load_sectors_ideal);
        break;
    case TB_EMU_GLOBAL_STORE:
        counters->global_stores++;
        count_sectors(access, &counters->store_sectors, &counters->store_sectors_ideal);
        break;
    case TB_EMU_SHARED_LOAD:
        counters->shared_loads++;
        count_shared(access, counters);
        break;
    default:
        counters->shared_stores++;
        count_shared(access, counters);
        break;
    }
}

static void add_note(warp_access *access, const tb_emu_note *note, int lane)
{
    if (note->bytes == 0) {
        return;
    }
    access->traffic = (tb_emu_traffic)note->traffic;
    access->address[access->lanes] = note->address;
    access->bytes[access->lanes] = note->bytes;
    access->lane[access->lanes++] = lane;
}

static bool is_same(const tb_emu_note *a, const tb_emu_note *b)
{
    return a->key == b->key && a->traffic == b->traffic;
}

/* All lanes that noted anything noted the same: the i-th notes belong together. */
static bool is_uniform(const tb_emu_log *log)
{
    int first = 0;
    while (first < LANES && log->count[first] == 0) {
        first++;
    }
    const tb_emu_note *model = log->notes + first * TB_EMU_LOG_LENGTH;
    for (int lane = first + 1; lane < LANES; lane++) {
        const tb_emu_note *notes = log->notes + lane * TB_EMU_LOG_LENGTH;
        if (log->count[lane] != 0 && log->count[lane] != log->count[first]) {
            return false;
        }
        for (int i = 0; i < log->count[lane]; i++) {
            if (!is_same(&notes[i], &model[i])) {
                return false;
            }
        }
    }
    return true;
}

static void count_uniform(tb_emu_log *log, tb_emu_counters *counters)
{
    int most = 0;
    for (int lane = 0; lane < LANES; lane++) {
        most = log->count[lane] > most ? log->count[lane] : most;
    }
    for (int i = 0; i < most; i++) {
        warp_access access = {.lanes = 0};
        for (int lane = 0; lane < LANES; lane++) {
            if (i < log->count[lane]) {
                add_note(&access, &log->notes[lane * TB_EMU_LOG_LENGTH + i], lane);
            }
        }
        count_access(&access, counters);
    }
}

/* By place, then time, then lane. */
static int compare_notes(const void *left, const void *right)
{
    const tb_emu_note *a = *(const tb_emu_note *const *)left;
    const tb_emu_note *b = *(const tb_emu_note *const *)right;
    if (a->key != b->key) {
        return (uintptr_t)a->key < (uintptr_t)b->key ? -1 : 1;
    }
    if (a->traffic != b->traffic) {
        return a->traffic < b->traffic ? -1 : 1;
    }
    if (a->time != b->time) {
        return a->time < b->time ? -1 : 1;
    }
    return a < b ? -1 : a > b; /* in one array, lane after lane */
}

/* Lanes went different ways. Their notes are sorted by place, and by how often the lane had been
 * there. */
static void count_diverged(tb_emu_log *log, tb_emu_counters *counters)
{
    int total = 0;
    for (int lane = 0; lane < LANES; lane++) {
        tb_emu_note *notes = log->notes + lane * TB_EMU_LOG_LENGTH;
        for (int i = 0; i < log->count[lane]; i++) {
            notes[i].time = 0;
            for (int k = i - 1; k >= 0; k--) {
                if (is_same(&notes[k], &notes[i])) {
                    notes[i].time = notes[k].time + 1;
                    break;
                }
            }
            log->sorted[total++] = &notes[i];
        }
    }
    qsort(log->sorted, (size_t)total, sizeof *log->sorted, compare_notes);
    for (int i = 0; i < total;) {
        warp_access access = {.lanes = 0};
        const tb_emu_note *first = log->sorted[i];
        for (; i < total && is_same(log->sorted[i], first) && log->sorted[i]->time == first->time;
             i++) {
            add_note(&access, log->sorted[i],
                     (int)((log->sorted[i] - log->notes) / TB_EMU_LOG_LENGTH));
        }
        count_access(&access, counters);
    }
}

void tb_emu_log_forget(tb_emu_log *log)
{
    memset(log->count, 0, sizeof log->count);
    log->is_empty = true;
}

void tb_emu_log_count(tb_emu_log *log, tb_emu_counters *counters)
{
    if (log->is_empty) {
        return;
    }
    if (is_uniform(log)) {
        count_uniform(log, counters);
    } else {
        count_diverged(log, counters);
    }
    tb_emu_log_forget(log);
}

void tb_emu_counters_add(tb_emu_counters *sum, const tb_emu_counters *more)
{
    int64_t a[sizeof *sum / sizeof(int64_t)], b[sizeof *sum / sizeof(int64_t)];
    _Static_assert(sizeof a == sizeof *sum, "counters are all int64_t");
    memcpy(a, sum, sizeof a);
    memcpy(b, more, sizeof b);
    for (size_t i = 0; i < sizeof a / sizeof *a; i++) {
        a[i] += b[i];
    }
    memcpy(sum, a, sizeof a);
}
