#include "text.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* isdigit() and its kin depend on the locale; numbers in files must not. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits from `text` on. */
static size_t digit_run(const char *text)
{
    size_t n = 0;
    while (is_digit(text[n])) {
        n++;
    }
    return n;
}

/* Parse the integer at `text` and say in *end where it stops; false when there is none there. */
static bool int_prefix(const char *text, int64_t *out, const char **end)
{
    const char *digits = text + (*text == '-');
    size_t length = digit_run(digits);
    if (length == 0) {
        return false;
    }
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    if (errno != 0) {
        return false;
    }
    *out = value;
    *end = digits + length;
    return true;
}

bool tb_text_is_int(const char *text)
{
    const char *digits = text + (*text == '-');
    size_t length = digit_run(digits);
    return length > 0 && digits[length] == '\0';
}

bool tb_text_int(const char *text, int64_t *out)
{
    int64_t value;
    const char *end;
    if (!int_prefix(text, &value, &end) || *end != '\0') {
        return false;
    }
    *out = value;
    return true;
}

/* strtod() takes hex, "inf", leading blanks and a locale's comma; this is what we take. */
static bool is_decimal(const char *text)
{
    const char *at = text + (*text == '-');
    size_t whole = digit_run(at);
    at += whole;
    size_t fraction = 0;
    if (*at == '.') {
        fraction = digit_run(at + 1);
        at += 1 + fraction;
    }
    if (whole + fraction == 0) {
        return false;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '-' || *at == '+';
        size_t exponent = digit_run(at);
        if (exponent == 0) {
            return false;
        }
        at += exponent;
    }
    return *at == '\0';
}

bool tb_text_double(const char *text, double *out)
{
    if (!is_decimal(text)) {
        return false;
    }
    double value = strtod(text, NULL);
    if (!isfinite(value)) {
        return false;
    }
    *out = value;
    return true;
}

bool tb_text_int_list(const char *text, size_t capacity, int64_t *out, size_t *count)
{
    char joint = strchr(text, 'x') != NULL ? 'x' : ',';
    /* The first pass only checks, so that nothing is written on failure. */
    for (int pass = 0; pass < 2; pass++) {
        const char *at = text;
        for (size_t i = 0;; i++) {
            int64_t value;
            if (i == capacity || !int_prefix(at, &value, &at) || (*at != joint && *at != '\0')) {
                return false;
            }
            if (pass == 1) {
                out[i] = value;
                *count = i + 1;
            }
            if (*at == '\0') {
                break;
            }
            at++;
        }
    }
    return true;
}

size_t tb_text_utf8_step(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    if (s[0] == 0) {
        return 0;
    }
    if (s[0] < 0x80) {
        return 1;
    }
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) { /* the NUL at the end is no continuation */
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xed && s[1] > 0x9f;
    bool beyond = s[0] == 0xf4 && s[1] > 0x8f;
    return overlong || surrogate || beyond ? 0 : length;
}

size_t tb_text_width(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return width;
}

const char *tb_text_grouped(int64_t value, char buffer[static 32])
{
    char digits[24];
    /* Negated as unsigned: -INT64_MIN does not fit an int64_t. */
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)magnitude);
    char *at = buffer;
    if (value < 0) {
        *at++ = '-';
    }
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            *at++ = ',';
        }
        *at++ = digits[i];
    }
    *at = '\0';
    return buffer;
}

const char *tb_text_shortest(double value, char buffer[static 32])
{
    char text[64] = {0}; /* gcc cannot tell that 17 digits never fill the 32 bytes */
    /* Any 15 digits survive a normal double, so fewer need no search; subnormals carry less. */
    int precision = fabs(value) < DBL_MIN ? 1 : 15;
    for (; precision <= 17; precision++) {
        (void)snprintf(text, sizeof text, "%.*g", precision, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    return memcpy(buffer, text, 32);
}
