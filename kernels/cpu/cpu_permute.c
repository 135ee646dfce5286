#include "cpu_permute.h"

#include <string.h>

void tb_cpu_permute(const tb_slots *slots, int64_t batch, int64_t tokens, int64_t row_bytes,
                    const void *from, void *to, int threads)
{
    int64_t rows = slots->tiles * slots->capacity;
#pragma omp parallel for collapse(2) num_threads(threads)
    for (int64_t b = 0; b < batch; b++) {
        for (int64_t r = 0; r < rows; r++) {
            if (slots->token[r] >= 0) {
                memcpy((char *)to + (b * rows + r) * row_bytes,
                       (const char *)from + (b * tokens + slots->token[r]) * row_bytes,
                       (size_t)row_bytes);
            }
        }
    }
}

void tb_cpu_unpermute(const tb_slots *slots, int64_t batch, int64_t tokens, int64_t row_bytes,
                      const void *from, void *to, int threads)
{
    int64_t rows = slots->tiles * slots->capacity;
#pragma omp parallel for collapse(2) num_threads(threads)
    for (int64_t b = 0; b < batch; b++) {
        for (int64_t r = 0; r < rows; r++) {
            if (slots->token[r] >= 0) {
                memcpy((char *)to + (b * tokens + slots->token[r]) * row_bytes,
                       (const char *)from + (b * rows + r) * row_bytes, (size_t)row_bytes);
            }
        }
    }
}
