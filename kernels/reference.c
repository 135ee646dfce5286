#include "reference.h"

#include "backend_types.h"
#include "number.h"

#include <math.h>
#include <stdlib.h>

/* The visible keys of a row. */
typedef struct key_list {
    int64_t *keys;
    int64_t count;
} key_list;

static void add_keys(int64_t begin, int64_t end, void *user)
{
    key_list *list = user;
    for (int64_t k = begin; k < end; k++) {
        list->keys[list->count++] = k;
    }
}

/* Extra KV tokens are seen by all; extra queries see all. */
static void find_keys(const tb_launch *launch, int64_t query, key_list *list)
{
    int64_t n = tb_layout_tokens(&launch->problem.layout);
    if (launch->implementation == TB_IMPLEMENTATION_DECODE) {
        query = n - 1;
    }
    list->count = 0;
    if (query < n) {
        tb_pattern_row(&launch->pattern, &launch->problem.layout, query, add_keys, list);
    } else {
        add_keys(0, n, list);
    }
    add_keys(n, tb_launch_kv_tokens(launch), list);
}

/* First element of a token's head in a tensor. */
static int64_t element(int64_t batch, int64_t token, int64_t head, int64_t tokens, int64_t heads,
                       int64_t dim)
{
    return ((batch * tokens + token) * heads + head) * dim;
}

typedef struct row_work {
    key_list list;
    double *logits;
    double *query; /* the row's own, dim entries */
    double *other; /* a key's or a value's */
} row_work;

static bool begin_work(const tb_launch *launch, row_work *work)
{
    int64_t dim = launch->problem.dim, dim_value = launch->problem.dim_value;
    size_t keys = (size_t)tb_launch_kv_tokens(launch);
    size_t longer = (size_t)(dim > dim_value ? dim : dim_value);
    *work = (row_work){.list.keys = calloc(keys, sizeof(int64_t)),
                       .logits = calloc(keys, sizeof(double)),
                       .query = calloc((size_t)dim, sizeof(double)),
                       .other = calloc(longer, sizeof(double))};
    return work->list.keys != NULL && work->logits != NULL && work->query != NULL &&
           work->other != NULL;
}

static void end_work(row_work *work)
{
    free(work->list.keys);
    free(work->logits);
    free(work->query);
    free(work->other);
}

/* `count` elements from `at` on: one switch for all of them, for a row takes as long as its keys.
 */
static void read_elements(tb_dtype dtype, const void *data, int64_t at, int64_t count, double *out)
{
    if (dtype == TB_DTYPE_BF16) {
        const uint16_t *bits = (const uint16_t *)data + at;
        for (int64_t d = 0; d < count; d++) {
            out[d] = (double)tb_bf16_to_float(bits[d]);
        }
        return;
    }
    for (int64_t d = 0; d < count; d++) {
        out[d] = (double)tb_number_load(dtype, data, at + d);
    }
}

/* Logits of the visible keys, their A; returns the largest logit. */
static double score(const tb_launch *launch, const tb_tensors *tensors, const tb_reference_row *row,
                    const row_work *work, double *abs_logit)
{
    const tb_problem *p = &launch->problem;
    double scale = tb_launch_scale(launch), largest = -HUGE_VAL;
    int64_t q =
        element(row->batch, row->query, row->head, tb_launch_q_tokens(launch), p->heads, p->dim);
    int64_t kv_head = row->head / (p->heads / p->heads_kv);
    *abs_logit = 0;
    read_elements(p->dtype, tensors->q, q, p->dim, work->query);
    for (int64_t j = 0; j < work->list.count; j++) {
        int64_t k = element(row->batch, work->list.keys[j], kv_head, tb_launch_kv_tokens(launch),
                            p->heads_kv, p->dim);
        double sum = 0, sum_abs = 0;
        read_elements(p->dtype, tensors->k, k, p->dim, work->other);
        for (int64_t d = 0; d < p->dim; d++) {
            double product = work->query[d] * work->other[d];
            sum += product;
            sum_abs += fabs(product);
        }
        work->logits[j] = scale * sum;
        largest = fmax(largest, work->logits[j]);
        *abs_logit = fmax(*abs_logit, scale * sum_abs);
    }
    return largest;
}

