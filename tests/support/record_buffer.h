/* A buffer as CUPTI writes it, made by hand. */
#ifndef TB_RECORD_BUFFER_H
#define TB_RECORD_BUFFER_H

#include "cupti_layout.h"
#include "kernel_records.h"

typedef struct tb_test_buffer {
    unsigned char *bytes; /* malloc'd, of exactly `length` */
    size_t length;
    uint32_t version; /* CUPTI's: how long kernels are */
} tb_test_buffer;

/** A kernel that ran from start to end: grid 72 x 3 x 1 of 96 x 1 x 1, 168 registers, 1040 + 73728
 *  bytes of shared memory, device 1, stream 7; of no name. */
tb_cupti_kernel tb_test_cupti_kernel(uint32_t correlation, uint64_t start_ns, uint64_t end_ns);

/** Put records to the end of the buffer. */
void tb_test_put_kernel(tb_test_buffer *buffer, const tb_cupti_kernel *kernel);
void tb_test_put_external(tb_test_buffer *buffer, uint32_t correlation, uint64_t number);
void tb_test_put_other(tb_test_buffer *buffer, uint32_t kind, size_t bytes);

void tb_test_buffer_free(tb_test_buffer *buffer);

/** The next record, by the lengths of the buffer's own kinds; `user` is the buffer's version.
 * Others than those put by tb_test_put_other(TB_CUPTI_KIND_DRIVER, 40) fail, as CUPTI's iterator
 * does with what it does not know. */
tb_record_next_fn tb_test_next_record;

/** Read the buffer with that iterator, following no names. */
void tb_test_read_records(tb_test_buffer *buffer, tb_kernel_records *out);

/** Launches 901, 902, ... have correlation ids 41, 42, ..., start 10 us apart and last 7.3 us. */
#define TB_TEST_FIRST    901u
#define TB_TEST_BEGUN_NS UINT64_C(1700000000000000123)
tb_cupti_kernel tb_test_launch(uint32_t i);

/** The records of launch i: its number, its call, and `kernel`. */
void tb_test_put_launch(tb_test_buffer *buffer, uint32_t i, const tb_cupti_kernel *kernel);

/** Read the buffer, link what it held, and free the buffer. */
tb_kernel_records tb_test_take_records(tb_test_buffer *buffer);

#endif
