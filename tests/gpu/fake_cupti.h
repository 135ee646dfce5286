/* What the files of the emulated GPU's libcupti share. */
#ifndef TB_FAKE_CUPTI_H
#define TB_FAKE_CUPTI_H

#include "fake_gpu.h"

#include <cupti.h>

/** What goes wrong; see fake_cupti_faults.c. */
typedef enum tb_fake_fault {
    TB_FAKE_NONE,
    TB_FAKE_DROPPED,
    TB_FAKE_MISSING,
    TB_FAKE_LATE,
    TB_FAKE_ZERO,
    TB_FAKE_REVERSED,
    TB_FAKE_OVERLAPPING,
    TB_FAKE_DUPLICATED,
    TB_FAKE_ENDLESS,
    TB_FAKE_UNNUMBERED,
    TB_FAKE_NAMELESS,
    TB_FAKE_NOWHERE,
    TB_FAKE_OTHER,
    TB_FAKE_CORRUPT,
    TB_FAKE_CUT,
    TB_FAKE_OUTSIDE,
    TB_FAKE_SMALL,
    TB_FAKE_EARLY,
    TB_FAKE_HELD,
    TB_FAKE_PERMITTED,
    TB_FAKE_COUNTERS,
    TB_FAKE_FAULT_COUNT
} tb_fake_fault;

/** Does this fault befall the launch, counted from 1 since kernels' records were last enabled? 0 =
 *  is it asked for at all. */
bool tb_fake_cupti_has(tb_fake_fault fault, uint64_t launch);

/** The number that stands in the fault's text; 1 where none does. */
uint64_t tb_fake_cupti_fault_number(void);

/** What the client asked to be told of. */
typedef struct tb_fake_wish {
    bool kernels, externals, driver_api;
    uint64_t launch; /* the number of the launch that is now recorded, from 1 */
} tb_fake_wish;

/** The client's wish, for one launch more. */
tb_fake_wish tb_fake_cupti_wish(void);

/** Are kernels' records enabled? */
bool tb_fake_cupti_records_kernels(void);

/** Write the records of a launch. */
void tb_fake_cupti_record(const tb_fake_launch *launch);

/** Records that the client gets at once, but not before `done_ns` of CLOCK_MONOTONIC, where it has
 *  not forced a flush. */
void tb_fake_buffers_put(const void *record, size_t bytes, uint64_t done_ns);

/** A record that it gets with the flush after the next. */
void tb_fake_buffers_put_late(const void *record, size_t bytes);

/** The buffer that is being filled ends in the midst of its last record. */
void tb_fake_buffers_cut(void);

/** Count records that were dropped. */
void tb_fake_buffers_drop(size_t records);

/** Did the client say where records go? */
bool tb_fake_buffers_ready(void);

/** A time of CLOCK_MONOTONIC in the clock that the client registered, or that CUPTI takes. */
uint64_t tb_fake_cupti_stamp(uint64_t monotonic_ns);
uint64_t tb_fake_cupti_now(void);

/** CLOCK_MONOTONIC, ns. */
uint64_t tb_fake_monotonic_ns(void);

/** Numbers that this thread's launches bear: one record a kind before an API record. */
void tb_fake_cupti_put_externals(uint32_t correlation);

/** Remember for cuptiGetLastError(), and give back. */
CUptiResult tb_fake_cupti_result(CUptiResult result);

/** Listen to launches from the first call on. */
void tb_fake_cupti_listen(void);

/** Begins a call of the API: it may have been asked to fail. */
#define TB_FAKE_CALL(name)                                                                         \
    do {                                                                                           \
        int code_ = tb_fake_fail(name);                                                            \
        if (code_ != 0) {                                                                          \
            return tb_fake_cupti_result(code_ > 0 ? (CUptiResult)code_ : CUPTI_ERROR_UNKNOWN);     \
        }                                                                                          \
    } while (0)

#endif
