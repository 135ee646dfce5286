/* Where the speedup of a mechanism goes, stage by stage. */
#ifndef TB_MECHANISM_EXPLAIN_H
#define TB_MECHANISM_EXPLAIN_H

#include "mechanism.h"

typedef struct tb_mechanism_step {
    const char *name; /* of a stage, or what it is; borrowed from the result */
    double factor;
    char advice[160];
} tb_mechanism_step;

typedef struct tb_mechanism_explanation {
    double from;              /* bound of the main stages alone: attention's, or else the longest */
    double to;                /* predicted speedup */
    tb_mechanism_step *steps; /* owned */
    size_t count;
} tb_mechanism_explanation;

/**
 * Factor a predicted speedup.
 *
 *   from     dense_least / least of the main stages: what their tiles allow
 *   first    (dense / time of the main stages) / from: how far both are from their rooflines
 *   a stage  time before it / time with it, in the order of the file
 *   to       = from x product of factors = dense_us / total_us, exactly
 *
 * @param[in] result  with a device
 * @return TB_OK; TB_EINVAL without times; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_mechanism_explain(const tb_mechanism_result *result,
                                            tb_mechanism_explanation *out, tb_error *err);
void tb_mechanism_explanation_release(tb_mechanism_explanation *explanation);

#endif
