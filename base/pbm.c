#include "pbm.h"

#include "bit_pack.h"
#include "checked.h"

#include <stddef.h>

/* Where reading has come to. */
typedef struct reader {
    const unsigned char *at;
    const unsigned char *end;
    const unsigned char *line_start;
    int line;
    const char *name;
    tb_error *err;
} reader;

static tb_status TB_PRINTF(2, 3) fail(const reader *r, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ptrdiff_t column = r->at - r->line_start + 1;
    tb_status status =
        tb_fail_at_v(r->err, TB_EFILE, r->name, r->line,
                     column > INT32_MAX ? INT32_MAX : (int)column, format, arguments);
    va_end(arguments);
    return status;
}

static bool is_blank(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void take_line_end(reader *r)
{
    r->at++;
    r->line_start = r->at;
    r->line += r->line < INT32_MAX;
}

/* Skip blanks and comments ('#' to the end of the line). */
static void skip_blanks(reader *r)
{
    bool comment = false;
    while (r->at < r->end && (comment || *r->at == '#' || is_blank(*r->at))) {
        comment = comment ? *r->at != '\n' : *r->at == '#';
        if (*r->at == '\n') {
            take_line_end(r);
        } else {
            r->at++;
        }
    }
}

static tb_status take_extent(reader *r, const char *what, int64_t *out)
{
    skip_blanks(r);
    const unsigned char *first = r->at;
    int64_t value = 0;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
        int64_t digit = *r->at - '0';
        if (!tb_mul_ok(value, 10, &value) || !tb_add_ok(value, digit, &value)) {
            r->at = first;
            return fail(r, "the %s is too large; needs less than 2^63", what);
        }
    }
    if (value < 1) {
        r->at = first;
        return fail(r, "no %s; needs a number of at least 1", what);
    }
    *out = value;
    return TB_OK;
}

/* Refuse before allocating what the file cannot hold. */
static tb_status check_length(const reader *r, int64_t rows, int64_t cols, int64_t row_bytes)
{
    int64_t wanted;
    if (!tb_mul_ok(rows, row_bytes, &wanted) || r->end - r->at < wanted) {
        return fail(r,
                    "%lld rows of %lld pixels do not fit in the %lld bytes that follow; "
                    "needs the whole file",
                    (long long)rows, (long long)cols, (long long)(r->end - r->at));
    }
    return TB_OK;
}

/* Raw: one blank, then rows of whole bytes. PBM allows more images behind; a mask is one. */
static tb_status check_raw(reader *r, int64_t rows, int64_t cols)
{
    if (r->at == r->end || !is_blank(*r->at)) {
        return fail(r, "no blank after the height; needs one, then the pixels");
    }
    if (*r->at == '\n') {
        take_line_end(r);
    } else {
        r->at++;
    }
    int64_t row_bytes = tb_ceil_div(cols, 8);
    tb_status status = check_length(r, rows, cols, row_bytes);
    if (status == TB_OK && r->end - r->at != rows * row_bytes) {
        r->at += rows * row_bytes;
        return fail(r, "%lld bytes after the last row; needs exactly one image",
                    (long long)(r->end - r->at));
    }
    return status;
}

static void read_raw(const reader *r, tb_bit_matrix *matrix)
{
    int64_t row_bytes = tb_ceil_div(matrix->cols, 8);
    for (int64_t row = 0; row < matrix->rows; row++) {
        tb_pack_high_first(r->at + row * row_bytes, matrix->cols, tb_bit_matrix_row(matrix, row));
    }
}

/* Plain: digits 0 and 1, with or without blanks between them. */
static tb_status read_plain(reader *r, tb_bit_matrix *matrix)
{
    for (int64_t row = 0; row < matrix->rows; row++) {
        uint64_t *words = tb_bit_matrix_row(matrix, row);
        for (int64_t col = 0; col < matrix->cols; col++) {
            if (r->at < r->end && *r->at != '0' && *r->at != '1') {
                skip_blanks(r);
            }
            if (r->at == r->end) {
                return fail(r, "cut off at row %lld of %lld; needs %lld pixels a row",
                            (long long)row + 1, (long long)matrix->rows, (long long)matrix->cols);
            }
            if (*r->at != '0' && *r->at != '1') {
                bool shown = *r->at > ' ' && *r->at < 0x7f;
                return fail(r, "'%c' is no pixel; needs 0 or 1", shown ? *r->at : '?');
            }
            words[col / 64] |= (uint64_t)(*r->at - '0') << (col % 64);
            r->at++;
        }
    }
    skip_blanks(r);
    return r->at == r->end ? TB_OK : fail(r, "text after the last pixel; needs exactly one image");
}

static tb_status take_magic(reader *r, bool *raw)
{
    char kind = r->end - r->at >= 2 && r->at[0] == 'P' ? (char)r->at[1] : '\0';
    if (kind != '1' && kind != '4') {
        if (kind >= '2' && kind <= '7') {
            return fail(r, "a P%c image; needs a bitmap, P1 or P4", kind);
        }
        return fail(r, "not a PBM; needs P1 or P4 at its beginning");
    }
    *raw = kind == '4';
    r->at += 2;
    if (r->at < r->end && *r->at != '#' && !is_blank(*r->at)) {
        return fail(r, "no blank after P%c; needs one, then the width", kind);
    }
    return TB_OK;
}

static tb_status take_header(reader *r, bool *raw, int64_t *rows, int64_t *cols)
{
    tb_status status = take_magic(r, raw);
    if (status == TB_OK) {
        status = take_extent(r, "width", cols);
    }
    if (status == TB_OK) {
        status = take_extent(r, "height", rows);
    }
    if (status != TB_OK) {
        return status;
    }
    return *raw ? check_raw(r, *rows, *cols) : check_length(r, *rows, *cols, *cols);
}

tb_status tb_pbm_parse_bits(tb_file_bytes bytes, const char *name, tb_bit_matrix **out,
                            tb_error *err)
{
    const unsigned char *data = bytes.length == 0 ? (const unsigned char *)"" : bytes.data;
    reader r = {.at = data,
                .end = data + bytes.length,
                .line_start = data,
                .line = 1,
                .name = name,
                .err = err};
    bool raw = false;
    int64_t rows = 0, cols = 0;
    tb_bit_matrix *matrix = NULL;
    tb_status status = take_header(&r, &raw, &rows, &cols);
    if (status == TB_OK) {
        status = tb_bit_matrix_create(rows, cols, &matrix, err);
    }
    if (status == TB_OK && raw) {
        read_raw(&r, matrix);
    } else if (status == TB_OK) {
        status = read_plain(&r, matrix);
    }
    if (status != TB_OK) {
        tb_bit_matrix_destroy(matrix);
        return status;
    }
    *out = matrix;
    return TB_OK;
}
