#include "cupti.h"

#include "cupti_buffers.h"
#include "cupti_library.h"
#include "own_memory.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct tb_cupti {
    tb_library library;
    tb_cupti_calls calls;
    uint32_t version;
    bool is_numbered;
    tb_cupti_subscriber subscriber;                                    /* NULL before */
    bool is_lending, is_kernels, is_externals, is_launches, is_driver; /* what is on */
    char other[TB_CUPTI_OTHER_MIN];                                    /* who holds CUPTI */
};

/* CUPTI's own default can step backwards whenever the machine's clock is set. */
static uint64_t now_ns(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* What CUPTI calls an unknown error it may know more of when asked again. */
static int precise(const tb_cupti *cupti, tb_cupti_result result)
{
    tb_cupti_result last = result == TB_CUPTI_UNKNOWN ? cupti->calls.last_error() : 0;
    return (int)(last != 0 ? last : result);
}

static tb_status failed(const tb_cupti *cupti, const char *call, tb_cupti_result result,
                        tb_error *err)
{
    char text[512];
    tb_cupti_explain(precise(cupti, result), cupti->other, text, sizeof text);
    return tb_fail(err, TB_EUNAVAILABLE, "%s: %s", call, text);
}

/* What CUPTI calls at calls of CUDA that a subscriber asked for: we ask for none. */
static void no_callback(void *user, unsigned domain, uint32_t call, const void *data)
{
    (void)user;
    (void)domain;
    (void)call;
    (void)data;
}

/* A name on one line of a message. */
static void make_printable(char *text, size_t capacity)
{
    text[capacity - 1] = '\0';
    for (char *c = text; *c != '\0'; c++) {
        *c = isprint((unsigned char)*c) ? *c : '?';
    }
}

/* Records come without a subscription, but another tool's would then take them away. */
static tb_status subscribe(tb_cupti *cupti, tb_error *err)
{
    tb_cupti_subscriber_params params = {.bytes = sizeof params,
                                         .name = "tilebound",
                                         .other = cupti->other,
                                         .other_capacity = sizeof cupti->other};
    tb_cupti_result result =
        cupti->calls.subscribe_v2 != NULL
            ? cupti->calls.subscribe_v2(&cupti->subscriber, no_callback, NULL, &params)
            : cupti->calls.subscribe(&cupti->subscriber, no_callback, NULL);
    if (result != 0) {
        cupti->subscriber = NULL;
        make_printable(cupti->other, sizeof cupti->other);
        return failed(cupti, "cuptiSubscribe", result, err);
    }
    return TB_OK;
}

static tb_status check_version(tb_cupti *cupti, tb_error *err)
{
    tb_cupti_result result = cupti->calls.version(&cupti->version);
    if (result != 0) {
        return failed(cupti, "cuptiGetVersion", result, err);
    }
    if (cupti->version < TB_CUPTI_OLDEST) {
        return tb_fail(err, TB_EUNAVAILABLE,
                       "%s has CUPTI's interface %u, which is older than CUDA 12; install CUDA 12 "
                       "or 13",
                       cupti->library.path, (unsigned)cupti->version);
    }
    return TB_OK;
}

static tb_status set_up(tb_cupti *cupti, tb_error *err)
{
    tb_cupti_result result = cupti->calls.set_clock(now_ns);
    if (result != 0) {
        return failed(cupti, "cuptiActivityRegisterTimestampCallback", result, err);
    }
    tb_cupti_buffers_open(cupti->calls.dropped);
    cupti->is_lending = true;
    result = cupti->calls.set_buffers(tb_cupti_buffers_request, tb_cupti_buffers_complete);
    return result == 0 ? TB_OK : failed(cupti, "cuptiActivityRegisterCallbacks", result, err);
}

/* A kind of records: cupti->*is_on says that it is to be switched off again. */
static tb_status enable(tb_cupti *cupti, unsigned kind, const char *what, bool *is_on,
                        tb_error *err)
{
    tb_cupti_result result = cupti->calls.enable(kind);
    *is_on = result == 0;
    return *is_on ? TB_OK : failed(cupti, what, result, err);
}

/* A launch's number is written before the record of the call that launched, so that there must be
 * one: of these calls alone where CUPTI can, else of all. */
static tb_status enable_launches(tb_cupti *cupti, tb_error *err)
{
    if (cupti->calls.enable_driver_call == NULL) {
        return enable(cupti, TB_CUPTI_KIND_DRIVER, "cuptiActivityEnable(DRIVER)", &cupti->is_driver,
                      err);
    }
    tb_cupti_result result = cupti->calls.enable_driver_call(TB_CUPTI_CALL_LAUNCH_EX, 1);
    cupti->is_launches = result == 0;
    if (result == 0) {
        result = cupti->calls.enable_driver_call(TB_CUPTI_CALL_LAUNCH_EX_PTSZ, 1);
    }
    return result == 0 ? TB_OK : failed(cupti, "cuptiActivityEnableDriverApi", result, err);
}

static tb_status enable_all(tb_cupti *cupti, tb_error *err)
{
    tb_status status = TB_OK;
    if (cupti->is_numbered) {
        status = enable(cupti, TB_CUPTI_KIND_EXTERNAL, "cuptiActivityEnable(EXTERNAL_CORRELATION)",
                        &cupti->is_externals, err);
        status = status != TB_OK ? status : enable_launches(cupti, err);
    }
    return status != TB_OK
               ? status
               : enable(cupti, TB_CUPTI_KIND_KERNEL, "cuptiActivityEnable(CONCURRENT_KERNEL)",
                        &cupti->is_kernels, err);
}

tb_status tb_cupti_open(bool is_numbered, tb_cupti **out, tb_error *err)
{
    tb_cupti *cupti = calloc(1, sizeof *cupti);
    if (cupti == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for CUPTI's state");
    }
    cupti->is_numbered = is_numbered;
    tb_status status = tb_cupti_library_open(&cupti->calls, &cupti->library, err);
    if (status != TB_OK) {
        free(cupti);
        return status;
    }
    status = check_version(cupti, err);
    status = status != TB_OK ? status : subscribe(cupti, err);
    status = status != TB_OK ? status : set_up(cupti, err);
    status = status != TB_OK ? status : enable_all(cupti, err);
    if (status != TB_OK) {
        tb_cupti_close(cupti);
        return status;
    }
    *out = cupti;
    return TB_OK;
}

/* What fails while all ends cannot be helped. */
static void disable_all(tb_cupti *cupti)
{
    if (cupti->is_kernels) {
        (void)cupti->calls.disable(TB_CUPTI_KIND_KERNEL);
    }
    if (cupti->is_driver) {
        (void)cupti->calls.disable(TB_CUPTI_KIND_DRIVER);
    }
    if (cupti->is_launches) {
        (void)cupti->calls.enable_driver_call(TB_CUPTI_CALL_LAUNCH_EX, 0);
        (void)cupti->calls.enable_driver_call(TB_CUPTI_CALL_LAUNCH_EX_PTSZ, 0);
    }
    if (cupti->is_externals) {
        (void)cupti->calls.disable(TB_CUPTI_KIND_EXTERNAL);
    }
    cupti->is_kernels = cupti->is_driver = cupti->is_launches = cupti->is_externals = false;
}

void tb_cupti_pause(tb_cupti *cupti)
{
    disable_all(cupti);
}

tb_status tb_cupti_resume(tb_cupti *cupti, tb_error *err)
{
    return enable_all(cupti, err);
}

void tb_cupti_close(tb_cupti *cupti)
{
    if (cupti == NULL) {
        return;
    }
    disable_all(cupti);
    if (cupti->is_lending) {
        (void)cupti->calls.flush(TB_CUPTI_FLUSH_FORCED); /* the buffers come back */
        tb_cupti_buffers_close();
    }
    if (cupti->subscriber != NULL) {
        (void)cupti->calls.unsubscribe(cupti->subscriber);
    }
    free(cupti);
}

const tb_library *tb_cupti_library(const tb_cupti *cupti)
{
    return &cupti->library;
}

uint32_t tb_cupti_version(const tb_cupti *cupti)
{
    return cupti->version;
}

tb_status tb_cupti_push(tb_cupti *cupti, uint64_t number, tb_error *err)
{
    tb_cupti_result result = cupti->calls.push(TB_CUPTI_EXTERNAL_CUSTOM0, number);
    return result == 0 ? TB_OK
                       : failed(cupti, "cuptiActivityPushExternalCorrelationId", result, err);
}

tb_status tb_cupti_pop(tb_cupti *cupti, tb_error *err)
{
    uint64_t last = 0;
    tb_cupti_result result = cupti->calls.pop(TB_CUPTI_EXTERNAL_CUSTOM0, &last);
    return result == 0 ? TB_OK
                       : failed(cupti, "cuptiActivityPopExternalCorrelationId", result, err);
}

/* What reading a buffer needs: CUPTI's iterator, and a way to names. */
typedef struct source {
    const tb_cupti *cupti;
    int memory;
} source;

static bool next_record(unsigned char *buffer, size_t bytes, unsigned char **record, void *user,
                        bool *failed_out)
{
    const source *from = user;
    tb_cupti_result result = from->cupti->calls.next(buffer, bytes, record);
    *failed_out = result != 0 && result != TB_CUPTI_NO_MORE_RECORDS;
    return result == 0;
}

static bool fetch_name(uint64_t address, char *text, size_t capacity, void *user)
{
    const source *from = user;
    return tb_own_memory_text(from->memory, address, text, capacity);
}

/* Every buffer goes back, also after memory ran out. */
static tb_status read_buffers(const tb_cupti *cupti, tb_cupti_buffer *buffers,
                              tb_kernel_records *out, tb_error *err)
{
    source from = {.cupti = cupti, .memory = tb_own_memory_open()};
    const tb_record_reader reader = {
        .version = cupti->version, .next = next_record, .name = fetch_name, .user = &from};
    tb_status status = TB_OK;
    while (buffers != NULL) {
        tb_cupti_buffer *next = buffers->next;
        if (status == TB_OK) {
            status = tb_kernel_records_read(out, buffers->bytes, buffers->valid, &reader, err);
        }
        tb_cupti_buffers_give(buffers);
        buffers = next;
    }
    tb_own_memory_close(from.memory);
    return status;
}

static tb_status collect(tb_cupti *cupti, unsigned flag, tb_kernel_records *out, tb_error *err)
{
    size_t dropped = 0;
    tb_cupti_seen seen = {0};
    tb_kernel_records_clear(out);
    tb_cupti_result result = cupti->calls.flush(flag);
    if (result != 0) {
        return failed(cupti, "cuptiActivityFlushAll", result, err);
    }
    /* Where no buffer came back none was asked. */
    result = cupti->calls.dropped(NULL, 0, &dropped);
    if (result != 0) {
        return failed(cupti, "cuptiActivityGetNumDroppedRecords", result, err);
    }
    tb_cupti_buffer *buffers = tb_cupti_buffers_take(&seen);
    tb_status status = read_buffers(cupti, buffers, out, err);
    out->dropped = seen.dropped + (int64_t)dropped;
    out->dropped = out->dropped > seen.refused ? out->dropped : seen.refused;
    out->malformed += seen.odd;
    if (status == TB_OK && cupti->is_numbered) {
        tb_kernel_records_link(out);
    }
    return status;
}

tb_status tb_cupti_collect(tb_cupti *cupti, tb_kernel_records *out, tb_error *err)
{
    return collect(cupti, 0, out, err);
}

tb_status tb_cupti_collect_last(tb_cupti *cupti, tb_kernel_records *out, tb_error *err)
{
    return collect(cupti, TB_CUPTI_FLUSH_FORCED, out, err);
}
