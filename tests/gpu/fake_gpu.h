/* What the libraries of the emulated GPU know of each other. libcuda.so.1 owns the GPU: the others
 * ask it through the functions below, which it exports. */
#ifndef TB_FAKE_GPU_H
#define TB_FAKE_GPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A launch that ran on the emulator. Its time is the time model's, with seeded noise, whatever the
 *  emulator took. */
typedef struct tb_fake_launch {
    const char *name;          /* of the kernel's function, as a module has it */
    uint64_t start_ns, end_ns; /* CLOCK_MONOTONIC; one launch of a stream after the other */
    uint32_t correlation;      /* of this driver call: 1, 2, ... */
    unsigned grid[3], cta[3];
    int registers;
    int64_t static_shared_bytes, dynamic_shared_bytes;
    /* what the emulator counted, for the profiler's metrics */
    int64_t mma, exp2, fma, load_sectors, store_sectors, shared_transactions, shared_conflicts;
} tb_fake_launch;

/** Called in the launching thread, before cuLaunchKernelEx returns. */
typedef void tb_fake_on_launch_fn(const tb_fake_launch *launch, void *user);

/** Listen to launches; NULL ends it. Exported by libcuda.so.1. */
void tilebound_fake_listen(tb_fake_on_launch_fn *fn, void *user);

/** What the GPU is: as the driver's calls tell it. Exported by libcuda.so.1. */
typedef struct tb_fake_device {
    char name[96];
    unsigned char uuid[16];
    int sm, sms;
    double clock_mhz, memory_clock_mhz;
    int64_t memory_bytes, memory_used_bytes;
} tb_fake_device;

/** Device `ordinal`, or false. */
bool tilebound_fake_device(int ordinal, tb_fake_device *out);

/* Exported by every one of the libraries: what runs through it is emulated. */
extern const int tilebound_emulated;

/* Environment:
 *   TILEBOUND_TEST_GPU         the device (models/devices) that the GPU pretends to be; h100
 *   TILEBOUND_TEST_GPU_COUNT   how many there are; 1 (0: none)
 *   TILEBOUND_TEST_GPU_MEMORY  bytes of each; that of the device
 *   TILEBOUND_TEST_FAIL        NAME[:N[:CODE]]: the Nth call (1) of NAME fails with CODE (the
 *                              library's general error)
 *   TILEBOUND_TEST_CALLS       a file to which the name of each call is appended at its first use
 *   TILEBOUND_TEST_LEAKS       a file to which a line is appended for what was never given back
 *   TILEBOUND_TEST_SEED        of the noise of times; 0
 *   TILEBOUND_TEST_CUDA_VERSION   that the driver speaks; 13000
 *   TILEBOUND_TEST_NVRTC_NEWEST   the newest architecture that NVRTC knows; 121
 *   TILEBOUND_TEST_CUPTI       a fault of records: see fake_cupti.c
 *   TILEBOUND_TEST_NVML        a state of the GPU: see fake_nvml.c
 *   CUDA_INJECTION64_PATH      opened by cuInit, and its InitializeInjection() called, as the
 *                              driver does
 */

/** Does this call fail now? Counts it, and notes its name. In fake_fail.c, linked into each
 *  library. @return 0 = it goes on, else the code that it must return (-1 where none was named) */
int tb_fake_fail(const char *name);

/** Tell of something that was never given back: on standard error, and in TILEBOUND_TEST_LEAKS. */
void tb_fake_leak(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
