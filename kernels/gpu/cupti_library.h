/* The calls of CUPTI that we make, declared here so that every build has them; cupti_library.c
 * checks them against the toolkit's headers where those are. Internal to kernels/gpu. */
#ifndef TB_CUPTI_LIBRARY_H
#define TB_CUPTI_LIBRARY_H

#include "cupti_layout.h"
#include "driver.h"
#include "library.h"

#include <stddef.h>

typedef unsigned tb_cupti_result; /* CUptiResult: 0 = well */

/* CUptiResult values that we speak of; cupti_explain.c has a sentence for each. */
enum {
    TB_CUPTI_INVALID_OPERATION = 7,
    TB_CUPTI_OUT_OF_MEMORY = 8,
    TB_CUPTI_NO_MORE_RECORDS = 12, /* MAX_LIMIT_REACHED */
    TB_CUPTI_NOT_COMPATIBLE = 14,
    TB_CUPTI_NOT_INITIALIZED = 15,
    TB_CUPTI_HARDWARE_BUSY = 26,
    TB_CUPTI_NOT_SUPPORTED = 27,
    TB_CUPTI_VIRTUAL_DEVICE = 33,
    TB_CUPTI_NOT_PERMITTED = 35,
    TB_CUPTI_OTHER_TOOL = 39,
    TB_CUPTI_VIRTUAL_NOT_PERMITTED = 40,
    TB_CUPTI_CONFIDENTIAL = 41,
    TB_CUPTI_CMP_DEVICE = 42,
    TB_CUPTI_MIG_DEVICE = 43,
    TB_CUPTI_SLI_DEVICE = 44,
    TB_CUPTI_WSL_DEVICE = 45,
    TB_CUPTI_UNKNOWN = 999
};

/* CUpti_driver_api_trace_cbid: the launch that driver.h has, and its form for a stream a thread. */
enum { TB_CUPTI_CALL_LAUNCH_EX = 652, TB_CUPTI_CALL_LAUNCH_EX_PTSZ = 653 };

#define TB_CUPTI_FLUSH_FORCED 1u /* with records that are not complete */

/* CUpti_SubscriberParams */
typedef struct tb_cupti_subscriber_params {
    size_t bytes; /* of this struct */
    const char *name;
    char *other; /* who holds CUPTI, where another does */
    size_t other_capacity;
} tb_cupti_subscriber_params;

#define TB_CUPTI_OTHER_MIN 64 /* bytes that `other` needs */

typedef struct CUpti_Subscriber_st *tb_cupti_subscriber;
typedef void tb_cupti_callback_fn(void *user, unsigned domain, uint32_t call, const void *data);
typedef void tb_cupti_request_fn(uint8_t **buffer, size_t *bytes, size_t *records_max);
typedef void tb_cupti_complete_fn(tb_cu_context context, uint32_t stream, uint8_t *buffer,
                                  size_t bytes, size_t valid);
typedef uint64_t tb_cupti_clock_fn(void);
typedef tb_cupti_result tb_cupti_dropped_fn(tb_cu_context context, uint32_t stream,
                                            size_t *dropped);

/* One pointer a call. The optional ones are NULL where a CUPTI has them not. */
typedef struct tb_cupti_calls {
    tb_cupti_result (*version)(uint32_t *version);
    tb_cupti_result (*error_text)(tb_cupti_result result, const char **text);
    tb_cupti_result (*last_error)(void);
    tb_cupti_result (*subscribe)(tb_cupti_subscriber *subscriber, tb_cupti_callback_fn *callback,
                                 void *user);
    tb_cupti_result (*subscribe_v2)(tb_cupti_subscriber *subscriber, tb_cupti_callback_fn *callback,
                                    void *user, tb_cupti_subscriber_params *params); /* optional */
    tb_cupti_result (*unsubscribe)(tb_cupti_subscriber subscriber);
    tb_cupti_result (*set_buffers)(tb_cupti_request_fn *request, tb_cupti_complete_fn *complete);
    tb_cupti_result (*set_clock)(tb_cupti_clock_fn *clock);
    tb_cupti_result (*enable)(unsigned kind);
    tb_cupti_result (*disable)(unsigned kind);
    tb_cupti_result (*enable_driver_call)(uint32_t call, uint8_t enable); /* optional */
    tb_cupti_result (*push)(unsigned kind, uint64_t number);
    tb_cupti_result (*pop)(unsigned kind, uint64_t *last);
    tb_cupti_result (*flush)(uint32_t flag);
    tb_cupti_result (*next)(uint8_t *buffer, size_t valid, unsigned char **record);
    tb_cupti_dropped_fn *dropped;
} tb_cupti_calls;

/**
 * Find libcupti.so.13, else .12, and its calls; none is made.
 *
 * @return TB_OK; TB_EUNAVAILABLE; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_cupti_library_open(tb_cupti_calls *calls, tb_library *out, tb_error *err);

#endif