static void compute_row(const tb_launch *launch, const tb_tensors *tensors,
                        const tb_reference_row *row, row_work *work, tb_reference *out)
{
    const tb_problem *p = &launch->problem;
    find_keys(launch, row->query, &work->list);
    double largest = score(launch, tensors, row, work, &out->abs_logit), sum = 0;
    out->visible = work->list.count;
    for (int64_t d = 0; d < p->dim_value; d++) {
        out->o[d] = out->abs_pv[d] = 0;
    }
    int64_t kv_head = row->head / (p->heads / p->heads_kv);
    for (int64_t j = 0; j < work->list.count; j++) {
        double weight = exp(work->logits[j] - largest);
        int64_t v = element(row->batch, work->list.keys[j], kv_head, tb_launch_kv_tokens(launch),
                            p->heads_kv, p->dim_value);
        sum += weight;
        read_elements(p->dtype, tensors->v, v, p->dim_value, work->other);
        for (int64_t d = 0; d < p->dim_value; d++) {
            out->o[d] += weight * work->other[d];
            out->abs_pv[d] += weight * fabs(work->other[d]);
        }
    }
    out->lse = work->list.count == 0 ? -HUGE_VAL : largest + log(sum);
    for (int64_t d = 0; work->list.count > 0 && d < p->dim_value; d++) {
        out->o[d] /= sum;
        out->abs_pv[d] /= sum;
    }
}

static bool is_inside(const tb_launch *launch, const tb_reference_row *row)
{
    return row->batch >= 0 && row->batch < launch->problem.batch && row->head >= 0 &&
           row->head < launch->problem.heads && row->query >= 0 &&
           row->query < tb_launch_q_tokens(launch);
}

tb_status tb_reference_rows(const tb_launch *launch, const tb_tensors *tensors,
                            const tb_reference_row *rows, int64_t count, tb_reference *out,
                            tb_error *err)
{
    tb_dtype dtype = launch->problem.dtype;
    if (dtype != TB_DTYPE_FP32 && dtype != TB_DTYPE_BF16 && dtype != TB_DTYPE_FP16) {
        return tb_fail(err, TB_EUNAVAILABLE, "the reference reads fp32, bf16 and fp16, not %s",
                       tb_dtype_names[dtype]);
    }
    for (int64_t r = 0; r < count; r++) {
        if (!is_inside(launch, &rows[r])) {
            return tb_fail(
                err, TB_EINVAL, "row %lld of head %lld and batch entry %lld is not there",
                (long long)rows[r].query, (long long)rows[r].head, (long long)rows[r].batch);
        }
    }
    bool has_memory = true;
#pragma omp parallel if (count > 1)
    {
        row_work work;
        bool can_work = begin_work(launch, &work);
#pragma omp for schedule(dynamic, 1)
        for (int64_t r = 0; r < count; r++) {
            if (can_work) {
                compute_row(launch, tensors, &rows[r], &work, &out[r]);
            } else {
#pragma omp atomic write
                has_memory = false;
            }
        }
        end_work(&work);
    }
    return has_memory ? TB_OK
                      : tb_fail(err, TB_ENOMEM, "no memory for %lld keys",
                                (long long)tb_launch_kv_tokens(launch));
}

/* Rounding of fp32 arithmetic, 2^-24, as often as A says. */
static double rounding(const tb_reference *reference)
{
    return ldexp(32 + 8 * reference->abs_logit, -24);
}

