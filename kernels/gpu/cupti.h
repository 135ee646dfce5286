/* CUPTI's activity records: who ran when. Opened before cuInit, or it sees nothing. */
#ifndef TB_CUPTI_H
#define TB_CUPTI_H

#include "kernel_records.h"
#include "library.h"

typedef struct tb_cupti tb_cupti; /* one a process */

/**
 * Open libcupti.so.13, else .12, register buffers and a monotonic clock, and switch on records of
 * kernels and, with `is_numbered`, of the numbers of launches. Call it after tb_driver_open() found
 * a driver and before cuInit: without a driver CUPTI must not be called at all.
 *
 * @return TB_OK; TB_EUNAVAILABLE with one sentence why and what would help: not found, not
 *         permitted, another tool holds it (named where CUPTI tells), MIG, vGPU, WSL; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_cupti_open(bool is_numbered, tb_cupti **out, tb_error *err);

/** Switch records off and free; NULL is allowed. */
void tb_cupti_close(tb_cupti *cupti);

const tb_library *tb_cupti_library(const tb_cupti *cupti);

/** CUPTI's API version: 130001. */
uint32_t tb_cupti_version(const tb_cupti *cupti);

/** Number the launches of this thread until the pop. TB_OK; TB_EUNAVAILABLE. */
TB_NODISCARD tb_status tb_cupti_push(tb_cupti *cupti, uint64_t number, tb_error *err);
TB_NODISCARD tb_status tb_cupti_pop(tb_cupti *cupti, tb_error *err);

/**
 * Flush, after the context was synchronised, and read all buffers into `out`, which is cleared
 * first, linked.
 *
 * @return TB_OK; TB_EUNAVAILABLE when CUPTI fails; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_cupti_collect(tb_cupti *cupti, tb_kernel_records *out, tb_error *err);

/** Record nothing until the resume: the profiler and records of kernels disturb each other. */
void tb_cupti_pause(tb_cupti *cupti);

/** Record again. TB_OK; TB_EUNAVAILABLE: then nothing is recorded any more. */
TB_NODISCARD tb_status tb_cupti_resume(tb_cupti *cupti, tb_error *err);

/** As tb_cupti_collect(), at the end of a program that may not have waited for its kernels: buffers
 *  come back though records in them are incomplete (they end at 0). */
TB_NODISCARD tb_status tb_cupti_collect_last(tb_cupti *cupti, tb_kernel_records *out,
                                             tb_error *err);

/** One sentence for a result of CUPTI, with what would help where something does; `tool` (may be
 *  NULL) is who holds CUPTI. Shared with the counters. */
void tb_cupti_explain(int result, const char *tool, char *text, size_t capacity);

#endif
