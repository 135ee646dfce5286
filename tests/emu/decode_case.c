#include "decode_case.h"

#include "number.h"
#include "test_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *zeros(int64_t count, size_t size)
{
    void *made = calloc((size_t)count + 1, size);
    assert_non_null(made);
    return made;
}

static void see(tb_decode_case *item, tb_decode_sequence *sequence, int64_t token)
{
    item->positions[item->token_count++] = (tb_i32)token;
    sequence->keys++;
}

static void add_interval(tb_decode_case *item, tb_decode_sequence *sequence, int64_t begin,
                         int64_t end)
{
    item->intervals[item->interval_count++] =
        (tb_decode_interval){.position = sequence->keys, .token = (tb_i32)begin};
    sequence->intervals++;
    for (int64_t token = begin; token < end; token++) {
        see(item, sequence, token);
    }
}

/* Intervals in ascending order, now and then touching, from nothing to all tokens. */
static void add_intervals(gsl_rng *random, tb_decode_case *item, tb_decode_sequence *sequence)
{
    int64_t longest = tb_test_between(random, 1, item->tokens);
    int64_t gap = tb_test_between(random, 0, 12);
    int64_t token = tb_test_between(random, 0, item->tokens) * tb_test_between(random, 0, 1);
    while (token < item->tokens) {
        int64_t end = token + tb_test_between(random, 1, longest);
        end = end < item->tokens ? end : item->tokens;
        add_interval(item, sequence, token, end);
        token = end + tb_test_between(random, 0, gap);
    }
}

/* Kept tokens, in an order of their own. */
static void add_list(gsl_rng *random, tb_decode_case *item, tb_decode_sequence *sequence)
{
    tb_i32 *list = item->positions + item->token_count;
    int64_t keep = tb_test_between(random, 0, 4);
    for (int64_t token = 0; token < item->tokens; token++) {
        if (tb_test_between(random, 1, 4) <= keep) {
            see(item, sequence, token);
            int64_t at = tb_test_between(random, 0, sequence->keys - 1);
            tb_i32 other = list[at];
            list[at] = (tb_i32)token;
            list[sequence->keys - 1] = other;
        }
    }
}

static void add_all(tb_decode_case *item, tb_decode_sequence *sequence)
{
    if (!item->is_list) {
        add_interval(item, sequence, 0, item->tokens);
    }
    for (int64_t t = 0; item->is_list && t < item->tokens; t++) {
        see(item, sequence, item->tokens - 1 - t);
    }
}

static void make_keys(gsl_rng *random, tb_decode_case *item)
{
    item->sequence_count =
        (item->batch - 1) * item->sequence_batch + (item->heads_kv - 1) * item->sequence_head + 1;
    item->sequences = zeros(item->sequence_count, sizeof *item->sequences);
    item->intervals = zeros(item->sequence_count * (item->tokens + 1), sizeof *item->intervals);
    item->positions = zeros(item->sequence_count * item->tokens, sizeof *item->positions);
    for (int64_t s = 0; s < item->sequence_count; s++) {
        tb_decode_sequence *sequence = &item->sequences[s];
        sequence->first = (tb_i32)(item->is_list ? item->token_count : item->interval_count);
        if (item->keys == TB_KEYS_ALL) {
            add_all(item, sequence);
        } else if (item->keys == TB_KEYS_RANDOM && item->is_list) {
            add_list(random, item, sequence);
        } else if (item->keys == TB_KEYS_RANDOM) {
            add_intervals(random, item, sequence);
        }
        item->intervals[item->interval_count++] =
            (tb_decode_interval){.position = sequence->keys, .token = -1};
    }
}

/* The positions of a sequence, whether they are of intervals or a list. */
static const tb_i32 *positions_of(const tb_decode_case *item, const tb_decode_sequence *sequence)
{
    const tb_i32 *at = item->positions;
    for (const tb_decode_sequence *s = item->sequences; s < sequence; s++) {
        at += s->keys;
    }
    return at;
}

const tb_decode_sequence *tb_decode_case_sequence(const tb_decode_case *item, int64_t batch,
                                                  int64_t head_kv)
{
    return &item->sequences[batch * item->sequence_batch + head_kv * item->sequence_head];
}

static void *random_rows(gsl_rng *random, tb_dtype dtype, int64_t elements, double size)
{
    void *made = zeros(elements, 2);
    for (int64_t i = 0; i < elements; i++) {
        tb_number_store(dtype, made, i, (float)((2 * gsl_rng_uniform(random) - 1) * size));
    }
    return made;
}

/* Rows of k or v of tokens that a batch entry and KV head do not see become NaN. */
static void spoil_unseen(const tb_decode_case *item, void *rows, int64_t dim)
{
    bool *is_seen = zeros(item->tokens, sizeof *is_seen);
    for (int64_t i = 0; i < item->batch * item->heads_kv; i++) {
        int64_t b = i / item->heads_kv, h = i % item->heads_kv;
        const tb_decode_sequence *sequence = tb_decode_case_sequence(item, b, h);
        const tb_i32 *positions = positions_of(item, sequence);
        memset(is_seen, 0, (size_t)item->tokens * sizeof *is_seen);
        for (int64_t p = 0; p < sequence->keys; p++) {
            is_seen[positions[p]] = true;
        }
        for (int64_t t = 0; t < item->tokens; t++) {
            int64_t row = (b * item->tokens + t) * item->heads_kv + h;
            for (int64_t d = 0; !is_seen[t] && d < dim; d++) {
                tb_number_store(item->dtype, rows, row * dim + d, nanf(""));
            }
        }
    }
    free(is_seen);
}

