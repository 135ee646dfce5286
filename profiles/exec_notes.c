#include "exec_notes.h"

#include "buffer.h"
#include "kernel_name.h"
#include "units.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_KERNELS 20
#define NAME_BYTES   160
#define ROOM         16
#define LONGEST      1200
#define SIGNAL_CODES                                                                               \
    128 /* a code above it: the signal that ended the program, as shells have it                   \
         */

static void add(tb_exec_notes *notes, const char *text)
{
    if (notes->count == notes->capacity) {
        const char **grown = realloc(notes->text, (notes->capacity + ROOM) * sizeof *grown);
        if (grown == NULL) {
            notes->failed = true;
            return;
        }
        notes->text = grown;
        notes->capacity += ROOM;
    }
    const char *kept = tb_arena_text(notes->arena, text, strlen(text));
    notes->failed = notes->failed || kept == NULL;
    if (kept != NULL) {
        notes->text[notes->count++] = kept;
    }
}

static void TB_PRINTF(2, 3) say(tb_exec_notes *notes, const char *format, ...)
{
    char text[LONGEST];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    add(notes, text);
}

void tb_exec_notes_free(tb_exec_notes *notes)
{
    free(notes->text);
    *notes = (tb_exec_notes){0};
}

/* "a<...> + b<...>": the kernels of a problem's first launch that counts. */
static void name_kernels(const tb_exec_facts *facts, tb_buffer *out)
{
    const tb_exec_match *match = facts->match;
    size_t first = (size_t)(facts->request->warm_up * match->kernels_per_launch);
    for (size_t i = 0; i < (size_t)match->kernels_per_launch && first + i < match->matched_count;
         i++) {
        char name[NAME_BYTES];
        const tb_exec_kernel *kernel = &facts->records->kernels[match->matched[first + i]];
        tb_kernel_short_name(facts->records->names[kernel->name].text, name, sizeof name);
        tb_buffer_printf(out, "%s%s", i > 0 ? " + " : "", name);
    }
}

static void note_assignment(const tb_exec_facts *facts, tb_exec_notes *notes)
{
    const tb_exec_match *match = facts->match;
    tb_buffer kernels = {0};
    say(notes,
        "in their order, %lld matching launches are of each problem of suite %s, in its order "
        "(%s)%s",
        (long long)match->launches, facts->suite->name,
        match->is_divided ? "all of them, shared out evenly" : "as --launches says",
        facts->request->warm_up > 0 ? "; the first of them do not count, as --warm-up says" : "");
    if (match->kernels_per_launch > 1) {
        name_kernels(facts, &kernels);
        notes->failed = notes->failed || kernels.failed;
        say(notes, "a launch is %lld kernels, whose times are added: %s%s",
            (long long)match->kernels_per_launch, kernels.data != NULL ? kernels.data : "?",
            facts->request->kernels_per_launch > 0
                ? ""
                : " (their names repeat in this order; --kernels-per-launch says otherwise)");
        tb_buffer_free(&kernels);
    }
}

void tb_exec_note_rule(const tb_exec_facts *facts, tb_exec_notes *notes)
{
    say(notes, "CUPTI's times of the kernels that match '%.200s' in: %.700s",
        facts->request->pattern, facts->program);
    if (facts->match->series_count > 0) {
        note_assignment(facts, notes);
    } else if (facts->unassigned != NULL) {
        say(notes, "no run: %s", facts->unassigned);
    }
    say(notes, "the program's own inputs, caches and clocks; nobody checked its outputs");
    if (!facts->records->is_demangled && facts->records->name_count > 0) {
        say(notes, "names are as the compiler mangled them: there is no libstdc++.so.6 here");
    }
}

static void note_process(const tb_exec_process *process, tb_exec_notes *notes)
{
    long long pid = (long long)process->pid;
    if (process->refused != NULL) {
        say(notes, "process %lld was not looked into: %s", pid, process->refused);
        return;
    }
    if (!process->has_ended) {
        say(notes,
            "process %lld did not end by itself (a crash, a signal, or _exit()): its last kernels "
            "are missing",
            pid);
    }
    if (process->dropped > 0 || process->malformed > 0) {
        say(notes,
            "of process %lld CUPTI lost %lld records, and %lld buffers could not be read to their "
            "end",
            pid, (long long)process->dropped, (long long)process->malformed);
    }
    if (process->duplicates > 0) {
        say(notes, "of process %lld %lld records came twice, and were taken once", pid,
            (long long)process->duplicates);
    }
    if (process->trouble != NULL) {
        say(notes, "of process %lld records could not be collected: %s", pid, process->trouble);
    }
}

static void note_series(const tb_exec_facts *facts, tb_exec_notes *notes)
{
    for (size_t i = 0; i < facts->match->series_count; i++) {
        const tb_exec_series *series = &facts->match->series[i];
        const char *name = facts->suite->items[i].name;
        if (series->untimed > 0) {
            say(notes, "problem %s: %lld launches had no stamps that can be trusted: no samples",
                name, (long long)series->untimed);
        }
        if (!series->is_complete) {
            say(notes, "problem %s: the program ended after %zu of its launches, %zu samples", name,
                series->kernels / (size_t)facts->match->kernels_per_launch, series->count);
        }
    }
}

void tb_exec_note_doubts(const tb_exec_facts *facts, tb_exec_notes *notes)
{
    if (facts->code > SIGNAL_CODES) {
        say(notes, "the program was ended by signal %d", facts->code - SIGNAL_CODES);
    } else if (facts->code != 0) {
        say(notes, "the program ended with exit code %d", facts->code);
    }
    for (size_t i = 0; i < facts->records->process_count; i++) {
        note_process(&facts->records->processes[i], notes);
    }
    if (facts->match->overlapping > 0) {
        say(notes,
            "%lld matching launches ran beside the one before: they slow each other down; launch "
            "them in one stream",
            (long long)facts->match->overlapping);
    }
    note_series(facts, notes);
}

void tb_exec_note_rest(const tb_exec_facts *facts, tb_exec_notes *notes)
{
    const tb_exec_match *match = facts->match;
    double total_us = match->time_us, left_us = 0;
    size_t told = 0, left = 0;
    char time[48];
    for (size_t i = 0; i < match->share_count; i++) {
        const tb_exec_share *share = &match->shares[i];
        char name[NAME_BYTES];
        if (share->is_matched && match->series_count > 0) {
            continue;
        }
        if (told == MOST_KERNELS) {
            left++;
            left_us += share->time_us;
            continue;
        }
        tb_kernel_short_name(facts->records->names[share->name].text, name, sizeof name);
        say(notes, "%s %.1f %% of the time of all kernels, %s in %lld launches: %s",
            match->series_count > 0 ? "also ran:" : "ran:",
            total_us > 0 ? 100 * share->time_us / total_us : 0,
            tb_units_time_us(share->time_us, time), (long long)share->launches, name);
        told++;
    }
    if (left > 0) {
        say(notes, "and %zu names more, %.1f %% of the time", left,
            total_us > 0 ? 100 * left_us / total_us : 0);
    }
}
