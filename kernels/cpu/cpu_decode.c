/* Decode: one query a head, the last token of the layout, against a long KV cache. What it costs is
 * reading K and V once, so that the heads of a KV head share each row that is read, and the keys
 * are split into parts that threads take in turn; a second step merges the parts by their sums:
 *
 *   m = max m_i;  l = sum l_i 2^(m_i - m);  o = sum o_i 2^(m_i - m) / l
 */
#include "checked.h"
#include "cpu_plan.h"
#include "cpu_threads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_AT_ONCE     64  /* scores of a head that wait for their maximum */
#define KEYS_A_PART      256 /* fewer are not worth a part */
#define PARTS_PER_THREAD 4

/* What one thread works in. */
typedef struct decode_thread {
    float *q;      /* of all heads, scaled */
    float *scores; /* heads x KEYS_AT_ONCE */
    float *room;
    double busy_us, own_us;
} decode_thread;

typedef struct decode {
    tb_cpu_keys keys;
    int64_t parts;    /* of a batch entry */
    float *m, *l, *o; /* by batch entry, part, head (and dim) */
    decode_thread *threads;
} decode;

static tb_status check(const tb_launch *launch, tb_error *err)
{
    if (launch->problem.extra_q > 0) {
        return tb_fail(err, TB_EUNAVAILABLE, "decode has one query, and no extra ones");
    }
    return TB_OK;
}

static void destroy(tb_plan_state *state)
{
    decode *own = state->own;
    if (own == NULL) {
        return;
    }
    for (int t = 0; own->threads != NULL && t < state->threads; t++) {
        free(own->threads[t].q);
        free(own->threads[t].scores);
        free(own->threads[t].room);
    }
    free(own->threads);
    free(own->keys.intervals);
    free(own->m);
    free(own->l);
    free(own->o);
    free(own);
    state->own = NULL;
}

static bool allocate(const tb_plan_state *state, decode *own)
{
    const tb_problem *p = &state->launch.problem;
    int64_t rows = p->batch * own->parts * p->heads;
    own->m = tb_cpu_floats(rows);
    own->l = tb_cpu_floats(rows);
    own->o = tb_cpu_floats(rows * p->dim_value);
    own->threads = calloc((size_t)state->threads, sizeof *own->threads);
    bool is_complete = own->m != NULL && own->l != NULL && own->o != NULL && own->threads != NULL;
    for (int t = 0; is_complete && t < state->threads; t++) {
        decode_thread *thread = &own->threads[t];
        thread->q = tb_cpu_floats(p->heads * p->dim);
        thread->scores = tb_cpu_floats(p->heads * KEYS_AT_ONCE);
        thread->room = tb_cpu_floats(tb_max(p->dim, p->dim_value));
        is_complete = thread->q != NULL && thread->scores != NULL && thread->room != NULL;
    }
    return is_complete;
}

static tb_status prepare(tb_plan_state *state, tb_error *err)
{
    const tb_problem *p = &state->launch.problem;
    decode *own = calloc(1, sizeof *own);
    if (own == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a plan");
    }
    state->own = own;
    tb_status status = tb_cpu_keys_create(&state->launch, &own->keys, err);
    if (status != TB_OK) {
        return status;
    }
    tb_cpu_keys_find(&state->launch, tb_layout_tokens(&p->layout) - 1, &own->keys);
    own->parts = tb_ceil_div((int64_t)PARTS_PER_THREAD * state->threads, p->batch);
    own->parts = tb_max(tb_min(own->parts, own->keys.total / KEYS_A_PART), 1);
    if (state->launch.splits > 0) {
        own->parts = tb_min(state->launch.splits, tb_max(own->keys.total, 1));
    }
    if (!allocate(state, own)) {
        return tb_fail(err, TB_ENOMEM, "no memory for %lld parts", (long long)own->parts);
    }
    return TB_OK;
}

