#include "fmha_attention.h"

#include "attention_check.h"
#include "number.h"
#include "test_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GUARD 7.25F /* where nothing is written */

static void *tensor(const tb_fmha_attention *a, int64_t elements)
{
    void *made = calloc((size_t)elements, (size_t)tb_dtype_bytes(a->dtype));
    assert_non_null(made);
    return made;
}

/* Rows of tokens are random, others zero, as a permutation leaves them. */
static void *draw(const tb_fmha_attention *a, const int *at, int64_t rows, int heads, int dim,
                  double size, uint64_t *seed)
{
    const tb_fmha_shape *shape = &a->problem->shape;
    int64_t row_elements = (int64_t)heads * dim;
    void *made = tensor(a, shape->batch * rows * row_elements);
    for (int64_t i = 0; i < shape->batch * rows * row_elements; i++) {
        if (at[i / row_elements % rows * TB_AXES] != -1) {
            tb_number_store(a->dtype, made, i, (float)tb_attention_uniform(seed, -size, size));
        }
    }
    return made;
}

static double *widen(tb_dtype dtype, const void *from, int64_t elements)
{
    double *made = calloc((size_t)elements, sizeof *made);
    assert_non_null(made);
    for (int64_t i = 0; i < elements; i++) {
        made[i] = (double)tb_number_load(dtype, from, i);
    }
    return made;
}

tb_fmha_attention tb_fmha_attention_create(const tb_kernel *kernel, const tb_fmha_shape *shape)
{
    int q_slots = kernel->variant->q_tile > 0 ? kernel->variant->q_tile : 48;
    int kv_slots = kernel->variant->kv_tile > 0 ? kernel->variant->kv_tile : 96;
    uint64_t seed = (uint64_t)(shape->extent[0] * 72 + q_slots + kv_slots);
    int narrower = kernel->variant->dtype == TB_DTYPE_FP32 ? 4 : 1; /* it takes long */
    tb_fmha_attention a = {.kernel = kernel,
                           .dtype = kernel->variant->dtype,
                           .part = (int)(kernel->variant - tb_cuda_variants),
                           .dim = kernel->variant->dim / narrower - shape->dim_less,
                           .dim_value =
                               kernel->variant->dim_value / narrower - shape->dim_value_less};
    a.problem = tb_fmha_problem_create(shape, q_slots, kv_slots, seed);
    const tb_fmha_problem *p = a.problem;
    a.scale = 1 / sqrt((double)a.dim);
    a.q = draw(&a, p->q_at, p->q_rows, shape->heads, a.dim, 4, &seed);
    a.k = draw(&a, p->kv_at, p->kv_rows, shape->heads_kv, a.dim, 2, &seed);
    a.v = draw(&a, p->kv_at, p->kv_rows, shape->heads_kv, a.dim_value, 1, &seed);
    int64_t q_heads = shape->batch * p->q_rows * shape->heads;
    int64_t kv_heads = shape->batch * p->kv_rows * shape->heads_kv;
    a.q_exact = widen(a.dtype, a.q, q_heads * a.dim);
    a.k_exact = widen(a.dtype, a.k, kv_heads * a.dim);
    a.v_exact = widen(a.dtype, a.v, kv_heads * a.dim_value);
    a.lse_elements = q_heads;
    a.o_elements = a.lse_elements * a.dim_value;
    a.o = tensor(&a, a.o_elements);
    a.o_before = tensor(&a, a.o_elements);
    a.lse = calloc((size_t)a.lse_elements, sizeof *a.lse);
    a.lse_before = calloc((size_t)a.lse_elements, sizeof *a.lse_before);
    a.unmasked = calloc((size_t)(p->entries * q_slots + 1), sizeof *a.unmasked);
    assert_true(a.lse != NULL && a.lse_before != NULL && a.unmasked != NULL);
    for (int64_t i = 0; i < a.o_elements; i++) {
        tb_number_store(a.dtype, a.o_before, i, GUARD);
    }
    for (int64_t i = 0; i < a.lse_elements; i++) {
        a.lse_before[i] = GUARD;
    }
    return a;
}

void tb_fmha_attention_free(tb_fmha_attention *a)
{
    void *all[] = {a->q,       a->k,        a->v,   a->o,          a->q_exact, a->k_exact,
                   a->v_exact, a->o_before, a->lse, a->lse_before, a->unmasked};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        free(all[i]);
    }
    tb_fmha_problem_free(a->problem);
}

static void count(void *user, const int cta[3], int entry, int slot, int unmasked)
{
    const tb_fmha_attention *a = user;
    (void)cta;
    atomic_fetch_add(&a->unmasked[entry * a->problem->q_slots + slot], unmasked);
}

/* Coordinates along an axis by row; rows without any lie where no window is, or at 0. */
static void *upload_coordinates(tb_emu_memory *memory, const char *name, const int *at,
                                int64_t rows, int axis, int nowhere)
{
    int32_t *coordinates = calloc((size_t)rows, sizeof *coordinates);
    assert_non_null(coordinates);
    for (int64_t r = 0; r < rows; r++) {
        coordinates[r] = at[r * TB_AXES] < 0 ? nowhere : at[r * TB_AXES + axis];
    }
    void *buffer = tb_kernel_buffer(memory, name, rows * (int64_t)sizeof *coordinates, coordinates);
    free(coordinates);
    return buffer;
}

