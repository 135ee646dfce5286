/* What the collector wrote of the kernels of a program that `measure --exec` ran: one file a
 * process (kernels/inject/kernel_log.h says what is in it). */
#ifndef TB_EXEC_RECORDS_H
#define TB_EXEC_RECORDS_H

#include "arena.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** One kernel that ran. */
typedef struct tb_exec_kernel {
    size_t name, process; /* indices below */
    uint64_t start_ns, end_ns;
    uint64_t correlation; /* grows with the launches of a process */
    int64_t device, stream;
    int64_t registers, static_shared_bytes, dynamic_shared_bytes;
    int64_t grid[3], cta[3];
} tb_exec_kernel;

/** A name that kernels have. */
typedef struct tb_exec_name {
    const char *mangled; /* as the GPU's tools have it */
    const char *text;    /* demangled where that was possible, else mangled */
} tb_exec_name;

/** A device that kernels ran on. */
typedef struct tb_exec_device {
    const char *name; /* as the driver has it; NULL = not known, and all else unset */
    const char *uuid;
    int64_t cuda_version; /* that the driver speaks: 13000 */
} tb_exec_device;

#define TB_EXEC_DEVICES_MAX 64

/** A process that opened CUDA. */
typedef struct tb_exec_process {
    int64_t pid;
    int64_t cupti_version; /* 130001; 0 = CUPTI could not be used */
    bool is_emulated;      /* on the tests' GPU */
    bool has_ended;        /* by itself: all that ran is there */
    const char *refused;   /* why there is no CUPTI, or NULL */
    const char *trouble;   /* why records could not be collected, or NULL */
    int64_t dropped;       /* records that CUPTI lost */
    int64_t malformed;     /* buffers that could not be read to their end */
    int64_t duplicates;    /* records that came twice: counted once */
    tb_exec_device devices[TB_EXEC_DEVICES_MAX];
} tb_exec_process;

/** All processes of a program. Start with tb_exec_records_create(). */
typedef struct tb_exec_records {
    tb_exec_kernel *kernels; /* owned; in order of launch, once all files are read */
    size_t count, capacity;
    tb_exec_name *names; /* owned; each once */
    size_t name_count, name_capacity;
    tb_exec_process *processes; /* owned */
    size_t process_count;
    bool is_demangled; /* a demangler was found */
    tb_arena *arena;   /* owned: texts */
} tb_exec_records;

TB_NODISCARD tb_status tb_exec_records_create(tb_exec_records **out, tb_error *err);

/** Free; NULL is allowed. */
void tb_exec_records_destroy(tb_exec_records *records);

/**
 * Parse what the collector wrote of one process. Of a process that did not end by itself the last
 * line may be cut.
 *
 * @param[in] name  of the file, of messages
 * @return TB_OK; TB_EFILE with the position; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_exec_records_parse(tb_exec_records *records, const char *text,
                                             size_t length, const char *name, tb_error *err);

/** Read all files of a folder, and put the kernels into the order of their launches: one process
 *  after the other by their first kernels, within a process as it launched them. A record that is
 *  there twice is taken once. What tb_exec_records_parse() returns. */
TB_NODISCARD tb_status tb_exec_records_read(tb_exec_records *records, const char *folder,
                                            tb_error *err);

/** The order of tb_exec_records_read(), of what was parsed. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_exec_records_order(tb_exec_records *records, tb_error *err);

/** Microseconds that a kernel took; 0 where its stamps cannot be trusted (one of them is 0, or it
 *  ends before it starts). */
double tb_exec_kernel_us(const tb_exec_kernel *kernel);

#endif
