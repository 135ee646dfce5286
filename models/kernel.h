/* Kernel models: the tile shapes that a kernel really has, and its policies. Data in kernels/. */
#ifndef TB_KERNEL_H
#define TB_KERNEL_H

#include "device.h"
#include "mask_policy.h"
#include "pattern.h"
#include "problem.h"
#include "tiling.h"
#include "time_parameters.h"

#include <stdbool.h>
#include <stddef.h>

/** A query tile and a KV tile that a kernel combines; one entry a dimension. */
typedef struct tb_tile_pair {
    int64_t q_tile[TB_MAX_RANK];
    int64_t kv_tile[TB_MAX_RANK];
} tb_tile_pair;

/** Tile pairs that a kernel has for the same head dims. */
typedef struct tb_tile_set {
    const char *gemm;    /* name of the GEMM configuration, or NULL */
    const int64_t *dims; /* head dims served, ascending; dim_count 0 = any */
    size_t dim_count;
    const int64_t *not_on; /* compute capabilities that lack it */
    size_t not_on_count;
    bool patterns[TB_PATTERN_COUNT];        /* that run with these tiles */
    const tb_tile_pair *pairs[TB_MAX_RANK]; /* by rank - 1 */
    size_t pair_count[TB_MAX_RANK];
    size_t default_pair[TB_MAX_RANK]; /* index into pairs */
} tb_tile_set;

typedef enum tb_permutation {
    TB_PERMUTE_NONE,  /* tiles are cut inside the kernel */
    TB_PERMUTE_COPY,  /* tokens are permuted by copies before and after */
    TB_PERMUTE_KERNEL /* by kernels made for it */
} tb_permutation;

#define TB_PERMUTATION_COUNT 3

extern const char *const tb_permutation_names[TB_PERMUTATION_COUNT];

/** How extra KV tokens are attended to. */
typedef enum tb_extra_kv_policy {
    TB_EXTRA_KV_FUSED,        /* tiles of their own in the same launch */
    TB_EXTRA_KV_SECOND_LAUNCH /* a launch of its own, and a merge of the two outputs */
} tb_extra_kv_policy;

#define TB_EXTRA_KV_POLICY_COUNT 2

extern const char *const tb_extra_kv_policy_names[TB_EXTRA_KV_POLICY_COUNT];

/** What a kernel does where several query heads share a KV head. */
typedef enum tb_gqa_policy {
    TB_GQA_NATIVE,  /* CTAs of a group read the same KV head */
    TB_GQA_PACKED,  /* a query tile's rows hold the queries of the whole group */
    TB_GQA_EXPANDED /* KV heads are copied out to every query head first */
} tb_gqa_policy;

#define TB_GQA_POLICY_COUNT 3

extern const char *const tb_gqa_policy_names[TB_GQA_POLICY_COUNT];

typedef struct tb_kernel {
    const char *path;  /* of its file */
    const char *asked; /* the name or path that it was loaded by */
    const char *name;
    const char *summary;
    const char *source;
    const int64_t *compute_capabilities; /* served, or count 0 with compute_capability_min */
    size_t compute_capability_count;
    int64_t compute_capability_min; /* 0 = any */
    bool is_for_cpus;               /* runs on processors, and on no GPU */
    bool dtypes[TB_DTYPE_COUNT];
    bool patterns[TB_PATTERN_COUNT];
    tb_tiling_kind tiling;
    tb_kv_tiling kv_tiling; /* of the forward pass; the backward's is static */
    tb_mask_policy mask;
    tb_permutation permutation;
    tb_extra_kv_policy extra_kv;
    tb_gqa_policy gqa;
    const char *const *schedules; /* facts for people */
    size_t schedule_count;
    const char *const *notes;
    size_t note_count;
    const tb_tile_set *sets[TB_PASS_COUNT];
    size_t set_count[TB_PASS_COUNT];
    tb_time_traits time;
    struct tb_yaml *file;   /* owned: the text lives there */
    struct tb_arena *arena; /* owned: the arrays live there */
} tb_kernel;

/**
 * Load a kernel by known name or path.
 *
 * @param[out] out  to be freed with tb_kernel_destroy()
 * @return TB_OK; TB_EINVAL for an unknown name; TB_EFILE with the position; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_kernel_load(const char *name, tb_kernel **out, tb_error *err);

/** Free a kernel; NULL is allowed. */
void tb_kernel_destroy(tb_kernel *kernel);

/** Head dim that the kernel pads max(dim, dim_value) of a problem to; 0 when it has none as large
 * in this pass. The padded dim is the problem's own where the kernel names no head dims. */
int64_t tb_kernel_padded_dim(const tb_kernel *kernel, const tb_problem *problem);

/** As above, for one of the two dims: keys and values are padded each for itself. */
int64_t tb_kernel_padded_to(const tb_kernel *kernel, tb_pass pass, int64_t wanted);

/** Query heads whose queries share the rows of a query tile: heads / heads_kv where the kernel
 * packs groups (forward, single-dim tiling), else 1. */
int64_t tb_kernel_packed_heads(const tb_kernel *kernel, const tb_problem *problem,
                               tb_tiling_kind tiling);

/** Does the kernel run on the device, by its compute capability? */
bool tb_kernel_runs_on(const tb_kernel *kernel, const tb_device *device);

/** Does this set serve the head dim `padded`? */
bool tb_tile_set_serves(const tb_tile_set *set, int64_t padded);

#endif
