/* The data files of the source tree, for tests that read all of a kind. */
#ifndef TB_DATA_FILES_H
#define TB_DATA_FILES_H

#include "arena.h"
#include "catalogue.h"

/** The names of a kind. Free by tb_arena_destroy(arena). */
typedef struct tb_test_names {
    tb_arena *arena;
    const char *const *list;
    size_t count;
} tb_test_names;

/** There is one at least; from here on data files are those of the source tree. */
tb_test_names tb_test_names_of(tb_catalogue_kind kind);

/** Check that a text is a sentence: there is some, no line break, no blank at either end. */
void tb_test_sentence(const char *text);

#endif
