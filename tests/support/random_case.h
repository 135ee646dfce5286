/* Random problems of patterns that depend on content, small enough to enumerate. */
#ifndef TB_RANDOM_CASE_H
#define TB_RANDOM_CASE_H

#include "sim_case.h"

/** Give a parameter of a pattern its value, by name. */
void tb_random_case_integer(tb_pattern *pattern, const char *name, int64_t value);
void tb_random_case_real(tb_pattern *pattern, const char *name, double value);

/** A pattern of a random kind, all of its parameters drawn, for `tokens` tokens. */
void tb_random_case_pattern(gsl_rng *random, tb_pattern_kind kind, int64_t tokens, tb_pattern *out);

/** A problem of rank 1 that such a pattern passes its check for, in single- or multi-dim tiles;
 * with or without extra tokens. */
tb_sim_case tb_random_case(gsl_rng *random, tb_pattern_kind kind);

/** The kinds that depend on content. */
#define TB_RANDOM_KINDS 4
extern const tb_pattern_kind tb_random_kinds[TB_RANDOM_KINDS];

/** Write a pattern's kind, parameters and seed to stderr. */
void tb_random_case_print(const tb_sim_case *c);

/** What each query sees: tokens x tokens bytes, row by row; malloc'd. Fails the test where
 *  intervals are no ascending, disjoint runs inside the layout. */
uint8_t *tb_random_case_rows(const tb_sim_case *c);

/** Count the layout's own tiles of those rows (rank 1). */
void tb_random_case_count(const tb_sim_case *c, const uint8_t *rows, tb_census *out);

#endif
