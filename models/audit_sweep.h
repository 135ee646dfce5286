/* The sweep of an audit over what a claim leaves open. Internal to models. */
#ifndef TB_AUDIT_SWEEP_H
#define TB_AUDIT_SWEEP_H

#include "audit.h"

/** Run a mechanism at every place of a claim's sweep. TB_OK; TB_EINVAL where it runs nowhere; as
 *  tb_mechanism_run(). */
TB_NODISCARD tb_status tb_audit_sweep(const tb_mechanism *mechanism, const tb_claim *claim,
                                      tb_audit_range *out, tb_error *err);

/** Do two claims have the same sweep? */
bool tb_audit_same_sweep(const tb_claim *a, const tb_claim *b);

#endif
