#include "record_buffer.h"

#include "test_support.h"

#include <stdlib.h>
#include <string.h>

tb_cupti_kernel tb_test_cupti_kernel(uint32_t correlation, uint64_t start_ns, uint64_t end_ns)
{
    return (tb_cupti_kernel){.kind = TB_CUPTI_KIND_KERNEL,
                             .registersPerThread = 168,
                             .start = start_ns,
                             .end = end_ns,
                             .deviceId = 1,
                             .streamId = 7,
                             .gridX = 72,
                             .gridY = 3,
                             .gridZ = 1,
                             .blockX = 96,
                             .blockY = 1,
                             .blockZ = 1,
                             .staticSharedMemory = 1040,
                             .dynamicSharedMemory = 73728,
                             .correlationId = correlation};
}

/* Zeros at the end of the buffer, of exactly the new length. */
static unsigned char *put(tb_test_buffer *buffer, size_t bytes)
{
    unsigned char *grown = realloc(buffer->bytes, buffer->length + bytes);
    assert_non_null(grown);
    unsigned char *at = grown + buffer->length;
    memset(at, 0, bytes);
    buffer->bytes = grown;
    buffer->length += bytes;
    return at;
}

void tb_test_put_kernel(tb_test_buffer *buffer, const tb_cupti_kernel *kernel)
{
    memcpy(put(buffer, tb_cupti_kernel_bytes(buffer->version)), kernel, sizeof *kernel);
}

void tb_test_put_external(tb_test_buffer *buffer, uint32_t correlation, uint64_t number)
{
    const tb_cupti_external record = {.kind = TB_CUPTI_KIND_EXTERNAL,
                                      .externalKind = TB_CUPTI_EXTERNAL_CUSTOM0,
                                      .externalId = number,
                                      .correlationId = correlation};
    memcpy(put(buffer, sizeof record), &record, sizeof record);
}

void tb_test_put_other(tb_test_buffer *buffer, uint32_t kind, size_t bytes)
{
    memcpy(put(buffer, bytes), &kind, sizeof kind);
}

void tb_test_buffer_free(tb_test_buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (tb_test_buffer){.version = buffer->version};
}

static size_t bytes_of(const unsigned char *record, uint32_t version)
{
    uint32_t kind;
    memcpy(&kind, record, sizeof kind);
    return kind == TB_CUPTI_KIND_KERNEL     ? tb_cupti_kernel_bytes(version)
           : kind == TB_CUPTI_KIND_EXTERNAL ? sizeof(tb_cupti_external)
           : kind == TB_CUPTI_KIND_DRIVER   ? 40
                                            : 0;
}

bool tb_test_next_record(unsigned char *buffer, size_t bytes, unsigned char **record, void *user,
                         bool *failed)
{
    uint32_t version = *(const uint32_t *)user;
    size_t at = *record == NULL ? 0 : (size_t)(*record - buffer) + bytes_of(*record, version);
    if (at >= bytes) {
        return false;
    }
    *failed = bytes - at < sizeof(uint32_t) || bytes_of(buffer + at, version) == 0;
    *record = buffer + at;
    return !*failed;
}

void tb_test_read_records(tb_test_buffer *buffer, tb_kernel_records *out)
{
    tb_error err;
    const tb_record_reader reader = {
        .version = buffer->version, .next = tb_test_next_record, .user = &buffer->version};
    tb_assert_ok(tb_kernel_records_read(out, buffer->bytes, buffer->length, &reader, &err), &err);
}

tb_cupti_kernel tb_test_launch(uint32_t i)
{
    uint64_t start_ns = TB_TEST_BEGUN_NS + (uint64_t)i * 10000;
    return tb_test_cupti_kernel(41 + i, start_ns, start_ns + 7300);
}

void tb_test_put_launch(tb_test_buffer *buffer, uint32_t i, const tb_cupti_kernel *kernel)
{
    tb_test_put_external(buffer, 41 + i, TB_TEST_FIRST + i);
    tb_test_put_other(buffer, TB_CUPTI_KIND_DRIVER, 40);
    tb_test_put_kernel(buffer, kernel);
}

tb_kernel_records tb_test_take_records(tb_test_buffer *buffer)
{
    tb_kernel_records records = {0};
    tb_test_read_records(buffer, &records);
    tb_kernel_records_link(&records);
    tb_test_buffer_free(buffer);
    return records;
}
