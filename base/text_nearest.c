#include "text.h"

#include <string.h>

/* Names are short; what is longer is no typing error of one. */
#define LONGEST_NAME 64

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static char folded(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same(char a, char b)
{
    return folded(a) == folded(b);
}

/* Damerau-Levenshtein distance of a and b, row by row: only the last two rows are needed. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][LONGEST_NAME + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b_length; j++) {
        before[j] = 0;
        last[j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t best = last[j - 1] + !same(a[i - 1], b[j - 1]);
            best = smaller(best, smaller(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1])) {
                best = smaller(best, before[j - 2] + 1);
            }
            now[j] = best;
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[b_length];
}

static bool begins_with(const char *text, const char *beginning, size_t length)
{
    size_t i = 0;
    while (i < length && same(text[i], beginning[i])) {
        i++;
    }
    return i == length;
}

static bool is_near(const char *text, size_t length, const char *name, size_t name_length,
                    size_t steps)
{
    size_t common = smaller(length, name_length);
    size_t allowed = length / 3 > 1 ? length / 3 : 1;
    /* Without a shared letter a single one typed would be near every single-letter name. */
    bool shares = steps < length || steps < name_length;
    return (steps <= allowed && shares) || (common >= 2 && begins_with(text, name, common));
}

const char *tb_text_nearest(const char *text, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t least = 0, length = strlen(text);
    for (size_t i = 0; i < count && length <= LONGEST_NAME; i++) {
        size_t name_length = strlen(names[i]);
        if (name_length > LONGEST_NAME) {
            continue;
        }
        size_t steps = distance(text, length, names[i], name_length);
        if ((nearest == NULL || steps < least) &&
            is_near(text, length, names[i], name_length, steps)) {
            nearest = names[i];
            least = steps;
        }
    }
    return nearest;
}
