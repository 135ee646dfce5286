/* A GPU that is open: driver, context, compiled kernels, clocks. One a process, for CUPTI and the
 * primary context are a process' own. */
#ifndef TB_GPU_H
#define TB_GPU_H

#include "cuda_program.h"
#include "cupti.h"
#include "driver.h"
#include "gpu_state.h"
#include "nvml.h"

typedef struct tb_gpu_info {
    int index;     /* as the driver counts (CUDA_VISIBLE_DEVICES is the driver's) */
    char name[96]; /* "NVIDIA H100 80GB HBM3" */
    char uuid[48]; /* "GPU-..." */
    char pci[16];
    int sm; /* compute capability: 90 */
    int sms;
    int64_t memory_bytes, l2_bytes;
    int64_t shared_bytes_per_sm, shared_bytes_per_cta, registers_per_sm, threads_per_sm;
    double clock_mhz, memory_clock_mhz; /* the driver's: the highest; 0 = not known */
    int memory_bus_bits;
    int cuda_version;          /* that the driver speaks: 13000 */
    char driver_version[32];   /* NVML's; "" where not known */
    char compiler_version[32]; /* NVRTC's: "13.0" */
    bool is_emulated;
} tb_gpu_info;

typedef struct tb_gpu tb_gpu;

/**
 * Say which GPU the process is to use, before it is first used.
 *
 * @param[in] which      index ("0") or UUID ("GPU-...", or its beginning); NULL = the first; copied
 * @param[in] is_events  no CUPTI: times are of CUDA events
 * @return TB_OK; TB_EINVAL for a text that is neither, or too late
 */
TB_NODISCARD tb_status tb_gpu_choose(const char *which, bool is_events, tb_error *err);

/** The process' GPU, opened by the first call. The same failure is given again by later calls.
 *  TB_OK; TB_EUNAVAILABLE with what is missing and what would help; TB_EINVAL for a choice that no
 *  GPU is; TB_ENOMEM. */
TB_NODISCARD tb_status tb_gpu_get(tb_gpu **out, tb_error *err);

/** Release the context and all that is loaded, at the end of the process; tb_gpu_get() may then
 *  open it again. */
void tb_gpu_close(void);

const tb_gpu_info *tb_gpu_info_of(const tb_gpu *gpu);
const tb_driver *tb_gpu_driver(const tb_gpu *gpu);
tb_cu_stream tb_gpu_stream(const tb_gpu *gpu);

/** What the kernels' planning needs to know of it. */
tb_cuda_device tb_gpu_device(const tb_gpu *gpu);

/** CUPTI's records, or NULL with the reason why events are used instead. */
tb_cupti *tb_gpu_cupti(const tb_gpu *gpu, const char **why_not);

/** Give CUPTI up for the rest of the process: events from now on. */
void tb_gpu_drop_cupti(tb_gpu *gpu, const char *why);

/** Clocks and limits now; all unknown without NVML. */
void tb_gpu_read_state(const tb_gpu *gpu, tb_gpu_state *out);

/** A kernel ready to be launched. */
typedef struct tb_gpu_kernel {
    tb_cu_function function;
    int64_t registers, static_shared_bytes, local_bytes; /* as the driver says */
    bool is_from_cache;
} tb_gpu_kernel;

/** Compile a variant for this GPU, or take it from the cache, and load it; kept until the GPU is
 *  closed. TB_OK; TB_EUNAVAILABLE; TB_EINTERNAL for a kernel that does not compile; TB_ENOMEM. */
TB_NODISCARD tb_status tb_gpu_load(tb_gpu *gpu, const tb_cuda_variant *variant, tb_gpu_kernel *out,
                                   tb_error *err);

/** Device memory. TB_OK; TB_EUNAVAILABLE naming what it is for, how much it takes and how much is
 *  free; TB_EINTERNAL. */
TB_NODISCARD tb_status tb_gpu_alloc(tb_gpu *gpu, const char *what, int64_t bytes,
                                    tb_cu_address *out, tb_error *err);
void tb_gpu_free(tb_gpu *gpu, tb_cu_address address);

/* Launches that are timed together: those of one stage. */
#define TB_GPU_GROUPS 3

/** One launch of a kernel: its one parameter by value. */
typedef struct tb_gpu_launch {
    int group; /* 0 ... TB_GPU_GROUPS - 1, never less than that of the launch before */
    const tb_gpu_kernel *kernel;
    int64_t grid[3];
    int threads;          /* a CTA */
    int64_t shared_bytes; /* dynamic, a CTA */
    const void *params;
    size_t params_bytes;
} tb_gpu_launch;

/** What was seen of one launch. */
typedef struct tb_gpu_seen {
    double start_us; /* after the first launch's start */
    double time_us;
    int64_t registers, static_shared_bytes, dynamic_shared_bytes;
    int64_t grid[3];
} tb_gpu_seen;

/** How long some launches, one after the other, took. */
typedef struct tb_gpu_times {
    bool
        is_cupti; /* else CUDA events: `seen` is not written, and the span is from event to event */
    double span_us;                 /* from the first one's start to the last one's end */
    double group_us[TB_GPU_GROUPS]; /* likewise of each group; 0 for one without launches */
    double host_us;                 /* from the first call to the return of the synchronisation */
    int retries; /* launches made again because CUPTI's records could not be trusted */
    int64_t faults[TB_RECORD_FAULT_COUNT]; /* of those, by kind */
} tb_gpu_times;

/**
 * Launch kernels in order, wait for them, and say how long they took. Where CUPTI's records cannot
 * be trusted the launches are made again, a few times; then CUPTI is given up.
 *
 * @param[out] seen  of each launch; may be NULL
 * @return TB_OK; TB_EINTERNAL where the driver refuses a launch, a kernel fails, or CUPTI saw
 * another kernel than was launched (grid, registers, shared memory)
 */
TB_NODISCARD tb_status tb_gpu_run(tb_gpu *gpu, const tb_gpu_launch *launches, size_t count,
                                  tb_gpu_seen *seen, tb_gpu_times *times, tb_error *err);

/** Launch the kernels of one group in order, untimed, without waiting: for the counters. TB_OK;
 *  TB_EINTERNAL where the driver refuses. */
TB_NODISCARD tb_status tb_gpu_launch_group(tb_gpu *gpu, const tb_gpu_launch *launches, size_t count,
                                           int group, tb_error *err);

#endif
