/* Every allocation of reading CUPTI's records fails once: TB_ENOMEM each time, no crash, and (under
 * ASan) no leak. Linked with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc. */
#include "failing_alloc.h"
#include "kernel_records.h"
#include "record_buffer.h"
#include "test_support.h"

#include <stdio.h>

static tb_test_buffer buffer = {.version = 130001};

static bool some_name(uint64_t address, char *text, size_t capacity, void *user)
{
    (void)user;
    return snprintf(text, capacity, "kernel_%d", (int)address) > 0;
}

static tb_status read_all(tb_error *err)
{
    tb_kernel_records records = {0};
    const tb_record_reader reader = {.version = buffer.version,
                                     .next = tb_test_next_record,
                                     .name = some_name,
                                     .user = &buffer.version};
    tb_status status = tb_kernel_records_read(&records, buffer.bytes, buffer.length, &reader, err);
    if (status == TB_OK) {
        assert_int_equal(records.count, 150);
        tb_kernel_records_link(&records);
        assert_int_equal(records.orphans, 0);
    }
    tb_kernel_records_free(&records);
    return status;
}

static void alloc_failures__kernel_records(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 150; i++) {
        tb_cupti_kernel kernel = tb_test_launch(i);
        kernel.name = 1 + i;
        tb_test_put_launch(&buffer, i, &kernel);
    }
    tb_test_fail_each("CUPTI's records", read_all);
    tb_test_buffer_free(&buffer);
}

TB_TESTS(cmocka_unit_test(alloc_failures__kernel_records));
