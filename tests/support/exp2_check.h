/* How far an instruction set's exp2 is from the true one. Of the product and C alone. */
#ifndef TB_EXP2_CHECK_H
#define TB_EXP2_CHECK_H

#include "cpu_isa.h"

/** The largest error over every `step`-th float of [-126, 0], in units in the last place of the
 * result; +inf for a NaN. `tried`: how many floats. */
double tb_exp2_worst_ulp(const tb_cpu_isa *isa, uint32_t step, int64_t *tried);

#endif
