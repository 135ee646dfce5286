/* libcuda.so.1 of the emulated GPU: its state, shared by fake_cuda_*.c.
 *
 * Everything is behind one lock, a launch's run on the emulator too. Handles are looked up among
 * those that live, so that one that does not is refused and not followed. */
#ifndef TB_FAKE_CUDA_H
#define TB_FAKE_CUDA_H

#include "driver.h"
#include "fake_clock.h"
#include "fake_gpu.h"
#include "fake_image.h"
#include "twin.h"

#include <pthread.h>
#include <sys/types.h>

#define TB_FAKE_GPUS_MAX      8
#define TB_FAKE_DEFAULT_BYTES 49152 /* dynamic shared memory without an attribute */

/* CUresult beyond those of driver.h; source: cuda.h of CUDA 13.0 */
enum {
    FAKE_SUCCESS = 0,
    FAKE_INVALID_VALUE = 1,
    FAKE_NOT_INITIALIZED = 3,
    FAKE_INVALID_IMAGE = 200,
    FAKE_INVALID_CONTEXT = 201,
    FAKE_INVALID_HANDLE = 400,
    FAKE_NOT_READY = 600,
    FAKE_ILLEGAL_ADDRESS = 700,
    FAKE_OUT_OF_RESOURCES = 701,
    FAKE_MISALIGNED_ADDRESS = 716,
    FAKE_LAUNCH_FAILED = 719,
    FAKE_NOT_SUPPORTED = 801
};

typedef enum tb_fake_kind {
    TB_FAKE_ALLOCATION,
    TB_FAKE_MODULE,
    TB_FAKE_STREAM,
    TB_FAKE_EVENT,
    TB_FAKE_KINDS
} tb_fake_kind;

/** What a context owns; the first member of each of its kinds. */
typedef struct tb_fake_object {
    tb_fake_kind kind;
    struct tb_fake_object *next;
} tb_fake_object;

typedef struct tb_fake_allocation {
    tb_fake_object object;
    unsigned char *data;
    size_t bytes;
    double in_l2;      /* bytes */
    uint64_t last_use; /* by the GPU's count of uses */
} tb_fake_allocation;

struct CUfunc_st {
    struct CUmod_st *module;
    char name[64];
    void (*entry)(const void *params);
    size_t params_bytes;
    int threads; /* __launch_bounds__ */
    int registers;
    int64_t dynamic_bytes; /* allowed */
};

struct CUmod_st {
    tb_fake_object object;
    tb_twin *twin;
    struct CUfunc_st function[TB_FAKE_KERNELS_MAX];
    int count;
};

struct CUstream_st {
    tb_fake_object object;
};

struct CUevent_st {
    tb_fake_object object;
    bool is_timed, is_recorded;
    uint64_t time_ns;
};

/** One of the GPUs; its address is the handle of its primary context. */
typedef struct CUctx_st {
    int ordinal;
    int retained;
    tb_emu_memory *memory;
    tb_fake_object *objects;
    tb_cu_result error; /* of a kernel that failed: nothing works any more */
    int64_t used_bytes;
    uint64_t uses; /* of memory, counted */
    /* Its clock: when what it was given last is done, CLOCK_MONOTONIC; and up to when the host has
     * waited. */
    uint64_t busy_until_ns, seen_until_ns;
    bool is_idle; /* the host has waited for all of it */
} tb_fake_gpu;

typedef struct tb_fake_driver {
    pthread_mutex_t lock;
    bool is_ready; /* cuInit was called */
    pid_t pid;     /* by this process: a fork has no GPU */
    int count;
    tb_fake_gpu gpu[TB_FAKE_GPUS_MAX];
    tb_device *model; /* of all of them */
    tb_fake_rates rates;
    int64_t memory_bytes;
    uint64_t seed; /* of the noise; no number of launches comes near its other bits */
    uint32_t launches;
    tb_fake_on_launch_fn *on_launch;
    void *user;
} tb_fake_driver;

extern tb_fake_driver tb_fake;

/** What must have been done before a call. */
typedef enum tb_fake_need {
    TB_FAKE_NOTHING,
    TB_FAKE_INIT,
    TB_FAKE_CONTEXT, /* one is current, and works */
} tb_fake_need;

/** Begin a call: may fail on demand, or because something was not done. Unless it fails, the lock
 * is held until tb_fake_leave().
 *
 * @param[out] gpu  of the current context; NULL where none is needed */
tb_cu_result tb_fake_enter(const char *name, tb_fake_need need, tb_fake_gpu **gpu);
tb_cu_result tb_fake_leave(tb_cu_result result);

/** The GPU of a number, or NULL. */
tb_fake_gpu *tb_fake_gpu_of(tb_cu_device device);

/** Own an object; and give it up. */
void tb_fake_own(tb_fake_gpu *gpu, tb_fake_kind kind, tb_fake_object *object);
void tb_fake_disown(tb_fake_gpu *gpu, const tb_fake_object *object);

/** Is this handle one of the GPU's objects of a kind? */
bool tb_fake_owns(const tb_fake_gpu *gpu, tb_fake_kind kind, const void *handle);

/** Release an object that nobody owns any more. */
void tb_fake_destroy(tb_fake_gpu *gpu, tb_fake_object *object);

/** What is wrong with how the GPU is used, on standard error. */
void tb_fake_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** The driver's name of a device, from its file. */
void tb_fake_device_name(char *name, size_t capacity);

/** Work of `ns` begins as soon as the GPU is free. @return when it begins; CLOCK_MONOTONIC */
uint64_t tb_fake_work(tb_fake_gpu *gpu, double ns);

/** The host waits until the GPU has done all. @return the error of a kernel that failed */
tb_cu_result tb_fake_wait(tb_fake_gpu *gpu);

/** Is this handle one of the GPU's functions? */
bool tb_fake_is_function(const tb_fake_gpu *gpu, tb_cu_function function);

/** Of an allocation, the bytes that something touches. */
typedef double tb_fake_touched_fn(const tb_fake_gpu *gpu, const tb_fake_allocation *allocation,
                                  const void *user);

/** Bytes that come from HBM or go there, where something asks for `bytes` in all; what is in L2
 *  afterwards is noted. L2 holds what was used last, by allocation. */
double tb_fake_from_hbm(tb_fake_gpu *gpu, double bytes, tb_fake_touched_fn *touched,
                        const void *user);

#endif
