/* Choices by prediction, put to the test: the first few are run, and the one chosen is compared
 * with the best of them. */
#ifndef TB_CONFIRM_H
#define TB_CONFIRM_H

#include "attention_case.h"
#include "backend.h"
#include "kernel.h"

typedef struct tb_confirm_options {
    const tb_backend *backend;
    const tb_kernel *kernel; /* the model of the backend's fused kernel */
    double max_time_s;       /* a configuration; 0 = as measure has it */
} tb_confirm_options;

typedef struct tb_confirmation {
    double *measured_us; /* owned; medians with permutation, an entry a case */
    size_t count;
    size_t best;   /* the case that took least */
    double regret; /* measured time of the first case over that of the best, less 1 */
} tb_confirmation;

/** Name of the kernel model whose tiles a backend's fused kernel has. */
const char *tb_confirm_kernel(const tb_backend *backend);

/**
 * Run cases beside each other, as `measure` does: outputs are checked, visits take turns, samples
 * go on until their median is known. Says nothing of cases that are not run: regret is over the
 * best of these.
 *
 *   regret = measured(first) / min over cases of measured - 1
 *
 * @param[in]  items  best predicted first, normalized, with their tiles; borrowed
 * @param[in]  count  >= 1
 * @param[out] out    release with tb_confirmation_release(); written only on TB_OK
 * @return TB_OK; TB_EINVAL where the kernel is not the backend's; TB_EUNAVAILABLE for what the
 *         backend cannot run; what tb_measure_run() returns
 */
TB_NODISCARD tb_status tb_confirm(const tb_confirm_options *options, const tb_case *items,
                                  size_t count, tb_confirmation *out, tb_error *err);

void tb_confirmation_release(tb_confirmation *confirmation);

#endif
