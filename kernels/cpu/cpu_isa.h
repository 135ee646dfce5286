/* The instruction sets: one table of functions each, all made from cpu_body.h.
 *
 * Matrices are fp32, row-major with a stride in elements. A packed query tile is cut into panels of
 * rows as tb_cpu_rows_of() says, each [dim][rows]; a packed K tile into panels of `width` keys,
 * each [dim][keys]; a packed V tile into panels of `width` columns, each [key][columns]. A tile's
 * keys and V's columns are padded to `lanes` (the last panel may be narrower than `width`).
 */
#ifndef TB_CPU_ISA_H
#define TB_CPU_ISA_H

#include "status.h"

#include <stdbool.h>
#include <stdint.h>

/** Running softmax of a query tile: rows of scores s, their maxima m, sums l and outputs o. */
typedef struct tb_cpu_softmax {
    float *s;
    int64_t s_stride;
    int64_t rows, keys; /* keys padded to lanes */
    float *m, *l;       /* of each row; m = -inf, l = 0 at first */
    float *o;
    int64_t o_stride;
    int64_t columns; /* of o, padded to lanes */
} tb_cpu_softmax;

typedef struct tb_cpu_isa {
    const char *name;
    const char *needs; /* of the processor */
    int lanes;         /* floats of a vector */
    int width;         /* columns of the register tile, 2 vectors */
    int rows[3];       /* rows of the register tiles, descending */
    double exp2_ulp;   /* stated error of exp2 */
    bool (*is_here)(void);

    /** s[rows][keys] = q k^T. `rows` is padded up to whole panels in s and q. */
    void (*scores)(const float *q, int64_t rows, const float *k, int64_t keys, int64_t dim,
                   float *s, int64_t s_stride);

    /** o[rows][columns] += p v, p[rows][keys]. */
    void (*add_values)(const float *p, int64_t p_stride, int64_t rows, const float *v, int64_t keys,
                       int64_t columns, float *o, int64_t o_stride);

    /** s = -inf where bit j of row i is clear; `words` words a row. */
    void (*mask)(float *s, int64_t s_stride, const uint64_t *bits, int64_t words, int64_t rows,
                 int64_t keys);

    /** Scores to weights exp2(s - m), with m, l and o brought up to date. */
    void (*softmax)(const tb_cpu_softmax *tile);

    /** y = exp2(x) for x in [-126, 0]; 0 below. At most exp2_ulp units in the last place from the
     * true value. */
    void (*exp2)(const float *x, float *y, int64_t count);

    /** y += a x; and the product of two rows. */
    void (*add_scaled)(float a, const float *x, float *y, int64_t count);
    float (*dot)(const float *x, const float *y, int64_t count);

    /** bf16 to fp32. */
    void (*widen)(const uint16_t *x, float *y, int64_t count);

    /** Microbenchmarks. fma: 8, 10 or 12 independent chains of x = x a + b, each
     * `steps` long; x holds chains * lanes starting values, and the last ones. sum: a pass over
     * memory. */
    void (*fma)(int chains, int64_t steps, float a, float b, float *x);
    float (*sum)(const float *x, int64_t count);
} tb_cpu_isa;

#define TB_CPU_ISA_COUNT 4

/** Best first: avx512, avx2, neon, portable. Sets that this build has not are NULL. */
extern const tb_cpu_isa *const tb_cpu_isas[TB_CPU_ISA_COUNT];

extern const char *const tb_cpu_isa_names[TB_CPU_ISA_COUNT];

/** The set that `name` forces, or the best one here for NULL. TB_EINVAL for an unknown name,
 *  TB_EUNAVAILABLE for one that this machine or build lacks. */
TB_NODISCARD tb_status tb_cpu_isa_choose(const char *name, const tb_cpu_isa **out, tb_error *err);

/** The set that $TILEBOUND_CPU_ISA forces, else the best one. */
TB_NODISCARD tb_status tb_cpu_isa_here(const tb_cpu_isa **out, tb_error *err);

/** Rows of the panel that starts where `left` >= 1 rows are left: the largest register tile, or for
 *  the last rows the smallest that holds them. */
static inline int tb_cpu_rows_of(const int *rows, int64_t left)
{
    return left > rows[1] ? rows[0] : left > rows[2] ? rows[1] : rows[2];
}

/** `rows` padded up to whole panels. */
int64_t tb_cpu_padded_rows(const tb_cpu_isa *isa, int64_t rows);

static inline int64_t tb_cpu_round_up(int64_t value, int64_t to)
{
    return (value + to - 1) / to * to;
}

#endif
