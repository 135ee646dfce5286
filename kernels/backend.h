/* The launcher interface: how a tile list is run, whatever it runs on.
 *
 * A backend is one row of a table. A launch says what to run; tb_plan_create() does all that need
 * not be timed (allocation, permutation plans); tb_plan_run() runs it once and says how long each
 * step took. The same plan runs any number of times, on any tensors of the launch's shape.
 *
 * Tensors are dense arrays [batch][token][head][dim], innermost last, of the problem's dtype:
 *   q  [batch][N + extra_q][heads][dim]            decode: one token, the last of the layout
 *   k  [batch][N + extra_kv][heads_kv][dim]
 *   v  [batch][N + extra_kv][heads_kv][dim_value]
 *   o  [batch][N + extra_q][heads][dim_value]      decode: one token
 *   lse, fp32, [batch][N + extra_q][heads]: ln of the sum of exp(scale q.k) over visible keys
 * Tokens are in row-major order of the layout, extra ones after them. Query head h reads KV head
 * h / (heads / heads_kv). A query that sees no key has o = 0 and lse = -inf.
 */
#ifndef TB_BACKEND_H
#define TB_BACKEND_H

#include "device_facts.h"
#include "gpu_state.h"
#include "hardware_counters.h"
#include "tile_list.h"

#include <stdbool.h>

typedef enum tb_implementation {
    TB_IMPLEMENTATION_FUSED,   /* tiles, online softmax: what the simulator describes */
    TB_IMPLEMENTATION_NAIVE,   /* a query row at a time over the keys that it sees; no tiles */
    TB_IMPLEMENTATION_UNFUSED, /* scores to memory, softmax, weighted sum; no tiles */
    TB_IMPLEMENTATION_DECODE   /* one query, the layout's last token, keys split over threads */
} tb_implementation;

#define TB_IMPLEMENTATION_COUNT 4

/** Names in the order of tb_implementation. */
extern const char *const tb_implementation_names[TB_IMPLEMENTATION_COUNT];

/** What to run. Everything pointed at is borrowed and must outlive the plan. */
typedef struct tb_launch {
    tb_problem problem;
    tb_pattern pattern;        /* resolved */
    tb_tiling tiling;          /* that `tiles` lists; unused where no list is needed */
    const tb_tile_list *tiles; /* fused needs one, of this problem, pattern and tiling; else NULL */
    tb_implementation implementation;
    int threads;             /* 0 = all that the backend finds */
    int64_t splits;          /* decode: parts of the keys; 0 = a few for each thread */
    double scale;            /* of the logits; 0 = 1 / sqrt(dim) */
    int64_t workspace_bytes; /* for copies of K and V in the kernel's layout, which are made of as
                                many heads at a time as fit, at least one; 0 = 1 GiB */
    bool is_counting; /* count what is left unmasked (tb_run_counters): slower, not to be timed */
} tb_launch;

/** A dense, fused launch over nothing: fill in what differs. */
tb_launch tb_launch_default(void);

/** Tokens of q, o and lse, and of k and v. */
int64_t tb_launch_q_tokens(const tb_launch *launch);
int64_t tb_launch_kv_tokens(const tb_launch *launch);

/** One set of tensors; see above. lse may be NULL. */
typedef struct tb_tensors {
    const void *q, *k, *v;
    void *o;
    float *lse;
} tb_tensors;

/** What a run's times are of. Times of different clocks are never put together. */
typedef enum tb_run_clock {
    TB_CLOCK_HOST,  /* the host's clock around the work */
    TB_CLOCK_CUPTI, /* the GPU's own stamps at each kernel's start and end */
    TB_CLOCK_EVENTS /* CUDA events around the kernels: with what lies between them */
} tb_run_clock;

#define TB_RUN_CLOCK_COUNT 3

/** "host", "cupti", "cuda-events". */
extern const char *const tb_run_clock_names[TB_RUN_CLOCK_COUNT];

/** How long one run took. total_us is wall time (of a GPU: from the first kernel's start to the
 *  last one's end); the steps follow each other. */
typedef struct tb_run_times {
    tb_run_clock clock;
    double host_us; /* of a GPU: from the first launch's call until the host knows that all is done;
                       with total_us it gives what launching costs; else 0 */
    int retries;    /* of a GPU: runs made again because their stamps could not be trusted */
    double permute_us;   /* tokens into tile order; 0 where they are in it */
    double attention_us; /* with packing */
    double unpermute_us;
    double total_us;
    double pack_us; /* K and V into the kernel's layout; part of attention_us */
    int threads;    /* that ran */
    double
        busy_min_us; /* time that the least and the most busy thread spent in attention without */
    double busy_max_us; /* packing, and the mean over threads; 0 where the backend cannot tell */
    double busy_mean_us;
    double own_us; /* processor time in attention_us, all threads together: where it is less than
                      threads * attention_us, threads waited or other programs ran; 0 = not known */
} tb_run_times;

