#include "attention_check.h"

#include "number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

uint64_t tb_attention_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

double tb_attention_uniform(uint64_t *state, double low, double high)
{
    return low + (high - low) * ldexp((double)(tb_attention_random(state) >> 11), -53);
}

void tb_attention_tensors_free(tb_attention_tensors *set)
{
    free(set->q);
    free(set->k);
    free(set->v);
    free(set->o);
    free(set->lse);
}

static void *random_tensor(tb_dtype dtype, int64_t elements, double size, uint64_t *state)
{
    void *made = calloc((size_t)elements, (size_t)tb_dtype_bytes(dtype));
    for (int64_t i = 0; made != NULL && i < elements; i++) {
        tb_number_store(dtype, made, i, (float)tb_attention_uniform(state, -size, size));
    }
    return made;
}

#define GUARD 7.25F

bool tb_attention_tensors_make(const tb_launch *launch, double logit_size, uint64_t *state,
                               tb_attention_tensors *set)
{
    const tb_problem *p = &launch->problem;
    int64_t q = p->batch * tb_launch_q_tokens(launch) * p->heads;
    int64_t kv = p->batch * tb_launch_kv_tokens(launch) * p->heads_kv;
    /* |q.k| / sqrt(dim) of uniform numbers of [-a, a] is about a^2 / 3 */
    double size = sqrt(3 * logit_size);
    set->o_elements = q * p->dim_value;
    set->lse_elements = q;
    set->q = random_tensor(p->dtype, q * p->dim, size, state);
    set->k = random_tensor(p->dtype, kv * p->dim, size, state);
    set->v = random_tensor(p->dtype, kv * p->dim_value, 1, state);
    set->o = calloc((size_t)set->o_elements + 1, (size_t)tb_dtype_bytes(p->dtype));
    set->lse = calloc((size_t)set->lse_elements + 1, sizeof *set->lse);
    if (set->q == NULL || set->k == NULL || set->v == NULL || set->o == NULL || set->lse == NULL) {
        return false;
    }
    for (int64_t i = 0; i <= set->o_elements; i++) {
        tb_number_store(p->dtype, set->o, i, GUARD);
    }
    for (int64_t i = 0; i <= set->lse_elements; i++) {
        set->lse[i] = GUARD;
    }
    return true;
}

static double compare(const tb_launch *launch, const tb_tensors *tensors,
                      const tb_attention_check *check, const tb_reference_row *row,
                      const tb_reference *reference)
{
    return check->is_gpu
               ? tb_reference_gpu_compare(launch, tensors, row, reference, check->arithmetic)
               : tb_reference_compare(launch, tensors, row, reference);
}

tb_status tb_attention_compare(const tb_launch *launch, const tb_tensors *tensors,
                               tb_attention_check *check, uint64_t *state, tb_error *err)
{
    const tb_problem *p = &launch->problem;
    int64_t tokens = tb_launch_q_tokens(launch), all = p->batch * p->heads * tokens;
    double *o = calloc((size_t)p->dim_value, sizeof *o);
    double *abs_pv = calloc((size_t)p->dim_value, sizeof *abs_pv);
    tb_status status = TB_OK;
    if (o == NULL || abs_pv == NULL) {
        status = tb_fail(err, TB_ENOMEM, "no memory for a reference");
    }
    for (int64_t i = 0; status == TB_OK && i < all && i < check->rows; i++) {
        int64_t r = check->rows >= all ? i : (int64_t)(tb_attention_random(state) % (uint64_t)all);
        tb_reference_row row = {
            .query = r % tokens, .head = r / tokens % p->heads, .batch = r / tokens / p->heads};
        tb_reference reference = {.o = o, .abs_pv = abs_pv};
        status = tb_reference_rows(launch, tensors, &row, 1, &reference, err);
        if (status == TB_OK) {
            check->worst = fmax(check->worst, compare(launch, tensors, check, &row, &reference));
        }
    }
    free(abs_pv);
    free(o);
    return status;
}

/* Marks the keys that a row sees. */
static void mark(int64_t begin, int64_t end, void *user)
{
    memset((unsigned char *)user + begin, 1, (size_t)(end - begin));
}