/* One unit in the last place of a number of the type, relative to it at most. */
static double unit_of(tb_dtype dtype)
{
    return dtype == TB_DTYPE_BF16 ? 0x1p-8 : dtype == TB_DTYPE_FP16 ? 0x1p-11 : 0;
}

double tb_reference_bound(const tb_reference *reference, tb_dtype dtype, int64_t d)
{
    return rounding(reference) * reference->abs_pv[d] + unit_of(dtype) * fabs(reference->o[d]);
}

double tb_reference_lse_bound(const tb_reference *reference)
{
    return rounding(reference) + ldexp(fabs(reference->lse), -24);
}

tb_reference_arithmetic tb_reference_gpu_arithmetic(const tb_launch *launch)
{
    return launch->implementation == TB_IMPLEMENTATION_NAIVE ||
                   launch->problem.dtype == TB_DTYPE_FP32
               ? TB_ARITHMETIC_FP32
               : TB_ARITHMETIC_TENSOR;
}

double tb_reference_gpu_bound(const tb_reference *reference, tb_dtype dtype,
                              tb_reference_arithmetic arithmetic, int64_t d)
{
    double units = unit_of(dtype) * (arithmetic == TB_ARITHMETIC_TENSOR ? 2 : 1);
    return (4 * rounding(reference) + 2 * units) * reference->abs_pv[d];
}

double tb_reference_gpu_lse_bound(const tb_reference *reference)
{
    return 4 * tb_reference_lse_bound(reference);
}

/* Error in units of its bound; a NaN is infinitely wrong, and nothing is no more than nothing. */
static double ratio(double error, double bound)
{
    return isnan(error) ? HUGE_VAL : error == 0 ? 0 : error / bound;
}

/* What a run wrote of a row: its number in [batch][token][head] order. */
static int64_t row_number(const tb_launch *launch, const tb_reference_row *row)
{
    return (row->batch * tb_launch_q_tokens(launch) + row->query) * launch->problem.heads +
           row->head;
}

static double compare_o(const tb_launch *launch, const tb_tensors *tensors, int64_t number,
                        const tb_reference *reference, int64_t d)
{
    const tb_problem *p = &launch->problem;
    double value = (double)tb_number_load(p->dtype, tensors->o, number * p->dim_value + d);
    return fabs(value - reference->o[d]);
}

static double compare_lse(const tb_tensors *tensors, int64_t number, const tb_reference *reference,
                          double bound)
{
    if (tensors->lse == NULL) {
        return 0;
    }
    double lse = (double)tensors->lse[number];
    if (reference->visible == 0) {
        return lse == -HUGE_VAL ? 0 : HUGE_VAL;
    }
    return ratio(fabs(lse - reference->lse), bound);
}

double tb_reference_compare(const tb_launch *launch, const tb_tensors *tensors,
                            const tb_reference_row *row, const tb_reference *reference)
{
    const tb_problem *p = &launch->problem;
    int64_t number = row_number(launch, row);
    double worst = compare_lse(tensors, number, reference, tb_reference_lse_bound(reference));
    for (int64_t d = 0; d < p->dim_value; d++) {
        worst = fmax(worst, ratio(compare_o(launch, tensors, number, reference, d),
                                  tb_reference_bound(reference, p->dtype, d)));
    }
    return worst;
}

double tb_reference_gpu_compare(const tb_launch *launch, const tb_tensors *tensors,
                                const tb_reference_row *row, const tb_reference *reference,
                                tb_reference_arithmetic arithmetic)
{
    const tb_problem *p = &launch->problem;
    int64_t number = row_number(launch, row);
    double worst = compare_lse(tensors, number, reference, tb_reference_gpu_lse_bound(reference));
    for (int64_t d = 0; d < p->dim_value; d++) {
        worst = fmax(worst, ratio(compare_o(launch, tensors, number, reference, d),
                                  tb_reference_gpu_bound(reference, p->dtype, arithmetic, d)));
    }
    return worst;
}
