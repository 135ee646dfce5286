#include "npy.h"

#include "bit_pack.h"
#include "buffer.h"
#include "checked.h"
#include "npy_header.h"

#include <assert.h>

/* NumPy begins the elements at a multiple of this. */
#define ALIGNMENT 64

static tb_status check_size(const tb_npy_header *header, size_t length, const char *name,
                            tb_error *err)
{
    int64_t wanted;
    size_t have = length - header->data_offset;
    if (!tb_mul_ok(header->rows, header->cols, &wanted)) {
        return tb_fail_at(err, TB_EFILE, name, 0, 0,
                          "%lld x %lld elements; a mask must have fewer than 2^63",
                          (long long)header->rows, (long long)header->cols);
    }
    if ((uint64_t)wanted != have) {
        return tb_fail_at(err, TB_EFILE, name, 0, 0,
                          "%s: %zu bytes of elements; needs %lld, as %lld x %lld of one byte",
                          have < (uint64_t)wanted ? "cut off" : "too long", have, (long long)wanted,
                          (long long)header->rows, (long long)header->cols);
    }
    return TB_OK;
}

tb_status tb_npy_parse_bits(tb_file_bytes bytes, const char *name, tb_bit_matrix **out,
                            tb_error *err)
{
    tb_npy_header header;
    tb_bit_matrix *matrix;
    tb_status status = tb_npy_parse_header(bytes, name, &header, err);
    if (status == TB_OK) {
        status = check_size(&header, bytes.length, name, err);
    }
    if (status == TB_OK) {
        status = tb_bit_matrix_create(header.rows, header.cols, &matrix, err);
    }
    if (status != TB_OK) {
        return status;
    }
    const unsigned char *elements = bytes.data + header.data_offset;
    if (header.fortran_order) {
        tb_pack_columns(elements, matrix);
    } else {
        for (int64_t r = 0; r < header.rows; r++) {
            tb_pack_bytes(elements + r * header.cols, header.cols, tb_bit_matrix_row(matrix, r));
        }
    }
    *out = matrix;
    return TB_OK;
}

/* "(5,)" or "(2, 3)": Python's tuples, of which one of a single entry keeps its comma. */
static void print_shape(const int64_t *shape, size_t rank, tb_buffer *out)
{
    for (size_t i = 0; i < rank; i++) {
        tb_buffer_printf(out, "%s%lld", i == 0 ? "(" : ", ", (long long)shape[i]);
    }
    tb_buffer_text(out, rank == 1 ? ",)" : ")");
}

static void print_header(const int64_t *shape, size_t rank, tb_buffer *out)
{
    static const unsigned char magic[] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    tb_buffer text = {0};
    tb_buffer_text(&text, "{'descr': '<i4', 'fortran_order': False, 'shape': ");
    print_shape(shape, rank, &text);
    tb_buffer_text(&text, ", }");
    size_t before = sizeof magic + 2;
    size_t used = before + text.length + 1;
    tb_buffer_repeat(&text, ' ', (ALIGNMENT - used % ALIGNMENT) % ALIGNMENT);
    tb_buffer_text(&text, "\n");
    /* A rank of 8 keeps the text far below the 65535 bytes of format 1.0. */
    const unsigned char length[] = {(unsigned char)(text.length & 0xff),
                                    (unsigned char)(text.length >> 8 & 0xff)};
    tb_buffer_append(out, magic, sizeof magic);
    tb_buffer_append(out, length, sizeof length);
    tb_buffer_append(out, text.data, text.failed ? 0 : text.length);
    out->failed |= text.failed;
    tb_buffer_free(&text);
}

/* Byte by byte, so that the file is little-endian whatever the machine is. */
static void print_values(const int32_t *values, int64_t count, tb_buffer *out)
{
    unsigned char bytes[4096];
    size_t used = 0;
    for (int64_t i = 0; i < count; i++) {
        uint32_t value = (uint32_t)values[i];
        for (int byte = 0; byte < 4; byte++) {
            bytes[used++] = (unsigned char)(value >> (8 * byte) & 0xff);
        }
        if (used == sizeof bytes) {
            tb_buffer_append(out, bytes, used);
            used = 0;
        }
    }
    tb_buffer_append(out, bytes, used);
}

tb_status tb_npy_write_i32(const char *path, const int64_t *shape, size_t rank,
                           const int32_t *values, tb_error *err)
{
    assert(rank >= 1 && rank <= 8);
    int64_t count = 1;
    for (size_t i = 0; i < rank; i++) {
        assert(shape[i] >= 0);
        bool fits = tb_mul_ok(count, shape[i], &count);
        assert(fits); /* the caller holds that many values */
        (void)fits;
    }
    tb_buffer file = {0};
    print_header(shape, rank, &file);
    print_values(values, count, &file);
    tb_status status = tb_buffer_check(&file, err);
    if (status == TB_OK) {
        status = tb_file_replace(path, file.data, file.length, err);
    }
    tb_buffer_free(&file);
    return status;
}