static void upload_masks(const tb_fmha_problem *p, tb_emu_memory *memory, tb_fmha_params *params)
{
    int64_t words = p->kv_slots / 32;
    for (int a = 0; a < p->shape.axes; a++) {
        int64_t windows = p->shape.extent[a] + p->q_box[a];
        params->window[a] = tb_kernel_buffer(memory, "window",
                                             windows * (int64_t)sizeof *p->window[a], p->window[a]);
        params->box[a] = p->kv_box[a];
        params->below_row[a] = p->below_row[a];
        if (p->shape.kind == TB_MASK_TOKENS) {
            params->q_coordinate[a] =
                upload_coordinates(memory, "q_coordinate", p->q_at, p->q_rows, a, 0);
            params->kv_coordinate[a] =
                upload_coordinates(memory, "kv_coordinate", p->kv_at, p->kv_rows, a, -1);
        }
    }
    if (p->shape.kind == TB_MASK_BOX) {
        params->q_offset = tb_kernel_buffer(memory, "q_offset", 4 * p->q_slots, p->q_offset);
        params->below = tb_kernel_buffer(memory, "below", 4 * words * p->below_rows, p->below);
    }
    if (p->masks > 0) {
        params->mask_bits =
            tb_kernel_buffer(memory, "mask_bits", 4 * words * p->q_slots * p->masks, p->mask_bits);
    }
}

static tb_fmha_params upload(const tb_fmha_attention *a, tb_emu_memory *memory)
{
    const tb_fmha_problem *p = a->problem;
    const tb_fmha_shape *shape = &p->shape;
    int64_t size = tb_dtype_bytes(a->dtype), q_rows = shape->batch * p->q_rows * shape->heads;
    int64_t kv_rows = shape->batch * p->kv_rows * shape->heads_kv;
    tb_fmha_params params = {.axes = shape->axes,
                             .mask_kind = (tb_i32)shape->kind,
                             .q_rows = p->q_rows,
                             .kv_rows = p->kv_rows,
                             .heads = shape->heads,
                             .heads_kv = shape->heads_kv,
                             .dim = a->dim,
                             .dim_value = a->dim_value,
                             .q_slots = p->q_slots,
                             .kv_slots = p->kv_slots,
                             .scale_log2 = (float)(a->scale * 1.44269504088896340736)};
    params.q = tb_kernel_buffer(memory, "q", q_rows * a->dim * size, a->q);
    params.k = tb_kernel_buffer(memory, "k", kv_rows * a->dim * size, a->k);
    params.v = tb_kernel_buffer(memory, "v", kv_rows * a->dim_value * size, a->v);
    params.o = tb_kernel_buffer(memory, "o", a->o_elements * size, NULL);
    if (!shape->is_lse_null) {
        params.lse = tb_kernel_buffer(memory, "lse", a->lse_elements * 4, NULL);
    }
    params.q_tiles =
        tb_kernel_buffer(memory, "q_tiles", p->q_tiles * (int64_t)sizeof *p->q_tile, p->q_tile);
    params.kv_tiles =
        tb_kernel_buffer(memory, "kv_tiles", p->kv_tiles * (int64_t)sizeof *p->kv_tile, p->kv_tile);
    params.entries =
        tb_kernel_buffer(memory, "entries", p->entries * (int64_t)sizeof *p->entry, p->entry);
    upload_masks(p, memory, &params);
    return params;
}

tb_emu_counters tb_fmha_attention_run(tb_fmha_attention *a, bool is_inexact)
{
    const tb_fmha_problem *p = a->problem;
    tb_emu_memory *memory = NULL;
    tb_error err;
    tb_assert_ok(tb_emu_memory_create(&memory, &err), &err);
    tb_fmha_params params = upload(a, memory);
    tb_kernel_run run = {.memory = memory,
                         .steps = 1,
                         .outputs = p->shape.is_lse_null ? 1 : 2,
                         .is_inexact = is_inexact,
                         .unmasked = is_inexact ? NULL : count,
                         .user = a};
    run.step[0] = (tb_kernel_step){.kernel = a->kernel,
                                   .grid = {p->q_tiles, p->shape.batch, p->shape.heads},
                                   .params = &params,
                                   .params_bytes = sizeof params};
    run.output[0] = (tb_kernel_output){.buffer = params.o,
                                       .before = a->o_before,
                                       .host = a->o,
                                       .bytes = a->o_elements * tb_dtype_bytes(a->dtype)};
    run.output[1] = (tb_kernel_output){.buffer = params.lse,
                                       .before = a->lse_before,
                                       .host = a->lse,
                                       .bytes = a->lse_elements * 4};
    tb_kernel_run_all(&run);
    tb_emu_memory_destroy(memory);
    return run.counters[0];
}

