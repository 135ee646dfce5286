/* The ways to count the layout's own tiles; internal to sim. Extra tokens are census.c's. */
#ifndef TB_CENSUS_PARTS_H
#define TB_CENSUS_PARTS_H

#include "census.h"
#include "closed_form.h"
#include "span_tiles.h"

/** A census of the layout's own tokens, and what extra tokens need to know of it. */
typedef struct tb_own_census {
    tb_census census;
    int64_t whole_kv_tiles; /* KV tiles that do not reach past an end of the layout */
} tb_own_census;

TB_NODISCARD tb_status tb_census_closed(const tb_closed_form *form, const tb_problem *problem,
                                        tb_histogram *visited_tiles, tb_own_census *out,
                                        tb_error *err);

TB_NODISCARD tb_status tb_census_rows(const tb_problem *problem, const tb_pattern *pattern,
                                      const tb_tiling *tiling, tb_histogram *visited_tiles,
                                      tb_own_census *out, tb_error *err);

TB_NODISCARD tb_status tb_census_spans(const tb_span_form *form, const tb_problem *problem,
                                       tb_histogram *visited_tiles, tb_own_census *out,
                                       tb_error *err);

#endif
