/* What lies next to a configuration: windows that cost the same or less, layouts whose padding
 * pays, tile shapes. In words. */
#ifndef TB_SEARCH_ADVICE_H
#define TB_SEARCH_ADVICE_H

#include "messages.h"
#include "search.h"

/**
 * Look around a row: each window alone, a few smaller and larger ones (its stride at most the
 * window; not of runs of tokens, whose census takes long); each layout that query tiles and strides
 * fill, where the search had no padded ones; the shape that the kernel takes by default. Costs are
 * visited tiles, or with a device predicted times as tb_predict_time() has them.
 *
 *   "dimension 2: window 24 -> 23 saves nothing, 20 saves 17 %; 32 costs the same"
 *
 * @param[in]  row  of a search of the space
 * @param[out] out  sentences are added
 * @return TB_OK; what tb_predict() and tb_predict_time() return
 */
TB_NODISCARD tb_status tb_search_advise(const tb_search_space *space, const tb_search_row *row,
                                        tb_messages *out, tb_error *err);

/** The case of a row: what predict is asked for it. Borrows nothing. */
tb_case tb_search_case(const tb_search_space *space, const tb_search_row *row);

#endif
