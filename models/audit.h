/* Published claims, and one's own, against the bound. docs/audit.md. */
#ifndef TB_AUDIT_H
#define TB_AUDIT_H

#include "mechanism.h"
#include "predict_time.h"

typedef enum tb_claim_verdict {
    TB_CLAIM_POSSIBLE,   /* within the bound, somewhere under the stated condition */
    TB_CLAIM_NEEDS_MORE, /* more than the tiles allow, everywhere */
    TB_CLAIM_NOT_DECIDED /* attention's cost alone does not decide it */
} tb_claim_verdict;

#define TB_CLAIM_VERDICT_COUNT 3

/** "possible", "needs more than the tiles allow", "not decided by attention cost alone". */
extern const char *const tb_claim_verdict_names[TB_CLAIM_VERDICT_COUNT];

/* What a claim leaves open is swept over these. */
#define TB_AUDIT_LENGTHS 5
#define TB_AUDIT_DIMS    2
#define TB_AUDIT_DEVICES 4
extern const int64_t tb_audit_lengths[TB_AUDIT_LENGTHS];     /* 4k to 1M, powers of 4 */
extern const int64_t tb_audit_dims[TB_AUDIT_DIMS];           /* 64, 128 */
extern const char *const tb_audit_devices[TB_AUDIT_DEVICES]; /* A100, H100, B200, RTX 4090 */

/** Bounds over a sweep. */
typedef struct tb_audit_range {
    double bound_min, bound_max;
    double speedup_min, speedup_max; /* predicted, over the device's dense kernel; NaN: unknown */
    int64_t tokens_min, tokens_max;  /* swept over */
    int64_t dim_min, dim_max;
    int64_t best_tokens, best_dim; /* where bound_max is; the first of several */
    const char *device;            /* the only one, or NULL; borrowed from the claim or static */
    const char *best_device;       /* NULL: without a device */
    size_t devices;                /* how many */
    int points, skipped;           /* skipped: the device or its kernel cannot run them */
    bool has_assumed;              /* a parameter without a source takes part, at its default */
} tb_audit_range;

#define TB_AUDIT_WHY_MAX 640

/** A claim judged. */
typedef struct tb_judgement {
    const tb_claim *claim;
    bool has_bound;
    tb_audit_range range; /* where there is a bound */
    double share; /* of the dense time that attention must take at least; NaN unless end to end */
    tb_claim_verdict verdict;
    char why[TB_AUDIT_WHY_MAX]; /* one sentence */
} tb_judgement;

/**
 * The share of a model's time that must go into attention for the model to become `speedup` times
 * faster when attention becomes `bound` times faster.
 *
 *   share = (1 - 1 / speedup) / (1 - 1 / bound);  above 1: no share is enough
 *
 * Source: Amdahl 1967, solved for the share.
 *
 * @param[in] speedup  > 1
 * @param[in] bound    > 0
 * @return the share; infinite for a bound of at most 1
 */
double tb_audit_share(double speedup, double bound);

/** The verdict over a speedup: `kernel` claims against the bound itself, `end-to-end` ones by
 *  tb_audit_share(). A claim of no speedup (at most 1) is possible. */
tb_claim_verdict tb_audit_verdict(tb_claim_scope scope, double speedup, double bound_max);

/**
 * Judge a claim of a mechanism. What it does not state is swept: lengths 4k to 1M, head dims 64 and
 * 128, an A100, H100, B200 and RTX 4090. Parameters stay at their defaults but for the claim's set.
 *
 * @param[in] claim  of this mechanism, or another about it; borrowed by *out
 * @return TB_OK; TB_EINVAL where it runs nowhere, or for an unknown device; as tb_mechanism_run()
 */
TB_NODISCARD tb_status tb_audit_claim(const tb_mechanism *mechanism, const tb_claim *claim,
                                      tb_judgement *out, tb_error *err);

/** Judge all claims of a mechanism; `out` has claim_count entries. Claims of the same condition
 *  share a sweep. */
TB_NODISCARD tb_status tb_audit_mechanism(const tb_mechanism *mechanism, tb_judgement *out,
                                          tb_error *err);

/**
 * Judge a claim about a problem and pattern: against the tiles that it visits.
 *
 * @param[in] claim   with scope and speedup; the condition is the prediction's
 * @param[in] timing  of the prediction, or NULL
 * @param[in] device  its name, or NULL; borrowed by *out
 */
void tb_audit_prediction(const tb_prediction *prediction, const tb_timing *timing,
                         const char *device, const tb_claim *claim, tb_judgement *out);

/** A claim in words: "attention speedup: up to 25.3 x (over FlashAttention-2)". */
void tb_audit_words(const tb_claim *claim, char out[static 256]);

#endif
