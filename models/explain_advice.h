/* What would remove a loss; internal to models. */
#ifndef TB_EXPLAIN_ADVICE_H
#define TB_EXPLAIN_ADVICE_H

#include "explain.h"

/** Stride that makes every tile full, smallest in each dimension; empty where there is none. */
void tb_advise_stride(const tb_prediction *prediction, char out[static 240]);

/** Extents that the query tiles divide; empty where they do. */
void tb_advise_padding(const tb_prediction *prediction, char out[static 240]);

/** More CTAs where there are fewer than slots, or fuller waves; empty where they are full. */
void tb_advise_waves(const tb_timing *timing, char out[static 240]);

#endif