/* One part of the keys of one batch entry. */
typedef struct decode_part {
    const tb_plan_state *state;
    tb_cpu_tensor q, k, v;
    int64_t batch;
    float *m, *l, *o; /* by head */
} decode_part;

static void load_queries(const decode_part *part, decode_thread *thread)
{
    const tb_plan_state *state = part->state;
    for (int64_t h = 0; h < part->q.heads; h++) {
        const float *q = tb_cpu_row(state->isa, &part->q, part->batch, 0, h, thread->room);
        for (int64_t d = 0; d < part->q.dim; d++) {
            thread->q[h * part->q.dim + d] = q[d] * state->scale;
        }
        part->m[h] = -HUGE_VALF;
        part->l[h] = 0;
    }
    memset(part->o, 0, (size_t)(part->q.heads * part->v.dim) * sizeof *part->o);
}

/* Scores of keys [begin, end), of which there are at most KEYS_AT_ONCE, for all heads. */
static void score_keys(const decode_part *part, int64_t begin, int64_t end, decode_thread *thread)
{
    const tb_plan_state *state = part->state;
    for (int64_t j = begin; j < end; j++) {
        for (int64_t kv = 0; kv < part->k.heads; kv++) {
            const float *k = tb_cpu_row(state->isa, &part->k, part->batch, j, kv, thread->room);
            for (int64_t h = kv * state->group; h < (kv + 1) * state->group; h++) {
                thread->scores[h * KEYS_AT_ONCE + j - begin] =
                    state->isa->dot(thread->q + h * part->k.dim, k, part->k.dim);
            }
        }
    }
}

/* Scores of one head to weights, with its m, l and o brought up to date. */
static void weigh_keys(const decode_part *part, int64_t h, int64_t count, float *scores)
{
    const tb_cpu_isa *isa = part->state->isa;
    float m = part->m[h];
    for (int64_t j = 0; j < count; j++) {
        m = scores[j] > m ? scores[j] : m;
    }
    float by = exp2f(part->m[h] - m);
    part->m[h] = m;
    part->l[h] *= by;
    for (int64_t d = 0; by < 1 && d < part->v.dim; d++) {
        part->o[h * part->v.dim + d] *= by;
    }
    for (int64_t j = 0; j < count; j++) {
        scores[j] -= m;
    }
    isa->exp2(scores, scores, count);
    part->l[h] += isa->sum(scores, count);
}

static void take_keys(const decode_part *part, int64_t begin, int64_t end, decode_thread *thread)
{
    const tb_plan_state *state = part->state;
    score_keys(part, begin, end, thread);
    for (int64_t h = 0; h < part->q.heads; h++) {
        weigh_keys(part, h, end - begin, thread->scores + h * KEYS_AT_ONCE);
    }
    for (int64_t j = begin; j < end; j++) {
        for (int64_t kv = 0; kv < part->v.heads; kv++) {
            const float *v = tb_cpu_row(state->isa, &part->v, part->batch, j, kv, thread->room);
            for (int64_t h = kv * state->group; h < (kv + 1) * state->group; h++) {
                state->isa->add_scaled(thread->scores[h * KEYS_AT_ONCE + j - begin], v,
                                       part->o + h * part->v.dim, part->v.dim);
            }
        }
    }
}

/* Keys number [from, to) of those that the query sees. */
static void take_part(const decode_part *part, const tb_cpu_keys *keys, int64_t from, int64_t to,
                      decode_thread *thread)
{
    load_queries(part, thread);
    int64_t before = 0;
    for (int64_t i = 0; i < keys->count && before < to; i++) {
        int64_t begin = keys->intervals[i][0], size = keys->intervals[i][1] - begin;
        int64_t last = begin + tb_min(size, to - before);
        for (int64_t j = begin + tb_max(from - before, 0); j < last; j += KEYS_AT_ONCE) {
            take_keys(part, j, tb_min(j + KEYS_AT_ONCE, last), thread);
        }
        before += size;
    }
}

