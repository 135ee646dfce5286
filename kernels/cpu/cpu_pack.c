#include "cpu_pack.h"

#include "checked.h"

#include <string.h>

/* Row of a slot as fp32; NULL for an empty one. */
static const float *row_of(const tb_cpu_isa *isa, const tb_cpu_source *from, int64_t slot,
                           float *room)
{
    if (slot >= from->count || from->slots[slot] < 0) {
        return NULL;
    }
    return tb_cpu_row(isa, &from->tensor, from->batch, from->slots[slot], from->head, room);
}

/* One row into column `at` of a panel of `pitch` columns. */
static void put_column(const float *row, int64_t dim, float scale, int64_t pitch, float *out)
{
    if (row == NULL) {
        for (int64_t d = 0; d < dim; d++) {
            out[d * pitch] = 0;
        }
        return;
    }
    for (int64_t d = 0; d < dim; d++) {
        out[d * pitch] = row[d] * scale;
    }
}

void tb_cpu_pack_q(const tb_cpu_isa *isa, const tb_cpu_source *from, int64_t padded, float scale,
                   float *room, float *out)
{
    int64_t dim = from->tensor.dim;
    for (int64_t begin = 0; begin < padded;) {
        int panel = tb_cpu_rows_of(isa->rows, padded - begin);
        for (int64_t r = 0; r < panel; r++) {
            put_column(row_of(isa, from, begin + r, room), dim, scale, panel, out + r);
        }
        out += panel * dim;
        begin += panel;
    }
}

void tb_cpu_pack_k(const tb_cpu_isa *isa, const tb_cpu_source *from, int64_t padded, float *room,
                   float *out)
{
    int64_t dim = from->tensor.dim;
    for (int64_t begin = 0; begin < padded;) {
        int64_t panel = padded - begin >= isa->width ? isa->width : isa->lanes;
        for (int64_t j = 0; j < panel; j++) {
            put_column(row_of(isa, from, begin + j, room), dim, 1, panel, out + j);
        }
        out += panel * dim;
        begin += panel;
    }
}

void tb_cpu_pack_v(const tb_cpu_isa *isa, const tb_cpu_source *from, int64_t padded, float *room,
                   float *out)
{
    int64_t dim = from->tensor.dim;
    int64_t columns = tb_cpu_round_up(dim, isa->lanes);
    for (int64_t j = 0; j < padded; j++) {
        const float *row = row_of(isa, from, j, room);
        float *panel = out;
        for (int64_t begin = 0; begin < columns;) {
            int64_t width = columns - begin >= isa->width ? isa->width : isa->lanes;
            float *to = panel + j * width;
            int64_t real = row == NULL ? 0 : tb_min(width, dim - begin);
            if (real > 0) {
                memcpy(to, row + begin, (size_t)real * sizeof *to);
            }
            for (int64_t c = tb_max(real, 0); c < width; c++) {
                to[c] = 0;
            }
            panel += width * padded;
            begin += width;
        }
    }
}
