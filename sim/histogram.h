/* How often each number of tiles occurs. */
#ifndef TB_HISTOGRAM_H
#define TB_HISTOGRAM_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tb_histogram_bin {
    int64_t value;
    int64_t times;
} tb_histogram_bin;

#define TB_HISTOGRAM_MAX_BINS 4096

/** Bins with distinct values, ascending. Start with {0}; free with tb_histogram_free(). */
typedef struct tb_histogram {
    tb_histogram_bin *bins; /* owned */
    size_t count;
    size_t capacity;
    bool is_cut; /* more than TB_HISTOGRAM_MAX_BINS values were counted: the bins miss some */
} tb_histogram;

/** Count `value` `times` more times. TB_OK, TB_ENOMEM, TB_EOVERFLOW. */
TB_NODISCARD tb_status tb_histogram_add(tb_histogram *histogram, int64_t value, int64_t times,
                                        tb_error *err);

/** into = the products of a value of `left` with one of `right` (independent counts). `into` starts
 *  empty. */
TB_NODISCARD tb_status tb_histogram_multiply(const tb_histogram *left, const tb_histogram *right,
                                             tb_histogram *into, tb_error *err);

/** Add `shift` to every value. */
void tb_histogram_shift(tb_histogram *histogram, int64_t shift);

void tb_histogram_free(tb_histogram *histogram);

#endif
