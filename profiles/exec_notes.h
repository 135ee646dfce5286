/* What there is to say of a program's kernels beside the times of its problems. */
#ifndef TB_EXEC_NOTES_H
#define TB_EXEC_NOTES_H

#include "exec_profile.h"

/** Sentences for the notes of a profile; texts of the arena. */
typedef struct tb_exec_notes {
    const char **text; /* owned */
    size_t count, capacity;
    tb_arena *arena;
    bool failed; /* memory ran out */
} tb_exec_notes;

/** How launches were assigned, and that nobody looked at outputs and clocks. */
void tb_exec_note_rule(const tb_exec_facts *facts, tb_exec_notes *notes);

/** What may be wrong: each a warning too. */
void tb_exec_note_doubts(const tb_exec_facts *facts, tb_exec_notes *notes);

/** The kernels that no problem has, by share of the time of all. */
void tb_exec_note_rest(const tb_exec_facts *facts, tb_exec_notes *notes);

void tb_exec_notes_free(tb_exec_notes *notes);

#endif
