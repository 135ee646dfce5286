/* Small kernels of the tests, the .cu files of tests/emu, and their launches. Any failure but a
 * fault that is asked for fails the test. */
#ifndef TB_SMALL_KERNEL_H
#define TB_SMALL_KERNEL_H

#include "twin.h"

/** A source of small kernels, compiled, and a device for them. */
typedef struct tb_small {
    const char *name;
    char *text;
    tb_twin *twin;
    tb_emu_memory *memory;
} tb_small;

/** Open tests/emu/NAME, with options as tb_twin_create() takes them. */
tb_small tb_small_open(const char *name, const char *const *options);
void tb_small_close(tb_small *small);

/** A launch of one of its kernels: one CTA of 32 threads, 4096 bytes of shared memory, on one host
 *  thread, forward; change what should be otherwise. */
tb_emu_launch tb_small_launch(const tb_small *small, const char *kernel, const void *params,
                              size_t params_bytes);

/** Run it without a fault. */
tb_emu_counters tb_small_run(const tb_small *small, const tb_emu_launch *launch);

/** A buffer, of `data` where it is not NULL. */
void *tb_small_buffer(const tb_small *small, const char *name, int64_t bytes, const void *data);

void tb_small_download(const tb_small *small, const void *buffer, void *data, int64_t bytes);

/** The line of the source, from 1, that has this text in it; it must be there once. */
int tb_small_line(const tb_small *small, const char *part);

#endif
