/* Values as natten.profiler prints them into the cells of its tables (natten_table.c). */
#ifndef TB_NATTEN_VALUES_H
#define TB_NATTEN_VALUES_H

#include "tiling.h"

#include <stdbool.h>
#include <stdint.h>

/** "79.043ms", in us, ms or s: microseconds. False for what is none. */
bool tb_natten_time(const char *text, double *out);

/** What rounding may have taken from a printed time: half a unit in the last of three decimals. */
double tb_natten_rounding_us(double time_us);

/** "(2, 8, 8)", "(128,)" of a tb_table_row: at most TB_MAX_RANK numbers. False for what is none. */
bool tb_natten_tuple(const char *text, int64_t *out, int *dims);

#endif
