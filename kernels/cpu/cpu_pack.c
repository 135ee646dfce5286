#include "cpu_pack.h"

#include "checked.h"

#include <string.h>

/* Row of a slot as fp32; zeros for an empty one. */
static const float *row_of(const tb_cpu_isa *isa, const tb_cpu_source *from, int64_t slot,
                           float *room)
{
    static const float nothing[TB_CPU_DIM_MAX];
    if (slot >= from->count || from->slots[slot] < 0) {
        return nothing;
    }
    return tb_cpu_row(isa, &from->tensor, from->batch, from->slots[slot], from->head, room);
}

/* Four floats; every processor that has vectors has these. */
typedef float quad __attribute__((vector_size(16)));
#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
#else
typedef int32_t quad_index __attribute__((vector_size(16)));
#define SHUFFLE(x, y, ...) __builtin_shuffle(x, y, (quad_index){__VA_ARGS__})
#endif

static quad load(const float *x, float scale)
{
    quad v;
    memcpy(&v, x, sizeof v);
    return v * scale;
}

static void store(float *x, quad v)
{
    memcpy(x, &v, sizeof v);
}

/* Elements [d, d + 4) of four rows into four rows of four elements, `pitch` apart. */
static void turn(const float *const row[4], int64_t d, float scale, int64_t pitch, float *to)
{
    quad a = load(row[0] + d, scale), b = load(row[1] + d, scale);
    quad c = load(row[2] + d, scale), e = load(row[3] + d, scale);
    quad ab_low = SHUFFLE(a, b, 0, 4, 1, 5), ab_high = SHUFFLE(a, b, 2, 6, 3, 7);
    quad ce_low = SHUFFLE(c, e, 0, 4, 1, 5), ce_high = SHUFFLE(c, e, 2, 6, 3, 7);
    store(to, SHUFFLE(ab_low, ce_low, 0, 1, 4, 5));
    store(to + pitch, SHUFFLE(ab_low, ce_low, 2, 3, 6, 7));
    store(to + 2 * pitch, SHUFFLE(ab_high, ce_high, 0, 1, 4, 5));
    store(to + 3 * pitch, SHUFFLE(ab_high, ce_high, 2, 3, 6, 7));
}

/* Rows [begin, begin + width) into a panel [dim][width], 4 x 4 elements at a time and written in
 * order: element by element it would take a tenth of the time of a sparse problem. */
static void put_panel(const tb_cpu_isa *isa, const tb_cpu_source *from, int64_t begin,
                      int64_t width, float scale, float *room, float *out)
{
    int64_t dim = from->tensor.dim, turned = dim / 4 * 4, d = 0;
    const float *row[TB_CPU_PANEL_MAX];
    for (int64_t r = 0; r < width; r++) {
        row[r] = row_of(isa, from, begin + r, room + r * dim);
    }
    for (; d < turned; d += 4) {
        int64_t r = 0;
        for (; r + 4 <= width; r += 4) {
            turn(row + r, d, scale, width, out + d * width + r);
        }
        for (; r < width; r++) {
            for (int64_t i = d; i < d + 4; i++) {
                out[i * width + r] = row[r][i] * scale;
            }
        }
    }
    for (; d < dim; d++) {
        for (int64_t r = 0; r < width; r++) {
            out[d * width + r] = row[r][d] * scale;
        }
    }
}

void tb_cpu_pack_q(const tb_cpu_isa *isa, const tb_cpu_source *from, int64_t padded, float scale,
                   float *room, float *out)
{
    for (int64_t begin = 0; begin < padded;) {
        int panel = tb_cpu_rows_of(isa->rows, padded - begin);
        put_panel(isa, from, begin, panel, scale, room, out);
        out += panel * from->tensor.dim;
        begin += panel;
    }
}

void tb_cpu_pack_k(const tb_cpu_isa *isa, const tb_cpu_source *from, int64_t padded, float *room,
                   float *out)
{
    for (int64_t begin = 0; begin < padded;) {
        int64_t panel = padded - begin >= isa->width ? isa->width : isa->lanes;
        put_panel(isa, from, begin, panel, 1, room, out);
        out += panel * from->tensor.dim;
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
            int64_t real = tb_max(tb_min(width, dim - begin), 0);
            memcpy(to, row + begin, (size_t)real * sizeof *to);
            for (int64_t c = real; c < width; c++) {
                to[c] = 0;
            }
            panel += width * padded;
            begin += width;
        }
    }
}