/* Visible pairs of each visited tile, by the rows of its queries. */
static int64_t count_wrong(const tb_launch *launch, const int64_t *by_entry, unsigned char *seen,
                           int64_t *queries, int64_t *keys, int64_t *want)
{
    const tb_tile_list *list = launch->tiles;
    int64_t n = tb_layout_tokens(&launch->problem.layout), wrong = 0;
    size_t all = (size_t)tb_launch_kv_tokens(launch);
    memset(want, 0, (size_t)list->visited * sizeof *want);
    for (int64_t q = 0; q < list->q_tiles; q++) {
        tb_tile_list_q_slots(list, q, queries);
        for (int64_t i = 0; i < list->q_capacity; i++) {
            if (queries[i] < 0) {
                continue;
            }
            memset(seen, queries[i] >= n, all);
            memset(seen + n, 1, all - (size_t)n);
            if (queries[i] < n) {
                tb_pattern_row(&launch->pattern, &launch->problem.layout, queries[i], mark, seen);
            }
            for (int64_t e = list->first[q]; e < list->first[q + 1]; e++) {
                tb_tile_list_kv_slots(list, list->entries[e].kv_tile, keys);
                for (int64_t j = 0; j < list->kv_capacity; j++) {
                    want[e] += keys[j] >= 0 && seen[keys[j]];
                }
            }
        }
    }
    for (int64_t e = 0; e < list->visited; e++) {
        wrong += want[e] != by_entry[e];
    }
    return wrong;
}

tb_status tb_attention_count(const tb_launch *launch, const int64_t *by_entry, int64_t *wrong,
                             tb_error *err)
{
    const tb_tile_list *list = launch->tiles;
    unsigned char *seen = calloc((size_t)tb_launch_kv_tokens(launch), 1);
    int64_t *queries = calloc((size_t)list->q_capacity, sizeof *queries);
    int64_t *keys = calloc((size_t)list->kv_capacity, sizeof *keys);
    int64_t *want = calloc((size_t)list->visited, sizeof *want);
    tb_status status = TB_OK;
    if (seen == NULL || queries == NULL || keys == NULL || want == NULL) {
        status = tb_fail(err, TB_ENOMEM, "no memory to count pairs");
    } else {
        *wrong = count_wrong(launch, by_entry, seen, queries, keys, want);
    }
    free(want);
    free(keys);
    free(queries);
    free(seen);
    return status;
}

static bool is_guarded(const tb_launch *launch, const tb_attention_tensors *set)
{
    return tb_number_load(launch->problem.dtype, set->o, set->o_elements) == GUARD &&
           set->lse[set->lse_elements] == GUARD;
}

tb_status tb_attention_run(const tb_backend *backend, const tb_launch *launch,
                           tb_attention_check *check, tb_error *err)
{
    tb_attention_tensors set = {0};
    tb_plan *plan = NULL;
    uint64_t state = check->seed;
    tb_status status = tb_plan_create(backend, launch, &plan, err);
    if (status != TB_OK) {
        return status;
    }
    check->worst = 0;
    if (!tb_attention_tensors_make(launch, check->logit_size, &state, &set)) {
        status = tb_fail(err, TB_ENOMEM, "no memory for tensors");
    }
    tb_tensors tensors = {.q = set.q, .k = set.k, .v = set.v, .o = set.o, .lse = set.lse};
    for (int i = 0; status == TB_OK && i < 2; i++) {
        status = tb_plan_run(plan, &tensors, &check->times, err);
    }
    if (status == TB_OK) {
        status = tb_attention_compare(launch, &tensors, check, &state, err);
    }
    if (status == TB_OK && !is_guarded(launch, &set)) {
        check->worst = HUGE_VAL; /* wrote past the end */
    }
    tb_plan_counters(plan, &check->counters);
    if (status == TB_OK && check->counters.by_entry != NULL) {
        status = tb_attention_count(launch, check->counters.by_entry, &check->unmasked_wrong, err);
        check->counters.by_entry = NULL;
    }
    tb_plan_destroy(plan);
    tb_attention_tensors_free(&set);
    return status;
}
