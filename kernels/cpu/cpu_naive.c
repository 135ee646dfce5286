/* Neighborhood attention without tiles, the baselines of its papers: naive, where a thread computes
 * a query row from start to end over the keys that the row sees; and unfused, where the scores of
 * all rows of a head go to memory, then softmax, then the weighted sum. Rows are handed out to
 * threads in runs. */
#include "checked.h"
#include "cpu_plan.h"
#include "cpu_threads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_AT_ONCE 16

/* What one thread works in. */
typedef struct row_thread {
    tb_cpu_keys keys;
    float *weights;         /* of one row; naive */
    float *q, *o;           /* one row, as fp32 */
    float *k_room, *v_room; /* a row of bf16 widened */
    double busy_us, own_us;
} row_thread;

typedef struct rows_plan {
    row_thread *threads;
    float *scores;  /* unfused: of the rows of one head of one batch entry */
    int64_t *begin; /* unfused: where each row's scores begin; tokens + 1 */
    float *m, *l;   /* unfused: by row */
} rows_plan;

static void destroy(tb_plan_state *state)
{
    rows_plan *own = state->own;
    if (own == NULL) {
        return;
    }
    for (int t = 0; own->threads != NULL && t < state->threads; t++) {
        row_thread *thread = &own->threads[t];
        free(thread->keys.intervals);
        free(thread->weights);
        free(thread->q);
        free(thread->o);
        free(thread->k_room);
        free(thread->v_room);
    }
    free(own->threads);
    free(own->scores);
    free(own->begin);
    free(own->m);
    free(own->l);
    free(own);
    state->own = NULL;
}

static tb_status prepare(tb_plan_state *state, tb_error *err)
{
    const tb_problem *p = &state->launch.problem;
    rows_plan *own = calloc(1, sizeof *own);
    if (own == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a plan");
    }
    state->own = own;
    own->threads = calloc((size_t)state->threads, sizeof *own->threads);
    bool is_complete = own->threads != NULL;
    tb_status status = TB_OK;
    for (int t = 0; status == TB_OK && is_complete && t < state->threads; t++) {
        row_thread *thread = &own->threads[t];
        status = tb_cpu_keys_create(&state->launch, &thread->keys, err);
        thread->weights = tb_cpu_floats(tb_launch_kv_tokens(&state->launch));
        thread->q = tb_cpu_floats(p->dim);
        thread->k_room = tb_cpu_floats(p->dim);
        thread->o = tb_cpu_floats(p->dim_value);
        thread->v_room = tb_cpu_floats(p->dim_value);
        is_complete = thread->weights != NULL && thread->q != NULL && thread->k_room != NULL &&
                      thread->o != NULL && thread->v_room != NULL;
    }
    if (status == TB_OK && !is_complete) {
        status = tb_fail(err, TB_ENOMEM, "no memory for rows of %lld keys",
                         (long long)tb_launch_kv_tokens(&state->launch));
    }
    return status;
}

/* One query row of one head. */
typedef struct query_row {
    const tb_plan_state *state;
    tb_cpu_tensor q, k, v;
    int64_t batch, head, query;
} query_row;

/* Scores of the visible keys, in their order; returns the largest. */
static float score_row(const query_row *row, row_thread *thread, float *scores)
{
    const tb_cpu_isa *isa = row->state->isa;
    int64_t kv_head = row->head / row->state->group, used = 0;
    float largest = -HUGE_VALF;
    const float *q = tb_cpu_row(isa, &row->q, row->batch, row->query, row->head, thread->k_room);
    for (int64_t d = 0; d < row->q.dim; d++) {
        thread->q[d] = q[d] * row->state->scale;
    }
    for (int64_t i = 0; i < thread->keys.count; i++) {
        for (int64_t j = thread->keys.intervals[i][0]; j < thread->keys.intervals[i][1]; j++) {
            const float *k = tb_cpu_row(isa, &row->k, row->batch, j, kv_head, thread->k_room);
            float score = isa->dot(thread->q, k, row->k.dim);
            largest = score > largest ? score : largest;
            scores[used++] = score;
        }
    }
    return largest;
}

