/* One attention over several devices: ring, Ulysses, and both. */
#ifndef TB_CONTEXT_PARALLEL_H
#define TB_CONTEXT_PARALLEL_H

#include "census.h"
#include "pattern.h"
#include "problem.h"
#include "shard_tiles.h"
#include "status.h"

#include <stdbool.h>

typedef enum tb_parallel_method {
    TB_PARALLEL_RING,    /* keys and values go round; queries stay */
    TB_PARALLEL_ULYSSES, /* all-to-all: a device gets all tokens of some heads */
    TB_PARALLEL_HYBRID   /* rings of Ulysses groups (USP, LoongTrain) */
} tb_parallel_method;

#define TB_PARALLEL_METHOD_COUNT 3

/** "ring", "ulysses", "hybrid". */
extern const char *const tb_parallel_method_names[TB_PARALLEL_METHOD_COUNT];

/** Links between devices: time of a message = latency + bytes / bandwidth (Hockney's alpha-beta).
 */
typedef struct tb_link {
    double latency_us;
    double gb_per_s; /* one way, of one device */
} tb_link;

typedef struct tb_parallel_problem {
    const tb_problem *problem; /* whole; forward, without extra tokens */
    const tb_pattern *pattern;
    int64_t devices; /* >= 1 */
    int64_t ulysses; /* of hybrid: devices of an Ulysses group, divides devices and heads */
    tb_parallel_method method;
    tb_shard_order order;
    int64_t q_tile, kv_tile; /* tokens of the flattened order */
    double us_per_tile;      /* of one head on one device that is full */
    int64_t slots;           /* CTAs that a device runs at once; 1: it is always full */
    double launch_us;        /* of each step after the first */
    tb_link link;            /* of the ring; of Ulysses, of its only group */
    tb_link group_link;      /* of hybrid: within an Ulysses group */
    bool has_overlap;        /* the ring sends while it computes */
    const tb_census *census; /* of the whole on one device, or NULL: counted */
} tb_parallel_problem;

/** One step of the ring. */
typedef struct tb_parallel_step {
    double tiles_mean, tiles_max; /* of a device, per head and batch entry */
    double compute_us;            /* of the slowest device */
    double send_us;               /* 0 in the last step */
    double step_us;
} tb_parallel_step;

typedef struct tb_parallel_time {
    double total_us, compute_us, exposed_us; /* exposed: communication that nothing hides */
    double bytes_sent;                       /* by one device */
    double tiles;       /* of all devices, per head and batch entry; equals the whole census' where
                           tiles divide segments */
    double whole_tiles; /* the whole census' */
    double pairs;       /* visible, of all devices */
    double device_min, device_mean, device_max; /* tiles of a device, in units of a whole head */
    double imbalance;                           /* max / mean */
    double single_us;                           /* of one device alone */
    double send_us;                             /* of one step of the ring */
    double exchange_us;                         /* of all all-to-alls */
    double speedup, efficiency;                 /* over one device; speedup / devices */
    int64_t ulysses, steps;                     /* devices of a group; groups in the ring */
    bool is_closed_form;
} tb_parallel_time;

/** Devices of an Ulysses group: 1 of ring, all of Ulysses. */
int64_t tb_parallel_group(const tb_parallel_problem *item);

/**
 * Time it: step by step, each as long as its slowest device.
 *
 *   R = G / U groups in the ring, of U devices each: ring U = 1, Ulysses U = G
 *   compute  = max(1, slots / CTAs) x tiles x B x H / U x us_per_tile: a device with fewer CTAs
 *              (query tiles x B x H / U) than slots leaves the rest idle
 *   send     = latency + B Hkv' (N / R) (D + Dv) bytes / bandwidth,  Hkv' = max(1, Hkv / U)
 *   step     = max(compute, send) with overlap, else their sum; R steps, R - 1 sends
 *   exchange = 4 all-to-alls (q, k, v, o), each U - 1 messages of a pairwise exchange:
 *              4 (U - 1) latency + (U - 1) (N / G) B (H / U + Hkv') (D + Dv) bytes / bandwidth
 *   total    = exchange + sum of steps + (R - 1) launches
 *
 * Tiles of a shard against a shard are shard_tiles.h's: thousands of devices take milliseconds
 * where a closed form exists.
 *
 * Source: Ring Attention (Liu et al., arXiv 2310.01889), Striped Attention (arXiv 2311.09431),
 * DeepSpeed-Ulysses (arXiv 2309.14509), USP (arXiv 2405.07719); zigzag: ring-flash-attention
 * (zhuzilin). Hockney, The communication challenge for MPP, Parallel Computing 20 (1994) 389, of
 * alpha and beta; pairwise exchange: Thakur, Rabenseifner, Gropp, Optimization of Collective
 * Communication Operations in MPICH, IJHPCA 19 (2005) 49.
 * Not modelled: merging the partial outputs of the ring's steps (as if within the kernel); links
 * that several devices share; devices that run ahead of the slowest one.
 *
 * @param[out] steps  may be NULL; else an entry a step (devices / group)
 * @return TB_OK; TB_EINVAL for devices that do not divide what they must; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_parallel_steps(const tb_parallel_problem *item, tb_parallel_step *steps,
                                         tb_parallel_time *out, tb_error *err);

/** The same without the steps. */
TB_NODISCARD tb_status tb_parallel_time_of(const tb_parallel_problem *item, tb_parallel_time *out,
                                           tb_error *err);

#endif
