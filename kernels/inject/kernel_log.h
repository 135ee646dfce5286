/* The file in which the collector keeps what it saw of one process: lines of fields between tabs,
 * written whole, so that all that was written before a crash can be read.
 *
 *   tilebound-kernels  1  PID  CUPTI_VERSION  EMULATED(0|1)
 *   refused  REASON                     CUPTI could not be used: nothing follows
 *   device  ORDINAL  CUDA_VERSION  UUID  NAME
 *   name  NUMBER  MANGLED_NAME          0, 1, 2, ..., each before its first kernel
 *   kernel  NAME_NUMBER  START_NS  END_NS  CORRELATION  DEVICE  STREAM  REGISTERS  STATIC_SHARED
 *           DYNAMIC_SHARED  GRID_X  GRID_Y  GRID_Z  CTA_X  CTA_Y  CTA_Z
 *   lost  DROPPED_RECORDS  MALFORMED_BUFFERS       since the last such line
 *   trouble  REASON                     records could not be collected
 *   ended  KERNELS                      the process ended by itself, and all is written
 */
#ifndef TB_KERNEL_LOG_H
#define TB_KERNEL_LOG_H

#include "kernel_records.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TB_KERNEL_LOG_SIGN    "tilebound-kernels"
#define TB_KERNEL_LOG_VERSION 1
#define TB_KERNEL_LOG_SUFFIX  ".kernels"

/** The environment's name of the folder that the files go into. */
#define TB_KERNEL_LOG_FOLDER "TILEBOUND_INJECT_OUT"

typedef struct tb_kernel_log tb_kernel_log;

/** Make the file of a process, which no other file of the folder is; NULL when that failed. */
tb_kernel_log *tb_kernel_log_create(const char *folder, int64_t pid);

/** Close it and free; NULL is allowed. The collector does not: its process ends. */
void tb_kernel_log_destroy(tb_kernel_log *log);

/** The first line. `cupti_version` 0 = there is no CUPTI. */
void tb_kernel_log_begin(tb_kernel_log *log, uint32_t cupti_version, bool is_emulated);

/** A line of a word and a text. */
void tb_kernel_log_text(tb_kernel_log *log, const char *word, const char *text);

/** A device: its number, the version of CUDA that its driver speaks (13000), UUID ("GPU-...") and
 *  name. */
void tb_kernel_log_device(tb_kernel_log *log, uint32_t device, int cuda_version, const char *uuid,
                          const char *name);

/** All kernels of these records, and what was lost. */
void tb_kernel_log_add(tb_kernel_log *log, const tb_kernel_records *records);

/** The last line. */
void tb_kernel_log_end(tb_kernel_log *log);

/** Write what was added. A write that failed ends the file there: what follows is dropped. */
void tb_kernel_log_flush(tb_kernel_log *log);

#endif
