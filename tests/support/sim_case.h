/* Random problems for the tests of sim/, small enough to enumerate. */
#ifndef TB_SIM_CASE_H
#define TB_SIM_CASE_H

#include "oracle.h"

#include <gsl/gsl_rng.h>

typedef struct tb_sim_case {
    tb_problem problem;
    tb_pattern pattern; /* resolved; borrows `mask` */
    tb_tiling tiling;
    tb_bit_matrix *mask;        /* NULL, or owned */
    struct tb_sim_owned *owned; /* lists and parts of the pattern */
} tb_sim_case;

/** A gna, dense, local or rank-1 causal pattern of rank 1 to 4 in multi-dim tiles, or one of rank 1
 *  in row-major single-dim tiles: forward or backward, either KV tiling, with or without extra
 *  tokens. */
tb_sim_case tb_sim_case_product(gsl_rng *random);

/** Rank 1, long, with a small window, stride and tiles. */
tb_sim_case tb_sim_case_thin(gsl_rng *random);

/** Single-dim tiles in any order of any pattern and rank, and multi-dim tiles of patterns that are
 *  no product: explicit masks, causal of rank > 1, the kinds from sink-local on. Some masks show
 * nothing at all. */
tb_sim_case tb_sim_case_rows(gsl_rng *random);

/** The same of rank 2 to 4 and up to 1,000 tokens. */
tb_sim_case tb_sim_case_long_rows(gsl_rng *random);

/** gna whose windows, strides and tiles often divide each other as NATTEN's mask rule wants. */
tb_sim_case tb_sim_case_aligned(gsl_rng *random);

/** gna of random window, stride, dilation, causal flags for a layout. */
void tb_sim_case_gna(gsl_rng *random, const tb_layout *layout, tb_pattern *pattern);

/** A pattern of a kind for the layout of `out`, which comes to own its lists and parts. */
void tb_sim_case_kind(gsl_rng *random, tb_pattern_kind kind, tb_sim_case *out, tb_pattern *pattern);

/** One of the kinds from sink-local on for the layout of `out`, as its pattern. */
void tb_sim_case_any_kind(gsl_rng *random, tb_sim_case *out);

/** A layout of `rank` dimensions and at most `tokens` tokens. */
tb_layout tb_sim_case_layout(gsl_rng *random, int rank, int64_t tokens);

/** A random mask of a layout, in mask blocks of up to 3 tokens; some rows are empty. */
void tb_sim_case_explicit(gsl_rng *random, tb_sim_case *out);

void tb_sim_case_free(tb_sim_case *problem);
void tb_sim_case_free_owned(tb_sim_case *problem); /* a part of it */

/** Write a case to stderr, as the start of a failure's message. */
void tb_sim_case_print(const tb_sim_case *problem);

/** Compare every field of two censuses but closed_form; on a difference, print both and fail. */
void tb_sim_case_assert_census(const tb_sim_case *problem, const tb_census *census,
                               const tb_census *want);

/** Count the tiles by sim and by enumeration; fail on any difference, of the histogram and the
 *  bounds too. Returns whether sim used a closed form. */
bool tb_sim_case_check(const tb_sim_case *problem);

#endif
