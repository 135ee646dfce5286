/* Random problems too large to enumerate, for laws that hold between two counts of sim/. */
#ifndef TB_SIM_LARGE_H
#define TB_SIM_LARGE_H

#include "sim_case.h"

/** gna of rank 1 to 3 and up to 10^8 tokens in multi-dim tiles of up to 40 tokens a dimension,
 *  either KV tiling, sometimes with extra tokens. */
tb_sim_case tb_sim_large_draw(gsl_rng *random);

/** Round extents and extra tokens up so that tiles, made smaller, divide them: nothing is padded.
 */
void tb_sim_large_divide(tb_sim_case *problem);

/** Count it; prints the case and fails when that fails. */
tb_census tb_sim_large_census(const tb_sim_case *problem);

tb_bound tb_sim_large_bound(const tb_sim_case *problem, const tb_census *census);

/** A property of one random problem. */
typedef void tb_sim_law(gsl_rng *random);

/** Check a law on `cases` random problems, and print how many they were. */
void tb_sim_large_check(tb_sim_law *law, int cases);

/** Fail with the case printed unless `holds`. */
void tb_sim_large_assert(const tb_sim_case *problem, bool holds, const char *law);

#endif
