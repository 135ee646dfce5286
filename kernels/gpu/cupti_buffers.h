/* The buffers that CUPTI writes its records to: lent when it asks, queued when it is done. CUPTI's
 * callbacks carry no data of their caller's, so there is one set of buffers a process. Internal to
 * kernels/gpu. */
#ifndef TB_CUPTI_BUFFERS_H
#define TB_CUPTI_BUFFERS_H

#include "cupti_library.h"

#include <stdbool.h>

/** One buffer holds about 5,000 kernels; there are never more than this many, so that a program
 *  that launches faster than its records are read loses records (which CUPTI counts), not the
 *  machine's memory. */
#define TB_CUPTI_BUFFER_BYTES ((size_t)1 << 20)
#define TB_CUPTI_BUFFERS_MAX  256

typedef struct tb_cupti_buffer {
    struct tb_cupti_buffer *next;
    size_t valid; /* bytes that hold records */
    _Alignas(TB_CUPTI_ALIGNMENT) unsigned char bytes[TB_CUPTI_BUFFER_BYTES];
} tb_cupti_buffer;

/** What was seen since the last tb_cupti_buffers_take(). */
typedef struct tb_cupti_seen {
    int64_t dropped; /* records that CUPTI lost, as it says */
    int64_t refused; /* buffers that it asked for and was not given */
    int64_t odd;     /* buffers given back that were not lent, or with more bytes than they have, or
                        with CUPTI failing to say whether it lost records */
} tb_cupti_seen;

/** Begin to lend; `dropped` is asked whenever CUPTI gives a buffer back. */
void tb_cupti_buffers_open(tb_cupti_dropped_fn *dropped);

/** Stop: nothing is lent from now on, and what is queued or unused is freed. A buffer that CUPTI
 *  still has is freed when it comes back. */
void tb_cupti_buffers_close(void);

/** CUPTI's two callbacks. */
void tb_cupti_buffers_request(uint8_t **buffer, size_t *bytes, size_t *records_max);
void tb_cupti_buffers_complete(tb_cu_context context, uint32_t stream, uint8_t *buffer,
                               size_t bytes, size_t valid);

/** The buffers that came back, in that order, and what was seen; each is to be given back. */
tb_cupti_buffer *tb_cupti_buffers_take(tb_cupti_seen *seen);
void tb_cupti_buffers_give(tb_cupti_buffer *buffer);

#endif