/* scores = exp2(scores - m); returns their sum. */
static float weigh_row(const tb_cpu_isa *isa, float *scores, int64_t count, float m)
{
    for (int64_t j = 0; j < count; j++) {
        scores[j] -= m;
    }
    isa->exp2(scores, scores, count);
    return isa->sum(scores, count);
}

static void sum_row(const query_row *row, row_thread *thread, const float *weights)
{
    const tb_cpu_isa *isa = row->state->isa;
    int64_t kv_head = row->head / row->state->group, used = 0;
    memset(thread->o, 0, (size_t)row->v.dim * sizeof *thread->o);
    for (int64_t i = 0; i < thread->keys.count; i++) {
        for (int64_t j = thread->keys.intervals[i][0]; j < thread->keys.intervals[i][1]; j++) {
            const float *v = tb_cpu_row(isa, &row->v, row->batch, j, kv_head, thread->v_room);
            isa->add_scaled(weights[used++], v, thread->o, row->v.dim);
        }
    }
}

static void store_row(const query_row *row, const row_thread *thread, float m, float l,
                      const tb_tensors *tensors)
{
    tb_cpu_tensor o = row->q;
    o.dim = row->v.dim;
    int64_t at = tb_cpu_at(&o, row->batch, row->query, row->head);
    tb_cpu_store(o.dtype, tensors->o, at, thread->o, l > 0 ? 1 / l : 0, o.dim);
    if (tensors->lse != NULL) {
        tensors->lse[at / o.dim] = tb_cpu_lse(m, l);
    }
}

static query_row row_begin(const tb_plan_state *state, const tb_tensors *tensors)
{
    return (query_row){.state = state,
                       .q = tb_cpu_q(state, tensors),
                       .k = tb_cpu_k(state, tensors),
                       .v = tb_cpu_v(state, tensors)};
}

static void times_of(const tb_plan_state *state, double begin, tb_run_times *times)
{
    const rows_plan *own = state->own;
    *times = (tb_run_times){.threads = state->threads, .busy_min_us = HUGE_VAL};
    times->total_us = times->attention_us = tb_cpu_now_us() - begin;
    for (int t = 0; t < state->threads; t++) {
        times->busy_min_us = fmin(times->busy_min_us, own->threads[t].busy_us);
        times->busy_max_us = fmax(times->busy_max_us, own->threads[t].busy_us);
        times->busy_mean_us += own->threads[t].busy_us / state->threads;
        times->own_us += own->threads[t].own_us;
    }
}

static tb_status run_naive(tb_plan_state *state, const tb_tensors *tensors, tb_run_times *times,
                           tb_error *err)
{
    (void)err;
    const tb_problem *p = &state->launch.problem;
    rows_plan *own = state->own;
    int64_t tokens = tb_launch_q_tokens(&state->launch), unmasked = 0;
    double begin = tb_cpu_now_us();
#pragma omp parallel num_threads(state->threads) reduction(+ : unmasked)
    {
        row_thread *thread = &own->threads[tb_cpu_thread()];
        double started = tb_cpu_now_us(), own_started = tb_cpu_own_us();
        query_row row = row_begin(state, tensors);
#pragma omp for schedule(dynamic, ROWS_AT_ONCE) nowait
        for (int64_t i = 0; i < p->heads * p->batch * tokens; i++) {
            row.query = i % tokens;
            row.batch = i / tokens % p->batch;
            row.head = i / tokens / p->batch;
            tb_cpu_keys_find(&state->launch, row.query, &thread->keys);
            float m = score_row(&row, thread, thread->weights);
            float l = weigh_row(state->isa, thread->weights, thread->keys.total, m);
            sum_row(&row, thread, thread->weights);
            store_row(&row, thread, m, l, tensors);
            unmasked += thread->keys.total;
        }
        thread->busy_us = tb_cpu_now_us() - started;
        thread->own_us = tb_cpu_own_us() - own_started;
    }
    times_of(state, begin, times);
    state->counters = (tb_run_counters){.unmasked = unmasked};
    return TB_OK;
}

