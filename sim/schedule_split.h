/* Split-KV: several CTAs share one query tile's KV tiles where a grid is too small for the GPU. */
#ifndef TB_SCHEDULE_SPLIT_H
#define TB_SCHEDULE_SPLIT_H

#include "status.h"

#include <stdint.h>

/** A launch of equal CTAs; times in KV tiles, the time of one being 1. */
typedef struct tb_split_problem {
    int64_t ctas;          /* before splitting, >= 1 */
    int64_t slots;         /* SMs x occupancy, >= 1 */
    int64_t tiles_per_cta; /* KV tiles that a query tile visits, >= 1 */
    int64_t max_splits;    /* >= 1 */
    double cta_tiles;      /* what every CTA costs beside its KV tiles: prologue, epilogue; >= 0 */
    double merge_tiles;    /* what every CTA costs besides where splits > 1: writing partial results
                              and their share of the reduction; >= 0 */
} tb_split_problem;

typedef struct tb_split {
    int64_t splits;
    int64_t tiles_per_split; /* ceil(tiles_per_cta / splits) */
    int64_t waves;           /* ceil(ctas x splits / slots) */
    double time_tiles;       /* waves x (tiles_per_split + cta_tiles [+ merge_tiles]) */
} tb_split;

/**
 * Choose the number of splits of least time.
 *
 *   time(s) = ceil(ctas s / slots) (ceil(tiles / s) + cta_tiles + (s > 1) merge_tiles)
 *   splits  = argmin over 1 <= s <= min(max_splits, tiles); ties: the fewest
 *
 * Only the least s of each ceil(tiles / s) is tried: O(sqrt(tiles)), and no split is empty.
 *
 * Source: Flash-Decoding (Dao et al., 2023, PyTorch blog) splits the KV sequence for the same
 * reason; the wave formula is the makespan of equal CTAs, tb_schedule_run().
 * Not modelled: query tiles of unequal work (give the mean or the most); a merge that is a launch
 * of its own (add its time where splits > 1).
 *
 * @param[out] out  written only on TB_OK
 * @return TB_OK; TB_EINVAL for a size < 1 or a cost that is negative, infinite or NaN; TB_EOVERFLOW
 *         when the split CTAs pass 2^63 - 1
 */
TB_NODISCARD tb_status tb_schedule_split(const tb_split_problem *problem, tb_split *out,
                                         tb_error *err);

#endif
