#include "npy_header.h"

#include "text.h"

#include <stdio.h>
#include <string.h>

#define MAGIC       "\x93NUMPY"
#define MAGIC_BYTES 6

/* Dimensions read before giving up; only 2 are right, the rest is for the message. */
#define MOST_DIMENSIONS 32

/* What the dictionary says so far. */
typedef struct header {
    const char *at;
    const char *end;
    const char *name;
    tb_error *err;
    bool has_descr, has_order, has_shape;
    bool fortran_order;
    int rank;
    int64_t shape[2];
} header;

static tb_status TB_PRINTF(2, 3) fail(const header *h, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tb_status status = tb_fail_at_v(h->err, TB_EFILE, h->name, 0, 0, format, arguments);
    va_end(arguments);
    return status;
}

static tb_status fail_syntax(const header *h, const char *wanted)
{
    return fail(h, "the .npy header is malformed; needs %s", wanted);
}

/* The next character that is no blank, or NUL at the end; stays in place. */
static char peek(header *h)
{
    while (h->at < h->end && strchr(" \t\r\n", *h->at) != NULL && *h->at != '\0') {
        h->at++;
    }
    return h->at < h->end ? *h->at : '\0';
}

static bool take(header *h, char wanted)
{
    if (peek(h) != wanted) {
        return false;
    }
    h->at++;
    return true;
}

/* Take the run of characters out of `set`, NUL-terminated into `text`; false when it is empty or
 * does not fit. */
static bool take_run(header *h, const char *set, char *text, size_t capacity)
{
    size_t length = 0;
    while (h->at < h->end && *h->at != '\0' && strchr(set, *h->at) != NULL) {
        if (length + 1 == capacity) {
            return false;
        }
        text[length++] = *h->at++;
    }
    text[length] = '\0';
    return length > 0;
}

/* Take a Python string without escapes: 'text' or "text". */
static bool take_string(header *h, char *text, size_t capacity)
{
    char quote = peek(h);
    if (quote != '\'' && quote != '"') {
        return false;
    }
    h->at++;
    size_t length = 0;
    for (; h->at < h->end && *h->at != quote; h->at++) {
        if (length + 1 == capacity || *h->at == '\\' || *h->at == '\0') {
            return false;
        }
        text[length++] = *h->at;
    }
    text[length] = '\0';
    return take(h, quote);
}

static tb_status take_descr(header *h)
{
    static const char *const right[] = {"b1", "?", "bool", "u1", "i1"};
    char descr[64];
    if (peek(h) == '[') {
        return fail(h, "a structured dtype; needs bool, uint8 or int8 (mask.astype(bool))");
    }
    if (!take_string(h, descr, sizeof descr)) {
        return fail_syntax(h, "a dtype such as '|b1' as 'descr'");
    }
    /* A byte order means nothing for elements of one byte. */
    const char *type = descr[0] != '\0' && strchr("|<>=", descr[0]) != NULL ? descr + 1 : descr;
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        if (strcmp(type, right[i]) == 0) {
            h->has_descr = true;
            return TB_OK;
        }
    }
    return fail(h, "dtype '%s'; needs bool, uint8 or int8 (mask.astype(bool))", descr);
}

static tb_status take_order(header *h)
{
    char word[8];
    (void)peek(h);
    if (!take_run(h, "TrueFals", word, sizeof word) ||
        (strcmp(word, "True") != 0 && strcmp(word, "False") != 0)) {
        return fail_syntax(h, "True or False as 'fortran_order'");
    }
    h->fortran_order = strcmp(word, "True") == 0;
    h->has_order = true;
    return TB_OK;
}

/* (rows, cols) with an optional comma at the end. */
static tb_status take_shape(header *h)
{
    if (!take(h, '(')) {
        return fail_syntax(h, "a tuple such as (64, 64) as 'shape'");
    }
    bool comma = true;
    while (!take(h, ')')) {
        char digits[24];
        int64_t extent;
        (void)peek(h);
        if (!comma || h->rank == MOST_DIMENSIONS ||
            !take_run(h, "0123456789", digits, sizeof digits) || !tb_text_int(digits, &extent)) {
            return fail_syntax(h, "a tuple of sizes below 2^63 as 'shape'");
        }
        if (h->rank < 2) {
            h->shape[h->rank] = extent;
        }
        h->rank++;
        comma = take(h, ',');
    }
    h->has_shape = true;
    return TB_OK;
}