/* Scores of a head lie row after row, each as long as its row sees keys. */
static tb_status prepare_unfused(tb_plan_state *state, tb_error *err)
{
    tb_status status = prepare(state, err);
    if (status != TB_OK) {
        return status;
    }
    rows_plan *own = state->own;
    int64_t tokens = tb_launch_q_tokens(&state->launch);
    own->begin = calloc((size_t)tokens + 1, sizeof *own->begin);
    own->m = tb_cpu_floats(tokens);
    own->l = tb_cpu_floats(tokens);
    if (own->begin == NULL || own->m == NULL || own->l == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %lld rows", (long long)tokens);
    }
    tb_cpu_keys *keys = &own->threads[0].keys;
    for (int64_t q = 0; q < tokens; q++) {
        tb_cpu_keys_find(&state->launch, q, keys);
        own->begin[q + 1] = own->begin[q] + keys->total;
    }
    own->scores = tb_cpu_floats(own->begin[tokens]);
    if (own->scores == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for the %lld scores of a head",
                       (long long)own->begin[tokens]);
    }
    return TB_OK;
}

/* The three passes over the rows of one head of one batch entry. */
typedef enum unfused_pass { PASS_SCORES, PASS_SOFTMAX, PASS_VALUES, PASS_COUNT } unfused_pass;

static void pass_over(tb_plan_state *state, const tb_tensors *tensors, query_row head,
                      unfused_pass pass)
{
    rows_plan *own = state->own;
    int64_t tokens = tb_launch_q_tokens(&state->launch);
#pragma omp parallel num_threads(state->threads)
    {
        row_thread *thread = &own->threads[tb_cpu_thread()];
        double started = tb_cpu_now_us(), own_started = tb_cpu_own_us();
        query_row row = head;
#pragma omp for schedule(dynamic, ROWS_AT_ONCE) nowait
        for (int64_t q = 0; q < tokens; q++) {
            float *scores = own->scores + own->begin[q];
            row.query = q;
            if (pass == PASS_SOFTMAX) {
                own->l[q] =
                    weigh_row(state->isa, scores, own->begin[q + 1] - own->begin[q], own->m[q]);
                continue;
            }
            tb_cpu_keys_find(&state->launch, q, &thread->keys);
            if (pass == PASS_SCORES) {
                own->m[q] = score_row(&row, thread, scores);
            } else {
                sum_row(&row, thread, scores);
                store_row(&row, thread, own->m[q], own->l[q], tensors);
            }
        }
        thread->busy_us += tb_cpu_now_us() - started;
        thread->own_us += tb_cpu_own_us() - own_started;
    }
}

static tb_status run_unfused(tb_plan_state *state, const tb_tensors *tensors, tb_run_times *times,
                             tb_error *err)
{
    (void)err;
    const tb_problem *p = &state->launch.problem;
    rows_plan *own = state->own;
    for (int t = 0; t < state->threads; t++) {
        own->threads[t].busy_us = own->threads[t].own_us = 0;
    }
    double begin = tb_cpu_now_us();
    for (int64_t i = 0; i < p->heads * p->batch; i++) {
        query_row head = row_begin(state, tensors);
        head.batch = i % p->batch;
        head.head = i / p->batch;
        for (unfused_pass pass = PASS_SCORES; pass < PASS_COUNT; pass++) {
            pass_over(state, tensors, head, pass);
        }
    }
    times_of(state, begin, times);
    state->counters = (tb_run_counters){.unmasked = own->begin[tb_launch_q_tokens(&state->launch)] *
                                                    p->heads * p->batch};
    return TB_OK;
}

const tb_cpu_implementation tb_cpu_naive = {
    .prepare = prepare,
    .run = run_naive,
    .destroy = destroy,
};

const tb_cpu_implementation tb_cpu_unfused = {
    .prepare = prepare_unfused,
    .run = run_unfused,
    .destroy = destroy,
};
