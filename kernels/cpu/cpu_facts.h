/* Microbenchmarks of this processor: what its kernels can hope for. */
#ifndef TB_CPU_FACTS_H
#define TB_CPU_FACTS_H

#include "cpu_isa.h"
#include "device_facts.h"

/** tb_backend.facts of the CPU backend. */
TB_NODISCARD tb_status tb_cpu_facts(bool is_measuring, tb_device_facts *out, tb_error *err);

/**
 * Measure the rate of fused multiply-adds of one core.
 *
 * Chains of x = x a + b that a compiler cannot merge, enough of them to hide the latency; what
 * comes out is compared with the closed form x_n = f + (x_0 - f) a^n, f = b / (1 - a).
 *
 * @param[in]  chains  8, 10 or 12 vectors side by side
 * @param[out] out     flop/s, two a multiply-add
 * @return TB_OK; TB_EINTERNAL when the result is wrong
 */
TB_NODISCARD tb_status tb_cpu_fma_rate(const tb_cpu_isa *isa, int chains, double *out,
                                       tb_error *err);

#endif
