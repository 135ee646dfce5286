/* Mechanisms: whole methods of efficient attention as a pipeline of stages, with their parameters
 * and what their authors claim. Data in mechanisms/, schema tilebound/mechanism/1,
 * docs/mechanisms.md.
 */
#ifndef TB_MECHANISM_H
#define TB_MECHANISM_H

#include "stage.h"

typedef enum tb_phase {
    TB_PHASE_PREFILL, /* language models, all queries at once */
    TB_PHASE_DECODE,  /* few queries against a cache; the layout is the cache's length */
    TB_PHASE_BOTH,
    TB_PHASE_VISION,
    TB_PHASE_VIDEO
} tb_phase;

#define TB_PHASE_COUNT 5
extern const char *const tb_phase_names[TB_PHASE_COUNT];

/** A parameter: a number, where it comes from, and whether that is an assumption of ours. */
typedef struct tb_mechanism_parameter {
    const char *name;
    double value;
    const char *from;        /* "abstract", "source: REPOSITORY:FILE", or "assumed: why" */
    bool is_assumed, is_set; /* set by the user */
} tb_mechanism_parameter;

/** What a claim is about. */
typedef enum tb_claim_scope {
    TB_CLAIM_KERNEL,     /* the attention of a layer: bounds apply as they are */
    TB_CLAIM_END_TO_END, /* a whole model: Amdahl */
    TB_CLAIM_OTHER       /* memory, quality, another device than a GPU, qualitative */
} tb_claim_scope;

#define TB_CLAIM_SCOPE_COUNT 3
extern const char *const tb_claim_scope_names[TB_CLAIM_SCOPE_COUNT];

typedef struct tb_claim {
    const char *metric, *unit, *stat, *baseline, *device, *condition, *from; /* NULL: not stated */
    double value, high; /* equal unless a range; NaN: qualitative */
    tb_claim_scope scope;
    double speedup; /* the claim as a speedup over dense attention; NaN: it says nothing of one */
    /* the stated condition, as the mechanism's inputs; what is unstated (0, NULL) is swept over */
    int64_t tokens;
    tb_layout layout; /* of so many tokens; rank 0: as tb_mechanism_layout() makes it */
    const char *device_name;
    int64_t dim, heads;
    const tb_yaml_node *set; /* parameters with the numbers that the claim is of, or NULL */
    const char *note;        /* ours: why it is no speedup over dense attention, how it is read */
} tb_claim;

typedef struct tb_mechanism {
    const char *path; /* of its file */
    const char *name, *title, *summary, *family, *complexity, *note;
    tb_phase phase;
    int rank;             /* of the layouts that it takes: 1 to 3; of another rank: see
                             tb_mechanism_layout() */
    tb_problem problem;   /* heads, dims, dtype where the user says nothing; no layout */
    tb_baseline baseline; /* what its dense baseline sees */
    tb_mechanism_parameter *parameters;
    size_t parameter_count;
    bool exceeds_bound; /* its claim is not to compute attention by tiles at a GPU's rates */
    const tb_yaml_node *derived; /* names with their expressions, in order, or NULL */
    const tb_yaml_node
        *dense_when; /* parameters with the expressions that make it dense, or NULL */
    tb_stage *stages;
    size_t stage_count;
    tb_claim *claims;
    size_t claim_count;
    struct tb_yaml *file;   /* owned */
    struct tb_arena *arena; /* owned */
} tb_mechanism;

/** Load by known name or path. TB_OK; TB_EINVAL; TB_EFILE with the position; TB_ENOMEM. */
TB_NODISCARD tb_status tb_mechanism_load(const char *name, tb_mechanism **out, tb_error *err);
void tb_mechanism_destroy(tb_mechanism *mechanism);

/** Override a parameter ("window=2048"). TB_OK; TB_EINVAL naming the nearest. */
TB_NODISCARD tb_status tb_mechanism_set(tb_mechanism *mechanism, const char *assignment,
                                        tb_error *err);

/** Give the parameters under a claim's `set` their values there. The claim may be of another
 *  mechanism loaded from the same file. TB_OK; TB_EFILE with the position in the claim. */
TB_NODISCARD tb_status tb_mechanism_set_claim(tb_mechanism *mechanism, const tb_claim *claim,
                                              tb_error *err);

/** The layout of a mechanism's rank that N tokens of one dimension become: the most nearly square
 *  (cubic) factorisation; *changed says that it is another than was given. TB_OK; TB_EINVAL for
 *  ranks that do not fit. */
TB_NODISCARD tb_status tb_mechanism_layout(const tb_mechanism *mechanism, tb_layout *layout,
                                           bool *changed, tb_error *err);

/** Give the parameters under dense_when their values there: its attention stages then do what dense
 *  attention does. False in *out when the file has none. TB_OK; TB_EFILE. */
TB_NODISCARD tb_status tb_mechanism_make_dense(tb_mechanism *mechanism, const tb_problem *problem,
                                               bool *out, tb_error *err);

/** What to run a mechanism with; all may be NULL or 0. */
typedef struct tb_mechanism_options {
    const tb_device *device;          /* NULL: counts alone */
    const tb_kernel *kernel;          /* of all attention stages; NULL: the device's default kernel,
                                         and its dense one where every pair is seen */
    const tb_kernel *baseline_kernel; /* of the dense baseline; NULL: the device's dense kernel */
    uint64_t seed;
    int64_t samples; /* of expectations; 0: 16 */
} tb_mechanism_options;

/** A mechanism on a problem. */
typedef struct tb_mechanism_result {
    tb_problem problem;
    tb_stage_result *stages; /* owned */
    struct tb_arena *arena;  /* owned: texts of the stages */
    size_t stage_count;
    double total_us, least_us;           /* of all stages; 0 without a device */
    double dense_us, dense_least_us;     /* dense attention (decode: over the whole cache) */
    double speedup;                      /* dense_us / total_us */
    double bound;                        /* dense_least_us / least_us: no implementation on this
                                            device is faster; without a device: dense tiles over
                                            visited ones, of attention stages (in
                                            FLOPs of their tiles; NaN without such a stage) */
    double peak_bytes, dense_peak_bytes; /* live memory: inputs, outputs, the largest stage's own */
    tb_basis basis;
    bool has_assumed; /* a parameter that is assumed takes part */
    tb_messages notes, warnings;
} tb_mechanism_result;

/**
 * Run a mechanism on a problem.
 *
 * @param[in] problem  of a layout of the mechanism's rank; decode: its tokens are the cache
 * @param[in] device   NULL for counts alone
 * @param[in] kernel   of attention stages, NULL: the device's default
 * @return TB_OK; TB_EFILE with the position in the mechanism; TB_EINVAL; TB_EOVERFLOW; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_mechanism_run(const tb_mechanism *mechanism, const tb_problem *problem,
                                        const tb_device *device, const tb_kernel *kernel,
                                        uint64_t seed, tb_mechanism_result *out, tb_error *err);

/** As above, with all that can be chosen. */
TB_NODISCARD tb_status tb_mechanism_run_with(const tb_mechanism *mechanism,
                                             const tb_problem *problem,
                                             const tb_mechanism_options *options,
                                             tb_mechanism_result *out, tb_error *err);
void tb_mechanism_result_release(tb_mechanism_result *result);

#endif
