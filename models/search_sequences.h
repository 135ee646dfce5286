/* Numbers for sequences of integers: equal sequences have the same one. Internal to models. */
#ifndef TB_SEARCH_SEQUENCES_H
#define TB_SEARCH_SEQUENCES_H

#include <stdbool.h>
#include <stdint.h>

typedef struct tb_search_sequences tb_search_sequences;

/** NULL without memory. */
tb_search_sequences *tb_search_sequences_create(void);
void tb_search_sequences_destroy(tb_search_sequences *sequences);

/** Begin a sequence, in place of one that got no number. */
void tb_search_sequence_begin(tb_search_sequences *sequences);

/** Add an integer to it; false without memory. */
bool tb_search_sequence_add(tb_search_sequences *sequences, int64_t value);

/** The number of the sequence, from 0; -1 without memory. Compared as a whole, not by a hash alone.
 *  Past 2^25 kept integers each new sequence has a number of its own, equal or not. */
int64_t tb_search_sequence_number(tb_search_sequences *sequences);

#endif