/* Merge the parts of one head into the first, and store it. */
static void merge(const decode_part *first, int64_t parts, int64_t h, const tb_tensors *tensors)
{
    int64_t heads = first->q.heads, dim = first->v.dim;
    float m = -HUGE_VALF, l = 0;
    for (int64_t i = 0; i < parts; i++) {
        m = fmaxf(m, first->m[i * heads + h]);
    }
    float *o = first->o + h * dim;
    for (int64_t i = 0; i < parts && m > -HUGE_VALF; i++) {
        float by = exp2f(first->m[i * heads + h] - m);
        const float *part = first->o + (i * heads + h) * dim;
        l += first->l[i * heads + h] * by;
        for (int64_t d = 0; d < dim; d++) {
            o[d] = i == 0 ? part[d] * by : o[d] + part[d] * by;
        }
    }
    tb_cpu_tensor out = first->q;
    out.dim = dim;
    int64_t at = tb_cpu_at(&out, first->batch, 0, h);
    tb_cpu_store(out.dtype, tensors->o, at, o, l > 0 ? 1 / l : 0, dim);
    if (tensors->lse != NULL) {
        tensors->lse[at / dim] = tb_cpu_lse(m, l);
    }
}

/* Part i % parts of batch entry i / parts. */
static decode_part part_at(const tb_plan_state *state, const tb_tensors *tensors, int64_t i)
{
    const decode *own = state->own;
    decode_part part = {.state = state,
                        .q = tb_cpu_q(state, tensors),
                        .k = tb_cpu_k(state, tensors),
                        .v = tb_cpu_v(state, tensors),
                        .batch = i / own->parts};
    part.m = own->m + i * part.q.heads;
    part.l = own->l + i * part.q.heads;
    part.o = own->o + i * part.q.heads * part.v.dim;
    return part;
}

static tb_status run(tb_plan_state *state, const tb_tensors *tensors, tb_run_times *times,
                     tb_error *err)
{
    (void)err;
    decode *own = state->own;
    const tb_problem *p = &state->launch.problem;
    int64_t total = own->keys.total;
    double begin = tb_cpu_now_us();
#pragma omp parallel num_threads(state->threads)
    {
        decode_thread *thread = &own->threads[tb_cpu_thread()];
        double started = tb_cpu_now_us(), own_started = tb_cpu_own_us();
#pragma omp for schedule(dynamic, 1) nowait
        for (int64_t i = 0; i < p->batch * own->parts; i++) {
            decode_part part = part_at(state, tensors, i);
            int64_t number = i % own->parts;
            int64_t share = total / own->parts, more = total % own->parts;
            int64_t from = number * share + tb_min(number, more);
            take_part(&part, &own->keys, from, from + share + (number < more), thread);
        }
        thread->busy_us = tb_cpu_now_us() - started;
        thread->own_us = tb_cpu_own_us() - own_started;
#pragma omp barrier
#pragma omp for schedule(static)
        for (int64_t i = 0; i < p->batch * p->heads; i++) {
            decode_part first = part_at(state, tensors, i / p->heads * own->parts);
            merge(&first, own->parts, i % p->heads, tensors);
        }
    }
    *times = (tb_run_times){.threads = state->threads, .busy_min_us = HUGE_VAL};
    times->total_us = times->attention_us = tb_cpu_now_us() - begin;
    for (int t = 0; t < state->threads; t++) {
        times->busy_min_us = fmin(times->busy_min_us, own->threads[t].busy_us);
        times->busy_max_us = fmax(times->busy_max_us, own->threads[t].busy_us);
        times->busy_mean_us += own->threads[t].busy_us / state->threads;
        times->own_us += own->threads[t].own_us;
    }
    state->counters = (tb_run_counters){.unmasked = total * p->heads * p->batch};
    return TB_OK;
}

const tb_cpu_implementation tb_cpu_decode = {
    .check = check,
    .prepare = prepare,
    .run = run,
    .destroy = destroy,
};