tb_decode_work tb_decode_case_work(const tb_decode_case *item)
{
    return (tb_decode_work){.batch = item->batch,
                            .heads = item->heads,
                            .heads_kv = item->heads_kv,
                            .sequences = item->sequences,
                            .sequence_batch = item->sequence_batch,
                            .sequence_head = item->sequence_head};
}

/* One output row, as it should be; o and size (sum p|v|) have dim_value elements. */
typedef struct tb_decode_right {
    double o[TB_DECODE_REDUCE_DIM], size[TB_DECODE_REDUCE_DIM];
    double lse, logit; /* A */
} tb_decode_right;

/* Elements as doubles, which each is read as many times as there are query heads. */
static double *doubles(tb_dtype dtype, const void *data, int64_t count)
{
    double *made = zeros(count, sizeof *made);
    for (int64_t i = 0; i < count; i++) {
        made[i] = (double)tb_number_load(dtype, data, i);
    }
    return made;
}

/* o and size of weights whose sum is not 1 yet. */
static void weigh(const tb_decode_case *item, double weight, const double *v, tb_decode_right *row)
{
    for (int64_t d = 0; d < item->dim_value; d++) {
        row->o[d] += weight * v[d];
        row->size[d] += weight * fabs(v[d]);
    }
}

static void compute(const tb_decode_case *item, int64_t batch, int64_t head, const double *q,
                    const double *k, const double *v, tb_decode_right *row)
{
    int64_t head_kv = head / (item->heads / item->heads_kv);
    const tb_decode_sequence *sequence = tb_decode_case_sequence(item, batch, head_kv);
    const tb_i32 *positions = positions_of(item, sequence);
    double *x = zeros(sequence->keys, sizeof *x), top = -HUGE_VAL, sum = 0;
    for (int64_t p = 0; p < sequence->keys; p++) {
        int64_t at = (batch * item->tokens + positions[p]) * item->heads_kv + head_kv;
        double size = 0;
        for (int64_t d = 0; d < item->dim; d++) {
            double term = q[(batch * item->heads + head) * item->dim + d] * k[at * item->dim + d];
            x[p] += term * item->scale;
            size += fabs(term) * item->scale;
        }
        row->logit = fmax(row->logit, size);
        top = fmax(top, x[p]);
    }
    for (int64_t p = 0; p < sequence->keys; p++) {
        int64_t at = (batch * item->tokens + positions[p]) * item->heads_kv + head_kv;
        sum += exp(x[p] - top);
        weigh(item, exp(x[p] - top), v + at * item->dim_value, row);
    }
    for (int64_t d = 0; sequence->keys > 0 && d < item->dim_value; d++) {
        row->o[d] /= sum;
        row->size[d] /= sum;
    }
    row->lse = sequence->keys > 0 ? top + log(sum) : -HUGE_VAL;
    free(x);
}

static void compute_all(tb_decode_case *item)
{
    int64_t rows = item->batch * item->heads, kv_rows = item->batch * item->tokens * item->heads_kv;
    double *q = doubles(item->dtype, item->q, rows * item->dim);
    double *k = doubles(item->dtype, item->k, kv_rows * item->dim);
    double *v = doubles(item->dtype, item->v, kv_rows * item->dim_value);
    item->right = zeros(rows, sizeof *item->right);
    for (int64_t i = 0; i < rows; i++) {
        compute(item, i / item->heads, i % item->heads, q, k, v, &item->right[i]);
    }
    free(q);
    free(k);
    free(v);
}

void tb_decode_case_make(gsl_rng *random, tb_decode_case *item)
{
    make_keys(random, item);
    int64_t rows = item->batch * item->tokens * item->heads_kv;
    item->scale = 1 / sqrt((double)item->dim);
    double size = sqrt(3 * item->logit_size); /* q.k / sqrt(dim) is about size^2 / 3 */
    item->q = random_rows(random, item->dtype, item->batch * item->heads * item->dim, size);
    item->k = random_rows(random, item->dtype, rows * item->dim, size);
    item->v = random_rows(random, item->dtype, rows * item->dim_value, 1);
    spoil_unseen(item, item->k, item->dim);
    spoil_unseen(item, item->v, item->dim_value);
    compute_all(item);
}

void tb_decode_case_free(tb_decode_case *item)
{
    free(item->sequences);
    free(item->intervals);
    free(item->positions);
    free(item->q);
    free(item->k);
    free(item->v);
    free(item->right);
    *item = (tb_decode_case){0};
}

/* An error in units of its bound; 0 / 0 is right. */
static double units(double error, double bound)
{
    return error <= bound ? (bound > 0 ? error / bound : 0)
                          : (error > 0 ? error / bound : HUGE_VAL);
}

double tb_decode_case_worst(const tb_decode_case *item, const void *o, const float *lse)
{
    double worst = 0, u = item->dtype == TB_DTYPE_BF16 ? 0x1p-8 : 0x1p-11;
    for (int64_t i = 0; i < item->batch * item->heads; i++) {
        const tb_decode_right *row = &item->right[i];
        double fp32 = 4 * 0x1p-24 * (32 + 8 * row->logit);
        for (int64_t d = 0; d < item->dim_value; d++) {
            double got = (double)tb_number_load(item->dtype, o, i * item->dim_value + d);
            worst = fmax(worst, units(fabs(got - row->o[d]), (fp32 + 4 * u) * row->size[d]));
        }
        if (lse == NULL) {
            continue;
        }
        if (row->lse == -HUGE_VAL) {
            worst = lse[i] == -HUGE_VALF ? worst : HUGE_VAL;
        } else {
            worst = fmax(
                worst, units(fabs((double)lse[i] - row->lse), fp32 + 4 * 0x1p-24 * fabs(row->lse)));
        }
    }
    return worst;
}