/* A row of the output in double precision. */
typedef struct reference {
    double o[256], abs_pv[256], lse, abs_logit;
    int64_t seen;
} reference;

/* Row `row` of a batch entry's head. */
static const double *row_of(const double *exact, int64_t row, int heads, int head, int dim)
{
    return exact + (row * heads + head) * dim;
}

static void attend(const tb_fmha_attention *a, int batch, int64_t q, int head, double *logit,
                   reference *out)
{
    const tb_fmha_problem *p = a->problem;
    const tb_fmha_shape *shape = &p->shape;
    int heads_kv = shape->heads_kv, head_kv = head / (shape->heads / heads_kv);
    double top = -HUGE_VAL, sum = 0;
    const double *query = row_of(a->q_exact, batch * p->q_rows + q, shape->heads, head, a->dim);
    memset(out, 0, sizeof *out);
    for (int64_t k = 0; k < p->kv_rows; k++) {
        const double *key = row_of(a->k_exact, batch * p->kv_rows + k, heads_kv, head_kv, a->dim);
        double dot = 0, abs_dot = 0;
        logit[k] = -HUGE_VAL;
        if (!tb_fmha_problem_sees(p, q, k)) {
            continue;
        }
        for (int d = 0; d < a->dim; d++) {
            double product = query[d] * key[d];
            dot += product;
            abs_dot += fabs(product);
        }
        logit[k] = a->scale * dot;
        out->abs_logit = fmax(out->abs_logit, a->scale * abs_dot);
        out->seen++;
        top = fmax(top, logit[k]);
    }
    for (int64_t k = 0; k < p->kv_rows; k++) {
        sum += out->seen > 0 ? exp(logit[k] - top) : 0;
    }
    out->lse = out->seen > 0 ? top + log(sum) : -HUGE_VAL;
    for (int64_t k = 0; k < p->kv_rows; k++) {
        double weight = out->seen > 0 ? exp(logit[k] - top) / sum : 0;
        const double *value =
            row_of(a->v_exact, batch * p->kv_rows + k, heads_kv, head_kv, a->dim_value);
        for (int d = 0; weight > 0 && d < a->dim_value; d++) {
            out->o[d] += weight * value[d];
            out->abs_pv[d] += weight * fabs(value[d]);
        }
    }
}

/* Error in units of its bound; a NaN is infinitely wrong. */
static double ratio(double error, double bound)
{
    return isnan(error) ? HUGE_VAL : error == 0 ? 0 : error / bound;
}

/* |o - o'| <= (4 2^-24 (32 + 8 A) + 2 (u_P + u_out)) sum p|v|, and as much for the log-sum-exp
 * without the second part. */
static double worst_of_row(const tb_fmha_attention *a, int64_t at, const reference *want)
{
    double unit = a->dtype == TB_DTYPE_BF16 ? 0x1p-8 : a->dtype == TB_DTYPE_FP16 ? 0x1p-11 : 0;
    double bound = 4 * ldexp(32 + 8 * want->abs_logit, -24), worst = 0;
    for (int d = 0; d < a->dim_value; d++) {
        double o = (double)tb_number_load(a->dtype, a->o, at * a->dim_value + d);
        worst = fmax(worst, ratio(fabs(o - want->o[d]), (bound + 4 * unit) * want->abs_pv[d]));
    }
    double lse = (double)a->lse[at];
    if (a->problem->shape.is_lse_null || want->seen == 0) {
        return a->problem->shape.is_lse_null || lse == -HUGE_VAL ? worst : HUGE_VAL;
    }
    return fmax(worst, ratio(fabs(lse - want->lse), bound + ldexp(fabs(want->lse), -22)));
}

/* Is the row inside a query tile, so that it is written? */
static bool is_written(const tb_fmha_problem *p, int64_t q)
{
    for (int t = 0; t < p->q_tiles; t++) {
        if (q >= p->q_tile[t].row && q < p->q_tile[t].row + p->q_tile[t].rows) {
            return true;
        }
    }
    return false;
}

double tb_fmha_attention_worst(const tb_fmha_attention *a)
{
    const tb_fmha_problem *p = a->problem;
    double *logit = calloc((size_t)p->kv_rows, sizeof *logit), worst = 0;
    assert_non_null(logit);
    for (int64_t at = 0; at < a->lse_elements; at++) {
        int head = (int)(at % p->shape.heads);
        int64_t q = at / p->shape.heads % p->q_rows;
        reference want;
        if (!is_written(p, q)) {
            assert_true(tb_number_load(a->dtype, a->o, at * a->dim_value) == GUARD);
            assert_true(p->shape.is_lse_null || a->lse[at] == GUARD);
        } else if (p->q_at[q * TB_AXES] != -1 && (at + a->part) % 3 == 0) {
            attend(a, (int)(at / p->shape.heads / p->q_rows), q, head, logit, &want);
            worst = fmax(worst, worst_of_row(a, at, &want));
        }
    }
    free(logit);
    return worst;
}
