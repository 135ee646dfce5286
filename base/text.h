/* Text that people type and read: strict numbers, lists, the nearest known name, UTF-8. */
#ifndef TB_TEXT_H
#define TB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Parse a plain decimal integer (optional '-', digits, nothing else); false when it is not one or
 *  does not fit. */
bool tb_text_int(const char *text, int64_t *out);

/** Is it the text of a plain decimal integer, of whatever size? */
bool tb_text_is_int(const char *text);

/** Parse a finite decimal number (optional '-', digits with at most one '.', optional exponent; no
 *  hex, no spaces, no "inf"); false when it is not one or passes the largest double. */
bool tb_text_double(const char *text, double *out);

/** Parse a list of integers joined by 'x' or ',' (one kind of joint in a list); false (nothing
 *  written) when it is malformed, empty or longer than `capacity`. */
bool tb_text_int_list(const char *text, size_t capacity, int64_t *out, size_t *count);

/**
 * The name of `names` (count) nearest to `text`, or NULL when none is near.
 *
 * The distance is Damerau and Levenshtein's: insertions, deletions, substitutions and swaps of
 * neighbours, letters compared regardless of case. Near is a distance <= max(1, length / 3), or one
 * being the beginning of the other with at least two characters. Of several near names the one at
 * the least distance wins, of those the first.
 *
 * Source: the restricted distance of Damerau, Commun. ACM 7(3), 1964, by dynamic programming.
 */
const char *tb_text_nearest(const char *text, const char *const *names, size_t count);

/** Bytes (1 to 4) of the UTF-8 character at the start of NUL-terminated `text`; 0 when it is not
 *  valid UTF-8 (or the end). */
size_t tb_text_utf8_step(const char *text);

/** Columns that UTF-8 text takes in a terminal (each code point counts as one). */
size_t tb_text_width(const char *text);

/** `value` with thousands separated by commas: "13,271,040,000". buffer holds >= 32 bytes. */
const char *tb_text_grouped(int64_t value, char buffer[static 32]);

/** Shortest decimal form of a finite double that reads back the same. buffer holds >= 32 bytes. */
const char *tb_text_shortest(double value, char buffer[static 32]);

#endif
