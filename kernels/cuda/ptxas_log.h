/* What ptxas says of a kernel that it has compiled (--ptxas-options=-v). */
#ifndef TB_PTXAS_LOG_H
#define TB_PTXAS_LOG_H

#include <stdbool.h>
#include <stdint.h>

typedef struct tb_ptxas_usage {
    int64_t registers;           /* a thread */
    int64_t stack_bytes;         /* a thread: arrays and calls that found no registers */
    int64_t spill_store_bytes;   /* of the code: registers that it stores to memory */
    int64_t spill_load_bytes;    /* ... and loads again */
    int64_t static_shared_bytes; /* a CTA, beside what a launch asks for */
} tb_ptxas_usage;

/**
 * Read what the log says of one kernel.
 *
 * @return false where it does not speak of the kernel, or not in words known here
 */
bool tb_ptxas_log_read(const char *log, const char *kernel, tb_ptxas_usage *out);

/** The first line that warns, or NULL; it ends at a line end or with the log. */
const char *tb_ptxas_log_warning(const char *log);

#endif
