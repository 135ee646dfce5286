/* token_permute, token_unpermute: rows of tokens into the order of tiles, and back.
 *
 * Shapes   from, to   [batch][tokens or slots][row], rows of any multiple of 4 bytes
 *          table      [slots], which token each slot holds, or -1
 *
 *      tokens      0  1  2  3  4  5  6  7 ...          a row: heads * dim elements, side by side
 *                   \  \  \______                      in memory on both sides, so that it moves
 *      slots       0  1 (4) 5  .  2  3 ...  (. = -1)   as it is
 *
 * Why it is so: nothing is computed, so that the time is bytes over bandwidth if enough bytes are
 * on their way. By Little's law an SM of an H100 needs 3.35 TB/s / 132 x 0.7 us = 18 kB of loads in
 * flight, one of a B200 about 43 kB. Each load waits for the table's entry first, which halves what
 * a thread has in flight on average. Four words of 16 bytes a thread and 1,024 threads an SM are
 * 66 kB.
 *
 * The four entries of the table are loaded together, then the four words, then they are stored:
 * that is two waits for four words. Neighbouring threads move neighbouring words of a row, so that
 * every sector of 32 bytes is touched once, whatever the order of the rows; the table costs 4 bytes
 * a row, and lanes of one row read the same entry.
 *
 * A thread knows its row and its place in the row by one division at the start; from then on it
 * moves ahead by a fixed number of rows and words, with a carry. A division a word would cost more
 * instructions than all the rest.
 *
 * Rows of no multiple of 16 bytes (a log-sum-exp with few heads) move in words of 4.
 */
#define TB_THREADS  TB_PERMUTE_THREADS
#define TB_MIN_CTAS TB_PERMUTE_MIN_CTAS

#include "elements.h"
#include "permute_params.h"

#define TB_MOVES     (TB_PERMUTE_WORDS / TB_THREADS) /* words a thread moves at a time */
#define TB_NOT_MOVED (-2)

/* How a thread walks over the words of some rows: words of a row, where it begins, and how far it
 * goes in one step. */
typedef struct tb_permute_walk {
    int words;
    int row, column;
    int row_step, column_step;
} tb_permute_walk;

TB_FN tb_permute_walk tb_walk_begin(int words)
{
    tb_permute_walk walk;
    walk.words = words;
    walk.row = tb_thread() / words;
    walk.column = tb_thread() % words;
    walk.row_step = TB_THREADS / words;
    walk.column_step = TB_THREADS % words;
    return walk;
}

TB_FN void tb_walk_step(tb_permute_walk *walk)
{
    walk->row += walk->row_step;
    walk->column += walk->column_step;
    if (walk->column >= walk->words) {
        walk->column -= walk->words;
        walk->row++;
    }
}

/* `word_bytes` is a constant wherever this is called. */
TB_FN tb_u4 tb_word_load(const unsigned char *from, int word_bytes)
{
    tb_u4 word = tb_word_zero();
    if (word_bytes == 16) {
        word = tb_load16(from);
    } else {
        word.x = *(const tb_u32 *)from;
    }
    return word;
}

TB_FN void tb_word_store(unsigned char *to, tb_u4 word, int word_bytes)
{
    if (word_bytes == 16) {
        tb_store16(to, word);
    } else {
        *(tb_u32 *)to = word.x;
    }
}

/* Some slots of one batch entry: a run of words on the slots' side. */
typedef struct tb_permute_part {
    const tb_i32 *tokens_of; /* from the first of the slots on */
    unsigned char *slots;    /* the first slot's row */
    unsigned char *tokens;   /* the first token's row */
    int words;
} tb_permute_part;

/* The words that the walk reaches in TB_MOVES steps, the first of which is word `at`. */
TB_FN void tb_move_words(const tb_permute_part *part, tb_permute_walk *walk, int at, int word_bytes,
                         int is_to_slots)
{
    const int row_bytes = walk->words * word_bytes;
    int token[TB_MOVES], column[TB_MOVES];
    TB_UNROLL
    for (int m = 0; m < TB_MOVES; m++) {
        token[m] = at + m * TB_THREADS < part->words ? part->tokens_of[walk->row] : TB_NOT_MOVED;
        column[m] = walk->column;
        tb_walk_step(walk);
    }
    unsigned char *const in_slots = part->slots + (tb_i64)at * word_bytes;
    tb_u4 word[TB_MOVES];
    TB_UNROLL
    for (int m = 0; m < TB_MOVES; m++) {
        const tb_i64 in_tokens = (tb_i64)token[m] * row_bytes + column[m] * word_bytes;
        word[m] = tb_word_zero();
        if (token[m] >= 0) {
            word[m] = is_to_slots
                          ? tb_word_load(part->tokens + in_tokens, word_bytes)
                          : tb_word_load(in_slots + m * TB_THREADS * word_bytes, word_bytes);
        }
    }
    TB_UNROLL
    for (int m = 0; m < TB_MOVES; m++) {
        const tb_i64 in_tokens = (tb_i64)token[m] * row_bytes + column[m] * word_bytes;
        if (is_to_slots && token[m] != TB_NOT_MOVED) {
            tb_word_store(in_slots + m * TB_THREADS * word_bytes, word[m], word_bytes);
        } else if (!is_to_slots && token[m] >= 0) {
            tb_word_store(part->tokens + in_tokens, word[m], word_bytes);
        }
    }
}

/* One tensor. CTAs take parts of TB_PERMUTE_ROWS_AT_ONCE slots in turn. */
TB_FN void tb_move_tensor(const tb_permute_params *params, int word_bytes, int is_to_slots)
{
    const tb_permute_tensor tensor = params->tensor[tb_cta_y()];
    const int row_bytes = (int)tensor.row_bytes;
    const tb_permute_walk begin = tb_walk_begin(row_bytes / word_bytes);
    const int rows_at_once = TB_PERMUTE_ROWS_AT_ONCE(row_bytes, word_bytes);
    const int entry_parts = ((int)params->slots + rows_at_once - 1) / rows_at_once;
    for (int i = tb_cta_x(); i < params->batch * entry_parts; i += tb_grid_x()) {
        const int entry = i / entry_parts;
        const int first = (i - entry * entry_parts) * rows_at_once;
        const int left = (int)params->slots - first;
        tb_permute_part part;
        part.tokens_of = params->tokens_of + first;
        part.slots = (unsigned char *)(is_to_slots ? tensor.to : (void *)tensor.from) +
                     (entry * params->slots + first) * row_bytes;
        part.tokens = (unsigned char *)(is_to_slots ? (void *)tensor.from : tensor.to) +
                      entry * params->tokens * row_bytes;
        part.words = (left < rows_at_once ? left : rows_at_once) * begin.words;
        /* Once, but for rows longer than TB_PERMUTE_WORDS. */
        tb_permute_walk walk = begin;
        TB_NO_UNROLL
        for (int at = tb_thread(); at < part.words; at += TB_PERMUTE_WORDS) {
            tb_move_words(&part, &walk, at, word_bytes, is_to_slots);
        }
    }
}

TB_FN void tb_move(const tb_permute_params *params, int is_to_slots)
{
    if (params->tensor[tb_cta_y()].row_bytes % 16 == 0) {
        tb_move_tensor(params, 16, is_to_slots);
    } else {
        tb_move_tensor(params, 4, is_to_slots);
    }
}

TB_KERNEL(token_permute, tb_permute_params)
{
    tb_move(&params, 1);
}

TB_KERNEL(token_unpermute, tb_permute_params)
{
    tb_move(&params, 0);
}