/** What the last run did, over all heads and batch entries. */
typedef struct tb_run_counters {
    int64_t q_tiles;         /* query tiles that ran */
    int64_t visited, masked; /* tiles that ran, and those whose mask was applied */
    int64_t unmasked;        /* elements of tiles left unmasked, of real queries; if counting */
    const int64_t *by_entry; /* those of head 0, batch entry 0, by entry of the tile list; owned by
                                the plan; NULL unless counting a list */
} tb_run_counters;

/** A kernel that a run launched, as the GPU's tools saw it. */
typedef struct tb_run_kernel {
    const char *name; /* of its compiled form */
    int64_t launches;
    int64_t registers; /* a thread */
    int64_t static_shared_bytes, dynamic_shared_bytes;
    int64_t grid[3]; /* of the first launch */
    int threads;     /* a CTA */
    double time_us;  /* of all its launches in the last run; 0 = not known */
} tb_run_kernel;

#define TB_RUN_KERNELS_MAX 8

typedef struct tb_plan_state tb_plan_state; /* each backend's own */

typedef struct tb_backend {
    const char *name;
    const char *summary;
    bool is_gpu; /* it has what is marked so below; else those are NULL */

    /** TB_OK, or TB_EUNAVAILABLE with the reason why this backend cannot run here. */
    tb_status (*available)(tb_error *err);

    /** Name the device and, with is_measuring, run the microbenchmarks (seconds). */
    tb_status (*facts)(bool is_measuring, tb_device_facts *out, tb_error *err);

    /** Check that this launch can run here, without preparing it: TB_EUNAVAILABLE with the reason
     * for a dtype, head dim or feature that the backend has not. */
    tb_status (*check)(const tb_launch *launch, tb_error *err);

    tb_status (*prepare)(const tb_launch *launch, tb_plan_state **out, tb_error *err);
    tb_status (*run)(tb_plan_state *state, const tb_tensors *tensors, tb_run_times *times,
                     tb_error *err);
    void (*counters)(const tb_plan_state *state, tb_run_counters *out);
    void (*destroy)(tb_plan_state *state);

    /** GPU: run again on the inputs that the last run() uploaded; nothing is copied. */
    tb_status (*repeat)(tb_plan_state *state, tb_run_times *times, tb_error *err);

    /** GPU: overwrite more memory than its caches hold. */
    tb_status (*flush)(tb_plan_state *state, tb_error *err);

    /** GPU: clocks and limits now. */
    void (*read_state)(tb_gpu_state *out);

    /** GPU: the kernels of the last run, at most TB_RUN_KERNELS_MAX; returns how many. */
    int (*kernels)(const tb_plan_state *state, tb_run_kernel *out);

    /** GPU: run the attention steps under the profiler; TB_EUNAVAILABLE with the reason where that
     * is not permitted. */
    tb_status (*hardware)(tb_plan_state *state, tb_hardware_counters *out, tb_error *err);

    /** GPU: its results are of the tests' emulated GPU, and say nothing of a real one. */
    bool (*is_emulated)(void);

    /** GPU: let go of the device; it may be used again after. */
    void (*close)(void);
} tb_backend;

#define TB_BACKEND_COUNT 2

/** All backends: cpu, cuda. */
extern const tb_backend *const tb_backends[TB_BACKEND_COUNT];

/** A backend by name, or TB_EINVAL with the names that there are. */
TB_NODISCARD tb_status tb_backend_find(const char *name, const tb_backend **out, tb_error *err);

typedef struct tb_plan tb_plan;

/**
 * Prepare a launch.
 *
 * @return TB_OK; TB_EINVAL for a launch that makes no sense; TB_EUNAVAILABLE where the backend is
 * not here or lacks what the launch asks for; TB_ENOMEM; TB_EOVERFLOW
 */
TB_NODISCARD tb_status tb_plan_create(const tb_backend *backend, const tb_launch *launch,
                                      tb_plan **out, tb_error *err);

/** Run it once. Not from two threads at a time. `times` may be NULL. */
TB_NODISCARD tb_status tb_plan_run(tb_plan *plan, const tb_tensors *tensors, tb_run_times *times,
                                   tb_error *err);

/** Run it again on the inputs of the last tb_plan_run(): what is timed. The output stays where it
 * is (of a GPU: on the device). A caller bug before a tb_plan_run(). */
TB_NODISCARD tb_status tb_plan_repeat(tb_plan *plan, tb_run_times *times, tb_error *err);

/** What the last run did; zeros before the first. */
void tb_plan_counters(const tb_plan *plan, tb_run_counters *out);

/** The backend's own part of a plan, for its functions above. */
tb_plan_state *tb_plan_state_of(const tb_plan *plan);

/** Let all backends go of their devices, at the end of a process. */
void tb_backends_close(void);

/** Free a plan; NULL is allowed. */
void tb_plan_destroy(tb_plan *plan);

#endif
