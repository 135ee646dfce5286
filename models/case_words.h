/* Tiles, layouts and patterns in few words, as tables and pictures have them. */
#ifndef TB_CASE_WORDS_H
#define TB_CASE_WORDS_H

#include "pattern.h"

#include <stdint.h>

/** "4x8x8"; `out` holds 96 bytes. */
const char *tb_view_dims(const int64_t *values, int count, char out[static 96]);

/** The pattern in few words: "gna 18x24x24 stride 16x8x8"; `out` holds 256 bytes. */
const char *tb_view_pattern(const tb_pattern *pattern, int rank, char out[static 256]);

/** "-" where the entries are all 1, else as tb_view_dims(). */
const char *tb_view_dims_or_dash(const int64_t *values, int count, char out[static 96]);

#endif