static tb_status take_entry(header *h)
{
    char key[24];
    if (!take_string(h, key, sizeof key) || !take(h, ':')) {
        return fail_syntax(h, "a key in quotes and a colon");
    }
    if (strcmp(key, "descr") == 0 && !h->has_descr) {
        return take_descr(h);
    }
    if (strcmp(key, "fortran_order") == 0 && !h->has_order) {
        return take_order(h);
    }
    if (strcmp(key, "shape") == 0 && !h->has_shape) {
        return take_shape(h);
    }
    return fail(h,
                "unknown or repeated key '%s' in the .npy header; "
                "needs 'descr', 'fortran_order' and 'shape', once each",
                key);
}

static tb_status take_dictionary(header *h)
{
    if (!take(h, '{')) {
        return fail_syntax(h, "a dictionary in braces");
    }
    bool comma = true;
    while (!take(h, '}')) {
        tb_status status = comma ? take_entry(h) : fail_syntax(h, "a comma between entries");
        if (status != TB_OK) {
            return status;
        }
        comma = take(h, ',');
    }
    if (peek(h) != '\0' || h->at != h->end) {
        return fail_syntax(h, "nothing but blanks after the dictionary");
    }
    if (!h->has_descr || !h->has_order || !h->has_shape) {
        return fail(h, "the .npy header lacks a key; needs 'descr', 'fortran_order' and 'shape'");
    }
    return TB_OK;
}

/* Find the dictionary's text: a length of 2 bytes (version 1) or 4, little-endian, then the text.
 */
static tb_status find_dictionary(tb_file_bytes bytes, header *h)
{
    const unsigned char *p = bytes.data;
    size_t prefix = MAGIC_BYTES + 2;
    if (bytes.length < prefix || memcmp(p, MAGIC, MAGIC_BYTES) != 0) {
        return fail(h, "not a .npy file; needs one that numpy.save() wrote");
    }
    if (p[6] < 1 || p[6] > 3 || p[7] != 0) {
        return fail(h, ".npy format %d.%d; needs 1.0, 2.0 or 3.0", p[6], p[7]);
    }
    size_t size_bytes = p[6] == 1 ? 2 : 4;
    if (bytes.length - prefix < size_bytes) {
        return fail(h, "cut off within the .npy header; needs the whole file");
    }
    size_t length = 0;
    for (size_t i = 0; i < size_bytes; i++) {
        length |= (size_t)p[prefix + i] << (8 * i);
    }
    prefix += size_bytes;
    if (bytes.length - prefix < length) {
        return fail(h, "cut off within the .npy header; needs the whole file");
    }
    h->at = (const char *)p + prefix;
    h->end = h->at + length;
    return TB_OK;
}

tb_status tb_npy_parse_header(tb_file_bytes bytes, const char *name, tb_npy_header *out,
                              tb_error *err)
{
    header h = {.name = name, .err = err};
    tb_status status = find_dictionary(bytes, &h);
    if (status == TB_OK) {
        status = take_dictionary(&h);
    }
    if (status != TB_OK) {
        return status;
    }
    if (h.rank != 2) {
        return fail(&h, "a %d-D array; needs 2 dimensions, queries x keys", h.rank);
    }
    if (h.shape[0] < 1 || h.shape[1] < 1) {
        return fail(&h, "an empty array of %lld x %lld; needs at least one row and one column",
                    (long long)h.shape[0], (long long)h.shape[1]);
    }
    *out = (tb_npy_header){.rows = h.shape[0],
                           .cols = h.shape[1],
                           .fortran_order = h.fortran_order,
                           .data_offset = (size_t)(h.end - (const char *)bytes.data)};
    return TB_OK;
}
