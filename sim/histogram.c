#include "histogram.h"

#include "checked.h"

#include <stdlib.h>
#include <string.h>

static tb_status overflow(tb_error *err)
{
    return tb_fail(err, TB_EOVERFLOW, "the tiles of this layout pass 2^63 - 1; make it smaller");
}

/* Index of the first bin whose value is not below `value`. */
static size_t lower_bound(const tb_histogram *histogram, int64_t value)
{
    size_t low = 0, high = histogram->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (histogram->bins[middle].value < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static tb_status make_room(tb_histogram *histogram, tb_error *err)
{
    if (histogram->count < histogram->capacity) {
        return TB_OK;
    }
    size_t capacity = histogram->capacity == 0 ? 16 : 2 * histogram->capacity;
    tb_histogram_bin *bins = realloc(histogram->bins, capacity * sizeof *bins);
    if (bins == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a histogram of %zu bins", capacity);
    }
    histogram->bins = bins;
    histogram->capacity = capacity;
    return TB_OK;
}

tb_status tb_histogram_add(tb_histogram *histogram, int64_t value, int64_t times, tb_error *err)
{
    size_t at = lower_bound(histogram, value);
    if (at < histogram->count && histogram->bins[at].value == value) {
        return tb_add_ok(histogram->bins[at].times, times, &histogram->bins[at].times)
                   ? TB_OK
                   : overflow(err);
    }
    if (histogram->count == TB_HISTOGRAM_MAX_BINS) {
        histogram->is_cut = true;
        return TB_OK;
    }
    tb_status status = make_room(histogram, err);
    if (status != TB_OK) {
        return status;
    }
    memmove(histogram->bins + at + 1, histogram->bins + at,
            (histogram->count - at) * sizeof *histogram->bins);
    histogram->bins[at] = (tb_histogram_bin){.value = value, .times = times};
    histogram->count++;
    return TB_OK;
}

tb_status tb_histogram_multiply(const tb_histogram *left, const tb_histogram *right,
                                tb_histogram *into, tb_error *err)
{
    into->is_cut = left->is_cut || right->is_cut;
    for (size_t i = 0; i < left->count; i++) {
        for (size_t j = 0; j < right->count; j++) {
            int64_t value, times;
            if (!tb_mul_ok(left->bins[i].value, right->bins[j].value, &value) ||
                !tb_mul_ok(left->bins[i].times, right->bins[j].times, &times)) {
                return overflow(err);
            }
            tb_status status = tb_histogram_add(into, value, times, err);
            if (status != TB_OK) {
                return status;
            }
        }
    }
    return TB_OK;
}

void tb_histogram_shift(tb_histogram *histogram, int64_t shift)
{
    for (size_t i = 0; i < histogram->count; i++) {
        histogram->bins[i].value += shift;
    }
}

void tb_histogram_free(tb_histogram *histogram)
{
    free(histogram->bins);
    *histogram = (tb_histogram){0};
}
